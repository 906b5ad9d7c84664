"""A laboratory's database of either engine: one suite runs over SQLite and a real PostgreSQL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.worklist import Worklist
from bloodcells_gui.storage.worklist_lines import CaseList
from tests.support.lab import Connect, Opened, Station, shared_list
from tests.support.listed_cases import one_of_each
from tests.support.postgres import Server, running_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connect]:
    """Opens connections to one laboratory, which is empty at first."""
    yield from _connecting(request, tmp_path, request.param)


@pytest.fixture(params=["beside the cases", "SQLite", "PostgreSQL"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """Opens the list of a folder of cases: with an index beside them, or with the laboratory's."""

    def beside(folder: Path, station: str = "", **more: Any) -> CaseList:
        return Worklist(folder, **more)

    if request.param == "beside the cases":
        yield beside
        return
    for connect in _connecting(request, tmp_path, request.param):

        def shared(
            folder: Path, station: str = "bench-1", connect: Connect = connect, **more: Any
        ) -> CaseList:
            return shared_list(connect.address, folder, station, **more)

        yield shared


def _connecting(request: pytest.FixtureRequest, tmp_path: Path, engine: str) -> Iterator[Connect]:
    if engine == "SQLite":
        url = f"sqlite:///{tmp_path / 'lab.db'}"
    else:
        url = request.getfixturevalue("server").url
    opened: list[LabDatabase] = []

    class Opener:
        address = url

        def __call__(self) -> LabDatabase:
            opened.append(LabDatabase(url, make=True))
            return opened[-1]

    connect = Opener()
    yield connect
    if engine == "PostgreSQL":
        database = connect()
        for (table,) in database.query("SELECT tablename FROM pg_tables WHERE tablename LIKE 'bloodcells_%'"):
            database.query(f"DROP TABLE {table} CASCADE")
    for database in opened:
        database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return one_of_each(tmp_path)


@pytest.fixture
def station(connect: Connect, folder: Path) -> Iterator[Station]:
    """A station of the laboratory by its name, with the folder where it has it."""
    with contextlib.ExitStack() as stack:
        yield lambda name, at=folder, **more: stack.enter_context(
            shared_list(connect.address, at, name, **more)
        )
