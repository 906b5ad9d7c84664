"""One site to another, the manifold view, and whether Grad-CAM looks at the cell.

The study: 98.5 % at home, 45 % on another laboratory's images; Grad-CAM only looked at by eye.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.classifier import Classifier
from bloodcells_gui.inference.explain import share_inside
from bloodcells_gui.inference.preprocess import crop_at_scale
from scripts.data import load_items, read_rgb
from scripts.study.common import NAMES, Log, arguments, features, load, parts, score


def heat_inside(bundle: Path, data: Path, cache: Path, threads: int) -> dict[str, dict[str, float]]:
    """Mean share of Grad-CAM's heat (of the proposed class) inside the cell's mask, and the mask's share of the window."""
    import cv2

    classifier = Classifier(load_bundle(bundle), threads)
    out = {}
    for set_name in ("raabin", "zheng1"):
        shares, areas = [], []
        items = [i for i in load_items(data, cache) if i.set == set_name and i.mask and i.leaves and i.split == "test"]
        for item in items:
            image = read_rgb(data / item.path)
            mask = cv2.imread(str(data / item.mask), cv2.IMREAD_GRAYSCALE)
            mask = cv2.resize(mask, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_NEAREST)
            centre = (image.shape[1] / 2, image.shape[0] / 2)
            crop = crop_at_scale(image, centre, item.um_per_px, classifier.size_px, classifier.um_per_px)
            flat = np.repeat(mask[..., None], 3, axis=2)
            inside = crop_at_scale((flat > 0).astype(np.uint8) * 255, centre, item.um_per_px, classifier.size_px, classifier.um_per_px, "background")[..., 0] > 127
            found = classifier.predict(crop[None], maps=True)
            code = classifier.classes[int(found.probabilities[0].argmax())]
            shares.append(share_inside(classifier.heat(found, [code])[0], inside))
            areas.append(float(inside.mean()))
        out[set_name] = {"cells": len(shares), "heat_inside_mean": round(float(np.nanmean(shares)), 3), "mask_share_of_window": round(float(np.mean(areas)), 3)}
    return out


def main() -> None:
    """Run it."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.manifold import TSNE
    from sklearn.metrics import silhouette_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    parser = arguments(__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("models/classifier-lite0"))
    parser.add_argument("--plots", type=Path, default=Path(".train/study"))
    args = parser.parse_args()
    log = Log(args.cache, "sites", args.seed)
    pbc = load(args.cache, "pbc", 128)
    deep = features(pbc.x, None, args.threads)
    big, fifth = parts(pbc)
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300)).fit(deep[big], pbc.y[big])
    log.add("linear probe on ImageNet features, PBC to its own fifth", "-", score(pbc.y[fifth], probe.predict(deep[fifth])))
    for name in ("raabin", "bone_marrow", "zheng1"):
        other = load(args.cache, name, 128)
        found = probe.predict(features(other.x, None, args.threads))
        log.add(f"the same probe, PBC to {name}", "45 %", score(other.y, found))
    rng = np.random.default_rng(args.seed)
    rows = rng.choice(fifth, 1200, replace=False)
    pixels = pbc.x[rows][:, ::4, ::4].reshape(len(rows), -1).astype(np.float32)
    spaces = {"pixels": pixels, "ImageNet features": deep[rows]}
    if (args.bundle / "card.json").is_file():
        spaces["features of the shipped network"] = features(pbc.x[rows], args.bundle, args.threads)
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(spaces), figsize=(6 * len(spaces), 5.5))
    for axis, (name, space) in zip(axes, spaces.items(), strict=True):
        reduced = PCA(30, random_state=args.seed).fit_transform(space)
        flat = TSNE(2, random_state=args.seed, perplexity=30).fit_transform(reduced)
        axis.scatter(flat[:, 0], flat[:, 1], c=pbc.y[rows], cmap="tab10", s=5)
        axis.set_title(name)
        log.add(f"manifold (PCA 30, t-SNE): silhouette of the classes, {name}", "by eye", {"silhouette": round(float(silhouette_score(reduced, pbc.y[rows])), 3)})
    axes[0].set_xlabel(", ".join(NAMES))
    args.plots.mkdir(parents=True, exist_ok=True)
    figure.savefig(args.plots / "manifold.png", dpi=90)
    if (args.bundle / "card.json").is_file():
        log.add("Grad-CAM: share of heat inside the cell's mask", "by eye", heat_inside(args.bundle, args.data, args.cache, args.threads))


if __name__ == "__main__":
    main()
