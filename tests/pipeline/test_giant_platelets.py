"""Platelets larger than the red cells around them: giant where one compact body, else a clump perhaps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.domain.analysis import CellsFound
from bloodcells_gui.domain.cell import FLAG_GIANT_OR_CLUMP, FLAG_GIANT_PLATELET, FLAG_NO_CELL, Box, Cell
from bloodcells_gui.domain.detections import NUCLEATED, PLATELET, Detections
from bloodcells_gui.domain.platelets import named_by_size
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.specimen import ImageRef, Specimen, SpecimenKind
from bloodcells_gui.imaging.measure import MEASUREMENTS, measure
from bloodcells_gui.pipeline.cell_analyzer import CellAnalyzer
from bloodcells_gui.pipeline.edges import counting_frame
from bloodcells_gui.pipeline.giant_platelets import FEWEST_RED_CELLS, mark_giant_platelet, red_cell_diameter
from bloodcells_gui.pipeline.scan import ScanOptions
from bloodcells_gui.pipeline.scan_specimen import scan_specimen
from tests.support.doubles import COLOUR_OF, PlainClassifier, PlainSegmenter
from tests.support.smears import (
    FIELD,
    HALF,
    MemoryReader,
    PlainDetector,
    empty,
    put_cell,
    put_red_cell,
    unknown_scale,
)

MPP, RED_PX = 0.1, 73.0


def a_platelet(
    across_um: float, *, solidity: float = 0.96, predicted: str = "PLT", flags: tuple[str, ...] = ()
) -> Cell:
    """A platelet of that diameter, outlined."""
    measured = np.full(len(MEASUREMENTS), np.nan, np.float32)
    measured[MEASUREMENTS.index("equivalent_diameter_um")] = across_um
    measured[MEASUREMENTS.index("solidity")] = solidity
    side = across_um / MPP
    scores = np.array([1.0], np.float32)
    return Cell(1, 0, Box(10, 10, side, side), MPP, predicted, 1.0, False, 0.0, scores, measured, flags=flags)


def test_one_larger_than_the_red_cells_is_a_giant_platelet() -> None:
    found = mark_giant_platelet(a_platelet(9.0), RED_PX)
    assert (found.predicted, found.flags) == ("GPLT", (FLAG_GIANT_PLATELET,))
    assert named_by_size("PLT", found.flags) == "GPLT"
    assert named_by_size("PLT", ()) == "PLT"
    assert named_by_size("LY", found.flags) == "LY"


@pytest.mark.parametrize(
    ("cell", "red_px"),
    [
        (a_platelet(3.0), RED_PX),
        (a_platelet(6.5), RED_PX),
        (a_platelet(9.0), math.nan),
        (a_platelet(9.0, predicted="LY"), RED_PX),
    ],
)
def test_what_is_smaller_or_no_platelet_or_has_no_red_cells_around_stays(cell: Cell, red_px: float) -> None:
    assert mark_giant_platelet(cell, red_px) is cell


@pytest.mark.parametrize(
    "cell", [a_platelet(9.0, solidity=0.7), a_platelet(9.0, flags=(FLAG_NO_CELL,)), a_platelet(math.nan)]
)
def test_a_loose_outline_may_be_a_clump_and_keeps_its_name(cell: Cell) -> None:
    cell = Cell(**{n: getattr(cell, n) for n in Cell.__slots__} | {"box_px": Box(0, 0, 95, 90)})
    found = mark_giant_platelet(cell, RED_PX)
    assert found.predicted == "PLT"
    assert found.flags[-1] == FLAG_GIANT_OR_CLUMP


def test_the_diameter_of_red_cells_is_the_median_of_enough_boxes() -> None:
    boxes = np.tile(np.array([0, 0, 70, 74], np.float32), (FEWEST_RED_CELLS, 1))
    boxes[0] = (0, 0, 10, 10)
    assert red_cell_diameter(boxes) == pytest.approx(math.sqrt(70 * 74))
    assert math.isnan(red_cell_diameter(boxes[1:]))
    assert math.isnan(red_cell_diameter(np.zeros((0, 4), np.float32)))


class PlateletDetector(PlainDetector):
    """Calls everything that is no red cell a platelet."""

    def detect(self, image: np.ndarray, mpp: float, thresholds: Sequence[float] | None = None) -> Detections:
        found = super().detect(image, mpp, thresholds)
        kinds = np.where(found.classes == NUCLEATED, PLATELET, found.classes).astype(np.int8)
        return Detections(found.boxes, kinds, found.scores)


def a_field(red_cells: int) -> np.ndarray:
    """A drawn field with a platelet of 9.6 um, two of 3 um and red cells."""
    smear = empty(300, 260, 0.4)
    smear.rgb[:] = FIELD
    cv2.circle(smear.rgb, (150, 150), 12, HALF, -1, cv2.LINE_AA)
    cv2.circle(smear.rgb, (150, 150), 9, COLOUR_OF["PLT"], -1, cv2.LINE_AA)
    put_cell(smear, "PLT", 60, 60)
    put_cell(smear, "PLT", 240, 60)
    for k in range(red_cells):
        put_red_cell(smear, 30 + 24 * (k % 11), 210 + 26 * (k // 11))
    return smear.rgb


def found_in(picture: np.ndarray, detector: PlainDetector | None = None) -> dict[str, int]:
    """Names of the cells that an analysis of one field finds."""
    height, width = picture.shape[:2]
    refs = (ImageRef("a.png", Path("a.png"), size_px=(width, height), mpp=0.4),)
    work = CellAnalyzer(PlainClassifier(), PlainSegmenter(), measure, frame=counting_frame(True))
    events = scan_specimen(
        Specimen("s", SpecimenKind.FIELDS, Path("s"), refs), work, detector or PlateletDetector(),
        lambda ref: MemoryReader(picture, ref.mpp), unknown_scale, ScanOptions(), CancelToken(),
    )  # fmt: skip
    names = [c.predicted for e in events if isinstance(e, CellsFound) for c in e.cells]
    return {name: names.count(name) for name in sorted(set(names))}


def test_a_field_with_red_cells_shows_which_platelet_is_giant() -> None:
    assert found_in(a_field(22)) == {"GPLT": 1, "PLT": 2}


def test_without_red_cells_none_is_called_giant() -> None:
    assert found_in(a_field(3)) == {"PLT": 3}


def test_a_platelet_that_the_detector_takes_for_a_nucleated_cell_is_measured_too() -> None:
    assert found_in(a_field(22), PlainDetector()) == {"GPLT": 1, "PLT": 2}
