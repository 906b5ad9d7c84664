"""The proposals for a specimen's cells after what the specimen says as a whole.

Arithmetic alone: nothing here asks a network. What a specimen says is a :class:`PriorShift` and what its
cells settled on together (:mod:`bloodcells_gui.adaptation.joint`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.morphometry import coarse_names
from bloodcells_gui.adaptation.prior_shift import CRITICAL, LEAF_SHARE, PriorShift
from bloodcells_gui.domain.cell import FLAG_NO_CELL, FLAG_UNLIKE_TRAINING, FOR_WANT_OF_SCALE, Cell
from bloodcells_gui.domain.taxonomy import ROLLUPS

Floats = NDArray[np.float32]

#: Flags with which an unidentified cell stays so, whatever the mix.
HELD_BACK = frozenset({FLAG_NO_CELL, FLAG_UNLIKE_TRAINING}) | FOR_WANT_OF_SCALE
#: An artefact this probable is refused, so that nobody needs to name it.
REFUSED_ABOVE = 0.8


def coarse_rows(classes: Sequence[str]) -> NDArray[np.intp]:
    """Number of the row of the ten-class roll-up that each leaf belongs to; artefacts stand alone."""
    known = {name: i for i, name in enumerate(coarse_names(classes))}
    return np.array([known[ROLLUPS["ten"].row_of(c).code] for c in classes], np.intp)


def sureness(probabilities: Floats, rows: NDArray[np.intp], leaf_share: float = LEAF_SHARE) -> Floats:
    """(n,) how sure probabilities (n, K) are: mostly of the coarse class, `leaf_share` of it of the leaf.

    `rows` (K,) is the number of each leaf's coarse row (:func:`coarse_rows`).
    """
    best = np.ascontiguousarray(probabilities.T).max(axis=0)
    coarse = in_rows(probabilities, rows).max(axis=1)
    return np.asarray((1 - leaf_share) * coarse + leaf_share * best, np.float32)


def critical_leaves(classes: Sequence[str]) -> NDArray[np.bool_]:
    """(K,) which leaves are critical."""
    return np.array([code in CRITICAL for code in classes], np.bool_)


def in_rows(probabilities: Floats, rows: NDArray[np.intp]) -> Floats:
    """(n, R) sums of leaf probabilities (n, K) over the coarse rows; `rows` (K,) is each leaf's."""
    # Leaf by leaf in one piece of memory each: several times as fast as along the cells.
    by_leaf = np.ascontiguousarray(probabilities.T)
    coarse = np.zeros((int(rows.max()) + 1, len(probabilities)), np.float32)
    for leaf, row in enumerate(rows):
        coarse[row] += by_leaf[leaf]
    return np.asarray(coarse.T)


def weigh(
    probabilities: Floats,
    weights: Floats,
    rows: NDArray[np.intp],
    guarded: NDArray[np.bool_] | None = None,
) -> Floats:
    """(n, K) probabilities after the mix, rows summing to 1.

    The weights (K,) of the leaves decide what a coarse row is worth; within a row the leaves keep their
    proportions. Siblings such as band and segmented forms pass into each other, so that what one of them
    would gain in a mix is mostly the other's doubtful cells.

    Parameters
    ----------
    probabilities : (n, K) float32
    weights : (K,) float32
    rows : (K,) int
        Number of each leaf's coarse row (:func:`coarse_rows`).
    guarded : (K,) bool, optional
        Leaves whose probability is not lowered: what others gain, they gain from each other.
    """
    # Leaf by leaf in one piece of memory each, as in `in_rows`.
    by_leaf = np.ascontiguousarray(probabilities.T)
    plain = np.zeros((int(rows.max()) + 1, len(probabilities)), np.float32)
    worth = np.zeros_like(plain)
    for leaf, row in enumerate(rows):
        plain[row] += by_leaf[leaf]
        worth[row] += by_leaf[leaf] * weights[leaf]
    total = worth.sum(axis=0)
    factor = np.where(plain > 0, worth / np.maximum(plain, 1e-12), 0) / np.where(total > 0, total, 1)
    after = by_leaf * factor[rows]
    if guarded is not None and guarded.any():
        kept = np.maximum(after[guarded], by_leaf[guarded])
        others = 1 - after[guarded].sum(axis=0)
        left = np.maximum(1 - kept.sum(axis=0), 0)
        after *= np.where(others > 0, left / np.maximum(others, 1e-12), 1)
        after[guarded] = kept
    weighed = np.ascontiguousarray(after.T)
    return np.asarray(np.where(total[:, None] > 0, weighed, probabilities), np.float32)


