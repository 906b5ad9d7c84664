"""Giant platelets by their measured size: those larger than the red cells around them.

Boxes around platelets measure 0.3 to 0.7 of those of red cells (795 labelled ones of three laboratories, of
which 99 in 100 are below 0.83). What is as large as a red cell is mostly a clump or a group; so only one
compact outline is called giant.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.cell import FLAG_GIANT_OR_CLUMP, FLAG_GIANT_PLATELET, FLAG_NO_CELL, Cell
from bloodcells_gui.domain.platelets import named_by_size
from bloodcells_gui.domain.taxonomy import PLATELETS
from bloodcells_gui.imaging.measure import MEASUREMENTS

#: Fewer red cells than this say nothing of their size.
FEWEST_RED_CELLS = 10
#: Area over that of the convex hull from which on an outline is one body.
ONE_BODY = 0.9
_DIAMETER, _SOLIDITY = (MEASUREMENTS.index(name) for name in ("equivalent_diameter_um", "solidity"))


def red_cell_diameter(boxes: NDArray[np.float32]) -> float:
    """Median diameter of red cells from their boxes (n, 4), x, y, width, height; NaN for too few of them."""
    if len(boxes) < FEWEST_RED_CELLS:
        return math.nan
    return float(np.median(np.sqrt(boxes[:, 2] * boxes[:, 3])))


def mark_giant_platelet(cell: Cell, red_cell_px: float) -> Cell:
    """The cell named and flagged by its size where it is a platelet larger than the red cells around it.

    Parameters
    ----------
    cell : Cell
    red_cell_px : float
        Diameter of a red cell in full-resolution px; NaN leaves the cell as it is.
    """
    box = cell.box_px
    if cell.predicted not in PLATELETS or not math.sqrt(box.width * box.height) > red_cell_px:
        return cell
    giant = False
    if FLAG_NO_CELL not in cell.flags and len(cell.measurements) == len(MEASUREMENTS):
        across = float(cell.measurements[_DIAMETER]) / cell.mpp
        giant = across > red_cell_px and float(cell.measurements[_SOLIDITY]) >= ONE_BODY
    flags = (*cell.flags, FLAG_GIANT_PLATELET if giant else FLAG_GIANT_OR_CLUMP)
    return replace(cell, flags=flags, predicted=named_by_size(cell.predicted, flags))
