"""Tables of many cases as a workbook (.xlsx): numbers as numbers, days as days, text never a formula."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.csv_text import Field
from bloodcells_gui.domain.errors import OutputNotWritable
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.retold import retold
from bloodcells_gui.report.csv_out import SKIPPED_HEAD, Specimens, atomic_file, summary_table
from bloodcells_gui.report.table_names import KEYS, TableNames

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

XLSX_SUFFIX = ".xlsx"
# Of the format: rows of a sheet, characters of a cell, and the first day that it can name.
_MOST_ROWS = 1_048_576
_MOST_CHARACTERS = 32_767
_FIRST_YEAR = 1900
_WIDEST = 40
_TIMES = frozenset({"begun", "changed"})
_CASES, _LEFT_OUT = N_("Cases"), N_("Left out")
# What is written must be what a spreadsheet keeps: nothing is taken for a formula, link or number.
_PLAIN = {
    "in_memory": True,  # no patient's number in a temporary file elsewhere
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write_summary_xlsx(
    path: Path,
    specimens: Specimens,
    names: TableNames = KEYS,
    *,
    left_out: Sequence[SkippedFile] = (),
) -> Path:
    """A sheet with the rows of `summary.csv`, and one with what was left out and why, where there is any.

    Parameters
    ----------
    specimens : sequence of (id, differential, extras)
        As for :func:`~bloodcells_gui.report.csv_out.summary_table`.
    left_out : sequence of SkippedFile
        Their reasons are put into the language of `names`.

    Raises
    ------
    OutputNotWritable
        Also where the rows are more than a sheet can hold.
    """
    from xlsxwriter import Workbook  # 40 ms that a start without a workbook does not pay

    head, rows = summary_table(specimens)
    if max(len(rows), len(left_out)) >= _MOST_ROWS:
        raise OutputNotWritable(
            "“{name}” could not be written.",
            "A sheet of a workbook holds {most} rows.",
            "Choose fewer cases, or write the table as CSV.",
            name=path.name,
            most=_MOST_ROWS,
        )
    with atomic_file(path, "wb") as stream, Workbook(stream, _PLAIN) as book:
        _write_sheet(book, _CASES, head, rows, names)
        if left_out:
            reasons = [(file.path, retold(file.reason, names.lang)) for file in left_out]
            _write_sheet(book, _LEFT_OUT, SKIPPED_HEAD, reasons, names)
    return path


def _write_sheet(
    book: Workbook, title: str, head: Sequence[str], rows: Sequence[Sequence[Field]], names: TableNames
) -> None:
    sheet = book.add_worksheet(tr(title, names.lang))
    bold = book.add_format({"bold": True, "quote_prefix": True})
    # Quoted: a text that looks like a formula stays a text when a person edits its cell.
    text = book.add_format({"quote_prefix": True})
    time = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    share = book.add_format({"num_format": "0.0###"})
    written = names.head(head)
    for column, name in enumerate(written):
        sheet.write_string(0, column, _clean(name), bold)
    widths = [len(name) for name in written]
    for at, row in enumerate(rows, 1):
        for column, (key, value) in enumerate(zip(head, names.row(head, row), strict=True)):
            moment = _moment(value) if key in _TIMES and isinstance(value, str) else None
            if moment is not None:
                sheet.write_datetime(at, column, moment, time)
                widths[column] = max(widths[column], len("2026-01-01 00:00"))
            elif isinstance(value, float) and math.isfinite(value):
                sheet.write_number(at, column, value, share)
            elif isinstance(value, int):
                sheet.write_number(at, column, value)
            elif value is not None and value == value and value != "":  # noqa: PLR0124  # NaN is empty
                sheet.write_string(at, column, _clean(str(value)), text)
                widths[column] = max(widths[column], len(str(value)))
    for column, width in enumerate(widths):
        sheet.set_column(column, column, min(width, _WIDEST) + 2)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(rows), 1), len(head) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{_MOST_ROWS}"})  # numbers of specimens


def _clean(text: str) -> str:
    """`text` as XML can carry it and a cell can hold it; what is cut off is seen to be."""
    clean = text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return clean if len(clean) <= _MOST_CHARACTERS else clean[: _MOST_CHARACTERS - 1] + "…"


def _moment(text: str) -> datetime | None:
    """The time (UTC, without a zone: a cell has none) of an ISO 8601 text; None where it is none."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=None) if moment.year >= _FIRST_YEAR else None
