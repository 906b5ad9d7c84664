"""Explain a classification by Grad-CAM, from the picture that the case keeps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.cell_views import decode_jpeg
from bloodcells_gui.app.engine import Engine
from bloodcells_gui.domain.class_names import leaves_of
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.taxonomy import BY_CODE, OTHER
from bloodcells_gui.inference.preprocess import crop_at_scale
from bloodcells_gui.pipeline.windows import WIDEST, Windows, centred


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

    def heat(self, thumbnail: bytes, code: str, field_um: float = math.nan) -> NDArray[np.float32]:
        """Heat (h, w) float32, 0 to 1, of leaf or row `code` over the thumbnail's window.

        The classifier sees its own window in the middle of the thumbnail; outside of that the heat is 0.

        Parameters
        ----------
        thumbnail : bytes
            The JPEG that a case keeps.
        field_um : float
            Side of the thumbnail's window, um; where it is unknown (NaN) that of the models in use.
        """
        engine = self._engine()
        classifier = engine.classifier
        rgb = decode_jpeg(thumbnail)
        height, width = rgb.shape[:2]
        seen_um = classifier.size_px * classifier.um_per_px
        # A damaged case must not ask for a map of any size.
        if not seen_um / WIDEST <= field_um <= seen_um * WIDEST:
            field_um = Windows.of(classifier, engine.segmenter).field_um
        mpp, middle = field_um / min(height, width), (width / 2, height / 2)
        crop = crop_at_scale(rgb, middle, mpp, classifier.size_px, classifier.um_per_px)
        heat = classifier.explain(crop[None], _known_leaves(code, classifier.classes))[0]
        return np.asarray(centred(heat, round(classifier.size_px * field_um / seen_um)), np.float32)


def _known_leaves(code: str, classes: Sequence[str]) -> tuple[str, ...]:
    """Leaves of `code` that the network knows; else its coarse row's: a giant platelet is a platelet."""
    leaves = leaves_of(code)
    if set(leaves) & set(classes):
        return leaves
    rows = {BY_CODE[leaf].row for leaf in leaves} - {OTHER}
    return tuple(leaf for leaf in classes if BY_CODE[leaf].row in rows)
