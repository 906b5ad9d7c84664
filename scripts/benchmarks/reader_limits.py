"""How often limits that include the reader cover the truth, over simulated laboratories and films.

    python -m scripts.benchmarks.reader_limits --films 1000

Each film has five classes: neutrophils, lymphocytes, monocytes, and two rare ones of 0, 0.5, 1, 2 or 3 %. A
hundred or two hundred of its cells are named by a program whose true confusion matrix has 80 to 99 % on its
diagonal; the laboratory knows it from an evaluation of 50, 100 or 200 cells a class. A part of the cells may
have been decided on by a person, those that the program named rare before all. The limits of the
differential, which are of sampling alone, are counted beside them.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.reader_limits import ReaderMatrix, reader_limits
from bloodcells_gui.domain.stats import clopper_pearson

ROWS = ("NEUTROPHIL", "LYMPHOCYTE", "MONOCYTE", "EOSINOPHIL", "BASOPHIL")
LEAF_OF_ROW = dict(zip(ROWS, ("SNE", "LY", "MO", "EO", "BA"), strict=True))
RARE = (0.0, 0.005, 0.01, 0.02, 0.03)
REVIEWED = (0.0, 0.0, 0.3)
GROUPS = ("0 %", "0.5 to 3 %", "3 to 15 %", "15 to 70 %")


def group_of(share: float) -> str:
    """Which line of the table a true share belongs to."""
    return GROUPS[int(share > 0) + int(share > 0.0301) + int(share > 0.15)]


def film(rng: np.random.Generator) -> NDArray[np.float64]:
    """True shares of the five classes."""
    rare, monocytes = rng.choice(RARE, 2), rng.uniform(0.03, 0.1)
    neutrophils = rng.uniform(0.4, 0.7)
    rest = 1 - neutrophils - monocytes - rare.sum()
    return np.array([neutrophils, rest, monocytes, *rare])


def reader(rng: np.random.Generator) -> NDArray[np.float64]:
    """A true confusion matrix [true][named]."""
    right = rng.uniform(0.8, 0.99, len(ROWS))
    wrong = rng.dirichlet(np.ones(len(ROWS) - 1), len(ROWS)) * (1 - right[:, None])
    return np.array([np.insert(line, i, right[i]) for i, line in enumerate(wrong)])


def measure(films: int, seed: int) -> tuple[Counter[tuple[str, str]], Counter[str]]:
    """How often each kind of limits covered, by group of shares; and how many shares there were."""
    rng = np.random.default_rng(seed)
    covered: Counter[tuple[str, str]] = Counter()
    shares: Counter[str] = Counter()
    for _ in range(films):
        truth, matrix = film(rng), reader(rng)
        evaluated = [rng.multinomial(rng.choice([50, 100, 200]), line) for line in matrix]
        known = ReaderMatrix("ten", ROWS, tuple(tuple(int(n) for n in line) for line in evaluated))
        cells = np.array([rng.multinomial(n, line) for n, line in zip(
            rng.multinomial(rng.choice([100, 200]), truth), matrix, strict=True)])  # fmt: skip
        reviewed = rng.choice(REVIEWED)
        decided = np.array(
            [rng.binomial(cells[:, j], 1.0 if j > 2 and reviewed else reviewed) for j in range(5)]
        ).T
        named = cells - decided
        limits = reader_limits(known, by_leaf(decided.sum(axis=1)), by_leaf(named.sum(axis=0)), ())
        count = decided.sum(axis=1) + named.sum(axis=0)
        found = {row.code: row for row in limits.rows}
        for i, code in enumerate(ROWS):
            group = group_of(truth[i])
            shares[group] += 1
            covered[group, "reader"] += found[code].low95 <= 100 * truth[i] <= found[code].high95
            low, high = clopper_pearson(int(count[i]), int(count.sum()))
            covered[group, "sampling"] += low <= truth[i] <= high
    return covered, shares


def by_leaf(counts: NDArray[np.int64]) -> dict[str, int]:
    """Counts of the five rows under a leaf of each."""
    return {LEAF_OF_ROW[row]: int(n) for row, n in zip(ROWS, counts, strict=True)}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--films", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    covered, shares = measure(args.films, args.seed)
    print(f"{'true share':12} {'shares':>7} {'with the reader':>24} {'sampling alone':>24}")
    for group in (*GROUPS[1:], "all above 0", GROUPS[0]):
        parts = GROUPS[1:] if group == "all above 0" else (group,)
        n = sum(shares[g] for g in parts)
        texts = []
        for kind in ("reader", "sampling"):
            hits = sum(covered[g, kind] for g in parts)
            low, high = clopper_pearson(hits, n)
            texts.append(f"{100 * hits / max(n, 1):.1f} % ({100 * low:.1f} to {100 * high:.1f})")
        print(f"{group:12} {n:7} {texts[0]:>24} {texts[1]:>24}")


if __name__ == "__main__":
    main()
