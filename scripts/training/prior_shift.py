"""Fit the prior shift of the logits on sites left out of training (see LOGIT_SHIFT in ``scripts/training/uncertainty_fit.py``).

    python -m scripts.training.leave_one_out --sites raabin pbc bccd
    python -m scripts.training.prior_shift --sites raabin pbc bccd

Away from home a network forgets the single-leaf classes first: their cells end among the many leaves of the granulocytes. A
shift of the logits brings them back. It is fitted for five-part balanced accuracy, held towards its starting point, and each
site is also scored with the shift that the *other* sites give: only that figure says what to expect elsewhere.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bloodcells_gui.adaptation.joint import AdaptationMethods
from bloodcells_gui.inference.classifier import logit_shift
from bloodcells_gui.inference.uncertainty import softmax
from scripts.training.data import FIVE, LEAVES
from scripts.training.metrics import roll, true_rows
from scripts.training.morphometry_fit import morphometry_model
from scripts.training.uncertainty_fit import LOGIT_SHIFT, adapted_probabilities, methods_with

# What is fitted moves in groups; the other entries of LOGIT_SHIFT stay: five-part labels say nothing about them.
FREE = (("SNE", "BNE"), ("LY",), ("MO",), ("EO",), ("BA",))
HOLD = 0.01
# Neutrophils, lymphocytes, monocytes, eosinophils, basophils of an ordinary adult's film.
FILM = (0.60, 0.28, 0.07, 0.04, 0.01)


@dataclass(frozen=True)
class Site:
    """Logits (n, K) of a site by a network that never saw it, whitened embeddings (n, d), measurements (n, M), five-part row (n,)
    of each cell; and the methods that adapt its cells."""

    logits: np.ndarray
    coordinates: np.ndarray
    measurements: np.ndarray
    truth: np.ndarray
    methods: AdaptationMethods

    @staticmethod
    def load(path: Path, methods: AdaptationMethods) -> Site:
        """From what ``scripts.training.leave_one_out`` kept; cells outside the five rows are left out."""
        data = np.load(path, allow_pickle=False)
        truth = true_rows([[LEAVES[k] for k in np.flatnonzero(row)] for row in data["allowed"]], FIVE)
        known = truth >= 0
        parts = [data[name][known].astype(np.float32) for name in ("logits", "coordinates", "measurements")]
        return Site(*parts, truth[known], methods)

    def adapted(self, p: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """Probabilities (n, K) of some of the cells as one specimen."""
        return adapted_probabilities(
            p[cells], self.coordinates[cells], self.measurements[cells], self.methods
        )


def shifted(values: np.ndarray) -> dict[str, float]:
    """LOGIT_SHIFT with the fitted entries in place."""
    return {
        **LOGIT_SHIFT,
        **{leaf: float(v) for leaves, v in zip(FREE, values, strict=True) for leaf in leaves},
    }


def scores(site: Site, shift: dict[str, float], whole: bool) -> tuple[float, float]:
    """Five-part accuracy and balanced accuracy (rows of fewer than five cells left out of the mean)."""
    p = softmax(site.logits + logit_shift(shift, LEAVES))
    if whole:
        p = site.adapted(p, np.arange(len(p)))
    right = roll(p, FIVE).argmax(1) == site.truth
    rows = [right[site.truth == r].mean() for r in range(len(FIVE)) if (site.truth == r).sum() >= 5]
    return float(right.mean()), float(np.mean(rows))


def film_accuracy(
    site: Site, shift: dict[str, float], whole: bool, specimens: int = 60, seed: int = 3
) -> float:
    """Mean five-part accuracy of specimens of 100 cells drawn from the site in a blood film's proportions."""
    rng = np.random.default_rng(seed)
    p = softmax(site.logits + logit_shift(shift, LEAVES))
    rows = [np.flatnonzero(site.truth == r) for r in range(len(FIVE))]
    found = []
    for _ in range(specimens):
        kinds = rng.choice(len(FIVE), 100, p=FILM)
        cells = np.array([rng.choice(rows[r]) for r in kinds if len(rows[r])])
        served = site.adapted(p, cells) if whole else p[cells]
        found.append(float((roll(served, FIVE).argmax(1) == site.truth[cells]).mean()))
    return float(np.mean(found))


def _goodness(sites: list[Site], values: np.ndarray, start: np.ndarray) -> float:
    """Balanced accuracy over sites, partly of the probabilities themselves so that it is not flat, less the hold."""
    parts = []
    for site in sites:
        rolled = roll(softmax(site.logits + logit_shift(shifted(values), LEAVES)), FIVE)
        own = rolled[np.arange(len(rolled)), site.truth]
        worth = 0.7 * (rolled.argmax(1) == site.truth) + 0.3 * own
        rows = [worth[site.truth == r].mean() for r in range(len(FIVE)) if (site.truth == r).sum() >= 5]
        parts.append(np.mean(rows))
    return float(np.mean(parts) - HOLD * ((values - start) ** 2).sum())


def fit(sites: list[Site], start: np.ndarray) -> np.ndarray:
    """Coordinate ascent from `start` with halving steps; (5,) values in the order of FREE."""
    best, value, step = start.copy(), _goodness(sites, start, start), 0.4
    while step > 0.04:
        moved = False
        for k in range(len(FREE)):
            for sign in (-1, 1):
                trial = best.copy()
                trial[k] += sign * step
                if (found := _goodness(sites, trial, start)) > value + 1e-6:
                    best, value, moved = trial, found, True
        if not moved:
            step /= 2
    return best


def main() -> None:
    """Print the shift fitted on all sites, and every site's figures with the others' shift."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--sites", nargs="+", default=["raabin", "pbc", "bccd"])
    args = parser.parse_args()
    sites = {
        name: Site.load(
            args.cache / f"without-{name}" / "away.npz", methods_with(morphometry_model(args.cache, name))
        )
        for name in args.sites
    }
    start = np.array([1.0 * LOGIT_SHIFT[leaves[0]] for leaves in FREE])
    every = fit(list(sites.values()), start)
    print(
        "fitted on all:",
        {"/".join(leaves): round(float(v), 2) for leaves, v in zip(FREE, every, strict=True)},
    )
    for name, site in sites.items():
        others = fit([s for n, s in sites.items() if n != name], start) if len(sites) > 1 else start
        rows = {
            "no shift": {},
            "the card's": LOGIT_SHIFT,
            "the others'": shifted(others),
            "all": shifted(every),
        }
        for what, shift in rows.items():
            plain, mixed = scores(site, shift, False), scores(site, shift, True)
            films = [film_accuracy(site, shift, m) for m in (False, True)]
            print(
                f"{name:8s} n={len(site.truth):5d} {what:12s} accuracy {plain[0]:.3f} balanced {plain[1]:.3f} film {films[0]:.3f}; "
                f"as one specimen {mixed[0]:.3f} {mixed[1]:.3f} {films[1]:.3f}"
            )


if __name__ == "__main__":
    main()
