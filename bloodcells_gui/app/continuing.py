"""How far a scan of a slide, or its continuation, goes."""

from __future__ import annotations

from collections.abc import Sequence

from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.specimen import SpecimenKind

#: Leukocytes after which the scan of a slide stops, where a person asks for no other number.
SLIDE_TARGET = 200


def first_target(kind: SpecimenKind, asked: int | None) -> int | None:
    """Leukocytes at which the first run of a case stops; None for all."""
    return SLIDE_TARGET if asked is None and kind is SpecimenKind.SLIDE else asked


def next_target(
    kind: SpecimenKind, runs: Sequence[AnalysisRun], leukocytes: int, usual: int = SLIDE_TARGET
) -> int | None:
    """Leukocytes at which a continued run of a case stops; None for all.

    A run that was stopped goes on to its target; one that reached it aims at as many again.

    Parameters
    ----------
    leukocytes : int
        Proposed so far.
    usual : int
        Target of a first run.
    """
    if kind is not SpecimenKind.SLIDE:
        return None
    asked = [int(t) for run in runs if (t := run.parameters.get("target_cells", "")).isdigit()]
    if asked and asked[-1] == 0:
        return None
    step = asked[0] if asked else usual
    target = max([*asked, step])
    while target <= leukocytes:
        target += step
    return target
