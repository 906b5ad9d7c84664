"""A two-minute review by keys alone: work list, 200 cells, class keys, fields, signature, export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.review import Status
from bloodcells_gui.storage import audit
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.export import ExportDialog
from bloodcells_gui.ui.dialogs.finding import FindingDialog
from bloodcells_gui.ui.dialogs.sign import SignDialog
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.workbench_window import a_case, a_workspace

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


class NoMouse(QObject):
    """Counts every button of a mouse that reaches anything."""

    def __init__(self) -> None:
        super().__init__()
        self.presses = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
            self.presses += 1
        return False


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = a_workspace(tmp_path)
    a_case(workspace.cases_dir / "two hundred.bcs", 200)
    return workspace


@pytest.fixture
def bench(
    qtbot: QtBot, context: UiContext, workspace: Workspace, memory: WindowMemory
) -> Iterator[ToolWindows]:
    window = MainWindow(context, workspace, memory)
    cases = WorkList(workspace)
    bench = ToolWindows(window, context, workspace, cases, memory)
    window.show()
    window.activateWindow()
    yield bench
    window.close()
    cases.close()
    window.deleteLater()


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key goes where the focus is, as from a keyboard."""
    target = QApplication.focusWidget() or QApplication.activeWindow()
    assert target is not None
    QTest.keyClick(target, key, modifier)


def in_dialog(kind: type[QDialog], act: Callable[[QWidget], None]) -> None:
    """Once the modal dialog is up, press keys in it; what they leave open is closed: no test hangs."""
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        shown = QApplication.activeModalWidget()
        if isinstance(shown, kind) and shown.isActiveWindow():
            try:
                act(shown)
            finally:
                if shown.isVisible():
                    shown.reject()
        elif isinstance(shown, QDialog) and (looks >= 500 or not isinstance(shown, kind)):
            shown.reject()
        elif looks < 500:
            if shown is not None:
                shown.activateWindow()  # a desktop does this by itself
            QTimer.singleShot(20, look)

    QTimer.singleShot(0, look)


def test_a_case_is_found_reviewed_signed_and_exported_without_the_mouse(  # noqa: C901  # one case from beginning to end
    qtbot: QtBot, bench: ToolWindows, workspace: Workspace, tmp_path: Path
) -> None:
    app, mouse = QApplication.instance(), NoMouse()
    assert app is not None
    app.installEventFilter(mouse)
    window = bench.window
    press(Key.Key_L, CTRL)
    worklist = bench.worklist
    assert worklist is not None
    qtbot.waitUntil(lambda: worklist.model.rowCount() == 1, timeout=20_000)
    qtbot.waitUntil(worklist.table.hasFocus)
    press(Key.Key_Return)
    qtbot.waitUntil(lambda: window.page is not None)
    page, session = window.page, bench.session
    assert page is not None
    assert session is not None
    worklist.close()
    window.activateWindow()
    qtbot.waitUntil(page.gallery.view.hasFocus)

    # A doubtful one is renamed by its key, one is excluded and taken back, the rest is confirmed.
    press(Key.Key_N)
    doubtful = page.gallery.view.current_id()
    press(Key.Key_S)
    assert doubtful is not None
    assert session.decision(doubtful).final == "LY"
    press(Key.Key_U)
    press(Key.Key_Delete)
    assert session.state.excluded == 1
    press(Key.Key_Z, CTRL)
    assert session.state.excluded == 0
    for _ in range(3 * len(session.cells)):
        if session.state.reviewed == len(session.cells):
            break
        press(Key.Key_U)
        press(Key.Key_Space)
    assert session.state.reviewed == 200
    assert session.state.unidentified == 0

    press(Key.Key_1, CTRL)
    assert bench.case_details is not None
    stain = bench.case_details.fields.rows["stain"].editor
    for _ in range(40):
        if stain.hasFocus():
            break
        press(Key.Key_Tab)
    assert stain.hasFocus()
    QTest.keyClicks(stain, "May-Gruenwald")
    press(Key.Key_Tab)
    assert session.state.data.fields["stain"] == "May-Gruenwald"

    def tell(dialog: QWidget) -> None:
        assert isinstance(dialog, FindingDialog)
        QTest.keyClicks(dialog.told, "Dr. Weiss")
        press(Key.Key_Return)

    def sign(dialog: QWidget) -> None:
        assert isinstance(dialog, SignDialog)
        assert QApplication.focusWidget() is dialog.name  # nothing to find first
        while any(b.text() == "Answer…" for b in dialog.findChildren(QPushButton)):
            for _ in range(20):
                focus = QApplication.focusWidget()
                if isinstance(focus, QPushButton) and focus.text() == "Answer…":
                    break
                press(Key.Key_Tab)
            in_dialog(FindingDialog, tell)
            press(Key.Key_Space)
            dialog.activateWindow()  # a desktop does this by itself
            QApplication.processEvents()
        QTest.keyClicks(dialog.name, "A. Technician")
        press(Key.Key_Return)

    in_dialog(SignDialog, sign)
    press(Key.Key_S, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert session.state.signed
    assert session.state.signatures[-1].author.startswith("A. Technician (")

    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    out = tmp_path / "report"

    def export(dialog: QWidget) -> None:
        assert isinstance(dialog, ExportDialog)
        for _ in range(12):
            if QApplication.focusWidget() is dialog.folder:
                break
            press(Key.Key_Tab)
        press(Key.Key_A, CTRL)
        QTest.keyClicks(dialog.folder, str(out))
        press(Key.Key_Return)

    in_dialog(ExportDialog, export)
    press(Key.Key_E, CTRL)
    qtbot.waitUntil((out / "report.pdf").exists, timeout=60_000)
    qtbot.waitUntil(page.isEnabled, timeout=60_000)
    assert mouse.presses == 0
    app.removeEventFilter(mouse)
    assert {session.decision(c.id).status for c in session.cells} <= {Status.CONFIRMED, Status.RELABELLED}
    path = session.path
    app.processEvents()
    window.close_case()
    assert audit.verify(path).ok


def test_every_command_of_the_menus_can_be_reached_by_keys(bench: ToolWindows) -> None:
    """Menus open with Alt and a letter, and no two of one menu share theirs."""
    bar = bench.window.menuBar()
    letters = [t for a in bar.actions() if (t := _letter(a.text()))]
    assert len(letters) == len(bar.actions()) == len(set(letters))
    for entry in bar.actions():
        menu = entry.menu()
        assert menu is not None
        shown = [a for a in menu.actions() if a.text() and not a.isSeparator()]  # type: ignore[attr-defined]
        marked = [m for a in shown if (m := _letter(a.text()))]
        doubles = {m for m in marked if marked.count(m) > 1}
        assert not doubles, f"{entry.text()}: {doubles}"


def _letter(text: str) -> str:
    plain = text.replace("&&", "")
    return plain[plain.index("&") + 1].casefold() if "&" in plain[:-1] else ""
