"""Which cells are doubtful: two questions with a threshold each.

In the window a person goes from one to the next of the cells that are worth a look, by their uncertainty. A
report marks the cells of which the model itself said that it was unsure, by the probability that is printed
beside them.
"""

from __future__ import annotations

from bloodcells_gui.domain.cell import FLAG_UNLIKE_TRAINING, Cell

#: Uncertainty from which on a cell is worth a look; the gallery sorts by the same figure.
WORTH_A_LOOK_FROM = 0.5
#: Probability of the proposed class below which the model was unsure.
UNSURE_BELOW = 0.80


def is_worth_a_look(cell: Cell) -> bool:
    """Whether a reviewer should see the cell before others."""
    return cell.uncertainty >= WORTH_A_LOOK_FROM


def is_unsure(cell: Cell) -> bool:
    """Whether the model itself was unsure: abstained, under 80 %, or unlike what it was trained on."""
    return cell.abstained or cell.probability < UNSURE_BELOW or FLAG_UNLIKE_TRAINING in cell.flags
