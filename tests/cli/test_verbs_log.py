"""The log of the command line: what a run leaves there, and that its streams stay as they were."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bloodcells_gui.app.log import FILE_NAME, log_folder
from bloodcells_gui.cli import run, verbs
from bloodcells_gui.cli.parser import VERB_NAMES, build_parser


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BLOODCELLS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def logged(home: Path) -> str:
    return (home / "log" / FILE_NAME).read_text("utf-8")


def test_the_names_of_verbs_are_those_of_the_grammar() -> None:
    (actions,) = (a for a in build_parser()._actions if a.dest == "verb")  # noqa: SLF001  # argparse lists verbs nowhere else
    assert tuple(actions.choices) == VERB_NAMES
    assert set(VERB_NAMES) == {"gui", *verbs.VERBS}


def test_a_run_leaves_its_begin_its_end_and_its_problem(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo", "--out", str(tmp_path / "Mustermann"), "--cells", "3"]) == 0
    assert run(["verify", str(tmp_path / "Mustermann.bcs")]) != 0
    out, errors = capsys.readouterr()
    text = logged(home)
    assert "bloodcells 0" in text
    assert ": demo begins" in text
    assert ": demo ends with 0 after " in text
    assert ": verify ends with " in text
    assert "UserError (its message is left out)" in text
    assert "Mustermann" in out + errors
    assert "Mustermann" not in text


def test_a_fault_of_the_program_is_in_the_log(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> int:
        raise ZeroDivisionError("Mustermann")

    monkeypatch.setitem(verbs.VERBS, "self-test", fail)
    with pytest.raises(ZeroDivisionError):
        run(["self-test"])
    text = logged(home)
    assert "CRITICAL" in text
    assert "builtins.ZeroDivisionError (its message is left out)" in text
    assert "Mustermann" not in text


@pytest.mark.parametrize("verbose", [False, True])
def test_verbose_goes_to_stderr_and_nothing_else_changes(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], verbose: bool
) -> None:
    options = ["--verbose"] if verbose else []
    assert run(["demo", "--out", str(tmp_path / "demo"), "--cells", "3", *options]) == 0
    out, errors = capsys.readouterr()
    assert out == f"A synthetic specimen (crops) is in {tmp_path / 'demo'}.\n"
    assert (errors == logged(home)) if verbose else (errors == "")
    (home / "settings.json").write_text("{}", "utf-8")
    archive = ["lab", "backup", str(tmp_path / "a.bca"), *options]
    assert run(archive) == 0


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
@pytest.mark.parametrize(
    ("options", "said"), [([], True), (["--quiet"], False), (["--json-progress"], False)]
)
def test_a_log_that_cannot_be_written_is_said_once(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: bool
) -> None:
    assert log_folder() == home / "log"
    home.mkdir()
    (home / "settings.json").write_text("{}", "utf-8")
    (home / "log").write_text("a file", "utf-8")
    assert run(["lab", "backup", str(tmp_path / "a.bca"), "--lang", "fr", *options]) == 0
    errors = capsys.readouterr().err.splitlines()
    spoken = [line for line in errors if line.startswith("bloodcells: Le journal ne peut pas être écrit (")]
    assert len(spoken) == int(said)
    assert all(json.loads(line) for line in errors if line not in spoken)
