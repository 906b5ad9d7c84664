"""Pixels of fields and slides for the screen: square tiles of a pyramid, for every image."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.analysed_images import open_analysed
from bloodcells_gui.app.brightness import HasParameters, brightness_in
from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.run_record import merged
from bloodcells_gui.domain.specimen import Specimen, SpecimenKind
from bloodcells_gui.domain.zones import RectPx, ZoneTile
from bloodcells_gui.imaging.field_positions import contact_sheet
from bloodcells_gui.imaging.io.reader import ImageReader
from bloodcells_gui.pipeline import resume, stored_quality_map

TILE_PX = 512
_OPEN_IMAGES = 6
_SHEET_GAP = 0.04
# A tile that would need more pixels than this to be read is patched together from samples.
_MOST_PIXELS = 40_000_000
_SAMPLES = 16
_REFERENCE_OD = (0.05, 0.12, 0.11)
_REFERENCE_WHITE = 243.0

Lut = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PlacedImage:
    """An image in the specimen's plane.

    Attributes
    ----------
    index : int
        Within the specimen.
    name : str
    origin_px : (x, y)
        Its top left corner in the plane.
    size_px : (width, height)
    mpp : float or None
    levels : int
        Tiles exist at downsample 1, 2, 4 ... 2 ** (levels - 1).
    """

    index: int
    name: str
    origin_px: tuple[float, float]
    size_px: tuple[int, int]
    mpp: float | None
    levels: int


class SlideImages:
    """Tiles of a specimen's images. `tile` and `stain_lut` may be called from any thread.

    Parameters
    ----------
    specimen : Specimen
        Fields or slides; a field whose header was never read is opened for its size.
    runs : sequence of AnalysisRun
        Of the case: they tell the range of brightness of images of more than 8 bits.
    """

    def __init__(self, specimen: Specimen, runs: Sequence[HasParameters] = ()) -> None:
        self._specimen = specimen
        self._runs = runs
        self._lock = threading.Lock()
        self._open: OrderedDict[int, ImageReader] = OrderedDict()
        self._closed = False
        self._stains: dict[int, Lut] = {}
        self.images: tuple[PlacedImage, ...] = self._place()

    def _place(self) -> tuple[PlacedImage, ...]:
        refs = self._specimen.images
        sizes = [ref.size_px for ref in refs]
        known = [(i, s) for i, s in enumerate(sizes) if s != (0, 0)]
        if not known:
            return ()
        origins = [ref.origin_px for ref in refs]
        if len(refs) > 1 and (self._specimen.kind is SpecimenKind.SLIDE or len(set(origins)) == 1):
            origins = contact_sheet(sizes, _SHEET_GAP * max(w for _, (w, _) in known))
        placed = []
        for i, size in known:
            levels = 1
            while max(size) > TILE_PX * 2 ** (levels - 1):
                levels += 1
            ref = refs[i]
            placed.append(PlacedImage(i, ref.name, origins[i], size, ref.mpp, levels))
        return tuple(placed)

    def tile(self, image: int, level: int, column: int, row: int, lut: Lut | None = None) -> Lut:
        """Pixels (h, w, 3) of a tile; at the right and lower edge it is smaller than `TILE_PX`.

        Parameters
        ----------
        lut : (256, 3) uint8 or None
            New value for every value of R, G and B.

        Raises
        ------
        UserError
            When the image is gone or damaged there.
        """
        size = self._size(image)
        step = TILE_PX * 2**level
        x, y = column * step, row * step
        width, height = min(step, size[0] - x), min(step, size[1] - y)
        if width <= 0 or height <= 0:
            raise ValueError(f"there is no tile {column}, {row} at level {level}")
        pixels = self._read(image, x, y, width, height, float(2**level))
        if lut is not None:
            pixels = np.asarray(cv2.LUT(pixels, lut.reshape(1, 256, 3)), np.uint8)
        return np.ascontiguousarray(pixels)

    def region(self, image: int, x: int, y: int, width: int, height: int) -> NDArray[np.uint8]:
        """Full-resolution pixels around a place; UserError when they cannot be read."""
        return self._read(image, x, y, width, height, 1.0)

    def shrunk(self, image: int, box: RectPx, most_px: int) -> NDArray[np.uint8]:
        """A part of an image, its longer side at most `most_px`; UserError when it cannot be read."""
        width, height = self._size(image)
        x, y = box[:2]
        w, h = min(box[2], width - x), min(box[3], height - y)
        return self._read(image, x, y, w, h, max(1.0, max(w, h) / most_px))

    def stain_lut(self, image: int) -> Lut:
        """Table that brings an image's blank field and mean stain density to those of a reference.

        Per channel, density is scaled linearly (Beer-Lambert), so it is a change of view, not of shape.
        """
        known = self._stains.get(image)
        if known is not None:
            return known
        size = self._size(image)
        level = 0
        while max(size) > 1024 * 2**level:
            level += 1
        small = self._read(image, 0, 0, *size, float(2**level)).reshape(-1, 3).astype(np.float32)
        lut = np.empty((256, 3), np.uint8)
        values = np.arange(256, dtype=np.float32)
        for channel in range(3):
            column = small[:, channel]
            white = max(float(np.percentile(column, 98)), 32.0)
            od = np.log10(white / np.maximum(column, 1.0))
            stained = od[od > 0.03]
            mean = float(stained.mean()) if len(stained) > 50 else _REFERENCE_OD[channel]
            gain = float(np.clip(_REFERENCE_OD[channel] / max(mean, 1e-3), 0.6, 1.7))
            mapped = _REFERENCE_WHITE * (np.maximum(values, 1.0) / white) ** gain
            lut[:, channel] = np.clip(np.rint(mapped), 0, 255).astype(np.uint8)
        self._stains[image] = lut
        return lut

    def close(self) -> None:
        """Release the files; reading afterwards raises UserError."""
        with self._lock:
            self._closed = True
            readers, self._open = list(self._open.values()), OrderedDict()
        for reader in readers:
            reader.close()

    def _size(self, image: int) -> tuple[int, int]:
        return self._specimen.images[image].size_px

    def _read(self, image: int, x: int, y: int, w: int, h: int, downsample: float) -> NDArray[np.uint8]:
        reader = self._reader(image)
        finest = max(
            (lv.downsample for lv in reader.levels if lv.downsample <= downsample * 1.01), default=1.0
        )
        if w * h / finest**2 > _MOST_PIXELS:
            return self._patchwork(reader, x, y, w, h, downsample)
        return reader.read_region(x, y, w, h, downsample=downsample)

    def _patchwork(
        self, reader: ImageReader, x: int, y: int, w: int, h: int, downsample: float
    ) -> NDArray[np.uint8]:
        """A rough picture of a huge image without a pyramid: one small patch for each of some squares."""
        out_w, out_h = max(1, round(w / downsample)), max(1, round(h / downsample))
        rough = np.empty((_SAMPLES, _SAMPLES, 3), np.uint8)
        for row, column in np.ndindex(_SAMPLES, _SAMPLES):
            cx, cy = x + (column + 0.5) * w / _SAMPLES, y + (row + 0.5) * h / _SAMPLES
            patch = reader.read_region(round(cx) - 64, round(cy) - 64, 128, 128)
            rough[row, column] = patch.reshape(-1, 3).mean(axis=0)
        return np.asarray(cv2.resize(rough, (out_w, out_h), interpolation=cv2.INTER_LINEAR), np.uint8)

    def _reader(self, image: int) -> ImageReader:
        with self._lock:
            if self._closed:
                raise UserError("The images were closed.")
            reader = self._open.get(image)
            if reader is not None:
                self._open.move_to_end(image)
                return reader
        ref = self._specimen.images[image]
        reader = open_analysed(ref, brightness=brightness_in(self._runs))
        with self._lock:
            late = self._closed
            other = reader if late else self._open.setdefault(image, reader)
            # Readers that fall out are left to the threads that may still read from them.
            while len(self._open) > _OPEN_IMAGES:
                self._open.popitem(last=False)
        if late or other is not reader:
            reader.close()
        if late:
            raise UserError("The images were closed.")
        return other


def visited_areas(runs: Iterable[AnalysisRun], specimen: Specimen) -> dict[int, list[RectPx]]:
    """Boxes of the tiles that finished runs have searched, by image; full-resolution px."""
    sizes = {i: ref.size_px for i, ref in enumerate(specimen.images)}
    return resume.visited(merged(run.record for run in runs).progress.searched, sizes)


def known_maps(runs: Iterable[AnalysisRun], specimen: Specimen) -> dict[int, list[ZoneTile]]:
    """Quality of the tiles as finished runs left it, by image."""
    sizes = {i: ref.size_px for i, ref in enumerate(specimen.images)}
    return stored_quality_map.zone_tiles(merged(run.record for run in runs).maps, sizes)
