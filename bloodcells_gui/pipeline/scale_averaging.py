"""Answers over the scales that may be right: averaged where these lie far apart, else asked again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.reproposal import coarse_rows, coarse_sums
from bloodcells_gui.domain.taxonomy import GRAVE
from bloodcells_gui.pipeline.models import ClassifierResult

Floats = NDArray[np.float32]
Rows = NDArray[np.intp]
#: What the classifier says with um per px times a factor, of some of the cells (None: of all).
PredictAt = Callable[[float, Rows | None], ClassifierResult]

#: Middles of five equal parts of a normal distribution, in standard deviations: equally likely scales.
STEPS = (0.0, -1.28, -0.52, 0.52, 1.28)
#: Standard deviation of ln(um per px) from which answers are averaged. Below it the mean of five answers is
#: right as often as one (docs/models-detector-segmenter.md, "How far the scale may be off").
WIDE = 0.08
#: Where a grave name is asked for again: most of the scales that may be right, and nearly all of them where
#: they lie far apart.
_AGAIN, _AGAIN_WIDE = 1.3, 2.0
#: Cells with less probability of all grave classes together, or with more of one of them, keep their name at
#: every scale that may be right (none of 1,406 cells of five laboratories was lost by these limits).
_LEAST_GRAVE, _CERTAIN = 0.05, 0.95


@dataclass(frozen=True, slots=True)
class Averaged:
    """A :class:`~.models.ClassifierResult` over several scales; embedding and likeness are the middle's.

    `hinges` (n,) tells which cells get another name at another of the scales, as far as that matters.
    """

    probabilities: Floats
    embedding: Floats
    uncertainty: Floats
    abstained: NDArray[np.bool_]
    unlike: NDArray[np.bool_]
    disagreement: Floats | None
    hinges: NDArray[np.bool_]


def answer_within_spread(predict_at: PredictAt, spread: float, classes: Sequence[str]) -> Averaged:
    """What the classifier says, in view of how far the scale may be off.

    From a spread of `WIDE` on, answers are averaged over it, and a cell whose coarse class depends on it
    hinges. Below, one answer serves; only what may be grave is asked for again at both ends, so that nothing
    grave is asserted that another scale, as likely, would deny.

    Parameters
    ----------
    predict_at : callable
    spread : float
        Standard deviation of ln(um per px); 0 where the scale is certain.
    classes : sequence of str
        Leaf codes of the columns.
    """
    if spread >= WIDE:
        found = average_over_scales(lambda factor: predict_at(factor, None), spread, classes)
        again = _AGAIN_WIDE
    else:
        found = _single(predict_at(1.0, None))
        again = _AGAIN
    if spread > 0:
        found.hinges[:] |= _grave_hinges(found.probabilities, predict_at, again * spread, classes)
    return found


def _single(result: ClassifierResult) -> Averaged:
    return Averaged(
        np.asarray(result.probabilities, np.float32),
        result.embedding,
        result.uncertainty,
        result.abstained,
        result.unlike,
        result.disagreement,
        np.zeros(len(result.probabilities), np.bool_),
    )


def _grave_hinges(
    probabilities: Floats, predict_at: PredictAt, off: float, classes: Sequence[str]
) -> NDArray[np.bool_]:
    """(n,) whether a cell is grave here and something else at a scale `off` (ln) away, or the reverse."""
    grave = _grave_columns(classes)
    hinges = np.zeros(len(probabilities), np.bool_)
    if not grave.any():
        return hinges
    of_grave = probabilities[:, grave]
    doubted = np.flatnonzero((of_grave.sum(axis=1) >= _LEAST_GRAVE) & (of_grave.max(axis=1) < _CERTAIN))
    best = probabilities.argmax(axis=1)
    for side in (-1, 1):
        # What hinges already need not be asked at the other end: hinging takes one end alone.
        left = doubted[~hinges[doubted]]
        if len(left):
            there = predict_at(math.exp(side * off), left).probabilities.argmax(axis=1)
            hinges[left] = (there != best[left]) & (grave[there] | grave[best[left]])
    return hinges


def _grave_columns(classes: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([code in GRAVE for code in classes], np.bool_)


def average_over_scales(
    predict_at: Callable[[float], ClassifierResult], spread: float, classes: Sequence[str]
) -> Averaged:
    """Ask at each of the scales that may be right and average.

    Parameters
    ----------
    predict_at : callable
        What the classifier says with um per px times the given factor.
    spread : float
        Standard deviation of ln(um per px).
    classes : sequence of str
        Leaf codes of the columns.
    """
    results = [predict_at(math.exp(step * spread)) for step in STEPS]
    every = np.stack([np.asarray(r.probabilities, np.float32) for r in results])
    mean = np.asarray(every.mean(axis=0), np.float32)
    rows = coarse_rows(classes)
    # What the single answers are surer of than their mean is what the scale leaves open.
    sure = np.mean([coarse_sums(p, rows).max(axis=1) for p in every], axis=0)
    open_ = np.maximum(sure - coarse_sums(mean, rows).max(axis=1), 0)
    uncertainty = np.clip(np.mean([r.uncertainty for r in results], axis=0) + open_, 0, 1)
    views = [r.disagreement for r in results if r.disagreement is not None]
    middle = results[0]
    return Averaged(
        mean,
        middle.embedding,
        np.asarray(uncertainty, np.float32),
        np.asarray(np.mean([r.abstained for r in results], axis=0) >= 0.5, np.bool_),
        middle.unlike,
        np.asarray(np.mean(views, axis=0), np.float32) if views else None,
        _hinges(every.argmax(axis=2), rows, classes),
    )


def _hinges(best: NDArray[np.intp], rows: NDArray[np.intp], classes: Sequence[str]) -> NDArray[np.bool_]:
    """(n,) whether the best leaves (S, n) at S scales lie in several coarse rows, or only some are grave."""
    other_row = (rows[best] != rows[best[0]]).any(axis=0)
    grave = _grave_columns(classes)
    return np.asarray(other_row | (grave[best].any(axis=0) & (best != best[0]).any(axis=0)), np.bool_)
