"""Keys typed with every tab, panel, button and window in front decide on no cell that is out of sight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.domain.review import Change, EventKind, Status
from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.export import ExportDialog
from bloodcells_gui.ui.dialogs.open_options import OpenOptionsDialog
from bloodcells_gui.ui.dialogs.reviewer import ReviewerDialog
from bloodcells_gui.ui.dialogs.sign import SignDialog
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.workbench_window import a_case, a_workspace

Key = Qt.Key
# Forty keys: "toxic", every class key, grades, the keys of the review and of buttons.
SEQUENCE = [
    *(getattr(Key, f"Key_{letter}") for letter in "TOXIC" + "QASVFZXWERTDGMPLKC" + "0123"),
    Key.Key_Slash,
    Key.Key_Space, Key.Key_Delete, Key.Key_Enter, Key.Key_Return, Key.Key_Backspace, Key.Key_Space,
    Key.Key_Right, Key.Key_Q, Key.Key_Delete, Key.Key_Down, Key.Key_T, Key.Key_Space,
]  # fmt: skip


@pytest.fixture
def bench(
    qtbot: QtBot, context: UiContext, tmp_path: Path, memory: WindowMemory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ToolWindows]:
    for name in ("getOpenFileName", "getSaveFileName", "getExistingDirectory"):
        answer = "" if name == "getExistingDirectory" else ("", "")
        monkeypatch.setattr(QFileDialog, name, lambda *_, a=answer: a)
    workspace = a_workspace(tmp_path)
    window, cases = MainWindow(context, workspace, memory), WorkList(workspace)
    made = ToolWindows(window, context, workspace, cases, memory)
    window.resize(1300, 800)
    window.show()
    window.activateWindow()
    window.opener.open_path(a_case(workspace.cases_dir / "case.bcs", 48))
    qtbot.waitUntil(lambda: window.page is not None and window.isActiveWindow())
    yield made
    window.close()
    cases.close()
    window.deleteLater()


class Witness:
    """Notes every cell of every event that was out of sight when its key was pressed."""

    def __init__(self, page: CasePage, session: CaseSession) -> None:
        self.page = page
        self.seen: set[int] = set()
        self.drawn: int | None = None
        self.unseen: list[tuple[str, EventKind, tuple[int, ...]]] = []
        self.events = 0
        self.where = ""
        session.subscribe(self._happened)

    def look(self) -> None:
        """What is on the screen now, by the geometry of the widgets alone."""
        page, view = self.page, self.page.gallery.view
        self.seen = set()
        # Its outlines are seen and can be mended beside every tab.
        self.drawn = page.inspector.shown_cell if page.inspector.image.isVisible() else None
        if view.isVisible():
            area = view.viewport().rect()
            self.seen |= {c.id for c in page.session.cells if view.tile_rect(c.id).intersects(area)}
        if page.map is not None and page.map.isVisible():
            shown = page.map.canvas.getViewBox().viewRect()
            for n, (x, y) in enumerate(page.map.canvas.points):
                if shown.contains(x, y) and n in page.map.canvas.chosen:
                    self.seen.add(page.map.ids[n])

    def _happened(self, change: Change) -> None:
        if change.event is None or not change.event.cells:
            return
        self.events += 1
        mended = change.event.kind is EventKind.MEND_OUTLINE
        if not set(change.event.cells) <= (self.seen | {self.drawn} if mended else self.seen):
            self.unseen.append((self.where, change.event.kind, change.event.cells))


def parts(bench: ToolWindows) -> list[tuple[str, Callable[[], object]]]:
    """Every tab of the window with what puts it in front."""
    page, record = bench.window.page, bench.case_details
    assert page is not None
    assert record is not None
    found: list[tuple[str, Callable[[], object]]] = []
    for n in range(page.views.count()):
        name = page.views.tabText(n)
        if name == "Case details":
            found.extend(
                (f"Record {m}", lambda m=m: bench.show_case_details(m)) for m in range(record.count())
            )
        else:
            found.append((name, lambda n=n: page.views.setCurrentIndex(n)))
    assert [name for name, _ in found] == [
        "Gallery", "Map", "Record 0", "Record 1", "Record 2", "Record 3", "Counter",
    ]  # fmt: skip
    return found


def focusable(window: QWidget) -> list[QWidget]:
    """Every visible widget that a click or Tab can give the focus."""
    return [
        w
        for w in window.findChildren(QWidget)
        if w.window() is window and w.isVisible() and w.isEnabled() and w.focusProxy() is None
        and w.focusPolicy() != Qt.FocusPolicy.NoFocus
    ]  # fmt: skip


def press(*keys: Qt.Key) -> None:
    for key in keys:
        target = QApplication.activePopupWidget() or QApplication.focusWidget()
        if target is not None:
            QTest.keyClick(target, key)
        popup = QApplication.activePopupWidget()
        if popup is not None:
            popup.close()


def test_a_recorded_sequence_of_40_keys_over_every_tab_changes_no_hidden_cell(
    qtbot: QtBot, bench: ToolWindows
) -> None:
    page, session = bench.window.page, bench.session
    assert page is not None
    assert session is not None
    assert len(SEQUENCE) == 40
    page.gallery.view.select_ids([next(c.id for c in session.cells if c.predicted == "SNE")])
    witness = Witness(page, session)
    tried = 0
    for name, bring in parts(bench):
        bring()
        if name == "Map":
            qtbot.waitUntil(lambda: page.map is not None and len(page.map.canvas.points) > 0, timeout=20_000)
        widgets = focusable(bench.window)
        # Where cells are in front every key decides, which takes its time: some of the widgets are enough.
        for widget in widgets[:: 4 if name in ("Gallery", "Map") else 1]:
            if not widget.isVisible():
                bring()  # a key of this tab may have led elsewhere
            widget.setFocus()
            if QApplication.focusWidget() is not widget:
                continue
            tried += 1
            for key in SEQUENCE:
                witness.where = f"{name}, {type(widget).__name__} {widget.accessibleName()}"
                witness.look()
                press(key)
            for other in QApplication.topLevelWidgets():
                if other is not bench.window and other.isVisible():
                    other.close()
            bench.window.activateWindow()
            bring()
    assert witness.unseen == []
    assert tried > 60
    assert witness.events > 20  # the same keys do decide where the cells are seen


@pytest.mark.parametrize("what", ["who", "new", "export", "sign", "worklist", "library", "preview", "audit"])
def test_with_a_window_in_front_no_key_reaches_the_cells(qtbot: QtBot, bench: ToolWindows, what: str) -> None:
    session, context = bench.session, bench.context
    assert session is not None
    makers: dict[str, Callable[[], QWidget | None]] = {
        "who": lambda: ReviewerDialog("", bench.window),
        "new": lambda: OpenOptionsDialog(context, Path("/data"), None, bench.window),
        "export": lambda: ExportDialog(context, session.settings, Path("/data/out"), 0, bench.window),
        "sign": lambda: SignDialog(context, session.author, (), bench.window),
        "worklist": bench.show_worklist,
        "library": bench.show_library,
        "preview": bench.show_preview,
        "audit": bench.show_audit,
    }
    count = session.state.last_seq
    shown = makers[what]()
    assert shown is not None
    shown.show()
    shown.activateWindow()
    qtbot.waitUntil(lambda: shown.isActiveWindow() and shown.focusWidget() is not None)
    for widget in focusable(shown):
        for key in SEQUENCE:
            if key in (Key.Key_Return, Key.Key_Enter) or not shown.isVisible():
                continue  # Enter opens the case of the work list, or ends the dialog
            QTest.keyClick(widget, key)
    assert session.state.last_seq == count
    shown.close()
    bench.window.activateWindow()


def test_keys_at_the_compared_cells_decide_on_the_framed_cell_alone(qtbot: QtBot, bench: ToolWindows) -> None:
    page, session = bench.window.page, bench.session
    assert page is not None
    assert session is not None
    page.gallery.view.select_ids([c.id for c in session.cells[:3]])
    page.compare()
    window = page.comparisons.windows[0]
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    first, second, third = window.tiles
    qtbot.waitUntil(lambda: all(tile.image.has_picture for tile in window.tiles))
    assert window.framed is first
    QTest.keyClick(first.image, Key.Key_T)
    assert session.decision(first.cell_id).final == "BL"
    assert "Blast" in first.caption.toolTip()
    assert window.framed is second
    others = {
        c.id: session.decision(c.id) for c in session.cells if c.id not in (first.cell_id, second.cell_id)
    }
    QTest.keyClick(second.image, Key.Key_Delete)
    assert session.decision(second.cell_id).status is Status.EXCLUDED
    assert {i: session.decision(i) for i in others} == others
    assert window.framed is third
    QTest.keyClick(third.image, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.decision(second.cell_id).status is not Status.EXCLUDED
    assert window.hint.accessibleName().startswith("Taken back: ")
    assert window.framed is second  # the key that corrects it is meant for it
    QTest.keyClick(second.image, Key.Key_Right)
    assert window.framed is third
    third.image.clear("no picture")
    third.image.setFocus()
    before = session.state.last_seq
    QTest.keyClick(third.image, Key.Key_T)
    assert session.state.last_seq == before  # nobody sees a cell there
    QTest.keyClick(third.image, Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    assert sorted(page.gallery.view.selected_ids()) == sorted(t.cell_id for t in window.tiles)
    assert sum(page.gallery.model.counts()) == 3
    window.close()
    bench.window.activateWindow()


def test_buttons_of_the_toolbar_wait_while_the_record_is_in_front(bench: ToolWindows) -> None:
    page, session = bench.window.page, bench.session
    assert page is not None
    assert session is not None
    actions = bench.window.actions_
    page.gallery.view.select_ids([session.cells[0].id])
    bench.show_case_details(0)
    count = session.state.last_seq
    for name in ("confirm", "exclude", "restore", "find_class"):
        assert not actions.get(name).isEnabled()
        actions.get(name).trigger()
    assert not any(a.isEnabled() for a in actions.class_actions.values())
    page.views.setCurrentWidget(page.gallery)
    assert session.state.last_seq == count
    actions.get("confirm").trigger()
    assert session.state.last_seq == count + 1
    bench.window.close_case()
    assert not actions.get("confirm").isEnabled()


def test_undo_of_a_decision_shows_its_cells_before_it_takes_it_back(bench: ToolWindows) -> None:
    page, session = bench.window.page, bench.session
    assert page is not None
    assert session is not None
    cell_id = session.cells[0].id
    session.relabel([cell_id], "BL")
    bench.show_counter()
    undo = bench.window.actions_.get("undo")
    undo.trigger()
    assert session.decision(cell_id).final == "BL"
    assert page.views.currentWidget() is page.gallery
    assert page.gallery.view.selected_ids() == [cell_id]
    undo.trigger()
    assert session.decision(cell_id).status is not Status.RELABELLED
    # What was counted at the microscope is taken back where it is seen.
    bench.show_counter()
    assert bench.counter is not None
    bench.counter.bell.on = False
    QTest.keyClick(bench.counter.tiles, Key.Key_Q)
    undo.trigger()
    assert session.state.hand_counts.get("SNE", 0) == 0
    assert page.views.currentWidget() is bench.counter


def test_space_on_the_choice_of_the_map_opens_it(qtbot: QtBot, bench: ToolWindows) -> None:
    page, session = bench.window.page, bench.session
    assert page is not None
    assert session is not None
    page.gallery.view.select_ids([session.cells[0].id])
    page.views.setCurrentWidget(page.views.map_place)
    qtbot.waitUntil(lambda: page.map is not None and len(page.map.canvas.points) > 0, timeout=20_000)
    assert page.map is not None
    page.map.colouring.setFocus()
    press(Key.Key_Space)
    assert session.state.last_seq == 0
    page.map.canvas.setFocus()
    press(Key.Key_Space)
    assert session.state.last_seq == 1


def test_a_tab_gives_its_view_the_keyboard(bench: ToolWindows) -> None:
    """By the mouse, by the menu and by Ctrl with a digit; so Ctrl+2 and a digit grade at once."""
    page, record, counter = bench.window.page, bench.case_details, bench.counter
    assert page is not None
    assert record is not None
    assert counter is not None
    fields = [row.editor for row in record.fields.rows.values()]
    bars = (page.views.tabBar(), record.tabBar())
    wanted: dict[str, QWidget] = {
        "Gallery": page.gallery.view, "Counter": counter.tiles, "Case details": fields[1],
    }  # fmt: skip
    for name, view in wanted.items():
        n = next(i for i in range(page.views.count()) if page.views.tabText(i) == name)
        page.differential.table.setFocus()
        QTest.mouseClick(bars[0], Qt.MouseButton.LeftButton, pos=bars[0].tabRect(n).center())
        assert QApplication.focusWidget() is view, name
    parts_of_record = (fields[1], record.grades.table, record.comments.words, record.analyser.table)
    for n, view in enumerate(parts_of_record):
        QTest.mouseClick(bars[1], Qt.MouseButton.LeftButton, pos=bars[1].tabRect(n).center())
        assert QApplication.focusWidget() is view
    for n, view in enumerate((*parts_of_record, counter.tiles), 1):
        page.views.setCurrentWidget(page.gallery)
        QTest.keyClick(page.gallery.view, Key(Key.Key_0 + n), Qt.KeyboardModifier.ControlModifier)
        assert QApplication.focusWidget() is view
    assert fields[0].accessibleName() == "Specimen number"  # no key that goes astray changes it


def test_a_click_on_sound_leaves_the_keys_with_the_counter(bench: ToolWindows) -> None:
    session, counter = bench.session, bench.counter
    assert session is not None
    assert counter is not None
    bench.show_counter()
    QTest.mouseClick(counter.sound, Qt.MouseButton.LeftButton)
    counter.bell.on = False
    press(Key.Key_T)
    assert session.state.hand_counts == {"BL": 1}
    QTest.keyClick(counter.tiles, Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert sum(session.state.hand_counts.values()) == 1 + bool(counter.tiles.currentIndex().isValid())


def test_a_wheel_over_a_choice_changes_it_only_with_the_focus(bench: ToolWindows) -> None:
    session, record = bench.session, bench.case_details
    assert session is not None
    assert record is not None
    bench.show_case_details(0)
    box = record.fields.rows["wbc_corrected"].editor
    assert isinstance(box, QComboBox)
    before, count = box.currentIndex(), session.state.last_seq
    turn(box)
    assert (box.currentIndex(), session.state.last_seq) == (before, count)
    assert not box.hasFocus()
    box.setFocus()
    turn(box)
    assert box.currentIndex() == before + 1


def turn(widget: QWidget) -> None:
    """One notch of the wheel down, with the mouse over the widget."""
    place = QPointF(widget.rect().center())
    no_button, no_key = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        place, QPointF(widget.mapToGlobal(place.toPoint())), QPoint(), QPoint(0, -120), no_button, no_key,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


@pytest.mark.parametrize("key", [Key.Key_Space, Key.Key_Q, Key.Key_Delete])
def test_a_key_with_no_cell_chosen_shows_one_and_says_that_nothing_was_decided(
    bench: ToolWindows, key: Key
) -> None:
    page = bench.window.page
    assert page is not None
    assert page.chosen() == []
    QTest.keyClick(page.gallery.view, key)
    assert len(page.chosen()) == 1
    assert bench.window.banners.banners[0].texts[0] == "No cell was chosen; nothing was decided."
    assert page.session.state.can_undo is False
    chosen = page.chosen()
    QTest.keyClick(page.gallery.view, key)
    assert page.session.state.decided(chosen[0])
