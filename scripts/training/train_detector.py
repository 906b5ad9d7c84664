"""Train the detector on TXL-PBC fields and Raabin masks (``python -m scripts.training.train_detector``).

Resumes from `WORK/NAME.pt` when it is there and the run is not finished. `--leave-out SITE` holds a site out of
training; the figures of every site's test groups are printed and written beside the weights.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bloodcells_gui.domain.detections import Detections, overlaps
from bloodcells_gui.inference.decode import decode_maps, pad_to_multiple
from scripts.training import loop
from scripts.training.data import load_items
from scripts.training.detector_net import STRIDE, DetectorNet
from scripts.training.fields_data import Canvas, Field, MosaicMaker, load_raabin_masks, load_txl
from scripts.training.more_fields import in_even_light, load_more

#: Working scale, um per px: a red cell is about 18 px across.
MPP = 0.40
#: Lowest score per class, chosen on the validation groups; for nucleated cells, where several are as good, the lowest that
#: `scripts.training.evaluate_left_out` chooses from.
THRESHOLDS = (0.3, 0.35, 0.45)
#: Share of draws per source: fields of the three sites, Raabin crops with one box, extra (pseudo-labelled) fields.
SHARES = {
    "pbc": 1.0, "raabin": 1.0, "bccd": 1.2, "deepbionet": 1.0, "phone-pig": 1.2, "lisc": 0.8, "masks": 0.7, "extra": 2.0, "synthetic": 0.5
}  # fmt: skip
#: Laboratories with annotated fields.
SITES = ("pbc", "raabin", "bccd", "lisc", "deepbionet", "phone-pig")
# Cells of a class in a batch below which they do not weigh more.
_FEW_CELLS = 8
#: Share of each source's fields that is drawn as it is, the rest in even light.
_AS_IT_IS = 0.25


def targets(canvas: Canvas, size: int) -> tuple[npt.NDArray[np.float32], ...]:
    """Heat (3, s, s), weight (3, s, s), geometry (4, s, s) and its weight (s, s) for one mosaic."""
    side = size // STRIDE
    heat = np.zeros((3, side, side), np.float32)
    weight = np.ones((3, side, side), np.float32)
    geometry = np.zeros((4, side, side), np.float32)
    sure = np.zeros((side, side), np.float32)
    for kind, box in canvas.unknown:
        x0, y0, x1, y1 = (int(v) for v in np.round(np.r_[box[:2], box[:2] + box[2:]] / STRIDE))
        weight[kind, y0 : y1 + 1, x0 : x1 + 1] = 0
    order = np.argsort(-canvas.boxes[:, 2] * canvas.boxes[:, 3])
    for i in order:
        x, y, w, h = canvas.boxes[i]
        kind = int(canvas.classes[i])
        cx, cy = (x + w / 2) / STRIDE, (y + h / 2) / STRIDE
        ix, iy = min(int(cx), side - 1), min(int(cy), side - 1)
        sigma = max(0.65, float(np.sqrt(w * h)) / STRIDE / 7)
        reach = int(3 * sigma + 1)
        xs = np.arange(max(0, ix - reach), min(side, ix + reach + 1))
        ys = np.arange(max(0, iy - reach), min(side, iy + reach + 1))
        bump = np.exp(-((xs[None] - ix) ** 2 + (ys[:, None] - iy) ** 2) / (2 * sigma**2))
        part = heat[kind, ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1]
        np.maximum(part, bump, out=part)
        weight[kind, iy, ix] = 1
        near_x, near_y = slice(max(0, ix - 1), ix + 2), slice(max(0, iy - 1), iy + 2)
        geometry[2, near_y, near_x], geometry[3, near_y, near_x] = np.log(max(w, 1)), np.log(max(h, 1))
        gx, gy = np.meshgrid(np.arange(side)[near_x], np.arange(side)[near_y])
        geometry[0, near_y, near_x], geometry[1, near_y, near_x] = cx - gx, cy - gy
        sure[near_y, near_x] = 0.3
        sure[iy, ix] = 1
    return heat, weight, geometry, sure


def loss_of(heat: Tensor, geometry: Tensor, goal: Sequence[Tensor]) -> Tensor:
    """Penalty-reduced focal loss of the centres, L1 of offset and log size."""
    t_heat, weight, t_geometry, sure = goal
    p = heat.float().clamp(1e-4, 1 - 1e-4)
    positive = (t_heat >= 0.999).float()
    hit = -((1 - p) ** 2) * p.log() * positive
    miss = -(p**2) * (1 - p).log() * (1 - t_heat) ** 4 * (1 - positive) * weight
    share = torch.tensor([1.5, 1.0, 0.4])
    # Each class by its own number of cells, or a hundred red cells would outweigh the one leukocyte.
    each = (hit + miss).sum((0, 2, 3)) / positive.sum((0, 2, 3)).clamp(min=_FEW_CELLS)
    focal = (each * share).sum()
    gap = (geometry.float() - t_geometry).abs() * sure.unsqueeze(1)
    scale = torch.tensor([0.5, 0.5, 2.0, 2.0]).view(1, 4, 1, 1)
    return focal + (gap * scale).sum() / sure.sum().clamp(min=1)


@torch.no_grad()
def detect(net: DetectorNet, image: npt.NDArray[np.uint8], thresholds: Sequence[float]) -> Detections:
    """Detections of one image that is already at the working scale."""
    padded = pad_to_multiple(image)
    x = torch.from_numpy(np.ascontiguousarray(padded.transpose(2, 0, 1))).float()[None]
    heat, geometry = net(x)
    return decode_maps(heat[0].numpy(), geometry[0].numpy(), (image.shape[1], image.shape[0]), thresholds)


def match(
    found: Detections, field: Field, kind: int, iou: float = 0.5
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], int]:
    """Scores and correctness of the detections of one class, and the number of annotated cells.

    Greedy by score; slivers at the image's edge (less than a third of the class's usual area) are neither
    asked for nor counted as wrong.
    """
    mine = found.of_class(kind)
    boxes = field.boxes[field.classes == kind]
    usual = {0: 150.0, 1: 42.0, 2: 5.0}[kind] / field.mpp**2
    asked = boxes[:, 2] * boxes[:, 3] > usual / 3
    taken = np.zeros(len(boxes), bool)
    right = np.zeros(len(mine), bool)
    ignore = mine.boxes[:, 2] * mine.boxes[:, 3] <= usual / 3
    for i in range(len(mine)):
        if len(boxes) == 0:
            break
        overlap = overlaps(mine.boxes[i], boxes)[0]
        overlap[taken] = 0
        best = int(np.argmax(overlap))
        if overlap[best] >= iou:
            taken[best] = True
            right[i] = True
            ignore[i] = not asked[best]
    return mine.scores[~ignore], right[~ignore], int(asked.sum())


def figures(
    detections: Sequence[Detections], fields: Sequence[Field], thresholds: Sequence[float]
) -> dict[str, dict[str, float]]:
    """Recall, precision and average precision of each class at the thresholds."""
    table: dict[str, dict[str, float]] = {}
    for kind, name in enumerate(("nucleated", "red_cell", "platelet")):
        rows = [match(d, f, kind, 0.3 if kind == 2 else 0.5) for d, f in zip(detections, fields, strict=True)]
        scores, right = np.concatenate([r[0] for r in rows]), np.concatenate([r[1] for r in rows])
        cells = sum(r[2] for r in rows)
        order = np.argsort(-scores)
        scores, right = scores[order], right[order]
        recall = np.cumsum(right) / max(cells, 1)
        precision = np.cumsum(right) / np.arange(1, len(right) + 1)
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        ap = float(np.sum(np.diff(np.r_[0, recall]) * envelope))
        n = int((scores > thresholds[kind]).sum())
        f1 = 2 * recall * precision / np.maximum(recall + precision, 1e-9)
        best = int(np.argmax(f1)) if len(f1) else 0
        table[name] = {
            "cells": cells, "hits": int(right[:n].sum()), "found": n,
            "recall": round(float(right[:n].sum() / max(cells, 1)), 4), "precision": round(float(right[:n].sum() / max(n, 1)), 4),
            "ap": round(ap, 4), "best_threshold": round(float(scores[best]), 3) if len(scores) else 0.0,
            "best_recall": round(float(recall[best]), 4) if len(f1) else 0.0, "best_precision": round(float(precision[best]), 4) if len(f1) else 0.0,
        }  # fmt: skip
    return table


def stored(field: Field) -> Field:
    """The field at half the working scale, or as it is where it is coarser."""
    return field.at_scale(max(MPP / 2, field.mpp))


def load_fields(data: Path, work: Path, extra: Path | None) -> tuple[list[Field], list[Field], list[Field]]:
    """Annotated fields, Raabin crops with one box, and pseudo-labelled fields, at half the working scale."""
    items = load_items(data, work)
    txl = [stored(f) for f in (*load_txl(data, items), *load_more(data, items))]
    masks = [stored(f) for f in load_raabin_masks(data, items)]
    more: list[Field] = []
    if extra is not None:
        from scripts.training.pseudo_fields import load_pseudo

        more = load_pseudo(extra)
    return txl, masks, more


def sources_of(
    txl: Sequence[Field], masks: Sequence[Field], extra: Sequence[Field], leave_out: Sequence[str]
) -> tuple[list[Field], list[float]]:
    """The fields to train on, as they are and in even light, and how often each is drawn."""

    def kept(f: Field) -> bool:
        return f.split == "train" and f.site not in leave_out

    train = [f for f in txl if kept(f)]
    sources = [f.site for f in train]
    for name, group in (("masks", masks), ("extra", extra)):
        chosen = [f for f in group if kept(f)]
        train += chosen
        sources += ["synthetic" if f.site == "synthetic" else name for f in chosen]
    draws = [SHARES[s] / sources.count(s) for s in sources]
    lit = [in_even_light(f) for f in train]
    return [*train, *lit], [*(_AS_IT_IS * d for d in draws), *((1 - _AS_IT_IS) * d for d in draws)]


def report_of(
    net: DetectorNet, txl: Sequence[Field], leave_out: Sequence[str]
) -> dict[str, dict[str, dict[str, float]]]:
    """Figures of every site's validation and test groups, in even light; of a site left out, all of it is test."""
    report = {}
    for split in ("val", "test"):
        for site in SITES:
            every = site in leave_out and split == "test"
            chosen = [
                in_even_light(f).at_scale(MPP) for f in txl if f.site == site and (f.split == split or every)
            ]
            report[f"{split} {site}"] = figures(
                [detect(net, f.image, (0.2, 0.2, 0.2)) for f in chosen], chosen, THRESHOLDS
            )
            print(split, site, len(chosen), json.dumps(report[f"{split} {site}"]), flush=True)
    return report


