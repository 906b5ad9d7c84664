"""Run an analysis in the background: its events into the case, its progress onto the bar."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.analysis import (
    AnalysisEvent,
    CellsFound,
    CellsReproposed,
    Done,
    ImagesRead,
    Progress,
    RunStatus,
    ScaleKnown,
    Skipped,
    SkippedFile,
    is_incomplete,
    left_out,
)
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.left_out import expected, is_duplicate
from bloodcells_gui.domain.run_messages import (
    needs_scale,
    remarks_text,
    run_remarks,
    scale_remarks,
    without_target,
)
from bloodcells_gui.ui.banner import Banner, BannerStack
from bloodcells_gui.ui.case_header import CaseHeader
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import Job, JobRunner
from bloodcells_gui.ui.progress_bar import AnalysisBar
from bloodcells_gui.ui.scale_words import as_in_the_window

_NAMED = 3


def merged(events: list[AnalysisEvent]) -> list[AnalysisEvent]:
    """The same events with cells, and images, that came together in one: every event redraws every view."""
    cells = [e for e in events if isinstance(e, CellsFound)]
    images = [e for e in events if isinstance(e, ImagesRead)]
    out: list[AnalysisEvent] = []
    for event in events:
        if isinstance(event, ImagesRead):
            if event is images[0]:
                out.append(ImagesRead(tuple(pair for e in images for pair in e.images)))
        elif isinstance(event, CellsFound):
            # The assets are in the case; no view of the window takes them from here.
            if event is cells[-1]:
                out.append(CellsFound(tuple(c for e in cells for c in e.cells), ()))
        else:
            out.append(event)
    return out


class AnalysisControl(QObject):
    """At most one analysis at a time.

    Signals
    -------
    state_changed()
        It started or ended.
    heard(list)
        Events as they come, for views that show more than cells (tiles, zones).
    scale_wanted()
        The person wants to give the scale.
    continue_wanted()
        The person wants an analysis to go on.
    """

    state_changed = Signal()
    heard = Signal(list)
    scale_wanted = Signal()
    continue_wanted = Signal()

    def __init__(
        self, context: UiContext, bar: AnalysisBar, banners: BannerStack, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._bar = bar
        self._banners = banners
        self._session: CaseSession | None = None
        self._header: CaseHeader | None = None
        self._skipped: list[SkippedFile] = []
        self._done: Done | None = None
        self._told: list[Banner] = []
        self.runner = JobRunner(self)
        self.runner.batch.connect(self._batch)
        self.runner.failed.connect(self._on_analysis_failed)
        self.runner.finished.connect(self._finished)
        bar.cancelled.connect(self.runner.cancel)

    @property
    def running(self) -> bool:
        """Whether an analysis is under way."""
        return self.runner.running

    def run(self, job: Job, session: CaseSession, header: CaseHeader | None) -> None:
        """Start `job`, whose findings belong into `session`."""
        self._session, self._header = session, header
        self._skipped, self._done = [], None
        for banner in self._told:
            self._banners.dismiss(banner)  # of the run before: it goes on now
        self._told.clear()
        self._banners.settle("recovery")  # that it did not end: it goes on now
        if header is not None:
            header.running = True
            header.refresh()
        self._bar.begin()
        self.runner.start(job)
        self.state_changed.emit()

    def stop(self) -> None:
        """Cancel and wait; what was found is in the case file."""
        self.runner.stop()
        self._session = self._header = None
        self._bar.end()

    def _batch(self, events: list[AnalysisEvent]) -> None:
        session = self._session
        if session is None:
            return
        latest: Progress | None = None
        for event in merged(events):
            match event:
                case Progress():
                    latest = event
                case CellsFound() | CellsReproposed() | ImagesRead():
                    session.absorb(event)
                case ScaleKnown(scale):
                    session.absorb(event)
                    if self._header is not None:
                        self._header.scale_known(scale)
                case Skipped(file):
                    self._skipped.append(file)
                case Done():
                    session.absorb(event)
                    self._done = event
        self.heard.emit(events)
        if latest is not None:
            self._bar.show_progress(latest)

    def _on_analysis_failed(self, error: object) -> None:
        if isinstance(error, UserError):
            self._told.append(self._banners.error(error))
        else:
            self._told.append(self._banners.crash(error))

    def _finished(self) -> None:
        self._bar.end()
        if self._header is not None:
            self._header.running = False
            self._header.refresh()
        if self._session is not None:
            self._tell_skipped(self._session, self._skipped)
        if self._done is not None and without_target(self._done.record.remarks):
            self._tell_end(self._done)
        if self._done is not None and self._done.status == RunStatus.CANCELLED:
            self._offer_to_continue(
                tr("The analysis was stopped."), tr("What was found so far is kept and marked incomplete.")
            )
        self._session = None
        self.state_changed.emit()

    def _offer_to_continue(self, what: str, why: str) -> None:
        action = (tr("Continue the analysis"), self.continue_wanted.emit)
        self._told.append(self._banners.show_banner("info", what, why, actions=(action,)))

    def tell_opened(self, session: CaseSession) -> None:
        """Say of a case that was opened that its analysis can go on, what it left out, if it needs a scale.

        After a crash the notice about it offers to continue.
        """
        run = session.runs[-1] if session.runs else None
        ended = run is not None and run.status in (RunStatus.CANCELLED, RunStatus.FAILED)
        if ended and is_incomplete(session.runs) and not (session.read_only or session.state.signed):
            self._offer_to_continue(
                tr("The analysis of this case did not reach its end."),
                tr("What was found so far is kept and marked incomplete."),
            )
        if not session.state.signed:
            self._tell_skipped(session)
        self._tell_scale(session)

    def _tell_scale(self, session: CaseSession) -> None:
        """Say what to do where no cell is named without a scale.

        A scale that is only unsure has a chip above the case and a remark under the table.
        """
        run = session.runs[-1] if session.runs else None
        if run is not None and not session.state.signed and needs_scale(run):
            lang = self._context.language
            told = remarks_text(scale_remarks(run_remarks([run])), lang.lang)
            self._ask_scale(told or lang.text(run.scale.warning if run.scale else ""))

    def _ask_scale(self, told: str) -> None:
        told = as_in_the_window(told)
        give = tr("Give the scale: the images are analysed anew as another case; this one stays.")
        action = (tr("Give the scale…"), self.scale_wanted.emit)
        banner = self._banners.notice("scale", "warning", told, what_to_do=give, actions=(action,))
        self._told += [banner] if banner is not None else []

    def _show_banner(self, severity: str, what: str, why: str, what_to_do: str) -> None:
        self._told.append(self._banners.show_banner(severity, what, why, what_to_do))

    def _tell_end(self, done: Done) -> None:
        """Say where a run failed, or needs a scale; its other remarks stand under the table."""
        text = remarks_text(without_target(done.record.remarks), self._context.language.lang)
        run = self._session.runs[-1] if self._session is not None and self._session.runs else None
        if done.status == RunStatus.FAILED:
            again = tr("When the images are there again, continue the analysis from the File menu.")
            self._show_banner("warning", text, "", again)
        elif run is not None and needs_scale(run):
            self._ask_scale(text)

    def _tell_skipped(self, session: CaseSession, before: Sequence[SkippedFile] = ()) -> None:
        """Say which files the runs left out, and those that were refused `before` the analysis began.

        Files that nobody takes for photographs are not told, and copies have a remark of their own.
        """
        found = {f.path: f for f in (*left_out(session.runs, session.specimen), *before)}
        skipped = [f for f in found.values() if not (expected(f.reason) or is_duplicate(f.reason))]
        if not skipped:
            return
        language = self._context.language
        named = [labelled(f.path, language.retold(f.reason), language.lang) for f in skipped[:_NAMED]]
        more = len(skipped) - len(named)
        if more:
            named.append(ngettext("and {n} more", "and {n} more", more))
        banner = self._banners.notice(
            f"left out {len(skipped)}",
            "warning",
            ngettext(
                "{n} file could not be read and was left out.",
                "{n} files could not be read and were left out.",
                len(skipped),
            ),
            "\n".join(named),
            tr("skipped.csv of the export lists all of them."),
        )
        self._told += [banner] if banner is not None else []
