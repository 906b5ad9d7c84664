"""Find um per pixel where no red cell is in view: from what kinds of leukocytes are seen, and how large.

A specimen of lymphocytes is small-celled, one of monocytes large-celled; the median leukocyte alone makes the
scale of the one a fifth too large, and of the other a quarter too small. Here classifier and segmenter are
asked at a row of assumed scales: at the right one, the cells have the size of the kinds that they are taken
for. Measured with ``python -m scripts.training.evaluate_scale --tight``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.morphometry import coarse_names
from bloodcells_gui.adaptation.reproposal import coarse_rows, coarse_sums
from bloodcells_gui.domain.detections import NUCLEATED
from bloodcells_gui.domain.scale_messages import BASIS_KINDS, WARNING_KINDS
from bloodcells_gui.domain.specimen import ScaleEstimate, ScaleSource
from bloodcells_gui.imaging.scale import CellFinder
from bloodcells_gui.inference.preprocess import crop_at_scale
from bloodcells_gui.pipeline.edges import visible_part
from bloodcells_gui.pipeline.models import CellClassifier, CellSegmenter

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

_NUCLEUS = 2


@dataclass(frozen=True, slots=True)
class KindSize:
    """How large a kind is: median diameters of a circle of the same area, um, and deviations of their ln."""

    cell_um: float
    nucleus_um: float
    cell_spread: float
    nucleus_spread: float


#: By row of the ten-class roll-up. Means over PBC, Raabin, LISC and Deep Bio-Net of the medians of the
#: segmenter's outlines in tight crops (40 to 210 cells a kind; immature granulocytes and erythroblasts of PBC
#: alone). Blasts are as large as they like: the widest range.
SIZES = {
    "NEUTROPHIL": KindSize(14.9, 9.2, 0.09, 0.09),
    "IG": KindSize(15.5, 11.3, 0.15, 0.11),
    "EOSINOPHIL": KindSize(14.7, 9.4, 0.09, 0.09),
    "BASOPHIL": KindSize(14.0, 12.5, 0.11, 0.10),
    "LYMPHOCYTE": KindSize(10.9, 9.5, 0.12, 0.09),
    "MONOCYTE": KindSize(16.3, 11.9, 0.11, 0.06),
    "BLAST": KindSize(15.0, 12.5, 0.20, 0.20),
    "ERYTHROBLAST": KindSize(10.4, 7.1, 0.16, 0.16),
}
#: Assumed scales: ln of their ratio to the first guess.
STEPS = np.arange(-6, 7) * 0.1
_MOST_CELLS = 16
_MOST_OF_AN_IMAGE = 3
_SURE_CELL = 0.4
# Of one kind at one scale, whatever the classifier says; and what a nucleus's size counts beside the cell's.
_FLOOR, _NUCLEUS_WEIGHT = 0.01, 0.25
# A cell farther from every kind's size than this many deviations is no cell of a kind, and says nothing more.
_FARTHEST = 4.0
# How far the first guess binds, as the deviation of its ln.
_GUESS_SPREAD = 0.2
#: Deviation of ln(um per px) of the answer from n cells: hypot of what all cells of a laboratory share and of
#: single cells. Within it lie 68 % of the true scales in the mean over four laboratories.
_SHARED, _SINGLE = 0.09, 0.10


@dataclass(frozen=True, slots=True)
class SizeByKind:
    """Improves a scale that rests on the size of leukocytes alone.

    Attributes
    ----------
    finder : CellFinder
    classifier, segmenter
        As they name and outline cells.
    """

    finder: CellFinder
    classifier: CellClassifier
    segmenter: CellSegmenter

    def improve(self, images: Sequence[Pixels], first: ScaleEstimate) -> ScaleEstimate:
        """The scale at which cells have the sizes of their kinds; `first` where it rests on anything better.

        Parameters
        ----------
        images : sequence of (h, w, 3) uint8 RGB
            Of one scale.
        first : ScaleEstimate
        """
        if first.source is not ScaleSource.PRIOR or not first.mpp:
            return first
        logs = [
            self._log_likelihood(image, centre, first.mpp) for image, centre in self._cells(images, first.mpp)
        ]
        found = [log for log in logs if log is not None]
        if not found:
            return first
        total = np.sum(found, axis=0) - 0.5 * (STEPS / _GUESS_SPREAD) ** 2
        spread = math.hypot(_SHARED, _SINGLE / math.sqrt(len(found)))
        return replace(
            first, mpp=first.mpp * math.exp(_peak(total)), spread=spread, n=len(found), basis=BASIS_KINDS,
            warning=WARNING_KINDS,
        )  # fmt: skip

    def _cells(self, images: Sequence[Pixels], mpp: float) -> list[tuple[Pixels, tuple[float, float]]]:
        """Cells of as many images as possible: image and middle."""
        every: list[list[tuple[Pixels, tuple[float, float]]]] = []
        for image in images:
            white = self.finder.detect(image, mpp).of_class(NUCLEATED)
            boxes = white.boxes[white.scores > _SURE_CELL][:_MOST_OF_AN_IMAGE]
            every.append([(image, (float(x + w / 2), float(y + h / 2))) for x, y, w, h in boxes])
        turns = [cells[turn] for turn in range(_MOST_OF_AN_IMAGE) for cells in every if turn < len(cells)]
        return turns[:_MOST_CELLS]

    def _log_likelihood(self, image: Pixels, centre: tuple[float, float], mpp: float) -> Floats | None:
        """(S,) of one cell at each assumed scale; None where the segmenter outlines none."""
        assumed = mpp * np.exp(STEPS)
        naming, outlining = self.classifier, self.segmenter
        crops = [crop_at_scale(image, centre, at, naming.size_px, naming.um_per_px) for at in assumed]
        result = naming.predict(np.stack(crops))
        views = [crop_at_scale(image, centre, at, outlining.size_px, outlining.um_per_px) for at in assumed]
        masks = outlining.segment(np.stack(views))
        diameters = np.array(
            [
                _diameters_um(_seen(mask, image, centre, at, outlining.um_per_px), outlining.um_per_px)
                for mask, at in zip(masks, assumed, strict=True)
            ]
        )
        if np.count_nonzero(diameters[:, 0]) < len(STEPS) / 2:
            return None
        names, rows = coarse_names(naming.classes), coarse_rows(naming.classes)
        probabilities = coarse_sums(np.asarray(result.probabilities, np.float32), rows)
        return likelihood_of_scales({n: probabilities[:, i] for i, n in enumerate(names)}, diameters)


def likelihood_of_scales(kinds: dict[str, NDArray[np.float32]], diameters: Floats) -> Floats:
    """Log likelihood (S,) of one cell's answers at S assumed scales.

    Parameters
    ----------
    kinds : dict of (S,) float32
        Probability of each row of the ten-class roll-up; rows without a size in `SIZES` are passed over.
    diameters : (S, 2) float64
        Of cell and nucleus, um, by their areas at each assumed scale; 0 where nothing was outlined.
    """
    sized = [name for name in kinds if name in SIZES]
    share = np.stack([kinds[name] for name in sized], axis=1).astype(np.float64) + _FLOOR
    share /= share.sum(axis=1, keepdims=True)
    logs = np.log(np.maximum(diameters, 0.1))
    total = np.zeros(len(diameters))
    for column, name in enumerate(sized):
        size = SIZES[name]
        density = _log_normal(logs[:, 0], size.cell_um, size.cell_spread)
        density += _NUCLEUS_WEIGHT * _log_normal(logs[:, 1], size.nucleus_um, size.nucleus_spread)
        total += share[:, column] * np.exp(density)
    return np.asarray(np.log(total), np.float64)


def _log_normal(logs: Floats, middle_um: float, spread: float) -> Floats:
    off = np.minimum(np.abs(logs - math.log(middle_um)) / spread, _FARTHEST)
    return np.asarray(-0.5 * off**2 - math.log(spread), np.float64)


def _seen(
    mask: NDArray[np.uint8], image: Pixels, centre: tuple[float, float], mpp: float, um_per_px: float
) -> NDArray[np.uint8]:
    """The part of an outline that lies in the picture."""
    side = max(1, round(mask.shape[0] * um_per_px / mpp))
    origin = (round(centre[0] - side / 2), round(centre[1] - side / 2))
    x0, y0, x1, y1 = visible_part(origin, side / mask.shape[0], mask.shape[0], image.shape[:2])
    return mask[y0:y1, x0:x1]


def _diameters_um(mask: NDArray[np.uint8], um_per_px: float) -> tuple[float, float]:
    """Of circles with the areas of the cell and of its nucleus."""
    cell = cv2.countNonZero(np.ascontiguousarray(mask))
    nucleus = int(np.count_nonzero(mask == _NUCLEUS))
    return 2 * math.sqrt(cell / math.pi) * um_per_px, 2 * math.sqrt(nucleus / math.pi) * um_per_px


def _peak(values: Floats) -> float:
    """Where a curve over `STEPS` is highest, between the steps by a parabola."""
    top = int(np.argmax(values))
    at = float(STEPS[top])
    if 0 < top < len(values) - 1:
        below, middle, above = (float(v) for v in values[top - 1 : top + 2])
        bend = below - 2 * middle + above
        if bend < 0:
            at += 0.5 * float(STEPS[1] - STEPS[0]) * (below - above) / bend
    return at
