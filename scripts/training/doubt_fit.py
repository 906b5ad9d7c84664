"""Fit the doubt of the classifier as the program serves it, on laboratories left out of training.

    python -m scripts.training.stored_networks && python -m scripts.training.doubt_fit

Four numbers decide together what is named: from which distance a cell counts as unlike the training data (``unlike``), how much the disagreement
of the network's two views adds to the uncertainty (``disagreement``), the factors of the opinion pool, and its threshold. Each was once fitted
without the others. The rule, for any set of laboratories: of the choices with which

- at least `MARGIN` of what is named is right in the films of each of them, and
- rare cells (one to three among 100: basophils, erythroblasts, and made blasts where answers on them are stored) get a wrong name at most
  `MORE_LOST` more often, on the mean, than with the card as it is, and are named rightly not less often,

take the one that names most of the cells of films, on the mean over the laboratories; of those within `NEAR` of it the one that changes the fewest
of the card's numbers, and of these the one that names most. Every laboratory is judged with the choice that the others give. Cells named a critical
class keep a threshold of their own where it is the larger (``scripts.training.evaluate_blasts --fit``).

The rule sees kinds that the networks were taught. What it takes is to be held against those that nobody taught
(``scripts.training.evaluate_untaught``): with ``--weight-alone`` all numbers but the weight of the view disagreement stay.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path

import numpy as np

from bloodcells_gui.adaptation.opinion_pool import OpinionPool
from bloodcells_gui.adaptation.prior_shift import PriorShift
from bloodcells_gui.adaptation.reproposal import adapt_proposals, critical_leaves
from bloodcells_gui.app.specimen_adaptation import adapt_specimen
from bloodcells_gui.domain.taxonomy import NUCLEATED
from scripts.training.data import FIVE, LEAVES
from scripts.training.judge_serving import CARD, RARE, Laboratory, load_laboratories
from scripts.training.metrics import roll
from scripts.training.serving import Answers, Served, Serving, SpecimenCard, answered, serving_of

#: Of what is named so much is to be right: the aim, and two points for laboratories worse than any of these.
MARGIN = 0.97
MORE_LOST = 0.03
NEAR = 0.01
UNLIKE = (1.5, 2.0, 3.0)
DISAGREEMENT = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6)
#: Factors of the pool on the adapted answers, the classifier's own, and the change of the specimen.
POOLS = ((0.925, 0.075, 1.0), (1.05, 0.0, 0.8), (0.925, 0.075, 4.0), (0.7, 0.3, 1.0))
THRESHOLDS = tuple(round(0.1 + 0.01 * k, 2) for k in range(41))
_BOOTSTRAP = 1000
_NEVER = 2.0  # an uncertainty above any threshold
_CRITICAL = critical_leaves(LEAVES)
_NUCLEATED = np.array([code in NUCLEATED for code in LEAVES])


@dataclass(frozen=True)
class Doubt:
    """What decides whether a cell is named, but for the threshold.

    Attributes
    ----------
    unlike, disagreement : float
    pool : tuple of float
        Factors as in :data:`POOLS`.
    """

    unlike: float
    disagreement: float
    pool: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Specimen:
    """A specimen of n cells before its doubt: kept, for the adaptation depends on `unlike` alone.

    Attributes
    ----------
    answers : Answers
    cells : (n,) int
        Which cells of the laboratory they are.
    before : Served
        Cell by cell, without the view disagreement.
    nobody : (n,) bool
        Unlike the training data.
    adapted : tuple or None
        What :func:`adapt_specimen` found.
    """

    answers: Answers
    cells: np.ndarray
    before: Served
    nobody: np.ndarray
    adapted: tuple[PriorShift, np.ndarray | None] | None

    @staticmethod
    def of(answers: Answers, cells: np.ndarray, card: Serving, unlike: float) -> Specimen:
        """Adapt the cells as one specimen; `card` has a pool."""
        serving = replace(card, unlike=unlike, disagreement=0.0)
        before, nobody = answered(answers, serving), answers.distance > unlike
        card_like = SpecimenCard(serving, answers.morphometry)
        found = adapt_specimen(
            before.probabilities, answers.coordinates, answers.measurements, nobody, card_like
        )
        return Specimen(answers, cells, before, nobody, found)

    def doubted(self, doubt: Doubt, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities (n, K) and uncertainty (n,) of the cells; `_NEVER` where a cell waits at any threshold of the pool, 0
        where it is named at any.

        `threshold` is that of the card for cells without a pool.
        """
        added = doubt.disagreement * self.answers.disagreement
        own = np.asarray(np.clip(self.before.uncertainty + added, 0, 1), np.float32)
        if self.adapted is None:
            return self.before.probabilities, own
        shift, posteriors = self.adapted
        pool = OpinionPool(*doubt.pool, threshold)
        shift = replace(shift, pool=pool, uses_view_disagreement=doubt.disagreement > 0)
        new = adapt_proposals(
            shift, LEAVES, self.before.probabilities, own, own > threshold, self.nobody, posteriors
        )
        waits = np.where((own > threshold) & self.nobody, _NEVER, new.uncertainty)
        # the pool rules nucleated cells alone
        return new.scores, np.where(_NUCLEATED[new.best], waits, np.where(new.abstained, _NEVER, 0.0))


