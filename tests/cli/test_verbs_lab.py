"""`bloodcells lab backup|restore` as scripts see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bloodcells_gui.cli import run
from bloodcells_gui.storage.case import CaseStore
from tests.support.case_tools import a_case


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    (home / "cases").mkdir(parents=True)
    monkeypatch.setenv("BLOODCELLS_HOME", str(home))
    a_case(home / "cases" / "one.bcs").close()
    (home / "settings.json").write_text('{"reviewer": "ana"}')
    return home


def test_backup_and_restore(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = str(tmp_path / "b.zip")
    with CaseStore.open(home / "cases" / "one.bcs"):
        assert run(["lab", "backup", archive, "--json-progress"]) == 0
    out, err = capsys.readouterr()
    assert "written, read back and compared" in out
    assert "Cases: 1," in out
    assert {json.loads(line)["unit"] for line in err.splitlines()} == {"MB"}
    assert run(["lab", "backup", archive, "--quiet"]) == 5  # nothing is replaced
    assert run(["lab", "restore", archive, "--into", str(tmp_path / "new"), "--quiet"]) == 0
    with CaseStore.open(tmp_path / "new" / "cases" / "one.bcs", read_only=True) as store:
        assert store.verify() == []
    assert (tmp_path / "new" / "settings.json").read_text() == '{"reviewer": "ana"}'
    a_case(tmp_path / "new" / "cases" / "two.bcs").close()
    assert run(["lab", "restore", archive, "--into", str(tmp_path / "new"), "--lang", "fr"]) == 2
    assert "contient déjà d'autres données, par exemple two.bcs" in capsys.readouterr().err


def test_what_is_damaged_is_said_though_quiet(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "cases" / "bad.bcs").write_bytes(b"SQLite format 3\x00")
    assert run(["lab", "backup", str(tmp_path / "b.zip"), "--quiet"]) == 0
    assert capsys.readouterr().err.strip() == "Damaged, saved as it is: bad.bcs"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["lab", "restore", "nowhere.zip"], 2),
        (["lab", "backup", "/proc/nowhere/b.zip"], 5),
    ],
)
def test_exit_codes(home: Path, arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == code
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["lab"], ["lab", "backup"], ["lab", "undo", "x"]])
def test_usage_errors_are_exit_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(arguments)
    assert caught.value.code == 2
