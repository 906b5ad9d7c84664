"""The work list as the window's home: what is opened from it, marked in it, and which case comes next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from bloodcells_gui.app.worklist import CaseEntry, NextCase, WorkList, apply_to_each
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.priority import PRIORITY_FIELD, URGENT, is_urgent
from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import Lookup, QueuedLookup
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.reading import open_for_review
from bloodcells_gui.ui.workbench.recent_cases import RecentCases
from bloodcells_gui.ui.worklist.model import name_of, place_of, state_name
from bloodcells_gui.ui.worklist.page import WorklistPage

_NEWS_MS = 8000
_NAMED = 3


class Home(QObject):
    """Hangs on a window, gives it the work list and goes from case to case."""

    def __init__(self, context: UiContext, window: MainWindow, workspace: Workspace, cases: WorkList) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._workspace = workspace
        self._cases = cases
        self._run_here: Path | None = None
        ask = lambda *x: window.opener.ask_options(*x)  # noqa: E731, PLW0108  # the one of the moment
        self.page = WorklistPage(context, cases, workspace.look_at, window.folders, ask=ask)
        self.page.case_chosen.connect(self.open)
        self.page.urgent_wanted.connect(self.mark)
        self.page.back_wanted.connect(window.show_case)
        self._marks = QueuedLookup(window.folders, self)
        self._marks.answered.connect(lambda _, errors: self._marked(errors))
        self.recent = RecentCases(context, window, workspace, cases, lambda p: self.open(p, False))
        for name, act in (
            ("home", self.toggle), ("next_case", self.open_next), ("urgent", self.toggle_urgent),
        ):  # fmt: skip
            window.actions_.connect(name, act)
        window.case_shown.connect(self._on_case_opened)
        window.case_leaving.connect(lambda page: self.page.show_case(page.session.path))
        window.front_changed.connect(self._show_state)
        window.reporter.next_wanted.connect(self.open_next)
        # The folder of cases may lie on a share that does not answer.
        self._following = Lookup(window.folders, self)
        self._following.answered.connect(lambda _, found: self._offer_next(found))
        window.reporter.signed.connect(lambda: self._following.ask("next", self._search_for_next()))
        window.closing.connect(self._closing)
        window.actions_.connect("hand_over", self.hand_over)
        self.page.cluster.follow(window.actions_.get("hand_over"))
        window.may_close = self.page.cluster.may_close
        window.set_home(self.page, cases.is_begun)

    # -- to and fro ------------------------------------------------------------------------------------

    def show(self) -> WorklistPage:
        """The work list in front."""
        self._window.show_home()
        return self.page

    def toggle(self) -> None:
        """From the open case to the work list and back."""
        if self._window.at_home and self._window.page is not None:
            self._window.show_case()
        else:
            self.show()

    def hand_over(self) -> None:
        """Hand cases over to the cluster; from a case the list is shown first: nothing goes unseen."""
        if self._window.at_home or self._window.page is None:
            self.page.cluster.hand_chosen_over()
        else:
            self.show()

    def open(self, path: Path, and_analyse: bool) -> None:
        """Open a case; with `and_analyse` its analysis, which waited, runs there now."""
        page = self._window.page
        if page is not None and page.session.path.absolute() == path.absolute():
            self._window.show_case()
            if page.session.read_only:
                open_for_review(page.session, self._window.opener, self._window.reviewer)
            return
        # From the recent cases, too: what waits, or is on the cluster, is analysed here now.
        and_analyse = self._cases.queue.withdraw(path) or and_analyse
        self._run_here = path.absolute() if and_analyse else None
        self._window.opener.open_path(path)

    def _analyse_here(self) -> None:
        """Analyse the open case as was asked for when it was queued."""
        page, analysis = self._window.page, self._window.analysis
        job = None if page is None else self._cases.job_here(page.session.path)
        if page is None or job is None or analysis.running:
            self._window.continue_analysis()
        else:
            analysis.run(job, page.session, page.header)

    def _on_case_opened(self, page: CasePage) -> None:
        if self._run_here is not None and page.session.path.absolute() == self._run_here:
            self._run_here = None
            # The opener goes on after this signal; the analysis starts once it is through.
            QTimer.singleShot(0, self, self._analyse_here)

    def _show_state(self) -> None:
        window, front = self._window, self._window.front
        behind = window.page if window.at_home else None
        self.page.offer_way_back("" if behind is None else " ".join(behind.session.specimen.id.split()))
        # Not from a case that is being worked on: the next one opens when this one is done.
        ready = front is None or front.session.state.signed
        window.actions_.get("next_case").setEnabled(ready)
        window.actions_.get("urgent").setEnabled(front is None or not front.session.state.signed)

    # -- the next case ---------------------------------------------------------------------------------

    def _search_for_next(self) -> Callable[[], NextCase | None]:
        page = self._window.page
        after = None if page is None else page.session.path.absolute()
        return lambda: self._cases.next_case(after)

    def _offer_next(self, found: NextCase | None) -> None:
        if found is not None and found.entry is not None:
            self._window.reporter.offer_next(name_of(found.entry))

    def open_next(self) -> None:
        """Open the case that comes next in the order of the work; home where none is left."""
        front, page = self._window.front, self._window.page
        if front is not None and not front.session.state.signed:
            return
        if front is None and page is not None and not page.session.state.signed:
            self._window.show_case()  # the work that was begun comes first
            return
        try:
            found = self._search_for_next()()
        except UserError as error:
            self._window.banners.error(error)
            return
        if found is None or found.entry is None:
            self._window.close_case()
            self.show()
            passed = "" if found is None else passed_over(found)
            self.page.banners.show_banner(
                "ok", tr("No further case waits for you."), passed, vanish_ms=_NEWS_MS
            )
            return
        path = found.entry.path
        self.open(path, self._cases.queue.withdraw(path))
        opened = self._window.page
        if opened is not None and opened.session.path.absolute() == path.absolute():
            self._tell_next(found, found.entry)

    def _tell_next(self, found: NextCase, entry: CaseEntry) -> None:
        state = state_name(entry.state)
        if entry.urgent:
            state = tr("urgent, {state}").format(state=state)
        rest = tr("It is the last one that waits.")
        if found.after_it:
            rest = ngettext("{n} more waits after it.", "{n} more wait after it.", found.after_it)
        what = tr("Next case: {case} ({state})").format(case=name_of(entry), state=state)
        said = " ".join(text for text in (rest, passed_over(found)) if text)
        self._window.banners.show_banner("info", what, said, vanish_ms=_NEWS_MS)

    # -- urgent ----------------------------------------------------------------------------------------

    def toggle_urgent(self) -> None:
        """Mark the case in front, or those chosen in the list, as urgent; or take the mark back."""
        front = self._window.front
        if front is None:
            self.page.toggle_urgent()
        else:
            self._mark_open(front, not is_urgent(front.session.state.data.fields))

    def _mark_open(self, page: CasePage, urgent: bool) -> None:
        if page.controller.set_field(PRIORITY_FIELD, URGENT if urgent else "") is not None:
            page.header.refresh()
            self.page.show_case(page.session.path)

    def mark(self, paths: list[Path], urgent: bool) -> None:
        """Mark cases of the list; the one that is open behind it too."""
        page, cases = self._window.page, self._cases
        closed = [p for p in paths if page is None or p != page.session.path.absolute()]
        if page is not None and len(closed) < len(paths):
            self._mark_open(page, urgent)
        if closed and self._window.reviewer.known():
            act = lambda p: cases.set_urgent(p, urgent)  # noqa: E731
            self._marks.ask(urgent, lambda: apply_to_each(closed, act))

    def _marked(self, errors: list[UserError]) -> None:
        for error in errors:
            self.page.banners.error(error)
        self.page.refresh()

    def _closing(self) -> None:
        self._marks.close()
        self._following.close()
        self.page.stop()


def passed_over(found: NextCase) -> str:
    """Which cases other stations have open, in a sentence; "" for none."""
    if not found.elsewhere:
        return ""
    names = "; ".join(f"{name_of(e)}, {place_of(e)}" for e in found.elsewhere[:_NAMED])
    if len(found.elsewhere) > _NAMED:
        names += "; …"
    return ngettext(
        "{n} is open at another station and was passed over: {names}.",
        "{n} are open at other stations and were passed over: {names}.",
        len(found.elsewhere),
        names=names,
    )
