"""Rows of the tables of red cells, and back: examinations, their ends, examined fields.

The cells of a field are columns one behind the other, compressed by zlib: boxes as x, y, width, height and
measures as little-endian float32, probabilities and doubt as little-endian float16, and a byte of flags. Rows
are the cells; measures and probabilities stand in the order that the row of the examination names. Contours
are, compressed too, the number of points of each cell (uint16) and then all points as x, y (int16, eighths of
a px from the top left corner of the cell's box, rounded down). Reading raises ValueError on what no version
of this program writes, and never decompresses to more than a field can hold.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.cell import FIRST_RED_CELL_ID
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.examination import (
    MOST_IN_FIELD,
    MOST_RED_CELLS,
    Examination,
    FieldFindings,
    FieldPlace,
    StoredField,
)
from bloodcells_gui.domain.red_cells import RED_CELL_CODES, RED_CELL_MEASURES, RedCells
from bloodcells_gui.storage import row_validation, run_records, serialization
from bloodcells_gui.storage.row_validation import LARGEST_PX
from bloodcells_gui.storage.serialization import Row

RUN_COLUMNS = "number, started, app_version, bundle, classes, measures, parameters, scale"
END_COLUMNS = "id, run, status, finished, remarks"
FIELD_COLUMNS = "id, run, image, x, y, width, height, mpp, first, count, cut, picture, cells, contours"
PLACE_COLUMNS = "id, run, image, x, y, width, height, mpp, first, count, cut"

_MOST_POINTS = 1024
_STEPS = 8  # of a contour, per px
_MANY = 10**6
_LEAST_MPP, _MOST_MPP = 1e-3, 1e2
_MOST_BYTES = 16 * 1024**2
_DOUBTFUL, _PARTED = 1, 2
_ROUNDING = 1e-3


class Columns(NamedTuple):
    """What the columns of an examination's cells are: its own classes and measures, in its order."""

    classes: tuple[str, ...]
    measures: tuple[str, ...]


TODAY = Columns(RED_CELL_CODES, RED_CELL_MEASURES)


class End(NamedTuple):
    """How an examination stopped."""

    status: RunStatus
    finished: str
    remarks: tuple[Remark, ...]


# ---- examinations


def run_row(run: Examination) -> Row:
    """One row of `red_cell_runs`."""
    return (
        int(run.number),
        run.started,
        run.app_version,
        serialization.clean(run.bundle),
        serialization.to_json(TODAY.classes),
        serialization.to_json(TODAY.measures),
        serialization.clean(serialization.to_json(dict(run.parameters))),
        serialization.scale_to_json(run.scale),
    )


def end_row(key: int, run: int, end: End) -> Row:
    """One row of `red_cell_run_ends`."""
    remarks = [{"text": r.text, "params": dict(r.params)} for r in end.remarks]
    text = serialization.clean(serialization.to_json(remarks))
    return (int(key), int(run), str(end.status), end.finished, text)


def end_from_row(row: Row) -> End:
    """Inverse of :func:`end_row`."""
    status = RunStatus(row[2])
    if status is RunStatus.RUNNING:
        raise ValueError("an end that is none")
    found = row_validation.loads(row[4])
    if not isinstance(found, list):
        raise ValueError("no list of remarks")
    return End(status, row_validation.text(row[3]), tuple(run_records.remark_from(obj) for obj in found))


def run_from_row(row: Row, end: End | None = None) -> Examination:
    """Inverse of :func:`run_row`; `end` is the newest of the examination."""
    columns_of(row)
    stopped = end or End(RunStatus.RUNNING, "", ())
    return Examination(
        row_validation.key(row[0]),
        row_validation.text(row[1]),
        row_validation.text(row[2]),
        row_validation.text(row[3]),
        row_validation.text_map(row_validation.loads(row[6])),
        serialization.scale_from_json(row[7]),
        stopped.status,
        stopped.finished,
        stopped.remarks,
    )


