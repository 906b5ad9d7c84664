"""The proposals for a specimen's cells after the adaptation to the specimen.

Arithmetic alone: nothing here asks a network. The adaptation is a
:class:`~bloodcells_gui.adaptation.prior_shift.PriorShift` and, where label propagation or measurements are
used, the posteriors of single cells (:mod:`bloodcells_gui.adaptation.joint`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.morphometry import coarse_names
from bloodcells_gui.adaptation.prior_shift import LEAF_SHARE, PriorShift
from bloodcells_gui.domain.cell import (
    FLAG_BLURRED,
    FLAG_NO_CELL,
    FLAG_PLASMA_LOOK,
    FLAG_POOR_PICTURE,
    FLAG_UNLIKE_TRAINING,
    FOR_WANT_OF_SCALE,
    Cell,
)
from bloodcells_gui.domain.taxonomy import ARTEFACT, CRITICAL, NUCLEATED, ROLLUPS

Floats = NDArray[np.float32]

#: Flags with which an unidentified cell stays so, whatever the adaptation.
HELD_BACK = (
    frozenset({FLAG_BLURRED, FLAG_NO_CELL, FLAG_PLASMA_LOOK, FLAG_POOR_PICTURE, FLAG_UNLIKE_TRAINING})
    | FOR_WANT_OF_SCALE
)
#: Probability above which an artefact is certain, so that nobody needs to name it.
CERTAIN_ARTEFACT = 0.8


def coarse_rows(classes: Sequence[str]) -> NDArray[np.intp]:
    """Return for each leaf the number of its row in the ten-class roll-up: (K,) int.

    Rows are numbered from 0 in the order of
    :func:`~bloodcells_gui.adaptation.morphometry.coarse_names`.
    """
    known = {name: i for i, name in enumerate(coarse_names(classes))}
    return np.array([known[ROLLUPS["ten"].row_of(c).code] for c in classes], np.intp)


def confidence(probabilities: Floats, rows: NDArray[np.intp], leaf_share: float = LEAF_SHARE) -> Floats:
    """Compute the confidence (n,) in probabilities (n, K).

    It is the highest probability of a coarse class, and for the share `leaf_share` that of a leaf. `rows`
    (K,) is the number of each leaf's coarse row (:func:`coarse_rows`).
    """
    best = np.ascontiguousarray(probabilities.T).max(axis=0)
    coarse = coarse_sums(probabilities, rows).max(axis=1)
    return np.asarray((1 - leaf_share) * coarse + leaf_share * best, np.float32)


def critical_leaves(classes: Sequence[str]) -> NDArray[np.bool_]:
    """Tell for each leaf whether a single cell of it is critical: (K,) bool."""
    return np.array([code in CRITICAL for code in classes], np.bool_)


def coarse_sums(probabilities: Floats, rows: NDArray[np.intp]) -> Floats:
    """Sum leaf probabilities (n, K) over the coarse rows: (n, R); `rows` (K,) is each leaf's row."""
    # Leaf by leaf in one piece of memory each: several times as fast as along the cells.
    by_leaf = np.ascontiguousarray(probabilities.T)
    coarse = np.zeros((int(rows.max()) + 1, len(probabilities)), np.float32)
    for leaf, row in enumerate(rows):
        coarse[row] += by_leaf[leaf]
    return np.asarray(coarse.T)


