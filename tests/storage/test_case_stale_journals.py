"""The journal that an earlier file left is never played back into another file of that name."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.backup import Places, back_up
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.case_transfer import copy_case, move_case
from bloodcells_gui.storage.restore import restore
from tests.support.case_tools import a_case


def leave_journal(path: Path, folder: Path) -> Path:
    """Put beside `path`, where no case is, the journal of a write to another case that was cut off."""
    other = folder / "other.bcs"
    a_case(other).close()
    connection = sqlite3.connect(other, isolation_level=None)
    connection.execute("PRAGMA cache_size = 1")  # so that the journal is on the disk before the end
    connection.execute("BEGIN")
    connection.execute("DROP TRIGGER cells_never_changes")
    connection.execute("UPDATE cells SET probability = 0")
    rows = [(str(i), "x" * 9000) for i in range(99)]
    connection.executemany("INSERT INTO drafts VALUES (?, ?, '', '')", rows)
    journal = Path(f"{path}-journal")
    journal.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(f"{other}-journal", journal)
    connection.close()
    return journal


def home(folder: Path) -> Places:
    return Places(folder / "data", folder / "config" / "settings.json")


def by_creating(folder: Path) -> Path:
    a_case(folder / "there" / "c.bcs").close()
    return folder / "there" / "c.bcs"


def by_copying(folder: Path) -> Path:
    a_case(folder / "c.bcs").close()
    return copy_case(folder / "c.bcs", folder / "there" / "c.bcs")


def by_moving(folder: Path) -> Path:
    a_case(folder / "c.bcs").close()
    return move_case(folder / "c.bcs", folder / "there")


def by_restoring(folder: Path) -> Path:
    here = home(folder / "here")
    (here.data / "cases").mkdir(parents=True)
    a_case(here.data / "cases" / "c.bcs").close()
    back_up(here, folder / "b.zip", app_version="9")
    restore(folder / "b.zip", home(folder / "there"))
    return folder / "there" / "data" / "cases" / "c.bcs"


@pytest.mark.parametrize("arrive", [by_creating, by_copying, by_moving, by_restoring])
def test_no_case_arrives_beside_the_journal_of_another(
    arrive: Callable[[Path], Path], tmp_path: Path
) -> None:
    place = tmp_path / "there" / ("data/cases/c.bcs" if arrive is by_restoring else "c.bcs")
    journal = leave_journal(place, tmp_path)
    left = journal.read_bytes()
    with pytest.raises(UserError, match=r"c\.bcs-journal"):
        arrive(tmp_path)
    assert not place.exists()
    assert journal.read_bytes() == left
    journal.unlink()
    shutil.rmtree(tmp_path / "here", ignore_errors=True)
    for file in (tmp_path / "c.bcs", tmp_path / "b.zip"):
        file.unlink(missing_ok=True)
    with CaseStore.open(arrive(tmp_path)) as store:
        assert store.verify() == []
        assert len(store.load_cells()) == 20
