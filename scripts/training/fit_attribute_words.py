"""Fit what says a cell's look in words, from what the program knows of it anyway: embedding and measurements.

    python -m scripts.training.fit_attribute_words --out models/words-1/words.json

Taught by eleven attributes that pathologists gave PBC crops (WBCAtt, Tsutsui et al. 2023). Every crop goes
through the program as it stands. The project's split decides: the training crops teach, the validation crops
choose the penalty and the temperature, the test fifth is only judged; copies of a crop are on one side. The
words belong to the network whose embeddings they were fitted on: repeat the command for another one.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from bloodcells_gui.app.analysis_wiring import cell_analyzer
from bloodcells_gui.app.engine import Engine, load_engine
from bloodcells_gui.domain.attributes import ATTRIBUTES, SURE
from bloodcells_gui.imaging.measure import MEASUREMENTS
from bloodcells_gui.inference.attribute_words import (
    MEASURES,
    SIZES,
    AttributeWords,
    colours_of,
    expanded,
    look_distance,
    network_of,
)
from bloodcells_gui.pipeline.cell_place import CellPlace
from scripts.training.attributes import FILE
from scripts.training.data import load_items, read_rgb
from scripts.training.metrics import ece, exact_limits

_AT_ONCE = 16
_DECAYS = (0.3, 1.0, 3.0)
_STEPS, _BATCH, _RATE = 1500, 512, 3e-3
_TEMPERATURES = np.exp(np.linspace(np.log(0.5), np.log(4.0), 40))
_GOLDEN = 8
#: Classes that the labels know; the words say nothing of others.
CLASSES = {
    "Neutrophil": "NEUTROPHIL", "Eosinophil": "EOSINOPHIL", "Basophil": "BASOPHIL",
    "Lymphocyte": "LYMPHOCYTE", "Monocyte": "MONOCYTE",
}  # fmt: skip
TAUGHT_ON = ("SNE", "BNE", "EO", "BA", "LY", "MO")


@dataclass(frozen=True, eq=False)
class Cells:
    """Crops with attributes: features (n, D + M), values (n, 11) and class (n,) by number, split."""

    names: np.ndarray
    embedding: np.ndarray
    measured: np.ndarray
    values: np.ndarray
    classes: np.ndarray
    split: np.ndarray

    def of(self, split: str) -> np.ndarray:
        """Row numbers of a split."""
        return np.flatnonzero(self.split == split)


def features(engine: Engine, data: Path, cache: Path) -> Cells:
    """Analyse every crop with attributes as the program would, or read what was kept of it."""
    with (data / FILE).open(newline="", encoding="utf-8") as handle:
        rows = {row["img_name"]: row for row in csv.DictReader(handle)}
    items = [i for i in load_items(data, cache) if i.set == "pbc" and Path(i.path).name in rows]
    kept = cache / f"attribute-features-{network_of(engine.classifier.bundle)[:12]}.npz"
    if not kept.is_file():
        _analyse(engine, data, [i.path for i in items], [i.um_per_px for i in items], kept)
    found = np.load(kept, allow_pickle=False)
    if list(found["paths"]) != [i.path for i in items]:
        raise SystemExit(f"{kept} is of other crops: remove it")
    chosen = [rows[Path(i.path).name] for i in items]
    values = [[[w.key for w in a.words].index(row[a.key]) for a in ATTRIBUTES] for row in chosen]
    return Cells(
        found["paths"],
        found["embedding"],
        found["measured"],
        np.array(values),
        np.array([list(CLASSES).index(row["label"]) for row in chosen]),
        np.array([i.split for i in items]),
    )


def _analyse(engine: Engine, data: Path, paths: list[str], scales: list[float], kept: Path) -> None:
    work = cell_analyzer(engine)
    columns = [MEASUREMENTS.index(name) for name in MEASURES]
    embedding, measured = [], []
    for k in range(0, len(paths), _AT_ONCE):
        places = []
        for path, um in zip(paths[k : k + _AT_ONCE], scales[k : k + _AT_ONCE], strict=True):
            picture = read_rgb(data / path)
            height, width = picture.shape[:2]
            places.append(CellPlace(0, picture, (0, 0), (width / 2, height / 2), um))
        for cell, assets in work.process(places):
            embedding.append(np.asarray(assets.embedding, np.float32))
            measured.append(np.asarray(cell.measurements[columns], np.float32))
        if k % (50 * _AT_ONCE) == 0:
            print(f"{k + len(places)} of {len(paths)} crops", flush=True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.savez(kept, paths=np.array(paths), embedding=np.array(embedding), measured=np.array(measured))


def _train(
    x: np.ndarray, goals: np.ndarray, sizes: Sequence[int], decay: float
) -> tuple[np.ndarray, np.ndarray]:
    """One linear layer (F, W) with its bias for several softmaxes at once, from features (n, F)."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    inputs, wanted = torch.from_numpy(np.asarray(x, np.float32)), torch.from_numpy(goals)
    layer = torch.nn.Linear(x.shape[1], sum(sizes))
    optimiser = torch.optim.AdamW(layer.parameters(), lr=_RATE, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _STEPS)
    order = torch.Generator().manual_seed(0)
    for _ in range(_STEPS):
        rows = torch.randint(len(inputs), (_BATCH,), generator=order)
        parts = layer(inputs[rows]).split(list(sizes), dim=1)
        loss = torch.stack([F.cross_entropy(p, wanted[rows, k]) for k, p in enumerate(parts)]).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return layer.weight.detach().numpy().T.copy(), layer.bias.detach().numpy().copy()


def _log_loss(logits: np.ndarray, goals: np.ndarray, heat: float = 1.0) -> float:
    scaled = logits / heat - (logits / heat).max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(goals)), goals]))


