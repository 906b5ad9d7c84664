"""Train the segmenter (``python -m scripts.training.train_segmenter``): Raabin's masks, then also pseudo-masks of
other sites.

Resumes from `WORK/NAME.pt`. The unseen site (tecom) is only ever evaluated, at the end.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bloodcells_gui.inference.masks import clean_mask
from scripts.training import loop
from scripts.training.data import SITE_UM, Item, load_items
from scripts.training.masks_data import (
    CELL_ANY,
    IGNORE,
    STORE_MPP,
    WINDOW_MPP,
    Masked,
    WindowMaker,
    load_negatives,
    load_raabin,
    load_tecom,
    window,
)
from scripts.training.segmenter_net import SegmenterNet


def loss_of(logits: Tensor, mask: Tensor) -> Tensor:
    """Cross-entropy with the parts summed where only the cell is known, plus soft Dice of cell and
    nucleus."""
    log_p = torch.log_softmax(logits.float(), 1)
    known = mask != IGNORE
    target = torch.where(known & (mask < CELL_ANY), mask, 0).long()
    ce = -log_p.gather(1, target[:, None])[:, 0]
    either = -torch.logsumexp(log_p[:, 1:], 1)
    ce = torch.where(mask == CELL_ANY, either, ce) * known
    p = log_p.exp()
    cell_p = (p[:, 1] + p[:, 2]) * known
    cell_t = ((mask > 0) & known).float()
    cell = 1 - (2 * (cell_p * cell_t).sum((1, 2)) + 20) / (cell_p.sum((1, 2)) + cell_t.sum((1, 2)) + 20)
    sure = (known & (mask != CELL_ANY)).float()
    full = ((mask == CELL_ANY).sum((1, 2)) == 0).float()
    nucleus_p, nucleus_t = p[:, 2] * sure, (mask == 2).float()
    nucleus = 1 - (2 * (nucleus_p * nucleus_t).sum((1, 2)) + 20) / (
        nucleus_p.sum((1, 2)) + nucleus_t.sum((1, 2)) + 20
    )
    return (
        ce.sum() / known.sum().clamp(min=1)
        + 0.5 * cell.mean()
        + 0.5 * (nucleus * full).sum() / full.sum().clamp(min=1)
    )


@torch.no_grad()
def predict(
    net: SegmenterNet, images: npt.NDArray[np.uint8], turns: Sequence[tuple[int, bool]] = ((0, False),)
) -> npt.NDArray[np.float32]:
    """Probabilities (n, 3, 128, 128); the mean over `turns`, quarter turns and
    flips."""
    out = []
    for start in range(0, len(images), 32):
        x = torch.from_numpy(images[start : start + 32]).permute(0, 3, 1, 2).float()
        total = torch.zeros(x.shape[0], 3, x.shape[2], x.shape[3])
        for k, f in turns:
            view = torch.rot90(x.flip(3) if f else x, k, (2, 3))
            p = torch.rot90(net(view.contiguous()).float(), -k, (2, 3))
            total += p.flip(3) if f else p
        out.append((total / len(turns)).numpy())
    return np.concatenate(out)


def dice(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> float:
    """2|A and B| / (|A| + |B|); 1 when both are empty."""
    total = int(a.sum() + b.sum())
    return 1.0 if total == 0 else float(2 * (a & b).sum() / total)


def summary(
    masks: Sequence[npt.NDArray[np.uint8]], truths: Sequence[npt.NDArray[np.uint8]], seed: int = 0
) -> dict[str, float]:
    """Mean Dice with bootstrap 95 % limits, whole cell and nucleus (where the truth has one)."""
    cell = [dice(m > 0, t > 0) for m, t in zip(masks, truths, strict=True)]
    nucleus = [dice(m == 2, t == 2) for m, t in zip(masks, truths, strict=True) if (t == 2).any()]
    rng = np.random.default_rng(seed)
    out: dict[str, float] = {"n": len(cell)}
    for name, values in (("cell", np.array(cell)), ("nucleus", np.array(nucleus))):
        means = [float(rng.choice(values, len(values)).mean()) for _ in range(1000)]
        out[name] = round(float(values.mean()), 4)
        low, high = np.percentile(means, [2.5, 97.5])
        out[f"{name}_low95"], out[f"{name}_high95"] = round(float(low), 4), round(float(high), 4)
        out[f"{name}_p5"] = round(float(np.percentile(values, 5)), 4)
    return out


def figures(
    net: SegmenterNet, windows: Sequence[tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]]
) -> dict[str, float]:
    """`summary` of a network in training."""
    p = predict(net, np.stack([w[0] for w in windows]))
    return summary([clean_mask(q) for q in p], [w[1] for w in windows])


def masks_to_train_on(
    raabin: Sequence[Masked], negatives: Sequence[Masked], extra: Sequence[Path], share: float
) -> tuple[list[Masked], list[float]]:
    """All masks of the training groups and how often each is drawn; `share` is the part of Raabin's.

    Within a source the root tempers the sizes: a rare class is drawn more often, but not as often as a common
    one. People drew Raabin's masks alone, so they are half of what is drawn or more.
    """
    train = [*raabin, *negatives]
    labels = [f"raabin {m.label}" for m in raabin] + ["NONE"] * len(negatives)
    for path in extra:
        from scripts.training.pseudo_masks import load_pseudo_masks

        more = [m for m in load_pseudo_masks(path) if m.split == "train"]
        train += more
        labels += [f"{m.site} {m.label}" for m in more]
    shares = {"raabin": share, "NONE": 0.08}
    roots = [labels.count(k) ** -0.5 for k in labels]
    source = [k if k == "NONE" else k.split()[0] if k.startswith("raabin") else "pseudo" for k in labels]
    # Small, purple and without a nucleus: platelets must not win over the small dark nuclei of erythroblasts.
    roots = [r * {"PLT": 0.4, "ERB": 1.6}.get(k.split()[-1], 1.0) for r, k in zip(roots, labels, strict=True)]
    totals = {k: sum(r for r, s in zip(roots, source, strict=True) if s == k) for k in set(source)}
    draws = [shares.get(s, 0.92 - share) * r / totals[s] for r, s in zip(roots, source, strict=True)]
    return train, draws


def report_of(net: SegmenterNet, data: Path, items: Sequence[Item]) -> dict[str, dict[str, float]]:
    """Figures of Raabin's validation and test groups and of the site that is never trained on."""
    report = {}
    for split in ("val", "test"):
        mine = [i for i in items if i.split == split]
        for registered, name in ((True, "raabin"), (False, "raabin, masks as published")):
            crops = load_raabin(data, mine, registered=registered)
            chosen = [window(m.image, m.mask, STORE_MPP, WINDOW_MPP) for m in crops]
            report[f"{split} {name}"] = figures(net, chosen)
            print(split, name, json.dumps(report[f"{split} {name}"]), flush=True)
    tecom = [(image, mask) for image, mask, _ in load_tecom(data, items, SITE_UM["tecom"])]
    report["unseen tecom"] = figures(net, tecom)
    print("unseen tecom", json.dumps(report["unseen tecom"]), flush=True)
    return report


