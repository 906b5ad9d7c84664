"""Convert domain types to rows of the case file and back.

Numbers are stored as doubles (NaN as NULL), score and measurement vectors as little-endian float32,
embeddings and posteriors as little-endian float16, lists and mappings as JSON.
"""

from __future__ import annotations

import contextlib
import gc
import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.label_propagation import CoarsePosteriors
from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus, SkippedFile
from bloodcells_gui.domain.cell import Box, Cell, CellAssets, MendedOutline
from bloodcells_gui.domain.flat_record import record_from_flat
from bloodcells_gui.domain.measurements import today_name
from bloodcells_gui.domain.review import Event, EventKind
from bloodcells_gui.domain.review_state import BY_HAND_RUN
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.specimen import ScaleEstimate, ScaleSource
from bloodcells_gui.domain.suspicion import with_flag
from bloodcells_gui.storage import row_validation, run_records

Row = tuple[Any, ...]
# Float32 vectors of cells: rows of one array where all are equally long.
Vectors = NDArray[np.float32] | list[NDArray[np.float32]]

CELL_COLUMNS = (
    "id, run, image, x, y, width, height, mpp, predicted, probability, abstained, doubt, focus, flags,"
    " scores, measurements"
)
ASSET_COLUMNS = "cell, crop_x, crop_y, crop_side, thumbnail, mask, embedding"
EVENT_COLUMNS = "seq, kind, author, time, cells, new, old, key, reason, target"
RUN_COLUMNS = (
    "number, started, app_version, classes, measurement_names, bundles, provider, parameters, profile, scale"
)
# Of formats 1 to 3; later ones write run results.
RUN_END_COLUMNS = "run, status, finished, tallies, notice, scale"
RUN_RESULT_COLUMNS = "run, status, finished, scale, counts, progress, maps, adaptation, remarks"
OUTLINE_COLUMNS = "id, cell, x, y, width, height, mask, measurements"
POSTERIOR_COLUMNS = "id, run, cells, kinds"
_POSTERIORS_AT_ONCE = 8192
_MANY = 10**12


def to_json(value: Any) -> str:
    """Compact JSON with non-ASCII text kept readable."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def clean(text: str) -> str:
    """Text that UTF-8 can hold: lone surrogates (from a damaged paste) become "?"."""
    return text.encode("utf-8", "replace").decode("utf-8")


def name_to_db(name: str | Path) -> str | bytes:
    """A path as text, or as its bytes where it is no valid Unicode."""
    text = str(name)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(text)
    return text


def name_from_db(value: object) -> str:
    """Inverse of :func:`name_to_db`."""
    return os.fsdecode(value) if isinstance(value, bytes) else str(value)


def number(value: float) -> float | None:
    """A double that SQLite gives back unchanged: NaN as None, no negative zero."""
    value = float(value)
    return None if math.isnan(value) else value + 0.0


def _nan(value: float | None) -> float:
    return float("nan") if value is None else value


def cell_row(cell: Cell, run: int) -> Row:
    """One row of `cells`; `run` -1 for a cell added by hand."""
    box = cell.box_px
    return (
        int(cell.id),
        None if run == BY_HAND_RUN else int(run),
        int(cell.image),
        float(box.x) + 0.0,
        float(box.y) + 0.0,
        float(box.width) + 0.0,
        float(box.height) + 0.0,
        number(cell.mpp),
        cell.predicted,
        float(cell.probability) + 0.0,
        int(cell.abstained),
        float(cell.uncertainty) + 0.0,
        number(cell.focus),
        json.dumps(cell.flags) if cell.flags else "[]",
        np.asarray(cell.scores, "<f4").tobytes(),
        np.asarray(cell.measurements, "<f4").tobytes(),
    )


def asset_row(cell_id: int, assets: CellAssets) -> Row:
    """One row of `assets`."""
    x, y, side = assets.crop_px
    return (
        int(cell_id),
        float(x) + 0.0,
        float(y) + 0.0,
        float(side) + 0.0,
        bytes(assets.thumbnail),
        bytes(assets.mask),
        np.asarray(assets.embedding, "<f2").tobytes(),
    )


@contextlib.contextmanager
def gc_paused() -> Iterator[None]:
    """While very many objects without cycles are made, the search for cycles costs a quarter of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


class ModelOutput(NamedTuple):
    """What the models say of cells, an item each: the columns that the adaptation to the specimen changes."""

    predicted: list[str]
    probability: list[float]
    abstained: list[bool]
    uncertainty: list[float]
    scores: Vectors


def said_in(rows: Sequence[Row]) -> ModelOutput:
    """What the models said when these cells were found; `scores` are views of one array per call."""
    return ModelOutput(
        [r[8] for r in rows],
        [r[9] for r in rows],
        [bool(r[10]) for r in rows],
        [r[11] for r in rows],
        _vectors([r[14] for r in rows]),
    )


