"""What a specimen as a whole says of each of its cells, from what the classifier said of them one by one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.joint import adapt
from bloodcells_gui.adaptation.morphometry import COLUMNS
from bloodcells_gui.adaptation.prior_shift import PriorShift, nucleated
from bloodcells_gui.imaging.measure import MEASUREMENTS
from bloodcells_gui.inference.classifier import Classifier

_Floats = NDArray[np.float32]
_PLACES = [MEASUREMENTS.index(name) for name in COLUMNS]


def looked_at(measurements: NDArray[np.floating]) -> _Floats:
    """(n, M) of what was measured (n, all of MEASUREMENTS), the columns that :func:`as_a_whole` wants."""
    return np.asarray(measurements.reshape(-1, len(MEASUREMENTS))[:, _PLACES], np.float32)


def as_a_whole(
    scores: _Floats,
    embeddings: NDArray[np.floating],
    measurements: _Floats,
    held_back: NDArray[np.bool_],
    classifier: Classifier,
) -> tuple[PriorShift, _Floats | None] | None:
    """The mix of a specimen of n cells, and what each cell comes to with the others.

    Parameters
    ----------
    scores : (n, K) float32
        Probabilities, as `classifier` found them.
    embeddings : (n, D) float
        Rows of NaN for cells that have none.
    measurements : (n, M) float32
        In the order of :data:`~bloodcells_gui.adaptation.morphometry.COLUMNS`; NaN for what is undefined.
    held_back : (n,) bool
        Cells that are not to speak for others: no cell, or unlike anything known.
    classifier : Classifier

    Returns
    -------
    tuple or None
        The mix and (n, R) probabilities of the coarse rows, rows of NaN for cells without part in it; None
        for these where the classifier's card asks for the mix alone. None altogether without a
        nucleated cell, or where the card asks for nothing.
    """
    ways = classifier.ways
    classes = classifier.classes
    cells = int(nucleated(scores, classes).sum())
    if not ways or cells == 0:
        return None
    coordinates = classifier.coordinates(embeddings)
    coordinates[held_back] = np.nan
    found = adapt(scores, coordinates, measurements, classes, ways)
    mix = PriorShift(
        found.weights,
        cells,
        ways.prior,
        classifier.threshold,
        views=classifier.uses_view_disagreement,
        guarded=True,
        leaf_share=classifier.leaf_share,
        likeness=ways.likeness,
        alike=found.alike,
        measured=found.measured,
    )
    return mix, found.kinds if mix.settles else None
