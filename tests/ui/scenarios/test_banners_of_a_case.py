"""What a banner says is about the case in front; it leaves with its case, late news of another stay away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.domain.analysis import Done, RunStatus, Skipped, SkippedFile
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.ui import reporting
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.export import ExportDialog
from bloodcells_gui.ui.dialogs.reviewer import ReviewerDialog
from bloodcells_gui.ui.dialogs.sign import AmendDialog, SignDialog
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.desk import Desk
from tests.support.fakes import FakeSession, make_cells
from tests.support.workbench_window import a_case, a_workspace

TROUBLE = UserError("The folder cannot be written.", "The disk is full.", "Free some space.")


@pytest.fixture
def bench(qtbot: QtBot, context: UiContext, tmp_path: Path, memory: WindowMemory) -> Iterator[ToolWindows]:
    workspace = a_workspace(tmp_path)
    for name in ("first", "second"):
        a_case(workspace.cases_dir / f"{name}.bcs", 20, specimen_id=f"S-{name}")
    window, cases = MainWindow(context, workspace, memory), WorkList(workspace)
    made = ToolWindows(window, context, workspace, cases, memory)
    window.show()
    yield made
    window.close()
    cases.close()
    window.deleteLater()


def open_case(bench: ToolWindows, name: str) -> None:
    bench.window.opener.open_path(bench.workspace.cases_dir / f"{name}.bcs")
    session = bench.session
    assert session is not None
    assert session.path.stem == name


def told(bench: ToolWindows) -> list[str]:
    return [b.texts[0] for b in bench.window.banners.banners]


def accept(monkeypatch: pytest.MonkeyPatch, kind: type[QDialog], answer: object) -> None:
    monkeypatch.setattr(kind, "exec", lambda self: self.accept() or self.result())
    monkeypatch.setattr(kind, "answer", lambda self: answer)


def sign_it(bench: ToolWindows, monkeypatch: pytest.MonkeyPatch) -> None:
    session = bench.session
    assert session is not None
    session.confirm([c.id for c in session.cells])

    def fill(dialog: SignDialog) -> int:
        dialog.name.setText("A. Technician")
        for field in dialog.fields.values():
            field.setText("few cells")
        dialog.accept()
        return dialog.result()

    monkeypatch.setattr(SignDialog, "exec", fill)
    bench.window.actions_.get("sign").trigger()
    assert session.state.signed


def test_the_report_is_signed_does_not_stand_over_the_next_case(
    bench: ToolWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_case(bench, "first")
    sign_it(bench, monkeypatch)
    assert told(bench) == ["The report is signed."]
    open_case(bench, "second")
    assert told(bench) == []


def test_nor_over_the_new_version_of_its_own_case(
    bench: ToolWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_case(bench, "first")
    sign_it(bench, monkeypatch)
    accept(monkeypatch, AmendDialog, "a second look")
    bench.window.actions_.get("sign").trigger()
    session = bench.session
    assert session is not None
    assert not session.state.signed
    assert told(bench) == []


def test_closing_a_case_takes_its_banners_and_leaves_those_of_the_laboratory(bench: ToolWindows) -> None:
    open_case(bench, "first")
    banners = bench.window.banners
    bench._due._tell([object()])  # type: ignore[list-item]  # noqa: SLF001  # what a worker found
    bench.window.page.controller.failed.emit(TROUBLE)  # type: ignore[union-attr]
    assert len(told(bench)) == 2
    bench.window.close_case()
    assert [b.stays for b in banners.banners] == [True]
    assert "past the time" in told(bench)[0]


def test_a_case_that_could_not_be_opened_is_forgotten_once_another_is(
    bench: ToolWindows, tmp_path: Path
) -> None:
    bench.window.opener.open_path(tmp_path / "gone.bcs")
    assert len(told(bench)) == 1
    open_case(bench, "second")
    assert told(bench) == []


@pytest.mark.parametrize("fails", [False, True])
def test_an_export_that_ends_after_its_case_was_left(
    qtbot: QtBot, bench: ToolWindows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fails: bool
) -> None:
    """Good news are dropped. A failure is told, for nobody would miss the report otherwise: with its case."""
    gate = threading.Event()

    def slowly(session: object, folder: Path, options: object) -> list[Path]:
        gate.wait(20)
        if fails:
            raise TROUBLE
        return [folder / "report.pdf"]

    open_case(bench, "first")
    monkeypatch.setattr(reporting, "export", slowly)
    monkeypatch.setattr(ExportDialog, "exec", lambda self: int(QDialog.DialogCode.Accepted))
    monkeypatch.setattr(bench.window.pool, "waitForDone", lambda *_: True)  # the five seconds are over
    bench.window.actions_.get("export").trigger()
    open_case(bench, "second")
    with qtbot.waitSignal(bench.window.reporter.busy):
        gate.set()
    QApplication.processEvents()
    if fails:
        assert told(bench) == ["S-first, which is closed: The folder cannot be written."]
        assert bench.window.banners.banners[0].texts[1:] == ("The disk is full.", "Free some space.")
    else:
        assert told(bench) == []
    page = bench.window.page
    assert page is not None
    assert page.isEnabled()
    monkeypatch.undo()
    bench.window.pool.waitForDone(5000)


def test_what_was_looked_at_waits_while_a_dialog_about_the_open_case_is_up(
    qtbot: QtBot, bench: ToolWindows
) -> None:
    """Its own dialog over the signature would close the case that is being signed."""
    open_case(bench, "first")
    asked: list[Path] = []
    opener = bench.window.opener
    opener.ask_options = lambda path, _: asked.append(path)
    dialog = ReviewerDialog("", bench.window)
    dialog.open()
    opener._on_input_inspected(Path("smear"), object())  # noqa: SLF001  # what a worker found
    qtbot.wait(600)
    assert asked == []
    dialog.reject()
    qtbot.waitUntil(lambda: asked == [Path("smear")])
    dialog.deleteLater()
    # A later wish takes its place.
    again = ReviewerDialog("", bench.window)
    again.open()
    opener._on_input_inspected(Path("smear"), object())  # noqa: SLF001  # what a worker found
    open_case(bench, "second")
    again.reject()
    qtbot.wait(600)
    assert asked == [Path("smear")]
    again.deleteLater()


def test_a_view_of_an_earlier_case_says_nothing_any_more(bench: ToolWindows) -> None:
    open_case(bench, "first")
    page = bench.window.page
    assert page is not None
    controller = page.controller
    open_case(bench, "second")
    controller.failed.emit(TROUBLE)
    assert told(bench) == []


def test_an_analysis_that_goes_on_takes_back_that_it_was_stopped(desk: Desk) -> None:
    analysis = desk.window.analysis
    analysis._session = desk.session  # noqa: SLF001  # an analysis that was stopped
    analysis.runner.batch.emit(
        [Skipped(SkippedFile("a.png", "damaged")), Done(RunStatus.CANCELLED, RunRecord())]
    )
    analysis.runner.finished.emit()
    assert len(desk.window.banners.banners) == 2
    job = desk.workshop.continue_analysis(desk.session)
    analysis.run(job, desk.session, None)
    assert desk.window.banners.banners == ()
    analysis.stop()
    desk.window.attach(FakeSession(make_cells(5)))
