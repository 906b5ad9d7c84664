"""Plausibility of a class given the outline: a platelet on a red cell is no nucleated cell.

Such a pair looks like a small cell with a small dark nucleus. The nucleus gives it away: a platelet covers 3
to 12 um2, the smallest nucleus, a late erythroblast's, is 4 um and more across (recalled: Bain, Blood Cells).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.cell import FLAG_EDGE, FOR_WANT_OF_SCALE, Cell
from bloodcells_gui.domain.taxonomy import BY_CODE, CellKind
from bloodcells_gui.imaging.measure import MEASUREMENTS

_NUCLEUS_UM2 = 13.0
# Basophils and smudges may hide their nucleus, but are larger than a red cell with a platelet on it.
_CELL_UM2 = 72.0
# Likelihood of such an outline, by the kind of the class.
_LIKELIHOOD = {
    CellKind.PLATELET: 0.9,
    CellKind.ARTEFACT: 0.9,
    CellKind.SMUDGE: 0.3,
    CellKind.ERYTHROBLAST: 0.01,
    CellKind.LEUKOCYTE: 0.002,
}
#: Below this probability the outline and the classifier contradict each other: the cell is unidentified.
_MIN_PROBABILITY = 0.7
_NUCLEUS = MEASUREMENTS.index("nucleus_area_um2")
_CELL = MEASUREMENTS.index("cell_area_um2")


def check_outline_plausibility(cell: Cell, classes: Sequence[str]) -> Cell:
    """Weight the probabilities of a cell by the likelihood of its outline (Bayes' rule); mostly unchanged.

    Only for cells that a detector proposed: on crops a person already said that there is a cell.

    Parameters
    ----------
    cell : Cell
        With measured areas of cell and nucleus, um2.
    classes : sequence of str
        Leaf codes of its scores.
    """
    if len(cell.measurements) != len(MEASUREMENTS) or FLAG_EDGE in cell.flags:
        return cell
    if not FOR_WANT_OF_SCALE.isdisjoint(cell.flags):
        return cell  # no area is sure
    nucleus, area = float(cell.measurements[_NUCLEUS]), float(cell.measurements[_CELL])
    # An outline without any nucleus has NaN or 0; a failed outline says nothing.
    nucleus = 0.0 if np.isnan(nucleus) else nucleus
    if not (0 < area < _CELL_UM2 and nucleus < _NUCLEUS_UM2):
        return cell
    likelihood = np.array([_LIKELIHOOD[BY_CODE[code].kind] for code in classes], np.float32)
    weighted: NDArray[np.float32] = np.asarray(cell.scores, np.float32) * likelihood
    total = float(weighted.sum())
    if total <= 0:
        return cell
    weighted = np.asarray(weighted / total, np.float32)
    best = int(weighted.argmax())
    if classes[best] == cell.predicted and not cell.abstained and weighted[best] >= cell.probability:
        return cell
    probability = float(weighted[best])
    return replace(
        cell,
        scores=weighted,
        predicted=classes[best],
        probability=probability,
        abstained=probability < _MIN_PROBABILITY,
        uncertainty=float(max(0.0, min(1.0, 1.0 - probability))),
    )
