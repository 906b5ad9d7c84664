"""Save what is readable of a damaged case into a new one."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from bloodcells_gui.adaptation.label_propagation import CoarsePosteriors
from bloodcells_gui.adaptation.prior_shift import prior_shift_of
from bloodcells_gui.adaptation.reproposal import coarse_rows
from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus
from bloodcells_gui.domain.cell import FIRST_HAND_ID, Cell, CellAssets, MendedOutline
from bloodcells_gui.domain.errors import OutputNotWritable, system_reason
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.review import Event, EventKind
from bloodcells_gui.domain.review_state import BY_HAND_RUN, ReviewState, utc_now
from bloodcells_gui.domain.run_messages import PROVENANCE_LOST, RECOVERED, remark
from bloodcells_gui.domain.run_record import AdaptationRecord, RunRecord
from bloodcells_gui.domain.specimen import ImageRef, Specimen, SpecimenKind
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.imaging.io import plain_files
from bloodcells_gui.storage import connection as conn
from bloodcells_gui.storage import row_validation, salvage, serialization
from bloodcells_gui.storage.case import CAME_FROM, RECOVERED_FROM, CaseStore
from bloodcells_gui.storage.hash_chain import Kind
from bloodcells_gui.storage.recover_red_cells import RecoveredRedCells
from bloodcells_gui.storage.salvage import Reader

_BATCH = 1000
RECORD_LOST = N_(
    "More may be lost than is known: the record of what was written could not be read whole."
    " Compare the case with its images and with earlier reports."
)
ALTERED = N_(
    "Some of what was recovered is not as it was written, or lacks what belonged to it. "
    "Compare the case with its images and with earlier reports."
)
_LARGEST_GAP = 100_000
# What else a case is made of; each act, and each cell with its picture, is looked at by itself.
_OTHERS = frozenset(Kind) - {Kind.CELLS, Kind.EVENT}


@dataclass(slots=True)
class Recovery:
    """What came through.

    `lost_*` count what is known to have been there; `suspect_cells` came through, but something in their
    batch (a cell or a picture) is not as it was written. `record_lost`: the ledger, which says how much there
    was, could not be read whole, so more may be lost than is known. `altered`: kinds of other rows (images,
    runs, reports and so on) of which some are gone or not as they were written.
    """

    cells: int = 0
    events: int = 0
    reports: int = 0
    lost_cells: int = 0
    suspect_cells: int = 0
    lost_pictures: int = 0
    lost_events: int = 0
    lost_reports: int = 0
    signatures_dropped: int = 0
    record_lost: bool = False
    altered: tuple[Kind, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether it is known that nothing is lost, and all is as it was written."""
        unsound = self.lost_pictures or self.suspect_cells or self.altered or self.record_lost
        return not (self.lost or unsound)

    @property
    def lost(self) -> int:
        """Cells, events and reports that are known to be lost."""
        return self.lost_cells + self.lost_events + self.lost_reports

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the numbers alone do not say (English templates)."""
        altered = self.altered or self.suspect_cells or self.lost_pictures
        return (*((RECORD_LOST,) if self.record_lost else ()), *((ALTERED,) if altered else ()))


def recover(path: Path, target: Path, *, app_version: str) -> Recovery:
    """Save what is readable of the damaged case `path` into the new case `target`.

    The damaged file is not touched: a copy of it (with its rollback journal) is read row by row. Signatures
    are not carried over, because nobody signed what came through; the frozen reports are. The new case's
    header names the SHA-256 of the old file.

    Raises
    ------
    UserError
        When not even the list of tables can be read, or `target` exists or cannot be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=".recover-", dir=target.parent))
            copy = Path(folder) / f"damaged{CASE_SUFFIX}"
            _copy(path, copy)
            if Path(f"{path}-journal").is_file():
                _copy(Path(f"{path}-journal"), Path(f"{copy}-journal"))
        except OSError as error:
            raise OutputNotWritable(
                "The damaged case {path} cannot be copied ({reason}).",
                "Recovery works on a copy beside the new case, in {folder}.",
                "Choose a folder with enough space that you may write to.",
                path=path,
                folder=target.parent,
                reason=system_reason(error),
            ) from error
        try:
            connection = stack.enter_context(contextlib.closing(salvage.open_damaged(copy, path)))
            reader = Reader(connection)
            there_before = target.exists()
            try:
                return _transfer(reader, plain_files.sha256_of(path), target, app_version)
            except BaseException:
                if not there_before:  # half a case must not be taken for what came through
                    with contextlib.suppress(OSError):
                        target.unlink(missing_ok=True)
                raise
        except (sqlite3.Error, *row_validation.NONSENSE) as error:
            reason = getattr(error, "sqlite_errorname", "") or type(error).__name__
            raise conn.damaged(path, reason) from error


