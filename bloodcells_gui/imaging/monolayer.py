"""Rate how well a patch of a smear can be read: one layer of whole red cells, sharp, evenly lit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.zones import BAD_LIGHT, GLASS, NOT_A_SMEAR, OUT_OF_FOCUS, PALE, TOO_THICK, TOO_THIN
from bloodcells_gui.imaging.focus import edge_blur_px

#: Patches are judged at this scale, um per px: a red cell is 18 px across.
JUDGED_MPP = 0.40
# A red cell is 7.2 to 7.5 um across, so about 42 um2; clumps are larger.
_SINGLE_HULL_UM2 = 78.0
_PALLOR_UM2 = 14.0
_DUST_UM2 = 6.0
# Ramps of the score, (worst, best).
_COVERAGE_THIN = (0.015, 0.22)
_COVERAGE_THICK = (0.92, 0.65)
_SINGLE_SHARE = (0.0, 0.35)
_BLUR_UM = (1.25, 0.60)
_STAIN_OD = (0.03, 0.10)
_LIGHT = (0.25, 0.50)
# Stained cells absorb unevenly: 0.31 to 0.6 in every laboratory seen; ink and shadows hardly at all.
_COLOUR = (0.06, 0.16)
_REASON_BELOW = 0.6


@dataclass(frozen=True, slots=True)
class PatchQuality:
    """What was measured in a patch.

    Attributes
    ----------
    score : float
        0 to 1, the product of the single ramps.
    reasons : tuple of str
        What speaks against the patch, worst first.
    coverage : float
        Share of the area covered by cells.
    single_share : float
        Share of the covered area that belongs to red cells standing alone; 1 minus this is the overlap.
    blur_um : float
        Edge blur.
    stain_od : float
        Median optical density of the cells in the green channel.
    light : float
        Brightness of the blank field, 0 to 1.
    """

    score: float
    reasons: tuple[str, ...]
    coverage: float
    single_share: float
    blur_um: float
    stain_od: float
    light: float


def optical_density(rgb: NDArray[np.uint8], white: float) -> NDArray[np.float32]:
    """log10(white / green), (h, w): haemoglobin absorbs around 540 nm, nuclei even more."""
    lut = np.log10(max(white, 1.0) / np.maximum(np.arange(256, dtype=np.float32), 1.0)).astype(np.float32)
    return np.asarray(lut[rgb[..., 1]], np.float32)


def blank_level(rgb: NDArray[np.uint8]) -> float:
    """Green level of the blank field between the cells: the brightest broad peak of the histogram."""
    histogram = np.bincount(rgb[..., 1].ravel(), minlength=256).astype(np.float64)
    smooth = np.convolve(histogram, np.ones(9) / 9, "same")
    strong = np.flatnonzero(smooth >= 0.25 * smooth.max())
    top = int(strong[-1])
    low = max(0, top - 12)
    return float(low + np.argmax(smooth[low : top + 1]))


def judge_patch(rgb: NDArray[np.uint8], mpp: float, white: float | None = None) -> PatchQuality:
    """Judge one patch.

    Parameters
    ----------
    rgb : (h, w, 3) uint8 RGB
        At least about 60 um wide.
    mpp : float
        Its scale; it is brought to `JUDGED_MPP` first.
    white : float or None
        Green level of the empty glass of this slide: where no blank field is left between the cells, the
        patch alone cannot know it.
    """
    if abs(mpp / JUDGED_MPP - 1) > 0.02:
        factor = mpp / JUDGED_MPP
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        rgb = np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=how), np.uint8)
    blank = blank_level(rgb)
    # A thick zone has no blank field of its own: what looks blank is far darker than the glass.
    level = max(blank, 0.75 * white) if white else blank
    light = level / 255.0
    od = optical_density(cv2.GaussianBlur(rgb, (0, 0), 0.8), level)
    limit = _od_limit(od)
    covered = (od > limit).astype(np.uint8)
    coverage, single_share = _crowding(covered)
    blur_um = edge_blur_px(rgb[..., 1]) * JUDGED_MPP
    colour = _colour(rgb, covered)
    cells = od[covered > 0]
    stain = float(np.median(cells)) if cells.size else 0.0
    factors = {
        TOO_THIN: _ramp(coverage, _COVERAGE_THIN),
        TOO_THICK: min(_ramp(coverage, _COVERAGE_THICK), 0.1 + 0.9 * _ramp(single_share, _SINGLE_SHARE)),
        OUT_OF_FOCUS: _ramp(blur_um, _BLUR_UM),
        PALE: _ramp(stain, _STAIN_OD),
        BAD_LIGHT: _ramp(light, _LIGHT),
        NOT_A_SMEAR: _ramp(colour, _COLOUR),
    }
    if coverage < _COVERAGE_THIN[0]:
        # Nothing to be sharp or crowded: call it glass and say nothing else.
        return PatchQuality(0.0, (GLASS,), coverage, single_share, blur_um, stain, light)
    reasons = sorted((r for r, f in factors.items() if f < _REASON_BELOW), key=lambda r: factors[r])
    score = math.prod(factors.values())
    return PatchQuality(score, tuple(reasons), coverage, single_share, blur_um, stain, light)


def _od_limit(od: NDArray[np.float32]) -> float:
    """Otsu's threshold on the optical density; nuclei are clipped so that they do not set it."""
    clipped = np.clip(od, 0.0, 0.35) * (255 / 0.35)
    otsu, _ = cv2.threshold(clipped.astype(np.uint8), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return float(np.clip(otsu * 0.35 / 255, 0.035, 0.15))


def _colour(rgb: NDArray[np.uint8], covered: NDArray[np.uint8]) -> float:
    """How differently the cells absorb red, green and blue: (largest - smallest) / largest density."""
    # Every third row and column tells as much as all of them.
    chosen = rgb[::3, ::3][covered[::3, ::3] > 0]
    if len(chosen) < 30:
        return 1.0
    # The blank field of each channel by itself, so that the lamp's colour does not count.
    white = np.percentile(rgb[::4, ::4].reshape(-1, 3), 92, axis=0)
    od = np.log10(np.maximum(white, 1.0) / np.maximum(np.median(chosen, axis=0), 1.0))
    return float((od.max() - od.min()) / max(float(od.max()), 0.02))


def _crowding(covered: NDArray[np.uint8]) -> tuple[float, float]:
    """Share of the area that is covered, and share of it in red cells that stand alone."""
    um2 = JUDGED_MPP**2
    contours, tree = cv2.findContours(covered, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    filled = float(covered.sum())
    total = single = 0.0
    for i, contour in enumerate(contours):
        area = cv2.contourArea(contour) * um2
        if tree[0][i][3] >= 0:
            if area < _PALLOR_UM2:
                filled += area / um2
            continue
        if area < _DUST_UM2:
            continue
        total += area
        # The hull, because a pale cell's rim is often open; two touching cells have one of 90 um2 and more.
        if cv2.contourArea(cv2.convexHull(contour)) * um2 <= _SINGLE_HULL_UM2:
            single += area
    coverage = filled / covered.size
    share = single / total if total > 0 else 0.0
    return coverage, share


def _ramp(value: float, ends: tuple[float, float]) -> float:
    worst, best = ends
    return min(1.0, max(0.0, (value - worst) / (best - worst)))
