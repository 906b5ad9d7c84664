"""OpenCV contours as the only teacher of small U-Net and FCN masks, scored against Raabin's masks drawn by people.

As in the study: an image-processing contour works where no red cells touch the cell; such images (the study chose 1,400 by eye, ours are
chosen by rule) teach the two networks, which then have to do better where the contour fails. The study judged by eye;
ours is Dice of the whole cell on Raabin's untouched sessions and on the `tecom` site. No mask of a person is used in training.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bloodcells_gui.inference.masks import central_component, fill_holes
from scripts.study.common import ROW, Log, arguments
from scripts.study.training import as_batch
from scripts.training.data import CACHE_UM, Cache, load_items
from scripts.training.masks_data import STORE_MPP, WINDOW_MPP, load_raabin, load_tecom, window
from scripts.training.precision import autocast
from scripts.training.train_segmenter import dice

SIDE = 96
WINDOW_UM = 128 * WINDOW_MPP
UM = WINDOW_UM / SIDE
KEYS = ("contour clean", "contour not clean")


def contour(image: np.ndarray, parting: bool = False) -> tuple[np.ndarray, bool]:
    """The central cell of a (96, 96, 3) window by Otsu's thresholds and contours, and whether it looks like one cell alone.

    The nucleus is what Otsu's threshold on green darkness plus purpleness leaves; the cell is the central piece of what a second
    threshold leaves of the rest. With `parting`, a piece that does not look like one cell is cut loose by a watershed.
    """
    smooth = cv2.GaussianBlur(image, (0, 0), 1.0).astype(np.float32)
    field = np.percentile(smooth.reshape(-1, 3), 90, axis=0)
    _, g, b = (smooth / (field + 1e-3)).transpose(2, 0, 1)
    # Red cells pass red light and hold back blue and green alike; cytoplasm and nuclei are bluer than they are green.
    purple = np.clip(b - g, 0, 1) + 0.6 * np.clip(1 - g, 0, 1)
    level = (255 * purple / (purple.max() + 1e-6)).astype(np.uint8)
    cut, nucleus = cv2.threshold(level, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    rest = level[level < cut]
    low = (
        cv2.threshold(rest.reshape(1, -1), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[0]
        if rest.size > 16
        else cut
    )
    cell = (level > min(low, cut)).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    cell = cv2.morphologyEx(cv2.morphologyEx(cell, cv2.MORPH_CLOSE, disc), cv2.MORPH_OPEN, disc)
    part = central_component(cell, np.ones(cell.shape, np.float32))
    if part is None:
        return np.zeros(cell.shape, np.uint8), False
    mask = fill_holes(part)
    if clean(mask, nucleus > 0) or not parting:
        return mask, clean(mask, nucleus > 0)
    parted = cut_loose(smooth.astype(np.uint8), cell, nucleus)
    return (parted, clean(parted, nucleus > 0)) if parted is not None else (mask, False)


def cut_loose(image: np.ndarray, foreground: np.ndarray, nucleus: np.ndarray) -> np.ndarray | None:
    """The central cell parted from red cells that touch it: watershed from its nucleus, the blank field and the other cells' middles."""
    core = central_component(
        cv2.morphologyEx((nucleus > 0).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)),
        np.ones(nucleus.shape, np.float32),
    )
    if core is None:
        return None
    depth = cv2.distanceTransform(foreground, cv2.DIST_L2, 5)
    reach = 2 * round(1.6 / UM) + 1
    near = cv2.dilate(core, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    others = ((depth > 1.4 / UM) & (near == 0)).astype(np.uint8)
    _, markers = cv2.connectedComponents(others)
    markers = markers.astype(np.int32)
    markers[markers > 0] += 2
    markers[cv2.dilate(foreground, np.ones((3, 3), np.uint8)) == 0] = 1
    markers[core > 0] = 2
    # The rim of the window counts as not cell: cv2.watershed marks it so anyway.
    found = (cv2.watershed(image, markers) == 2).astype(np.uint8)
    part = central_component(
        cv2.morphologyEx(found, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))),
        np.ones(found.shape, np.float32),
    )
    return None if part is None else fill_holes(part)


def clean(mask: np.ndarray, nucleus: np.ndarray) -> bool:
    """Whether a contour may teach: a convex piece of a cell's size in the middle that holds a nucleus and meets no edge."""
    area = float(mask.sum()) * UM**2
    if not 25 < area < 330 or mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any():
        return False
    outline = max(cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=cv2.contourArea)
    hull = cv2.contourArea(cv2.convexHull(outline))
    around = cv2.arcLength(outline, True)
    centre = np.argwhere(mask).mean(0)
    held = (nucleus & (mask > 0)).sum() / mask.sum()
    round_enough = 4 * np.pi * cv2.contourArea(outline) / max(around, 1.0) ** 2 > 0.68
    middle = np.hypot(*(centre - (SIDE - 1) / 2)) * UM < 3.0
    return bool(
        cv2.contourArea(outline) / max(hull, 1.0) > 0.93 and round_enough and middle and 0.12 < held < 0.98
    )


