"""The specimen's own mix of cells: how often each kind occurs in it is taken into account for every cell.

A classifier answers as if every specimen held the mix of cells that it was calibrated to. The mix of the one
at hand is estimated from its own answers by expectation maximisation (Saerens, Latinne, Decaestecker 2002,
"Adjusting the outputs of a classifier to new a priori probabilities", Neural Computation 14), held towards
the even mix by a Dirichlet prior, since a hundred cells say little about a rare kind; then the
probability of every coarse kind is weighed by it, and its leaves share it as before. A critical kind is never
made less likely by the rarity of its like.

What the classifier said of each cell stays as it was written; the weights are kept with the end of a run, as
numbers among its tallies, and whoever reads the cells gets them weighed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.cell import FLAG_NO_CELL, FLAG_UNLIKE_TRAINING, Cell
from bloodcells_gui.domain.rules import DEFAULT_RULES, SMEAR
from bloodcells_gui.domain.taxonomy import BY_CODE, ROLLUPS

Floats = NDArray[np.float32]

# What is no nucleated cell says nothing of the mix, and is not weighed by it.
OUTSIDE = frozenset({"PLT", "GPLT", "PLC", "ART"})
#: Leaves of which the rules call a single cell critical.
CRITICAL = frozenset(
    leaf for r in DEFAULT_RULES if r.kind == SMEAR and r.severity == "critical" for leaf in r.leaves
)
#: Flags with which an unidentified cell stays so, whatever the mix.
HELD_BACK = frozenset({FLAG_NO_CELL, FLAG_UNLIKE_TRAINING})
#: An artefact this probable is refused, so that nobody needs to name it.
REFUSED_ABOVE = 0.8

_ENOUGH = 1e-6
_MOST_ROUNDS = 200
_PREFIX = "mix/"
_WEIGHT = "mix/weight/"
_LARGEST_WEIGHT = 1000.0


@dataclass(frozen=True, slots=True)
class MixPrior:
    """How strongly a specimen's mix is held towards the even one.

    The prior weighs as much as `strength` times the nucleated cells at hand, and as `least` cells at least.
    """

    strength: float
    least: float

    def cells(self, n: int) -> float:
        """The prior's weight beside `n` cells, in cells."""
        return max(self.strength * n, self.least)

    @staticmethod
    def from_card(card: Mapping[str, Any] | None) -> MixPrior | None:
        """From a card's "specimen_mix"; None where there is none.

        Raises KeyError, TypeError or ValueError on what is not two numbers in range.
        """
        if card is None:
            return None
        prior = MixPrior(float(card["strength"]), float(card["least"]))
        # NaN fails both comparisons.
        if not (0 <= prior.strength <= 10 and 1 <= prior.least <= 1e4):
            raise ValueError("specimen_mix is out of range")
        return prior


@dataclass(frozen=True, slots=True)
class SpecimenMix:
    """What became known of a specimen's mix at the end of a run.

    Attributes
    ----------
    weights : dict of str to float
        Leaf -> factor on its probability; 1 changes nothing.
    cells : int
        Nucleated cells that the mix was estimated from.
    prior : MixPrior
    threshold : float
        Doubt above which a cell is left unidentified.
    views : bool
        Whether doubt also holds the disagreement of the network's views (see :func:`reproposed`).
    events : int
        Number of the last act of a person before it: cells judged by then keep the proposal that was judged.
    """

    weights: Mapping[str, float]
    cells: int
    prior: MixPrior
    threshold: float
    views: bool = False
    events: int = 0

    def vector(self, classes: Sequence[str]) -> Floats:
        """(K,) weights in the order of `classes`."""
        return np.array([self.weights.get(code, 1.0) for code in classes], np.float32)

    def to_tallies(self) -> dict[str, float]:
        """As numbers that stand among a run's tallies; names with "/" are no counts."""
        return {
            **{_WEIGHT + code: float(weight) for code, weight in self.weights.items()},
            "mix/cells": float(self.cells),
            "mix/strength": self.prior.strength,
            "mix/least": self.prior.least,
            "mix/threshold": self.threshold,
            "mix/views": float(self.views),
            "mix/events": float(self.events),
        }


