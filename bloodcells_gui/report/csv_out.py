"""CSV files of a case: their columns and rows (fields are written by `domain/csv_text.py`)."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Protocol

from bloodcells_gui.domain.analysis import AnalysisRun, SkippedFile
from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.csv_text import RFC4180, CsvDialect, Field
from bloodcells_gui.domain.differential import Differential, DifferentialRow
from bloodcells_gui.domain.errors import OutputNotWritable, system_reason
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.reader_limits import ReaderLimits
from bloodcells_gui.domain.retold import retold
from bloodcells_gui.domain.review import Decision
from bloodcells_gui.domain.run_messages import unfamiliar_remark
from bloodcells_gui.domain.specimen import Specimen
from bloodcells_gui.domain.tags import SEPARATOR
from bloodcells_gui.domain.taxonomy import ORDER
from bloodcells_gui.report.table_names import KEYS, TableNames
from bloodcells_gui.storage.atomic_io import whole_file

CELL_HEAD = (
    "cell_id", "image", "x_px", "y_px", "width_px", "height_px", "mpp", "predicted", "probability", "status",
    "final", "reviewer", "reviewed_at",
)  # fmt: skip
DIFFERENTIAL_HEAD = (
    "code", "name", "count", "percent", "low95", "high95", "per_100_wbc", "absolute_10e9_per_l",
    "ref_low_10e9_per_l", "ref_high_10e9_per_l", "flag",
)  # fmt: skip
READER_HEAD = ("code", "name", "count", "percent", "per_100_wbc", "low95", "high95")
SKIPPED_HEAD = ("path", "reason")
CONTRADICTED_HEAD = ("path", "label", "others_say", "label_probability", "other_probability")
#: Flag of every cell of a run whose specimen looks unfamiliar (`domain.run_messages.unfamiliar_remark`).
UNFAMILIAR_SPECIMEN = "unfamiliar specimen"


class DecisionLookup(Protocol):
    """What the cell table needs of `ReviewState`."""

    def decision(self, cell_id: int) -> Decision: ...
    def present(self, cell_id: int) -> bool: ...


def _number(value: float | None, digits: int) -> Field:
    return None if value is None else round(float(value), digits)


@contextlib.contextmanager
def atomic_file(path: Path, mode: str = "w", encoding: str = "utf-8") -> Iterator[IO[Any]]:
    """A file that appears under its name only when it is complete and on the disk.

    Raises
    ------
    OutputNotWritable
        When the folder is read-only, the disk is full and the like; nothing half-written stays.
    """
    what = N_("“{name}” could not be written.")
    advice = N_("Choose another folder or free some space, then export again; nothing is lost.")
    # The name of a temporary file says nothing of the patient.
    part = path.with_name(f".bloodcells-{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with whole_file(path, part) as raw:
            if "b" in mode:
                yield raw
                return
            stream = io.TextIOWrapper(raw, encoding, newline="")
            yield stream
            stream.flush()
            stream.detach()
    except OSError as error:
        why = N_("The system says: {reason}.")
        raise OutputNotWritable(what, why, advice, name=path.name, reason=system_reason(error)) from error


def write_rows(
    path: Path,
    head: Sequence[str],
    rows: Iterable[Sequence[Field]],
    dialect: CsvDialect = RFC4180,
    names: TableNames = KEYS,
) -> Path:
    """Write a table under `path`, atomically; CRLF line ends, the last one too (RFC 4180)."""
    with atomic_file(path, encoding=dialect.encoding) as stream:
        writer = csv.writer(stream, delimiter=dialect.separator, lineterminator="\r\n")
        writer.writerow(names.head(head))
        writer.writerows([dialect.field(v) for v in names.row(head, row)] for row in rows)
    return path


def write_cells_csv(
    path: Path,
    specimen: Specimen,
    runs: Sequence[AnalysisRun],
    cells: Iterable[Cell],
    state: DecisionLookup,
    dialect: CsvDialect = RFC4180,
    names: TableNames = KEYS,
    *,
    tags: Mapping[int, Sequence[str]] = MappingProxyType({}),
) -> Path:
    """One row per detected object, in order of `cells`.

    `tags` are those of each cell, in a last column; where no cell has any there is no such column.

    `p_CODE` columns are the leaves that any run's model knows, measurements those of any run; a cell of a run
    that lacks one has an empty field.
    """
    by_number = {run.number: run for run in runs}
    known = {code for run in runs for code in run.classes}
    leaves = sorted(known, key=lambda c: (ORDER.get(c, len(ORDER)), c))
    # focus has a column of its own behind the measurements
    measured = dict.fromkeys(name for run in runs for name in run.measurement_names if name != "focus")
    measures = list(measured)
    head = [*CELL_HEAD, *(f"p_{c}" for c in leaves), *measures, "focus", "flags", "model_sha256"]
    tagged = any(tags.values())
    if tagged:
        head.append("tags")
    plans = {n: _Plan(run, leaves, measures) for n, run in by_number.items()}
    by_hand = _Plan(None, leaves, measures)

    def rows() -> Iterator[list[Field]]:
        for cell in cells:
            if not state.present(cell.id):
                continue
            decision = state.decision(cell.id)
            name = specimen.images[cell.image].name if 0 <= cell.image < len(specimen.images) else ""
            box = cell.box_px
            plan = plans.get(cell.run, by_hand)
            yield [
                cell.id, name, _number(box.x, 2), _number(box.y, 2), _number(box.width, 2),
                _number(box.height, 2), _number(cell.mpp, 6), cell.predicted, _number(cell.probability, 6),
                decision.status.value, decision.final, decision.reviewer, decision.reviewed_at,
                *plan.scores(cell), *plan.measurements(cell), _number(cell.focus, 4),
                "; ".join((*cell.flags, *plan.flags)), plan.model,
                *((SEPARATOR.join(tags.get(cell.id, ())),) if tagged else ()),
            ]  # fmt: skip

    return write_rows(path, head, rows(), dialect, names)


class _Plan:
    """Where a run's scores and measurements go among the columns."""

    def __init__(self, run: AnalysisRun | None, leaves: Sequence[str], measures: Sequence[str]) -> None:
        classes = {c: i for i, c in enumerate(run.classes)} if run else {}
        names = {m: i for i, m in enumerate(run.measurement_names)} if run else {}
        self._classes = [classes.get(c) for c in leaves]
        self._names = [names.get(m) for m in measures]
        self.model = run.bundles.get("classify", "").split(" ")[-1] if run else ""
        self.flags = (UNFAMILIAR_SPECIMEN,) if run and unfamiliar_remark([run]) else ()

    def scores(self, cell: Cell) -> list[Field]:
        values = cell.scores.tolist()
        return [round(values[i], 6) if i is not None and i < len(values) else None for i in self._classes]

    def measurements(self, cell: Cell) -> list[Field]:
        values = cell.measurements.tolist()
        return [float(f"{values[i]:.6g}") if i is not None and i < len(values) else None for i in self._names]


