"""Is one classifier bundle better than another, cell for cell, on cells that neither learned from?

    python -m scripts.training.compare_bundles before/classifier-lite0 models/classifier-lite0

Both name the untouched fifth of every site and all of `tecom`, each site as one specimen and cell by cell, as they are and cut tight around the
cell, and the made crops for choosing (marrow blasts, lymphoblasts and lymphocytes set into blood, smudges; none are kept for testing). Printed are every measure of
both with the gain and its paired 95 % limits: cells are drawn anew, both bundles judged on the same draw. A measure is **harmed** where the
limits lie below zero, to a tenth of a point. Differences of errors are turned round: a gain is always good.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.classifier import Classifier, ClassifierOutput
from scripts.training.answers import tight_halves, views_at
from scripts.training.data import CACHE_PX, CACHE_UM, FIVE, INDEX, LEAVES, PBC8, Cache
from scripts.training.evaluate_models import adapted_probabilities, predict
from scripts.training.metrics import allowed_matrix, ece, roll, true_rows
from scripts.training.morphometry_fit import measured_crops

SITES = ("pbc", "raabin", "mll-marrow", "bccd", "lisc", "deepbionet", "tecom")
_DRAWS = 1000
_FEWEST = 5
_REFERRED = 0.1
_ROLLS = {"eight": PBC8, "five": FIVE, "fine": {code: (code,) for code in LEAVES}}

#: A measure of some cells (numbers with repeats) of an answer; NaN where it cannot be formed. More is better.
Measure = Callable[["Judged", np.ndarray], float]


@dataclass(frozen=True, eq=False)
class Judged:
    """What one bundle says of n cells, reduced to what is counted.

    Attributes
    ----------
    truth, found : mapping of str to (n,) int
        Row of each roll-up ("eight", "five", "fine"); -1 where the label has none.
    sure : (n,) float
        Five-part probability of the best row.
    uncertainty : (n,) float
    named : (n,) bool
    right : (n,) bool
        The label allows the best leaf.
    """

    truth: Mapping[str, np.ndarray]
    found: Mapping[str, np.ndarray]
    sure: np.ndarray
    uncertainty: np.ndarray
    named: np.ndarray
    right: np.ndarray

    @staticmethod
    def of(output: ClassifierOutput, leaves: Sequence[Sequence[str]]) -> Judged:
        """Reduce an answer to n cells with these allowed leaves."""
        p = output.probabilities
        best = p.argmax(1)
        return Judged(
            {name: true_rows(leaves, rows) for name, rows in _ROLLS.items()},
            {name: roll(p, rows).argmax(1) for name, rows in _ROLLS.items()},
            roll(p, FIVE).max(1), output.uncertainty, ~output.abstained,
            allowed_matrix(leaves)[np.arange(len(p)), best],
        )  # fmt: skip


def accuracy(name: str) -> Measure:
    """Share right of the cells that a roll-up has."""

    def measure(of: Judged, cells: np.ndarray) -> float:
        truth, found = of.truth[name][cells], of.found[name][cells]
        known = truth >= 0
        return float((truth == found)[known].mean()) if known.any() else float("nan")

    return measure


def balanced(name: str) -> Measure:
    """Mean of the recalls of the classes of at least five cells."""

    def measure(of: Judged, cells: np.ndarray) -> float:
        truth, found = of.truth[name], of.found[name]
        present = [k for k in np.unique(truth[truth >= 0]) if (truth == k).sum() >= _FEWEST]
        truth, found = truth[cells], found[cells]
        recalls = [(found[truth == k] == k).mean() for k in present if (truth == k).any()]
        return float(np.mean(recalls)) if len(present) > 1 else float("nan")

    return measure


def f1_of(row: int) -> Measure:
    """F1 of a row of the eight classes."""

    def measure(of: Judged, cells: np.ndarray) -> float:
        truth, found = of.truth["eight"][cells], of.found["eight"][cells]
        truth, found = truth[truth >= 0] == row, found[truth >= 0] == row
        both = truth.sum() + found.sum()
        return float(2 * (truth & found).sum() / both) if truth.any() else float("nan")

    return measure


def right_at_referral(of: Judged, cells: np.ndarray) -> float:
    """Five-part accuracy of the least uncertain nine tenths."""
    cells = cells[of.truth["five"][cells] >= 0]
    kept = cells[np.argsort(of.uncertainty[cells], kind="stable")[: round((1 - _REFERRED) * len(cells))]]
    return float((of.truth["five"] == of.found["five"])[kept].mean()) if len(kept) else float("nan")


def calibration(of: Judged, cells: np.ndarray) -> float:
    """One minus the expected calibration error (five-part)."""
    cells = cells[of.truth["five"][cells] >= 0]
    return 1 - ece(of.sure[cells], (of.truth["five"] == of.found["five"])[cells]) if len(cells) else np.nan


def named_share(of: Judged, cells: np.ndarray) -> float:
    """Share of the cells that is named."""
    return float(of.named[cells].mean())


def right_of_named(of: Judged, cells: np.ndarray) -> float:
    """Share right of the named."""
    named = cells[of.named[cells]]
    return float(of.right[named].mean()) if len(named) else float("nan")


def not_as_blast(of: Judged, cells: np.ndarray) -> float:
    """Share of the lymphocytes that is not asserted to be a blast."""
    lymphocytes = cells[of.truth["fine"][cells] == INDEX["LY"]]
    blast = of.named[lymphocytes] & (of.found["fine"][lymphocytes] == INDEX["BL"])
    return 1 - float(blast.mean()) if len(lymphocytes) else float("nan")


def named_rightly(of: Judged, cells: np.ndarray) -> float:
    """Share of the cells that is named, and rightly."""
    return float((of.named & of.right)[cells].mean())


WHOLE: Mapping[str, Measure] = {
    "eight": accuracy("eight"), "eleven": accuracy("fine"), "eleven, balanced": balanced("fine"), "IG F1": f1_of(list(PBC8).index("ig")),
    "monocyte F1": f1_of(list(PBC8).index("monocyte")), "five": accuracy("five"), "five, balanced": balanced("five"),
    "right at 10 % referral": right_at_referral, "1 - ECE": calibration, "named": named_share, "right of named": right_of_named,
    "lymphocytes not asserted blast": not_as_blast,
}  # fmt: skip
ALONE: Mapping[str, Measure] = {n: WHOLE[n] for n in ("eight", "eleven", "five", "five, balanced")}
TIGHT: Mapping[str, Measure] = {
    n: WHOLE[n] for n in ("five, balanced", "right of named", "lymphocytes not asserted blast")
}
MADE: Mapping[str, Measure] = {
    "named rightly": named_rightly,
    "right": lambda of, c: float(of.right[c].mean()),
}


def gains(
    before: Judged, after: Judged, measures: Mapping[str, Measure], seed: int = 0
) -> dict[str, dict[str, float]]:
    """Of each measure that can be formed: both values, the gain and its paired 95 % limits."""
    n = len(before.named)
    draws = np.random.default_rng(seed).integers(0, n, (_DRAWS, n))
    out = {}
    for name, measure in measures.items():
        values = [measure(of, np.arange(n)) for of in (before, after)]
        if np.isnan(values).any():
            continue
        differences = np.array([measure(after, d) - measure(before, d) for d in draws])
        low, high = np.nanpercentile(differences, [2.5, 97.5])
        out[name] = {
            "n": n, "before": values[0], "after": values[1], "gain": values[1] - values[0], "low": float(low), "high": float(high),
        }  # fmt: skip
    return out


def is_harmed(row: Mapping[str, float]) -> bool:
    """Whether a measure lost more than chance explains."""
    return round(row["high"], 3) < 0


def told(site: str, rows: Mapping[str, Mapping[str, float]]) -> None:
    """Print one line a measure."""
    for name, row in rows.items():
        limits = f"{100 * row['gain']:+.2f} ({100 * row['low']:+.2f} to {100 * row['high']:+.2f})"
        verdict = " HARMED" if is_harmed(row) else " gains" if row["low"] > 0 else ""
        print(
            f"{site:32s} {name:32s} n {row['n']:5d}  {100 * row['before']:6.2f} -> {100 * row['after']:6.2f}  {limits}{verdict}",
            flush=True,
        )


@dataclass(frozen=True, eq=False)
class Cells:
    """Crops of a cache that no network learned from: images, how far each picture reaches (um), labels, measurements (n, M)."""

    images: np.ndarray
    halves: list[float]
    leaves: list[list[str]]
    measurements: np.ndarray

    @staticmethod
    def of(cache: Cache, rows: Sequence[int], measurements: np.ndarray) -> Cells:
        """Read them."""
        metas = [cache.meta[i] for i in rows]
        halves = [float(m.get("half_um", CACHE_PX * CACHE_UM / 2)) for m in metas]
        return Cells(cache.images[list(rows)], halves, [m["leaves"] for m in metas], measurements[rows])

    def asked(self, classifier: Classifier, *, tight: bool) -> ClassifierOutput:
        """What a bundle says of them, cell by cell."""
        halves = list(tight_halves(self.measurements, self.halves)) if tight else self.halves
        return predict(classifier, views_at(self.images, halves, 1.0))


def rows_of(cache: Cache, site: str) -> list[int]:
    """Rows of a site's labelled cells of the untouched fifth; of fields the leukocytes alone, and no field of another set."""
    return [
        i
        for i, m in enumerate(cache.meta)
        if m["site"] == site
        and m["split"] == "test"
        and m["leaves"]
        and m["label"] != "WBC"
        and (m["set"] != "txl_pbc" or site == "bccd")
    ]