def mix_in(tallies: Mapping[str, float]) -> SpecimenMix | None:
    """Inverse of :meth:`SpecimenMix.to_tallies`; None where there is none, or it is no sound one."""
    weights = {name.removeprefix(_WEIGHT): v for name, v in tallies.items() if name.startswith(_WEIGHT)}
    if not weights:
        return None
    try:
        # NaN fails every comparison.
        sound = all(code in BY_CODE and 0 < w <= _LARGEST_WEIGHT for code, w in weights.items())
        if not (sound and abs(tallies["mix/threshold"]) < math.inf):
            return None
        prior = MixPrior(tallies["mix/strength"], tallies["mix/least"])
        cells, events = int(tallies["mix/cells"]), int(tallies["mix/events"])
        return SpecimenMix(weights, cells, prior, tallies["mix/threshold"], tallies["mix/views"] > 0, events)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def without_mix(tallies: Mapping[str, float]) -> dict[str, float]:
    """The tallies of a run but for its mix."""
    return {name: value for name, value in tallies.items() if not name.startswith(_PREFIX)}


def same_classifier(a: AnalysisRun, b: AnalysisRun) -> bool:
    """Whether the probabilities of two runs' cells come from the same network and profile."""
    ours, theirs = ((r.bundles.get("classify"), r.profile, r.classes) for r in (a, b))
    return ours == theirs


def estimate(probabilities: Floats, classes: Sequence[str], prior: MixPrior) -> tuple[dict[str, float], int]:
    """Weights of the leaves for a specimen, and the nucleated cells that they come from.

    Parameters
    ----------
    probabilities : (n, K) float32
        As the classifier gave them for all cells of the specimen; their order is of no consequence.
    classes : sequence of str
        Leaf codes of the K columns.
    prior : MixPrior

    Returns
    -------
    dict of str to float
        A weight for each leaf; all 1 where there is no nucleated cell.
    """
    weights = dict.fromkeys(classes, 1.0)
    inside = [i for i, code in enumerate(classes) if code not in OUTSIDE]
    if not inside or not len(probabilities):
        return weights, 0
    nucleated = np.isin(probabilities.argmax(axis=1), inside)
    q = probabilities[nucleated][:, inside].astype(np.float64)
    n, k = q.shape
    if n == 0:
        return weights, 0
    q /= q.sum(axis=1, keepdims=True)
    weight = prior.cells(n)
    mix = np.full(k, 1 / k)
    for _ in range(_MOST_ROUNDS):
        # The sum over cells of q * mix / (q @ mix) by two products of a matrix and a vector.
        share = mix * (q.T @ (1 / (q @ mix)))
        after = (share + weight / k) / (n + weight)
        done = float(np.abs(after - mix).max()) < _ENOUGH
        mix = after
        if done:
            break
    for column, code_at in enumerate(inside):
        code = classes[code_at]
        found = float(mix[column] * k)
        weights[code] = max(found, 1.0) if code in CRITICAL else found
    return weights, n


def coarse_rows(classes: Sequence[str]) -> NDArray[np.intp]:
    """Number of the row of the ten-class roll-up that each leaf belongs to; artefacts stand alone."""
    names = [ROLLUPS["ten"].row_of(c).code for c in classes]
    known = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return np.array([known[name] for name in names], np.intp)


def sureness(probabilities: Floats, rows: NDArray[np.intp]) -> Floats:
    """(n,) how sure probabilities (n, K) are: three quarters from the coarse class, one from the leaf.

    `rows` (K,) is the number of each leaf's coarse row (:func:`coarse_rows`).
    """
    # Leaf by leaf in one piece of memory each: several times as fast as along the cells.
    by_leaf = np.ascontiguousarray(probabilities.T)
    coarse = np.zeros((int(rows.max()) + 1, len(probabilities)), np.float32)
    for leaf, row in enumerate(rows):
        coarse[row] += by_leaf[leaf]
    return np.asarray(0.75 * coarse.max(axis=0) + 0.25 * by_leaf.max(axis=0), np.float32)


