"""Prior shift: how often each class occurs in this specimen, and what that changes.

A classifier answers as if every specimen held the class frequencies that it was calibrated to. Those of the
specimen at hand are estimated from its own answers by expectation maximisation (Saerens, Latinne and
Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori probabilities: a simple procedure",
Neural Computation 14:21-41). A symmetric Dirichlet prior holds the estimate towards even frequencies, since a
hundred cells say little of a rare class. Each coarse class is then weighted by the ratio of the estimated to
the even frequency, and its leaves keep their proportions
(:func:`~bloodcells_gui.adaptation.reproposal.apply_class_weights`). A grave class (promyelocyte, blast,
erythroblast) has no weight below 1, and the rarity of a critical one never lowers its probability.

What the classifier said of each cell is never overwritten. The weights are kept with the end of a run, the
cells' posteriors beside them (:class:`~bloodcells_gui.adaptation.label_propagation.CoarsePosteriors`), and
whoever reads the cells applies both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.label_propagation import PropagationSettings
from bloodcells_gui.adaptation.opinion_pool import OpinionPool
from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.run_record import (
    AdaptationRecord,
    PriorParameters,
    PropagationParameters,
)
from bloodcells_gui.domain.taxonomy import BY_CODE, GRAVE, NUCLEATED, PLATELETS

Floats = NDArray[np.float32]

#: Share of a cell's uncertainty that comes from its leaf where the card gives none.
LEAF_SHARE = 0.25

_TOLERANCE = 1e-6
_MAX_ITERATIONS = 200
_LARGEST_WEIGHT = 1000.0


@dataclass(frozen=True, slots=True)
class ClassPrior:
    """The Dirichlet prior on a specimen's class frequencies: how strongly they are held towards even ones.

    Attributes
    ----------
    strength : float
        Weight of the prior as a multiple of the nucleated cells at hand.
    minimum_cells : float
        Its weight in cells where that would be less ("least" in files).
    """

    strength: float
    minimum_cells: float

    def pseudo_count(self, n: int) -> float:
        """Return the prior's weight beside `n` cells, in cells."""
        return max(self.strength * n, self.minimum_cells)

    @staticmethod
    def from_card(card: Mapping[str, Any] | None) -> ClassPrior | None:
        """Read the prior from a card's "specimen_mix"; None where the card has none.

        Raises
        ------
        KeyError, TypeError, ValueError
            Where it does not hold two numbers in range.
        """
        if card is None:
            return None
        prior = ClassPrior(float(card["strength"]), float(card["least"]))
        # NaN fails both comparisons.
        if not (0 <= prior.strength <= 10 and 1 <= prior.minimum_cells <= 1e4):
            raise ValueError("specimen_mix is out of range")
        return prior


@dataclass(frozen=True, slots=True)
class PriorShift:
    """How the proposals for a specimen's cells were adapted to it at the end of a run.

    Attributes
    ----------
    weights : dict of str to float
        Leaf -> factor on its probability; 1 changes nothing.
    cells : int
        Nucleated cells that the class frequencies were estimated from.
    prior : ClassPrior or None
        None where class frequencies are not used; all weights are 1 then.
    threshold : float
        Uncertainty above which a cell is left unidentified.
    uses_view_disagreement : bool
        Whether the uncertainty includes the disagreement of the network's views (see
        `reproposal.adapt_proposals`).
    last_event : int
        Number of the last review event before it: cells judged by then keep the proposal that was judged.
    protects_critical : bool
        Whether the weights of other leaves never lower the probability of a critical leaf (see
        `reproposal.apply_class_weights`); older versions only left its own weight at 1 or more.
    leaf_share : float
        Share of a cell's uncertainty that comes from its leaf (see `reproposal.confidence`).
    propagation : PropagationSettings or None
        None where labels were not propagated.
    propagated_cells : int
        Cells that took part in the label propagation.
    measured_cells : int
        Cells whose measurements counted; 0 where measurements are not used.
    pool : OpinionPool or None
        Joins what the classifier said of nucleated cells with their adapted probabilities; None where the
        adapted ones stand alone, as in older versions.
    change : float
        How far the adaptation changed the specimen (`opinion_pool.specimen_change`); 0 without a pool.
    """

    weights: Mapping[str, float]
    cells: int
    prior: ClassPrior | None
    threshold: float
    uses_view_disagreement: bool = False
    last_event: int = 0
    protects_critical: bool = False
    leaf_share: float = LEAF_SHARE
    propagation: PropagationSettings | None = None
    propagated_cells: int = 0
    measured_cells: int = 0
    pool: OpinionPool | None = None
    change: float = 0.0

    @property
    def looks_unfamiliar(self) -> bool:
        """Whether the specimen changed as those of unfamiliar laboratories do."""
        return self.pool is not None and self.pool.looks_unfamiliar(self.change, self.cells)

    @property
    def has_posteriors(self) -> bool:
        """Whether the case keeps posteriors of single cells, from label propagation or measurements."""
        return self.propagation is not None or self.measured_cells > 0

    def weight_vector(self, classes: Sequence[str]) -> Floats:
        """Return the weights (K,) in the order of `classes`."""
        return np.array([self.weights.get(code, 1.0) for code in classes], np.float32)

    def to_record(self) -> AdaptationRecord:
        """Return what a case keeps of it."""
        prior, propagation, pool = self.prior, self.propagation, self.pool
        return AdaptationRecord(
            weights={code: float(weight) for code, weight in self.weights.items()},
            cells=self.cells,
            threshold=self.threshold,
            uses_view_disagreement=self.uses_view_disagreement,
            last_event=self.last_event,
            protects_critical=self.protects_critical,
            leaf_share=self.leaf_share,
            prior=None if prior is None else PriorParameters(prior.strength, prior.minimum_cells),
            propagation=None if propagation is None else PropagationParameters(*astuple(propagation)),
            propagated_cells=self.propagated_cells if propagation is not None else 0,
            measured_cells=self.measured_cells,
            pool=None if pool is None else pool.to_record(self.change),
        )