def made_rows(cache: Cache) -> dict[str, list[int]]:
    """Rows of the made crops that no network learned from (those for choosing: there are no others), by kind."""
    found: dict[str, list[int]] = {}
    for i, m in enumerate(cache.meta):
        if m["set"] != "made" or m["split"] == "train" or m["label"] not in ("BL", "LY", "SMU"):
            continue
        kind = "lymphoblasts" if m.get("lympho") else {"BL": "blasts", "LY": "lymphocytes"}.get(m["label"])
        found.setdefault(f"made {kind or 'smudges'}", []).append(i)
    return found


def compared(
    bundles: Sequence[Path], folder: Path, precision: str, sites: Sequence[str], threads: int
) -> dict[str, dict[str, dict[str, float]]]:
    """Gains of the second of two bundles over the first by what was asked, and by measure."""
    pair = [Classifier(load_bundle(path), threads, precision=precision) for path in bundles]
    real, made = Cache(folder, "real"), Cache(folder, "made")
    measured = measured_crops(folder)
    out: dict[str, dict[str, dict[str, float]]] = {}

    def add(what: str, judged: Sequence[Judged], measures: Mapping[str, Measure]) -> None:
        out[what] = gains(judged[0], judged[1], measures)
        told(what, out[what])

    for site in sites:
        cells = Cells.of(real, rows_of(real, site), measured)
        alone = [cells.asked(c, tight=False) for c in pair]
        whole = [adapted_probabilities(c, a, cells.measurements) for c, a in zip(pair, alone, strict=True)]
        tight = [
            adapted_probabilities(c, cells.asked(c, tight=True), np.full_like(cells.measurements, np.nan))
            for c in pair
        ]
        add(site, [Judged.of(o, cells.leaves) for o in whole], WHOLE)
        add(f"{site}, cell by cell", [Judged.of(o, cells.leaves) for o in alone], ALONE)
        add(f"{site}, cut tight", [Judged.of(o, cells.leaves) for o in tight], TIGHT)
    for kind, rows in made_rows(made).items():
        cells = Cells.of(made, rows, np.full((len(made.meta), measured.shape[1]), np.nan, np.float32))
        found = [Judged.of(cells.asked(c, tight=False), cells.leaves) for c in pair]
        add(kind, found, {**MADE, "lymphocytes not asserted blast": not_as_blast})
    return out


def main() -> None:
    """Print every measure of both bundles."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundles", type=Path, nargs=2, help="before and after")
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--precision", default="auto", choices=["auto", "fp32", "int8"])
    parser.add_argument("--sites", nargs="+", default=list(SITES))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    found = compared(args.bundles, args.cache, args.precision, args.sites, args.threads)
    harmed = [
        f"{what}: {name}" for what, rows in found.items() for name, row in rows.items() if is_harmed(row)
    ]
    print("harmed:", "; ".join(harmed) or "nothing")
    if args.json:
        args.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
