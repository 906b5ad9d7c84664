"""Estimate um per pixel from the cells themselves, where no metadata gives it.

Red cells are the ruler that every smear carries: 7.2 to 7.5 um across in health (Bain, Blood Cells; a range
of 6.2 to 8.2 um is
normal). Where hardly any are in view the leukocytes serve, whose size is far less sure. A micro- or
macrocytic specimen
shifts the result, so an estimate always comes with a warning.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.detections import NUCLEATED, RED_CELL, Detections
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.scale_messages import BASIS_FEW, BASIS_LEUKOCYTES, BASIS_MIXED, BASIS_RED_CELLS
from bloodcells_gui.domain.specimen import ScaleEstimate, ScaleSource

#: Usual red cell of a dry smear, um.
RED_CELL_DIAMETER_UM = 7.35
LEUKOCYTE_UM = 13.5

#: First guesses, um per px: each lies within the detector's own range (a factor of about 1.8) of its
#: neighbours.
GUESSES = (0.035, 0.055, 0.085, 0.135, 0.21, 0.33, 0.52, 0.82)
#: Largest side, in px of the detector, of what one guess looks at.
_LOOK_PX = 352
#: Images that vote on the first guess.
_VOTERS = 6
_ENOUGH_RED_CELLS = 4
_FEW = 10
#: What the median box of the leukocytes alone measures, and the standard deviation of ln(um per px) of such
#: a guess. Measured on 131 specimens of tight crops (22 kinds of mix, from lymphocytes only to monocytes
#: only, of two laboratories): with 13.5 um the guess was 1.11 times too large in the mean, with a deviation
#: of 0.136; of single cells 0.155.
LEUKOCYTES_ALONE_UM = 12.2
_PRIOR_SPREAD = 0.15
#: Cut-out diameter over side of the box of detector 2: medians of 0.98 to 1.03 on six sets, 1.00 in the mean.
BOX_TO_DIAMETER = 1.0
#: Median red cell, um, that bears a stated scale out; and how many cells of how many images it takes.
BORNE_OUT_UM = (6.5, 8.0)
_PROVING_RED_CELLS = 16
_PROVING_IMAGES = 4
#: Standard deviation of ln(mean red cell): between preparations and laboratories; from field to field of one.
#: Measured on eight sets of known scale, 12, 4 and 1 pictures each: 68 % of the true scales lie within what
#: these two and the number of cells give (table in docs/models-detector-segmenter.md).
_BETWEEN_PREPARATIONS, _BETWEEN_FIELDS = 0.07, 0.06
# What is added where fewer than `_FEW` cells may all be misjudged, over the root of their number.
_MISJUDGED = 0.15

# Plain sentences (the numbers stand in the estimate itself), so that they are keys of the French catalogue.
WARNING_RED_CELLS = N_(
    "The scale was estimated from the red cells: a micro- or macrocytic specimen shifts it."
)
WARNING_FEW = N_("The scale was estimated from very few red cells; please check it.")
WARNING_PRIOR = N_(
    "Too few red cells to measure: the scale was guessed from the size of the leukocytes; please check it."
)
WARNING_NONE = N_("No cell was found to estimate the scale from; please enter it.")
WARNING_MIXED = N_("The images seem to have different scales; please check them.")


class CellFinder(Protocol):
    """A detector that resamples by itself."""

    @property
    def um_per_px(self) -> float:
        """Scale at which the detector works."""

    def detect(self, image: NDArray[np.uint8], mpp: float) -> Detections:
        """Cells of an image (h, w, 3) uint8 RGB taken at `mpp` um/px, boxes in px of the image."""


def estimate_mpp(
    images: Sequence[NDArray[np.uint8]], finder: CellFinder | None, stated: float | None = None
) -> ScaleEstimate:
    """Scale of images that share one.

    The detector is run at several assumed scales; the one at which its cells are largest in number, surest,
    and of the size
    they ought to have, wins. At a refined scale the red cells are then cut out and measured.

    Parameters
    ----------
    images : sequence of (h, w, 3) uint8 RGB
        A sample of one specimen's images, all at one scale.
    finder : CellFinder or None
        Without one nothing can be estimated.
    stated : float or None
        What the files say, um per px: where red cells measured at it are as wide as healthy ones, that is the
        answer (:func:`check_stated_scale`).

    Returns
    -------
    ScaleEstimate
        `spread` is the standard deviation of ln(um per px), the natural variation of red cells included. With
        nothing to go by, `mpp` is None and the source UNKNOWN.
    """
    if finder is None:
        return ScaleEstimate(None, ScaleSource.UNKNOWN, warning=WARNING_NONE)
    quick = check_stated_scale(images, stated, finder) if stated else None
    if quick is not None:
        return quick
    usable = [i for i in images if min(i.shape[:2]) >= 16]
    guess = _first_guess(usable[:: max(1, len(usable) // _VOTERS)][:_VOTERS], finder)
    if guess is None:
        return ScaleEstimate(None, ScaleSource.UNKNOWN, warning=WARNING_NONE)
    diameters: list[float] = []
    leukocytes: list[float] = []
    per_image: list[float] = []
    seen_in = 0
    for image in usable:
        red, white = _refined(image, guess, finder)
        diameters += red
        seen_in += bool(red)
        leukocytes += white
        if len(red) >= _ENOUGH_RED_CELLS:
            per_image.append(float(np.median(red)))
    prior = LEUKOCYTES_ALONE_UM / float(np.median(leukocytes)) if leukocytes else None
    near = _reject_outliers(diameters)
    if len(near) >= _ENOUGH_RED_CELLS:
        return _from_red_cells(near, per_image, prior, seen_in)
    if prior is not None:
        return ScaleEstimate(
            prior, ScaleSource.PRIOR, _PRIOR_SPREAD, len(leukocytes), WARNING_PRIOR, BASIS_LEUKOCYTES
        )
    return ScaleEstimate(None, ScaleSource.UNKNOWN, warning=WARNING_NONE)


def check_stated_scale(
    images: Sequence[NDArray[np.uint8]], mpp: float, finder: CellFinder
) -> ScaleEstimate | None:
    """Measure red cells at the scale that the files state, where they turn out as wide as healthy ones.

    That spares the search over all scales, which takes most of the time of :func:`estimate_mpp`.

    Parameters
    ----------
    images : sequence of (h, w, 3) uint8 RGB
        A sample of images of one scale.
    mpp : float
        That scale, um per px.
    finder : CellFinder

    Returns
    -------
    ScaleEstimate or None
        None where too few red cells are in view, or where their median is not `BORNE_OUT_UM`: then only the
        search over all scales says something.
    """
    diameters: list[float] = []
    per_image: list[float] = []
    seen_in = 0
    for image in images:
        if min(image.shape[:2]) < 16:
            continue
        red, _ = _refined(image, mpp, finder)
        diameters += red
        if len(red) >= _ENOUGH_RED_CELLS:
            per_image.append(float(np.median(red)))
        seen_in += bool(red)
        near = _reject_outliers(diameters)
        if len(near) >= _PROVING_RED_CELLS and seen_in >= min(_PROVING_IMAGES, len(images)):
            low, high = BORNE_OUT_UM
            fits = low <= float(np.median(near)) * mpp <= high and len(near) > 0.7 * len(diameters)
            return _from_red_cells(near, per_image, None, seen_in) if fits else None
    return None


def _reject_outliers(diameters: Sequence[float]) -> NDArray[np.float64]:
    """Without overlapping pairs and fragments, which lie far from the median."""
    values = np.asarray(diameters, np.float64)
    if len(values) == 0:
        return values
    near: NDArray[np.float64] = values[np.abs(values / np.median(values) - 1) < 0.35]
    return near


def _from_red_cells(
    near: NDArray[np.float64], per_image: Sequence[float], prior: float | None, pictures: int
) -> ScaleEstimate:
    n = len(near)
    middle = float(np.median(near))
    mpp = RED_CELL_DIAMETER_UM / middle
    deviation = max(1.4826 * float(np.median(np.abs(near / middle - 1))), 0.08)
    spread = math.hypot(
        _BETWEEN_PREPARATIONS,
        _BETWEEN_FIELDS / math.sqrt(max(1, pictures)),
        1.2533 * deviation / math.sqrt(n),
    )
    if n < _FEW and prior is not None:
        # A few cells may all be misjudged: let the leukocytes have their say, by inverse variance of ln(mpp).
        doubt = math.hypot(spread, _MISJUDGED / math.sqrt(n))
        share = doubt**-2 / (doubt**-2 + _PRIOR_SPREAD**-2)
        mpp = math.exp(share * math.log(mpp) + (1 - share) * math.log(prior))
        spread = doubt
    warning, basis = (WARNING_FEW, BASIS_FEW) if n < _FEW else (WARNING_RED_CELLS, BASIS_RED_CELLS)
    if len(per_image) >= 4:
        low, high = np.percentile(per_image, [10, 90])
        if high > 1.5 * low:
            warning, basis = WARNING_MIXED, BASIS_MIXED
            spread = max(spread, float(high / low - 1) / 2)
    return ScaleEstimate(mpp, ScaleSource.RED_CELLS, spread, n, warning, basis)


def _first_guess(images: Sequence[NDArray[np.uint8]], finder: CellFinder) -> float | None:
    """The assumed scale at which the detections of all images fit best, already corrected by them."""
    votes: list[tuple[float, float]] = []
    for guess in GUESSES:
        total, ratios, weights = 0.0, [], []
        for image in images:
            view = _centre_crop(image, round(_LOOK_PX * finder.um_per_px / guess))
            found = finder.detect(view, guess)
            area = view.shape[0] * view.shape[1]
            for kind, um, worth in ((RED_CELL, RED_CELL_DIAMETER_UM, 1.0), (NUCLEATED, LEUKOCYTE_UM, 0.7)):
                cells = found.of_class(kind)
                cells = cells.take(_fully_inside(cells.boxes, view.shape))
                if len(cells) == 0:
                    continue
                sides = np.sqrt(cells.boxes[:, 2] * cells.boxes[:, 3])
                ratio = np.log(um / sides / guess)
                fit = cells.scores**2 * np.exp(-((ratio / 0.45) ** 2)) * sides**2 / area * worth
                total += float(fit.sum())
                ratios.append(ratio)
                weights.append(fit)
        if total > 0:
            ratio, weight = np.concatenate(ratios), np.concatenate(weights)
            shift = _weighted_median(ratio, weight)
            votes.append((total, guess * math.exp(shift)))
    if not votes:
        return None
    return max(votes)[1]


def _refined(image: NDArray[np.uint8], guess: float, finder: CellFinder) -> tuple[list[float], list[float]]:
    """Diameters in px of the whole, separate red cells and of the leukocytes of one image."""
    view = _centre_crop(image, round(4 * _LOOK_PX * finder.um_per_px / guess))
    found = finder.detect(view, guess)
    whole = found.take(_fully_inside(found.boxes, view.shape))
    red = whole.of_class(RED_CELL)
    measured = red_cell_diameters(view, red.boxes[red.scores > 0.35], found.boxes)
    white = whole.of_class(NUCLEATED)
    sides = np.sqrt(white.boxes[:, 2] * white.boxes[:, 3])[white.scores > 0.4]
    return measured, [float(s) for s in sides]


def red_cell_diameters(
    image: NDArray[np.uint8], boxes: NDArray[np.float32], all_boxes: NDArray[np.float32] | None = None
) -> list[float]:
    """Diameters of red cells, cut out where they stand free, from their boxes otherwise.

    Inside the box of a free cell, Otsu's threshold (IEEE Trans SMC 1979;9:62-6) of the green channel, in
    which haemoglobin absorbs most, parts cell from background; what is round (form factor over 0.75) and
    does not touch the frame is measured: the diameter of the circle of the same area, central pallor
    filled. The rest
    counts with the side of its box times `BOX_TO_DIAMETER`.

    Parameters
    ----------
    image : (h, w, 3) uint8 RGB
    boxes : (n, 4) float32, x, y, width, height in px, of whole red cells
    all_boxes : (m, 4) float32, all cells found: a box that another one overlaps by more than a tenth is not
    free

    Returns
    -------
    list of float
        In px of the image, one for each box.
    """
    others = boxes if all_boxes is None else all_boxes
    out = []
    for box in boxes:
        diameter = None if _crowded(box, others) else _segmented_diameter(image, box)
        out.append(diameter or BOX_TO_DIAMETER * math.sqrt(float(box[2] * box[3])))
    return out


def _segmented_diameter(image: NDArray[np.uint8], box: NDArray[np.float32]) -> float | None:
    x, y, w, h = (float(v) for v in box)
    margin = 0.12 * max(w, h) + 1
    x0, y0 = max(0, round(x - margin)), max(0, round(y - margin))
    x1, y1 = min(image.shape[1], round(x + w + margin)), min(image.shape[0], round(y + h + margin))
    green = np.ascontiguousarray(image[y0:y1, x0:x1, 1])
    if min(green.shape) < 6:
        return None
    # About 40 px across: fine enough to measure, and small structures cannot disturb the threshold.
    factor = min(4.0, 48.0 / max(green.shape))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    green = cv2.resize(green, None, fx=factor, fy=factor, interpolation=how)
    green = cv2.GaussianBlur(green, (0, 0), 1.0)
    _, binary = cv2.threshold(green, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    largest = max(contours, key=cv2.contourArea)
    length = cv2.arcLength(largest, True)
    # The contour runs through pixel centres: half a pixel is missing all around.
    area = cv2.contourArea(largest) + length / 2
    bx, by, bw, bh = cv2.boundingRect(largest)
    touches = bx == 0 or by == 0 or bx + bw == green.shape[1] or by + bh == green.shape[0]
    if touches or length == 0 or 4 * math.pi * area / length**2 < 0.75:
        return None
    diameter = 2 * math.sqrt(area / math.pi) / factor
    # What fills less than half of its box is a fragment, or only the rim of the threshold's mistake.
    return diameter if diameter > 0.7 * math.sqrt(w * h) else None


def _crowded(box: NDArray[np.float32], others: NDArray[np.float32]) -> bool:
    x0, y0 = np.maximum(box[0], others[:, 0]), np.maximum(box[1], others[:, 1])
    x1 = np.minimum(box[0] + box[2], others[:, 0] + others[:, 2])
    y1 = np.minimum(box[1] + box[3], others[:, 1] + others[:, 3])
    common = np.maximum(x1 - x0, 0) * np.maximum(y1 - y0, 0)
    # The box itself is among the others once.
    return int(np.count_nonzero(common > 0.1 * box[2] * box[3])) > 1


def _fully_inside(boxes: NDArray[np.float32], shape: Iterable[int]) -> NDArray[np.bool_]:
    height, width = list(shape)[:2]
    margin = 0.02 * min(height, width)
    inside: NDArray[np.bool_] = (
        (boxes[:, 0] > margin)
        & (boxes[:, 1] > margin)
        & (boxes[:, 0] + boxes[:, 2] < width - margin)
        & (boxes[:, 1] + boxes[:, 3] < height - margin)
    )
    return inside


def _centre_crop(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    y0, x0 = max(0, (height - side) // 2), max(0, (width - side) // 2)
    return image[y0 : y0 + side, x0 : x0 + side]


def _weighted_median(values: NDArray[np.float32], weights: NDArray[np.float32]) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
