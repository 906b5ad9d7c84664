"""Attacks on accounts: secrets that leave a trace, a missing library, wrong clocks, rows written by hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bloodcells_gui.app import log as log_module
from bloodcells_gui.app.accounts import Accounts
from bloodcells_gui.app.export import ExportOptions, export
from bloodcells_gui.app.lab_link import LabLink
from bloodcells_gui.app.log import log_folder, logging_to
from bloodcells_gui.app.signing import sign
from bloodcells_gui.app.support_report import support_report
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.accounts import Right
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.lab.database import LabDatabase
from tests.support.outboxes import counted_case, workstation
from tests.support.staff import SECRET, enter, quick_hashes, staffed

WRONG_PIN, OTHER_PIN, WRONG = "86421357", "90817263", "wrong horse battery"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    quick_hashes(monkeypatch)
    monkeypatch.setenv("BLOODCELLS_HOME", str(tmp_path / "home"))
    workspace = workstation(tmp_path / "home")
    staffed(workspace, tmp_path)
    yield workspace
    workspace.lab.close()


def test_no_secret_and_no_account_is_in_log_settings_report_export_or_support_report(
    workspace: Workspace, tmp_path: Path
) -> None:
    accounts = workspace.accounts
    with logging_to(log_folder(), verbose=False):
        enter(workspace, "anna")
        accounts.choose_pin(SECRET, OTHER_PIN)
        session = counted_case(workspace)
        for attempt in (
            lambda: accounts.sign_in("anna", WRONG),
            lambda: sign(session, "x", "Reviewed and reported", "Short.", pin=WRONG_PIN),
            lambda: accounts.choose_password(WRONG, WRONG),
            lambda: accounts.choose_pin(SECRET, "12345678"),
        ):
            with pytest.raises(UserError) as refused:
                attempt()
            for secret in (SECRET, WRONG, WRONG_PIN, OTHER_PIN):
                assert secret not in repr(refused.value) + refused.value.text("fr")
            log_module.logging.getLogger("bloodcells_gui").warning("refused", exc_info=refused.value)
        sign(session, "x", "Reviewed and reported", "Short.", pin=OTHER_PIN)
        export(session, tmp_path / "export", ExportOptions())
        session.close()
        report = support_report(workspace.settings)
    held = {"support report": report.encode()}
    for folder in (tmp_path / "home", tmp_path / "export", log_folder()):
        held |= {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert len(held) > 6
    for place, data in held.items():
        for secret in (SECRET, WRONG, WRONG_PIN, OTHER_PIN, "$argon2id$"):
            assert secret.encode() not in data, (place, secret)
    for place in ("support report", *(str(p) for p in log_folder().rglob("*") if p.is_file())):
        for name in (b"Anna Roth", b"lab:anna"):
            assert name not in held[place], place


def test_the_plain_program_runs_without_argon2_and_says_what_is_missing(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['argon2'] = None\n"
        "import bloodcells_gui.app.workspace, bloodcells_gui.ui.start\n"
        "from bloodcells_gui.storage.lab import hashing\n"
        "from bloodcells_gui.domain.errors import UserError\n"
        "for act in (lambda: hashing.hash_secret('x'), lambda: hashing.matches('', 'x')):\n"
        "    try:\n        act()\n        raise SystemExit('no complaint')\n"
        "    except UserError as error:\n        assert 'argon2-cffi' in error.text(), error\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_hashes_cost_what_the_library_advises() -> None:
    from bloodcells_gui.storage.lab.hashing import hash_secret, matches

    made = hash_secret("correct horse")
    assert made.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert made != hash_secret("correct horse")
    assert matches(made, "correct horse")
    assert not matches(made, "correct horse ")
    assert not matches("", "correct horse")
    assert not matches("$argon2id$ broken", "correct horse")


def test_a_clock_of_another_year_neither_opens_a_lock_nor_a_window(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of a lock is the database's; on a server of its own a station's clock says nothing."""
    accounts = workspace.accounts
    for _ in range(5):
        with pytest.raises(UserError):
            accounts.sign_in("anna", WRONG)
    import time

    for year in (0.0, 4e9):
        monkeypatch.setattr(time, "time", lambda year=year: year)
        with pytest.raises(UserError, match="waits"):
            accounts.sign_in("anna", SECRET)


def test_rows_that_somebody_wrote_by_hand_open_nothing(workspace: Workspace, tmp_path: Path) -> None:
    with LabDatabase(workspace.settings.lab_database) as database:
        for hashed in ("", "correct horse", "$argon2id$v=19$m=1,t=1,p=1$AAAA$AAAA", "x" * 100_000):
            database.query("UPDATE bloodcells_account_secrets SET hash = ? WHERE login = 'anna'", hashed)
            database.query("UPDATE bloodcells_account_secrets SET failures = 0, locked_until = 0")
            with pytest.raises(UserError, match="is wrong"):
                workspace.accounts.sign_in("anna", SECRET)
        database.query("UPDATE bloodcells_accounts SET role = 'emperor' WHERE login = 'carla'")
    with pytest.raises(UserError, match="closed"):
        workspace.accounts.sign_in("carla", SECRET)


def test_a_database_that_is_exchanged_forgets_who_was_signed_in(workspace: Workspace, tmp_path: Path) -> None:
    address = [workspace.settings.lab_database]
    accounts = Accounts(LabLink(lambda: address[0]), tmp_path)
    accounts.sign_in("chief", SECRET)
    accounts.require(Right.CHANGE_RULES)
    address[0] = f"sqlite:///{tmp_path / 'nowhere' / 'lab.db'}"
    with pytest.raises(UserError):
        accounts.require(Right.CHANGE_RULES)
    assert accounts.person is None
