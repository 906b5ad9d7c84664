"""Help for one main window: F1 wherever the keyboard is, and what the menu Help opens."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from bloodcells_gui.app.practice_case import PracticeCase
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.key_sheet import KeySheetDialog
from bloodcells_gui.ui.help.topics import topic_of
from bloodcells_gui.ui.help.tour import Tour
from bloodcells_gui.ui.help.what_is_this import WhatIsThis, keys_of
from bloodcells_gui.ui.help.window import ManualWindow
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory

#: F1 alone is the manual, with Shift it is what-is-this.
_HELPS = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)


class HelpDesk(QObject):
    """Opens the manual at the part that belongs to the view in front.

    The window's own command has the key F1; dialogs and tool windows have no menu, so their F1 is taken from
    the keys of the whole program.
    """

    def __init__(
        self, window: MainWindow, context: UiContext, workspace: Workspace, memory: WindowMemory
    ) -> None:
        super().__init__(window)
        self._workspace = workspace
        self._memory = memory
        self.tour = Tour(window, context, lambda: PracticeCase(workspace.engine))
        window.actions_.connect("tour", self.tour.start)
        self._window = window
        self._context = context
        self._manual: ManualWindow | None = None
        window.actions_.connect("help", self.show_for_focus)
        window.actions_.connect("key_sheet", self.show_key_sheet)
        window.actions_.connect("what", self.explain_focus)
        context.explain = self.explain
        window.closing.connect(self._close)
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        if event.key() != Qt.Key.Key_F1 or event.modifiers() not in _HELPS:
            return False
        if not event.isAutoRepeat():
            act = self.show_for_focus if event.modifiers() == _HELPS[0] else self.explain_focus
            act()
        return True

    def show_for_focus(self) -> None:
        """The part of the manual for whatever has the keyboard."""
        self.show_topic(topic_of(self._focus()))

    def _focus(self) -> QWidget | None:
        """What has the keyboard, else the view in front."""
        front = QApplication.activeModalWidget() or QApplication.activeWindow() or self._window
        focus: QWidget | None = front.focusWidget()
        if focus is None and front is self._window:
            return self._window.body.currentWidget()
        return focus or front

    def show_topic(self, topic: str) -> None:
        """The manual at a topic, in front of whatever is open."""
        self._manual_for(QApplication.activeModalWidget()).open_at(topic)

    def explain_focus(self) -> None:
        """What the figures and flags in front mean: those of the chosen cell first."""
        focus = self._focus()
        if focus is None or isinstance(focus.window(), WhatIsThis):
            return
        keys = keys_of(focus)
        page = self._window.page
        if page is not None and page.isAncestorOf(focus) and not page.differential.isAncestorOf(focus):
            keys = (*page.inspector.flag_line.explained, *keys)
        self.explain(keys)

    def explain(self, keys: Sequence[str]) -> None:
        """Explain these, in front of whatever is open."""
        over = QApplication.activeModalWidget() or self._window
        found = over.findChild(WhatIsThis, options=Qt.FindChildOption.FindDirectChildrenOnly)
        (found or WhatIsThis(self._context, self.show_topic, over)).explain(keys)

    def offer_tour(self) -> None:
        """Offer the tour once, where nobody has had a case yet."""
        if self._workspace.remembered() or self._memory.number("tour/offered", 0):
            return
        self._memory.put("tour/offered", 1)
        self._window.banners.show_banner(
            "info",
            tr("New here? A tour in five steps shows the way, on drawn cells."),
            what_to_do=tr(
                "It leaves nothing behind and can be left at any time with Esc. Later: Help, Tour."
            ),
            actions=((tr("&Begin the tour"), self._begin_tour),),
        )

    def _begin_tour(self) -> None:
        self._window.banners.leave_case()
        self.tour.start()

    def show_key_sheet(self) -> None:
        """Every key with the map that is in force."""
        keys = dict(self._context.keymap.items())
        dialog = KeySheetDialog(self._context, self._window.menuBar(), keys, self._window)
        dialog.exec()
        dialog.deleteLater()

    def _manual_for(self, modal: QWidget | None) -> ManualWindow:
        """The window of the manual; over a modal dialog one of its own, which that dialog does not block."""
        if modal is not None:
            if isinstance(modal, ManualWindow):
                return modal
            own = modal.findChild(ManualWindow)
            return own if own is not None else ManualWindow(self._context, modal)
        if self._manual is None:
            self._manual = ManualWindow(self._context, self._window)
        return self._manual

    def _close(self) -> None:
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)
        if self._manual is not None:
            self._manual.close()
