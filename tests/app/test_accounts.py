"""Who is signed in at a station, and what that person may do; over SQLite."""

from __future__ import annotations

from pathlib import Path

from bloodcells_gui.app.accounts import Accounts
from bloodcells_gui.app.lab_link import LabLink
from bloodcells_gui.domain.accounts import Right
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase


def test_without_a_database_everybody_may_everything(tmp_path: Path) -> None:
    accounts = Accounts(LabLink(lambda: ""), tmp_path)
    assert not accounts.in_force
    for right in Right:
        accounts.require(right)
        assert accounts.refusal(right) is None
        assert accounts.confirm(right, "") == ""
    accounts.require_person()


def test_without_an_account_everybody_may_everything(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    with LabDatabase(url) as database:
        schema.create(database, "1.0")
    accounts = Accounts(LabLink(lambda: url), tmp_path)
    assert not accounts.in_force
    for right in Right:
        accounts.require(right)
        assert accounts.refusal(right) is None
