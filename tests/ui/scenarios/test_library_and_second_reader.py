"""The reference library, and a second reader who sees neither names nor labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.second_reader import SecondReading, adjudicate, compare, first_labels, unsettled
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.workbench_window import a_case, a_workspace, shown_tools

Key = Qt.Key


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return a_workspace(tmp_path)


@pytest.fixture
def bench(
    qtbot: QtBot, context: UiContext, workspace: Workspace, memory: WindowMemory
) -> Iterator[ToolWindows]:
    with shown_tools(context, workspace, memory) as bench:
        qtbot.waitExposed(bench.window)
        bench.window.opener.open_path(a_case(workspace.cases_dir / "one.bcs", 60))
        yield bench


@pytest.fixture
def session(bench: ToolWindows) -> CaseSession:
    assert bench.session is not None
    return bench.session


def test_only_reviewed_cells_go_into_the_library(
    qtbot: QtBot, bench: ToolWindows, session: CaseSession
) -> None:
    ids = [c.id for c in session.cells[:3]]
    with pytest.raises(UserError, match="was not reviewed"):
        bench.keep(ids, "a note")
    session.confirm(ids)
    bench.keep(ids, "<b>a note</b>")
    library = bench.show_library()
    assert library.model.rowCount() == 3
    QAbstractItemModelTester(
        library.model, QAbstractItemModelTester.FailureReportingMode.Fatal, library.model
    )
    library.grab()
    library.text.setText("NOTE")
    assert library.model.rowCount() == 3
    library.text.setText("unicorn")
    assert library.model.rowCount() == 0
    library.text.clear()
    library.view.setCurrentIndex(library.model.index(0))
    library.view.setFocus()
    qtbot.waitUntil(library.view.hasFocus)
    QTest.keyClick(library.view, Key.Key_Delete)
    assert library.model.rowCount() == 2
    QTest.keyClick(library.view, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert library.model.rowCount() == 3


def test_cells_like_one_of_the_case_come_first_from_its_class(
    bench: ToolWindows, session: CaseSession
) -> None:
    ids = [c.id for c in session.cells]
    session.confirm(ids)
    bench.keep(ids, "")
    page = bench.window.page
    assert page is not None
    cell = next(c for c in session.cells if c.predicted == "LY")
    page.gallery.view.select_ids([cell.id])
    bench.show_like_in_library()
    library = bench.library
    assert library is not None
    first = library.model.reference(0)
    assert first.source_cell == cell.id
    assert all(library.model.reference(r).code == "LY" for r in range(3))
    assert library.model.index(0).data(Qt.ItemDataRole.UserRole + 2) == pytest.approx(1.0, abs=1e-3)


def test_nobody_reads_his_own_cells_a_second_time(session: CaseSession) -> None:
    with pytest.raises(UserError, match="nothing to read"):
        SecondReading(session, "Second Reader")
    session.confirm([c.id for c in session.cells[:5]])
    with pytest.raises(UserError, match="second person"):
        SecondReading(session, "a. technician ")
    assert len(SecondReading(session, "Second Reader").cells) == 5


def test_the_second_reading_is_blinded_by_key_and_settled(
    qtbot: QtBot, bench: ToolWindows, session: CaseSession
) -> None:
    decided = [c.id for c in session.cells[:8]]
    session.confirm(decided)
    first = first_labels(session)
    window = bench.read_again("Second Reader")
    assert window is not None
    qtbot.waitUntil(lambda: window.stage.image.has_picture)
    shown = " ".join(w.text() for w in window.findChildren(QLabel) if w.isVisibleTo(window))
    assert "A. Technician" not in shown
    key_of = bench.context.keymap.key
    order = window.reading.cells
    assert order != tuple(decided)
    for n, cell_id in enumerate(order):
        code = first[cell_id] if n != 3 else next(c for c in ("BL", "LY") if c != first[cell_id])
        QTest.keyClick(window.stage, key_of(code))
        if n == 0:
            QTest.keyClick(window.stage, Key.Key_Backspace)
            QTest.keyClick(window.stage, key_of(code))
    agreement = compare(session, window.reading.key, "full")
    assert (agreement.n, agreement.agreeing) == (8, 7)
    assert agreement.disagreeing == (order[3],)
    assert window.stack.currentIndex() == 1
    assert "87.5 %" in window.kappa_label.text()
    assert window.question_label.text() == "1 difference to settle."
    assert window.settle_button.text() == "&Settle the differences as A. Technician"
    focus = QApplication.focusWidget()
    assert focus is not None
    for key in ("MO", "LY"):  # the reader did not see that it was the last cell
        QTest.keyClick(focus, key_of(key))
        QTest.keyClick(window.stage, key_of(key))
    QTest.keyClick(focus, Key.Key_Space)
    assert session.state.adjudicated == {}
    window.settle_button.click()
    assert f"Cell {order[3]}" in window.question_label.text()
    assert {session.decision(i).reviewer for i in decided} == {"A. Technician"}
    window.grab()
    QTest.keyClick(window.stage, key_of("MO"))
    assert session.state.adjudicated == {order[3]: "MO"}
    assert session.decision(order[3]).final == "MO"
    assert unsettled(session, window.reading.key) == []
    assert first_labels(session) == first
    window.close()
    path = session.path
    bench.window.close_case()
    again = bench.workspace.open_case(path, read_only=True)
    assert compare(again, "second reading, Second Reader", "full").agreeing == 7
    again.close()


def test_a_reading_goes_on_where_it_stopped(bench: ToolWindows, session: CaseSession) -> None:
    session.confirm([c.id for c in session.cells[:5]])
    reading = SecondReading(session, "Second Reader")
    reading.label(reading.cells[0], "LY")
    again = SecondReading(session, "Second  Reader")
    assert again.next_open == 1
    assert session.author == "A. Technician"
    with pytest.raises(UserError):
        adjudicate(session, reading.cells[0], "no class")
