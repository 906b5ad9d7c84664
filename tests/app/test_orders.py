"""The folder of orders: looked up by number, newest first, and never written to."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from bloodcells_gui.app.orders import IncomingOrders
from bloodcells_gui.domain.errors import UserError

HEAD = "specimen,patient_id,patient_name,birth_date,wbc\n"


def put(folder: Path, name: str, text: str, when: int) -> None:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    os.utime(path, (when, when))


@pytest.fixture
def orders(tmp_path: Path) -> IncomingOrders:
    return IncomingOrders(lambda: str(tmp_path), lambda: date(2026, 3, 2))


def test_a_number_is_found_however_it_is_written(orders: IncomingOrders, tmp_path: Path) -> None:
    put(tmp_path, "a.csv", HEAD + 'S 1,42,"Doe, Jo",1990-01-31,9\nS2,43,Roe,1991-01-31,\n', 1_000)
    found = orders.look_up(" s1 ")
    assert found is not None
    assert (found.field("patient_id"), found.wbc, found.problems) == ("42", 9.0, ())
    assert orders.look_up("S3") is None
    assert orders.look_up("") is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv"]


def test_the_newest_file_comes_first_and_a_change_is_seen(orders: IncomingOrders, tmp_path: Path) -> None:
    put(tmp_path, "old.csv", HEAD + "S1,42,Doe,1990-01-31,9\n", 1_000)
    put(tmp_path, "new.csv", HEAD + "S1,42,Doe,1990-01-31,8\n", 2_000)
    found = orders.look_up("S1")
    assert found is not None
    assert found.wbc == 8.0
    put(tmp_path, "new.csv", HEAD + "S1,42,Doe,1990-01-31,7\n", 3_000)
    found = orders.look_up("S1")
    assert found is not None
    assert found.wbc == 7.0


def test_files_that_cannot_be_read_stop_nothing_and_are_named(orders: IncomingOrders, tmp_path: Path) -> None:
    put(tmp_path, "a.csv", HEAD + "S1,42,Doe,1990-01-31,9\n", 1_000)
    put(tmp_path, "b.hl7", "MSH|^~\\&|nonsense\r", 2_000)
    put(tmp_path, ".c.csv", HEAD + "S1,1,Other,1990-01-31,9\n", 3_000)  # still being written
    put(tmp_path, "d.pdf", "x", 3_000)
    for _ in range(2):
        assert orders.look_up("S1") is not None
        assert [name for name, _ in orders.unreadable] == ["b.hl7"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    gone = IncomingOrders(lambda: str(tmp_path / "gone"))
    with pytest.raises(UserError, match="folder of orders"):
        gone.look_up("S1")
    assert IncomingOrders(lambda: "").look_up("S1") is None
