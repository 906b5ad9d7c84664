"""The window that each network sees of a cell, and the one that the case keeps.

Classifier and segmenter may look at windows of different size and scale around the same middle. The window
that the case keeps (thumbnail, mask) covers both, at a scale at least as fine as the classifier's, so that an
explanation can be computed from the thumbnail when the image is gone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# A segmenter of 27 um at 192 px gives 0.14 um/px, about the resolution of a dry 40x lens: enough for the eye,
# and finer than any classifier here reads.
THUMBNAIL_PX = 192
_LARGEST_THUMBNAIL_PX = 384
# Networks are trained with cells 0.8 to 1.9 times their size; scales this close count as one.
_ONE_SCALE = 1.03
# What a field may be of a window: beyond this the file is wrong, not the pair of networks unusual.
WIDEST = 4.0


class _Network(Protocol):
    @property
    def size_px(self) -> int: ...

    @property
    def um_per_px(self) -> float: ...


@dataclass(frozen=True, slots=True)
class View:
    """A square window: side in px and um per px."""

    size_px: int
    um_per_px: float

    @property
    def side_um(self) -> float:
        """How much of the specimen it shows, um."""
        return self.size_px * self.um_per_px


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows around one middle.

    Attributes
    ----------
    outlining : View
        The segmenter's; measurements are taken in it.
    naming : View
        The classifier's; the same as `outlining` when the two are alike.
    field_px : int
        Side of what is kept, in px of the outlining scale: the outlining window, widened where the naming
        window is larger.
    """

    outlining: View
    naming: View
    field_px: int

    @classmethod
    def of(cls, classifier: _Network, segmenter: _Network) -> Windows:
        """The windows of two networks."""
        naming = View(classifier.size_px, classifier.um_per_px)
        outlining = View(segmenter.size_px, segmenter.um_per_px)
        ratio = naming.um_per_px / outlining.um_per_px
        if naming.size_px == outlining.size_px and 1 / _ONE_SCALE < ratio < _ONE_SCALE:
            return cls(naming, naming, naming.size_px)
        missing_um = max(0.0, naming.side_um - outlining.side_um)
        # Whole px on each side: the mask is then padded, never resampled.
        margin = math.ceil(missing_um / 2 / outlining.um_per_px - 1e-6)
        return cls(outlining, naming, outlining.size_px + 2 * margin)

    @property
    def alike(self) -> bool:
        """Whether one crop serves both networks."""
        return self.naming == self.outlining

    @property
    def field_um(self) -> float:
        """Side of what is kept, um."""
        return self.field_px * self.outlining.um_per_px

    @property
    def thumbnail(self) -> View:
        """The picture that the case keeps; its scale is at least as fine as the classifier's."""
        needed = math.ceil(self.field_um / self.naming.um_per_px - 1e-6)
        size = max(THUMBNAIL_PX, min(_LARGEST_THUMBNAIL_PX, needed))
        return View(size, self.field_um / size)


def centred(
    image: NDArray[np.generic], side_px: int, middle_px: tuple[int, int] = (0, 0)
) -> NDArray[np.generic]:
    """A square image (s, s), cut or padded with zeros to (side_px, side_px) around a point.

    `middle_px` is that point's x, y from the image's own middle.
    """
    size = image.shape[0]
    left, top = ((size - side_px) // 2 + d for d in middle_px)
    if size == side_px and left == top == 0:
        return image
    around = max(0, -left, -top, left + side_px - size, top + side_px - size)
    padded = np.pad(image, around)
    return padded[top + around : top + around + side_px, left + around : left + around + side_px]
