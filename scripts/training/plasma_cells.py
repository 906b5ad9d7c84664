"""Made plasma cells: a small round nucleus set at one end of deep blue cytoplasm with a pale zone beside it.

No set at hand labels plasma cells in blood. These serve to test, never to train: whether measurements would show them,
and whether a network asserts a wrong name of them. Proportions after descriptions of the cell (8 to 20 um, round to
oval, eccentric nucleus of 6 to 9 um, basophilic cytoplasm with a perinuclear halo; recalled).
"""

from __future__ import annotations

import cv2
import numpy as np

from scripts.training.data import CACHE_PX, CACHE_UM

CENTRE = CACHE_PX // 2


def _ellipse(
    centre: tuple[float, float], axes_um: tuple[float, float], turn: float, soft: float
) -> np.ndarray:
    """(px, px) float32, 1 inside an ellipse of those half axes, with a soft border of `soft` px."""
    yy, xx = np.mgrid[:CACHE_PX, :CACHE_PX].astype(np.float32)
    x, y = xx - centre[0], yy - centre[1]
    u, v = x * np.cos(turn) + y * np.sin(turn), -x * np.sin(turn) + y * np.cos(turn)
    a, b = axes_um[0] / CACHE_UM, axes_um[1] / CACHE_UM
    inside = (np.hypot(u / a, v / b) < 1).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(inside, (0, 0), soft), np.float32)


def _moved_nucleus(
    density: np.ndarray, nucleus: np.ndarray, to: tuple[float, float], diameter_um: float, turn: float
) -> tuple[np.ndarray, np.ndarray]:
    """Density (px, px, 3) and cover (px, px) of a nucleus turned, scaled to a diameter and moved."""
    ys, xs = np.nonzero(nucleus)
    middle = (float(xs.mean()), float(ys.mean()))
    zoom = diameter_um / (2 * float(np.sqrt(len(xs) * CACHE_UM**2 / np.pi)))
    move = cv2.getRotationMatrix2D(middle, float(np.degrees(turn)), zoom)
    move[:, 2] += np.array(to) - np.array(middle)
    cover = cv2.GaussianBlur(nucleus.astype(np.float32), (0, 0), 1.0)
    size = (CACHE_PX, CACHE_PX)
    return (
        np.asarray(cv2.warpAffine(density * cover[..., None], move, size), np.float32),
        np.asarray(cv2.warpAffine(cover, move, size), np.float32),
    )


def made_plasma_cell(
    image: np.ndarray, nucleus: np.ndarray, background: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """A plasma cell in the middle of a background, drawn as optical density.

    Parameters
    ----------
    image, background : (px, px, 3) uint8 RGB at the cache's scale
    nucleus : (px, px) bool
        Round nucleus with clumped chromatin in `image`, of a lymphocyte or an erythroblast.

    Returns
    -------
    (px, px, 3) uint8 RGB
    """
    blank = np.percentile(image.reshape(-1, 3), 92, axis=0)
    density = np.maximum(-np.log((image.astype(np.float32) + 1) / (blank + 1)), 0).astype(np.float32)
    mean = density[nucleus].mean(axis=0)
    long_um = float(rng.uniform(5.5, 8.5))
    wide_um = long_um * float(rng.uniform(0.7, 0.92))
    diameter_um = float(rng.uniform(0.95, 1.3) * wide_um)
    turn = float(rng.uniform(0, 2 * np.pi))
    along = np.array([np.cos(turn), np.sin(turn)])
    off_px = (long_um - diameter_um / 2 - float(rng.uniform(0.2, 0.9))) / CACHE_UM
    at = tuple(np.array([CENTRE, CENTRE]) + along * off_px)
    moved, cover = _moved_nucleus(density, nucleus, at, diameter_um, float(rng.uniform(0, 2 * np.pi)))
    cell = _ellipse((CENTRE, CENTRE), (long_um, wide_um), turn, float(rng.uniform(1.0, 1.8)))
    # Ribonucleic acid binds the blue dye: much of the nucleus' density in red, little in blue.
    red = float(mean[0]) * float(rng.uniform(0.6, 0.95))
    colour = red * np.array([1.0, rng.uniform(0.85, 1.3), rng.uniform(0.15, 0.45)], np.float32)
    hof_at = tuple(np.array(at) - along * (diameter_um / 2 + 0.4) / CACHE_UM)
    radius = float(rng.uniform(1.2, 2.2))
    pale = 1 - float(rng.uniform(0.3, 0.6)) * _ellipse(hof_at, (radius, radius * 1.3), turn, 4.0)
    noise = cv2.GaussianBlur(rng.normal(0, 1, (CACHE_PX, CACHE_PX)).astype(np.float32), (0, 0), 2.5)
    uneven = 1 + 0.08 * noise / float(noise.std())
    layer = colour * (cell * pale * uneven * (1 - cover))[..., None] + moved
    below = np.clip(cv2.GaussianBlur(cell, (0, 0), 2.0) * 1.3, 0, 1)[..., None]
    free = np.percentile(background.reshape(-1, 3), 92, axis=0)
    ground = below * free + (1 - below) * background.astype(np.float32)
    return np.clip(ground * np.exp(-layer), 0, 255).astype(np.uint8)