def columns_of(row: Row) -> Columns:
    """What the cells of an examination's fields hold, from its row."""
    return Columns(
        _named(row_validation.loads(row[4]), RED_CELL_CODES),
        _named(row_validation.loads(row[5]), RED_CELL_MEASURES),
    )


def _named(value: object, known: Sequence[str]) -> tuple[str, ...]:
    names = row_validation.texts(value)
    if not names or len(set(names)) != len(names) or not set(names) <= set(known):
        raise ValueError("unknown columns of red cells")
    return names


# ---- examined fields


def field_row(stored: StoredField, found: FieldFindings) -> Row:
    """One row of `red_cell_fields`; ValueError where the findings are not of one length, or too many."""
    place, n = stored.place, len(found.cells)
    if n != stored.count or n != len(found.contours) or len(found.picture) > _MOST_BYTES:
        raise ValueError("cells and contours of a field")
    row = (
        int(stored.id),
        int(stored.run),
        int(place.image),
        int(place.x),
        int(place.y),
        int(place.width),
        int(place.height),
        float(place.mpp),
        int(stored.first),
        n,
        int(stored.cut),
        bytes(found.picture),
        _packed_cells(found.cells),
        _packed_contours(found.cells.boxes, found.contours),
    )
    field_from_row(row)
    cells_from_row(row, TODAY)
    contours_from_row(row, TODAY)
    return row


def field_from_row(row: Row) -> StoredField:
    """The place of a field and which cells are in it, from its row or from `PLACE_COLUMNS`."""
    key, run, image = (row_validation.key(v) for v in row[:3])
    x, y = (row_validation.whole(v, 0, LARGEST_PX) for v in row[3:5])
    width, height = (row_validation.whole(v, 1, LARGEST_PX) for v in row[5:7])
    mpp = row_validation.number(row[7], _LEAST_MPP, _MOST_MPP)
    first = row_validation.whole(row[8], FIRST_RED_CELL_ID, row_validation.LARGEST_KEY)
    count = row_validation.whole(row[9], 0, MOST_IN_FIELD)
    cut = row_validation.whole(row[10], 0, _MANY)
    return StoredField(key, run, FieldPlace(image, x, y, width, height, mpp), first, count, cut)


def fields_from_rows(table: Sequence[Row]) -> list[StoredField]:
    """All examined fields of a case, in order of their ids; ValueError where two share the id of a cell."""
    found = [field_from_row(row) for row in table]
    end = FIRST_RED_CELL_ID
    for each in found:
        if each.first < end:
            raise ValueError("a red cell that is there twice")
        end = each.first + each.count
    if sum(each.count for each in found) > MOST_RED_CELLS:
        raise ValueError("more red cells than a case keeps")
    return found


def _packed_cells(cells: RedCells) -> bytes:
    flags = cells.doubtful.astype(np.uint8) * _DOUBTFUL + cells.parted.astype(np.uint8) * _PARTED
    parts = (
        np.asarray(cells.boxes, "<f4"),
        np.asarray(cells.measures, "<f4"),
        np.asarray(cells.probabilities, "<f2"),
        np.asarray(cells.doubt, "<f2"),
        flags,
    )
    return zlib.compress(b"".join(np.ascontiguousarray(part).tobytes() for part in parts))


def _unpacked(blob: bytes, most: int) -> bytes:
    """What `blob` holds, at most `most` bytes of it."""
    machine = zlib.decompressobj()
    try:
        data = machine.decompress(blob, most + 1)
    except zlib.error as error:
        raise ValueError("no compressed columns") from error
    if len(data) > most or not machine.eof or machine.unused_data:
        raise ValueError("columns of another length")
    return data


