"""How far a scan of a slide, or its continuation, goes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from bloodcells_gui.domain.analysis import AnalysisRun, is_incomplete, left_out
from bloodcells_gui.domain.retention import parse_utc
from bloodcells_gui.domain.run_messages import REACHED
from bloodcells_gui.domain.specimen import Specimen, SpecimenKind

#: Leukocytes after which the scan of a slide stops, where a person asks for no other number.
SLIDE_TARGET = 200


def leaves_work(runs: Sequence[AnalysisRun], specimen: Specimen) -> bool:
    """Whether a further run could find anything: not where every image was searched to its end.

    An earlier run may have been cut off, have stopped at its target, have kept to zones that a person drew,
    or have left out images that can be read by now.
    """
    if not specimen.images:
        return False
    if not runs or is_incomplete(runs):
        return True
    if not any(not run.parameters.get("zones") for run in runs):
        return True
    stopped = any(remark.text == REACHED for remark in runs[-1].record.remarks)
    names = {image.name for image in specimen.images}
    return stopped or any(file.path in names for file in left_out(runs, specimen))


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


def seconds_per_mm2(runs: Sequence[AnalysisRun]) -> float | None:
    """How long the search of a mm2 took in the runs of a case so far; None where none says."""
    seconds = area = 0.0
    for run in runs:
        began, ended = parse_utc(run.started), parse_utc(run.finished)
        searched = run.record.counts.searched_mm2
        if began is not None and ended is not None and searched and ended > began:
            seconds += (ended - began).total_seconds()
            area += searched
    return seconds / area if area > 0 else None


def area_mm2(outline_px: Sequence[tuple[float, float]], mpp: float) -> float | None:
    """Area of a drawn zone at a scale in um per px; None without one."""
    if len(outline_px) < 3 or not (math.isfinite(mpp) and mpp > 0):
        return None
    twice = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise([*outline_px, outline_px[0]]))
    return abs(twice) / 2 * mpp**2 / 1e6
