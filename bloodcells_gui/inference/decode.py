"""Turn the detector's maps into boxes: peaks, their geometry, one box a cell."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.detections import Detections, non_max_suppression
from bloodcells_gui.inference.preprocess import background_colour

STRIDE = 4
MULTIPLE = 16


def pad_to_multiple(image: NDArray[np.uint8], multiple: int = MULTIPLE) -> NDArray[np.uint8]:
    """Add the blank field's colour until both sides are multiples of `multiple` px.

    The last row and column repeated would draw out the cells that the edge cuts.
    """
    height, width = image.shape[:2]
    down, right = -height % multiple, -width % multiple
    if down == 0 and right == 0:
        return image
    blank = background_colour(image)
    padded: NDArray[np.uint8] = cv2.copyMakeBorder(image, 0, down, 0, right, cv2.BORDER_CONSTANT, value=blank)
    return padded


def decode_maps(
    heat: NDArray[np.float32],
    geometry: NDArray[np.float32],
    size_px: tuple[int, int],
    thresholds: Sequence[float],
) -> Detections:
    """Boxes of one image.

    Parameters
    ----------
    heat : (3, h, w) float32
        Probability of a centre for each of `DETECTION_CLASSES`.
    geometry : (4, h, w) float32
        Offset x, y of the centre inside its output pixel (0 to 1), ln of width and height in px.
    size_px : width, height of the image before padding
    thresholds : lowest score of each class; a class with 1 or more is not looked for

    Returns
    -------
    Detections
        In px of the network's input, cut at the image's edge, doubles removed.
    """
    width, height = size_px
    parts = []
    for kind, threshold in enumerate(thresholds):
        if threshold >= 1:
            continue
        plane = np.ascontiguousarray(heat[kind], np.float32)
        peaks = (plane >= cv2.dilate(plane, np.ones((3, 3), np.uint8))) & (plane > threshold)
        y, x = np.nonzero(peaks)
        if len(x) == 0:
            continue
        dx, dy, ln_w, ln_h = geometry[:, y, x]
        cx, cy = (x + dx) * STRIDE, (y + dy) * STRIDE
        half_w, half_h = np.exp(np.clip(ln_w, 0, 6)) / 2, np.exp(np.clip(ln_h, 0, 6)) / 2
        x0, x1 = np.clip(cx - half_w, 0, width), np.clip(cx + half_w, 0, width)
        y0, y1 = np.clip(cy - half_h, 0, height), np.clip(cy + half_h, 0, height)
        boxes = np.stack([x0, y0, x1 - x0, y1 - y0], 1).astype(np.float32)
        found = Detections(boxes, np.full(len(x), kind, np.int8), plane[y, x])
        parts.append(found.take((boxes[:, 2] >= 1) & (boxes[:, 3] >= 1)))
    return non_max_suppression(Detections.join(parts))