@dataclass(frozen=True, eq=False)
class Table:
    """Cells of some specimens after the doubt, one row each (N,): which cell, its uncertainty, whether its five-part label is known and met,
    whether it is of the rare kind, and whether it is named so, and whether its best guess is critical."""

    cells: np.ndarray
    uncertainty: np.ndarray
    known: np.ndarray
    right: np.ndarray
    rare: np.ndarray
    found: np.ndarray
    critical: np.ndarray

    @staticmethod
    def of(specimens: Iterable[Specimen], doubt: Doubt, card: Serving, rare: str = "") -> Table:
        """Doubt all cells."""
        rows = []
        for s in specimens:
            p, uncertainty = s.doubted(doubt, card.threshold)
            five, leaf = s.answers.five, p.argmax(axis=1)
            is_rare = s.answers.of(rare) if rare else np.zeros(len(p), bool)
            found = leaf == LEAVES.index(rare or "ART")
            met = roll(p, FIVE).argmax(axis=1) == five
            rows.append((s.cells, uncertainty, five >= 0, met, is_rare, found, _CRITICAL[leaf]))
        return Table(*(np.concatenate(part) for part in zip(*rows, strict=True)))

    def named(self, threshold: float, critical: float) -> np.ndarray:
        """(N,) bool: named; cells whose best guess is critical up to a limit of their own."""
        return np.asarray(self.uncertainty <= np.where(self.critical, critical, threshold))

    def shares(self, threshold: float, critical: float) -> tuple[float, float]:
        """Share of the five-part cells that is named, and of these the share right."""
        named = self.named(threshold, critical)[self.known]
        right = self.right[self.known][named]
        return float(named.mean()), float(right.mean()) if len(right) else float("nan")

    def of_rare(self, threshold: float, critical: float) -> tuple[float, float]:
        """Share of the rare cells named rightly, and named something else."""
        named, found = self.named(threshold, critical)[self.rare], self.found[self.rare]
        return float((named & found).mean()), float((named & ~found).mean())

    def limits(
        self, threshold: float, critical: float, seed: int = 0
    ) -> tuple[tuple[float, float], tuple[float, float]]:
        """95 % limits of both :meth:`shares`: cells are drawn anew, not films, which share them."""
        known, named = self.known, self.named(threshold, critical)
        _, cell = np.unique(self.cells[known], return_inverse=True)
        sums = [
            np.bincount(cell, w) for w in (np.ones(known.sum()), named[known], (named & self.right)[known])
        ]
        draws = np.random.default_rng(seed).integers(0, len(sums[0]), (_BOOTSTRAP, len(sums[0])))
        seen, told, right = (s[draws].sum(axis=1) for s in sums)
        low, high = zip(
            *(np.percentile(x, [2.5, 97.5]) for x in (told / seen, right / np.maximum(told, 1))), strict=True
        )
        return (float(low[0]), float(low[1])), (float(high[0]), float(high[1]))


@dataclass(frozen=True, eq=False)
class Site:
    """A laboratory left out with its films, and films of rare kinds, by `unlike`."""

    name: str
    card: Serving
    films: Mapping[float, Sequence[Specimen]]
    rare: Mapping[str, Mapping[float, Sequence[Specimen]]]

    @staticmethod
    def of(laboratory: Laboratory, card: Serving) -> Site:
        """Adapt all films for every `unlike`."""
        own, made = laboratory.answers, laboratory.made
        every = own if made is None else own.joined(made)

        def adapted(answers: Answers, films: Sequence[np.ndarray]) -> dict[float, list[Specimen]]:
            return {u: [Specimen.of(answers.subset(c), c, card, u) for c in films] for u in UNLIKE}

        return Site(
            own.name,
            card,
            adapted(own, laboratory.films.cells),
            {f.rare: adapted(every, f.cells) for f in laboratory.rare_films},
        )

    @cached_property
    def _known(self) -> dict[Doubt, tuple[Table, dict[str, Table]]]:
        return {}

    def tables(self, doubt: Doubt) -> tuple[Table, dict[str, Table]]:
        """Films, and films of rare kinds, after the doubt."""
        if doubt not in self._known:
            u = doubt.unlike
            self._known[doubt] = (
                Table.of(self.films[u], doubt, self.card),
                {k: Table.of(of[u], doubt, self.card, k) for k, of in self.rare.items()},
            )
        return self._known[doubt]


