"""What the outline says against the name: a platelet over a red cell is no nucleated cell.

Such a pair looks like a small cell with a small dark nucleus. The nucleus gives it away: a platelet covers 3
to 12 um2, the smallest nucleus, a late erythroblast's, is 4 um and more across (recalled: Bain, Blood Cells).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.cell import FLAG_EDGE, FOR_WANT_OF_SCALE, Cell
from bloodcells_gui.imaging.measure import MEASUREMENTS

_NUCLEUS_UM2 = 13.0
# Basophils and smudges may hide their nucleus, but are larger than a red cell with a platelet on it.
_CELL_UM2 = 72.0
# How often the outline of such a cell looks like that, by leaf; leukocytes otherwise.
_LIKELIHOOD = {"PLT": 0.9, "GPLT": 0.9, "PLC": 0.9, "ART": 0.9, "SMU": 0.3, "ERB": 0.01}
_LEUKOCYTE = 0.002
#: Below this the outline and the classifier contradict each other: the cell waits for a person.
_SURE = 0.7
_NUCLEUS = MEASUREMENTS.index("nucleus_area_um2")
_CELL = MEASUREMENTS.index("cell_area_um2")


def check_outline_plausibility(cell: Cell, classes: Sequence[str]) -> Cell:
    """The cell with its probabilities weighed by what was measured (Bayes' rule); mostly unchanged.

    Only for cells that a detector proposed: on crops a person already said that there is a cell.
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
    likelihood = np.array([_LIKELIHOOD.get(code, _LEUKOCYTE) for code in classes], np.float32)
    weighed: NDArray[np.float32] = np.asarray(cell.scores, np.float32) * likelihood
    total = float(weighed.sum())
    if total <= 0:
        return cell
    weighed = np.asarray(weighed / total, np.float32)
    best = int(weighed.argmax())
    if classes[best] == cell.predicted and not cell.abstained and weighed[best] >= cell.probability:
        return cell
    probability = float(weighed[best])
    return replace(
        cell,
        scores=weighed,
        predicted=classes[best],
        probability=probability,
        abstained=probability < _SURE,
        uncertainty=float(max(0.0, min(1.0, 1.0 - probability))),
    )
