"""Background masked out versus not: windows of PBC, outlines from the shipped segmenter through the program's own code.

The study set everything around the cell to black: +1 point with LeNet, nothing with EfficientNet. Ours adds what matters more: whether
a model that never saw the background is better on another site (five classes, PBC to Raabin and to `tecom`).
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.segmenter import Segmenter
from scripts.study.common import (
    NAMES_FIVE,
    ROW_FIVE,
    Labelled,
    Log,
    arguments,
    features,
    four_thousand,
    load,
    score,
)
from scripts.study.lite0 import paired
from scripts.study.training import LeNet, classes, fit
from scripts.study.vgg import svc


def cell_masks(segmenter: Segmenter, x: np.ndarray) -> np.ndarray:
    """(n, s, s) bool: the central cell of views that span the segmenter's own window; all False where it found none."""
    return np.concatenate([segmenter.segment(x[k : k + 64]) > 0 for k in range(0, len(x), 64)])


def blacken(x: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Views with black around the cell; a view without an outline stays as it is (its background would be all there is)."""
    keep = masks | ~masks.any((1, 2))[:, None, None]
    return x * keep[..., None].astype(np.uint8)


def half(x: np.ndarray) -> np.ndarray:
    """Views at 64 px."""
    return np.stack([cv2.resize(v, (64, 64), interpolation=cv2.INTER_AREA) for v in x])


def at_home(log: Log, data: Labelled, segmenter: Segmenter, seed: int, threads: int, epochs: int) -> None:
    """4,000 PBC images, eight classes: LeNet and frozen features, plain and masked."""
    train, test = four_thousand(data, seed)
    rows, y, truth, n = np.r_[train, test], data.y[train], data.y[test], len(train)
    masks = cell_masks(segmenter, data.x[rows])
    none = int((~masks.any((1, 2))).sum())
    right: dict[str, list[np.ndarray]] = {"LeNet": [], "Lite0 features + SVC": []}
    for name in ("not masked", "masked"):
        x = data.x[rows] if name == "not masked" else blacken(data.x[rows], masks)
        small = half(x)
        torch.manual_seed(seed)
        found = classes(fit(LeNet(), small[:n], y, epochs, seed, say=name), small[n:])
        right["LeNet"].append(found == truth)
        study = "88 % (two sets)" if name == "not masked" else "about 89 %"
        log.add(
            f"LeNet, background {name}, 4,000",
            study,
            score(truth, found),
            f"64 px, adam 0.001, {epochs} epochs",
            n,
        )
        deep = features(x, None, threads)
        found = svc(deep[:n], y, deep[n:])
        right["Lite0 features + SVC"].append(found == truth)
        log.add(f"Lite0 features + SVC, background {name}, 4,000", "-", score(truth, found), "128 px", n)
    for how, study in (("LeNet", "+1 point"), ("Lite0 features + SVC", "no gain (B1, ten classes)")):
        gap = paired(*right[how], seed)
        log.add(f"{how}: gain of the mask, same 800 images", study, {"gain": gap, "cells_without_outline": none}, "", n,
                f"{gap['points']:+.1f} points ({gap['limits95'][0]:+.1f} to {gap['limits95'][1]:+.1f}); no outline in {none} of {len(rows)}")  # fmt: skip


def abroad(log: Log, cache: Path, segmenter: Segmenter, seed: int, threads: int, limit: int = 300) -> None:
    """Five classes, at most `limit` PBC images each: frozen features + SVC, judged on other sites, plain and masked."""
    side = segmenter.size_px
    home, *others = (
        load(cache, s, side, side * segmenter.um_per_px, ROW_FIVE) for s in ("pbc", "raabin", "zheng1")
    )
    rng = np.random.default_rng(seed)
    usable = np.flatnonzero(home.split != "test")
    train = np.concatenate(
        [rng.permutation(usable[home.y[usable] == k])[:limit] for k in range(len(NAMES_FIVE))]
    )
    plain = [home.x[train], *(o.x for o in others)]
    black = [blacken(x, cell_masks(segmenter, x)) for x in plain]
    for name, views in (("not masked", plain), ("masked", black)):
        deep = features(views[0], None, threads)
        for other, x in zip(others, views[1:], strict=True):
            found = svc(deep, home.y[train], features(x, None, threads))
            log.add(
                f"Lite0 features + SVC, PBC to {other.site}, five classes, background {name}",
                "-",
                score(other.y, found, NAMES_FIVE),
                "128 px",
                len(train),
            )


def main() -> None:
    """Run it."""
    parser = arguments(__doc__)
    parser.add_argument("--segmenter", type=Path, default=Path("models/segmenter-1"))
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    log = Log(args.cache, "masked", args.seed)
    segmenter = Segmenter(load_bundle(args.segmenter), threads=args.threads)
    data = load(args.cache, "pbc", segmenter.size_px, segmenter.size_px * segmenter.um_per_px)
    at_home(log, data, segmenter, args.seed, args.threads, args.epochs)
    abroad(log, args.cache, segmenter, args.seed, args.threads)


if __name__ == "__main__":
    main()