def apply_class_weights(
    probabilities: Floats,
    weights: Floats,
    rows: NDArray[np.intp],
    protected: NDArray[np.bool_] | None = None,
) -> Floats:
    """Weight the coarse classes of probabilities (n, K); the rows of the result sum to 1.

    The weights (K,) of the leaves give the weight of a coarse row; within a row the leaves keep their
    proportions. Neighbouring forms, such as band and segmented neutrophils, pass into each other, so that
    what one of them would gain from class frequencies is mostly the other's uncertain cells.

    Parameters
    ----------
    probabilities : (n, K) float32
    weights : (K,) float32
    rows : (K,) int
        Number of each leaf's coarse row (:func:`coarse_rows`).
    protected : (K,) bool, optional
        Leaves whose probability is not lowered: what others gain, they gain from each other.
    """
    # Leaf by leaf in one piece of memory each, as in `coarse_sums`.
    by_leaf = np.ascontiguousarray(probabilities.T)
    plain = np.zeros((int(rows.max()) + 1, len(probabilities)), np.float32)
    weighted = np.zeros_like(plain)
    for leaf, row in enumerate(rows):
        plain[row] += by_leaf[leaf]
        weighted[row] += by_leaf[leaf] * weights[leaf]
    total = weighted.sum(axis=0)
    factor = np.where(plain > 0, weighted / np.maximum(plain, 1e-12), 0) / np.where(total > 0, total, 1)
    after = by_leaf * factor[rows]
    if protected is not None and protected.any():
        kept = np.maximum(after[protected], by_leaf[protected])
        others = 1 - after[protected].sum(axis=0)
        left = np.maximum(1 - kept.sum(axis=0), 0)
        after *= np.where(others > 0, left / np.maximum(others, 1e-12), 1)
        after[protected] = kept
    by_cell = np.ascontiguousarray(after.T)
    return np.asarray(np.where(total[:, None] > 0, by_cell, probabilities), np.float32)


