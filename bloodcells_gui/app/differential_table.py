"""Compute the differential of a case, for window, report and command line alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.common_area import SameArea
from bloodcells_gui.domain.differential import Differential, differential
from bloodcells_gui.domain.review_state import ReviewState
from bloodcells_gui.domain.run_record import RunCounts, merged
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.specimen import Specimen, SpecimenKind
from bloodcells_gui.domain.taxonomy import CLASSES, COUNTED, PLATELET, WITH_LEUKOCYTES
from bloodcells_gui.pipeline import resume

_OUTSIDE = tuple(c.code for c in CLASSES if c.code not in COUNTED)


@dataclass(frozen=True, slots=True)
class CountedArea:
    """The part of a specimen on which leukocytes and what stands beside them were both counted.

    Attributes
    ----------
    cells : tuple of int
        Ids of the listed cells that lie there.
    area_mm2 : float
    platelets : int or None
        Tallied there before any was named; None where all are listed as cells.
    whole : bool
        Whether all cells of the case lie there.
    """

    cells: tuple[int, ...]
    area_mm2: float
    platelets: int | None = None
    whole: bool = False

    def counted(self, state: ReviewState) -> SameArea | None:
        """What stands there by now; None where that is all there is, so that plain counts say the same.

        Cells counted by hand at the microscope were seen elsewhere.
        """
        if self.whole and not state.hand_counts:
            return None
        counts = dict.fromkeys(_OUTSIDE, 0)
        leukocytes = 0
        for cell_id in self.cells:
            final = state.decision(cell_id).final
            if final in COUNTED:
                leukocytes += 1
            elif final:
                counts[final] += 1
        if self.platelets is None:
            return SameArea(counts, leukocytes, self.area_mm2)
        # Of platelets and of what was proposed as one, only some are listed.
        items = {code: counts[code] for code in WITH_LEUKOCYTES} | {PLATELET: self.platelets}
        return SameArea(items, leukocytes, self.area_mm2, platelets_together=True)


def may_have_area(specimen: Specimen) -> bool:
    """Whether ratios of such a specimen are of an area at all."""
    return specimen.kind in (SpecimenKind.FIELDS, SpecimenKind.SLIDE)


def counted_area(
    specimen: Specimen, runs: Sequence[AnalysisRun], cells: Sequence[Cell]
) -> CountedArea | None:
    """That part of a specimen; None for crops and cells counted by hand, whose ratios are of plain counts."""
    if not runs or not may_have_area(specimen):
        return None
    if specimen.kind is SpecimenKind.FIELDS:
        done = merged(run.record for run in runs).progress.fields
        there = tuple(c.id for c in cells if c.image in done)
        area = sum(run.record.counts.searched_mm2 or 0.0 for run in runs)
        return CountedArea(there, area, whole=len(there) == len(cells))
    sizes = {i: image.size_px for i, image in enumerate(specimen.images)}
    tiles: dict[int, list[tuple[int, int, int, int]]] = {}
    sampled: list[RunCounts] = []
    for run in runs:
        found = resume.visited(run.record.progress.sampled, sizes)
        for image, boxes in found.items():
            tiles.setdefault(image, []).extend(boxes)
        if found:
            sampled.append(run.record.counts)
    area = sum(counts.sampled_mm2 or 0.0 for counts in sampled)
    return CountedArea(_within(cells, tiles), area, sum(counts.platelets or 0 for counts in sampled))


def _within(
    cells: Sequence[Cell], tiles: Mapping[int, Sequence[tuple[int, int, int, int]]]
) -> tuple[int, ...]:
    """Ids of the cells whose middle lies in one of the tiles of its image."""
    found: list[int] = []
    for image, boxes in tiles.items():
        there = [c for c in cells if c.image == image]
        if not there:
            continue
        x, y = np.array([c.box_px.centre for c in there], np.float64).T
        inside = np.zeros(len(there), bool)
        for left, top, width, height in boxes:
            inside |= (x >= left) & (x < left + width) & (y >= top) & (y < top + height)
        found += [c.id for c, yes in zip(there, inside, strict=True) if yes]
    return tuple(sorted(found))


def differential_of_case(
    state: ReviewState,
    settings: LabSettings,
    area: CountedArea | None,
    taxonomy: str | None = None,
    target: int | None = None,
) -> Differential:
    """The table with all that the case's images say of it."""
    return differential(
        state.counts,
        state.unidentified,
        state.excluded,
        state.data,
        settings,
        taxonomy=taxonomy,
        target=target,
        outside_frame=state.outside_frame,
        same_area=area.counted(state) if area is not None else None,
    )
