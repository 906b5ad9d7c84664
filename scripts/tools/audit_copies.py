"""The same picture twice: near copies, copies turned, mirrored, squeezed or zoomed, and crops cut from a frame that is there too.

Identical files are found by their hash (``scripts.training.data.content_hashes``); what is here compares pixels of small grey thumbnails.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
Unit = npt.NDArray[np.float32]

#: Side (px) of the thumbnails that stand for whole images, without regard to their aspect: squeezed copies look alike.
THUMB = 64
#: Middle of an image that is looked for in frames: its width (um) and scale.
PATCH_UM, PATCH_MPP = 14.0, 0.5
#: Least correlation of a confirmed copy: zoomed and turned ones (0.92: of the pairs at hand that were looked at, one was false), crops in frames.
COPY, FRAME = 0.92, 0.965


def difference_hash(grey: Grey) -> int:
    """64-bit dHash: signs of horizontal differences of a 9x8 thumbnail."""
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA).astype(np.int16)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return int("".join("1" if b else "0" for b in bits), 2)


def near_pairs(hashes: dict[str, int], reach: int = 2) -> list[tuple[str, str, int]]:
    """Pairs of paths whose dHash differs in at most `reach` bits: candidates, to be confirmed by pixels."""
    names = list(hashes)
    values = np.array([hashes[n] for n in names], np.uint64)
    pairs = []
    # By the pigeonhole principle two hashes within `reach` bits share one of reach + 1 bands of bits exactly.
    bands = reach + 1
    width = 64 // bands
    seen = set()
    for band in range(bands):
        shift = np.uint64(band * width)
        mask = np.uint64((1 << (width if band < bands - 1 else 64 - band * width)) - 1)
        keys = (values >> shift) & mask
        buckets: dict[int, list[int]] = defaultdict(list)
        for i, key in enumerate(keys):
            buckets[int(key)].append(i)
        for members in buckets.values():
            if len(members) > 400:
                continue
            for a_at, a in enumerate(members):
                for b in members[a_at + 1 :]:
                    distance = int(values[a] ^ values[b]).bit_count()
                    if distance <= reach and (a, b) not in seen:
                        seen.add((a, b))
                        pairs.append((names[a], names[b], distance))
    return pairs


def thumbnail(grey: Grey) -> Grey:
    """The whole image squeezed into a square of `THUMB` px."""
    return np.asarray(cv2.resize(grey, (THUMB, THUMB), interpolation=cv2.INTER_AREA), np.uint8)


def correlation(a: Grey, b: Grey) -> float:
    """Correlation of two grey thumbnails."""
    x, y = unit(np.stack([a, b]))
    return float(x @ y)


def unit(images: npt.NDArray[np.generic]) -> Unit:
    """(n, p) pixels of images (n, h, w) without their mean, of length one; all 0 for an image of one grey."""
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat -= flat.mean(1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    unit_flat: Unit = np.divide(flat, length, out=np.zeros_like(flat), where=length > 1e-6)
    return unit_flat


def turned(images: np.ndarray, how: int) -> np.ndarray:
    """Images (n, h, w) in one of their eight attitudes: `how` % 4 quarter turns, mirrored first from 4 on."""
    plain = images if how < 4 else images[:, :, ::-1]
    return np.rot90(plain, how % 4, (1, 2))


def zoomed_correlation(a: Grey, b: Grey) -> float:
    """Best correlation of the middle of each thumbnail with a part of the other at a zoom of 0.8 to 1.25."""
    best = -1.0
    for one, other in ((a, b), (b, a)):
        q = THUMB // 5
        middle = one[q : THUMB - q, q : THUMB - q]
        for zoom in (1.0, 0.95, 0.9, 0.85, 0.8):
            side = round(middle.shape[0] * zoom)
            small = cv2.resize(middle, (side, side), interpolation=cv2.INTER_AREA)
            best = max(best, float(cv2.matchTemplate(other, small, cv2.TM_CCOEFF_NORMED).max()))
    return best


def turned_copies(
    names: Sequence[str], thumbs: Sequence[Grey], least: float = COPY, hint: float = 0.6
) -> list[tuple[str, str, int, float]]:
    """Pairs (a, b, attitude of b, correlation) of fields that show one picture, turned, mirrored, squeezed or slightly zoomed.

    Candidates are pairs whose thumbnails at 32 px correlate by `hint` in one of eight attitudes once what all have in common (a dark cell in
    the middle, shading) is taken away.
    """
    if len(names) < 2:
        return []
    large = np.stack(thumbs)
    small = unit(np.stack([cv2.resize(t, (32, 32), interpolation=cv2.INTER_AREA) for t in thumbs])).reshape(
        -1, 32, 32
    )
    if len(names) > 20:
        small -= np.mean([turned(small, how).mean(0) for how in range(8)], 0)
    base = unit(small)
    best, which = np.full((len(names),) * 2, -1.0, np.float32), np.zeros((len(names),) * 2, np.int8)
    for how in range(8):
        found = base @ unit(turned(small, how)).T
        better = found > best
        best[better], which[better] = found[better], how
    out = []
    for a, b in np.argwhere(np.triu(best > hint, 1)):
        how = int(which[a, b])
        value = zoomed_correlation(large[a], np.ascontiguousarray(turned(large[b][None], how)[0]))
        if value >= least:
            out.append((names[a], names[b], how, round(value, 3)))
    return out


def middle_patch(grey: Grey, mpp: float, margin: int = 0) -> Grey | None:
    """The middle of an image at half of `PATCH_MPP`, (28 + 2 margin) x 2 px wide; None where the image is smaller."""
    side = 2 * (round(PATCH_UM / PATCH_MPP) + 2 * margin)
    half = side * PATCH_MPP / 2 / mpp / 2
    y, x = grey.shape[0] / 2, grey.shape[1] / 2
    if half > min(y, x):
        return None
    part = grey[round(y - half) : round(y + half), round(x - half) : round(x + half)]
    return np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def halved(patches: np.ndarray) -> Unit:
    """Patches at `PATCH_MPP`, ready to correlate: the mean of every 2x2 px."""
    n, side, _ = patches.shape
    return unit(patches.reshape(n, side // 2, 2, side // 2, 2).mean((2, 4)))


def crops_in_frames(
    crops: Sequence[tuple[str, Grey]],
    frames: Sequence[tuple[str, Grey]],
    margin: int = 1,
    least: float = FRAME,
) -> list[tuple[str, str, float]]:
    """Pairs (crop, frame, correlation): the crop's middle patch lies in the frame's middle, at most `margin` x 0.5 um off.

    Parameters
    ----------
    crops : (name, `middle_patch`)
    frames : (name, `middle_patch` with the same `margin`)
    """
    if not crops or not frames:
        return []
    side = crops[0][1].shape[0]
    wanted = halved(np.stack([c for _, c in crops]))
    best = np.full((len(frames), len(crops)), -1.0, np.float32)
    # Steps of 0.25 um: half a pixel of difference already blurs fine chromatin enough to hide a copy.
    for dy in range(4 * margin + 1):
        for dx in range(4 * margin + 1):
            views = np.stack([f[dy : dy + side, dx : dx + side] for _, f in frames])
            np.maximum(best, halved(views) @ wanted.T, out=best)
    # A stranger may come close to a frame that has its own crop: only what is nearly as good as the frame's best counts.
    kept = best >= np.maximum(least, best.max(1, keepdims=True) - 0.005)
    return [(crops[c][0], frames[f][0], round(float(best[f, c]), 3)) for f, c in np.argwhere(kept)]