def with_coarse_posteriors(probabilities: Floats, posteriors: Floats, rows: NDArray[np.intp]) -> Floats:
    """Scale leaf probabilities (n, K) to coarse posteriors; within a row the leaves keep their proportions.

    Parameters
    ----------
    probabilities : (n, K) float32
    posteriors : (n, R) float32
        Of the coarse rows; a row with NaN leaves its cell as it is.
    rows : (K,) int
        Number of each leaf's coarse row (:func:`coarse_rows`).
    """
    sums = np.maximum(coarse_sums(probabilities, rows), 1e-12)
    factor = np.where(posteriors > 0, posteriors, 0) / sums
    out = probabilities * factor[:, rows]
    total = out.sum(axis=1, keepdims=True)
    scaled = np.where(total > 0, out / np.where(total > 0, total, 1), probabilities)
    return np.asarray(scaled, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class AdaptedProposals:
    """Proposals for n cells after the adaptation.

    Attributes
    ----------
    scores : (n, K) float32
        Probabilities of the leaves.
    best : (n,) int
        Column of the most probable leaf.
    probability, uncertainty : (n,) float32
    abstained : (n,) bool
        As the fields of :class:`~bloodcells_gui.domain.cell.Cell` with these names.
    """

    scores: Floats
    best: NDArray[np.intp]
    probability: Floats
    uncertainty: Floats
    abstained: NDArray[np.bool_]


def adapt_proposals(
    prior_shift: PriorShift,
    classes: Sequence[str],
    scores: Floats,
    uncertainty: Floats,
    abstained: NDArray[np.bool_],
    held_back: NDArray[np.bool_],
    posteriors: Floats | None = None,
) -> AdaptedProposals:
    """Compute the proposals of n cells after the adaptation, without the network.

    Uncertainty is ``1 - confidence * proximity``, where the proximity to the training features (0 to 1)
    follows from what is known of each cell. Where the disagreement of the network's views adds to it, the
    proximity lies between the value that leaves nothing to the views and 1; the one that gives the larger
    uncertainty is taken. Where the adaptation has an opinion pool, it joins both answers of nucleated cells,
    and its threshold counts for them.

    Parameters
    ----------
    prior_shift : PriorShift
    classes : sequence of str
        Leaf codes of the K columns.
    scores : (n, K) float32
    uncertainty : (n,) float32
    abstained : (n,) bool
        As the classifier found them.
    held_back : (n,) bool
        Cells with one of the flags HELD_BACK: where they were unidentified they stay so, as do those whose
        uncertainty was not the reason.
    posteriors : (n, R) float32, optional
        Probabilities of the coarse rows; rows of NaN for cells that took no part.
    """
    rows = coarse_rows(classes)
    protected = critical_leaves(classes) if prior_shift.protects_critical else None
    adapted = apply_class_weights(scores, prior_shift.weight_vector(classes), rows, protected)
    if posteriors is not None and prior_shift.has_posteriors:
        adapted = with_coarse_posteriors(adapted, posteriors, rows)
    adapted, threshold = _joined(prior_shift, classes, scores, adapted)
    before = np.maximum(confidence(scores, rows, prior_shift.leaf_share), 1e-6)
    after = confidence(adapted, rows, prior_shift.leaf_share)
    proximity = (1 - uncertainty) / before
    if prior_shift.uses_view_disagreement:
        proximity = np.where(after < before, 1, proximity)
    updated = np.clip(uncertainty - (after - before) * proximity, 0, 1)
    best = adapted.argmax(axis=1)
    unidentified = updated > threshold
    if ARTEFACT in classes:
        unidentified &= adapted[:, classes.index(ARTEFACT)] <= CERTAIN_ARTEFACT
    for_another_reason = abstained & (held_back | (uncertainty <= prior_shift.threshold))
    return AdaptedProposals(
        adapted,
        best,
        adapted[np.arange(len(adapted)), best],
        np.asarray(updated, np.float32),
        np.asarray(unidentified | for_another_reason, np.bool_),
    )


def _joined(
    prior_shift: PriorShift, classes: Sequence[str], scores: Floats, adapted: Floats
) -> tuple[Floats, Floats]:
    """Join both answers of nucleated cells where there is a pool: probabilities (n, K), thresholds (n,)."""
    thresholds = np.full(len(scores), prior_shift.threshold, np.float32)
    if prior_shift.pool is None or not len(scores):
        return adapted, thresholds
    rows = coarse_rows(classes)
    nucleated = np.array([code in NUCLEATED for code in classes], np.bool_)[adapted.argmax(axis=1)]
    own, new = coarse_sums(scores[nucleated], rows), coarse_sums(adapted[nucleated], rows)
    out = np.array(adapted, np.float32)
    joined = prior_shift.pool.joined(new, own, prior_shift.change)
    joined = _capped(joined, np.maximum(new, own), np.unique(rows[critical_leaves(classes)]))
    out[nucleated] = with_coarse_posteriors(adapted[nucleated], joined, rows)
    pool = prior_shift.pool
    named_critical = critical_leaves(classes)[out[nucleated].argmax(axis=1)]
    thresholds[nucleated] = np.where(named_critical, max(pool.threshold, pool.critical), pool.threshold)
    return out, thresholds


def _capped(joined: Floats, most: Floats, columns: NDArray[np.intp]) -> Floats:
    """Lower the `columns` of probabilities (n, R) to `most` (n, R); the others share what is left.

    A pool that is less sure than either opinion must not make a critical class likelier than both.
    """
    out = np.array(joined, np.float32)
    out[:, columns] = np.minimum(joined[:, columns], most[:, columns])
    others = np.setdiff1d(np.arange(joined.shape[1]), columns)
    sums, left = joined[:, others].sum(axis=1), 1 - out[:, columns].sum(axis=1)
    out[:, others] *= np.where(sums > 0, left / np.maximum(sums, 1e-12), 1)[:, None]
    return out


def adapt_cells(
    cells: Sequence[Cell], classes: Sequence[str], prior_shift: PriorShift, posteriors: Floats | None = None
) -> list[Cell]:
    """Return cells of one specimen, all from the same classifier, with their adapted proposals.

    Parameters are those of :func:`adapt_proposals`.
    """
    if not cells:
        return []
    new = adapt_proposals(
        prior_shift,
        classes,
        np.array([c.scores for c in cells], np.float32),
        np.array([c.uncertainty for c in cells], np.float32),
        np.array([c.abstained for c in cells], np.bool_),
        np.array([not HELD_BACK.isdisjoint(c.flags) for c in cells], np.bool_),
        posteriors,
    )
    return [
        replace(
            cell,
            scores=new.scores[i],
            predicted=classes[int(new.best[i])],
            probability=float(new.probability[i]),
            uncertainty=float(new.uncertainty[i]),
            abstained=bool(new.abstained[i]),
        )
        for i, cell in enumerate(cells)
    ]
