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

from bloodcells_gui.domain.cell import (
    FLAG_EDGE,
    FLAG_GIANT_OR_CLUMP,
    FLAG_GIANT_PLATELET,
    FLAG_NO_CELL,
    Box,
    Cell,
)
from bloodcells_gui.domain.platelets import named_by_size
from bloodcells_gui.domain.taxonomy import PLATELETS
from bloodcells_gui.imaging.measure import MEASUREMENTS
from bloodcells_gui.imaging.platelet_stain import PlateletOutline, outline_platelet
from bloodcells_gui.pipeline.cell_place import CellPlace

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


def measured_platelet(cell: Cell, place: CellPlace) -> Cell:
    """A cell as it is, or a platelet with a box that hugs it, named and flagged by its size.

    Platelets are mostly too small for the segmenter, and the detector's boxes are a third to a half wider
    than what is stained (``python -m scripts.training.evaluate_platelets --boxes``). So where there is no
    outline, the platelet is measured by its stain.

    Parameters
    ----------
    cell : Cell
    place : CellPlace
        Where it was found, with its surroundings as they were taken.
    """
    if cell.predicted not in PLATELETS:
        return cell
    outline = None
    if FLAG_NO_CELL in cell.flags and place.box_px is not None and FLAG_EDGE not in cell.flags:
        outline = outline_platelet(place.pixels, place.box_px, place.mpp)
    if outline is not None:
        (left, top), box, scale = place.offset_px, outline.box, place.scale
        hugging = Box(left + box.x * scale, top + box.y * scale, box.width * scale, box.height * scale)
        cell = replace(cell, box_px=hugging)
    return mark_giant_platelet(cell, place.red_cell_px, outline)


def mark_giant_platelet(cell: Cell, red_cell_px: float, outline: PlateletOutline | None = None) -> Cell:
    """The cell named and flagged by its size where it is a platelet larger than the red cells around it.

    Parameters
    ----------
    cell : Cell
    red_cell_px : float
        Diameter of a red cell in full-resolution px; NaN leaves the cell as it is.
    outline : PlateletOutline or None
        The platelet by its stain, where the segmenter found no outline.
    """
    box = cell.box_px
    if cell.predicted not in PLATELETS or not math.sqrt(box.width * box.height) > red_cell_px:
        return cell
    giant = False
    if outline is not None:
        giant = outline.diameter_um / cell.mpp > red_cell_px and outline.solidity >= ONE_BODY
    elif FLAG_NO_CELL not in cell.flags and len(cell.measurements) == len(MEASUREMENTS):
        across = float(cell.measurements[_DIAMETER]) / cell.mpp
        giant = across > red_cell_px and float(cell.measurements[_SOLIDITY]) >= ONE_BODY
    flags = (*cell.flags, FLAG_GIANT_PLATELET if giant else FLAG_GIANT_OR_CLUMP)
    return replace(cell, flags=flags, predicted=named_by_size(cell.predicted, flags))
