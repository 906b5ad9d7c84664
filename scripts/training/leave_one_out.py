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
from pathlib import Path

import numpy as np

from bloodcells_gui.adaptation.joint import AdaptationMethods
from bloodcells_gui.adaptation.reproposal import coarse_rows
from bloodcells_gui.inference.calibration import fit_profile
from bloodcells_gui.inference.classifier import logit_shift
from bloodcells_gui.inference.uncertainty import UncertaintyModel
from scripts.training.classifier_net import ClassifierNet
from scripts.training.data import FIVE, LEAVES, Cache
from scripts.training.evaluate_models import brief, calibration_figures, short
from scripts.training.export_classifier import load_net, serve
from scripts.training.metrics import allowed_matrix, confusion_scores, ece, judge, roll, true_rows
from scripts.training.morphometry_fit import measured_crops, morphometry_model
from scripts.training.retrain import going_on
from scripts.training.uncertainty_fit import (
    LEAF_SHARE,
    LOGIT_SHIFT,
    Embedded,
    adapted_probabilities,
    distance_arrays,
    methods_with,
    whitened,
)
from scripts.training.views import central_views


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


#: The set that a site left out is judged on.
SET_OF = {"pbc": "pbc", "raabin": "raabin", "mll-marrow": "bone_marrow", "bccd": "txl_pbc"}
#: Labels that other sites can teach; in marrow LY, MO, SNE and EO (noisy).
SHARED = {
    "pbc": {"SNE", "BNE", "NE", "EO", "BA", "LY", "MO"},
    "raabin": {"NE", "EO", "BA", "LY", "MO"},
    "mll-marrow": {"SNE", "EO", "LY", "MO"},
    "bccd": {"NE", "EO", "LY", "MO"},
}


def embedded(net: ClassifierNet, real: Cache, rows: list[int], measurements: np.ndarray) -> Embedded:
    """What a network makes of crops; `measurements` are theirs."""
    views = central_views(real.images[rows], [real.meta[i].get("half_um", 99) for i in rows])
    logits, embedding, disagreement = serve(net, views)
    metas = [real.meta[i] for i in rows]
    allowed = allowed_matrix([m["leaves"] for m in metas])
    keys = [f"{m['site']} {m['label']}" for m in metas]
    return Embedded(embedding, logits, allowed, keys, disagreement, measurements)


def run_fold(cache: Path, site: str, seed: int) -> tuple[dict, dict[str, np.ndarray]]:
    """Figures of a left-out site, and what the uncertainty is fitted on: logits, allowed leaves, relative distances, coordinates."""
    net = load_net(cache / f"without-{site}" / "final.pt")
    real = Cache(cache, "real")
    rng = np.random.default_rng(seed)

    def embed(rows: list[int]) -> Embedded:
        return embedded(net, real, rows, measured_crops(cache)[rows])

    def rows_of(split: str, limit: int) -> list[int]:
        rows = [
            i
            for i, m in enumerate(real.meta)
            if m["split"] == split and m["site"] != site and m["leaves"] and m["use"] == "train+ship"
        ]
        return sorted(int(i) for i in rng.permutation(rows)[:limit])

    arrays = distance_arrays(embed(rows_of("train", 3000)))
    raw = UncertaintyModel(arrays["centre"], arrays["whitener"], arrays["means"], 1.0, 1.0, 0.0, 1.0, 1e9)
    reference = float(np.percentile(raw.relative_distance(embed(rows_of("val", 1200)).embedding), 95))
    rows = [
        i
        for i, m in enumerate(real.meta)
        if m["set"] == SET_OF[site] and m["site"] == site and m["label"] in SHARED[site]
    ]
    rows = sorted(int(i) for i in rng.permutation(rows)[:2500])
    away = embed(rows)
    distance = raw.relative_distance(away.embedding) / reference
    methods = methods_with(morphometry_model(cache, site))
    plain = UncertaintyModel(
        arrays["centre"],
        arrays["whitener"],
        arrays["means"],
        reference,
        1.0,
        0.0,
        1.0,
        3.0,
        leaf_share=LEAF_SHARE,
    )
    p = plain.probabilities(away.logits + logit_shift(LOGIT_SHIFT, LEAVES), distance)
    leaves, rolled, none = [real.meta[i]["leaves"] for i in rows], coarse_rows(LEAVES), np.zeros(len(p), bool)
    coordinates = whitened(away.embedding, arrays)
    whole = adapted_probabilities(p, coordinates, away.measurements, methods)
    figures = judge(whole, leaves, plain.uncertainty(whole, distance, rolled), none)
    figures["cell_by_cell"] = short(judge(p, leaves, plain.uncertainty(p, distance, rolled), none))
    if len(rows) >= 400:
        figures["after_calibration"] = after_calibration(
            away, [real.meta[i]["label"] for i in rows], net, methods
        )
    figures["role"] = "left out of training"
    figures["distance_median"] = round(float(np.median(distance)), 2)
    kept = {
        "logits": away.logits,
        "allowed": away.allowed,
        "distance": distance,
        "disagreement": away.disagreement,
    }
    whole_set = {"coordinates": coordinates.astype(np.float16), "measurements": away.measurements}
    return figures, {**kept, **whole_set, "centre": arrays["centre"], "whitener": arrays["whitener"]}


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
        choices=["raabin", "pbc", "mll-marrow", "bccd"],
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
        np.savez(args.cache / f"without-{site}" / "away.npz", **away)
        parts.append(away)
        # The same number of cells from each fold, so that no site rules the fit.
        least = min(len(p["distance"]) for p in parts)
        rng = np.random.default_rng(args.seed)
        picks = [rng.permutation(len(p["distance"]))[:least] for p in parts]
        of_cells = [k for k in parts[0] if k not in ("centre", "whitener")]
        joined = {k: np.concatenate([p[k][r] for p, r in zip(parts, picks, strict=True)]) for k in of_cells}
        np.savez(
            args.cache / "away.npz",
            site=np.repeat(np.array(args.sites[: len(parts)]), [len(r) for r in picks]),
            **joined,
        )
        (args.cache / "leave_one_out.json").write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
