"""Fit the opinion pool (``bloodcells_gui/adaptation/opinion_pool.py``) on laboratories left out of training.

    python -m scripts.training.pool_fit --sites pbc raabin bccd lisc deepbionet

For each laboratory the pool is fitted on the others and judged on it: only these figures say what to expect elsewhere. The last line is the
pool fitted on all, for the card's ``pool``. Specimens are the laboratory as a whole, films of a blood's proportions and films with the five kinds
evenly filled; each laboratory counts the same.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bloodcells_gui.adaptation.morphometry import coarse_names
from bloodcells_gui.adaptation.opinion_pool import OpinionPool, specimen_change
from bloodcells_gui.adaptation.prior_shift import is_nucleated
from bloodcells_gui.adaptation.reproposal import coarse_sums
from bloodcells_gui.domain.taxonomy import NUCLEATED, ROLLUPS
from scripts.training.data import FIVE, LEAVES
from scripts.training.judge_serving import FILM, Laboratory, films_of, load_laboratories
from scripts.training.metrics import ece
from scripts.training.serving import ROWS, Answers, Serving, answered, serve

#: Of what is named so much is to be right, in each laboratory, while so much is named.
RIGHT, NAMED = 0.95, 0.80
#: The mean over laboratories is held a little higher: another laboratory may be worse than any of these.
RIGHT_ON_MEAN = 0.985
_EVEN_CELLS = 100
_START = (0.7, 0.3, 1.0)
_HOLD = 1e-3
_NAMES = coarse_names(LEAVES)
# The five-part row of each coarse row, len(FIVE) for any other.
_FIVE_OF = np.array(
    [
        next((k for k, leaves in enumerate(FIVE.values()) if ROLLUPS["ten"].row_of(leaves[0]).code == name), len(FIVE))
        for name in _NAMES
    ]
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Specimen:
    """Both answers on the n nucleated cells of a specimen with a five-part label.

    Attributes
    ----------
    own, adapted : (n, R) float32
        Coarse probabilities before and after the adaptation.
    change : float
        How far the adaptation changed the specimen.
    truth : (n,) int
        Five-part row.
    film : bool
        Whether it is a film of a blood's proportions.
    """

    own: np.ndarray
    adapted: np.ndarray
    change: float
    truth: np.ndarray
    film: bool = False

    def five(self, pool: OpinionPool) -> np.ndarray:
        """(n, 6) five-part probabilities of the pool, the last for any other class."""
        joined = pool.joined(self.adapted, self.own, self.change)
        out = np.zeros((len(joined), len(FIVE) + 1), np.float32)
        for row, k in enumerate(_FIVE_OF):
            out[:, k] += joined[:, row]
        return out

    def loss(self, pool: OpinionPool) -> float:
        """Mean log loss."""
        p = self.five(pool)[np.arange(len(self.truth)), self.truth]
        return float(-np.log(np.maximum(p, 1e-6)).mean())


def specimen_of(answers: Answers, serving: Serving, *, film: bool = False) -> Specimen:
    """Serve the cells without a pool, and keep both answers."""
    bare = replace(serving, pool=None)
    before, after = answered(answers, bare), serve(answers, bare)
    own, adapted = (coarse_sums(s.probabilities, ROWS) for s in (before, after))
    nucleated = is_nucleated(before.probabilities, LEAVES)
    change = specimen_change(own[nucleated], adapted[nucleated])
    judged = np.array([code in NUCLEATED for code in LEAVES])[after.leaf] & (answers.five >= 0)
    return Specimen(own[judged], adapted[judged], change, answers.five[judged], film)


def even_films(answers: Answers, count: int, seed: int) -> list[np.ndarray]:
    """Draw specimens of about 100 cells with the kinds that the laboratory has evenly filled."""
    rng = np.random.default_rng(seed)
    pools = [np.flatnonzero(answers.five == k) for k in range(len(FIVE))]
    pools = [p for p in pools if len(p) >= 5]
    each = _EVEN_CELLS // max(1, len(pools))
    return [np.concatenate([rng.permutation(p)[:each] for p in pools]) for _ in range(count)] if pools else []


def specimens_of(laboratory: Laboratory, serving: Serving, count: int = 20, seed: int = 7) -> list[Specimen]:
    """The laboratory as a whole, in natural films and in evenly filled ones."""
    answers = laboratory.answers
    films = films_of(answers, count, seed).cells
    found = [specimen_of(answers, serving)]
    found += [specimen_of(answers.subset(c), serving, film=True) for c in films]
    found += [specimen_of(answers.subset(c), serving) for c in even_films(answers, count // 2, seed)]
    return [s for s in found if len(s.truth)]


def fit(laboratories: Sequence[Sequence[Specimen]]) -> OpinionPool:
    """The pool of the lowest mean log loss, each laboratory counting the same; its threshold leaves no cell unidentified."""

    def goodness(values: np.ndarray) -> float:
        pool = OpinionPool(*(float(v) for v in values), 0.999)
        if not pool.is_valid:
            return -np.inf
        losses = [np.mean([s.loss(pool) for s in specimens]) for specimens in laboratories]
        return float(-np.mean(losses) - _HOLD * ((values - np.array(_START)) ** 2).sum())

    best, step = np.array(_START), 0.4
    value = goodness(best)
    while step > 0.02:
        moved = False
        for k in range(len(best)):
            for sign in (-1, 1):
                trial = best.copy()
                # The change is a small number, its factor a large one.
                trial[k] = max(0.0, trial[k] + sign * step * (8 if k == 2 else 1))
                if (found := goodness(trial)) > value + 1e-7:
                    best, value, moved = trial, found, True
        if not moved:
            step /= 2
    return OpinionPool(*(round(float(v), 3) for v in best), 0.999)


def named_and_right(
    specimens: Sequence[Specimen], pool: OpinionPool, threshold: float
) -> tuple[float, float]:
    """Share of the cells of natural films that is named, and of these the share that is right."""
    films = [s for s in specimens if s.film] or list(specimens)
    named = right = cells = 0
    for film in films:
        p = film.five(pool)
        sure = 1 - pool.joined(film.adapted, film.own, film.change).max(axis=1) <= threshold
        named += int(sure.sum())
        right += int((sure & (p.argmax(axis=1) == film.truth)).sum())
        cells += len(p)
    return named / max(cells, 1), right / max(named, 1)


def choose_threshold(laboratories: Sequence[Sequence[Specimen]], pools: Sequence[OpinionPool]) -> float:
    """The largest threshold with which enough of the named is right, on the mean and in every laboratory.

    Where none gives that, the one with which the worst laboratory has most right while `NAMED` is named in each, or else on the mean.
    `pools` are those of the laboratories, each fitted without it.
    """
    grid = np.round(np.concatenate([np.arange(0.005, 0.1, 0.005), np.arange(0.1, 0.52, 0.02)]), 3)
    table = {
        t: np.array([named_and_right(s, p, t) for s, p in zip(laboratories, pools, strict=True)])
        for t in grid
    }
    good = [t for t, v in table.items() if v[:, 1].mean() >= RIGHT_ON_MEAN and v[:, 1].min() >= RIGHT]
    if good:
        return float(max(good))
    enough = [t for t, v in table.items() if v[:, 0].min() >= NAMED]
    enough = enough or [t for t, v in table.items() if v[:, 0].mean() >= NAMED] or list(grid)
    return float(max(enough, key=lambda t: (table[t][:, 1].min(), -t)))


def without(laboratories: Sequence[Sequence[Specimen]], index: int) -> list[Sequence[Specimen]]:
    """All laboratories but one; that one where it is alone."""
    return [s for k, s in enumerate(laboratories) if k != index] or list(laboratories)


def calibration_error(specimens: Sequence[Specimen], pool: OpinionPool) -> float:
    """Expected calibration error of the five-part probabilities over natural films."""
    films = [s for s in specimens if s.film] or list(specimens)
    p = np.concatenate([s.five(pool) for s in films])
    truth = np.concatenate([s.truth for s in films])
    return ece(p.max(axis=1), p.argmax(axis=1) == truth)


AS_ADAPTED = OpinionPool(1.0, 0.0, 0.0, 0.999)
"""The adapted answers alone, as without a pool."""


def main() -> None:
    """Print each laboratory's figures with the others' pool, and the pool of all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--sites", nargs="+", default=["pbc", "raabin", "bccd", "lisc", "deepbionet"])
    parser.add_argument("--stored", default="away.npz", help="name of the stored answers")
    parser.add_argument("--json", type=Path, help="write the card's key here")
    args = parser.parse_args()
    laboratories = load_laboratories(args.cache, args.sites, 1, 3, args.stored)
    served = [specimens_of(lab, Serving()) for lab in laboratories]
    pools = [fit(without(served, k)) for k in range(len(served))]
    thresholds = [choose_threshold(without(served, k), without(pools, k)) for k in range(len(served))]
    for lab, specimens, pool, threshold in zip(laboratories, served, pools, thresholds, strict=True):
        plain, joined = (
            named_and_right(specimens, p, t)
            for p, t in ((AS_ADAPTED, Serving().threshold), (pool, threshold))
        )
        print(
            f"{lab.answers.name:10s} change {np.mean([s.change for s in specimens]):.3f}; the others' pool {pool.adapted:.2f} {pool.own:.2f} "
            f"{pool.change:.1f} at {threshold:.3f}; named {plain[0]:.3f} -> {joined[0]:.3f}, of these right {plain[1]:.3f} -> {joined[1]:.3f}, "
            f"ECE {calibration_error(specimens, AS_ADAPTED):.3f} -> {calibration_error(specimens, pool):.3f}"
        )
    every = replace(fit(served), threshold=choose_threshold(served, pools))
    card = {"adapted": every.adapted, "own": every.own, "change": every.change, "threshold": every.threshold}
    print("fitted on all:", card, f"(films of {FILM})")
    if args.json:
        args.json.write_text(json.dumps(card))


if __name__ == "__main__":
    main()
