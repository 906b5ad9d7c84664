"""Help for one main window: F1 wherever the keyboard is, and what the menu Help opens."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.key_sheet import KeySheetDialog
from bloodcells_gui.ui.help.topics import topic_of
from bloodcells_gui.ui.help.window import ManualWindow
from bloodcells_gui.ui.main_window import MainWindow


class HelpDesk(QObject):
    """Opens the manual at the part that belongs to the view in front.

    The window's own command has the key F1; dialogs and tool windows have no menu, so their F1 is taken from
    the keys of the whole program.
    """

    def __init__(self, window: MainWindow, context: UiContext) -> None:
        super().__init__(window)
        self._window = window
        self._context = context
        self._manual: ManualWindow | None = None
        window.actions_.connect("help", self.show_for_focus)
        window.actions_.connect("key_sheet", self.show_key_sheet)
        window.closing.connect(self._close)
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        if event.key() != Qt.Key.Key_F1 or event.modifiers() != Qt.KeyboardModifier.NoModifier:
            return False
        if not event.isAutoRepeat():
            self.show_for_focus()
        return True

    def show_for_focus(self) -> None:
        """The part of the manual for whatever has the keyboard."""
        front = QApplication.activeModalWidget() or QApplication.activeWindow() or self._window
        focus: QWidget | None = front.focusWidget() or front
        if front is self._window and self._window.focusWidget() is None:
            focus = self._window.body.currentWidget()
        self.show_topic(topic_of(focus))

    def show_topic(self, topic: str) -> None:
        """The manual at a topic, in front of whatever is open."""
        self._manual_for(QApplication.activeModalWidget()).open_at(topic)

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
