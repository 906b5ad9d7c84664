"""What is done with the cluster from the work list: hand over, follow, stop, go on after a restart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QThreadPool, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from bloodcells_gui.app.analysis_queue import QueueState
from bloodcells_gui.app.worklist import CaseEntry, CaseState, WorkList
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import QueuedLookup
from bloodcells_gui.ui.labels import plain_tip
from bloodcells_gui.ui.worklist.cluster_line import ClusterLine, LeaveClusterDialog

_POLL_MS = 500
_NATIVE = QKeySequence.SequenceFormat.NativeText


class ClusterActs(QObject):
    """Adds its two commands to the menu of the list, and has a line for its head.

    Parameters
    ----------
    chosen, shown : callable
        The cases that are chosen, and all that are shown.
    choose_folder : callable
        Asks for a folder whose analysis is handed over at once.

    Signals
    -------
    done()
        Cases may have changed.
    """

    done = Signal()

    def __init__(
        self,
        context: UiContext,
        cases: WorkList,
        banners: BannerStack,
        pool: QThreadPool,
        page: QWidget,
        menu: QMenu,
        chosen: Callable[[], list[CaseEntry]],
        shown: Callable[[], list[CaseEntry]],
        choose_folder: Callable[[], None],
    ) -> None:
        super().__init__(page)
        self._context = context
        self._cases = cases
        self._banners = banners
        self._page = page
        self._chosen = chosen
        self._shown = shown
        self._ran = False
        self._key = ""  # shown beside the command; the window's own command has it
        menu.addSeparator()
        self.hand_over = self._add(menu, tr("&Hand over to the cluster"), self.hand_chosen_over)
        self.analyse = self._add(menu, tr("Analyse a folder on the cl&uster…"), choose_folder)
        self._same = [self.hand_over]
        menu.aboutToShow.connect(self.show_state)
        self.line = ClusterLine(context)
        self.line.stop_wanted.connect(self._stop_all)
        self.line.resume_wanted.connect(self._resume)
        self.line.leave_wanted.connect(self._leave)
        self._work = QueuedLookup(pool, self)
        self._work.answered.connect(lambda _, count: self._handed_over(count))
        self._work.failed.connect(lambda _, error: self._failed(error))
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._look)
        self._poll.start()
        self.show_state()
        self._look()

    @staticmethod
    def _add(menu: QMenu, text: str, act: Callable[[], None]) -> QAction:
        action = menu.addAction(text)
        action.triggered.connect(lambda _=False: act())
        return action

    def follow(self, command: QAction) -> None:
        """Enable the window's own command as the menu's, with the same words why not."""
        self._same.append(command)
        self._key = f"\t{command.shortcut().toString(_NATIVE)}"
        self.show_state()

    # -- acts ------------------------------------------------------------------------------------------

    def show_state(self) -> None:
        """What can be handed over now, or why nothing can."""
        refused = self._cases.overnight.refusal()
        waiting = [] if refused is not None else self._to_hand_over()
        self.analyse.setEnabled(refused is None)
        lang = self._context.language.lang
        if refused is not None:
            tip = refused.text(lang)
        elif not waiting:
            tip = tr("No chosen case lacks its analysis, and none waits.")
        else:
            tip = ngettext("{n} case", "{n} cases", len(waiting))
        text = tr("&Hand over to the cluster")
        if waiting:
            text = ngettext(
                "&Hand {n} case over to the cluster", "&Hand {n} cases over to the cluster", len(waiting)
            )
        for action in self._same:
            action.setText(text + (self._key if action is self.hand_over else ""))
            action.setEnabled(refused is None and bool(waiting))
            action.setToolTip(plain_tip(tip))
        self.analyse.setToolTip(plain_tip(tip if refused is not None else ""))

    def _to_hand_over(self) -> list[Path]:
        """The chosen cases whose analysis is missing; with fewer than two chosen, all that wait as well.

        A line is chosen as soon as the list is shown: one alone does not say that a person meant only it.
        """
        chosen = self._chosen()
        lacking = [e.path for e in chosen if self._lacks_analysis(e)]
        if len(chosen) > 1 and lacking:
            return lacking
        queued = self._cases.queue.entries()
        waiting = {q.path for q in queued if q.turn is QueueState.WAITING and not q.on_cluster}
        shown = [e.path for e in self._shown() if e.path in waiting] if waiting else []
        return list(dict.fromkeys([*lacking, *shown]))

    def _lacks_analysis(self, entry: CaseEntry) -> bool:
        queued = self._cases.queued(entry.path)
        if queued is not None and queued.turn in (QueueState.WAITING, QueueState.RUNNING):
            return queued.turn is QueueState.WAITING and not queued.on_cluster
        if entry.signed or entry.state is CaseState.UNREADABLE:
            return False
        return entry.incomplete or entry.state in (CaseState.NEW, CaseState.ANALYSING)

    def hand_chosen_over(self) -> None:
        """Hand the chosen cases over, or all that wait."""
        paths, overnight = self._to_hand_over(), self._cases.overnight
        if paths:
            self._work.ask("hand over", lambda: overnight.hand_over(paths))

    def _resume(self) -> None:
        overnight = self._cases.overnight
        self.line.resume_button.setEnabled(False)
        self._work.ask("resume", overnight.resume)

    def _stop_all(self) -> None:
        self._cases.overnight.cancel()
        self._look()

    def _leave(self) -> None:
        self._cases.overnight.leave()
        self._look()

    def _handed_over(self, count: int) -> None:
        self.line.resume_button.setEnabled(True)
        self._banners.show_banner(
            "info",
            ngettext(
                "{n} case is on the cluster now.", "{n} cases are on the cluster now.", count
            ),
            vanish_ms=6000,
        )  # fmt: skip
        self._look()
        self.done.emit()

    def _failed(self, error: object) -> None:
        self.line.resume_button.setEnabled(True)
        if isinstance(error, UserError):
            self._banners.error(error)
        elif isinstance(error, BaseException):
            self._banners.crash(error)

    # -- following -------------------------------------------------------------------------------------

    def _look(self) -> None:
        state = self._cases.overnight.state()
        for error in self._cases.overnight.take_errors():
            self._banners.error(error, stays=True)
        self.line.show_state(state)
        if self._ran and not state.running:
            self.done.emit()
        self._ran = state.running

    def may_close(self) -> bool:
        """Whether the window may be closed; a person is asked while cases are on the cluster."""
        if not self._cases.overnight.state().running:
            return True
        dialog = LeaveClusterDialog(self._page.window())
        accepted = dialog.exec()
        dialog.deleteLater()
        return bool(accepted)

    def stop(self) -> None:
        """Deliver nothing any more."""
        self._poll.stop()
        self._work.close()
