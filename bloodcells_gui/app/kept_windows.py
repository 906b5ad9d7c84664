"""What a classifier saw of a cell, from the picture that the case keeps of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.engine import Engine
from bloodcells_gui.inference.classifier import Classifier
from bloodcells_gui.inference.preprocess import crop_at_scale
from bloodcells_gui.pipeline.windows import WIDEST, Windows


def field_of(engine: Engine, field_um: float) -> float:
    """Side of the kept window, um: that of the models in use where a case does not know it, or lies."""
    seen_um = engine.classifier.size_px * engine.classifier.um_per_px
    # A damaged case must not ask for a map of any size.
    if seen_um / WIDEST <= field_um <= seen_um * WIDEST:
        return field_um
    return Windows.of(engine.classifier, engine.segmenter).field_um


def in_classifier_window(
    picture: NDArray[np.uint8], classifier: Classifier, field_um: float
) -> NDArray[np.uint8]:
    """The middle of a kept picture (h, w, 3) as the classifier takes it: (size_px, size_px, 3)."""
    rows, columns = picture.shape[:2]
    middle, mpp = (columns / 2, rows / 2), field_um / min(rows, columns)
    return crop_at_scale(picture, middle, mpp, classifier.size_px, classifier.um_per_px)
