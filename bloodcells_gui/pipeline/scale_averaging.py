"""Average the classifier's answers over the scales that may be right where the scale is a guess."""

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

#: Middles of five equal parts of a normal distribution, in standard deviations: equally likely scales.
STEPS = (0.0, -1.28, -0.52, 0.52, 1.28)


@dataclass(frozen=True, slots=True)
class Averaged:
    """A :class:`~.models.ClassifierResult` over several scales; embedding and likeness are the middle's.

    `hinges` (n,) tells which cells get another name at another of the scales.
    """

    probabilities: Floats
    embedding: Floats
    uncertainty: Floats
    abstained: NDArray[np.bool_]
    unlike: NDArray[np.bool_]
    disagreement: Floats | None
    hinges: NDArray[np.bool_]


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
    grave = np.array([code in GRAVE for code in classes], np.bool_)
    return np.asarray(other_row | (grave[best].any(axis=0) & (best != best[0]).any(axis=0)), np.bool_)
