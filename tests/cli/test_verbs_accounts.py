"""`bloodcells lab accounts`, and commands that need a right, as scripts see them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bloodcells_gui.app import accounts as accounts_module
from bloodcells_gui.cli import accounts as cli_accounts
from bloodcells_gui.cli import run
from bloodcells_gui.storage.lab.accounts import AccountBook
from bloodcells_gui.storage.lab.database import LabDatabase
from tests.support.staff import lab_database, quick_hashes

SECRET = "correct horse"
Secret = Callable[..., str]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_hashes(monkeypatch)
    monkeypatch.setattr(accounts_module, "os_account_name", lambda: "nobody")


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("BLOODCELLS_HOME", str(home))
    monkeypatch.delenv(cli_accounts.PASSWORD_FILE, raising=False)
    url = lab_database(tmp_path)
    (home / "settings.json").write_text(json.dumps({"lab_database": url}))
    return url


@pytest.fixture
def secret(tmp_path: Path) -> Secret:
    """A file with a password that only its owner may read."""

    def write(text: str = SECRET, mode: int = 0o600) -> str:
        path = tmp_path / f"secret-{abs(hash((text, mode)))}"
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    return write


@pytest.fixture
def chief(url: str, secret: Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    """An administrator, whose password the environment names."""
    done = run(["lab", "accounts", "add", "chief", "--name", "Dr. Chief", "--role", "administrator",
                "--password-file", secret()])  # fmt: skip
    assert done == 0
    monkeypatch.setenv(cli_accounts.PASSWORD_FILE, secret())


def add(login: str, name: str, *more: str) -> int:
    return run(["lab", "accounts", "add", login, "--name", name, *more])


def test_the_first_account_is_an_administrators(
    url: str, secret: Secret, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lab", "accounts", "list"]) == 0
    assert "everybody may sign" in capsys.readouterr().out
    assert add("anna", "Anna", "--role", "validator", "--password-file", secret()) == 2
    assert "first account" in capsys.readouterr().err
    assert add("chief", "Dr. Chief", "--role", "administrator", "--password-file", secret("short")) == 2
    assert "8 to 256" in capsys.readouterr().err
    assert add("chief", "Dr. Chief", "--role", "administrator", "--signs", "--password-file", secret()) == 0
    assert run(["lab", "accounts", "list"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "chief  Dr. Chief  administrator  signs"


def test_further_ones_need_an_administrator(
    chief: None, secret: Secret, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    new = ("--role", "validator", "--password-file", secret("another secret"))
    assert add("anna", "Anna Roth", *new) == 2
    assert "--account LOGIN" in capsys.readouterr().err
    assert add("anna", "Anna Roth", *new, "--account", "chief") == 0
    monkeypatch.setenv(cli_accounts.PASSWORD_FILE, secret("another secret"))
    assert add("ben", "Ben", *new, "--account", "anna") == 2
    assert "may not manage accounts" in capsys.readouterr().err
    assert add("ben", "Ben", *new, "--account", "chief") == 2
    assert "is wrong" in capsys.readouterr().err


def test_roles_locks_and_resets(
    chief: None, secret: Secret, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    by = ("--account", "chief")
    add("anna", "Anna Roth", "--role", "technician", "--os-account", "aroth", *by)
    assert run(["lab", "accounts", "role", "anna", "validator", *by]) == 0
    assert run(["lab", "accounts", "lock", "anna", *by, "--lang", "fr"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-2] == "anna  Anna Roth  validator  account of the operating system: aroth"
    assert said[-1].endswith("fermé")
    assert run(["lab", "accounts", "lock", "anna", "--open", *by]) == 0
    assert run(["lab", "accounts", "reset", "anna", "--password-file", secret("another secret"), *by]) == 0
    with LabDatabase(url, make=True) as database:
        assert AccountBook(database, "x").verify("anna", "password", "another secret")
    assert run(["lab", "accounts", "lock", "chief", *by]) == 2
    assert "no administrator" in capsys.readouterr().err
    assert run(["lab", "accounts", "lock", "nobody", *by]) == 2
    assert "There is no account nobody" in capsys.readouterr().err
    assert run(["lab", "accounts", "events", *by]) == 0
    told = capsys.readouterr().out
    assert "anna (chief)  password reset" in told
    assert SECRET not in told


def test_profiles_and_a_restore_ask_who_gives_the_command(
    chief: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["calibrate", "list"]) == 0
    for verb in (["calibrate", "use", "none"], ["calibrate", "remove", "x"], ["lab", "restore", "b.zip"]):
        assert run(verb) == 2
        assert "Nobody is signed in" in capsys.readouterr().err
    assert run(["calibrate", "use", "none", "--account", "chief"]) == 0
    assert run(["lab", "restore", "b.zip", "--account", "chief"]) == 2
    assert "Nobody" not in capsys.readouterr().err
    assert run(["lab", "restore", "b.zip", "--into", str(tmp_path / "x")]) == 2  # not this workstation
    assert "Nobody" not in capsys.readouterr().err


def test_the_operating_systems_account_identifies_who_gives_the_command(
    chief: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add("dora", "Dora", "--role", "administrator", "--os-account", "dora", "--account", "chief") == 0
    from bloodcells_gui.app.accounts import Accounts

    monkeypatch.setattr(Accounts.__init__, "__kwdefaults__", {"os_account": lambda: "dora", "station": ""})
    assert run(["calibrate", "use", "none"]) == 0


@pytest.mark.parametrize(
    ("text", "mode", "said"), [(SECRET, 0o644, "read by others"), ("\x00", 0o600, "is wrong")]
)
def test_a_file_of_a_password_is_its_owners_alone(
    chief: None, secret: Secret, text: str, mode: int, said: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv(cli_accounts.PASSWORD_FILE, secret(text, mode))
    assert run(["calibrate", "use", "none", "--account", "chief"]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert SECRET not in told
    monkeypatch.setenv(cli_accounts.PASSWORD_FILE, "/nowhere/secret")
    assert run(["calibrate", "use", "none", "--account", "chief"]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_without_a_terminal_nothing_waits_for_a_password(
    chief: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(cli_accounts.PASSWORD_FILE)
    assert run(["calibrate", "use", "none", "--account", "chief"]) == 2
    assert "no terminal" in capsys.readouterr().err


def test_ten_megabytes_are_no_password(
    chief: None, secret: Secret, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(cli_accounts.PASSWORD_FILE, secret("x" * 10_000_000))
    assert run(["calibrate", "use", "none", "--account", "chief"]) == 2
    assert len(capsys.readouterr().err) < 300


def test_no_secret_is_in_the_log_or_the_settings(chief: None, tmp_path: Path) -> None:
    run(["calibrate", "use", "none", "--account", "chief", "--verbose"])
    for path in (tmp_path / "home").rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
