"""Figures of a signed report beside the differential: red cells, platelets, counts on the same fields.

Only those whose key stands in the laboratory's table of codes: a table that was confirmed before they could
be sent does not hold them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from bloodcells_gui.connect.figures import Figure
from bloodcells_gui.domain.counted_fields import FieldRatio
from bloodcells_gui.domain.formatting import absolute, number
from bloodcells_gui.domain.loinc import (
    CLUMPS,
    GIANTS,
    PERCENT_OF,
    PLATELET_DENSITY,
    PLATELET_ESTIMATES,
    RATIOS,
    UNITS,
    CodeRow,
    red_cell_key,
)
from bloodcells_gui.domain.platelet_report import PlateletReport
from bloodcells_gui.report.model import ReportModel

PER_MM2, PER_CELL, PLACES = "/mm2", "/{cell}", "{places}"


def other_figures(model: ReportModel, table: Mapping[str, CodeRow]) -> list[Figure]:
    """Red-cell shares where the report tables them, what was counted of platelets, and the numeration."""
    found = [*_red_cells(model, table)]
    if model.platelet_report is not None:
        found += _platelets(model.platelet_report, table)
    if model.numeration is not None:
        for key, unit in RATIOS.items():
            found += _ratio(table, key, getattr(model.numeration, key.partition(".")[2]), unit)
    return found


def _red_cells(model: ReportModel, table: Mapping[str, CodeRow]) -> Iterator[Figure]:
    block = model.red_cells
    if block is None or not block.remarkable:
        return
    for line in block.lines:
        code = table.get(red_cell_key(line.code))
        if code is not None and not math.isnan(line.percent):
            note = _limits(line.low, line.high)
            yield Figure(code, number(line.percent, 1), UNITS[PERCENT_OF], note=note)


def _platelets(report: PlateletReport, table: Mapping[str, CodeRow]) -> Iterator[Figure]:
    yield from _figure(
        table, PLATELET_DENSITY, report.density, PER_MM2, _limits(report.density_low, report.density_high)
    )
    for estimate in report.estimates:
        key = PLATELET_ESTIMATES.get(estimate.method, "")
        note = _limits(estimate.low, estimate.high)
        if key in table and not math.isnan(estimate.value):
            yield Figure(table[key], absolute(estimate.value), "10*9/L", note=note)
    if report.giants is not None:
        giants = report.giants
        yield from _figure(table, GIANTS, giants.percent, "%", _limits(giants.low, giants.high))
    if report.clumps is not None and CLUMPS in table:
        yield Figure(table[CLUMPS], str(report.clumps.standing), PLACES)


def _ratio(table: Mapping[str, CodeRow], key: str, ratio: FieldRatio | None, unit: str) -> Iterator[Figure]:
    if ratio is not None:
        yield from _figure(table, key, ratio.value, unit, _limits(ratio.low, ratio.high))


def _figure(table: Mapping[str, CodeRow], key: str, value: float, unit: str, note: str) -> Iterator[Figure]:
    if key in table and not math.isnan(value):
        yield Figure(table[key], number(value, 1), unit, note=note)


def _limits(low: float, high: float) -> str:
    """The 95 % limits in words; "" where there are none."""
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"95 % limits of the sampling error: {number(low, 1)} to {number(high, 1)}"
