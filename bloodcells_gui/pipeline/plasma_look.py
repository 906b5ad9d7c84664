"""The look of a plasma cell: a nucleus far from the middle in cytoplasm nearly as blue as itself.

No classifier here knows plasma cells; it takes them for erythroblasts, eosinophils or promyelocytes. The look
is measured instead, and a cell that has it waits for a person, whatever the classifier called it. The limits
were chosen on labelled cells and on plasma cells composed for this (``scripts.training.evaluate_untaught``):
they mark up to three of five of these, and fewer than one of two hundred lymphocytes or monocytes of the
laboratories at hand. Variant lymphocytes do not have it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.cell import FLAG_EDGE, FLAG_PLASMA_LOOK, Cell
from bloodcells_gui.domain.taxonomy import INTACT_NUCLEATED
from bloodcells_gui.imaging.measure import MEASUREMENTS

#: Distance of the nucleus' centre from the cell's, as a share of the cell's radius.
LEAST_OFFSET = 0.31
#: Optical density of the cytoplasm in red, which blue dye absorbs, as a share of the nucleus' own.
LEAST_BLUE = 0.5
#: And its density in blue, which blue dye lets pass, as a share of that in red: eosinophils have about 1.
MOST_RED = 0.7
#: The smallest plasma cells are larger than small erythroblasts.
LEAST_DIAMETER_UM = 10.0

_AT = {name: i for i, name in enumerate(MEASUREMENTS)}


def has_plasma_look(measurements: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(n,) which of the cells with these measurements (n, all of MEASUREMENTS) have the look.

    The densities are shares of the cell's own, so that strength of stain and light do not matter; the
    cytoplasm must also have lost more of its density in green than in red: it is bluer than the nucleus. NaN
    is no look.
    """
    of = {name: np.asarray(measurements[:, at], np.float64) for name, at in _AT.items()}
    with np.errstate(divide="ignore", invalid="ignore"):
        red = of["cytoplasm_od_red"] / of["nucleus_od_red"]
        green = of["cytoplasm_od_green"] / of["nucleus_od_green"]
    return np.asarray(
        (of["nucleus_offset"] > LEAST_OFFSET)
        & (red > LEAST_BLUE)
        & (green < red)
        & (of["cytoplasm_od_blue"] < MOST_RED * of["cytoplasm_od_red"])
        & (of["equivalent_diameter_um"] > LEAST_DIAMETER_UM),
        np.bool_,
    )


def mark_plasma_look(cell: Cell) -> Cell:
    """The cell with its flag, and waiting, where it has the look of a plasma cell; unchanged where not.

    Only where the classifier sees a whole nucleated cell, and the picture shows all of it.
    """
    if len(cell.measurements) != len(MEASUREMENTS) or cell.predicted not in INTACT_NUCLEATED:
        return cell
    if FLAG_EDGE in cell.flags or not has_plasma_look(cell.measurements[None])[0]:
        return cell
    return replace(cell, flags=(*cell.flags, FLAG_PLASMA_LOOK), abstained=True)
