"""Adapt the proposals of a specimen's cells to the specimen, from what the classifier said of each cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.joint import adapt
from bloodcells_gui.adaptation.morphometry import COLUMNS
from bloodcells_gui.adaptation.prior_shift import PriorShift, is_nucleated
from bloodcells_gui.imaging.measure import MEASUREMENTS
from bloodcells_gui.inference.classifier import Classifier

_Floats = NDArray[np.float32]
_COLUMN_NUMBERS = [MEASUREMENTS.index(name) for name in COLUMNS]


def select_measurements(measurements: NDArray[np.floating]) -> _Floats:
    """Select the columns for :func:`adapt_specimen` from measurements (n, all of MEASUREMENTS): (n, M)."""
    return np.asarray(measurements.reshape(-1, len(MEASUREMENTS))[:, _COLUMN_NUMBERS], np.float32)


def adapt_specimen(
    scores: _Floats,
    embeddings: NDArray[np.floating],
    measurements: _Floats,
    held_back: NDArray[np.bool_],
    classifier: Classifier,
) -> tuple[PriorShift, _Floats | None] | None:
    """Compute the adaptation to a specimen of n cells.

    Parameters
    ----------
    scores : (n, K) float32
        Probabilities, as `classifier` found them.
    embeddings : (n, D) float
        Rows of NaN for cells that have none.
    measurements : (n, M) float32
        In the order of :data:`~bloodcells_gui.adaptation.morphometry.COLUMNS`; NaN for what is undefined.
    held_back : (n,) bool
        Cells that must not influence others: no cell, or unlike anything in the training data.
    classifier : Classifier

    Returns
    -------
    tuple or None
        The prior shift, and posteriors (n, R) of the coarse rows with rows of NaN for cells that took no
        part; None for these where the classifier's card asks for the prior shift alone. None altogether
        where the card asks for no adaptation or there is no nucleated cell.
    """
    methods = classifier.adaptation_methods
    classes = classifier.classes
    cells = int(is_nucleated(scores, classes).sum())
    if not methods or cells == 0:
        return None
    coordinates = classifier.whiten(embeddings)
    coordinates[held_back] = np.nan
    found = adapt(scores, coordinates, measurements, classes, methods)
    prior_shift = PriorShift(
        found.weights,
        cells,
        methods.prior,
        classifier.threshold,
        uses_view_disagreement=classifier.uses_view_disagreement,
        protects_critical=True,
        leaf_share=classifier.leaf_share,
        propagation=methods.propagation,
        propagated_cells=found.propagated_cells,
        measured_cells=found.measured_cells,
    )
    return prior_shift, found.posteriors if prior_shift.has_posteriors else None
