"""The picture of one cell for the inspector: from its image if reachable, else from the case."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.analysed_images import open_analysed
from bloodcells_gui.app.brightness import brightness_in
from bloodcells_gui.domain.cell import Cell, CellAssets
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.imaging.contours import outlines
from bloodcells_gui.imaging.io.identity import OtherImage
from bloodcells_gui.imaging.io.own_pictures import own_png, validated_jpeg
from bloodcells_gui.imaging.io.reader import ImageReader
from bloodcells_gui.inference.preprocess import background_colour
from bloodcells_gui.pipeline.edges import visible_part
from bloodcells_gui.storage.case import CaseStore

_OPEN_IMAGES = 4
_MAX_VIEW_PX = 768


@dataclass(frozen=True, slots=True, eq=False)
class CellView:
    """A square picture around a cell.

    Attributes
    ----------
    image : (s, s, 3) uint8 RGB
    mpp : float
        um per px of `image`; NaN when the scale is unknown.
    cell_contours, nucleus_contours : lists of (n, 2) float32
        x, y in px of `image`.
    mask : (m, m) uint8
        Of the same window: 0 background, 1 cytoplasm, 2 nucleus.
    from_image : bool
        False when the image file was out of reach and the case's own thumbnail stands in. (It does so too
        for a cell that the border of two fields cuts, which neither shows whole.)
    replaced : bool
        The file is there but is not the one that was analysed, so the thumbnail is shown.
    """

    image: NDArray[np.uint8]
    mpp: float
    cell_contours: list[NDArray[np.float32]]
    nucleus_contours: list[NDArray[np.float32]]
    mask: NDArray[np.uint8]
    from_image: bool
    replaced: bool = False


def decode_jpeg(data: bytes) -> NDArray[np.uint8]:
    """RGB pixels of a JPEG that this program wrote into a case; a grey square when it is damaged."""
    data = validated_jpeg(data)
    raw = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if raw is None:
        return np.full((8, 8, 3), 128, np.uint8)
    rgb: NDArray[np.uint8] = cv2.cvtColor(raw, cv2.COLOR_BGR2RGB)
    return rgb


def decode_mask(data: bytes) -> NDArray[np.uint8]:
    """Mask (h, w) of 0, 1, 2 from a case's PNG; empty when it is damaged."""
    data = own_png(data)
    raw = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
    return np.zeros((8, 8), np.uint8) if raw is None else np.asarray(raw, np.uint8)


def contours_of(
    mask: NDArray[np.uint8], side_px: int
) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
    """Outlines of cell and nucleus of a mask, x and y in px of a picture of `side_px` of the same window."""
    scale = np.float32(side_px / mask.shape[0])
    return [c * scale for c in outlines(mask > 0)], [c * scale for c in outlines(mask == 2)]


