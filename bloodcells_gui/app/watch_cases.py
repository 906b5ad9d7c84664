"""Cases of what the watched folder holds: made, queued, taken up again after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bloodcells_gui.app.analysis_queue import QueueState
from bloodcells_gui.app.continuing import first_target
from bloodcells_gui.app.intake import Intake, take_in, take_in_files
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import OpenOptions, Workspace
from bloodcells_gui.domain.analysis import RunStatus, SkippedFile
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.file_names import CASE_SUFFIX, numbered
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.specimen import ImageRef, Specimen
from bloodcells_gui.domain.watching import CAME_FROM_WATCHED, WatchState, WatchWords
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.watch_memory import Item

_NO_END = N_("Its analysis came to no end.")
_AGAIN = N_("Try it again, or open its case.")


class WatchCases:
    """Makes cases in the laboratory's folder and lets their analyses wait in the queue.

    Parameters
    ----------
    folder : Path
        The watched folder.
    """

    def __init__(self, workspace: Workspace, cases: WorkList, folder: Path) -> None:
        self._workspace = workspace
        self._cases = cases
        self._folder = folder
        self._queued: set[Path] = set()

    def make(self, intake: Intake) -> Path:
        """A case of a specimen, waiting for its analysis; UserError when it cannot be written."""
        options = OpenOptions(one_specimen=True)
        path = self._cases.enqueue(intake, options, came_from=CAME_FROM_WATCHED)
        self._queued.add(path)
        return path

    def make_of_files(self, files: Sequence[Path], specimen_id: str) -> Path:
        """A case of single pictures; UserError as :meth:`make`, or when one of them cannot be read."""
        return self.make(take_in_files(files, self._folder, specimen_id))

    def add_files(self, files: Sequence[Path], case: Path) -> None:
        """Add single pictures to a case whose analysis has not begun.

        Raises
        ------
        UserError
            When it has begun, the case is open elsewhere, or they are of another kind than its images.
        """
        new = take_in_files(files, self._folder, "").specimen
        withdrawn = self._cases.queue.withdraw(case)
        try:
            with CaseStore.open(case) as store:
                known = store.specimen
                if store.runs or not known.images:
                    raise UserError(
                        "The analysis of {specimen} has begun.",
                        "Pictures can be added before it only.",
                        "Make a new specimen of them.",
                        specimen=known.id,
                    )
                if new.kind is not known.kind:
                    raise UserError(
                        "These pictures are of another kind than those of {specimen}.",
                        "Single cells, fields and slides are counted apart.",
                        "Make a new specimen of them.",
                        specimen=known.id,
                    )
                start = len(known.images)
                store.set_specimen_images(enumerate(_renamed(new.images, known), start))
        finally:
            if withdrawn:
                self._queue(case)
        if not withdrawn:
            self._queue(case)

    def queue_again(self, case: Path) -> None:
        """Let a case wait for its analysis once more."""
        self._queue(case)

    def _queue(self, case: Path) -> None:
        """Queue a case; what a first analysis leaves out is found anew."""
        skipped: tuple[SkippedFile, ...] = ()
        target = None
        with CaseStore.open(case, read_only=True) as store:
            specimen, first = store.specimen, not store.runs
        if first:
            target = first_target(specimen.kind, None)
            if specimen.root.parent == self._folder:
                skipped = take_in(specimen.root).skipped
        self._cases.enqueue_case(case, skipped, target)
        self._queued.add(case)

    # -- afterwards ------------------------------------------------------------------------------------

    def outcome(self, item: Item) -> tuple[WatchState, WatchWords | None]:
        """What became of the analysis of an item's case, and the words for it."""
        if item.case is None:
            return item.state, None
        entry = self._cases.queue.entry(item.case)
        if entry is None:  # a person took it out of the queue, and opened it
            return WatchState.DONE, None
        if entry.turn is QueueState.DONE:
            return WatchState.DONE, None
        if entry.turn is QueueState.STOPPED:
            return WatchState.STOPPED, None
        if entry.turn is QueueState.FAILED:
            words = WatchWords.of(entry.error) if entry.error else WatchWords(_NO_END, "", _AGAIN)
            return WatchState.FAILED, words
        return WatchState.QUEUED, None

    def resume(self, item: Item, case: Path | None) -> tuple[WatchState | None, Path | None]:
        """Take up what was under way when the program ended; None for what is to be looked at anew."""
        case = case or self._case_of(self._folder / item.name)
        if case is None:
            return None, None
        if not case.is_file():  # moved or removed by a person meanwhile
            return WatchState.DONE, case
        try:
            with CaseStore.open(case, read_only=True) as store:
                done = bool(store.runs) and store.runs[-1].status is RunStatus.COMPLETE
            if not done and self._cases.queue.entry(case) is None:
                self._queue(case)
        except UserError:
            return WatchState.DONE, case  # the work list says what is wrong with it
        return (WatchState.DONE if done else WatchState.QUEUED), case

    def _case_of(self, place: Path) -> Path | None:
        """The case whose images lie at `place`: the program ended before it was remembered."""
        newest = sorted(
            self._workspace.cases_dir.glob(f"*{CASE_SUFFIX}"),
            key=lambda p: p.stat().st_mtime_ns,
            reverse=True,
        )
        for path in newest[:_LOOKED_AT]:
            try:
                with CaseStore.open(path, read_only=True) as store:
                    if store.specimen.root == place:
                        return path
            except UserError:
                continue
        return None


_LOOKED_AT = 50


def _renamed(images: Sequence[ImageRef], known: Specimen) -> list[ImageRef]:
    """The images under names that no image of the specimen has."""
    taken = {ref.name for ref in known.images}
    found = []
    for ref in images:
        stem, dot, suffix = ref.name.rpartition(".")
        name = next(n for n in numbered(stem or ref.name, dot + suffix if stem else "") if n not in taken)
        taken.add(name)
        found.append(replace(ref, name=name))
    return found
