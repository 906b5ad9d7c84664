"""Red cells in words: classes, measures with their units, what is said of one cell."""

from __future__ import annotations

import math

from bloodcells_gui.domain.cell import cell_number
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.measurements import label_of, unit_of
from bloodcells_gui.domain.red_cells import NOT_COUNTED, RED_CELL_CLASS, RED_CELL_MEASURES
from bloodcells_gui.ui.i18n import Language, ngettext, pgettext, tr
from bloodcells_gui.ui.red_cells.table_of_cells import CellTable

#: How the key of "not counted" is written on badges.
NOT_COUNTED_KEY = "–"
NOT_COUNTED_RGB = (150, 150, 150)


#: Measure -> what it says, and how many decimals it is worth.
MEASURES: dict[str, tuple[str, int]] = {
    "diameter_um": (N_("of the circle with the same area"), 2),
    "area_um2": (N_("inside the outline"), 1),
    "perimeter_um": (N_("length of the outline"), 1),
    "circularity": (N_("1 for a circle, less for any other shape"), 2),
    "elongation": (
        N_("1 less width by length: 0 where it is round, 0.5 where it is twice as long as wide"),
        2,
    ),
    "pallor": (N_("diameter of the pale middle by that of the cell"), 2),
    "pallor_depth": (N_("how much paler the middle is than the rim; below 0 where it is darker"), 2),
    "density": (N_("mean optical density of the cell"), 2),
}


def cells_text(counted: int, not_counted: int) -> str:
    """How many red cells count, and how many of those that were found do not."""
    said = ngettext("{n} red cell", "{n} red cells", counted)
    if not not_counted:
        return said
    return f"{said} · " + ngettext("{n} not counted", "{n} not counted", not_counted)


def class_name(language: Language, code: str) -> str:
    """Name of a shape class, or of what is no whole red cell."""
    if code == NOT_COUNTED:
        return pgettext("red cells", "Not counted")
    return language.text(RED_CELL_CLASS[code].name) if code in RED_CELL_CLASS else code


def class_key(code: str) -> str:
    """Key of a class as its badge shows it."""
    return RED_CELL_CLASS[code].key if code in RED_CELL_CLASS else NOT_COUNTED_KEY


def class_rgb(code: str) -> tuple[int, int, int]:
    """Colour of a class."""
    return RED_CELL_CLASS[code].rgb if code in RED_CELL_CLASS else NOT_COUNTED_RGB


def measure_name(language: Language, measure: str) -> str:
    """Name of a measure."""
    return language.text(label_of(measure))


def unit_text(measure: str) -> str:
    """Unit of a measure as it is written; "" for a ratio."""
    return unit_of(measure).replace("um", "µm")


def measure_text(language: Language, measure: str, value: float) -> str:
    """A measured value with its unit; a dash where it could not be measured."""
    if not math.isfinite(value):
        return "–"
    text = language.number(value, MEASURES[measure][1])
    unit = unit_text(measure)
    return f"{text} {unit}" if unit else text


def measures_of(language: Language, table: CellTable, cell_id: int) -> list[tuple[str, str, str]]:
    """Name, value with unit and meaning of every measure of a cell."""
    row = table.row(cell_id)
    found = []
    for measure, value in zip(RED_CELL_MEASURES, table.cells.measures[row], strict=True):
        text = measure_text(language, measure, float(value))
        found.append((measure_name(language, measure), text, language.text(MEASURES[measure][0])))
    return found


def status_text(language: Language, table: CellTable, cell_id: int) -> str:
    """Who says what the cell is."""
    row = table.row(cell_id)
    proposed, named = table.proposed[row], table.named.get(cell_id)
    if named is None:
        percent = language.number(100 * float(table.cells.probabilities[row].max()), 0)
        said = tr("proposed, {percent} %").format(percent=percent)
        return f"{said}, {tr('unsure')}" if table.cells.doubtful[row] else said
    if named == proposed:
        return tr("confirmed by a person")
    return tr("named by a person; the proposal was: {name}").format(name=class_name(language, proposed))


def described(language: Language, table: CellTable, cell_id: int) -> str:
    """Everything about one cell in a line, for reading aloud."""
    row = table.row(cell_id)
    diameter = measure_text(language, "diameter_um", float(table.cells.measure("diameter_um")[row]))
    parts = [
        tr("Red cell {number}").format(number=cell_number(cell_id)),
        class_name(language, table.codes[row]),
        status_text(language, table, cell_id),
        tr("diameter {value}").format(value=diameter),
    ]
    if table.cells.parted[row]:
        parts.append(tr("parted from a cell that it overlaps"))
    return ", ".join(parts)
