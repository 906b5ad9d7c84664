"""The laboratory's accounts around one main window: sign in at the start, lock, follow what others change."""

from __future__ import annotations

from contextlib import suppress

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from bloodcells_gui.app.reading_rule import must_sign_in
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import LAB_AWAY, UserError
from bloodcells_gui.ui.accounts.locker import Locker
from bloodcells_gui.ui.accounts.window import AccountsWindow
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.main_window import MainWindow

#: How often the database is asked whether an account, a role or a rule changed.
_LOOK_MS = 30_000


class AccountsDesk(QObject):
    """Owns the lock of the windows; the window of accounts is made when it is asked for."""

    def __init__(self, context: UiContext, workspace: Workspace, window: MainWindow) -> None:
        super().__init__(window)
        self._context, self._window = context, window
        self._accounts = workspace.accounts
        self._workspace = workspace
        self._known: object = None
        self.locker = Locker(context, self._accounts, window, must=lambda: must_sign_in(workspace))
        self._accounts.changed = self._on_changed
        self._asking = Lookup(window.unawaited, self)
        self._asking.answered.connect(lambda *_: self._on_looked())
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        self._shown: AccountsWindow | None = None
        window.closing.connect(self._close)

    def begin(self) -> None:
        """At the start of the program: sign in whom the computer's account stands for, else ask."""
        accounts = self._accounts
        if not accounts.in_force or accounts.acting is not None:
            return
        with suppress(UserError):  # the dialog says that the database does not answer
            if accounts.sign_in_by_os():
                return
        if must_sign_in(self._workspace):
            self.locker.see()
            return
        with self.locker.covering():
            self._window.reviewer.ask()

    def look(self) -> None:
        """Ask the database behind the window, where the settings name one."""
        if self._accounts.reachable:
            self._asking.ask(None, lambda: self._accounts.refresh(anyway=True))

    def _on_looked(self) -> None:
        accounts = self._accounts
        known = (accounts.in_force, accounts.person, accounts.rules, must_sign_in(self._workspace))
        if known != self._known:
            self._known = known
            self.locker.see()
            self._window.reviewer.changed.emit(self._workspace.author)
        if accounts.reachable and accounts.unreachable is None:
            for stack in QApplication.allWidgets():
                if isinstance(stack, BannerStack):
                    stack.settle(LAB_AWAY)

    def _on_changed(self) -> None:
        self.locker.follow()
        self._window.reviewer.changed.emit(self._workspace.author)
        if self._shown is not None:
            self._shown.refresh()

    def show(self) -> AccountsWindow:
        """The accounts, their rules and their record."""
        if self._shown is None:
            self._shown = AccountsWindow(self._context, self._accounts, self._window)
            self._shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self._shown.destroyed.connect(self._forget)
        self._shown.show()
        self._shown.raise_()
        self._shown.activateWindow()
        return self._shown

    def _forget(self) -> None:
        self._shown = None

    def _close(self) -> None:
        self._timer.stop()
        self._asking.close()
        self.locker.close()
        if self._shown is not None:
            self._shown.close()
