"""Ten classes: PBC's eight, blasts, smudges; and how far the data carries.

The study: 85 % (LeNet) and 91 % (EfficientNetB1) on Mendeley plus Kaggle, blasts and smudges from the second set alone. Ours: blasts are
bone-marrow crops of one laboratory, smudges are made by tearing and smearing nuclei (``scripts.training.composites``); the ten real
smudges (LMU, augmented versions of few cells) only test. So a network may tell "marrow" from "blood" instead of blast from cell, and two
more figures say how far that goes: which share of the *other* leukocytes of the same marrow is called blast, without and with such
cells in training.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from scripts.study.common import NAMES, ROW, WINDOW_UM, Log, arguments, features, imagenet_features_of, score
from scripts.study.training import LeNet, classes, fit
from scripts.study.vgg import svc
from scripts.training.data import CACHE_UM, Cache
from scripts.training.metrics import share

TEN = (*NAMES, "blast", "smudge")
BLAST, SMUDGE = TEN.index("blast"), TEN.index("smudge")
STUDY_LENET = {"basophil": 0.84, "blast": 0.83, "eosinophil": 0.95, "erythroblast": 0.86, "ig": 0.71, "lymphocyte": 0.88,
               "monocyte": 0.77, "neutrophil": 0.91, "platelet": 0.97, "smudge": 0.73}  # fmt: skip
STUDY_B1 = {"basophil": 0.95, "blast": 0.86, "eosinophil": 0.98, "erythroblast": 0.94, "ig": 0.83, "lymphocyte": 0.92,
            "monocyte": 0.85, "neutrophil": 0.96, "platelet": 0.99, "smudge": 0.81}  # fmt: skip


@dataclass
class Part:
    """Views (n, 128, 128, 3), their class of ten, whether they train, and where they come from."""

    x: np.ndarray
    y: np.ndarray
    train: np.ndarray
    source: np.ndarray


def class_of(label: str, leaves: list[str]) -> int:
    """Row of `TEN`, -1 for none."""
    if label in ("BL", "SMU"):
        return BLAST if label == "BL" else SMUDGE
    return ROW.get(leaves[0], -1) if leaves else -1


def gather(
    cache: Cache, wanted: dict[str, set[str]], name: str, validation_tests: bool = False, trains: bool = True
) -> Part:
    """The cells of a cache whose set is a key of `wanted` and whose label is among its values (all where empty)."""
    half = round(WINDOW_UM / CACHE_UM / 2)
    rows = [i for i, m in enumerate(cache.meta)
            if m["set"] in wanted and (not wanted[m["set"]] or m["label"] in wanted[m["set"]]) and class_of(m["label"], m["leaves"]) >= 0]  # fmt: skip
    x = np.empty((len(rows), 128, 128, 3), np.uint8)
    for k, i in enumerate(rows):
        c = cache.images[i].shape[0] // 2
        x[k] = cv2.resize(
            cache.images[i][c - half : c + half, c - half : c + half],
            (128, 128),
            interpolation=cv2.INTER_AREA,
        )
    metas = [cache.meta[i] for i in rows]
    held = {"test", "val"} if validation_tests else {"test"}
    return Part(
        x, np.array([class_of(m["label"], m["leaves"]) for m in metas], int),
        np.array([trains and m["split"] not in held for m in metas], bool), np.full(len(rows), name),
    )  # fmt: skip


def joined(parts: list[Part]) -> Part:
    """Several parts as one."""
    return Part(*(np.concatenate([getattr(p, k) for p in parts]) for k in ("x", "y", "train", "source")))


def f1_text(figures: dict, study: dict[str, float]) -> str:
    """Accuracy with limits, then F1 of the two new classes beside the study's."""
    a, per = figures["accuracy"], figures["per_class"]
    tail = ", ".join(
        f"{c} F1 {per[c]['f1']:.2f} (study {study[c]:.2f})" for c in ("blast", "smudge", "ig", "monocyte")
    )
    return f"{100 * a['value']:.1f} % ({100 * a['limits95'][0]:.1f}-{100 * a['limits95'][1]:.1f}); {tail}"


def carried(found: np.ndarray, part: Part, test: np.ndarray) -> tuple[dict, str]:
    """How far it carries: real smudges found, other marrow leukocytes called blast."""
    at = {s: test & (part.source == s) for s in ("real smudges", "other marrow")}
    hits = int((found[at["real smudges"]] == SMUDGE).sum())
    called = int((found[at["other marrow"]] == BLAST).sum())
    out = {
        "real_smudges_found": share(hits, int(at["real smudges"].sum())),
        "other_marrow_called_blast": share(called, int(at["other marrow"].sum())),
    }
    return out, "; ".join(
        f"{k.replace('_', ' ')} {v['hits']} of {v['n']} ({100 * v['limits95'][0]:.0f}-{100 * v['limits95'][1]:.0f} %)"
        for k, v in out.items()
    )


def ten_features(cache: Path, data: Part, real: Cache, threads: int) -> np.ndarray:
    """ImageNet features of all parts; those of PBC were computed for the other experiments."""
    home = data.source == "pbc"
    paths = [m["path"] for m in real.meta if m["set"] == "pbc" and class_of(m["label"], m["leaves"]) >= 0]
    out = np.empty((len(home), 1280), np.float32)
    out[home] = imagenet_features_of(cache, "pbc", paths, threads)
    out[~home] = features(data.x[~home], None, threads)
    return out


def main() -> None:
    """Run it."""
    parser = arguments(__doc__)
    parser.add_argument("--epochs", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    log = Log(args.cache, "ten", args.seed)
    real, made = Cache(args.cache, "real"), Cache(args.cache, "made")
    data = joined([
        gather(real, {"pbc": set()}, "pbc"),
        gather(real, {"bone_marrow": {"BL"}}, "blasts"),
        gather(made, {"made": {"SMU"}}, "made smudges", validation_tests=True),
        gather(real, {"lmu_rare": {"SMU"}}, "real smudges", trains=False),
        gather(real, {"bone_marrow": {"LY", "MO", "SNE", "EO", "PMY"}}, "other marrow"),
    ])  # fmt: skip
    deep = ten_features(args.cache, data, real, args.threads)
    small = np.stack([cv2.resize(v, (64, 64), interpolation=cv2.INTER_AREA) for v in data.x])
    # The study's table: own test parts of PBC, blasts and smudges; the two further sets are judged apart.
    table = ~data.train & np.isin(data.source, ["pbc", "blasts", "made smudges"])
    for name, others in (("only blasts from marrow", False), ("with other marrow cells", True)):
        train = data.train & ((data.source != "other marrow") | others)
        n = int(train.sum())
        torch.manual_seed(args.seed)
        net = fit(LeNet(classes=10), small[train], data.y[train], args.epochs, args.seed, say=name)
        runs = {
            "LeNet": (classes(net, small), "85 %", STUDY_LENET, f"64 px, adam 0.001, {args.epochs} epochs"),
            "Lite0 features + SVC": (svc(deep[train], data.y[train], deep), "91 % (B1)", STUDY_B1, "128 px"),
        }
        for how, (found, study, table_f1, settings) in runs.items():
            figures = score(data.y[table], found[table], TEN)
            log.add(f"{how}, ten classes, {name}", study, figures, settings, n, f1_text(figures, table_f1))
            more, text = carried(found, data, ~data.train)
            log.add(f"{how}, {name}: how far it carries", "-", more, settings, n, text)


if __name__ == "__main__":
    main()
