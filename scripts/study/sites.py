"""One site to another, the manifold view, and whether Grad-CAM looks at the cell.

The study: 98.5 % at home, 45 % on another laboratory's images; Grad-CAM only looked at by eye.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.classifier import Classifier
from bloodcells_gui.inference.explain import share_inside
from bloodcells_gui.inference.preprocess import crop_at_scale
from scripts.study.common import (
    BUNDLE,
    NAMES,
    Labelled,
    Log,
    arguments,
    bundle_features,
    imagenet_features,
    load,
    parts,
    score,
)
from scripts.training.data import load_items, read_rgb


def heat_inside(bundle: Path, data: Path, cache: Path, threads: int) -> dict[str, dict[str, float]]:
    """Mean share of Grad-CAM's heat (of the proposed class) inside the cell's mask, and the mask's share of the window."""
    import cv2

    classifier = Classifier(load_bundle(bundle), threads)
    out = {}
    for set_name in ("raabin", "zheng1"):
        shares, areas = [], []
        items = [
            i
            for i in load_items(data, cache)
            if i.set == set_name and i.mask and i.leaves and i.split == "test"
        ]
        for item in items:
            image = read_rgb(data / item.path)
            mask = cv2.imread(str(data / item.mask), cv2.IMREAD_GRAYSCALE)
            mask = cv2.resize(mask, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_NEAREST)
            centre = (image.shape[1] / 2, image.shape[0] / 2)
            crop = crop_at_scale(image, centre, item.um_per_px, classifier.size_px, classifier.um_per_px)
            # The mask is cut like its picture; white outside, for a window beyond the image is filled so.
            outside = np.repeat(np.where(mask > 0, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
            cut = crop_at_scale(outside, centre, item.um_per_px, classifier.size_px, classifier.um_per_px)
            inside = cut[..., 0] < 128
            found = classifier.predict(crop[None], maps=True)
            code = classifier.classes[int(found.probabilities[0].argmax())]
            shares.append(share_inside(classifier.activation_maps(found, [code])[0], inside))
            areas.append(float(inside.mean()))
        out[set_name] = {
            "cells": len(shares),
            "heat_inside_mean": round(float(np.nanmean(shares)), 3),
            "mask_share_of_window": round(float(np.mean(areas)), 3),
        }
    return out


def plot(spaces: dict[str, np.ndarray], y: np.ndarray, flat: dict[str, np.ndarray], path: Path) -> None:
    """The t-SNE views side by side, one colour a class."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(spaces), figsize=(6 * len(spaces), 5.5), squeeze=False)
    for axis, name in zip(axes[0], spaces, strict=True):
        for k, label in enumerate(NAMES):
            axis.scatter(*flat[name][y == k].T, color=plt.get_cmap("tab10")(k), s=5, label=label)
        axis.set_title(name)
        axis.set_xticks([])
        axis.set_yticks([])
    axes[0, -1].legend(fontsize=8, markerscale=3, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, dpi=90, bbox_inches="tight")
    plt.close(figure)


def probe(log: Log, args: argparse.Namespace, pbc: Labelled, deep: np.ndarray) -> None:
    """A linear probe on PBC's features, at home and on three other sites (the classes they share)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    big, fifth = parts(pbc)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300)).fit(
        deep[big], pbc.y[big]
    )
    settings = "EfficientNet-Lite0, 128 px"
    log.add(
        "linear probe on ImageNet features, PBC to its own fifth",
        "98.5 %",
        score(pbc.y[fifth], model.predict(deep[fifth])),
        settings,
        len(big),
    )
    for name in ("raabin", "bone_marrow", "zheng1"):
        other = load(args.cache, name, 128)
        found = model.predict(imagenet_features(args.cache, other, args.threads))
        log.add(
            f"the same probe, PBC to {other.site}",
            "45 % (another set)",
            score(other.y, found),
            settings,
            len(big),
        )


def manifold(log: Log, args: argparse.Namespace, pbc: Labelled, deep: np.ndarray) -> None:
    """PCA to 30 numbers and t-SNE to two of 1,200 cells of the untouched fifth; how well the classes part, as a number."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from sklearn.metrics import silhouette_score

    rows = np.random.default_rng(args.seed).choice(parts(pbc)[1], 1200, replace=False)
    spaces = {
        "pixels": pbc.x[rows][:, ::4, ::4].reshape(len(rows), -1).astype(np.float32),
        "ImageNet features": deep[rows],
    }
    if (args.bundle / "card.json").is_file():
        spaces["features of the shipped network"] = bundle_features(
            args.cache, "pbc", [pbc.path[i] for i in rows], args.bundle, args.threads
        )
    flat = {}
    for name, space in spaces.items():
        reduced = PCA(30, random_state=args.seed).fit_transform(space)
        flat[name] = TSNE(2, random_state=args.seed, perplexity=30).fit_transform(reduced)
        value = round(float(silhouette_score(reduced, pbc.y[rows])), 3)
        log.add(
            f"manifold (PCA 30, t-SNE), {name}",
            "by eye",
            {"silhouette": value},
            "1,200 cells",
            0,
            f"silhouette of the classes {value:.2f}",
        )
    plot(spaces, pbc.y[rows], flat, args.cache / "study" / "manifold.png")


def main() -> None:
    """Run it."""
    parser = arguments(__doc__)
    parser.add_argument("--bundle", type=Path, default=BUNDLE)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    log = Log(args.cache, "sites", args.seed)
    pbc = load(args.cache, "pbc", 128)
    deep = imagenet_features(args.cache, pbc, args.threads)
    probe(log, args, pbc, deep)
    manifold(log, args, pbc, deep)
    if (args.bundle / "card.json").is_file():
        heat = heat_inside(args.bundle, args.data, args.cache, args.threads)
        words = "; ".join(
            f"{k} {100 * v['heat_inside_mean']:.0f} % of the heat in a mask of {100 * v['mask_share_of_window']:.0f} % of the window (n={v['cells']})"
            for k, v in heat.items()
        )
        log.add(
            "Grad-CAM: share of heat inside the cell's mask", "by eye", heat, "shipped classifier", 0, words
        )


if __name__ == "__main__":
    main()