def _copy(path: Path, copy: Path) -> None:
    with plain_files.reading(path) as source, copy.open("xb") as sink:
        shutil.copyfileobj(source, sink)


def _transfer(reader: Reader, source_sha256: str, target: Path, app_version: str) -> Recovery:
    recovery = Recovery()
    meta = reader.meta()
    cells = _cells(reader)
    suspect = {i for part in reader.broken_ranges(Kind.CELLS) for i in part}
    cells = [c for c in cells if c.id not in suspect or _is_plausible(c)]
    if not meta and not cells and not reader.knows_anything:
        raise sqlite3.DatabaseError("nothing of a case in it")
    recovery.altered = tuple(kind for kind in Kind if kind in _OTHERS and any(reader.broken_ranges(kind)))
    specimen = _specimen(reader, meta)
    with CaseStore.create(
        target,
        specimen,
        case_id=str(meta.get("case_id", f"recovered-{source_sha256[:12]}")),
        created=str(meta.get("created", utc_now())),
        app_version=app_version,
        extra={
            RECOVERED_FROM: source_sha256,
            "recovered_at": utc_now(),
            **{k: str(meta[k]) for k in (CAME_FROM,) if k in meta},
        },
    ) as store:
        recovery.cells = len(cells)
        recovery.suspect_cells = sum(c.id in suspect for c in cells)
        recovery.lost_cells = max(0, reader.expected(Kind.CELLS) - len(cells))
        runs = _runs(reader, cells)
        for run in runs:
            store.start_run(run)
        for number in sorted({c.run for c in cells}):
            of_run = [c for c in cells if c.run == number]
            for start in range(0, len(of_run), _BATCH):
                batch = of_run[start : start + _BATCH]
                pictures = [reader.assets(c.id) for c in batch]
                recovery.lost_pictures += sum(p is None for p in pictures)
                store.add_cells(number, batch, [p or _NO_ASSETS for p in pictures])
        outlines = _outlines(reader, cells)
        store.add_outlines(outlines.values())
        red_cells = RecoveredRedCells(reader)
        red_cells.write(store)
        renumbered = _events(reader, cells, set(outlines), red_cells, store, recovery)
        for run in runs:
            _finish(store, run, renumbered, recovery, _posteriors(reader, run))
        maps = _report_maps(reader)
        columns = "id, version, sha256, report"
        for key, version, hashed, report in reader.sealed("reports", columns, "id", Kind.REPORT):
            if sha256(report).hexdigest() != hashed:
                recovery.lost_reports += 1  # what nobody signed must not get a hash of its own
                continue
            store.freeze(version, report, maps.get(key))
            recovery.reports += 1
        gone = reader.expected(Kind.REPORT) - recovery.reports
        recovery.lost_reports = max(recovery.lost_reports, gone)
        for key, value, author in reader.drafts():
            store.set_draft(key, value, author)
    more_than_known = len(cells) > reader.expected(Kind.CELLS)
    recovery.record_lost = more_than_known or "case_id" not in meta or not reader.record_is_whole
    return recovery


def _finish(
    store: CaseStore,
    run: AnalysisRun,
    renumbered: Mapping[int, int],
    recovery: Recovery,
    posteriors: CoarsePosteriors | None,
) -> None:
    """Write the end of a run; one whose cells did not all come through counts as cancelled."""
    record = replace(run.record, adaptation=_renumbered(run.record.adaptation, renumbered))
    if not record.remarks and not recovery.complete:
        record = replace(record, remarks=(remark(RECOVERED),))
    status = RunStatus.CANCELLED if run.status is RunStatus.RUNNING else run.status
    if recovery.lost_cells or recovery.suspect_cells:
        status = RunStatus.CANCELLED
    store.finish_run(run.number, status, run.finished, run.skipped, record, posteriors=posteriors)


_NO_ASSETS = CellAssets(b"", b"", (0.0, 0.0, 0.0))