def double(cin: int, cout: int) -> nn.Sequential:
    """Two 3x3 convolutions with group norm (no batch statistics: the sites differ)."""
    layers: list[nn.Module] = []
    for a in (cin, cout):
        layers += [nn.Conv2d(a, cout, 3, 1, 1), nn.GroupNorm(8, cout), nn.ReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Ronneberger et al. 2015, three levels, narrow: (n, 3, 96, 96) in 0..255 -> logits (n, 1, 96, 96)."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        a, b, c, d = width, 2 * width, 4 * width, 8 * width
        self.down = nn.ModuleList([double(3, a), double(a, b), double(b, c), double(c, d)])
        self.up = nn.ModuleList([double(d + c, c), double(c + b, b), double(b + a, a)])
        self.head = nn.Conv2d(a, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = (x - 127.5) / 64
        held = []
        for k, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if k else x)
            held.append(x)
        for block, side in zip(self.up, reversed(held[:-1]), strict=True):
            x = block(torch.cat([F.interpolate(x, scale_factor=2.0), side], 1))
        return self.head(x)


class FCN(nn.Module):
    """FCN-8s (Long et al. 2015) on a narrow VGG-shaped trunk: scores of strides 8, 16 and 32 summed, then enlarged eight times."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        widths = (3, width, 2 * width, 4 * width, 8 * width, 8 * width)
        self.blocks = nn.ModuleList([double(a, b) for a, b in pairwise(widths)])
        self.scores = nn.ModuleList([nn.Conv2d(w, 1, 1) for w in widths[3:]])

    def forward(self, x: Tensor) -> Tensor:
        x = (x - 127.5) / 64
        held = []
        for k, block in enumerate(self.blocks):
            x = F.max_pool2d(block(x), 2)
            if k >= 2:
                held.append(self.scores[k - 2](x))
        out = held[2]
        for finer in (held[1], held[0]):
            out = (
                F.interpolate(out.float(), size=finer.shape[2:], mode="bilinear", align_corners=False) + finer
            )
        return F.interpolate(out.float(), scale_factor=8.0, mode="bilinear", align_corners=False)


def train(
    net: nn.Module, x: np.ndarray, masks: np.ndarray, epochs: int, seed: int, say: str, rate: float = 2e-3
) -> nn.Module:
    """Cross-entropy plus soft Dice, random quarter turns and flips, cosine rate."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net.to(memory_format=torch.channels_last)
    steps = torch.optim.AdamW(net.parameters(), rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(steps, epochs * -(-len(x) // 16))
    net.train()
    for epoch in range(epochs):
        order, losses = rng.permutation(len(x)), []
        for k in range(0, len(x), 16):
            rows = order[k : k + 16]
            turn, flip = int(rng.integers(4)), bool(rng.integers(2))
            image = torch.rot90(as_batch(x, rows), turn, (2, 3))
            truth = torch.rot90(torch.from_numpy(masks[rows]).float()[:, None], turn, (2, 3))
            image, truth = (image.flip(3), truth.flip(3)) if flip else (image, truth)
            with autocast():
                logits = net(image.contiguous(memory_format=torch.channels_last)).float()
            p = torch.sigmoid(logits)
            overlap = 1 - (2 * (p * truth).sum((1, 2, 3)) + 20) / (
                p.sum((1, 2, 3)) + truth.sum((1, 2, 3)) + 20
            )
            loss = F.binary_cross_entropy_with_logits(logits, truth) + 0.5 * overlap.mean()
            steps.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            steps.step()
            schedule.step()
            losses.append(loss.item())
        print(f"  {say} epoch {epoch + 1}: loss {np.mean(losses):.4f}", flush=True)
    return net.eval()


@torch.no_grad()
def found_by(net: nn.Module, x: np.ndarray) -> list[np.ndarray]:
    """(96, 96) uint8 masks of the central cells."""
    out = []
    for k in range(0, len(x), 64):
        with autocast():
            p = torch.sigmoid(net(as_batch(x, np.arange(k, min(k + 64, len(x))))).float())[:, 0].numpy()
        for one in p:
            part = central_component((one > 0.5).astype(np.uint8), np.ascontiguousarray(one))
            out.append(np.zeros(one.shape, np.uint8) if part is None else fill_holes(part))
    return out


def shrink(image: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A 128 px window and its mask at 96 px."""
    size = (SIDE, SIDE)
    inside = cv2.resize((mask > 0).astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), inside.astype(np.uint8)


def teachers(
    cache: Cache, limit: dict[str, int], seed: int
) -> tuple[np.ndarray, np.ndarray, dict[str, list[int]]]:
    """Windows with clean contours of PBC and Raabin's training parts; also how many were tried and kept for each site."""
    rng = np.random.default_rng(seed)
    images, masks, tally = [], [], {}
    half = round(WINDOW_UM / CACHE_UM / 2)
    for site, most in limit.items():
        rows = [i for i, m in enumerate(cache.meta)
                if m["set"] == site and m["split"] == "train" and m["leaves"] and m["leaves"][0] in ROW and m["label"] != "PLT"]  # fmt: skip
        tried = taken = 0
        for i in rng.permutation(rows):
            image = cache.images[i]
            c = image.shape[0] // 2
            small = cv2.resize(
                image[c - half : c + half, c - half : c + half], (SIDE, SIDE), interpolation=cv2.INTER_AREA
            )
            # PBC has clean contours enough; Raabin's crowded red cells leave hardly any without parting.
            mask, good = contour(small, parting=site != "pbc")
            tried += 1
            if good:
                images.append(small)
                masks.append(mask)
                taken += 1
            if taken == most:
                break
        tally[site] = [tried, taken]
    return np.stack(images), np.stack(masks), tally


def summary(masks: list[np.ndarray], truths: list[np.ndarray], seed: int = 0) -> dict[str, float]:
    """Mean Dice of the whole cell with bootstrap 95 % limits."""
    values = np.array([dice(m > 0, t > 0) for m, t in zip(masks, truths, strict=True)])
    rng = np.random.default_rng(seed)
    low, high = np.percentile([rng.choice(values, len(values)).mean() for _ in range(1000)], [2.5, 97.5])
    return {
        "n": len(values),
        "cell": round(float(values.mean()), 4),
        "cell_low95": round(float(low), 4),
        "cell_high95": round(float(high), 4),
    }


def words(figures: dict[str, dict]) -> str:
    """Dice of each site, and of its cells whose contour was clean or not, where there are any."""
    out = []
    for site, parts in figures.items():
        a = parts["all"]
        apart = [f"{key} {parts[key]['cell']:.3f} (n={parts[key]['n']})" for key in KEYS if key in parts]
        out.append(
            f"{site} {a['cell']:.3f} ({a['cell_low95']:.3f}-{a['cell_high95']:.3f}, n={a['n']}): {', '.join(apart)}"
        )
    return "; ".join(out)


def judge(
    log: Log,
    name: str,
    masks: list[np.ndarray],
    truths: dict[str, list],
    good: dict[str, np.ndarray],
    settings: str,
    n: int,
    offset: dict[str, slice],
) -> None:
    """Dice for each site: all cells, and those where the contour was clean or not."""
    figures: dict[str, dict] = {}
    for site, part in offset.items():
        mine, true, ok = masks[part], truths[site], good[site]
        figures[site] = {"all": summary(mine, true)}
        for key, rows in zip(KEYS, (np.flatnonzero(ok), np.flatnonzero(~ok)), strict=True):
            if len(rows):
                figures[site][key] = {
                    "n": len(rows),
                    "cell": round(float(np.mean([dice(mine[i] > 0, true[i] > 0) for i in rows])), 4),
                }
    log.add(f"{name}: Dice of the whole cell", "by eye", figures, settings, n, words(figures))


def main() -> None:
    """Run it."""
    parser = arguments(__doc__)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument(
        "--images", type=int, nargs=2, default=(800, 200), help="most clean contours of PBC and Raabin"
    )
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    log = Log(args.cache, "contours", args.seed)
    items = load_items(args.data, args.cache)
    published = load_raabin(args.data, items, registered=False)
    raabin = [window(m.image, m.mask, STORE_MPP) for m in published if m.split == "test"]
    tecom = [(image, mask) for image, mask, _ in load_tecom(args.data, items, 0.15)]
    sites = {"Raabin": [shrink(*w) for w in raabin], "tecom": [shrink(*w) for w in tecom]}
    x = np.stack([w[0] for s in sites.values() for w in s])
    truths = {s: [w[1] for w in part] for s, part in sites.items()}
    n = len(sites["Raabin"])
    offset = {"Raabin": slice(0, n), "tecom": slice(n, len(x))}
    plain, parted = ([contour(image, parting) for image in x] for parting in (False, True))
    good = {s: np.array([ok for _, ok in plain[part]]) for s, part in offset.items()}
    share = ", ".join(f"{s} {g.sum()} of {len(g)}" for s, g in good.items())
    for name, found, settings in (
        ("OpenCV contours alone", plain, f"{SIDE} px; clean by rule: {share}"),
        ("OpenCV contours, touching cells parted by watershed", parted, f"{SIDE} px"),
    ):
        judge(log, name, [m for m, _ in found], truths, good, settings, 0, offset)
    images, masks, tally = teachers(
        Cache(args.cache, "real"), {"pbc": args.images[0], "raabin": args.images[1]}, args.seed
    )
    home = tally["pbc"][1]
    for name, net, most in (
        ("U-Net", UNet, len(images)),
        ("FCN-8s", FCN, len(images)),
        ("U-Net", UNet, home),
    ):
        torch.manual_seed(args.seed)
        # The same number of steps for the smaller set.
        epochs = round(args.epochs * len(images) / most)
        taught = train(net(), images[:most], masks[:most], epochs, args.seed, name)
        used = ", ".join(f"{s} {b} of {a} tried" for s, (a, b) in tally.items() if s == "pbc" or most > home)
        judge(
            log,
            f"{name} taught by clean contours ({used})",
            found_by(taught, x),
            truths,
            good,
            f"{SIDE} px, {epochs} epochs",
            most,
            offset,
        )


if __name__ == "__main__":
    main()
