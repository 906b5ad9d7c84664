"""Compare pictures, and recognise masks, by pixels and never by names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_MASK_COLOURS = 32
_MASK_LEVELS = 4
_LEVEL_TOLERANCE = 6
_MIN_SHARE_ON_LEVELS = 0.96

# Pictures are compared at this size. Mean difference over all values, measured on 3,000 cells and fields of
# seven laboratories:
#   two different pictures, the nearest pair      3.8 (5.7 among the cells of the PBC data set)
#   a picture and its JPEG of quality 40          at most 1.0
#   a picture and a reduced copy                  at most 2.3
#   a picture and a copy with a thin outline      at most 3.9: above the limit, found by the second test
_SIGNATURE_PX = 16
_MAX_MEAN_DIFFERENCE = 3.5
# Second test, for pictures with outlines or labels drawn on them: only the three quarters of the values that
# differ least are compared. Between 28,560 pairs of different pictures of four data sets these differ by 3.6
# and more, between 240 pictures and their annotated copies by at most 0.4.
_UNANNOTATED_SHARE, _MAX_REST_DIFFERENCE = 0.75, 1.5
_MAX_ASPECT_DIFFERENCE = 0.02
_MIN_SPREAD = 190
_MIN_ANNOTATED_SHARE = 5e-4
_LARGER_FACTOR = 1.05
_LOSSLESS = frozenset({"png", "tiff", "bmp"})

RGB = NDArray[np.uint8]


def pixel_digest(rgb: RGB) -> bytes:
    """A hash of size and pixels (h, w, 3): equal for equal pictures, whatever files they come from."""
    # SHA-1 costs half of SHA-256; no security depends on it, it only groups pictures.
    hashed = hashlib.sha1(repr(rgb.shape).encode("ascii"), usedforsecurity=False)
    hashed.update(np.ascontiguousarray(rgb).data)
    return hashed.digest()


@dataclass(frozen=True, slots=True, eq=False)
class ImageFingerprint:
    """Compact description of a picture, for the search for duplicates.

    Attributes
    ----------
    digest : bytes
        As :func:`pixel_digest`.
    size_px : (width, height)
    thumbnail : (16, 16, 3) float32
    unnatural_colour_share : float
        Share of pixels in colours that no stain has, in which outlines and labels are drawn.
    lossless : bool
        Whether its format keeps pixels as they are.
    """

    digest: bytes
    size_px: tuple[int, int]
    thumbnail: NDArray[np.float32]
    unnatural_colour_share: float
    lossless: bool

    @classmethod
    def from_image(cls, rgb: RGB, image_format: str) -> ImageFingerprint:
        """Compute the fingerprint of a decoded picture (h, w, 3); `image_format` is for example "jpeg"."""
        thumbnail = cv2.resize(rgb, (_SIGNATURE_PX, _SIGNATURE_PX), interpolation=cv2.INTER_AREA)
        red, green, blue = cv2.split(rgb)  # NumPy takes thirty times as long along a short last axis
        spread = cv2.subtract(cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue))
        unnatural_colour_share = float(np.count_nonzero(spread > _MIN_SPREAD) / spread.size)
        size = (rgb.shape[1], rgb.shape[0])
        return cls(
            pixel_digest(rgb),
            size,
            thumbnail.astype(np.float32),
            unnatural_colour_share,
            image_format in _LOSSLESS,
        )

    def is_same_photograph(self, other: ImageFingerprint) -> bool:
        """True if both files show one photograph: copied, reduced, compressed or annotated."""
        (w, h), (other_w, other_h) = self.size_px, other.size_px
        if abs(w * other_h - h * other_w) > _MAX_ASPECT_DIFFERENCE * max(w * other_h, h * other_w):
            return False
        difference = np.abs(self.thumbnail - other.thumbnail).mean(axis=2)
        if float(difference.mean()) <= _MAX_MEAN_DIFFERENCE:
            return True
        # An annotation changes a part of the picture and leaves the rest as it is.
        annotated = abs(self.unnatural_colour_share - other.unnatural_colour_share) > _MIN_ANNOTATED_SHARE
        unchanged_part = np.sort(difference, axis=None)[: round(difference.size * _UNANNOTATED_SHARE)]
        return annotated and float(unchanged_part.mean()) <= _MAX_REST_DIFFERENCE

    def better_than(self, other: ImageFingerprint) -> bool:
        """True if this is the better file of one photograph: larger, else less annotated, else lossless."""
        mine, others = (look.size_px[0] * look.size_px[1] for look in (self, other))
        if max(mine, others) > _LARGER_FACTOR * min(mine, others):
            return mine > others
        if abs(self.unnatural_colour_share - other.unnatural_colour_share) > _MIN_ANNOTATED_SHARE:
            return self.unnatural_colour_share < other.unnatural_colour_share
        return self.lossless and not other.lossless


def looks_like_mask(rgb: RGB) -> bool:
    """Whether a picture (h, w, 3) is made of a few flat colours, as label images are.

    A mask stored as JPEG has noise around its levels: then nearly all pixels are grey and lie near one of at
    most four levels.
    """
    flat = rgb.reshape(-1, 3).astype(np.uint32)
    codes = flat[:, 0] << 16 | flat[:, 1] << 8 | flat[:, 2]
    if len(np.unique(codes)) <= _MASK_COLOURS:
        return True
    if int(np.ptp(flat.astype(np.int16), axis=1).max()) > _LEVEL_TOLERANCE:
        return False
    counts = np.bincount(flat[:, 1], minlength=256).astype(np.float64)
    covered = 0.0
    for _ in range(_MASK_LEVELS):
        level = int(counts.argmax())
        near = slice(max(0, level - _LEVEL_TOLERANCE), level + _LEVEL_TOLERANCE + 1)
        covered += counts[near].sum()
        counts[near] = 0
    return bool(covered >= _MIN_SHARE_ON_LEVELS * len(flat))
