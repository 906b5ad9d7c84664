"""Lock the program after some minutes without a key or the mouse: cover every window, ask who is there.

Nothing is closed. A dialog that was open is there again with what was typed, an analysis goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget

from bloodcells_gui.app.accounts import Accounts
from bloodcells_gui.ui.accounts.fields import SecretEdit
from bloodcells_gui.ui.accounts.sign_in import AccountForm, SignInDialog
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr

_LOOK_MS = 5_000
_TITLE = "bloodcells"
_ACTS = frozenset(
    {
        QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.Wheel,
        QEvent.Type.TouchBegin, QEvent.Type.TabletPress,
    }
)  # fmt: skip


def _moment() -> float:
    """Seconds that pass while the computer sleeps, too, whatever its clock is set to."""
    with suppress(AttributeError, OSError):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Cover(QWidget):
    """Hides what is in a window, and its title: that has the number of a specimen."""

    def __init__(self, window: QWidget, text: str) -> None:
        super().__init__(window)
        self.covered = window
        self._title = window.windowTitle()
        self.setAutoFillBackground(True)
        label = QLabel(text)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        label.setObjectName("muted")
        QVBoxLayout(self).addWidget(label)
        window.installEventFilter(self)
        window.setWindowTitle(_TITLE)
        self.setGeometry(window.rect())
        self.raise_()
        self.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.ChildAdded):
            self.setGeometry(self.covered.rect())
            self.raise_()
        elif event.type() == QEvent.Type.WindowTitleChange and self.covered.windowTitle() != _TITLE:
            self._title = self.covered.windowTitle()  # an analysis went on; shown when it is uncovered
            self.covered.setWindowTitle(_TITLE)
        return super().eventFilter(watched, event)

    def lift(self) -> None:
        """Show the window again."""
        self.covered.removeEventFilter(self)
        self.covered.setWindowTitle(self._title)
        self.hide()
        self.deleteLater()


class Locker(QObject):
    """Watches whether anybody is there.

    Parameters
    ----------
    accounts : Accounts
        Says after how many minutes, and who is signed in.
    window : QWidget
        The main window.
    moment : callable
        Gives seconds that never run backwards.
    must : callable
        Whether nothing may be read before somebody signs in.
    """

    def __init__(
        self,
        context: UiContext,
        accounts: Accounts,
        window: QWidget,
        moment: Callable[[], float] = _moment,
        *,
        must: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(window)
        self._context, self._accounts, self._window, self._moment = context, accounts, window, moment
        self._must = must
        self._locked_by = ""
        self._last = moment()
        self._covers: list[Cover] = []
        self.dialog: SignInDialog | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def close(self) -> None:
        """Watch no more."""
        self._timer.stop()
        self._uncover()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _ACTS:
            self._last = self._moment()
        return super().eventFilter(watched, event)

    def look(self) -> None:
        """Lock where nobody did anything for too long."""
        accounts = self._accounts
        if self.dialog is not None:
            self._cover()  # a window may have come up meanwhile
        if accounts.acting is None:
            self._last = self._moment()
            return
        self._watch()
        if self._moment() - self._last >= 60.0 * accounts.rules.idle_minutes:
            accounts.lock()  # which tells `follow`

    def _watch(self) -> None:
        for top in QGuiApplication.topLevelWindows():
            top.installEventFilter(self)  # a second time only moves it to the end

    def follow(self) -> None:
        """Cover the windows where the accounts are locked, uncover them where they are not."""
        self._last = self._moment()
        self.see()

    def see(self) -> None:
        """Ask who is there where the accounts are locked, or nothing may be read before somebody signs in."""
        shut = self._accounts.locked or self._must()
        if shut and self.dialog is None:
            self._ask()
        elif not shut and (self.dialog is None or self.dialog.locked or self._accounts.acting is not None):
            self._uncover()  # whom reading is offered decides that in the dialog

    @contextmanager
    def covering(self) -> Iterator[None]:
        """Hide the windows for the length of a `with`: nothing is seen behind a question."""
        self._cover()
        try:
            yield
        finally:
            self.see()

    def _ask(self) -> None:
        while (popup := QApplication.activePopupWidget()) is not None:
            popup.close()
        for widget in QApplication.allWidgets():
            if isinstance(widget, SecretEdit):
                widget.clear()  # whoever comes next must not send off what somebody else typed
        above = QApplication.activeModalWidget() or self._window
        self._cover()
        person = self._accounts.person
        self._locked_by = person.login if person is not None else ""
        self.dialog = SignInDialog(self._context, self._accounts, above, must=self._must)
        self.dialog.rejected.connect(self._uncover)
        self.dialog.setWindowModality(Qt.WindowModality.ApplicationModal)
        self.dialog.quit_wanted.connect(self._quit)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def _cover(self) -> None:
        said = tr("Locked") if self._accounts.locked else tr("Sign in")
        covered = {cover.covered for cover in self._covers}
        for top in QApplication.topLevelWidgets():
            if top.isVisible() and top is not self.dialog and top not in covered:
                self._covers.append(Cover(top, said))

    def _uncover(self) -> None:
        covers, self._covers = self._covers, []
        for cover in covers:
            with suppress(RuntimeError):  # its window is gone
                cover.lift()
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.locked = False
            dialog.close()
            dialog.deleteLater()
            self._close_forms_of_another()

    def _close_forms_of_another(self) -> None:
        """Close what asks for secrets of the person who was there before."""
        person = self._accounts.acting
        if person is None or person.login == self._locked_by:
            return
        for top in QApplication.topLevelWidgets():
            if isinstance(top, AccountForm) and top.isVisible():
                top.reject()

    def _quit(self) -> None:
        self._uncover()
        for top in QApplication.topLevelWidgets():
            if top is not self._window and top.isVisible() and top.isModal():
                top.close()
        self._window.close()
