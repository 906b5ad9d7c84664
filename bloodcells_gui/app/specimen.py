"""What a specimen as a whole says of each of its cells, from what the classifier said of them one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.reproposal import settled_kinds
from bloodcells_gui.domain.specimen_mix import SpecimenMix, estimate, nucleated
from bloodcells_gui.inference.classifier import Classifier

_Floats = NDArray[np.float32]


def as_a_whole(
    scores: _Floats,
    embeddings: NDArray[np.floating],
    held_back: NDArray[np.bool_],
    classifier: Classifier,
) -> tuple[SpecimenMix, _Floats | None] | None:
    """The mix of a specimen of n cells, and what each cell comes to with its look-alikes.

    Parameters
    ----------
    scores : (n, K) float32
        Probabilities, as `classifier` found them.
    embeddings : (n, D) float
        Rows of NaN for cells that have none.
    held_back : (n,) bool
        Cells that are not to speak for others: no cell, or unlike anything known.
    classifier : Classifier

    Returns
    -------
    tuple or None
        The mix and (n, R) probabilities of the coarse rows, rows of NaN for cells without part in it; None
        for these where the classifier's card does not ask for look-alikes. None altogether without a
        nucleated cell, or where the card asks for nothing.
    """
    prior, likeness = classifier.specimen_mix, classifier.look_alikes
    if prior is None and likeness is None:
        return None
    classes = classifier.classes
    cells = int(nucleated(scores, classes).sum())
    if cells == 0:
        return None
    weights = dict.fromkeys(classes, 1.0) if prior is None else estimate(scores, classes, prior)[0]
    mix = SpecimenMix(
        weights,
        cells,
        prior,
        classifier.threshold,
        views=classifier.doubts_views,
        guarded=True,
        leaf_share=classifier.leaf_share,
    )
    if likeness is None:
        return mix, None
    coordinates = classifier.coordinates(embeddings)
    coordinates[held_back] = np.nan
    settled = settled_kinds(scores, coordinates, mix.vector(classes), classes, likeness)
    return replace(mix, likeness=likeness, alike=int(np.isfinite(settled[:, 0]).sum())), settled
