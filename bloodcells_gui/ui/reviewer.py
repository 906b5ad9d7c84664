"""Who reviews at this workstation."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.ui.accounts.sign_in import MyAccountDialog, SignInDialog
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.reviewer import ReviewerDialog
from bloodcells_gui.ui.window_memory import WindowMemory


class Reviewer(QObject):
    """Asks once a day who reviews, and remembers the name in the workspace.

    Signals
    -------
    changed(str)
        The name of the person who reviews from now on.
    """

    changed = Signal(str)

    def __init__(
        self, context: UiContext, workspace: Workspace, memory: WindowMemory, window: QWidget
    ) -> None:
        super().__init__(window)
        self._context = context
        self._workspace = workspace
        self._memory = memory
        self._window = window

    def known(self) -> bool:
        """Whether it is known who reviews; asks where it is not."""
        if self._workspace.accounts.in_force:
            return self._workspace.accounts.acting is not None or self.ask()
        if self._workspace.author:
            return True
        today = self._memory.author_of_today()
        if today:
            self._take(today)
            return True
        return self.ask()

    def ask(self) -> bool:
        """Ask who reviews; False when the person would rather not say.

        Where the laboratory has accounts, sign in; who is signed in is shown what the account can do.
        """
        accounts, above = self._workspace.accounts, QApplication.activeWindow() or self._window
        if accounts.in_force:
            kind = SignInDialog if accounts.acting is None else MyAccountDialog
            asked = kind(self._context, accounts, above)
            done = asked.exec()
            asked.deleteLater()
            return bool(done) and accounts.acting is not None
        proposal = self._workspace.author or self._memory.last_author() or self._workspace.settings.reviewer
        # Over the window in which a person works, which has the keyboard again afterwards.
        dialog = ReviewerDialog(proposal, above)
        if not dialog.exec() or not dialog.answer():
            return False
        self._memory.remember_author(dialog.answer())
        self._take(dialog.answer())
        return True

    def _take(self, name: str) -> None:
        self._workspace.author = name
        self.changed.emit(name)
