"""Smudges that keep the shape of the nucleus they come from: torn and smeared, swollen, or bare and compact."""

from __future__ import annotations

import cv2
import numpy as np

from scripts.training.data import CACHE_PX

CENTRE = CACHE_PX // 2


def ragged(soft: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A soft mask (h, w, 1) with bites and holes, as a bare nucleus has them."""
    noise = rng.normal(0, 1, soft.shape[:2]).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), float(rng.uniform(2.5, 6)))
    noise *= float(rng.uniform(0.1, 0.4)) / (noise.std() + 1e-6)
    out = cv2.GaussianBlur(
        (soft[..., 0] + noise > 0.55).astype(np.float32), (0, 0), float(rng.uniform(1, 2.2))
    )
    return np.asarray(out * (soft[..., 0] > 0.05))[..., None]


#: How a smudge comes about: torn and smeared, a swollen bare nucleus, or a compact bare one that lost its cytoplasm alone.
#: Ranges of: reach of the warping (px), stretch, length of the smear (px), unevenness.
SMUDGE_KINDS = {
    "torn": ((7, 24), (1.1, 1.9), (3, 23), (0.1, 0.5)),
    "bare": ((3, 12), (1.05, 1.5), (1, 6), (0.0, 0.12)),
    "compact": ((1, 7), (1.0, 1.35), (1, 4), (0.04, 0.3)),
}


def smudge(
    image: np.ndarray,
    nucleus: np.ndarray,
    background: np.ndarray,
    rng: np.random.Generator,
    kind: str = "torn",
) -> np.ndarray:
    """A nucleus without its cell, laid over a background as optical density; `kind` is one of `SMUDGE_KINDS`."""
    reaches, stretches, lengths, tears = SMUDGE_KINDS[kind]
    field = np.percentile(image.reshape(-1, 3), 92, axis=0)
    density = np.maximum(-np.log((image.astype(np.float32) + 1) / (field + 1)), 0)
    soft = cv2.GaussianBlur(nucleus.astype(np.float32), (0, 0), 1.5)[..., None]
    if kind != "torn":  # evenly stained rather than torn
        even = cv2.GaussianBlur(density * soft, (0, 0), float(rng.uniform(3, 9))) / (
            cv2.GaussianBlur(soft[..., 0], (0, 0), 6)[..., None] + 0.15
        )
        share = float(rng.uniform(0.4, 0.95) if kind == "bare" else rng.uniform(0.2, 0.8))
        density = share * even + (1 - share) * density
    density = density * (ragged(soft, rng) if kind == "compact" else soft)
    density, angle = _warped(density, float(rng.uniform(*reaches)), float(rng.uniform(*stretches)), rng)
    smeared = _smeared(density, int(rng.integers(*lengths)), angle)
    tear = cv2.GaussianBlur(
        rng.normal(0, 1, (CACHE_PX, CACHE_PX)).astype(np.float32), (0, 0), float(rng.uniform(1.5, 5))
    )
    tear = 1 + float(rng.uniform(*tears)) * tear / (tear.std() + 1e-6)
    share = float(rng.uniform(0.3, 1.0))
    strength = float(rng.uniform(0.5, 1.1) if kind != "compact" else rng.uniform(0.6, 1.15))
    layer = (share * smeared + (1 - share) * density) * np.clip(tear, 0.2, 1.8)[..., None] * strength
    # Free chromatin stains redder and paler than a packed nucleus.
    layer *= np.array([1 - rng.uniform(0, 0.4), 1, 1 - rng.uniform(-0.1, 0.25)], np.float32)
    return np.clip(background.astype(np.float32) * np.exp(-layer), 0, 255).astype(np.uint8)


def _warped(
    density: np.ndarray, reach: float, stretch: float, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """The layer, drawn long and out of shape, and the direction (rad) it is drawn in."""
    coarse = rng.normal(0, 1, (2, CACHE_PX, CACHE_PX)).astype(np.float32)
    sigma = float(rng.uniform(6, 16))
    yy, xx = np.mgrid[:CACHE_PX, :CACHE_PX].astype(np.float32)
    flow = [cv2.GaussianBlur(c, (0, 0), sigma) for c in coarse]
    flow = [f / (np.abs(f).max() + 1e-6) * reach for f in flow]
    angle = float(rng.uniform(0, np.pi))
    c, s = np.cos(angle), np.sin(angle)
    u, v = (xx - CENTRE) * c + (yy - CENTRE) * s, -(xx - CENTRE) * s + (yy - CENTRE) * c
    u, v = u / stretch, v / float(rng.uniform(0.9, 1.4))
    map_x = (CENTRE + u * c - v * s + flow[0]).astype(np.float32)
    map_y = (CENTRE + u * s + v * c + flow[1]).astype(np.float32)
    return cv2.remap(density, map_x, map_y, cv2.INTER_LINEAR), angle


def _smeared(density: np.ndarray, length: int, angle: float) -> np.ndarray:
    """The layer, smeared over `length` px in a direction (rad)."""
    c, s = np.cos(angle), np.sin(angle)
    kernel = np.zeros((length, length), np.float32)
    mid = (length - 1) / 2
    cv2.line(kernel, (int(mid - mid * c), int(mid - mid * s)), (int(mid + mid * c), int(mid + mid * s)), 1, 1)
    return np.asarray(cv2.filter2D(density, -1, kernel / kernel.sum()))
