"""The laboratory's work list: find, queue, copy, move and recover cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from bloodcells_gui import __version__
from bloodcells_gui.app.analysis import AnalysisJob, AnalysisOptions
from bloodcells_gui.app.analysis_queue import AnalysisQueue, QueueEntry
from bloodcells_gui.app.case_lease import ask_lease
from bloodcells_gui.app.case_strip import draw_strip
from bloodcells_gui.app.continuing import first_target
from bloodcells_gui.app.differential_table import counted_area, differential_of_case
from bloodcells_gui.app.engine import LazyEngine
from bloodcells_gui.app.intake import Intake
from bloodcells_gui.app.overnight import Overnight
from bloodcells_gui.app.two_persons import may_sign_second
from bloodcells_gui.app.work_order import Stage, beginning_of, in_work_order, stage_of, waiting_for_a_person
from bloodcells_gui.app.workspace import OpenOptions, Workspace
from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.csv_text import Field, csv_dialect
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.left_out import CASE_UNREADABLE
from bloodcells_gui.domain.priority import PRIORITY_FIELD, URGENT, is_urgent
from bloodcells_gui.domain.review_state import fold
from bloodcells_gui.domain.specimen import with_number
from bloodcells_gui.imaging.io.own_pictures import validated_jpeg
from bloodcells_gui.report import csv_out
from bloodcells_gui.report.anonymous import anonymous_skipped, pseudonym
from bloodcells_gui.report.table_names import table_names
from bloodcells_gui.report.xlsx_out import XLSX_SUFFIX, write_summary_xlsx
from bloodcells_gui.storage.atomic_io import free_path
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.case_transfer import copy_case
from bloodcells_gui.storage.lock import holder_of
from bloodcells_gui.storage.recover import Recovery, recover
from bloodcells_gui.storage.worklist import CaseEntry, CaseState
from bloodcells_gui.storage.worklist_lines import CaseList
from bloodcells_gui.storage.write_lease import AskLease

__all__ = ["CaseEntry", "CaseState", "NextCase", "Query", "RecentCase", "Recovery", "Stage", "WorkList"]


@dataclass(frozen=True, slots=True)
class TableWritten:
    """A table over cases: how many have a row, and the names of the files that could not be read."""

    written: int
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; empty fields do not narrow.

    `since` and `until` are days (YYYY-MM-DD), both inclusive; `flag` "*" means any flag.
    """

    text: str = ""
    state: str = ""
    since: str = ""
    until: str = ""
    person: str = ""
    flag: str = ""