def prior_shift_of(record: AdaptationRecord | None) -> PriorShift | None:
    """Read what :meth:`PriorShift.to_record` wrote; None where there is none, or no valid one."""
    if record is None or not record.weights:
        return None
    # NaN fails every comparison.
    valid = all(code in BY_CODE and 0 < w <= _LARGEST_WEIGHT for code, w in record.weights.items())
    if not (valid and abs(record.threshold) < math.inf and 0 <= record.leaf_share <= 1):
        return None
    propagation = None
    if record.propagation is not None:
        propagation = PropagationSettings(*astuple(record.propagation))
        if not propagation.is_valid:
            return None
    pool, change = None, 0.0
    if record.pool is not None:
        pool, change = OpinionPool.from_record(record.pool)
        if not (pool.is_valid and 0 <= change <= 1):
            return None
    return PriorShift(
        weights=record.weights,
        cells=record.cells,
        prior=None if record.prior is None else ClassPrior(*astuple(record.prior)),
        threshold=record.threshold,
        uses_view_disagreement=record.uses_view_disagreement,
        last_event=record.last_event,
        protects_critical=record.protects_critical,
        leaf_share=record.leaf_share,
        propagation=propagation,
        propagated_cells=record.propagated_cells,
        measured_cells=record.measured_cells,
        pool=pool,
        change=change,
    )


def same_classifier(a: AnalysisRun, b: AnalysisRun) -> bool:
    """Tell whether the probabilities of two runs' cells come from the same network and profile."""
    ours, theirs = ((r.bundles.get("classify"), r.profile, r.classes) for r in (a, b))
    return ours == theirs


def _nucleated_columns(classes: Sequence[str]) -> list[int]:
    return [i for i, code in enumerate(classes) if code in NUCLEATED]


def is_nucleated(probabilities: Floats, classes: Sequence[str]) -> NDArray[np.bool_]:
    """Tell for each of n cells whether its most probable leaf is a nucleated cell: (n,) bool.

    Parameters
    ----------
    probabilities : (n, K) float32
    classes : sequence of str
        Leaf codes of the K columns.
    """
    return _best_in(probabilities, _nucleated_columns(classes))


def is_platelet(probabilities: Floats, classes: Sequence[str]) -> NDArray[np.bool_]:
    """Tell for each of n cells whether its most probable leaf is a platelet or a clump: (n,) bool."""
    return _best_in(probabilities, [i for i, code in enumerate(classes) if code in PLATELETS])


def _best_in(probabilities: Floats, columns: Sequence[int]) -> NDArray[np.bool_]:
    if not columns or not len(probabilities):
        return np.zeros(len(probabilities), np.bool_)
    return np.isin(probabilities.argmax(axis=1), columns)


def estimate_class_weights(
    probabilities: Floats, classes: Sequence[str], prior: ClassPrior
) -> tuple[dict[str, float], int]:
    """Estimate a specimen's class frequencies by expectation maximisation, as weights of the leaves.

    Parameters
    ----------
    probabilities : (n, K) float32
        As the classifier gave them for all cells of the specimen; the order of the cells does not matter.
    classes : sequence of str
        Leaf codes of the K columns.
    prior : ClassPrior

    Returns
    -------
    weights : dict of str to float
        For each leaf its frequency divided by the even one; 1 for leaves that are not nucleated cells, at
        least 1 for grave ones, and all 1 where there is no nucleated cell.
    cells : int
        Nucleated cells that the weights come from.
    """
    weights = dict.fromkeys(classes, 1.0)
    columns = _nucleated_columns(classes)
    q = probabilities[is_nucleated(probabilities, classes)][:, columns].astype(np.float64)
    n, k = q.shape
    if n == 0:
        return weights, 0
    q /= q.sum(axis=1, keepdims=True)
    pseudo_count = prior.pseudo_count(n)
    frequency = np.full(k, 1 / k)
    for _ in range(_MAX_ITERATIONS):
        # The sum over cells of q * frequency / (q @ frequency) by two products of a matrix and a vector.
        expected = frequency * (q.T @ (1 / (q @ frequency)))
        updated = (expected + pseudo_count / k) / (n + pseudo_count)
        converged = float(np.abs(updated - frequency).max()) < _TOLERANCE
        frequency = updated
        if converged:
            break
    for i, column in enumerate(columns):
        code = classes[column]
        weight = float(frequency[i] * k)
        weights[code] = max(weight, 1.0) if code in GRAVE else weight
    return weights, n


def largest_changes(prior_shift: PriorShift, count: int = 6) -> list[tuple[str, float]]:
    """Return the leaves whose weights are farthest from 1 (as a ratio), farthest first."""
    ranked = sorted(prior_shift.weights.items(), key=lambda item: (-abs(math.log(item[1])), item[0]))
    return [(code, weight) for code, weight in ranked if abs(weight - 1) >= 0.05][:count]
