"""Adapt the cells of a specimen jointly: prior shift, label propagation and morphometry in two iterations.

The likelihood of the measurements (:mod:`bloodcells_gui.adaptation.morphometry`) depends on where the classes
of this specimen lie, which follows from what its cells are taken for. So class weights, propagated labels and
measurements are computed in turns, starting from what the network says of each cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.label_propagation import LabelPropagation, PropagationSettings
from bloodcells_gui.adaptation.morphometry import MorphometryModel
from bloodcells_gui.adaptation.opinion_pool import OpinionPool
from bloodcells_gui.adaptation.prior_shift import (
    ClassPrior,
    estimate_class_weights,
    is_nucleated,
    is_platelet,
)
from bloodcells_gui.adaptation.reproposal import (
    apply_class_weights,
    coarse_rows,
    coarse_sums,
    critical_leaves,
    with_coarse_posteriors,
)

Floats = NDArray[np.float32]

_ITERATIONS = 2


@dataclass(frozen=True, slots=True)
class AdaptationMethods:
    """Which methods adapt the cells of a specimen, with their parameters; None for one that is not used.

    Attributes
    ----------
    prior : ClassPrior or None
        Of the prior shift.
    propagation : PropagationSettings or None
        Of the label propagation.
    morphometry : MorphometryModel or None
        Of the measurements.
    pool : OpinionPool or None
        Joins the adapted probabilities with the classifier's own.
    """

    prior: ClassPrior | None
    propagation: PropagationSettings | None
    morphometry: MorphometryModel | None = None
    pool: OpinionPool | None = None

    def under_profile(self) -> AdaptationMethods:
        """Return the methods to use under a laboratory's profile: the measurements alone.

        A profile's head was fitted to the laboratory's own class frequencies, which would count twice, and
        leaves too little for label propagation to gain. Its confidence was fitted to the laboratory as well,
        so no pool corrects it.
        """
        return AdaptationMethods(None, None, self.morphometry)

    def __bool__(self) -> bool:
        return not (self.prior is None and self.propagation is None and self.morphometry is None)


@dataclass(frozen=True, slots=True, eq=False)
class Adaptation:
    """The result for n cells.

    Attributes
    ----------
    weights : dict of str to float
        Of the leaves, from the prior shift; all 1 where it is not used.
    posteriors : (n, R) float32 or None
        Probabilities of the coarse rows; rows of NaN for cells that took no part. None where only the prior
        shift is used.
    propagated_cells : int
        Cells that took part in the label propagation.
    measured_cells : int
        Cells whose measurements counted; 0 where the specimen's cells spread as no slide's do.
    """

    weights: dict[str, float]
    posteriors: Floats | None
    propagated_cells: int = 0
    measured_cells: int = 0


def adapt(
    scores: Floats,
    coordinates: Floats,
    measurements: NDArray[np.floating],
    classes: Sequence[str],
    methods: AdaptationMethods,
) -> Adaptation:
    """Adapt the probabilities of a specimen's n cells to the specimen.

    Platelets take no part in label propagation and morphometry: around the mean of a hundred of them all
    leukocytes have similar embeddings.

    Parameters
    ----------
    scores : (n, K) float32
        Probabilities as the classifier found them.
    coordinates : (n, d) float32
        Whitened embeddings, see :class:`~bloodcells_gui.adaptation.label_propagation.LabelPropagation`; rows
        of NaN for cells that take no part.
    measurements : (n, M) float
        In the order of :data:`~bloodcells_gui.adaptation.morphometry.COLUMNS`; NaN where there is none.
    classes : sequence of str
        Leaf codes of the K columns.
    methods : AdaptationMethods
    """
    weights = _class_weights(scores, classes, methods.prior)
    if methods.propagation is None and methods.morphometry is None:
        return Adaptation(weights, None)
    part = np.isfinite(coordinates).all(axis=1) & ~is_platelet(scores, classes)
    own = scores[part]
    propagation = None
    if methods.propagation is not None:
        centred_on = is_nucleated(own, classes)
        propagation = LabelPropagation(coordinates[part], methods.propagation, centred_on)
    coarse, domain_shift = _propagated(own, weights, classes, propagation)
    measured = 0
    model = methods.morphometry
    if model is not None and len(own):
        rows = coarse_rows(classes)
        x = model.standardize(measurements[part])
        known = np.asarray(np.isfinite(x).all(axis=1), np.bool_)
        if known.any() and not model.is_one_slide(x[known], coarse[known]):
            known = np.zeros(len(x), np.bool_)
        measured = int(known.sum())
        network = coarse_sums(own, rows)
        current = np.array(scores)
        for _ in range(_ITERATIONS if measured else 0):
            updated = np.array(network)
            updated[known] = model.posterior(network[known], model.log_likelihood(x[known], coarse[known]))
            current[part] = with_coarse_posteriors(own, updated, rows)
            weights = _class_weights(current, classes, methods.prior)
            coarse, _ = _propagated(current[part], weights, classes, propagation, domain_shift)
    posteriors = np.full((len(scores), coarse.shape[1]), np.nan, np.float32)
    posteriors[part] = coarse
    return Adaptation(weights, posteriors, 0 if propagation is None else int(part.sum()), measured)


def _class_weights(scores: Floats, classes: Sequence[str], prior: ClassPrior | None) -> dict[str, float]:
    if prior is None:
        return dict.fromkeys(classes, 1.0)
    return estimate_class_weights(scores, classes, prior)[0]


def _propagated(
    scores: Floats,
    weights: dict[str, float],
    classes: Sequence[str],
    propagation: LabelPropagation | None,
    domain_shift: float | None = None,
) -> tuple[Floats, float]:
    """Coarse probabilities (n, R) after class weights and label propagation, and the domain shift."""
    rows = coarse_rows(classes)
    vector = np.array([weights[code] for code in classes], np.float32)
    coarse = coarse_sums(apply_class_weights(scores, vector, rows, critical_leaves(classes)), rows)
    return (coarse, 0.0) if propagation is None else propagation.propagate(coarse, domain_shift)
