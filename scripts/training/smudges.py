"""Made smudge cells of three kinds: compact ones squeezed between red cells, torn webs, and pale swollen clouds.

What the one set with labelled smudges shows (LMU, class KSC), and what fields of leukaemia show unlabelled, is not only
torn: many smudges are bare nuclei with a firm, cornered outline, dark and finely netted, which a network that saw only
torn ones takes for monocytes. The chromatin's texture and colour come from a real nucleus; the outline is drawn.
"""

from __future__ import annotations

import cv2
import numpy as np

from scripts.training.data import CACHE_PX, CACHE_UM

CENTRE = CACHE_PX // 2
KINDS = ("compact", "web", "cloud")
#: How often each kind is drawn.
KIND_SHARES = (0.5, 0.2, 0.3)
#: Equivalent diameter in um, smallest and largest.
DIAMETER_UM = {"compact": (8.0, 14.5), "web": (13.0, 22.0), "cloud": (13.0, 22.0)}
#: How dark a smudge is against the nucleus it came from: range of the factor on its optical density.
DENSITY = {"compact": (0.65, 1.1), "web": (0.55, 1.0), "cloud": (0.2, 0.6)}


def _field(rng: np.random.Generator, sigma: float) -> np.ndarray:
    """Smooth noise (px, px) float32 of mean 0 and standard deviation 1."""
    noise = cv2.GaussianBlur(rng.normal(0, 1, (CACHE_PX, CACHE_PX)).astype(np.float32), (0, 0), sigma)
    return noise / (float(noise.std()) + 1e-6)


