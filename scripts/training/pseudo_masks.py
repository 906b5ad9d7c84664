"""Masks for sites without any (``python -m scripts.training.pseudo_masks``): a trained segmenter's own, where it is
sure.

Every crop is segmented at three scales, as it lies and turned and flipped; the mean is kept as a mask when
the views agree, the
cell is one compact piece in the middle and its size is a cell's. Pixels on which the views differ become
"unknown" and teach nothing. Platelets, which the first segmenter has never seen, are cut out by colour.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch

from bloodcells_gui.inference.masks import clean_mask
from scripts.training.data import Item, load_items, read_rgb
from scripts.training.fields_data import SITE_MPP, resample
from scripts.training.masks_data import CELL_ANY, IGNORE, STORE_MPP, WINDOW_MPP, Masked
from scripts.training.segmenter_net import SIZE, SegmenterNet
from scripts.training.train_segmenter import dice, predict

#: um per px; PBC and Raabin from red cells, marrow and LMU from the red cells the detector found.
MPP = {"pbc": SITE_MPP["pbc"], "mll-marrow": 0.090, "lmu": 0.088}
#: How many crops of a label are tried.
TRIES = {"pbc": 260, "mll-marrow": 260, "lmu": 20}
#: Labels without one whole cell in the middle.
SKIP = {"ART", "SMU"}
SCALES = (0.88, 1.0, 1.14)
LEAST_AGREEMENT, SMALL_AGREEMENT = 0.955, 0.925
KEEP_UM = 28.0


def choose(items: Sequence[Item], seed: int) -> list[Item]:
    """Crops to try, per site and label."""
    rng = np.random.default_rng(seed)
    by_label: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in items:
        if item.site in MPP and item.set != "txl_pbc" and item.label not in SKIP:
            by_label[item.site, item.label].append(item)
    chosen = []
    for (site, _), group in sorted(by_label.items()):
        order = rng.permutation(len(group))[: TRIES[site]]
        chosen += [group[i] for i in order]
    return chosen


def views(image: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.uint8]]:
    """Windows of an image at `STORE_MPP` around its middle, one for each of `SCALES`."""
    out = []
    for scale in SCALES:
        factor = STORE_MPP / WINDOW_MPP * scale
        height, width = image.shape[:2]
        matrix = np.array(
            [[factor, 0, SIZE / 2 - factor * width / 2], [0, factor, SIZE / 2 - factor * height / 2]]
        )
        soft = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 / factor), np.uint8)
        out.append(
            np.asarray(
                cv2.warpAffine(soft, matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REFLECT_101), np.uint8
            )
        )
    return out


def back(
    probabilities: npt.NDArray[np.float32], scale: float, shape: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """Probabilities of a view, on the pixels of the image at `STORE_MPP`."""
    factor = STORE_MPP / WINDOW_MPP * scale
    height, width = shape
    matrix = np.array(
        [[factor, 0, SIZE / 2 - factor * width / 2], [0, factor, SIZE / 2 - factor * height / 2]]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    planes = [
        cv2.warpAffine(p, matrix, (width, height), flags=flags, borderValue=float(i == 0))
        for i, p in enumerate(probabilities)
    ]
    return np.stack(planes).astype(np.float32)


def agreed_mask(
    net: SegmenterNet, image: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint8], float] | None:
    """Mask of the central cell with unknown pixels, and how well the views agree; None when it fails a
    check."""
    all_p = predict(net, np.stack(views(image)), turns=((0, False), (1, True)))
    planes = [back(p, s, image.shape[:2]) for p, s in zip(all_p, SCALES, strict=True)]
    # Chromatin and granules fray the border of the nucleus at this sharpness; 0.3 um of blur does not move
    # it.
    mean = np.stack([cv2.GaussianBlur(p, (0, 0), 0.3 / STORE_MPP) for p in np.mean(planes, 0)])
    mask = clean_mask(mean)
    area = float(np.count_nonzero(mask)) * STORE_MPP**2
    if not 15 < area < 600:
        return None
    agreement = min(dice(clean_mask(p) > 0, mask > 0) for p in planes)
    # The same wobble of the border weighs more on a small cell.
    least = LEAST_AGREEMENT if area > 70 else SMALL_AGREEMENT
    sides = [np.count_nonzero(edge) for edge in (mask[0], mask[-1], mask[:, 0], mask[:, -1])]
    if agreement < least or max(sides) > 0.15 * mask.shape[0]:
        return None
    spread = np.std([1 - p[0] for p in planes], 0)
    cell_p = 1 - mean[0]
    unsure = ((cell_p > 0.25) & (cell_p < 0.75)) | (spread > 0.25)
    if np.count_nonzero(unsure) > (0.2 if area > 70 else 0.4) * np.count_nonzero(mask):
        return None
    out = mask.copy()
    out[unsure] = IGNORE
    return out, agreement


def platelet_mask(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8] | None:
    """A platelet by its colour: density over the blank field, Otsu, the central piece, if it stands free."""
    height, width = image.shape[:2]
    blank = np.percentile(image.reshape(-1, 3), 85, axis=0)
    density = np.log10((blank + 1) / (image.astype(np.float64) + 1)).clip(0, 1)
    # Platelets are purple: red light is absorbed too, which haemoglobin lets pass.
    signal = cv2.GaussianBlur((density[:, :, 0] + 0.5 * density[:, :, 1]).astype(np.float32), (0, 0), 1.2)
    reach = round(4.5 / STORE_MPP)
    cy, cx = height // 2, width // 2
    part = signal[cy - reach : cy + reach, cx - reach : cx + reach]
    if part.size == 0 or part.max() < 0.08:
        return None
    scaled = (part / part.max() * 255).astype(np.uint8)
    _, binary = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    binary = cv2.morphologyEx(binary, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, labels, stats, centres = cv2.connectedComponentsWithStats(binary)
    best, nearest = 0, 3.0 / STORE_MPP
    for i in range(1, count):
        distance = float(np.hypot(*(centres[i] - reach)))
        if stats[i, cv2.CC_STAT_AREA] * STORE_MPP**2 > 1.5 and distance < nearest:
            best, nearest = i, distance
    if best == 0:
        return None
    x, y, w, h, area = stats[best]
    if (
        x == 0
        or y == 0
        or x + w == 2 * reach
        or y + h == 2 * reach
        or area * STORE_MPP**2 > 40
        or area < 0.45 * w * h
    ):
        return None
    contours, _ = cv2.findContours(
        (labels == best).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    out = np.zeros((height, width), np.uint8)
    cv2.drawContours(out, contours, -1, 1, cv2.FILLED, offset=(cx - reach, cy - reach))
    return out


def load_pseudo_masks(path: Path) -> list[Masked]:
    """What `main` wrote."""
    with np.load(path, allow_pickle=False) as file:
        columns = [file[k] for k in ("path", "site", "split", "label", "image", "mask")]
    return [
        Masked(str(p), str(s), str(k), str(lab), image, mask)
        for p, s, k, lab, image, mask in zip(*columns, strict=True)
    ]


def main() -> None:
    """Segment, filter, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--labels", nargs="*", default=[], help="only these labels")
    parser.add_argument("--share", type=float, default=1.0, help="part of the crops to try")
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    net = SegmenterNet()
    net.load_state_dict(torch.load(args.weights, weights_only=True)["averaged"])
    net.eval()
    rows: list[Masked] = []
    tried: dict[tuple[str, str], int] = defaultdict(int)
    side = round(KEEP_UM / STORE_MPP)
    chosen = choose(load_items(args.data, args.work), args.seed)
    chosen = [i for i in chosen if i.label in (args.labels or [i.label])]
    if args.share < 1:
        chosen = chosen[:: round(1 / args.share)]
    for item in chosen:
        tried[item.site, item.label] += 1
        image = resample(read_rgb(args.data / item.path), MPP[item.site] / STORE_MPP)
        top, left = max(0, (image.shape[0] - side) // 2), max(0, (image.shape[1] - side) // 2)
        image = image[top : top + side, left : left + side]
        if item.label == "PLT":
            mask = platelet_mask(image)
        else:
            agreed = agreed_mask(net, image)
            mask = agreed[0] if agreed else None
            if mask is not None and item.label == "BA":
                # The granules of basophils hide where the nucleus ends.
                mask = np.where((mask > 0) & (mask < IGNORE), CELL_ANY, mask).astype(np.uint8)
        if mask is None:
            continue
        missing = (side - image.shape[0], side - image.shape[1])
        # Crops smaller than the window: mirrored, and nothing is learnt from the mirror.
        around = (
            missing[0] // 2,
            missing[0] - missing[0] // 2,
            missing[1] // 2,
            missing[1] - missing[1] // 2,
        )
        image = np.asarray(cv2.copyMakeBorder(image, *around, cv2.BORDER_REFLECT_101), np.uint8)
        mask = np.asarray(cv2.copyMakeBorder(mask, *around, cv2.BORDER_CONSTANT, value=IGNORE), np.uint8)
        rows.append(Masked(item.path, item.site, item.split, item.label, image, mask))
    for key, n in sorted(tried.items()):
        kept = sum((r.site, r.label) == key for r in rows)
        print(f"{key[0]:12s} {key[1]:4s} kept {kept} of {n}")
    np.savez(
        args.out, path=[r.path for r in rows], site=[r.site for r in rows], split=[r.split for r in rows],
        label=[r.label for r in rows], image=np.stack([r.image for r in rows]), mask=np.stack([r.mask for r in rows]),
    )  # fmt: skip


if __name__ == "__main__":
    main()