def _specimen(reader: Reader, meta: dict[str, object]) -> Specimen:
    about: dict[str, object] = {}
    with contextlib.suppress(*row_validation.NONSENSE):
        about = dict(row_validation.loads(str(meta.get("specimen", "{}"))))
    kind = SpecimenKind.CROPS
    with contextlib.suppress(*row_validation.NONSENSE):
        kind = SpecimenKind(str(about.get("kind", kind)))
    facts: dict[int, tuple[str, tuple[int, int], float | None]] = {}
    columns = "id, image, sha256, width, height, mpp"
    for _, image, sha, w, h, mpp in reader.table("image_facts", columns, "id", 1):
        with contextlib.suppress(*row_validation.NONSENSE):
            size = (
                row_validation.whole(w, 0, row_validation.LARGEST_PX),
                row_validation.whole(h, 0, row_validation.LARGEST_PX),
            )
            facts[image] = (sha, size, row_validation.mpp(mpp))
    places = [
        Path(serialization.name_from_db(place)) for _, place in reader.table("locations", "id, root", "id", 1)
    ]
    refs: list[ImageRef] = []
    for index, name, path, x, y in reader.table("images", "idx, name, path, origin_x, origin_y", "idx"):
        if not len(refs) <= index < len(refs) + _LARGEST_GAP:
            continue  # a damaged number
        while len(refs) < index:
            refs.append(ImageRef("?", Path("?")))
        sha, size, mpp = facts.get(index, ("", (0, 0), None))
        origin = (0.0, 0.0)
        with contextlib.suppress(*row_validation.NONSENSE):
            origin = row_validation.place(x, y)
        text = serialization.name_from_db(name)
        place = places[-1] / text if places else Path(serialization.name_from_db(path))
        refs.append(ImageRef(text, place, sha, size, mpp, origin))
    root = places[-1] if places else Path(serialization.name_from_db(meta.get("root", ".")))
    return Specimen(
        str(about.get("id", "recovered")), kind, root, tuple(refs), bool(about.get("synthetic", False))
    )


def _cells(reader: Reader) -> list[Cell]:
    found: dict[int, Cell] = {}
    for start in (0, FIRST_HAND_ID):
        for row in reader.table("cells", serialization.CELL_COLUMNS, "id", start):
            with contextlib.suppress(*row_validation.NONSENSE):
                found[row[0]] = _cell(row)
    for row in reader.sealed("cells", serialization.CELL_COLUMNS, "id", Kind.CELLS):
        if row[0] not in found:
            with contextlib.suppress(*row_validation.NONSENSE):
                found[row[0]] = _cell(row)
    return [found[i] for i in sorted(found)]


def _cell(row: serialization.Row) -> Cell:
    row_validation.cell_rows([row])
    return serialization.cells_from_rows([row])[0]


def _is_plausible(cell: Cell) -> bool:
    return cell.predicted in BY_CODE and 0 <= cell.probability <= 1 and 0 <= cell.uncertainty <= 1


def _runs(reader: Reader, cells: list[Cell]) -> list[AnalysisRun]:
    ends = _ends(reader)
    skipped: dict[int, list[serialization.Row]] = {}
    for _, run, path, reason in reader.table("skipped", "id, run, path, reason", "id", 1):
        skipped.setdefault(run, []).append((path, reason))
    runs: dict[int, AnalysisRun] = {}
    for row in reader.table("runs", serialization.RUN_COLUMNS, "number"):
        with contextlib.suppress(*row_validation.NONSENSE):
            runs[row[0]] = serialization.run_from_rows(row, ends.get(row[0]), skipped.get(row[0], []))
    lost = (remark(PROVENANCE_LOST),)
    for number in {c.run for c in cells} - set(runs) - {BY_HAND_RUN}:
        runs[number] = AnalysisRun(number, "", "", (), (), record=RunRecord(remarks=lost))
    return [runs[n] for n in sorted(runs)]


def _ends(reader: Reader) -> dict[int, serialization.RunEnd]:
    """How runs ended, as far as that can be read and makes sense."""
    ends: dict[int, serialization.RunEnd] = {}
    for name, columns, decoded in (
        ("run_ends", serialization.RUN_END_COLUMNS, serialization.end_from_old_row),
        ("run_results", serialization.RUN_RESULT_COLUMNS, serialization.end_from_result),
    ):
        for row in reader.table(name, columns, "run"):
            with contextlib.suppress(*row_validation.NONSENSE):
                ends[row[0]] = decoded(row)
    return ends


