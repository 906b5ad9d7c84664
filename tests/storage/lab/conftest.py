"""A laboratory's database of either engine: one suite runs over SQLite and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bloodcells_gui.storage.lab.database import LabDatabase
from tests.support.lab import Connect
from tests.support.postgres import Server, running_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connect]:
    """Opens connections to one laboratory, which is empty at first."""
    if request.param == "SQLite":
        url = f"sqlite:///{tmp_path / 'lab.db'}"
    else:
        url = request.getfixturevalue("server").url
    opened: list[LabDatabase] = []

    class Opener:
        address = url

        def __call__(self) -> LabDatabase:
            opened.append(LabDatabase(url))
            return opened[-1]

    connect = Opener()
    yield connect
    if request.param == "PostgreSQL":
        database = connect()
        for (table,) in database.query("SELECT tablename FROM pg_tables WHERE tablename LIKE 'bloodcells_%'"):
            database.query(f"DROP TABLE {table} CASCADE")
    for database in opened:
        database.close()