@dataclass(frozen=True, slots=True)
class NextCase:
    """The case that comes next, and how many come after it.

    `elsewhere` are cases that would have come before it, or before the end: another station has them open.
    `entry` is None where none is left but those.
    """

    entry: CaseEntry | None
    after_it: int
    elsewhere: tuple[CaseEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class RecentCase:
    """A case opened lately; `entry` says what it is, None once its file is gone."""

    path: Path
    entry: CaseEntry | None


class WorkList:
    """The cases of the laboratory's folder.

    `refresh` may run in a worker thread; the rest is quick.

    Parameters
    ----------
    workspace : Workspace
        Gives the folder, the settings (for the flags) and new cases.
    queue : AnalysisQueue or None
        Where background analyses go; one of its own when None.
    """

    def __init__(self, workspace: Workspace, queue: AnalysisQueue | None = None) -> None:
        self._workspace = workspace
        self.queue = queue or AnalysisQueue()
        self._engine = LazyEngine()
        self.overnight = Overnight(workspace, self.queue, self._ask)

    @property
    def folder(self) -> Path:
        """The folder of the laboratory's cases."""
        return self._workspace.cases_dir

    def _list(self) -> CaseList:
        return self._workspace.index.kept()

    # -- reading ---------------------------------------------------------------------------------------

    def is_begun(self) -> bool:
        """Whether there is a case in the laboratory's folder, whatever is known of it yet."""
        try:
            return any(p.name.endswith(CASE_SUFFIX) or p.is_dir() for p in self.folder.iterdir())
        except OSError:
            return False

    def refresh(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Look at the folder again; returns how many cases were read.

        Parameters
        ----------
        progress : callable, optional
            Called with cases read and cases to read; may raise to stop.

        Raises
        ------
        UserError
            When the folder cannot be made, or the laboratory's is not there.
        """
        if self._workspace.folder.where().shared:
            self._workspace.folder.ready()
        return self._list().refresh(progress)

    @property
    def generation(self) -> int:
        """Goes up with whatever other stations of the laboratory changed in the list."""
        return self._workspace.index.generation

    @property
    def trouble(self) -> UserError | None:
        """Why the list is this workstation's own for now, in a laboratory; None where it is not."""
        return self._workspace.index.trouble

    def search(self, query: Query) -> list[CaseEntry]:
        """The cases that fit, newest first, as of the last `refresh`."""
        state = CaseState(query.state) if query.state else None
        return self._list().search(
            query.text,
            state=state,
            since=query.since,
            until=query.until,
            person=query.person,
            flag=query.flag,
        )

    def in_work_order(self, entries: Sequence[CaseEntry]) -> list[CaseEntry]:
        """Cases in the order in which a laboratory works through them; see `app/work_order.py`."""
        busy = self.queue.under_way()
        return in_work_order(entries, lambda e: e.path in busy, beginning_of(date.today()))

    def stages(self, entries: Sequence[CaseEntry]) -> Counter[Stage]:
        """How many cases are pending, to review, to sign, ..."""
        busy, today = self.queue.under_way(), beginning_of(date.today())
        return Counter(stage_of(e, queued=e.path in busy, today=today) for e in entries)

    def next_case(self, after: Path | None = None) -> NextCase | None:
        """The case to open next, by the order of the work; None when none waits for a person.

        Cases that somebody has open are passed over, and so is `after`; of those at other stations the answer
        says so. Each one is looked at anew: another workstation may have signed it. What waits for a second
        person is offered to whoever may be that.
        """
        busy, today = self.queue.under_way(), beginning_of(date.today())
        waiting = waiting_for_a_person(self.search(Query()), lambda e: e.path in busy, today)
        waiting = [e for e in waiting if self._is_for_me(e)]
        elsewhere: list[CaseEntry] = []
        for at, listed in enumerate(waiting):
            if listed.path == after:
                continue
            if listed.open_at or holder_of(listed.path) is not None:
                elsewhere += [listed] if listed.open_at else []
                continue
            now = self._list().entry(listed.path)
            if now is None or not self._is_for_me(now):
                continue
            if waiting_for_a_person([now], lambda e: e.path in busy, today):
                return NextCase(now, sum(e.path != after for e in waiting[at + 1 :]), tuple(elsewhere))
        return NextCase(None, 0, tuple(elsewhere)) if elsewhere else None

    def _is_for_me(self, entry: CaseEntry) -> bool:
        """Whether who is signed in can do what comes next; a second signature is another person's."""
        second = entry.state is CaseState.SECOND_PERSON
        return not second or may_sign_second(self._workspace.accounts, entry.path)

    def describe(self, paths: Sequence[Path]) -> list[RecentCase]:
        """What each of these cases is, also one of another folder; reads files, for a worker thread."""
        return [RecentCase(p, self._list().entry(p) if p.is_file() else None) for p in paths]

    def strip(self, path: Path) -> bytes:
        """JPEG with a few cells of a case, b"" where it has none; for a worker thread.

        Raises
        ------
        UserError
            When the case cannot be read.
        """
        return validated_jpeg(self._list().picture(path, draw_strip))

    def set_urgent(self, path: Path, urgent: bool) -> None:
        """Mark a case that nobody has open as urgent, or take the mark back; its analysis comes next.

        Raises
        ------
        UserError
            When it is open elsewhere, signed, or cannot be written.
        """
        session = self._workspace.open_case(path, remembered=False)
        try:
            if is_urgent(session.state.data.fields) != urgent:
                session.set_field(PRIORITY_FIELD, URGENT if urgent else "")
        finally:
            session.close()
        self._list().entry(path)
        if urgent:
            self.queue.hurry(path)

    def queued(self, path: Path) -> QueueEntry | None:
        """Where the case stands in the queue of analyses."""
        return self.queue.entry(path)

    def write_table(self, entries: Sequence[CaseEntry], target: Path, lang: str = "en") -> TableWritten:
        """Write one table over many cases, a row each with counts, percents and flags.

        A workbook where `target` ends with .xlsx, else CSV.

        Where the laboratory's exports are anonymised, so is this: pseudonyms, and no name of a file. Cases
        that cannot be read have no row and are named in the answer. All of a row is of the file as it is
        now: another case may have taken its place since the list was made.

        Raises
        ------
        OutputNotWritable
        """
        settings = self._workspace.settings
        names = table_names(settings.csv_names, lang)
        rows = []
        unreadable = []
        for listed in entries:
            try:
                entry = self._list().entry(listed.path)
                if entry is None or entry.state is CaseState.UNREADABLE:
                    unreadable.append(listed.path.name)
                    continue
                with CaseStore.open(entry.path, read_only=True) as store:
                    store.check_seals()
                    cells = store.load_cells()
                    with store.decoding("events"):
                        state = fold(cells, store.events())
                    area = counted_area(store.specimen, store.runs, cells)
                    seed = store.seed()
                    name = with_number(store.specimen, state.data.fields).id
            except UserError:
                unreadable.append(listed.path.name)
                continue
            table = differential_of_case(state, settings, area, settings.rollup)
            extras: dict[str, Field] = {
                "state": str(entry.state), "begun": entry.created, "changed": entry.changed,
                "version": state.version, "signatures": entry.signatures, "synthetic": int(entry.synthetic),
            }  # fmt: skip
            if settings.privacy.anonymised_export:
                name = pseudonym(seed)
            else:
                extras["file"] = entry.path.name
            rows.append((name, table, extras))
        if target.suffix.lower() == XLSX_SUFFIX:
            left_out = [SkippedFile(name, tr(CASE_UNREADABLE, lang)) for name in unreadable]
            if settings.privacy.anonymised_export:
                left_out = anonymous_skipped(left_out)
            write_summary_xlsx(target, rows, names, left_out=left_out)
        else:
            csv_out.write_summary_csv(target, rows, csv_dialect(settings.csv, lang), names)
        return TableWritten(len(rows), tuple(unreadable))

    # -- analyses behind the window --------------------------------------------------------------------

    def enqueue(
        self, intake: Intake, options: OpenOptions, *, came_from: str = "", on_cluster: bool = False
    ) -> Path:
        """Make a case of `intake` whose analysis waits for its turn; returns the case file.

        `came_from` as for :meth:`Workspace.new_case`; `on_cluster` hands it over at once.
        """
        refused = self.overnight.refusal() if on_cluster else None
        if refused is not None:
            raise refused
        session, _ = self._workspace.new_case(intake, options, came_from=came_from)
        path = session.path
        session.close()
        target = first_target(intake.specimen.kind, options.target_cells)
        frame = self._workspace.settings.count_cut_left_top
        wishes = AnalysisOptions(options.mpp, target, 1, options.profile, count_cut_left_top=frame)
        job = AnalysisJob(path, self._engine, wishes, intake.skipped, self._ask(path))
        if on_cluster:
            self.overnight.hand_over([path], {path.absolute(): job})
        else:
            self.queue.add(path, job)
        return path

    def enqueue_case(
        self, path: Path, skipped: tuple[SkippedFile, ...] = (), target: int | None = None
    ) -> None:
        """Let a case that is there wait for the rest of its analysis.

        `skipped` and `target` are for a first analysis: what was left out of it, leukocytes to count.
        """
        frame = self._workspace.settings.count_cut_left_top
        options = AnalysisOptions(None, target, 1, count_cut_left_top=frame)
        self._workspace.index.touched(path)
        self.queue.add(path, AnalysisJob(path, self._engine, options, skipped, self._ask(path)))

    def job_here(self, path: Path) -> AnalysisJob | None:
        """The analysis of a case that was withdrawn, as it was asked for, to run in the window."""
        job = self.queue.withdrawn(path)
        if not isinstance(job, AnalysisJob):
            return None
        options = replace(job.asked_for, threads=None)  # nothing else runs beside it
        return AnalysisJob(path, self._workspace.engine, options, job.left_out_before)

    def _ask(self, path: Path) -> AskLease | None:
        """An analysis in the background holds its case, too, where the laboratory has a database."""
        return ask_lease(self._workspace.lab.pool(), path, self._workspace.author, needed=False)

    # -- files -----------------------------------------------------------------------------------------

    def copy(self, path: Path, folder: Path) -> Path:
        """Copy a case that nobody has open into another folder, compared by SHA-256."""
        return copy_case(path, folder / path.name)

    def move(self, path: Path, folder: Path) -> Path:
        """Move a case that nobody has open: copied, compared, and only then removed here."""
        return self._list().move(path, folder)

    def take_in(self, path: Path) -> Path:
        """Copy a case from another workstation into the laboratory's folder."""
        taken = copy_case(path, self._free(path.stem))
        self._workspace.index.touched(taken)
        return taken

    def recover(self, path: Path) -> tuple[Path, Recovery]:
        """Save what is readable of a damaged case into a new one beside it; the old file is not touched."""
        target = self._free(f"{path.stem} (recovered)")
        return target, recover(path, target, app_version=__version__)

    def _free(self, stem: str) -> Path:
        return free_path(self._workspace.folder.ready(), stem, CASE_SUFFIX)

    def close(self, wait_s: float = 10.0) -> None:
        """Stop the queue and release the index."""
        self.overnight.close(wait_s)
        self.queue.close(wait_s)
        self._workspace.index.close()
        self._workspace.lab.close()


def relocate_images(path: Path, root: Path) -> None:
    """Tell a moved case where its images lie now; UserError when it is open or cannot be written."""
    with CaseStore.open(path) as store:
        store.relocate(root)


def apply_to_each(paths: list[Path], act: Callable[[Path], object]) -> list[UserError]:
    """Do `act` to each; returns what went wrong, the rest is done."""
    errors = []
    for path in paths:
        try:
            act(path)
        except UserError as error:
            errors.append(error)
    return errors