def with_settled(weighed: Floats, settled: Floats, rows: NDArray[np.intp]) -> Floats:
    """(n, K) probabilities whose coarse rows are those that the cells settled on; leaves share as before.

    Parameters
    ----------
    weighed : (n, K) float32
    settled : (n, R) float32
        Rows that hold NaN leave a cell as it is.
    rows : (K,) int
        Number of each leaf's coarse row (:func:`coarse_rows`).
    """
    factor = np.where(settled > 0, settled, 0) / np.maximum(in_rows(weighed, rows), 1e-12)
    out = weighed * factor[:, rows]
    total = out.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, out / np.where(total > 0, total, 1), weighed), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Reproposed:
    """Proposals for n cells after their specimen's mix: what `Cell` calls scores, predicted (as a column of
    the scores), probability, uncertainty and abstained."""

    scores: Floats
    best: NDArray[np.intp]
    probability: Floats
    uncertainty: Floats
    abstained: NDArray[np.bool_]


def reproposed(
    mix: PriorShift,
    classes: Sequence[str],
    scores: Floats,
    uncertainty: Floats,
    abstained: NDArray[np.bool_],
    held_back: NDArray[np.bool_],
    settled: Floats | None = None,
) -> Reproposed:
    """The proposals of n cells after what their specimen says of them, without the network.

    Uncertainty is ``1 - sure * near``, where `near` tells how near the training features a cell lies, and so
    follows from what is known of each cell. Where the disagreement of the network's views adds to it
    (`mix.views`), `near` lies between the value that leaves nothing to the views and 1; the one that gives
    more uncertainty is taken.

    Parameters
    ----------
    mix : PriorShift
    classes : sequence of str
        Leaf codes of the K columns.
    scores : (n, K) float32
    uncertainty : (n,) float32
    abstained : (n,) bool
        As the classifier found them.
    held_back : (n,) bool
        Cells with one of the flags HELD_BACK: where they were unidentified they stay so, as do those whose
        uncertainty was not the reason.
    settled : (n, R) float32, optional
        What each cell came to with the others; rows of NaN for cells that had no part in it.
    """
    rows = coarse_rows(classes)
    weighed = weigh(scores, mix.vector(classes), rows, critical_leaves(classes) if mix.guarded else None)
    if settled is not None and mix.settles:
        weighed = with_settled(weighed, settled, rows)
    before = np.maximum(sureness(scores, rows, mix.leaf_share), 1e-6)
    after = sureness(weighed, rows, mix.leaf_share)
    near = (1 - uncertainty) / before
    if mix.views:
        near = np.where(after < before, 1, near)
    follows = np.clip(uncertainty - (after - before) * near, 0, 1)
    best = weighed.argmax(axis=1)
    waiting = follows > mix.threshold
    if "ART" in classes:
        waiting &= weighed[:, classes.index("ART")] <= REFUSED_ABOVE
    for_another_reason = abstained & (held_back | (uncertainty <= mix.threshold))
    return Reproposed(
        weighed,
        best,
        weighed[np.arange(len(weighed)), best],
        np.asarray(follows, np.float32),
        np.asarray(waiting | for_another_reason, np.bool_),
    )


def reproposed_cells(
    cells: Sequence[Cell], classes: Sequence[str], mix: PriorShift, settled: Floats | None = None
) -> list[Cell]:
    """`cells` of one specimen, all from the same classifier, after what it says as a whole."""
    if not cells:
        return []
    new = reproposed(
        mix,
        classes,
        np.array([c.scores for c in cells], np.float32),
        np.array([c.uncertainty for c in cells], np.float32),
        np.array([c.abstained for c in cells], np.bool_),
        np.array([not HELD_BACK.isdisjoint(c.flags) for c in cells], np.bool_),
        settled,
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