def _row(row: DifferentialRow, lang: str) -> list[Field]:
    return [
        row.code, tr(row.name, lang), row.count, _number(row.percent, 4), _number(row.low95, 4),
        _number(row.high95, 4), _number(row.per_100_wbc, 4), _number(row.absolute, 4),
        _number(row.ref_low, 4), _number(row.ref_high, 4), row.flag,
    ]  # fmt: skip


def write_differential_csv(
    path: Path, differential: Differential, dialect: CsvDialect = RFC4180, names: TableNames = KEYS
) -> Path:
    """The table's rows; totals that repeat cells of other rows stay out, so that counts add up."""
    rows = (_row(r, names.lang) for r in differential.rows)
    return write_rows(path, DIFFERENTIAL_HEAD, rows, dialect, names)


def write_reader_csv(
    path: Path, limits: ReaderLimits, dialect: CsvDialect = RFC4180, names: TableNames = KEYS
) -> Path:
    """Limits that include the reader; a table without rows where they are not given."""
    rows = (
        [
            r.code, tr(r.name, names.lang), r.count, _number(r.percent if r.counts else None, 4),
            _number(None if r.counts else r.percent, 4), _number(r.low95, 4), _number(r.high95, 4),
        ]
        for r in limits.rows
    )  # fmt: skip
    return write_rows(path, READER_HEAD, rows, dialect, names)


def write_skipped_csv(
    path: Path, skipped: Iterable[SkippedFile], dialect: CsvDialect = RFC4180, names: TableNames = KEYS
) -> Path:
    """Every file that was left out, and why in the language of `names`; no rows when there is none."""
    rows = ([s.path, retold(s.reason, names.lang)] for s in skipped)
    return write_rows(path, SKIPPED_HEAD, rows, dialect, names)


def write_contradicted_csv(
    path: Path, labels: Iterable[tuple[str, str, str, float, float]], dialect: CsvDialect = RFC4180
) -> Path:
    """Labels that the other cells contradict: path, label, what the others say, the probabilities of both."""
    rows = ([p, own, other, f"{a:.4f}", f"{b:.4f}"] for p, own, other, a, b in labels)
    return write_rows(path, CONTRADICTED_HEAD, rows, dialect)


Specimens = Sequence[tuple[str, Differential, Mapping[str, Field]]]


def write_summary_csv(
    path: Path, specimens: Specimens, dialect: CsvDialect = RFC4180, names: TableNames = KEYS
) -> Path:
    """One row per specimen, as :func:`summary_table` has them."""
    head, rows = summary_table(specimens)
    return write_rows(path, head, rows, dialect, names)


def summary_table(specimens: Specimens) -> tuple[list[str], list[list[Field]]]:
    """Keys of the columns, and one row per specimen: id, what the caller adds, counts and percents.

    Parameters
    ----------
    specimens : sequence of (id, differential, extras)
        All rolled up alike; `extras` are further columns such as "status" or "images" (union over all).
    """
    extras = list(dict.fromkeys(k for _, _, more in specimens for k in more))
    codes = list(dict.fromkeys(r.code for _, d, _ in specimens for r in d.rows))
    outside = {r.code for _, d, _ in specimens for r in d.rows if not r.counts}
    head = ["specimen_id", *extras, "leukocytes", "unidentified", "excluded", "wbc_10e9_per_l",
            "wbc_used_10e9_per_l"]  # fmt: skip
    head += [f"{c}_count" for c in codes]
    head += [f"{c}_per_100_wbc" if c in outside else f"{c}_percent" for c in codes]
    head += ["flags"]
    rows: list[list[Field]] = []
    for name, d, more in specimens:
        by_code = {r.code: r for r in d.rows}
        found = [by_code.get(c) for c in codes]
        rows.append([
            name, *(more.get(k) for k in extras), d.total, d.unidentified, d.excluded,
            _number(d.wbc, 4), _number(d.wbc_used, 4),
            *(r.count if r else None for r in found),
            *(_number(r.percent if r.counts else r.per_100_wbc, 4) if r else None for r in found),
            " ".join(f"{r.code}:{r.flag}" for r in d.rows if r.flag),
        ])  # fmt: skip
    return head, rows
