"""Evaluate a classifier bundle on held-out images, from the files, through the program's own preprocessing.

    python -m scripts.training.evaluate_models --bundle models/classifier-lite0 --write

Prints a table; `--write` puts the figures into the card and renews its README. The PBC, Raabin and marrow fifths
were not touched in training; `tecom` is an independent site. Each set is served as one specimen; figures
cell by cell stand beside them. Also: robustness to a wrong scale, to tight crops, INT8.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from bloodcells_gui.adaptation.morphometry import COLUMNS
from bloodcells_gui.adaptation.reproposal import adapt_proposals
from bloodcells_gui.app.specimen_adaptation import adapt_specimen, select_measurements
from bloodcells_gui.imaging.measure import measure
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.calibration import fit_profile
from bloodcells_gui.inference.classifier import Classifier, ClassifierOutput
from bloodcells_gui.inference.preprocess import crop_at_scale
from bloodcells_gui.inference.segmenter import Segmenter
from scripts.training.data import FIELD_SETS, FIVE, PBC8, Item, load_items, read_rgb
from scripts.training.metrics import judge, share, true_rows

ROLES = {
    "pbc": ("held-out fifth by duplicate group of a training site", "test, own site"),
    "raabin": ("held-out sessions of a training site", "test, own site"),
    "mll-marrow": ("held-out fifth of a training site; some labels noisy", "test, own site"),
    "lmu": ("held-out originals of a training site; augmented images of few cells", "test, own site"),
    "tecom": ("never trained or chosen on; labels not by experts", "independent"),
}
NAMES = {"pbc": "pbc", "raabin": "raabin", "bone_marrow": "mll-marrow", "lmu_rare": "lmu", "zheng1": "tecom"}


def crops_of(
    classifier: Classifier | Segmenter,
    data: Path,
    items: list[Item],
    scale: float = 1.0,
    tight_um: float = 0.0,
) -> np.ndarray:
    """Central windows of image files; `scale` multiplies the assumed um/px, `tight_um` cuts the image first."""
    out = np.empty((len(items), classifier.size_px, classifier.size_px, 3), np.uint8)
    for i, item in enumerate(items):
        image = read_rgb(data / item.path)
        if tight_um:
            half = round(tight_um / item.um_per_px / 2)
            y, x = image.shape[0] // 2, image.shape[1] // 2
            image = image[max(0, y - half) : y + half, max(0, x - half) : x + half]
        centre = (image.shape[1] / 2, image.shape[0] / 2)
        out[i] = crop_at_scale(
            image, centre, item.um_per_px * scale, classifier.size_px, classifier.um_per_px
        )
    return out


def predict(classifier: Classifier, crops: np.ndarray) -> ClassifierOutput:
    """All crops in batches."""
    parts = [classifier.predict(crops[k : k + 64]) for k in range(0, len(crops), 64)]
    names = ("probabilities", "logits", "embedding", "distance", "uncertainty", "abstained", "unlike")
    return ClassifierOutput(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})


def measure_items(segmenter: Segmenter, data: Path, items: list[Item]) -> np.ndarray:
    """(n, M) float32 measurements of the central cells of image files, in the order of COLUMNS."""
    out = np.empty((len(items), len(COLUMNS)), np.float32)
    for start in range(0, len(items), 64):
        windows = crops_of(segmenter, data, items[start : start + 64])
        for k, (window, mask) in enumerate(zip(windows, segmenter.segment(windows), strict=True)):
            out[start + k] = select_measurements(measure(window, mask, segmenter.um_per_px))[0]
    return out


def adapted_probabilities(
    classifier: Classifier, found: ClassifierOutput, measurements: np.ndarray
) -> ClassifierOutput:
    """Adapt the cells as the program does when they are one specimen."""
    whole = adapt_specimen(found.probabilities, found.embedding, measurements, found.unlike, classifier)
    if whole is None:
        return found
    prior_shift, posteriors = whole
    new = adapt_proposals(
        prior_shift,
        classifier.classes,
        found.probabilities,
        found.uncertainty,
        found.abstained,
        found.unlike,
        posteriors,
    )
    return replace(found, probabilities=new.scores, uncertainty=new.uncertainty, abstained=new.abstained)


def calibrated(
    classifier: Classifier,
    found: ClassifierOutput,
    measurements: np.ndarray,
    items: list[Item],
    seeds: int = 5,
) -> dict | None:
    """Five-part balanced accuracy on the rest after calibrating on at most 100 cells of the set, over seeds."""
    truth = true_rows([i.leaves for i in items], FIVE)
    rows = np.flatnonzero(truth >= 0)
    if len(rows) < 150:
        return None
    scores = []
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(rows)
        few, rest = order[:100], order[100:]
        profile = fit_profile(
            found.embedding[few], [items[i].label for i in few], classes=classifier.classes,
            head=(classifier.head_weights, classifier.head_bias), bundle_sha256=classifier.bundle.sha256,
            name="evaluation", created="", temperature=classifier.uncertainty_model.temperature,
            threshold=classifier.uncertainty_model.threshold, distances=found.distance[few], seed=seed,
        )  # fmt: skip
        classifier.use_profile(profile)
        after = adapted_probabilities(
            classifier, classifier.classify_embeddings(found.embedding[rest]), measurements[rest]
        )
        classifier.use_profile(None)
        figures = judge(
            after.probabilities, [items[i].leaves for i in rest], after.uncertainty, after.abstained
        )
        scores.append(
            (
                figures["five"]["balanced_accuracy"]["value"],
                figures["five"]["accuracy"]["value"],
                figures["ece_five"],
            )
        )
    return calibration_figures(scores, len(rows) - 100)


def calibration_figures(scores: list[tuple[float, float, float]], tested_on: int, cells: int = 100) -> dict:
    """Of draws of cells to calibrate with: five-part balanced accuracy, accuracy and calibration error on the rest."""
    table = np.array(scores)
    return {
        "cells": cells, "seeds": len(scores), "tested_on": tested_on,
        "five_balanced_accuracy": {"mean": round(float(table[:, 0].mean()), 4), "min": float(table[:, 0].min()), "max": float(table[:, 0].max())},
        "five_accuracy_mean": round(float(table[:, 1].mean()), 4),
        "ece_five_mean": round(float(table[:, 2].mean()), 4),
    }  # fmt: skip


def evaluate(
    classifier: Classifier,
    segmenter: Segmenter,
    data: Path,
    cache: Path,
    split: str = "test",
    sets: tuple[str, ...] = (),
) -> dict:
    """Figures of every set (all of the manifest by default) on its held-out part (tecom: all)."""
    items = [i for i in load_items(data, cache) if i.leaves and i.set not in FIELD_SETS]
    sets = sets or tuple(dict.fromkeys(i.set for i in items))
    out = {}
    for name in sets:
        chosen = [i for i in items if i.set == name and i.split == split]
        if not chosen:
            continue
        found = predict(classifier, crops_of(classifier, data, chosen))
        leaves = [i.leaves for i in chosen]
        measurements = measure_items(segmenter, data, chosen)
        whole = adapted_probabilities(classifier, found, measurements)
        figures = judge(whole.probabilities, leaves, whole.uncertainty, whole.abstained)
        figures["cell_by_cell"] = short(
            judge(found.probabilities, leaves, found.uncertainty, found.abstained)
        )
        figures["unlike"] = share(int(found.unlike.sum()), len(chosen))
        figures["distance_percentiles"] = {
            str(p): round(float(np.percentile(found.distance, p)), 2) for p in (50, 95)
        }
        marrow_or_few = name in ("bone_marrow", "lmu_rare")
        figures["after_calibration"] = (
            None if marrow_or_few else calibrated(classifier, found, measurements, chosen)
        )
        out[NAMES.get(name, name)] = figures
    return out


def short(figures: dict) -> dict:
    """What a card keeps of a second way to serve the same set."""
    kinds = {
        k: {m: figures[k][m] for m in ("accuracy", "balanced_accuracy")}
        for k in ("eight", "five", "fine")
        if figures.get(k)
    }
    errors = {k: figures[k] for k in ("ece_leaf", "ece_five", "ece_eight") if k in figures}
    return {
        **kinds,
        **errors,
        "referred": figures["referred"],
        "accuracy_of_kept": figures["accuracy_of_kept"],
    }


def brief(figures: dict) -> str:
    """One line of a set."""
    parts = [f"n={figures['n']}", f"leaf/partial {figures['leaf_or_partial']['value']:.4f}"]
    for key in ("eight", "five", "fine"):
        if figures.get(key):
            parts.append(
                f"{key} acc {figures[key]['accuracy']['value']:.4f} bal {figures[key]['balanced_accuracy']['value']:.4f}"
            )
    for key in ("BL_sensitivity", "BL_specificity", "SMU_sensitivity", "ART_sensitivity", "ART_specificity"):
        if key in figures:
            parts.append(f"{key} {figures[key]['value']:.3f}")
    if figures.get("five"):
        parts.append(
            f"right at 10 % referral {figures['risk_coverage_five']['0.10']:.4f} ECE five {figures['ece_five']:.3f}"
        )
    alone = figures.get("cell_by_cell", {}).get("five")
    if alone:
        parts.append(
            f"(cell by cell: five acc {alone['accuracy']['value']:.4f} bal {alone['balanced_accuracy']['value']:.4f})"
        )
    parts += [
        f"ECE {figures['ece_leaf']:.3f}",
        f"referred {figures['referred']['value']:.3f}",
        f"kept right {figures['accuracy_of_kept']['value']:.4f}",
    ]
    if figures.get("after_calibration"):
        parts.append(
            f"five bal after 100 cells {figures['after_calibration']['five_balanced_accuracy']['mean']:.3f}"
        )
    return ", ".join(parts)


def robustness(classifier: Classifier, data: Path, cache: Path) -> dict:
    """Eight-class accuracy on validation cells (PBC where it is in the data) at a wrong scale and from tight crops."""
    items = [
        i
        for i in load_items(data, cache)
        if i.split == "val" and i.leaves and true_rows([i.leaves], PBC8)[0] >= 0
    ]
    items = [i for i in items if i.set == "pbc"][::3] or items[:400]
    out = {}
    if not items:
        return out
    for label, options in {
        "as it is": {}, "scale x0.7": {"scale": 0.7}, "scale x0.85": {"scale": 0.85}, "scale x1.15": {"scale": 1.15},
        "scale x1.3": {"scale": 1.3}, "tight crop 18 um": {"tight_um": 18.0}, "tight crop 15 um": {"tight_um": 15.0},
    }.items():  # fmt: skip
        found = predict(classifier, crops_of(classifier, data, items, **options))
        out[label] = judge(
            found.probabilities, [i.leaves for i in items], found.uncertainty, found.abstained
        )["eight"]["accuracy"]
    return out


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", type=Path, default=Path("models/classifier-lite0"))
    parser.add_argument("--segmenter", type=Path, default=Path("models/segmenter-1"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put the figures into the card")
    parser.add_argument("--quick", action="store_true", help="PBC validation and tecom only")
    args = parser.parse_args()
    bundle = load_bundle(args.bundle)
    segmenter = Segmenter(load_bundle(args.segmenter), threads=args.threads, precision="fp32")
    result: dict = {}
    validation = {}
    for precision in bundle.models:
        classifier = Classifier(bundle, args.threads, precision=precision)
        figures = evaluate(classifier, segmenter, args.data, args.cache, "val")
        figures.pop("lmu", None)  # seven images of four cells say nothing
        validation[precision] = figures
        for name, row in figures.items():
            print(f"validation {precision} {name}: {brief(row)}", flush=True)
    classifier = Classifier(bundle, args.threads, precision=str(bundle.card["default_model"]))
    result["precisions_on_validation"] = {
        p: {s: f["leaf_or_partial"] | {"eight": (f["eight"] or {}).get("accuracy")} for s, f in v.items()}
        for p, v in validation.items()
    }
    if not args.quick:
        started = time.time()
        sets = evaluate(classifier, segmenter, args.data, args.cache)
        for name, row in sets.items():
            row["what"], row["role"] = ROLES.get(
                name, ("held-out fifth by duplicate group", "test, own site")
            )
            print(f"{row['role']} {name}: {brief(row)}", flush=True)
        result["sets"] = sets
        result["robustness_pbc_validation_eight"] = robustness(classifier, args.data, args.cache)
        print("robustness", {k: v["value"] for k, v in result["robustness_pbc_validation_eight"].items()})
        print(f"{time.time() - started:.0f} s")
    result["command"] = (
        f"python -m scripts.training.evaluate_models --bundle models/{args.bundle.resolve().name} --write"
    )
    result["precision"] = str(bundle.card["default_model"])
    (args.cache / "evaluation.json").write_text(json.dumps(result, indent=1))
    if args.write:
        from scripts.training.cards import write_evaluation

        write_evaluation(args.bundle, result, args.cache / "leave_one_out.json")


if __name__ == "__main__":
    main()