def weigh(probabilities: Floats, weights: Floats, rows: NDArray[np.intp]) -> Floats:
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
    """
    # Leaf by leaf in one piece of memory each, as in `sureness`.
    by_leaf = np.ascontiguousarray(probabilities.T)
    plain = np.zeros((int(rows.max()) + 1, len(probabilities)), np.float32)
    worth = np.zeros_like(plain)
    for leaf, row in enumerate(rows):
        plain[row] += by_leaf[leaf]
        worth[row] += by_leaf[leaf] * weights[leaf]
    total = worth.sum(axis=0)
    factor = np.where(plain > 0, worth / np.maximum(plain, 1e-12), 0) / np.where(total > 0, total, 1)
    weighed = np.ascontiguousarray((by_leaf * factor[rows]).T)
    return np.asarray(np.where(total[:, None] > 0, weighed, probabilities), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Reproposed:
    """Proposals for n cells after their specimen's mix: what `Cell` calls scores, predicted (as a column of
    the scores), probability, doubt and abstained."""

    scores: Floats
    best: NDArray[np.intp]
    probability: Floats
    doubt: Floats
    abstained: NDArray[np.bool_]


def reproposed(
    mix: SpecimenMix,
    classes: Sequence[str],
    scores: Floats,
    doubt: Floats,
    abstained: NDArray[np.bool_],
    held_back: NDArray[np.bool_],
) -> Reproposed:
    """The proposals of n cells weighed by the mix of their specimen, without the network.

    Doubt is ``1 - sure * near``, where `near` tells how near the training features a cell lies, and so
    follows from what is known of each cell. Where the disagreement of the network's views adds to it
    (`mix.views`), `near` lies between the value that leaves nothing to the views and 1; the one that gives
    more doubt is taken.

    Parameters
    ----------
    mix : SpecimenMix
    classes : sequence of str
        Leaf codes of the K columns.
    scores : (n, K) float32
    doubt : (n,) float32
    abstained : (n,) bool
        As the classifier found them.
    held_back : (n,) bool
        Cells with one of the flags HELD_BACK: where they were unidentified they stay so, as do those whose
        doubt was not the reason.
    """
    rows = coarse_rows(classes)
    weighed = weigh(scores, mix.vector(classes), rows)
    before, after = np.maximum(sureness(scores, rows), 1e-6), sureness(weighed, rows)
    near = (1 - doubt) / before
    if mix.views:
        near = np.where(after < before, 1, near)
    follows = np.clip(doubt - (after - before) * near, 0, 1)
    best = weighed.argmax(axis=1)
    waiting = follows > mix.threshold
    if "ART" in classes:
        waiting &= weighed[:, classes.index("ART")] <= REFUSED_ABOVE
    for_another_reason = abstained & (held_back | (doubt <= mix.threshold))
    return Reproposed(
        weighed,
        best,
        weighed[np.arange(len(weighed)), best],
        np.asarray(follows, np.float32),
        np.asarray(waiting | for_another_reason, np.bool_),
    )


def reproposed_cells(cells: Sequence[Cell], classes: Sequence[str], mix: SpecimenMix) -> list[Cell]:
    """`cells` of one specimen, all from the same classifier, after its mix."""
    if not cells:
        return []
    new = reproposed(
        mix,
        classes,
        np.array([c.scores for c in cells], np.float32),
        np.array([c.doubt for c in cells], np.float32),
        np.array([c.abstained for c in cells], np.bool_),
        np.array([not HELD_BACK.isdisjoint(c.flags) for c in cells], np.bool_),
    )
    return [
        replace(
            cell,
            scores=new.scores[i],
            predicted=classes[int(new.best[i])],
            probability=float(new.probability[i]),
            doubt=float(new.doubt[i]),
            abstained=bool(new.abstained[i]),
        )
        for i, cell in enumerate(cells)
    ]


def most_changed(mix: SpecimenMix, count: int = 6) -> list[tuple[str, float]]:
    """Leaves whose weights are farthest from 1 (as a ratio), farthest first."""
    ranked = sorted(mix.weights.items(), key=lambda item: (-abs(math.log(item[1])), item[0]))
    return [(code, weight) for code, weight in ranked if abs(weight - 1) >= 0.05][:count]