class Suspicion(NamedTuple):
    """How suspicious a cell is (0 to 1), and whether that is enough to show it first."""

    value: float
    look_first: bool


NOT_SUSPICIOUS = Suspicion(0.0, False)


def cells_from_rows(
    rows: Sequence[Row], said: ModelOutput | None = None, suspicion: Sequence[Suspicion] | None = None
) -> list[Cell]:
    """Cells whose `scores` and `measurements` are views of one array per call, so that 100,000 stay small.

    `said` stands instead of what the rows themselves say; `suspicion` is that of each row's cell.
    """
    predicted, probability, abstained, uncertainty, scores = said or said_in(rows)
    row_validation.share_vectors(scores)
    measurements = _vectors([r[15] for r in rows])
    suspicion = suspicion or [NOT_SUSPICIOUS] * len(rows)
    flags: dict[tuple[str, bool], tuple[str, ...]] = {}
    cells = []
    columns = zip(
        rows, predicted, probability, abstained, uncertainty, scores, measurements, suspicion, strict=True
    )
    for r, name, p, waits, d, s, m, (suspicious, look_first) in columns:
        key = (r[13], look_first)
        if key not in flags:
            flags[key] = with_flag(row_validation.texts(row_validation.loads(r[13])), look_first)
        cells.append(
            Cell(
                r[0],
                r[2],
                Box(r[3], r[4], r[5], r[6]),
                _nan(r[7]),
                name,
                p,
                waits,
                d,
                s,
                m,
                _nan(r[12]),
                flags[key],
                BY_HAND_RUN if r[1] is None else r[1],
                suspicious,
            )
        )
    return cells