class CellImageCropper:
    """Cuts views out of the specimen's images; keeps the last few images open. Thread-safe."""

    def __init__(self, store: CaseStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._open: OrderedDict[int, ImageReader | None] = OrderedDict()
        self._replaced: set[int] = set()

    def view(self, cell: Cell, assets: CellAssets | None = None) -> CellView:
        """The cell's window at the image's own resolution; `assets` are the case's own when None."""
        assets = assets or self._store.assets(cell.id)
        image, from_image = self._window(cell, assets)
        mask = decode_mask(assets.mask)
        side = image.shape[0]
        crop_side = assets.crop_px[2]
        mpp = cell.mpp * crop_side / side if crop_side > 0 else float("nan")
        return CellView(
            image,
            mpp,
            *contours_of(mask, side),
            mask,
            from_image,
            replaced=not from_image and cell.image in self._replaced,
        )

    def assets(self, cell: Cell) -> CellAssets:
        """What the case keeps beside the cell, as the models left it."""
        return self._store.assets(cell.id)

    def pixels(self, cell: Cell, assets: CellAssets) -> NDArray[np.uint8]:
        """(s, s, 3) RGB of the cell's window, from its image where that is reachable."""
        return self._window(cell, assets)[0]

    def _window(self, cell: Cell, assets: CellAssets) -> tuple[NDArray[np.uint8], bool]:
        """The picture of a cell's window, and whether its image is at hand."""
        image = self._from_image(cell, assets)
        if image is None or self._goes_on_elsewhere(cell, assets):
            return decode_jpeg(assets.thumbnail), image is not None
        return image, True

    def visible(self, cell: Cell, assets: CellAssets, size_px: int) -> tuple[int, int, int, int]:
        """The part of a window of `size_px` in which the case shows the cell: x0, y0, x1, y1."""
        x, y, side = assets.crop_px
        width, height = self._store.specimen.images[cell.image].size_px
        if side <= 0 or min(width, height) <= 0 or self._goes_on_elsewhere(cell, assets):
            return 0, 0, size_px, size_px
        return visible_part((round(x), round(y)), side / size_px, size_px, (height, width))

    def _goes_on_elsewhere(self, cell: Cell, assets: CellAssets) -> bool:
        """Whether a neighbouring field shows the rest of the cell, as the case's own picture does."""
        x, y, side = assets.crop_px
        width, height = self._store.specimen.images[cell.image].size_px
        if side <= 0 or min(width, height) <= 0:
            return False
        mask = decode_mask(assets.mask)
        size = mask.shape[0]
        x0, y0, x1, y1 = visible_part((round(x), round(y)), side / size, size, (height, width))
        return bool(mask.any() and np.count_nonzero(mask) > np.count_nonzero(mask[y0:y1, x0:x1]))

    def reader(self, index: int) -> ImageReader | None:
        """The image's reader; None when the file is gone or is not the one that was analysed."""
        with self._lock:
            if index in self._open:
                self._open.move_to_end(index)
                return self._open[index]
            images = self._store.specimen.images
            if not 0 <= index < len(images):
                return None
            ref = images[index]
            reader: ImageReader | None
            try:
                reader = open_analysed(ref, brightness=brightness_in(self._store.runs))
            except OtherImage:
                reader = None
                self._replaced.add(index)
            except UserError:
                reader = None
            self._open[index] = reader
            while len(self._open) > _OPEN_IMAGES:
                _, old = self._open.popitem(last=False)
                if old is not None:
                    old.close()
            return reader

    def needed_reader(self, index: int) -> ImageReader:
        """The image's reader; UserError when the file is gone or is not the one that was analysed."""
        reader = self.reader(index)
        if reader is None:
            raise UserError(
                "The cell cannot be added.",
                "Its image is not there, or is not the one that was analysed.",
                "Put the image back in its place and open the case again.",
            )
        return reader

    def _from_image(self, cell: Cell, assets: CellAssets) -> NDArray[np.uint8] | None:
        x, y, side = assets.crop_px
        if side <= 0:
            return None
        reader = self.reader(cell.image)
        if reader is None:
            return None
        w, h = reader.size_px
        x0, y0, s = round(x), round(y), max(1, round(side))
        left, top = max(0, -x0), max(0, -y0)
        right, bottom = max(0, x0 + s - w), max(0, y0 + s - h)
        width, height = s - left - right, s - top - bottom
        if width <= 0 or height <= 0:
            return None
        try:
            region = reader.read_region(x0 + left, y0 + top, width, height)
        except UserError:
            return None
        if left or top or right or bottom:
            # As the networks saw it: nothing is made up beyond the image.
            colour = background_colour(region)
            region = cv2.copyMakeBorder(region, top, bottom, left, right, cv2.BORDER_CONSTANT, value=colour)
        if s > _MAX_VIEW_PX:
            region = cv2.resize(region, (_MAX_VIEW_PX, _MAX_VIEW_PX), interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(region)

    def close(self) -> None:
        """Release all images."""
        with self._lock:
            for reader in self._open.values():
                if reader is not None:
                    reader.close()
            self._open.clear()
