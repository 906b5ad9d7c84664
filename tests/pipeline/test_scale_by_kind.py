"""The scale of crops without red cells: kinds and their sizes, with drawn discs of a known size."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bloodcells_gui.domain.detections import Detections
from bloodcells_gui.domain.scale_messages import BASIS_KINDS, BASIS_LEUKOCYTES
from bloodcells_gui.domain.specimen import ScaleEstimate, ScaleSource
from bloodcells_gui.imaging.scale import LEUKOCYTES_ALONE_UM
from bloodcells_gui.pipeline.scale_by_kind import SIZES, SizeByKind, likelihood_of_scales

TRUE_MPP = 0.1
CODES = ("SNE", "LY", "MO", "BL")


def disc(um: float, nucleus_um: float, shade: int) -> np.ndarray:
    """A cell that fills its picture; the blue value tells its kind."""
    side = round(1.05 * um / TRUE_MPP)
    yy, xx = np.mgrid[:side, :side] - (side - 1) / 2
    off = np.hypot(yy, xx) * TRUE_MPP
    image = np.full((side, side, 3), 240, np.uint8)
    image[off < um / 2] = (180, 160, shade)
    image[off < nucleus_um / 2] = (90, 60, shade)
    return image


LYMPHOCYTE, MONOCYTE = disc(10.9, 9.5, 100), disc(16.3, 11.9, 140)


class Finder:
    um_per_px = 0.4

    def detect(self, image: np.ndarray, mpp: float) -> Detections:
        side = image.shape[0]
        box = np.array([[0, 0, side, side]], np.float32)
        return Detections(box, np.zeros(1, np.int8), np.ones(1, np.float32))


class Outliner:
    size_px, um_per_px = 128, 0.21

    def segment(self, crops: np.ndarray) -> np.ndarray:
        masks = (crops[..., 1] < 200).astype(np.uint8)
        masks[crops[..., 1] < 110] = 2
        return masks


class Namer:
    size_px, um_per_px = 128, 0.172
    classes = CODES
    foreign_disagreement = float("inf")

    def predict(self, crops: np.ndarray) -> Any:
        """The kind by its shade, unless it looks as large as no lymphocyte is: then a blast."""
        p = np.full((len(crops), len(CODES)), 0.02, np.float32)
        for row, crop in enumerate(crops):
            cell = crop[crop[..., 1] < 200]
            um = 2 * np.sqrt(len(cell) / np.pi) * self.um_per_px
            lymphocyte = np.median(cell[:, 2]) < 120
            name = ("BL" if um > 13.5 else "LY") if lymphocyte else "MO"
            p[row, CODES.index(name)] = 0.94
        return SimpleNamespace(probabilities=p)


def found_with(images: list[np.ndarray], first: ScaleEstimate) -> ScaleEstimate:
    return SizeByKind(Finder(), Namer(), Outliner()).improve(images, first)  # type: ignore[arg-type]


def by_leukocytes_alone(images: list[np.ndarray]) -> ScaleEstimate:
    mpp = LEUKOCYTES_ALONE_UM / float(np.median([i.shape[0] for i in images]))
    return ScaleEstimate(mpp, ScaleSource.PRIOR, 0.15, len(images), "w", BASIS_LEUKOCYTES)


@pytest.mark.parametrize(
    "images", [[LYMPHOCYTE] * 12, [MONOCYTE] * 12, [LYMPHOCYTE] * 6 + [MONOCYTE] * 6, [LYMPHOCYTE]]
)
def test_each_mix_is_found_at_the_size_of_its_kinds(images: list[np.ndarray]) -> None:
    first = by_leukocytes_alone(images)
    found = found_with(images, first)
    assert found.mpp == pytest.approx(TRUE_MPP, rel=0.05)
    assert abs(np.log((found.mpp or 0) / TRUE_MPP)) <= abs(np.log((first.mpp or 0) / TRUE_MPP)) + 0.01
    assert (found.source, found.basis) == (ScaleSource.PRIOR, BASIS_KINDS)
    assert found.n == len(images)


def test_few_cells_leave_a_wider_spread() -> None:
    one, many = (found_with([LYMPHOCYTE] * n, by_leukocytes_alone([LYMPHOCYTE])) for n in (1, 12))
    assert one.spread > many.spread > 0.08


def test_at_most_sixteen_cells_are_asked_for() -> None:
    assert found_with([LYMPHOCYTE] * 40, by_leukocytes_alone([LYMPHOCYTE])).n == 16


def test_red_cells_and_no_scale_at_all_are_left_as_they_are() -> None:
    for first in (
        ScaleEstimate(0.13, ScaleSource.RED_CELLS, 0.07, 40),
        ScaleEstimate(None, ScaleSource.UNKNOWN),
    ):
        assert found_with([LYMPHOCYTE] * 4, first) is first


def test_where_nothing_is_outlined_the_first_guess_stays() -> None:
    blank = np.full((80, 80, 3), 240, np.uint8)
    first = by_leukocytes_alone([blank])
    namer, outliner = Namer(), Outliner()
    namer.predict = lambda crops: SimpleNamespace(  # type: ignore[method-assign]
        probabilities=np.full((len(crops), 4), 0.25, np.float32)
    )
    assert SizeByKind(Finder(), namer, outliner).improve([blank], first) is first  # type: ignore[arg-type]


def test_a_row_without_a_size_says_nothing() -> None:
    assumed = np.exp(np.arange(-6, 7) * 0.1)
    diameters = np.stack([10.9 * assumed, 9.5 * assumed], axis=1)
    sure = {"LYMPHOCYTE": np.full(13, 0.5, np.float32), "PLATELET": np.full(13, 0.5, np.float32)}
    total = likelihood_of_scales(sure, diameters)
    assert int(np.argmax(total)) == 6
    assert "PLATELET" not in SIZES
