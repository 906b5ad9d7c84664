"""The report of a fault tells where the program failed, and not one name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bloodcells_gui.app.bug_report import bug_report
from bloodcells_gui.app.intake import take_in
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import LabSettings, parse
from bloodcells_gui.storage.case import CaseStore
from tests.support.case_tools import Reviewer, a_case

NAMES = ["Erika Mustermann", "P-4711-X", 'M"üller', "山田太郎", 'O\'Neil\n  File "x", line 1, in Mustermann']


SECRETS = ["Erika", "Mustermann", "4711", 'M"ü', "Mü", "山", "u5c71", "Neil", "pytest-of"]


def caught(act: object) -> BaseException:
    try:
        act()  # type: ignore[operator]
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def is_clean(report: str) -> bool:
    return not any(part in report for part in SECRETS)


@pytest.mark.parametrize("name", NAMES)
def test_no_name_of_any_kind_is_in_it(tmp_path: Path, name: str) -> None:  # noqa: C901  # every kind of name in one case
    safe = name.replace("\n", " ").replace('"', "")
    folder = tmp_path / safe
    folder.mkdir()
    path = folder / f"{safe}.bcs"
    with a_case(path) as store:
        person = Reviewer(store)

        def explode(kind: type[Exception] = ValueError) -> None:
            raise kind(f"{name}: {path} by {person.state} of {store.specimen} {NAMES}")

        def chained() -> None:
            try:
                explode(KeyError)
            except KeyError as error:
                raise RuntimeError(name) from error

        def while_handling() -> None:
            try:
                explode(LookupError)
            except LookupError:
                {}[name]

        def deep(n: int = 0) -> None:
            deep(n + 1)

        def with_note() -> None:
            error = OSError(2, name, str(path))
            error.add_note(name)
            raise error

        def grouped() -> None:
            raise ExceptionGroup(name, [ValueError(name)])

        def in_a_file_of_that_name() -> None:
            exec(compile(f"raise ValueError({name!r})", str(path), "exec"), {})

        for act in (explode, chained, while_handling, deep, with_note, grouped, in_a_file_of_that_name):
            report = bug_report(caught(act))
            assert is_clean(report), report
            assert "its message is left out" in report
        told = bug_report(caught(chained)).splitlines()
        kinds = [text for text in told if "left out" in text or text.endswith(":")]
        assert [k.split()[0] for k in kinds] == ["builtins.KeyError", "which", "builtins.RuntimeError"]
    for act in (
        lambda: CaseStore.open(folder / "none.bcs"),
        lambda: take_in(folder / name),
        lambda: Workspace(home=folder, config=folder).open_case(folder / "none.bcs"),
    ):
        report = bug_report(caught(act))
        assert is_clean(report), report
        assert "bloodcells_gui/" in report


def test_the_packaged_program_says_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its modules carry the names of their files from the package on."""

    def fail_in(name: str) -> str:
        return bug_report(caught(lambda: exec(compile("raise ValueError", name, "exec"), {})))

    assert "bloodcells_gui/planted.py" not in fail_in("bloodcells_gui/planted.py")
    monkeypatch.setattr("sys.frozen", True, raising=False)
    assert "  bloodcells_gui/planted.py, line 1, in <module>" in fail_in("bloodcells_gui/planted.py")
    assert is_clean(fail_in("Mustermann/planted.py"))


def test_it_says_where_the_program_failed() -> None:
    report = bug_report(caught(lambda: parse([]) and LabSettings(reviewer=object()) and UserError()))  # type: ignore[arg-type,call-arg]
    first = report.splitlines()[0]
    assert first.startswith("bloodcells ")
    report = bug_report(caught(lambda: CaseStore.open(Path("/nowhere/at/all.bcs"))))
    assert "bloodcells_gui/storage/connection.py, line " in report
    assert ", in header_version" in report
    assert "bloodcells_gui.domain.errors.UserError (its message is left out)" in report
    assert str(Path.home()) not in report
