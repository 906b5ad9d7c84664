"""The watched folder in the window: how it stands at the foot, and the list of what lies in it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QToolButton

from bloodcells_gui.app.watched_folder import WatchedFolder
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.watching import ASKS, FolderState, WatchState
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.labels import plain_tip
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.watched.window import WatchedWindow

_POLL_MS = 1000


class WatchDesk(QObject):
    """Hangs on a window; never takes the focus from it.

    Signals
    -------
    changed()
        :meth:`summary` gives something else.
    """

    changed = Signal()

    def __init__(
        self,
        window: MainWindow,
        context: UiContext,
        workspace: Workspace,
        cases: WorkList,
        watched: WatchedFolder,
    ) -> None:
        super().__init__(window)
        self._main = window
        self._context = context
        self._workspace = workspace
        self._cases = cases
        self.watched = watched
        self.window: WatchedWindow | None = None
        self._shown: tuple[str, str] = ("", "")
        self._seen: object = None
        self.foot = QToolButton()
        self.foot.setAutoRaise(True)
        self.foot.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.foot.clicked.connect(self.show_window)
        self.foot.hide()
        window.statusBar().insertPermanentWidget(1, self.foot)
        window.actions_.connect("watched", self.show_window)
        window.closing.connect(self._closing)
        context.theme.changed.connect(self._colour)
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self.refresh)
        self._poll.start()
        self.refresh()

    # -- how it stands ---------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Follow the settings, and show what changed."""
        self.watched.configure(self._workspace.settings.watch)
        seen = self.watched.generation, self.watched.status()
        if seen == self._seen:
            return
        self._seen = seen
        shown = self.summary()
        if shown != self._shown:
            self._shown = shown
            self.foot.setVisible(bool(shown[0]))
            self.foot.setText(shown[0])
            self.foot.setAccessibleName(shown[0])
            self.foot.setToolTip(plain_tip(self.words()))
            self._colour()
        if self.window is not None:
            self.window.refresh(self.words())
        self.changed.emit()

    def summary(self) -> tuple[str, str]:
        """A few words and their severity; no words where no folder is watched."""
        status = self.watched.status()
        if status.state is FolderState.OFF:
            return "", ""
        if status.state is FolderState.ELSEWHERE:
            return tr("Watched folder: another window"), "info"
        if status.state is not FolderState.WATCHED:
            return tr("Watched folder: not there"), "critical"
        states = Counter(e.state for e in self.watched.entries())
        loose = states[WatchState.UNASSIGNED]
        asks = sum(states[state] for state in ASKS) - loose
        under_way = states[WatchState.SETTLING] + states[WatchState.QUEUED] + states[WatchState.TAKING]
        if asks:
            text = ngettext("Watched folder: {n} asks for you", "Watched folder: {n} ask for you", asks)
            return text, "critical" if states[WatchState.FAILED] else "warning"
        if loose:
            text = ngettext(
                "Watched folder: {n} unassigned picture", "Watched folder: {n} unassigned pictures", loose
            )
            return text, "warning"
        if under_way:
            text = ngettext("Watched folder: {n} under way", "Watched folder: {n} under way", under_way)
            return text, "info"
        return tr("Watched folder: nothing new"), "info"

    def words(self) -> str:
        """The folder, and what is wrong with it."""
        status = self.watched.status()
        if status.state is FolderState.OFF:
            return tr("No folder is watched. Choose one in the preferences.")
        said = status.words.text(self._context.language.lang)
        return said or str(status.folder)

    def _colour(self) -> None:
        severity = self._shown[1]
        colour = self._context.theme.colour(severity if severity else "info").name()
        self.foot.setStyleSheet(f"QToolButton {{ color: {colour}; }}")

    # -- the list --------------------------------------------------------------------------------------

    def show_window(self) -> WatchedWindow:
        """Everything that lies in the folder."""
        if self.window is None:
            self.window = WatchedWindow(
                self._context, self.watched, self._cases, self._main.pool, self._reviewer, self._main
            )
            self.window.case_chosen.connect(self._open)
            self.window.settings_wanted.connect(self._main.preferences_wanted)
        self.window.refresh(self.words())
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()
        return self.window

    def _reviewer(self) -> str:
        return self._workspace.author if self._main.reviewer.known() else ""

    def _open(self, path: Path) -> None:
        self._main.opener.open_path(path)
        self._main.activateWindow()

    def _closing(self) -> None:
        self._poll.stop()
        if self.window is not None:
            self.window.stop()
            self.window.close()
