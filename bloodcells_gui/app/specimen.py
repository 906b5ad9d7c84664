"""What a specimen as a whole says of each of its cells, from what the classifier said of them one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.look_alikes import settle
from bloodcells_gui.domain.reproposal import coarse_rows, critical_leaves, in_rows, weigh
from bloodcells_gui.domain.specimen_mix import SpecimenMix, estimate, nucleated, platelets
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
    of_nucleus = nucleated(scores, classes)
    cells = int(of_nucleus.sum())
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
    taking_part = np.isfinite(embeddings).all(axis=1) & ~held_back & ~platelets(scores, classes)
    rows = coarse_rows(classes)
    kinds = in_rows(weigh(scores, mix.vector(classes), rows, critical_leaves(classes)), rows)
    settled = np.full((len(scores), int(rows.max()) + 1), np.nan, np.float32)
    settled[taking_part] = settle(
        kinds[taking_part],
        classifier.coordinates(embeddings[taking_part]),
        likeness,
        of_nucleus[taking_part],
    )
    return replace(mix, likeness=likeness, alike=int(taking_part.sum())), settled
