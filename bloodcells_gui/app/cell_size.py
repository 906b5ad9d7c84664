"""The size of a cell, for sorting."""

from __future__ import annotations

import math

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.cell import Cell

_AREA = "cell_area_um2"


def area_um2(session: CaseSession, cell: Cell) -> float:
    """Area of a cell in um2; NaN where none was measured.

    A cell added by hand has the measurements of the last run.
    """
    runs = session.runs
    run = session.run_of(cell) or (runs[-1] if runs else None)
    names = run.measurement_names if run is not None else ()
    if _AREA not in names or len(cell.measurements) != len(names):
        return math.nan
    return float(cell.measurements[names.index(_AREA)])