def cells_from_row(row: Row, columns: Columns) -> RedCells:
    """The red cells of a field, with the columns of today in today's order.

    A class that the examination did not know has the probability 0, what it did not measure is NaN.
    """
    stored = field_from_row(row)
    n, m, k = stored.count, len(columns.measures), len(columns.classes)
    sizes = [4 * 4 * n, 4 * m * n, 2 * k * n, 2 * n, n]
    data = _unpacked(row[12], sum(sizes))
    if len(data) != sum(sizes):
        raise ValueError("columns of another length")
    at = np.cumsum([0, *sizes])
    parts = [data[a:b] for a, b in pairwise(at.tolist())]
    boxes = np.frombuffer(parts[0], "<f4").reshape(n, 4).astype(np.float32)
    measured = np.frombuffer(parts[1], "<f4").reshape(n, m)
    said = np.frombuffer(parts[2], "<f2").reshape(n, k).astype(np.float32)
    doubt = np.frombuffer(parts[3], "<f2").astype(np.float32)
    flags = np.frombuffer(parts[4], np.uint8)
    _check_cells(boxes, measured, said, doubt, flags)
    measures = np.full((n, len(RED_CELL_MEASURES)), np.nan, np.float32)
    measures[:, [RED_CELL_MEASURES.index(name) for name in columns.measures]] = measured
    probabilities = np.zeros((n, len(RED_CELL_CODES)), np.float32)
    probabilities[:, [RED_CELL_CODES.index(code) for code in columns.classes]] = said
    return RedCells(
        np.arange(stored.first, stored.first + n, dtype=np.int64),
        np.full(n, stored.place.image, np.int32),
        np.full(n, stored.id, np.int32),
        boxes,
        measures,
        probabilities,
        doubt,
        (flags & _DOUBTFUL).astype(np.bool_),
        (flags & _PARTED).astype(np.bool_),
    )


def _check_cells(
    boxes: NDArray[np.float32],
    measured: NDArray[np.float32],
    said: NDArray[np.float32],
    doubt: NDArray[np.float32],
    flags: NDArray[np.uint8],
) -> None:
    # NaN fails every comparison.
    if not (np.abs(boxes) <= LARGEST_PX).all() or not (boxes[:, 2:] > 0).all():
        raise ValueError("the place of a red cell")
    if np.isinf(measured).any():
        raise ValueError("the measures of a red cell")
    for shares in (said, doubt):
        if not ((shares >= 0) & (shares <= 1 + _ROUNDING)).all():
            raise ValueError("what the model said of a red cell")
    if (flags > _DOUBTFUL + _PARTED).any():
        raise ValueError("flags of a red cell")


def _packed_contours(boxes: NDArray[np.float32], contours: Sequence[NDArray[Any]]) -> bytes:
    counts = np.array([len(c) for c in contours], np.int64)
    if (counts > _MOST_POINTS).any():
        raise ValueError("a contour of too many points")
    flat = [np.asarray(c, np.float64).reshape(-1, 2) for c in contours]
    corners = np.repeat(np.floor(boxes[:, :2].astype(np.float64)), counts, axis=0)
    points = np.rint((np.concatenate(flat) - corners) * _STEPS) if flat else np.zeros((0, 2))
    if not (np.abs(points) <= np.iinfo(np.int16).max).all():
        raise ValueError("a contour far from its cell")
    return zlib.compress(counts.astype("<u2").tobytes() + points.astype("<i2").tobytes())


def contours_from_row(row: Row, columns: Columns) -> list[NDArray[np.float32]]:
    """Outline of each cell of a field, (k, 2) x and y in full-resolution px of the image."""
    cells = cells_from_row(row, columns)
    n = len(cells)
    data = _unpacked(row[13], n * (2 + 4 * _MOST_POINTS))
    if len(data) < 2 * n:
        raise ValueError("contours of another length")
    counts = np.frombuffer(data[: 2 * n], "<u2").astype(np.int64)
    if (counts > _MOST_POINTS).any() or len(data) != 2 * n + 4 * int(counts.sum()):
        raise ValueError("contours of another length")
    if not n:
        return []
    corners = np.repeat(np.floor(cells.boxes[:, :2].astype(np.float64)), counts, axis=0)
    points = (np.frombuffer(data[2 * n :], "<i2").reshape(-1, 2) / _STEPS + corners).astype(np.float32)
    return np.split(points, np.cumsum(counts)[:-1])
