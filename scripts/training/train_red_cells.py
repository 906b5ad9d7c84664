"""Train the network that names red cells by shape (``python -m scripts.training.train_red_cells --threads 1``).

Views are turned, mirrored, shifted and scaled (8 %) and go through the stain, light, blur, dimness and camera changes of the other
models. Classes are drawn by the root of their size, and some views are weakly normal cells of other laboratories. The run is taken up again where it ended (`.train/NAME.pt`); figures of the
validation fields go to `.train/NAME.json`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from bloodcells_gui.inference.preprocess import crop_at_scale
from scripts.training import loop
from scripts.training.augment import light, optics, recolour, stain
from scripts.training.degrade import SHARES, cast, defocus, dim, flat
from scripts.training.precision import autocast
from scripts.training.red_cells_data import CACHE_PX, CODES, SHAPES, RedCellSet
from scripts.training.red_cells_data import UM_PER_PX as CACHE_UM
from scripts.training.red_cells_elsewhere import Elsewhere
from scripts.training.red_cells_net import SIZE, UM_PER_PX, RedCellNet

#: Share of the views that keep the look of their laboratory.
_GENTLE = 0.25
_RECOLOURED = 0.12
_SMOOTHING = 0.05
#: How sure it is that a cell of another laboratory is normal.
_WEAKLY = 0.7
_DEGRADED = {"cast": cast, "dim": dim, "flat": flat, "defocus": defocus}


def turned(window: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A view (96, 96, 3) of a cached window (128, 128, 3): any angle, mirrored or not, 8 % larger or smaller, 0.35 um aside."""
    zoom = CACHE_UM / UM_PER_PX * float(np.exp(np.clip(rng.normal(0, 0.05), -0.08, 0.08)))
    aspect = float(np.exp(rng.normal(0, 0.01)))
    angle = rng.uniform(0, 2 * np.pi)
    flip = -1.0 if rng.random() < 0.5 else 1.0
    c, s = np.cos(angle) * zoom, np.sin(angle) * zoom
    matrix = np.array([[c * flip * aspect, -s, 0], [s * flip * aspect, c, 0]], np.float64)
    middle = CACHE_PX / 2 + rng.normal(0, 0.35 / CACHE_UM, 2)
    matrix[:, 2] = SIZE / 2 - matrix[:, :2] @ middle
    how = cv2.INTER_LINEAR if rng.random() < 0.6 else cv2.INTER_CUBIC
    view = cv2.warpAffine(window, matrix, (SIZE, SIZE), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(view, np.uint8)


def changed(view: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Another stain, light and camera."""
    gentle = rng.random() < _GENTLE
    if rng.random() < _RECOLOURED and not gentle:
        view = recolour(view, rng)
    else:
        view = stain(view, rng, float(rng.uniform(0.2, 0.4 if gentle else 0.9)))
    if gentle:
        return np.asarray(view, np.uint8)
    if rng.random() < 0.7:
        view = light(view, rng)
    for name, change in _DEGRADED.items():
        if rng.random() < 0.5 * SHARES[name]:
            view = change(view, rng)
    return np.asarray(optics(view, rng) if rng.random() < 0.6 else view, np.uint8)


class Views:
    """Draws batches of training views, a share `weak` of them weakly normal cells of other laboratories."""

    def __init__(
        self, cells: RedCellSet, seed: int, batch: int, balance: float, elsewhere: Elsewhere | None = None,
        weak: float = 0.0,
    ) -> None:  # fmt: skip
        rows = cells.of("train")
        classes = cells.classes[rows]
        sizes = np.bincount(classes, minlength=len(CODES)).astype(np.float64)
        weights = sizes[classes] ** -balance
        share, windows, goals = weights / weights.sum(), [cells.windows[rows]], [np.eye(len(CODES))[classes]]
        if elsewhere is not None and weak > 0:
            mine = elsewhere.weak()
            normal = np.full(len(CODES), (1 - _WEAKLY) / len(CODES))
            normal[0] += _WEAKLY
            windows.append(elsewhere.windows[mine])
            goals.append(np.tile(normal, (len(mine), 1)))
            share = np.concatenate([(1 - weak) * share, np.full(len(mine), weak / len(mine))])
        self.windows, self.goals, self.share = np.concatenate(windows), np.concatenate(goals), share
        self.seed, self.batch = seed, batch

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """Images (n, 3, 96, 96) uint8 and goals (n, K) float32 of a step; the same for the same seed and step."""
        rng = np.random.default_rng((self.seed, step))
        rows = rng.choice(len(self.share), self.batch, p=self.share)
        views = np.stack([changed(turned(self.windows[i], rng), rng) for i in rows])
        return torch.from_numpy(views).permute(0, 3, 1, 2), torch.from_numpy(self.goals[rows]).float()


def middles(windows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What the program would cut of cached windows: their middle, (n, 96, 96, 3)."""
    middle = (CACHE_PX / 2, CACHE_PX / 2)
    return np.stack([crop_at_scale(w, middle, CACHE_UM, SIZE, UM_PER_PX) for w in windows])


@torch.no_grad()
def predict(net: torch.nn.Module, views: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Logits (n, K) of views (n, 96, 96, 3)."""
    out = []
    for start in range(0, len(views), 128):
        x = torch.from_numpy(np.ascontiguousarray(views[start : start + 128])).permute(0, 3, 1, 2).float()
        with autocast():
            out.append(net(x.contiguous(memory_format=torch.channels_last)).float().numpy())
    return np.concatenate(out) if out else np.zeros((0, len(CODES)), np.float32)


def scores(truth: NDArray[np.int64], found: NDArray[np.int64]) -> dict[str, object]:
    """Accuracy and macro-F1 over the twelve shapes, F1 of each and the confusion (rows true)."""
    keep = truth < SHAPES
    truth, found = truth[keep], found[keep]
    matrix = np.zeros((len(CODES), len(CODES)), int)
    np.add.at(matrix, (truth, found), 1)
    hits = np.diag(matrix)[:SHAPES]
    f1 = 2 * hits / np.maximum(1, matrix.sum(0)[:SHAPES] + matrix.sum(1)[:SHAPES])
    return {
        "n": len(truth), "accuracy": round(float(hits.sum() / max(1, len(truth))), 4),
        "macro_f1": round(float(f1.mean()), 4),
        "f1": dict(zip(CODES, np.round(f1, 3).tolist(), strict=False)),
        "confusion": matrix[:SHAPES].tolist(),
    }  # fmt: skip


def text_of(confusion: Sequence[Sequence[int]]) -> str:
    """A confusion matrix to look at."""
    head = " " * 8 + "".join(f"{c[:5]:>6s}" for c in CODES)
    return "\n".join(
        [head, *(f"{CODES[i]:8s}" + "".join(f"{v:6d}" for v in row) for i, row in enumerate(confusion))]
    )


def main() -> None:
    """Train, judge on the validation fields, save."""
    parser = loop.options(__doc__, name="red-cells", steps=7000, batch=64)
    parser.add_argument(
        "--balance", type=float, default=0.5, help="0: as in the set; 1: every class as often"
    )
    parser.add_argument(
        "--weak", type=float, default=0.08, help="share of weakly normal cells of other laboratories"
    )
    parser.add_argument("--classifier", type=Path, default=Path("models/classifier-lite0/model.onnx"))
    args = parser.parse_args()
    loop.prepare(args)
    cells = RedCellSet.load(args.work)
    elsewhere = Elsewhere.load(args.work) if args.weak > 0 else None
    views = Views(cells, args.seed, args.batch, args.balance, elsewhere, args.weak)

    def fresh() -> RedCellNet:
        net = RedCellNet(len(CODES))
        net.load_classifier(args.classifier)
        return net

    training = loop.Training(fresh, args)
    training.run(
        views.draw,
        training.net,
        lambda found, goal: F.cross_entropy(found.float(), goal, label_smoothing=_SMOOTHING),
    )
    rows = cells.of("validation")
    logits = predict(training.averaged.eval(), middles(cells.windows[rows]))
    report = scores(cells.classes[rows], logits.argmax(1))
    print(json.dumps({k: v for k, v in report.items() if k != "confusion"}))
    print(text_of(report["confusion"]))  # type: ignore[arg-type]
    (args.work / f"{args.name}.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
