"""Why the classifier said what it said, from the picture that the case keeps."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.engine import Engine
from bloodcells_gui.app.views import decode_jpeg
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.taxonomy import leaves_of


class Explainer:
    """Grad-CAM on demand; loads the models on first use.

    Parameters
    ----------
    engine : callable
        Gives the loaded models; may raise BundleRefused, after which nothing can be explained.
    """

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine = engine
        self._refused = False

    @property
    def available(self) -> bool:
        """Whether the models can be used; asks them to load."""
        if self._refused:
            return False
        try:
            self._engine()
        except UserError:
            self._refused = True
        return not self._refused

    def engine(self) -> Engine:
        """The loaded models; may raise BundleRefused."""
        return self._engine()

    def heat(self, thumbnail: bytes, code: str) -> NDArray[np.float32]:
        """Heat (h, w) float32, 0 to 1, of leaf or row `code` over the thumbnail's window."""
        classifier = self._engine().classifier
        rgb = decode_jpeg(thumbnail)
        size = (classifier.size_px, classifier.size_px)
        crop = np.ascontiguousarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        heat: NDArray[np.float32] = classifier.explain(crop[None], leaves_of(code))[0]
        return heat
