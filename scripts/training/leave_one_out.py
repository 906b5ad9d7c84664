"""Honest figures: train without a site, score that site; and fit the uncertainty on what such models say away from home.

    python -m scripts.training.leave_one_out --sites raabin pbc bccd --minutes 15

Shorter trainings than the shipped model's; longer ones did no better away from home (docs/models-history.md). Writes
``.train/away.npz`` (for ``export_classifier --away``) and ``.train/leave_one_out.json``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bloodcells_gui.adaptation.joint import AdaptationMethods
from bloodcells_gui.adaptation.reproposal import coarse_rows
from bloodcells_gui.inference.calibration import fit_profile
from bloodcells_gui.inference.classifier import logit_shift
from bloodcells_gui.inference.uncertainty import UncertaintyModel
from scripts.training.answers import store_answers
from scripts.training.classifier_net import ClassifierNet
from scripts.training.data import FIVE, LEAVES
from scripts.training.evaluate_models import brief, calibration_figures, short
from scripts.training.export_classifier import load_net
from scripts.training.metrics import confusion_scores, ece, judge, roll, true_rows
from scripts.training.morphometry_fit import morphometry_model
from scripts.training.retrain import going_on
from scripts.training.uncertainty_fit import (
    LEAF_SHARE,
    LOGIT_SHIFT,
    Embedded,
    adapted_probabilities,
    methods_with,
)


def after_calibration(
    away: Embedded,
    labels: list[str],
    net: ClassifierNet,
    methods: AdaptationMethods,
    cells: int = 100,
    seeds: int = 5,
) -> dict:
    """Five-part figures on the rest of a site after calibrating to `cells` of it, the mean over `seeds` draws."""
    truth = true_rows([[LEAVES[k] for k in np.flatnonzero(row)] for row in away.allowed], FIVE)
    head = (
        net.head.weight.detach().numpy(),
        net.head.bias.detach().numpy() + logit_shift(LOGIT_SHIFT, LEAVES),
    )
    found = []
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(np.flatnonzero(truth >= 0))
        few, rest = order[:cells], order[cells:]
        profile = fit_profile(
            away.embedding[few],
            [labels[i] for i in few],
            classes=LEAVES,
            head=head,
            bundle_sha256="",
            name="left out",
            created="",
            seed=seed,
        )
        p = profile.probabilities(profile.logits(away.embedding[rest]))
        p = adapted_probabilities(p, away.embedding[rest], away.measurements[rest], methods.under_profile())
        scores = confusion_scores(truth[rest], roll(p, FIVE).argmax(1), list(FIVE))
        right = roll(p, FIVE).argmax(1) == truth[rest]
        found.append(
            (
                scores["balanced_accuracy"]["value"],
                scores["accuracy"]["value"],
                ece(roll(p, FIVE).max(1), right),
            )
        )
    return calibration_figures(found, len(rest), cells)


#: Labels that other sites can teach; in marrow LY, MO, SNE and EO (noisy).
SHARED = {
    "pbc": {"SNE", "BNE", "NE", "EO", "BA", "LY", "MO"},
    "raabin": {"NE", "EO", "BA", "LY", "MO"},
    "mll-marrow": {"SNE", "EO", "LY", "MO"},
    "bccd": {"NE", "EO", "LY", "MO"},
    "lisc": {"NE", "EO", "BA", "LY", "MO"},
    "deepbionet": {"NE", "EO", "LY", "MO"},
}
#: What is kept of each cell for the fit of the uncertainty.
OF_CELLS = ("logits", "allowed", "distance", "disagreement", "coordinates", "measurements")


def run_fold(
    cache: Path, site: str, seed: int, unseen: Sequence[str] = ()
) -> tuple[dict, dict[str, np.ndarray]]:
    """Figures of a left-out site, and what the uncertainty is fitted on: logits, allowed leaves, relative distances, coordinates.

    The network's answers are stored in ``CACHE/without-SITE/`` (``scripts.training.answers``); the figures are those of the kinds that
    other sites can teach.
    """
    folder = cache / f"without-{site}"
    net = load_net(folder / "final.pt")
    if not (folder / "away.npz").is_file():
        store_answers(cache, net, site, folder / "away.npz", (), unseen or [site], seed)
    stored = np.load(folder / "away.npz", allow_pickle=False)
    shared = np.isin(stored["label"], sorted(SHARED[site]))
    kept = {name: stored[name][shared] for name in OF_CELLS}
    labels, embedding = (
        [str(x) for x in stored["label"][shared]],
        stored["embedding"][shared].astype(np.float32),
    )
    methods = methods_with(morphometry_model(cache, site))
    distance = kept["distance"]
    plain = UncertaintyModel(
        stored["centre"], stored["whitener"], np.zeros((1, stored["whitener"].shape[1])), 1.0, 1.0, 0.0, 1.0, 3.0,
        leaf_share=LEAF_SHARE,
    )  # fmt: skip
    p = plain.probabilities(kept["logits"] + logit_shift(LOGIT_SHIFT, LEAVES), distance)
    leaves = [[LEAVES[k] for k in np.flatnonzero(row)] for row in kept["allowed"]]
    rolled, none = coarse_rows(LEAVES), np.zeros(len(p), bool)
    whole = adapted_probabilities(p, kept["coordinates"].astype(np.float32), kept["measurements"], methods)
    figures = judge(whole, leaves, plain.uncertainty(whole, distance, rolled), none)
    figures["cell_by_cell"] = short(judge(p, leaves, plain.uncertainty(p, distance, rolled), none))
    if len(p) >= 400:
        away = Embedded(
            embedding, kept["logits"], kept["allowed"], labels, kept["disagreement"], kept["measurements"]
        )
        figures["after_calibration"] = after_calibration(away, labels, net, methods)
    figures["role"] = "left out of training"
    figures["distance_median"] = round(float(np.median(distance)), 2)
    return figures, {**kept, "centre": stored["centre"], "whitener": stored["whitener"]}


def trainings(args: argparse.Namespace, site: str) -> list[list[str]]:
    """The commands that make a network without `site`, as ``scripts.training.retrain`` makes one with all."""
    name = f"without-{site}"
    train = [
        "scripts.training.train_classifier",
        "--leave-out",
        site,
        "--minutes",
        str(args.minutes),
        "--threads",
        str(args.threads),
    ]
    train += ["--workers", "1", "--cache", str(args.cache)]
    first, further = f"{name}-first" if args.further else name, f"{name}-further"
    once = [*train, "--name", first, "--images", str(args.images), "--seed", str(args.seed)]
    if not args.further:
        return [once]
    more, averaging = going_on(args.cache, first, further, name, args.further, args.seed + 1)
    return [once, [*train, *more], averaging]


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument(
        "--sites",
        nargs="+",
        default=["raabin", "pbc", "bccd"],
        choices=sorted(SHARED),
    )
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--further", type=int, default=60_000, help="images of the second training (0: none)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    return parser


def main() -> None:
    """Train, score, store."""
    args = arguments().parse_args()
    figures, parts = {}, []
    for site in args.sites:
        if not (args.cache / f"without-{site}" / "final.pt").is_file():
            for command in trainings(args, site):
                subprocess.run([sys.executable, "-m", *command], check=True)
        figures[site], away = run_fold(args.cache, site, args.seed)
        recipe = json.loads((args.cache / f"without-{site}" / "done.json").read_text())
        mean = (
            f", the mean of {len(recipe['averaged'])} trainings that went on from one another"
            if "averaged" in recipe
            else ""
        )
        figures[site]["what"] = f"{recipe['images']} augmented images, seed {recipe['seed']}{mean}"
        print(
            site,
            recipe["images"],
            "images:",
            brief({"referred": {"value": 0.0}, **figures[site]}),
            flush=True,
        )
        parts.append(away)
        # The same number of cells from each fold, so that no site rules the fit.
        least = min(len(p["distance"]) for p in parts)
        rng = np.random.default_rng(args.seed)
        picks = [rng.permutation(len(p["distance"]))[:least] for p in parts]
        joined = {k: np.concatenate([p[k][r] for p, r in zip(parts, picks, strict=True)]) for k in OF_CELLS}
        np.savez(
            args.cache / "away.npz",
            site=np.repeat(np.array(args.sites[: len(parts)]), [len(r) for r in picks]),
            **joined,
        )
        (args.cache / "leave_one_out.json").write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
