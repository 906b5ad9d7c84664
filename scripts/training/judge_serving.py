"""Judge each step after the classifier on laboratories that the network never saw, with and without it.

    python -m scripts.training.judge_serving --sites pbc raabin bccd lisc deepbionet

Reads what ``scripts.training.leave_one_out`` kept (``without-SITE/away.npz``). Each laboratory is served whole as one specimen, and in
films of a blood's proportions drawn from it without repetition. A step **stays** where it wins on the mean over the laboratories, harms
none of them beyond the paired 95 % bootstrap nor by more than three points, and rare kinds are not lost; else it goes.
``--json`` keeps all figures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bloodcells_gui.adaptation.morphometry import MorphometryModel
from scripts.training.data import FIVE, LEAVES
from scripts.training.metrics import ece, roll
from scripts.training.morphometry_fit import morphometry_model
from scripts.training.serving import Answers, Served, Serving, answered, serve, serving_of
from scripts.training.uncertainty_fit import FORMER_PROPAGATION, POOL

#: Of the shipped classifier.
CARD = Path(__file__).resolve().parents[2] / "models" / "classifier-lite0" / "card.json"
#: Neutrophils, lymphocytes, monocytes, eosinophils, basophils of an ordinary adult's film.
FILM = (0.60, 0.28, 0.07, 0.04, 0.01)
FILM_CELLS = 100
#: Kinds of which one to three are set among the others of a film.
RARE = ("BA", "BL", "ERB")
#: A laboratory may lose so much of a figure by a step, on the mean, and no more.
MOST_HARM = 0.03
_LEAST_CELLS = 5
_LEAST_FILM = 25
_BOOTSTRAP = 1000
_NOTHING = (float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True, eq=False)
class Films:
    """Films drawn from one laboratory: numbers of cells, and which of them are the rare ones.

    Attributes
    ----------
    cells : tuple of (n,) int arrays
    rare : str
        The kind set among them, or "".
    """

    cells: tuple[np.ndarray, ...]
    rare: str = ""


def films_of(answers: Answers, count: int, seed: int, rare: str = "", made: Answers | None = None) -> Films:
    """Draw films in natural proportions, no cell twice in one; smaller where the laboratory has too few cells.

    With `rare`, one to three cells of that kind take the place of others; they come from `made` where the laboratory has none
    (their numbers then follow those of `answers`). No films where even a quarter of one cannot be drawn.
    """
    rng = np.random.default_rng(seed)
    five = answers.five
    pools = [np.flatnonzero(five == k) for k in range(len(FIVE))]
    rares = np.flatnonzero(answers.of(rare)) if rare else np.zeros(0, int)
    if rare and len(rares) < _LEAST_CELLS and made is not None:
        rares = len(answers) + np.flatnonzero(made.of(rare))
    held = [k for k in range(len(FIVE)) if len(pools[k]) >= 2 * _LEAST_CELLS or (len(pools[k]) and k == 4)]
    if len(held) < 2 or (rare and len(rares) < _LEAST_CELLS):
        return Films((), rare)
    share = np.array([FILM[k] for k in held]) / sum(FILM[k] for k in held)
    size = int(min(FILM_CELLS, *(len(pools[k]) / s for k, s in zip(held, share, strict=True) if s > 0.05)))
    if size < _LEAST_FILM:
        return Films((), rare)
    drawn = []
    for _ in range(count):
        extra = rng.permutation(rares)[: rng.integers(1, 4)] if rare else np.zeros(0, int)
        kinds = rng.choice(len(held), size - len(extra), p=share)
        wanted = np.bincount(kinds, minlength=len(held))
        common = [
            rng.permutation(np.setdiff1d(pools[k], extra))[:n] for k, n in zip(held, wanted, strict=True)
        ]
        drawn.append(np.concatenate([*common, extra]).astype(np.intp))
    return Films(tuple(drawn), rare)


@dataclass(frozen=True, eq=False)
class FilmFigures:
    """Sums over each of F films, so that any share can be formed: (F,) floats each.

    And for each of the N cells that films are drawn from, in how many it stood, was right, and was named as the rare kind that it is: films
    share cells, so that only these can be resampled.
    """

    cells: np.ndarray
    right: np.ndarray
    named: np.ndarray
    named_right: np.ndarray
    rare: np.ndarray
    rare_named: np.ndarray
    rare_lost: np.ndarray
    lymphocytes: np.ndarray
    as_blast: np.ndarray
    seen_of: np.ndarray
    right_of: np.ndarray
    found_of: np.ndarray

    @staticmethod
    def ratio(part: np.ndarray, whole: np.ndarray) -> float:
        """Share over all films together."""
        return float(part.sum() / whole.sum()) if whole.sum() else float("nan")

    def shares(self) -> dict[str, float]:
        """The shares by name."""
        return {
            "accuracy": self.ratio(self.right, self.cells),
            "named": self.ratio(self.named, self.cells),
            "right_of_named": self.ratio(self.named_right, self.named),
            "rare_named": self.ratio(self.rare_named, self.rare),
            "rare_lost": self.ratio(self.rare_lost, self.rare),
            "lymphocytes_as_blast": self.ratio(self.as_blast, self.lymphocytes),
        }


def film_figures(
    answers: Answers, films: Films, serving: Serving, made: Answers | None = None, *, whole: bool = True
) -> FilmFigures:
    """Serve each film as a specimen of its own."""
    every = answers if made is None else answers.joined(made)
    sums, by_cell = [], np.zeros((3, len(every)))
    for cells in films.cells:
        part = every.subset(cells)
        served = serve(part, serving) if whole else answered(part, serving)
        sums.append(_sums(part, served, films.rare))
        found = ~served.unidentified & (served.leaf == LEAVES.index(films.rare or "ART"))
        by_cell[:, cells] += np.stack([np.ones(len(cells)), served.five == part.five, found])
    table = np.array(sums, float).reshape(-1, 9).T
    return FilmFigures(*table, *by_cell)


def _sums(part: Answers, served: Served, rare: str) -> tuple[int, ...]:
    truth, named = part.five, ~served.unidentified
    known = truth >= 0
    right = known & (served.five == truth)
    of_rare = part.of(rare) if rare else np.zeros(len(part), bool)
    taken = served.leaf == LEAVES.index(rare) if rare else of_rare
    lymphocyte = part.of("LY")
    blast = named & (served.leaf == LEAVES.index("BL"))
    return (
        int(known.sum()), int(right.sum()), int((known & named).sum()), int((right & named).sum()),
        int(of_rare.sum()), int((of_rare & named & taken).sum()), int((of_rare & named & ~taken).sum()),
        int(lymphocyte.sum()), int((lymphocyte & blast).sum()),
    )  # fmt: skip


def whole_figures(answers: Answers, served: Served) -> dict[str, float]:
    """Figures of a laboratory served as one specimen."""
    truth = answers.five
    known = truth >= 0
    right = (served.five == truth)[known]
    recalls = [right[truth[known] == k].mean() for k in _present(truth)]
    named = ~served.unidentified[known]
    order = np.argsort(served.uncertainty[known], kind="stable")[: round(0.9 * known.sum())]
    lymphocyte = answers.of("LY")
    blast = (served.leaf == LEAVES.index("BL")) & ~served.unidentified
    return {
        "n": float(known.sum()),
        "accuracy": float(right.mean()),
        "balanced": float(np.mean(recalls)),
        "named": float(named.mean()),
        "right_of_named": float(right[named].mean()) if named.any() else float("nan"),
        "right_at_10_referral": float(right[order].mean()),
        "ece": ece(_five_confidence(served)[known], right),
        "ece_stated": ece(1 - served.uncertainty[known], right),
        "lymphocytes_as_blast": float(blast[lymphocyte].mean()) if lymphocyte.any() else float("nan"),
    }


def _five_confidence(served: Served) -> np.ndarray:
    return np.asarray(roll(served.probabilities, FIVE).max(axis=1))


def _present(truth: np.ndarray) -> list[int]:
    return [k for k in range(len(FIVE)) if (truth == k).sum() >= _LEAST_CELLS]


# ---- one step on and off


def steps_of(full: Serving) -> dict[str, tuple[Serving, Serving]]:
    """For each step the serving without it and with it: one of both is `full`."""
    less = {
        "logit adjustment": replace(full, shift={}),
        "prior shift": replace(full, prior=None),
        "morphometry": replace(full, measured=False),
    }
    found = {name: (serving, full) for name, serving in less.items() if serving != full}
    propagating = replace(full, propagation=full.propagation or FORMER_PROPAGATION)
    return {**found, "label propagation": (replace(full, propagation=None), propagating)}


def paired(gains: np.ndarray, weights: np.ndarray, seed: int = 0) -> tuple[float, float, float]:
    """Weighted mean of what n cells gain, with its 95 % limits: cells are drawn anew, not films, which share them."""
    gains, weights = gains[weights > 0], weights[weights > 0]
    if not len(gains):
        return _NOTHING
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(gains), (_BOOTSTRAP, len(gains)))
    means = (gains * weights)[draws].sum(axis=1) / weights[draws].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float((gains * weights).sum() / weights.sum()), float(low), float(high)


def balanced_gain(truth: np.ndarray, off: np.ndarray, on: np.ndarray) -> tuple[float, float, float]:
    """Gain of the mean recall from rows found `off` to `on` (n,), with paired 95 % limits (cells drawn within each class)."""
    rng = np.random.default_rng(0)
    draws, gains = np.zeros(_BOOTSTRAP), []
    present = _present(truth)
    for k in present:
        of = truth == k
        gain = (on[of] == k).astype(float) - (off[of] == k)
        gains.append(gain.mean())
        draws += gain[rng.integers(0, len(gain), (_BOOTSTRAP, len(gain)))].mean(axis=1) / len(present)
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(np.mean(gains)), float(low), float(high)


@dataclass(frozen=True)
class Gain:
    """What a step gains on one laboratory: mean and limits of each measure; NaN where it cannot be measured."""

    site: str
    balanced: tuple[float, float, float]
    films: tuple[float, float, float]
    rare: Mapping[str, tuple[float, float, float]]


def verdict(gains: Sequence[Gain]) -> tuple[bool, str]:
    """Whether a step stays, and why not."""
    measures = {"balanced": [g.balanced for g in gains], "films": [g.films for g in gains]}
    for name, rows in measures.items():
        for gain, (mean, _, high) in zip(gains, rows, strict=True):
            # NaN, of a measure that a laboratory does not have, fails both comparisons.
            if round(high, 3) < 0:  # limits are given to a tenth of a point
                return False, f"harms {gain.site} ({name} {100 * mean:+.1f} points, beyond chance)"
            if mean < -MOST_HARM:
                return False, f"harms {gain.site} ({name} {100 * mean:+.1f} points)"
    means = [np.nanmean([m for m, _, _ in rows]) for rows in measures.values()]
    if not np.mean(means) > 0:
        return False, f"gains nothing on the mean ({100 * float(np.mean(means)):+.1f} points)"
    for kind in RARE:
        rows = [g.rare[kind] for g in gains if kind in g.rare]
        if rows and round(float(np.mean([m for m, _, _ in rows])), 3) < -MOST_HARM:
            return (
                False,
                f"loses {kind} in films ({100 * float(np.mean([m for m, _, _ in rows])):+.1f} points)",
            )
    return True, ""


@dataclass(frozen=True, eq=False)
class Laboratory:
    """Answers of one laboratory left out, made rare cells set into its fields, and films drawn from them."""

    answers: Answers
    made: Answers | None
    films: Films
    rare_films: tuple[Films, ...]

    @staticmethod
    def of(answers: Answers, made: Answers | None, count: int, seed: int) -> Laboratory:
        """Draw the films."""
        rare = tuple(films_of(answers, max(1, count // 2), seed + 1, kind, made) for kind in RARE)
        return Laboratory(answers, made, films_of(answers, count, seed), tuple(f for f in rare if f.cells))

    def judge(self, serving: Serving, *, whole: bool = True) -> Judged:
        """Serve the laboratory whole and in films."""
        served = serve(self.answers, serving) if whole else answered(self.answers, serving)
        return Judged(
            served,
            whole_figures(self.answers, served),
            film_figures(self.answers, self.films, serving, whole=whole),
            {f.rare: film_figures(self.answers, f, serving, self.made, whole=whole) for f in self.rare_films},
        )

    def gain(self, off: Judged, on: Judged) -> Gain:
        """What `on` has over `off`."""
        rare = {
            k: self._of_rare(films, off.rare[k], on.rare[k])
            for k, films in zip(on.rare, self.rare_films, strict=True)
        }
        seen = on.films.seen_of[: len(self.answers)] * (self.answers.five >= 0)
        gained = (on.films.right_of - off.films.right_of)[: len(self.answers)] / np.maximum(seen, 1)
        return Gain(
            self.answers.name,
            balanced_gain(self.answers.five, off.served.five, on.served.five),
            paired(gained, seen),
            rare,
        )

    def _of_rare(self, films: Films, off: FilmFigures, on: FilmFigures) -> tuple[float, float, float]:
        every = self.answers if self.made is None else self.answers.joined(self.made)
        seen = on.seen_of * every.of(films.rare)
        return paired((on.found_of - off.found_of) / np.maximum(seen, 1), seen)


@dataclass(frozen=True, eq=False)
class Judged:
    """All figures of one serving on one laboratory."""

    served: Served
    whole: dict[str, float]
    films: FilmFigures
    rare: dict[str, FilmFigures]

    def figures(self) -> dict[str, dict[str, float]]:
        """All figures by name."""
        films = {"films": self.films.shares()} if len(self.films.cells) else {}
        return {"whole": self.whole, **films, **{f"films with {k}": f.shares() for k, f in self.rare.items()}}


# ---- the command


def _made_answers(path: Path, site: str, morphometry: MorphometryModel | None) -> Answers:
    """Stored answers on made cells; those that the network learned from, on another ground, are left out."""
    made, stored = Answers.load(path, site, morphometry), np.load(path, allow_pickle=False)
    return made.subset(stored["split"] != "train") if "split" in stored.files else made


def load_laboratories(
    cache: Path, sites: Sequence[str], count: int, seed: int, stored: str = "away.npz", made: str = "made.npz"
) -> list[Laboratory]:
    """Laboratories of the sites of which there are stored answers."""
    found = []
    for site in sites:
        folder = cache / f"without-{site}"
        path = (folder if folder.is_dir() else cache / site) / stored
        if not path.is_file():
            print(f"{site}: {path} is not there")
            continue
        measured = (cache / "measurements.npz").is_file()
        morphometry = morphometry_model(cache, site) if measured else None
        of_made = path.with_name(made)
        rare = _made_answers(of_made, site, morphometry) if of_made.is_file() else None
        found.append(Laboratory.of(Answers.load(path, site, morphometry), rare, count, seed))
    return found


def _percent(value: float) -> str:
    return "  -  " if np.isnan(value) else f"{100 * value:5.1f}"


def print_figures(name: str, judged: Mapping[str, Judged]) -> None:
    """One line a laboratory and kind of specimen."""
    print(f"\n{name}")
    for site, found in judged.items():
        for what, figures in found.figures().items():
            values = " ".join(f"{k} {_percent(v)}" for k, v in figures.items() if k != "n")
            print(f"  {site:10s} {what:14s} {values}")


def _gain_text(gain: tuple[float, float, float]) -> str:
    mean, low, high = (100 * v for v in gain)
    return "-" if np.isnan(mean) else f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"


def main() -> None:
    """Print the figures of the full serving, cell by cell, and what each step gains."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--sites", nargs="+", default=["pbc", "raabin", "bccd", "lisc", "deepbionet"])
    parser.add_argument("--stored", default="away.npz", help="name of the stored answers")
    parser.add_argument("--films", type=int, default=100)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    laboratories = load_laboratories(args.cache, args.sites, args.films, args.seed, args.stored)
    full = Serving()
    on = {lab.answers.name: lab.judge(full) for lab in laboratories}
    print_figures("cell by cell", {lab.answers.name: lab.judge(full, whole=False) for lab in laboratories})
    print_figures("all steps", on)
    joined = replace(full, pool=POOL)
    pooled = {lab.answers.name: lab.judge(joined) for lab in laboratories}
    print_figures("all steps and the card's opinion pool", pooled)
    working = serving_of(json.loads(CARD.read_text("utf-8")))
    works = {lab.answers.name: lab.judge(working) for lab in laboratories}
    print_figures("as the program works: with the card's view disagreement and distance", works)
    kept: dict[str, object] = {
        "as the program works": {site: j.figures() for site, j in works.items()},
        "pool": {site: j.figures() for site, j in pooled.items()},
        "all steps": {site: j.figures() for site, j in on.items()},
    }
    print("\nwhat each step gains: balanced accuracy (whole); accuracy in films; rare kinds named in films")
    for step, (without, using) in steps_of(full).items():
        judged = [
            {lab.answers.name: on[lab.answers.name] if s == full else lab.judge(s) for lab in laboratories}
            for s in (without, using)
        ]
        gains = [lab.gain(*(j[lab.answers.name] for j in judged)) for lab in laboratories]
        stays, why = verdict(gains)
        print(f"{step}: {'stays' if stays else 'goes: ' + why}")
        for g in gains:
            rare = ", ".join(f"{kind} {_gain_text(v)}" for kind, v in g.rare.items())
            print(f"  {g.site:10s} {_gain_text(g.balanced)}; {_gain_text(g.films)}; {rare}")
        other = judged[1] if without == full else judged[0]
        kept[step] = {"stays": stays, "why": why, "otherwise": {s: j.figures() for s, j in other.items()}}
    if args.json:
        args.json.write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
