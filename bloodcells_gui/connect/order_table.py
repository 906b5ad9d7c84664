"""Orders and analyser values from a table: CSV with a heading."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping

from bloodcells_gui.connect.analyser_values import PLT, RBC, WBC, Reading, analyser_values
from bloodcells_gui.connect.order_fields import day_of, made_order, moment_of
from bloodcells_gui.connect.persons import LONGEST
from bloodcells_gui.domain.differential import sex_of
from bloodcells_gui.domain.errors import InvalidValue
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.orders import ORDER_FIELDS, Order
from bloodcells_gui.domain.review import SpecimenData

_MOST_ROWS = 50_000
#: Columns of figures -> code of the figure, and its unit where the heading names none.
_FIGURES = {
    "wbc": (WBC, "10*9/L"), "rbc": (RBC, "10*12/L"), "plt": (PLT, "10*9/L"),
    "neutrophils": ("NEUT%", "%"), "lymphocytes": ("LYMPH%", "%"), "monocytes": ("MONO%", "%"),
    "eosinophils": ("EO%", "%"), "basophils": ("BASO%", "%"),
    "neutrophils_abs": ("NEUT#", "10*9/L"), "lymphocytes_abs": ("LYMPH#", "10*9/L"),
    "monocytes_abs": ("MONO#", "10*9/L"), "eosinophils_abs": ("EO#", "10*9/L"),
    "basophils_abs": ("BASO#", "10*9/L"),
}  # fmt: skip
_WORDS = ("specimen", "order", *ORDER_FIELDS, "tests", "flags")
# "wbc (10*3/uL)" or "wbc [10*3/uL]": the unit that a heading names.
_HEADING = re.compile(r"\s*([^(\[]+?)\s*(?:[(\[]([^)\]]*)[)\]])?\s*")


def table_orders(data: bytes, source: str) -> Iterator[Order]:
    """The orders of a table with a heading, of which the column `specimen` must be there.

    Raises
    ------
    InvalidValue
        When it has no such column, or is no table.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    heading = text.split("\n", 1)[0]
    separator = max(",;\t", key=heading.count)
    try:
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
        columns: dict[str, tuple[str, str]] = {}
        for name in rows.fieldnames or ():
            found = _HEADING.fullmatch(name or "")
            if found is not None:
                columns.setdefault(found[1].casefold(), (name, (found[2] or "").strip()))
        if "specimen" not in columns:
            raise InvalidValue("it has no column {name}", name="specimen")
        for n, row in enumerate(rows):
            if n >= _MOST_ROWS:
                raise InvalidValue("it has more than {most} rows", most=str(_MOST_ROWS))
            cells = {c: (row.get(name) or "").strip()[:LONGEST] for c, (name, _) in columns.items()}
            if cells.get("specimen"):
                yield _of_row(cells, {c: unit for c, (_, unit) in columns.items()}, source)
    except csv.Error as error:
        raise InvalidValue("{reason}", reason=str(error)) from error


def _of_row(cells: Mapping[str, str], units: Mapping[str, str], source: str) -> Order:
    problems: list[Reason] = []
    words = {name: cells.get(name, "") for name in _WORDS}
    fields = {name: words[name] for name in ORDER_FIELDS}
    collected = moment_of(fields["collected_at"])
    for name in ("birth_date", "collected_at"):
        fields[name] = day_of(fields[name], problems)
    fields["sex"] = sex_of(SpecimenData(fields))
    readings = [
        Reading((code,), column, cells.get(column, ""), units.get(column) or unit)
        for column, (code, unit) in _FIGURES.items()
    ]
    values = analyser_values(readings, problems)
    values.flags += [flag.strip() for flag in words["flags"].split("+") if flag.strip()]
    return made_order(
        [words["specimen"]],
        words["order"],
        fields,
        words["tests"].split("+"),
        values,
        problems,
        source=source,
        collected=collected,
    )