@dataclass(frozen=True)
class Choice:
    """A doubt with its threshold."""

    doubt: Doubt
    threshold: float

    def changes(self, card: Choice) -> int:
        """How many of the numbers differ from a card's; the factors of the pool count as one."""
        mine, theirs = (
            (c.doubt.unlike, round(c.doubt.disagreement, 3), c.doubt.pool, c.threshold) for c in (self, card)
        )
        return sum(a != b for a, b in zip(mine, theirs, strict=True))


def figures(site: Site, choice: Choice, critical: float) -> dict[str, float]:
    """Shares of one laboratory: named, right, and of each rare kind found and lost."""
    films, rare = site.tables(choice.doubt)
    limits = choice.threshold, max(choice.threshold, critical)
    named, right = films.shares(*limits)
    found = {"named": named, "right": right}
    for kind, of in rare.items():
        found[f"{kind} found"], found[f"{kind} lost"] = of.of_rare(*limits)
    return found


def choices(card: Choice, *, weight_alone: bool = False) -> list[Choice]:
    """All that are tried; the card's own numbers but for the weight of the view disagreement where it alone may change."""
    if weight_alone:
        return [Choice(replace(card.doubt, disagreement=d), card.threshold) for d in DISAGREEMENT]
    doubts = [Doubt(*one) for one in product(UNLIKE, DISAGREEMENT, POOLS)]
    return [Choice(d, t) for d in doubts for t in THRESHOLDS]


Figures = Mapping[Choice, Mapping[str, Mapping[str, float]]]


def keeps_rare(
    found: Mapping[str, Mapping[str, float]], present: Mapping[str, Mapping[str, float]], names: Sequence[str]
) -> bool:
    """Whether rare cells are named as often as with the card, and wrongly hardly more often, on the mean."""
    for kind in RARE:
        of = [n for n in names if f"{kind} lost" in found[n]]
        if not of:
            continue
        more = {
            what: np.mean([found[n][f"{kind} {what}"] - present[n][f"{kind} {what}"] for n in of])
            for what in ("found", "lost")
        }
        if more["lost"] > MORE_LOST or more["found"] < 0:
            return False
    return True


def chosen(
    table: Figures, present: Mapping[str, Mapping[str, float]], names: Sequence[str], card: Choice
) -> Choice | None:
    """What the rule takes on laboratories of these names; None where nothing keeps it."""
    good = {
        choice: float(np.mean([found[n]["named"] for n in names]))
        for choice, found in table.items()
        if all(found[n]["right"] >= MARGIN for n in names) and keeps_rare(found, present, names)
    }
    if not good:
        return None
    most = max(good.values())
    near = [choice for choice, named in good.items() if named >= most - NEAR]
    return min(near, key=lambda choice: (choice.changes(card), -good[choice]))


def told(name: str, site: Site, choice: Choice, critical: float) -> None:
    """Print one laboratory with a choice."""
    found = figures(site, choice, critical)
    low, high = site.tables(choice.doubt)[0].limits(choice.threshold, max(choice.threshold, critical))
    d = choice.doubt
    print(
        f"{site.name:10s} {name:8s} unlike {d.unlike}, disagreement {d.disagreement}, pool {d.pool}, threshold {choice.threshold}: "
        f"named {100 * found['named']:.1f} ({100 * low[0]:.1f}-{100 * high[0]:.1f}), right {100 * found['right']:.1f} "
        f"({100 * low[1]:.1f}-{100 * high[1]:.1f}); "
        + ", ".join(f"{k} {100 * v:.1f}" for k, v in found.items() if k not in ("named", "right")),
        flush=True,
    )


def main() -> None:
    """Print each laboratory with the choice of the others, and the choice of all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--sites", nargs="+", default=["pbc", "raabin", "bccd", "lisc", "deepbionet"])
    parser.add_argument("--card", type=Path, default=CARD)
    parser.add_argument("--films", type=int, default=60)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument(
        "--weight-alone", action="store_true", help="only the view disagreement's weight may change"
    )
    args = parser.parse_args()
    card = serving_of(json.loads(args.card.read_text("utf-8")))
    laboratories = load_laboratories(args.cache, args.sites, args.films, args.seed)
    sites = [Site.of(lab, card) for lab in laboratories]
    factors = card.pool or {}
    pool = float(factors["adapted"]), float(factors["own"]), float(factors["change"])
    as_it_is = Choice(Doubt(card.unlike, card.disagreement, pool), float(factors["threshold"]))
    critical = float(factors.get("critical", 0.0))
    present = {s.name: figures(s, as_it_is, critical) for s in sites}
    table = {
        c: {s.name: figures(s, c, critical) for s in sites}
        for c in choices(as_it_is, weight_alone=args.weight_alone)
    }
    for site in sites:
        told("card", site, as_it_is, critical)
    for site in sites:
        others = [s.name for s in sites if s is not site]
        if (choice := chosen(table, present, others, as_it_is)) is not None:
            told("others'", site, choice, critical)
    every = chosen(table, present, [s.name for s in sites], as_it_is)
    for site in sites:
        if every is not None:
            told("all", site, every, critical)


if __name__ == "__main__":
    main()
