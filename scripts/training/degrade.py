"""Pictures as poor microscopes and cameras give them: casts, vignettes, dim and flat light, defocus, marks, exchanged colours.

Each works on one view (h, w, 3) uint8 RGB. How often they come grows with `strength`, 0 to 1.
"""

from __future__ import annotations

import cv2
import numpy as np

#: Casts seen abroad, as gains of red, green and blue: cyan, yellow, green, brownish green, lilac, brown.
CASTS = np.array([
    (0.66, 0.95, 1.0), (1.0, 0.96, 0.62), (0.74, 1.0, 0.78), (0.80, 0.80, 0.52), (0.92, 0.86, 1.05), (0.92, 0.74, 0.60),
], np.float32)  # fmt: skip
#: How often each comes at full strength.
SHARES = {
    "cast": 0.22, "vignette": 0.07, "dim": 0.10, "flat": 0.12, "defocus": 0.08, "mark": 0.06, "channels": 0.06, "grey": 0.05
}  # fmt: skip


def _gained(image: np.ndarray, gain: np.ndarray, offset: np.ndarray | float = 0.0) -> np.ndarray:
    """Each channel times its gain plus an offset, by a table."""
    ramp = np.arange(256, dtype=np.float32)[:, None] * np.asarray(gain, np.float32) + offset
    ramp = np.broadcast_to(ramp, (256, 3))
    return np.asarray(cv2.LUT(image, np.clip(ramp, 0, 255).astype(np.uint8).reshape(1, 256, 3)), np.uint8)


def cast(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A coloured light, between none and a little more than one of `CASTS`."""
    gain = CASTS[rng.integers(len(CASTS))] ** float(rng.uniform(0.3, 1.3))
    return _gained(image, gain * np.exp(rng.normal(0, 0.05, 3)))


def vignette(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light that falls off towards one side or corner, now and then down to the black border of an eyepiece."""
    height, width = image.shape[:2]
    angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 1.6)
    yy, xx = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    distance = np.hypot(xx - far * np.cos(angle), yy - far * np.sin(angle))
    fall = float(rng.uniform(0.05, 0.22))
    light = np.clip(1 - fall * distance**2, 0.15, 1)
    if rng.random() < 0.4:  # the border, beyond the cell in the middle
        edge = far + float(rng.uniform(0.65, 0.95))
        light *= np.clip((edge - distance) / float(rng.uniform(0.02, 0.15)) + 0.5, 0.02, 1)
    return np.asarray(image * light[..., None], np.uint8)


def dim(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Too little light."""
    return _gained(image, np.full(3, float(rng.uniform(0.35, 0.8))))


def flat(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Low contrast: stray light lifts what is dark."""
    span = float(rng.uniform(0.4, 0.8))
    low = float(rng.uniform(0, 1)) * (1 - span) * 255
    return _gained(image, np.full(3, span), low)


def defocus(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Out of focus, by more than an ordinary camera's blur."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(1.0, 2.6))))


def mark(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A scale bar, a frame or letters burnt in, away from the middle."""
    out = image.copy()
    side = out.shape[0]
    colour = tuple(
        int(v) for v in (rng.integers(0, 256, 3) if rng.random() < 0.4 else [int(rng.choice([0, 255]))] * 3)
    )
    edge = int(rng.integers(3, side // 5))
    at = edge if rng.random() < 0.5 else side - edge
    start, length = int(rng.integers(0, side // 2)), int(rng.integers(side // 6, side))
    kind = rng.integers(3)
    if kind == 0:
        ends = ((start, at), (start + length, at))
        ends = ends if rng.random() < 0.7 else ((at, start), (at, start + length))
        cv2.line(out, *ends, colour, int(rng.integers(1, 5)))
    elif kind == 1:
        word = (
            f"{rng.integers(1, 100)} um" if rng.random() < 0.5 else "".join(map(chr, rng.integers(65, 91, 5)))
        )
        cv2.putText(
            out,
            word,
            (start, at),
            0,
            float(rng.uniform(0.3, 0.8)),
            colour,
            int(rng.integers(1, 3)),
            cv2.LINE_AA,
        )
    else:
        cv2.rectangle(
            out, (edge // 2, edge // 2), (side - edge // 2, side - edge // 2), colour, int(rng.integers(1, 4))
        )
    return out


def channels(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Colours exchanged and mixed at random, so that granules and shapes say more than colour."""
    mixing = rng.dirichlet(np.full(3, 0.6), 3)
    return np.asarray(cv2.transform(image, mixing.astype(np.float32)), np.uint8)


def grey(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """No colour, in one of the mixtures that cameras make."""
    one = rng.dirichlet(np.full(3, 1.5))
    return np.asarray(cv2.transform(image, np.tile(one, (3, 1)).astype(np.float32)), np.uint8)


DEGRADATIONS = {
    "channels": channels, "grey": grey, "cast": cast, "dim": dim, "flat": flat, "vignette": vignette, "defocus": defocus, "mark": mark
}  # fmt: skip


def degrade(image: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Each degradation at random, `strength` times its share."""
    for name, change in DEGRADATIONS.items():
        if rng.random() < strength * SHARES[name]:
            image = change(image, rng)
    return image