def main() -> None:
    """Train, evaluate, save."""
    parser = loop.options(__doc__, name="detector", steps=2500, batch=12)
    parser.add_argument(
        "--leave-out", nargs="*", default=[], choices=SITES, help="sites to hold out of training"
    )
    parser.add_argument("--extra", type=Path, default=None, help="npz of pseudo-labelled or synthetic fields")
    parser.add_argument("--size", type=int, default=256)
    args = parser.parse_args()
    loop.prepare(args)
    txl, masks, extra = load_fields(args.data, args.work, args.extra)
    train, weights = sources_of(txl, masks, extra, args.leave_out)
    print(f"{len(train)} fields to train on; left out: {' '.join(args.leave_out) or 'no site'}", flush=True)
    training = loop.Training(DetectorNet, args)
    maker = MosaicMaker(train, MPP, weights, args.size)

    def batch(step: int) -> tuple[Tensor, list[Tensor]]:
        rng = np.random.default_rng((args.seed, step))
        canvases = [maker.draw(rng) for _ in range(args.batch)]
        goals = [targets(c, args.size) for c in canvases]
        images = torch.from_numpy(np.stack([c.image for c in canvases])).permute(0, 3, 1, 2)
        return images, [torch.from_numpy(np.stack(g)) for g in zip(*goals, strict=True)]

    training.run(batch, training.net, lambda found, goal: loss_of(*found, goal))
    report = report_of(training.averaged.eval(), txl, args.leave_out)
    (args.work / f"{args.name}.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
