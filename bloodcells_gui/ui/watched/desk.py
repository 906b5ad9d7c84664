"""The watched folder in the window: how it stands at the foot, and the list of what lies in it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QToolButton

from bloodcells_gui.app.watched_folder import WatchedFolder
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.watching import ASKS, FolderState, WatchState
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.labels import plain_tip
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.watched.line import WatchLine
from bloodcells_gui.ui.watched.window import WatchedWindow

_POLL_MS = 1000


class WatchDesk(QObject):
    """Hangs on a window; never takes the focus from a case."""

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
        self._cases_shown: frozenset[Path] = frozenset()
        self.foot = QToolButton()
        self.foot.setAutoRaise(True)
        self.foot.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.foot.clicked.connect(self.show_window)
        self.foot.hide()
        window.statusBar().insertPermanentWidget(1, self.foot)
        self.line = WatchLine(context)
        self.line.shown_wanted.connect(self.show_window)
        self.line.assign_wanted.connect(self.assign)
        if window.home is not None:
            window.home.notices.addWidget(self.line)
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
        self._show_line()
        self._show_new_cases()

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
        asks = sum(states[state] for state in ASKS)
        under_way = states[WatchState.SETTLING] + states[WatchState.QUEUED] + states[WatchState.TAKING]
        if asks > loose:
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

    def _show_line(self) -> None:
        """What asks for a person, above the work list."""
        status = self.watched.status()
        if status.state in (FolderState.AWAY, FolderState.SILENT):
            self.line.say(status.words.text(self._context.language.lang), "critical", unassigned=False)
            return
        states = Counter(e.state for e in self.watched.entries())
        loose = states[WatchState.UNASSIGNED]
        asks = sum(states[state] for state in ASKS) - loose
        said = []
        if loose:
            said.append(
                ngettext(
                    "{n} picture in the watched folder waits for its specimen.",
                    "{n} pictures in the watched folder wait for their specimen.",
                    loose,
                )
            )
        if asks:
            said.append(
                ngettext(
                    "{n} specimen in the watched folder asks for you.",
                    "{n} specimens in the watched folder ask for you.",
                    asks,
                )
            )
        severity = "critical" if states[WatchState.FAILED] else "warning"
        self.line.say(" ".join(said), severity, unassigned=bool(loose))

    def _show_new_cases(self) -> None:
        """A new case stands in the work list at once, and the page of the first start makes room for it."""
        cases = frozenset(e.case for e in self.watched.entries() if e.case is not None)
        news, self._cases_shown = cases - self._cases_shown, cases
        home = self._main.home
        if not news or home is None:
            return
        home.refresh()
        if self._main.page is None and not home.isVisible() and QApplication.activeModalWidget() is None:
            self._main.show_home()

    def assign(self) -> None:
        """The list with the unassigned pictures chosen."""
        self.show_window().choose_unassigned()

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
        if self._main.home is not None:
            self._main.home.case_chosen.emit(path, self._cases.queue.withdraw(path))
        self._main.activateWindow()

    def _closing(self) -> None:
        self._poll.stop()
        if self.window is not None:
            self.window.stop()
            self.window.close()
