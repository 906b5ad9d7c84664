"""Finds nucleated cells, red cells and platelets in images of any size."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.detections import (
    DETECTION_CLASSES,
    NUCLEATED,
    PLATELET,
    Detections,
    merge_detections,
)
from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.inference.bundle import ModelBundle
from bloodcells_gui.inference.decode import decode_maps, pad_to_multiple
from bloodcells_gui.inference.session import OnnxSession

#: Larger images are looked at in tiles of this side, px of the network's scale, so that memory stays flat.
TILE_PX = 1024
#: Overlap of two tiles: the largest cell (about 28 um) and a little.
OVERLAP_UM = 32.0
_DEFAULT_THRESHOLD = 0.3
#: What a card's input names as its `light` where the picture is to be brought into even light first.
EVEN = "even"
# Windows a batch: what fits into the processor's cache.
_BATCH = 16


def _threshold(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not 0 < number < 1:  # with 1 or more a class would never be looked for, without a word
        raise ValueError(f"threshold {number}")
    return number


def _takes_even_light(light: object) -> bool:
    if light not in (None, EVEN):  # a step this program does not know cannot be left out without a word
        raise ValueError(f"light {light}")
    return light == EVEN


class Detector:
    """A detector bundle, ready to use; thread-safe.

    Attributes
    ----------
    even_light : bool
        Whether its card asks for pictures in even light (``imaging.light``), as it was trained on. The caller
        sees to that, since the light is the whole image's and not the tile's.

    Parameters
    ----------
    bundle : ModelBundle
        Of the task "detect".
    threads : int
        Threads inside one call.
    precision : str
        "fp32", "int8" or "auto".

    Raises
    ------
    BundleRefused
        When the network cannot be loaded or fails its golden test.
    """

    def __init__(self, bundle: ModelBundle, *, threads: int = 1, precision: str = "auto") -> None:
        bundle.need("heat", "geometry")
        self.session = OnnxSession(bundle, threads=threads, precision=precision)
        self.bundle = bundle
        self.um_per_px = bundle.input.um_per_px
        limits = bundle.card.get("thresholds")
        known = limits if isinstance(limits, dict) else {}
        given = bundle.card.get("input")
        try:
            self.thresholds = tuple(
                _threshold(known.get(name, _DEFAULT_THRESHOLD)) for name in DETECTION_CLASSES
            )
            self.even_light = _takes_even_light(given.get("light") if isinstance(given, dict) else None)
        except (TypeError, ValueError) as error:
            raise BundleRefused(
                "The model bundle {id} cannot be used.",
                "Its card is incomplete: {error}.",
                id=bundle.id,
                error=error,
            ) from error

    @property
    def provider(self) -> str:
        """Execution provider in use."""
        return self.session.provider

    def terminate(self) -> None:
        """Make running calls raise Cancelled."""
        self.session.terminate()

    def detect(
        self, image: NDArray[np.uint8], mpp: float, thresholds: Sequence[float] | None = None
    ) -> Detections:
        """Cells of an image.

        Parameters
        ----------
        image : (h, w, 3) uint8 RGB
        mpp : float
            Its scale, um per px.
        thresholds : sequence of float or None
            Lowest score of each class instead of the card's; a class with 1 is not looked for.

        Returns
        -------
        Detections
            Boxes in px of `image`, one for every cell.

        Raises
        ------
        ValueError
            On a scale that is not a positive finite number.
        Cancelled
            After `terminate`.
        """
        if not (math.isfinite(mpp) and mpp > 0):
            raise ValueError(f"scale must be positive: {mpp} um/px")
        view = self._resampled(image, mpp / self.um_per_px)
        height, width = view.shape[:2]
        limits = self.thresholds if thresholds is None else thresholds
        if max(height, width) <= TILE_PX + 2 * self._overlap:
            found = self._look(view, limits)
        else:
            found = self._in_tiles(view, limits)
        # Each side was rounded by itself.
        boxes = found.boxes * np.array([image.shape[1] / width, image.shape[0] / height] * 2, np.float32)
        return Detections(boxes, found.classes, found.scores)

    def leukocytes_in(self, windows: NDArray[np.uint8]) -> list[Detections]:
        """Nucleated cells, and platelets beside them, of small windows, a batch at a time.

        Parameters
        ----------
        windows : (n, h, w, 3) uint8 RGB
            All of one size, at the network's scale; sides are multiples of 16 px.

        Returns
        -------
        list of Detections
            Boxes in px of each window; none at all where it shows no nucleated cell.

        Raises
        ------
        Cancelled
            After `terminate`.
        """
        size = (windows.shape[2], windows.shape[1])
        limits = (self.thresholds[NUCLEATED], 1.0, self.thresholds[PLATELET])
        found: list[Detections] = []
        for i in range(0, len(windows), _BATCH):
            maps = self.session.run(np.ascontiguousarray(windows[i : i + _BATCH]), ("heat", "geometry"))
            shown = maps["heat"][:, NUCLEATED].max(axis=(1, 2)) > limits[NUCLEATED]
            for heat, geometry, any_cell in zip(maps["heat"], maps["geometry"], shown, strict=True):
                found.append(decode_maps(heat, geometry, size, limits) if any_cell else Detections.none())
        return found

    @property
    def _overlap(self) -> int:
        return math.ceil(OVERLAP_UM / self.um_per_px)

    def _resampled(self, image: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
        height, width = image.shape[:2]
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        if size == (width, height):
            return image
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        resized: NDArray[np.uint8] = cv2.resize(image, size, interpolation=how)
        return resized

    def _look(self, view: NDArray[np.uint8], limits: Sequence[float]) -> Detections:
        height, width = view.shape[:2]
        padded = np.ascontiguousarray(pad_to_multiple(view))
        maps = self.session.run(padded[None], ("heat", "geometry"))
        return decode_maps(maps["heat"][0], maps["geometry"][0], (width, height), limits)

    def _in_tiles(self, view: NDArray[np.uint8], limits: Sequence[float]) -> Detections:
        height, width = view.shape[:2]
        tiles = []
        for y in _starts(height, self._overlap):
            for x in _starts(width, self._overlap):
                part = view[y : y + TILE_PX, x : x + TILE_PX]
                place = (x, y, part.shape[1], part.shape[0])
                tiles.append((place, self._look(part, limits).moved(1.0, x, y)))
        return merge_detections(tiles, (width, height))


def _starts(length: int, overlap: int) -> list[int]:
    """Where tiles begin along one side so that they cover it and overlap."""
    starts = [0]
    while starts[-1] + TILE_PX < length:
        starts.append(min(starts[-1] + TILE_PX - overlap, length - TILE_PX))
    return starts