def _best_heat(logits: np.ndarray, goals: np.ndarray) -> float:
    return float(min(_TEMPERATURES, key=lambda heat: _log_loss(logits, goals, heat)))


def fit(cells: Cells, network: str) -> AttributeWords:
    """Fit on the training crops; the validation crops choose penalty and temperatures."""
    x = np.concatenate([cells.embedding, cells.measured], axis=1)
    train, val = cells.of("train"), cells.of("val")
    mean, scale = np.nanmean(x[train], axis=0), np.nanstd(x[train], axis=0) + 1e-6
    wide = expanded(x, mean, scale)
    cuts = np.cumsum(SIZES)[:-1]
    tried = []
    for decay in _DECAYS:
        weights, bias = _train(wide[train], cells.values[train], SIZES, decay)
        parts = np.split(wide[val] @ weights + bias, cuts, axis=1)
        heats = [_best_heat(p, cells.values[val, k]) for k, p in enumerate(parts)]
        loss = sum(_log_loss(p, cells.values[val, k], heats[k]) for k, p in enumerate(parts))
        print(f"weight decay {decay}: validation log loss {loss:.3f}", flush=True)
        tried.append((loss, decay, weights, bias, heats))
    _, _, weights, bias, heats = min(tried, key=lambda t: t[0])
    none = np.zeros((sum(SIZES), len(CLASSES)), np.float32)
    words = AttributeWords(
        network, mean, scale, weights, bias, np.array(heats, np.float32), tuple(CLASSES.values()), none, none[0],
        frozenset(TAUGHT_ON), *_look(cells),
    )  # fmt: skip
    p = words.probabilities(x)
    class_weights, class_bias = _train(p[train], cells.classes[train, None], [len(CLASSES)], 0.1)
    heat = _best_heat(p[val] @ class_weights + class_bias, cells.classes[val])
    return replace(words, class_weights=class_weights / heat, class_bias=class_bias / heat)


def _look(cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and inverse covariance of the measures of colour, and the distance of 99 of 100 validation cells."""
    colours = colours_of(cells.measured)[cells.of("train")]
    whole = colours[np.isfinite(colours).all(axis=1)].astype(np.float64)
    mean = np.asarray(whole.mean(axis=0), np.float32)
    inverse = np.asarray(np.linalg.inv(np.cov(whole.T) + 1e-6 * np.eye(whole.shape[1])), np.float32)
    distance = look_distance(cells.measured[cells.of("val")], mean, inverse)
    return mean, inverse, np.array([np.quantile(distance[np.isfinite(distance)], 0.99)], np.float32)


def figures(words: AttributeWords, cells: Cells) -> dict:
    """On the untouched fifth: by attribute accuracy, macro F1, calibration, and how often a word is sure and right."""
    test = cells.of("test")
    p = words.probabilities(np.concatenate([cells.embedding, cells.measured], axis=1)[test])
    out: dict = {}
    for k, (attribute, part) in enumerate(
        zip(ATTRIBUTES, np.split(p, np.cumsum(SIZES)[:-1], axis=1), strict=True)
    ):
        truth, found, top = cells.values[test, k], part.argmax(axis=1), part.max(axis=1)
        right, sure = found == truth, top >= SURE
        out[attribute.key] = {
            "macro_f1": round(macro_f1(truth, found, SIZES[k]), 4),
            "accuracy": round(float(right.mean()), 4),
            "ece": round(ece(top, right), 4),
            "sure": round(float(sure.mean()), 4),
            "right_of_sure": round(float(right[sure].mean()), 4),
            "right_of_sure_95": exact_limits(int(right[sure].sum()), int(sure.sum())),
        }
    classes = words.class_probabilities(p)
    agreed = classes.argmax(axis=1) == cells.classes[test]
    taught = words.looks_taught(cells.measured[test])
    return {
        "looks_taught": round(float(taught.mean()), 4),
        "crops": {s: len(cells.of(s)) for s in ("train", "val", "test")},
        "macro_f1": round(float(np.mean([a["macro_f1"] for a in out.values()])), 4),
        "attributes": out,
        "class_of_words": {
            "accuracy": round(float(agreed.mean()), 4),
            "ece": round(ece(classes.max(axis=1), agreed), 4),
        },
    }


def macro_f1(truth: np.ndarray, found: np.ndarray, values: int) -> float:
    """Mean F1 of the values of an attribute that occur."""
    scores = []
    for value in range(values):
        hits = int(((truth == value) & (found == value)).sum())
        both = int((truth == value).sum() + (found == value).sum())
        if both:
            scores.append(2 * hits / both)
    return float(np.mean(scores))


def main() -> None:
    """Run as a module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("models/words-1/words.json"))
    parser.add_argument("--bundle", type=Path, action="append", default=[])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    args = parser.parse_args()
    engine = load_engine(args.bundle)
    bundle = engine.classifier.bundle
    cells = features(engine, args.data, args.cache)
    words = fit(cells, network_of(bundle))
    found = figures(words, cells)
    print(json.dumps(found, indent=1))
    about = {
        "title": "Eleven attributes of leukocytes in words",
        "classifier": f"{bundle.id} {bundle.version}",
        "data": "WBCAtt (Tsutsui et al. 2023, MIT) on crops of PBC (Acevedo et al. 2020, CC BY 4.0)",
        "measured_on_the_untouched_fifth": found,
    }
    x = np.concatenate([cells.embedding, cells.measured], axis=1)
    golden = np.nan_to_num(x[cells.of("val")][:: max(1, len(cells.of("val")) // _GOLDEN)][:_GOLDEN])
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(words.to_json(golden, about) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