def _vectors(blobs: list[bytes]) -> Vectors:
    """Blobs as read-only float32 vectors: rows of one array where all are equally long."""
    if not blobs:
        return []
    size = len(blobs[0])
    if size % 4 == 0 and all(len(b) == size for b in blobs):
        return np.frombuffer(b"".join(blobs), "<f4").reshape(len(blobs), size // 4)
    return [np.frombuffer(b[: len(b) // 4 * 4], "<f4") for b in blobs]


def assets_from_row(row: Row) -> CellAssets:
    """Inverse of :func:`asset_row`."""
    embedding = np.frombuffer(row[6], "<f2") if len(row[6]) % 2 == 0 else np.zeros(0, np.float16)
    return CellAssets(row[4], row[5], row_validation.crop(row[1], row[2], row[3]), embedding)


def outline_row(outline: MendedOutline, mask: bytes) -> Row:
    """One row of `outlines`; `mask` is the 8-bit PNG of the cell's window."""
    box = outline.box_px
    return (
        int(outline.id),
        int(outline.cell),
        float(box.x) + 0.0,
        float(box.y) + 0.0,
        float(box.width) + 0.0,
        float(box.height) + 0.0,
        bytes(mask),
        np.asarray(outline.measurements, "<f4").tobytes(),
    )


def outline_from_row(row: Row) -> MendedOutline:
    """Inverse of :func:`outline_row`, without the mask; ValueError on what this program does not write."""
    x, y = row_validation.place(row[2], row[3])
    width, height = (row_validation.number(v, 0, row_validation.LARGEST_PX) for v in row[4:6])
    measurements = np.frombuffer(row[7], "<f4")
    if np.isinf(measurements).any():
        raise ValueError("the measurements of an outline")
    key, cell = row_validation.key(row[0]), row_validation.key(row[1])
    return MendedOutline(key, cell, Box(x, y, width, height), measurements)


def event_row(event: Event) -> Row:
    """One row of `events`."""
    return (
        event.seq,
        str(event.kind),
        clean(event.author),
        event.time,
        to_json(event.cells),
        clean(event.new),
        clean(to_json(event.old)),
        clean(event.key),
        clean(event.reason),
        event.target,
    )


def event_from_row(row: Row) -> Event:
    """Inverse of :func:`event_row`; ValueError on a row no version of this program wrote."""
    cells = row_validation.loads(row[4])
    if not isinstance(cells, list):
        raise ValueError("event row")
    return Event(
        row_validation.key(row[0]),
        EventKind(row[1]),
        row[2],
        row[3],
        tuple(row_validation.key(c) for c in cells),
        row[5],
        row_validation.texts(row_validation.loads(row[6])),
        row[7],
        row[8],
        row_validation.key(row[9]),
    )


def scale_to_json(scale: ScaleEstimate | None) -> str:
    """A scale estimate as JSON, "null" for none."""
    if scale is None:
        return "null"
    mpp = None if scale.mpp is None else number(scale.mpp)
    return to_json(
        {
            "mpp": mpp,
            "source": str(scale.source),
            "spread": float(scale.spread),
            "n": int(scale.n),
            "warning": scale.warning,
            "basis": scale.basis,
        }
    )


def scale_from_json(text: str) -> ScaleEstimate | None:
    """Inverse of :func:`scale_to_json`."""
    obj = row_validation.loads(text)
    if obj is None:
        return None
    return ScaleEstimate(
        row_validation.mpp(obj["mpp"]),
        ScaleSource(obj["source"]),
        row_validation.number(obj["spread"]),
        row_validation.whole(obj["n"], 0, _MANY),
        row_validation.text(obj["warning"]),
        row_validation.text(obj.get("basis", "")),
    )


def run_row(run: AnalysisRun) -> Row:
    """One row of `runs`: what is known when it starts."""
    return (
        int(run.number),
        run.started,
        run.app_version,
        to_json(run.classes),
        to_json(run.measurement_names),
        to_json(dict(run.bundles)),
        run.provider,
        clean(to_json(dict(run.parameters))),
        clean(run.profile),
        scale_to_json(run.scale),
    )


class RunEnd(NamedTuple):
    """How a run ended, whichever table of the case says so."""

    status: RunStatus
    finished: str
    scale: ScaleEstimate | None
    record: RunRecord


def run_result_row(run: int, end: RunEnd) -> Row:
    """One row of `run_results`."""
    columns = run_records.to_objects(end.record)
    return (
        int(run),
        str(end.status),
        end.finished,
        scale_to_json(end.scale),
        *(clean(to_json(column)) for column in columns),
    )


def end_from_result(row: Row) -> RunEnd:
    """Inverse of :func:`run_result_row`; ValueError on what this program does not write."""
    columns = run_records.RecordColumns(*(row_validation.loads(column) for column in row[4:9]))
    return RunEnd(RunStatus(row[1]), row[2], scale_from_json(row[3]), run_records.from_objects(columns))


def end_from_old_row(row: Row) -> RunEnd:
    """From a row of `run_ends`, which formats 1 to 3 wrote; ValueError on what they did not write."""
    found = row_validation.loads(row[3]).items()
    tallies = {name: None if value is None else row_validation.number(value) for name, value in found}
    return RunEnd(
        RunStatus(row[1]),
        row[2],
        scale_from_json(row[5]),
        record_from_flat(tallies, row_validation.text(row[4])),
    )


def run_ends(old: Iterable[Row], results: Iterable[Row]) -> dict[int, RunEnd]:
    """Ends of runs by their number, from the rows of both tables; ValueError where a run ended twice."""
    ends = {row[0]: end_from_old_row(row) for row in old}
    for row in results:
        if row[0] in ends:
            raise ValueError("a run that ended twice")
        ends[row[0]] = end_from_result(row)
    return ends


def posterior_rows(first: int, run: int, posteriors: CoarsePosteriors) -> list[Row]:
    """Rows of the table `settled` from id `first` on."""
    return [
        (
            first + i,
            int(run),
            np.asarray(posteriors.ids[at : at + _POSTERIORS_AT_ONCE], "<i8").tobytes(),
            np.asarray(posteriors.probabilities[at : at + _POSTERIORS_AT_ONCE], "<f2").tobytes(),
        )
        for i, at in enumerate(range(0, len(posteriors.ids), _POSTERIORS_AT_ONCE))
    ]


def posteriors_from_rows(table: Sequence[Row], coarse: int) -> CoarsePosteriors:
    """What the rows of one run hold, for `coarse` classes; ValueError where they do not fit together."""
    ids = np.frombuffer(b"".join(r[2] for r in table), "<i8").astype(np.int64)
    found = np.frombuffer(b"".join(r[3] for r in table), "<f2").astype(np.float32).reshape(len(ids), coarse)
    # NaN fails both comparisons.
    if not ((found >= 0) & (found <= 1)).all() or (np.diff(ids) <= 0).any():
        raise ValueError("settled kinds")
    return CoarsePosteriors(ids, found)


def run_from_rows(row: Row, end: RunEnd | None, skipped: Sequence[Row]) -> AnalysisRun:
    """A run from its row and its end; RUNNING while it has none."""
    scale = scale_from_json(row[9])
    ended: dict[str, Any] = {}
    if end is not None:
        scale = end.scale or scale
        ended = {"status": end.status, "finished": end.finished, "record": end.record}
    return AnalysisRun(
        number=row_validation.key(row[0]),
        started=row[1],
        app_version=row[2],
        classes=row_validation.class_codes(row_validation.loads(row[3])),
        measurement_names=tuple(map(today_name, row_validation.texts(row_validation.loads(row[4])))),
        bundles=row_validation.text_map(row_validation.loads(row[5])),
        provider=row[6],
        parameters=row_validation.text_map(row_validation.loads(row[7])),
        profile=row[8],
        scale=scale,
        skipped=tuple(SkippedFile(name_from_db(s[0]), s[1]) for s in skipped),
        **ended,
    )