def chromatin(image: np.ndarray, nucleus: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Optical density (px, px, 3) float32 of a nucleus' inside, mirrored on until it fills the frame.

    Parameters
    ----------
    image : (px, px, 3) uint8 RGB at the cache's scale
    nucleus : (px, px) bool
    """
    blank = np.percentile(image.reshape(-1, 3), 92, axis=0)
    density = np.maximum(-np.log((image.astype(np.float32) + 1) / (blank + 1)), 0).astype(np.float32)
    depth = cv2.distanceTransform(nucleus.astype(np.uint8), cv2.DIST_L2, 5)
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    half = max(4, int(depth[y, x] / 1.42))
    piece = density[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1]
    zoom = float(rng.uniform(1.0, 1.7))
    piece = np.asarray(cv2.resize(piece, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC), np.float32)
    wide = np.pad(piece, ((0, 2 * CACHE_PX), (0, 2 * CACHE_PX), (0, 0)), mode="symmetric")
    turn = cv2.getRotationMatrix2D((CACHE_PX, CACHE_PX), float(rng.uniform(0, 360)), 1.0)
    turned = cv2.warpAffine(wide, turn, (2 * CACHE_PX, 2 * CACHE_PX), borderMode=cv2.BORDER_REFLECT_101)
    return np.maximum(turned[CENTRE : CENTRE + CACHE_PX, CENTRE : CENTRE + CACHE_PX], 0)


def cornered_outline(diameter_um: float, rng: np.random.Generator, corners: bool = True) -> np.ndarray:
    """(px, px) bool: a body of that equivalent diameter with three to six corners, its sides bent inwards or outwards."""
    count = int(rng.integers(3, 7)) if corners else 9
    angles = np.sort(rng.uniform(0, 2 * np.pi / count, count) * 0.6 + np.arange(count) * 2 * np.pi / count)
    radii = rng.uniform(0.8, 1.25, count) if corners else rng.uniform(0.9, 1.1, count)
    points = []
    for k in range(count):
        a, b = (angles[k], radii[k]), (angles[(k + 1) % count], radii[(k + 1) % count])
        step = (b[0] - a[0]) % (2 * np.pi)
        bend = float(rng.uniform(0.72, 1.08))
        for t in np.linspace(0, 1, 12, endpoint=False):
            r = (1 - t) * a[1] + t * b[1]
            points.append((a[0] + t * step, r * (1 + (bend - 1) * np.sin(np.pi * t))))
    polar = np.array(points)
    stretch = float(rng.uniform(1.0, 1.45))
    xy = np.stack([polar[:, 1] * np.cos(polar[:, 0]) * stretch, polar[:, 1] * np.sin(polar[:, 0])], axis=1)
    turn = float(rng.uniform(0, 2 * np.pi))
    xy = xy @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    area = abs(cv2.contourArea(xy.astype(np.float32)))
    xy *= diameter_um / CACHE_UM * np.sqrt(np.pi / 4 / max(area, 1e-3))
    body = np.zeros((CACHE_PX, CACHE_PX), np.uint8)
    cv2.fillPoly(body, [np.round(xy + CENTRE).astype(np.int32)], 1)
    soft = cv2.GaussianBlur(body.astype(np.float32), (0, 0), float(rng.uniform(0.2, 0.5)) / CACHE_UM)
    return np.asarray(soft > 0.5)


def _compact(outline: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Weight (px, px) of a firm body: its border a little frayed, its inside finely netted."""
    frayed = cv2.GaussianBlur(outline.astype(np.float32), (0, 0), float(rng.uniform(0.8, 2.0)))
    frayed = np.clip((frayed + 0.12 * _field(rng, 1.6) * (np.abs(frayed - 0.5) < 0.45) - 0.35) / 0.3, 0, 1)
    net = 1 + float(rng.uniform(0.0, 0.14)) * _field(rng, float(rng.uniform(1.0, 2.2)))
    return frayed * np.clip(net, 0.5, 1.5)


def _web(outline: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Weight of threads with holes between them, denser on one side."""
    coarse = np.abs(_field(rng, float(rng.uniform(2.5, 6))))
    fine = np.abs(_field(rng, float(rng.uniform(1.0, 2.0))))
    threads = np.minimum(coarse, 1.6 * fine + float(rng.uniform(0.0, 0.6)))
    holes = np.clip((float(rng.uniform(0.35, 0.9)) - threads) * 2.0 + 0.15, 0, 1)
    side = np.clip(0.6 + 0.5 * _field(rng, 24), 0.1, 1.3)
    body = cv2.GaussianBlur(outline.astype(np.float32), (0, 0), float(rng.uniform(3, 8)))
    return cv2.GaussianBlur(holes * side * body, (0, 0), 0.8)


def _cloud(outline: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Weight of a swollen, even body with a soft ragged border, often drawn out to one side."""
    body = outline.astype(np.float32)
    length = int(rng.integers(5, 45))
    kernel = np.zeros((length, length), np.float32)
    angle, mid = float(rng.uniform(0, np.pi)), (length - 1) / 2
    tip = (int(mid + mid * np.cos(angle)), int(mid + mid * np.sin(angle)))
    cv2.line(kernel, (int(mid), int(mid)), tip, 1, 1)
    drawn = cv2.filter2D(body, -1, kernel / kernel.sum())
    body = cv2.GaussianBlur(np.maximum(0.6 * body, drawn), (0, 0), float(rng.uniform(1.5, 5)))
    ragged = 1 + float(rng.uniform(0.05, 0.35)) * _field(rng, float(rng.uniform(1.5, 5)))
    return np.clip(body * ragged, 0, 1.4)


_WEIGHTS = {"compact": _compact, "web": _web, "cloud": _cloud}


def made_smudge(
    image: np.ndarray,
    nucleus: np.ndarray,
    background: np.ndarray,
    rng: np.random.Generator,
    kind: str = "",
) -> np.ndarray:
    """A smudge cell with the chromatin of a nucleus, laid over a background as optical density.

    Parameters
    ----------
    image, background : (px, px, 3) uint8 RGB at the cache's scale
    nucleus : (px, px) bool
        Of the cell in `image`.
    kind : {"", "compact", "web", "cloud"}
        Drawn by `KIND_SHARES` where empty.

    Returns
    -------
    (px, px, 3) uint8 RGB
    """
    kind = kind or str(rng.choice(KINDS, p=KIND_SHARES))
    outline = cornered_outline(float(rng.uniform(*DIAMETER_UM[kind])), rng, corners=kind == "compact")
    density = chromatin(image, nucleus, rng)
    # Swollen chromatin is evener than a packed nucleus.
    even = float(rng.uniform(0.0, 0.5) if kind == "compact" else rng.uniform(0.3, 0.9))
    density = (1 - even) * density + even * density.reshape(-1, 3).mean(0)
    weight = _WEIGHTS[kind](outline, rng)
    ground = background.astype(np.float32)
    if kind == "compact" or rng.random() < 0.5:  # red cells lie beside such a body, not below it
        below = np.clip(cv2.GaussianBlur(weight, (0, 0), 2.0) * 1.3, 0, 1)[..., None]
        blank = np.percentile(background.reshape(-1, 3), 92, axis=0)
        ground = below * blank + (1 - below) * ground
    layer = density * weight[..., None] * float(rng.uniform(*DENSITY[kind]))
    # Free chromatin stains redder and paler than a packed nucleus.
    layer *= np.array([1 - rng.uniform(0, 0.4), 1, 1 - rng.uniform(-0.1, 0.25)], np.float32)
    return np.clip(ground * np.exp(-layer), 0, 255).astype(np.uint8)
