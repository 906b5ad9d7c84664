"""Laboratories with accounts: a database in a folder of the test, and people who sign in."""

from __future__ import annotations

from pathlib import Path

from bloodcells_gui.app.account_management import AccountDesk
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.accounts import Role
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase

SECRET = "correct horse"
PIN = "4711"


def quick_hashes(monkeypatch: object) -> None:
    """Hash by the same algorithm with little memory, where its cost is not what is tested."""
    import argon2

    from bloodcells_gui.storage.lab import hashing

    monkeypatch.setattr(hashing, "_hasher", lambda: argon2.PasswordHasher(1, 8, 1))  # type: ignore[attr-defined]


def lab_database(folder: Path) -> str:
    """The address of a laboratory without accounts."""
    url = f"sqlite:///{folder / 'lab.db'}"
    with LabDatabase(url, make=True) as database:
        schema.create(database, "1.0")
    return url


def staffed(workspace: Workspace, folder: Path) -> AccountDesk:
    """Set the database and make Dr. Chief (administrator), Anna and Carla (validators), Ben (technician).

    Dr. Chief is signed in afterwards.
    """
    if not workspace.settings.lab_database:
        workspace.change_settings(lab_database=lab_database(folder))
    desk = AccountDesk(workspace.accounts)
    desk.add("chief", "Dr. Chief", Role.ADMINISTRATOR, password=SECRET)
    workspace.accounts.sign_in("chief", SECRET)
    desk.add("anna", "Anna Roth", Role.VALIDATOR, password=SECRET)
    desk.add("carla", "Carla Blum", Role.VALIDATOR, password=SECRET)
    desk.add("ben", "Ben Tech", Role.TECHNICIAN, password=SECRET)
    return desk


def enter(workspace: Workspace, login: str) -> None:
    """Sign somebody in, with a PIN."""
    person = workspace.accounts.sign_in(login, SECRET)
    if not person.has_pin:
        workspace.accounts.choose_pin(SECRET, PIN)
