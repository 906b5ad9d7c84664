"""Are a few blasts found among the cells of a laboratory that was left out of training?

    python -m scripts.training.evaluate_blasts --cache .train/left-out

No labelled blasts of a second laboratory are at hand, so marrow blasts that no network learned from (validation split) are set into fields
of the site left out (``scripts.training.composites``): films of 100 cells in a blood film's proportions from that site, and some of these blasts
among them, named as one specimen by the network that never saw the site. Printed are the blasts' sensitivity, the share of the 100 that
are not called blasts, and their five-part accuracy: cell by cell, with prior shift and label propagation, and with the measurements too.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bloodcells_gui.adaptation.joint import AdaptationMethods
from bloodcells_gui.inference.classifier import logit_shift
from bloodcells_gui.inference.uncertainty import softmax
from scripts.training.data import FIVE, INDEX, LEAVES, Cache
from scripts.training.export_classifier import load_net, serve
from scripts.training.metrics import roll
from scripts.training.morphometry_fit import measure_crops, morphometry_model
from scripts.training.prior_shift import FILM, Site
from scripts.training.uncertainty_fit import LOGIT_SHIFT, adapted_probabilities, methods_with
from scripts.training.views import central_views


@dataclass(frozen=True)
class Cells:
    """Probabilities (n, K), whitened embeddings (n, d), measurements (n, M)."""

    p: np.ndarray
    coordinates: np.ndarray
    measurements: np.ndarray

    def pick(self, rows: np.ndarray) -> Cells:
        """Some of them."""
        return Cells(self.p[rows], self.coordinates[rows], self.measurements[rows])

    def and_also(self, others: Cells) -> Cells:
        """These, and behind them the others."""
        pairs = (
            (self.p, others.p),
            (self.coordinates, others.coordinates),
            (self.measurements, others.measurements),
        )
        return Cells(*(np.concatenate(pair) for pair in pairs))

    def served(self, methods: AdaptationMethods) -> np.ndarray:
        """Probabilities of them as one specimen."""
        return adapted_probabilities(self.p, self.coordinates, self.measurements, methods)


def made_blasts(cache: Path, site: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits, embeddings and measurements of held-out marrow blasts set into fields of `site`."""
    made = Cache(cache, "made")
    rows = [
        i
        for i, m in enumerate(made.meta)
        if m["label"] == "BL" and m["site"] == f"mll-marrow>{site}" and m["split"] == "val"
    ]
    views = central_views(made.images[rows], [made.meta[i].get("half_um", 99) for i in rows])
    logits, embedding, _ = serve(load_net(cache / f"without-{site}" / "final.pt"), views)
    return logits, embedding, measure_crops(made, rows)


def films(
    cells: Cells,
    truth: np.ndarray,
    blasts: Cells,
    count: int,
    methods: AdaptationMethods,
    repeats: int,
    seed: int = 3,
) -> list[float]:
    """Sensitivity of `count` blasts in each of `repeats` films, specificity and five-part accuracy of the other 100 cells."""
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(truth == r) for r in range(len(FIVE))]
    found = []
    for _ in range(repeats):
        ours = np.array([rng.choice(rows[r]) for r in rng.choice(len(FIVE), 100, p=FILM) if len(rows[r])])
        theirs = rng.choice(len(blasts.p), count, replace=count > len(blasts.p))
        p = cells.pick(ours).and_also(blasts.pick(theirs)).served(methods)
        called = p.argmax(1) == INDEX["BL"]
        n = len(ours)
        found.append(
            (called[n:].mean(), 1 - called[:n].mean(), (roll(p[:n], FIVE).argmax(1) == truth[ours]).mean())
        )
    return [float(v) for v in np.mean(found, axis=0)]


def main() -> None:
    """Print one line per site, number of blasts and way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--sites", nargs="+", default=["raabin", "pbc", "bccd"])
    parser.add_argument("--films", type=int, default=60)
    args = parser.parse_args()
    shift = logit_shift(LOGIT_SHIFT, LEAVES)
    for site in args.sites:
        methods = methods_with(morphometry_model(args.cache, site))
        away = Site.load(args.cache / f"without-{site}" / "away.npz", methods)
        cells = Cells(softmax(away.logits + shift), away.coordinates, away.measurements)
        data = np.load(args.cache / f"without-{site}" / "away.npz", allow_pickle=False)
        logits, embedding, measurements = made_blasts(args.cache, site)
        at = ((embedding - data["centre"]) @ data["whitener"]).astype(np.float32)
        blasts = Cells(softmax(logits + shift), at, measurements)
        for count in (3, 20):
            for name, way in (
                ("cell by cell", AdaptationMethods(None, None)),
                ("mix and look-alikes", replace(methods, morphometry=None)),
                ("measured too", methods),
            ):
                sensitivity, specificity, accuracy = films(cells, away.truth, blasts, count, way, args.films)
                print(
                    f"{site:7s} {count:2d} of {len(logits)} blasts, {name:20s} sensitivity {sensitivity:.2f} specificity {specificity:.3f} "
                    f"five-part accuracy of the others {accuracy:.3f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
