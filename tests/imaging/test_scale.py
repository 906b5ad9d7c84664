"""um per pixel from drawn red cells, with a detector that knows where they are."""

import cv2
import numpy as np
import pytest

from bloodcells_gui.domain.detections import Detections
from bloodcells_gui.domain.scale_messages import BASIS_RED_CELLS
from bloodcells_gui.domain.specimen import ScaleSource
from bloodcells_gui.imaging.scale import (
    WARNING_MIXED,
    WARNING_PRIOR,
    check_stated_scale,
    estimate_mpp,
    red_cell_diameters,
)

PLACES = [(x, y) for x in range(12, 100, 16) for y in range(12, 100, 16)]


def field(mpp: float, *, side_um: float = 110.0, um: float = 7.35) -> np.ndarray:
    """Cells of a known diameter with pallor, drawn at `mpp` with smooth edges."""
    side = round(side_um / mpp)
    image = np.full((side, side, 3), (238, 226, 220), np.float32)
    for x, y in PLACES:
        reach = round(um / mpp)
        x0, y0 = max(0, round(x / mpp) - reach), max(0, round(y / mpp) - reach)
        part = image[y0 : y0 + 2 * reach, x0 : x0 + 2 * reach]
        yy, xx = np.mgrid[: part.shape[0], : part.shape[1]] + 0.5
        distance = np.hypot(xx + x0 - x / mpp, yy + y0 - y / mpp)
        for radius, colour in ((um / 2 / mpp, (205, 150, 150)), (1.3 / mpp, (228, 205, 200))):
            inside = np.clip(radius - distance + 0.5, 0, 1)[:, :, None]
            part[:] = part * (1 - inside) + np.array(colour) * inside
    return image.astype(np.uint8)


class KnowsTheTruth:
    """Finds the drawn cells as a network would: surely near its own scale, badly far from it."""

    um_per_px = 0.4

    def __init__(self, true_mpp: float, kind: int = 1) -> None:
        self.true_mpp = true_mpp
        self.kind = kind

    def detect(self, image: np.ndarray, mpp: float) -> Detections:
        error = abs(np.log(mpp / self.true_mpp))
        score = float(np.exp(-((error / 0.5) ** 2)))
        if score < 0.3:
            return Detections.none()
        dark = cv2.inRange(image, (150, 100, 100), (222, 190, 190))
        contours, _ = cv2.findContours(dark, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        boxes = np.array([cv2.boundingRect(c) for c in contours], np.float32).reshape(-1, 4)
        # Boxes a tenth too large, as people draw them.
        boxes = boxes + np.concatenate([-0.05 * boxes[:, 2:], 0.1 * boxes[:, 2:]], 1)
        n = len(boxes)
        return Detections(boxes, np.full(n, self.kind, np.int8), np.full(n, score, np.float32))


@pytest.mark.parametrize("mpp", [0.05, 0.082, 0.107, 0.25, 0.5])
def test_scale_is_found_from_red_cells(mpp: float) -> None:
    found = estimate_mpp([field(mpp)] * 2, KnowsTheTruth(mpp))
    assert found.source is ScaleSource.RED_CELLS
    assert found.mpp == pytest.approx(mpp, rel=0.04)
    assert found.n >= 20
    assert found.warning
    assert found.basis == BASIS_RED_CELLS
    assert 0.07 < found.spread < 0.1  # of two pictures
    low, high = found.limits or (0, 0)
    assert low < mpp < high


def test_diameters_do_not_depend_on_loose_boxes() -> None:
    image = field(0.1)
    boxes = KnowsTheTruth(0.1).detect(image, 0.1).boxes
    for grow in (1.0, 1.15):
        middle = boxes[:, :2] + boxes[:, 2:] / 2
        loose = np.concatenate([middle - boxes[:, 2:] * grow / 2, boxes[:, 2:] * grow], 1).astype(np.float32)
        assert np.median(red_cell_diameters(image, loose)) == pytest.approx(73.5, rel=0.03)


def test_crowded_cells_count_with_their_box() -> None:
    image = field(0.1)
    boxes = np.array([[100, 100, 80, 80], [120, 110, 80, 80]], np.float32)
    assert red_cell_diameters(image, boxes) == pytest.approx([80, 80])


def test_leukocytes_serve_where_there_are_no_red_cells() -> None:
    found = estimate_mpp([field(0.1, um=13.0)], KnowsTheTruth(0.1, kind=0))
    assert found.source is ScaleSource.PRIOR
    assert found.mpp == pytest.approx(0.1, rel=0.2)
    assert found.warning == WARNING_PRIOR
    assert found.spread == 0.15  # as measured on tight crops of two laboratories


def test_nothing_found_is_said() -> None:
    blank = np.full((64, 64, 3), 230, np.uint8)
    for images, finder in (([blank], KnowsTheTruth(0.1)), ([], KnowsTheTruth(0.1)), ([field(0.1)], None)):
        found = estimate_mpp(images, finder)
        assert found.mpp is None
        assert found.source is ScaleSource.UNKNOWN
        assert found.warning


def test_images_of_different_scales_are_noticed() -> None:
    class Both(KnowsTheTruth):
        def detect(self, image: np.ndarray, mpp: float) -> Detections:
            found = super().detect(image, self.true_mpp)
            return found if abs(np.log(mpp / 0.1)) < 0.6 else Detections.none()

    found = estimate_mpp([field(0.08)] * 3 + [field(0.13)] * 3, Both(0.1))
    assert found.warning == WARNING_MIXED


def test_tiny_images_are_passed_over() -> None:
    assert estimate_mpp([np.zeros((4, 4, 3), np.uint8)], KnowsTheTruth(0.1)).mpp is None


def test_every_warning_has_its_french() -> None:
    from bloodcells_gui.domain.i18n import tr
    from bloodcells_gui.imaging import scale

    warnings = [v for k, v in vars(scale).items() if k.startswith("WARNING_")]
    assert len(warnings) == 5
    assert all(tr(w, "fr") != w for w in warnings)


@pytest.mark.parametrize("factor", [1.0, 2.54, 1 / 2.54, 10.0, 1.5, 0.65, 1.25])
def test_only_the_true_scale_is_borne_out_by_the_red_cells(factor: float) -> None:
    images, finder = [field(0.1)] * 4, KnowsTheTruth(0.1)
    found = check_stated_scale(images, factor * 0.1, finder)
    if factor == 1.0:
        assert found is not None
        assert found.source is ScaleSource.RED_CELLS
        assert found.mpp == pytest.approx(0.1, rel=0.04)
    else:
        assert found is None
    # whatever the files say, the answer comes from the cells
    assert estimate_mpp(images, finder, factor * 0.1).mpp == pytest.approx(0.1, rel=0.04)


def test_a_few_cells_or_one_image_bear_nothing_out() -> None:
    assert check_stated_scale([field(0.1)[:400, :400]], 0.1, KnowsTheTruth(0.1)) is None
    assert check_stated_scale([field(0.1)[:8, :8]] * 9, 0.1, KnowsTheTruth(0.1)) is None