def main() -> None:
    """Train, evaluate, save."""
    parser = loop.options(__doc__, name="segmenter", steps=4000, batch=24)
    parser.add_argument("--extra", type=Path, nargs="*", default=[], help="npz files of pseudo-masks")
    parser.add_argument(
        "--no-raabin", action="store_true", help="leave Raabin's masks out (leave-one-site-out)"
    )
    parser.add_argument("--share", type=float, default=0.5, help="part of the draws that are Raabin's")
    args = parser.parse_args()
    loop.prepare(args)
    items = load_items(args.data, args.work)
    raabin = [] if args.no_raabin else load_raabin(args.data, [i for i in items if i.split == "train"])
    negatives = [m for m in load_negatives(args.data, items) if m.split == "train"]
    train, draws = masks_to_train_on(raabin, negatives, args.extra, args.share)
    print(f"{len(train)} masks to train on", flush=True)
    training = loop.Training(SegmenterNet, args)
    maker = WindowMaker(train, draws) if train else None

    def batch(step: int) -> tuple[Tensor, Tensor]:
        assert maker is not None
        rng = np.random.default_rng((args.seed, step))
        images, masks = zip(*(maker.draw(rng) for _ in range(args.batch)), strict=True)
        return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2), torch.from_numpy(np.stack(masks))

    training.run(batch, training.net.logits, loss_of)
    report = report_of(training.averaged.eval(), args.data, items)
    (args.work / f"{args.name}.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
