"""Adapt the proposals of a specimen's cells to the specimen, from what the classifier said of each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.joint import AdaptationMethods, adapt
from bloodcells_gui.adaptation.morphometry import COLUMNS
from bloodcells_gui.adaptation.opinion_pool import ENOUGH_CELLS, OpinionPool, specimen_change
from bloodcells_gui.adaptation.prior_shift import PriorShift, is_nucleated
from bloodcells_gui.adaptation.reproposal import adapt_proposals, coarse_rows, coarse_sums
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.run_messages import DRAWN, TOO_FEW, UNFAMILIAR, remark
from bloodcells_gui.imaging.measure import MEASUREMENTS

_Floats = NDArray[np.float32]
_COLUMN_NUMBERS = [MEASUREMENTS.index(name) for name in COLUMNS]


class AdaptingClassifier(Protocol):
    """What the adaptation asks of a classifier (`inference.classifier.Classifier`)."""

    @property
    def classes(self) -> Sequence[str]:
        """Leaf codes."""

    @property
    def adaptation_methods(self) -> AdaptationMethods:
        """Which methods adapt the cells of a specimen."""

    @property
    def threshold(self) -> float:
        """Uncertainty above which a cell is left unidentified."""

    @property
    def leaf_share(self) -> float:
        """Share of the uncertainty that comes from the leaf."""

    @property
    def uses_view_disagreement(self) -> bool:
        """Whether the disagreement of the network's two views adds to the uncertainty."""

    def whiten(self, embedding: NDArray[np.floating]) -> _Floats:
        """Whiten embeddings (n, D) to (n, d)."""


def look_of_specimen(prior_shift: PriorShift, *, drawn: bool) -> Remark | None:
    """Say that a specimen looks unfamiliar by how far it changed, or that it has too few cells to tell.

    Of a drawn one it is said that it is drawn; None where it looks familiar or nothing is known.
    """
    pool = prior_shift.pool
    if pool is None:
        return None
    if prior_shift.cells < ENOUGH_CELLS:
        return None if drawn else remark(TOO_FEW, n=prior_shift.cells, least=ENOUGH_CELLS)
    if not prior_shift.looks_unfamiliar:
        return None
    if drawn:
        return remark(DRAWN)
    change, limit = (f"{100 * share:.1f}" for share in (prior_shift.change, pool.unfamiliar))
    return remark(UNFAMILIAR, n_change=change, n_limit=limit)


def select_measurements(measurements: NDArray[np.floating]) -> _Floats:
    """Select the columns for :func:`adapt_specimen` from measurements (n, all of MEASUREMENTS): (n, M)."""
    return np.asarray(measurements.reshape(-1, len(MEASUREMENTS))[:, _COLUMN_NUMBERS], np.float32)


def adapt_specimen(
    scores: _Floats,
    embeddings: NDArray[np.floating],
    measurements: _Floats,
    held_back: NDArray[np.bool_],
    classifier: AdaptingClassifier,
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
    classifier : AdaptingClassifier

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
    posteriors = found.posteriors if prior_shift.has_posteriors else None
    if methods.pool is not None:
        prior_shift = _judged(prior_shift, methods.pool, scores, posteriors, held_back, classes)
    return prior_shift, posteriors


def _judged(
    prior_shift: PriorShift,
    pool: OpinionPool,
    scores: _Floats,
    posteriors: _Floats | None,
    held_back: NDArray[np.bool_],
    classes: Sequence[str],
) -> PriorShift:
    """Add the opinion pool, with how far the adaptation changed the specimen's nucleated cells."""
    part = is_nucleated(scores, classes) & ~held_back
    own, nothing = scores[part], np.zeros(int(part.sum()), np.bool_)
    theirs = None if posteriors is None else posteriors[part]
    unsure = np.zeros(len(own), np.float32)
    new = adapt_proposals(prior_shift, classes, own, unsure, nothing, nothing, theirs).scores
    rows = coarse_rows(classes)
    change = specimen_change(coarse_sums(own, rows), coarse_sums(new, rows))
    return replace(prior_shift, pool=pool, change=change)