def _outlines(reader: Reader, cells: list[Cell]) -> dict[tuple[int, int], tuple[MendedOutline, bytes]]:
    """Outlines that persons drew, with their masks, by cell and id, as far as they are as sealed."""
    known = {c.id for c in cells}
    found: dict[tuple[int, int], tuple[MendedOutline, bytes]] = {}
    for row in reader.sealed("outlines", serialization.OUTLINE_COLUMNS, "id", Kind.OUTLINE):
        with contextlib.suppress(*row_validation.NONSENSE):
            outline = serialization.outline_from_row(row)
            if outline.cell in known and reader.fits_seal(Kind.OUTLINE, row):
                found[outline.cell, outline.id] = outline, row[6]
    return found


def _events(
    reader: Reader,
    cells: list[Cell],
    outlines: set[tuple[int, int]],
    red_cells: RecoveredRedCells,
    store: CaseStore,
    recovery: Recovery,
) -> dict[int, int]:
    """Fold what is readable; what does not follow any more (it built on something lost) is left out.

    Returns the new number of each act that was kept.
    """
    state = ReviewState(cells)
    known = {c.id for c in cells}
    renumbered: dict[int, int] = {}
    kept: list[Event] = []
    amended = 0
    for row in reader.sealed("events", serialization.EVENT_COLUMNS, "seq", Kind.EVENT):
        if not reader.fits_seal(Kind.EVENT, row):
            continue
        try:
            event = serialization.event_from_row(row)
        except row_validation.NONSENSE:
            continue
        if event.kind in (EventKind.SIGN, EventKind.AMEND):
            recovery.signatures_dropped += event.kind is EventKind.SIGN
            amended += event.kind is EventKind.AMEND
            continue
        there = frozenset(i for i in event.cells if i in known or i in red_cells)
        new = _remap_event(event, state.last_seq + 1, there, renumbered)
        mended = event.new if event.kind is EventKind.MEND_OUTLINE else ""
        if mended and not any((cell, mended) == (c, str(key)) for cell in event.cells for c, key in outlines):
            continue
        try:
            state.check(new)
        except ValueError:
            continue
        state.apply(new)
        kept.append(new)
        renumbered[event.seq] = new.seq
        recovery.events += 1
    store.append_all(kept)
    left_out = recovery.signatures_dropped + amended
    recovery.lost_events = max(0, reader.expected(Kind.EVENT) - recovery.events - left_out)
    return renumbered


def _posteriors(reader: Reader, run: AnalysisRun) -> CoarsePosteriors | None:
    """Read the posteriors at the end of `run`; None where there are none, or not all are valid."""
    prior_shift = prior_shift_of(run.record.adaptation)
    if prior_shift is None or not prior_shift.has_posteriors:
        return None
    found = [
        row
        for row in reader.sealed("settled", serialization.POSTERIOR_COLUMNS, "id", Kind.SETTLED)
        if row[1] == run.number
    ]
    try:
        return serialization.posteriors_from_rows(found, int(coarse_rows(run.classes).max()) + 1)
    except row_validation.NONSENSE:
        return None


def _report_maps(reader: Reader) -> dict[int, dict[int, bytes]]:
    """Explanation maps by cell, by the report they were kept with."""
    found: dict[int, dict[int, bytes]] = {}
    if reader.has_table("report_maps"):
        for _, report, cell, data in reader.table("report_maps", "id, report, cell, data", "id", 1):
            found.setdefault(report, {})[cell] = data
    return found


def _renumbered(
    adaptation: AdaptationRecord | None, renumbered: Mapping[int, int]
) -> AdaptationRecord | None:
    """An adaptation that names the last act before it by its new number; None where it is no sound one."""
    if adaptation is None or prior_shift_of(adaptation) is None:
        return None
    seen = max((new for old, new in renumbered.items() if old <= adaptation.last_event), default=0)
    return replace(adaptation, last_event=seen)


def _remap_event(event: Event, seq: int, known: frozenset[int], renumbered: dict[int, int]) -> Event:
    kept = [i for i, c in enumerate(event.cells) if c in known]
    old = tuple(event.old[i] for i in kept) if len(event.old) == len(event.cells) else event.old
    return replace(
        event,
        seq=seq,
        cells=tuple(event.cells[i] for i in kept),
        old=old,
        target=renumbered.get(event.target, 0),
    )
