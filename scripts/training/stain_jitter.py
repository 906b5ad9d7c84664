"""Random stains, light and cameras for detector and segmenter training.

Optical density is mixed in the haematoxylin-eosin-DAB basis of Ruifrok and Johnston (Anal Quant Cytol Histol
2001;23:291-9): scaling and shifting its channels changes the stain while keeping the geometry of the cell.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

RGB_FROM_HED = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]], np.float32)
RGB_FROM_HED /= np.linalg.norm(RGB_FROM_HED, axis=1, keepdims=True)
HED_FROM_RGB = np.linalg.inv(RGB_FROM_HED).astype(np.float32)

#: Optical density of each 8-bit grey value.
_DENSITY = (-np.log((np.arange(256) + 1.0) / 256.0)).astype(np.float32)


def jitter_stain(image: UInt8, rng: np.random.Generator, strength: float = 1.0) -> UInt8:
    """Scale and shift the stains, rotate hue a little, change white balance and gamma."""
    density = _DENSITY[image]
    gains = np.exp(rng.normal(0, 0.22 * strength, 3)).astype(np.float32)
    mix = HED_FROM_RGB @ np.diag(gains) @ RGB_FROM_HED
    mix = mix + rng.normal(0, 0.06 * strength, (3, 3)).astype(np.float32)
    mix *= np.float32(np.exp(rng.normal(0, 0.15 * strength)))
    tint = rng.normal(0, 0.05 * strength, 3).astype(np.float32)
    if rng.random() < 0.25 * strength:
        # A coloured background, as a yellow lamp or a camera without white balance gives it.
        tint += rng.uniform(-0.1, 0.45, 3).astype(np.float32)
    out = density.reshape(-1, 3) @ mix.astype(np.float32) + tint
    light = np.exp(-np.maximum(out, 0)).reshape(image.shape)
    gamma = float(np.exp(rng.normal(0, 0.18 * strength)))
    light = light**gamma * np.float32(rng.uniform(0.82, 1.08))
    if rng.random() < 0.12 * strength:
        grey = light.mean(2, keepdims=True)
        amount = np.float32(rng.uniform(0.4, 1.0))
        light = light * (1 - amount) + grey * amount
    return np.asarray(np.clip(light * 255, 0, 255), np.uint8)


def shade(image: UInt8, rng: np.random.Generator) -> UInt8:
    """Uneven light: a slope and a vignette."""
    height, width = image.shape[:2]
    yy, xx = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    field = 1 + rng.uniform(-0.12, 0.12) * xx + rng.uniform(-0.12, 0.12) * yy
    field = field - rng.uniform(0, 0.18) * (xx * xx + yy * yy)
    return np.asarray(np.clip(image * field[:, :, None], 0, 255), np.uint8)


def soften(image: UInt8, rng: np.random.Generator, most: float = 1.2) -> UInt8:
    """Out of focus, over-sharpened, noisy or JPEG-damaged, at random."""
    draw = rng.random()
    if draw < 0.35:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, most)), np.uint8)
    elif draw < 0.5:
        blurred = cv2.GaussianBlur(image, (0, 0), 1.2)
        image = np.asarray(cv2.addWeighted(image, 1.8, blurred, -0.8, 0), np.uint8)
    if rng.random() < 0.25:
        noise = rng.normal(0, rng.uniform(1, 8), image.shape)
        image = np.asarray(np.clip(image + noise, 0, 255), np.uint8)
    if rng.random() < 0.15:
        ok, code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 85))])
        if ok:
            image = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return image


def jitter_piece(image: UInt8, rng: np.random.Generator) -> UInt8:
    """Everything together; one image in eight stays as it is."""
    if rng.random() < 0.125:
        return image
    image = jitter_stain(image, rng, 0.8)
    if rng.random() < 0.4:
        image = shade(image, rng)
    return soften(image, rng)


def coarsen(image: UInt8, rng: np.random.Generator) -> UInt8:
    """As a camera of fewer pixels would show it: shrunk to two fifths or more, and enlarged again."""
    height, width = image.shape[:2]
    share = rng.uniform(0.4, 0.85)
    size = (max(2, round(width * share)), max(2, round(height * share)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def fade(image: UInt8, rng: np.random.Generator) -> UInt8:
    """Stains paler or deeper than they are, or the whole picture darker."""
    if rng.random() < 0.3:
        return np.asarray(image * rng.uniform(0.35, 0.9), np.uint8)
    light = np.exp(-_DENSITY * np.float32(rng.uniform(0.4, 1.6)))
    table = np.clip(light * 255, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, table), np.uint8)


def mark(image: UInt8, rng: np.random.Generator) -> UInt8:
    """A scale bar, a frame's line or letters burnt into the picture."""
    height, width = image.shape[:2]
    out = np.ascontiguousarray(image)
    colour = tuple(int(v) for v in rng.choice([0, 60, 200, 255], 3))
    x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
    draw = rng.random()
    if draw < 0.5:
        cv2.line(out, (x, y), (x + int(rng.integers(10, 60)), y), colour, int(rng.integers(1, 4)))
    if draw > 0.3:
        text = "".join(rng.choice(list("0123456789um. "), int(rng.integers(2, 8))))
        cv2.putText(out, text, (x, y), int(rng.integers(0, 4)), rng.uniform(0.25, 0.7), colour, 1)
    return out


def degrade(image: UInt8, rng: np.random.Generator) -> UInt8:
    """What poor cameras and careless pictures do, each for a share of the pictures."""
    for share, change in ((0.2, coarsen), (0.2, fade), (0.06, mark)):
        if rng.random() < share:
            image = change(image, rng)
    return image
