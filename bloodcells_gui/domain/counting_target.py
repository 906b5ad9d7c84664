"""The number of leukocytes that a case is counted to: one for table, remarks and signature."""

from __future__ import annotations

from collections.abc import Sequence

from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.settings import LabSettings


def counting_target(runs: Sequence[AnalysisRun], settings: LabSettings) -> int:
    """The larger of what the laboratory counts and what the newest run was to find; 0 for no target."""
    return max(settings.target_cells, asked_target(runs))


def asked_target(runs: Sequence[AnalysisRun]) -> int:
    """Leukocytes that the newest run over the whole was to find; 0 for no target.

    A run over a zone that a person drew adds cells of that place; it does not ask for a larger count.
    """
    whole = [run for run in runs if not run.parameters.get("zones")]
    asked = whole[-1].parameters.get("target_cells", "") if whole else ""
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 0


def reviewed_percent(*, cells: int, reviewed: int, by_hand: int, counted: int, target: int) -> int | None:
    """How much of a case persons have done, in percent rounded down; None where there is nothing to do.

    Of the cells that were found: however many are counted by hand beside them, one that nobody looked at
    stays unseen. A count by hand alone is done at its target.

    Parameters
    ----------
    cells, reviewed : int
        Cells of the images, and those of them that a person decided on.
    by_hand : int
        Cells of every class counted by hand.
    counted, target : int
        Leukocytes in the 100 %, and how many are wanted; 0 for no target.
    """
    if cells:
        return 100 * reviewed // cells
    if by_hand:
        return min(100, 100 * counted // target) if target else 100
    return None
