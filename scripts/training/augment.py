"""Augmentation of training crops: geometry, stain in optical density, light, optics, file formats.

Everything runs on one crop with OpenCV and look-up tables (about 2 ms), in loader processes beside the network.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from bloodcells_gui.inference.preprocess import background_colour
from scripts.training.data import pictured
from scripts.training.degrade import degrade

INPUT_PX, INPUT_UM = 128, 0.172
# Shares of the views that stay close to the laboratory's own look, and that get another stain altogether. 0.3 and 0.5
# cost nine points on Raabin left out against none of either (16,000 images each, seed 1).
GENTLE, RECOLOUR = 0.1, 0.2


@dataclass(frozen=True)
class Look:
    """Shares of views that stay close to home and that get another stain altogether."""

    gentle: float = GENTLE
    recolour: float = RECOLOUR
    degraded: float = 0.0
    """How often degradations come at the end of their curriculum, as a share of ``scripts.training.degrade.SHARES``."""
    ramp: int = 0
    """Views over which they become as frequent as that (0: from the first)."""

    def strength(self, seen: int) -> float:
        """How often degradations come after `seen` views."""
        return self.degraded * (min(1.0, 0.1 + 0.9 * seen / self.ramp) if self.ramp else 1.0)


# Ruifrok and Johnston's haematoxylin, eosin and residual vectors (rows) in RGB optical density.
HED = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]], np.float32)
HED /= np.linalg.norm(HED, axis=1, keepdims=True)
OD_TABLE = (-np.log((np.arange(256, dtype=np.float32) + 1) / 256)).astype(np.float32)


def look_of(image: np.ndarray, half_um: float) -> tuple[np.ndarray, np.ndarray]:
    """Lab mean and standard deviation (6,) of a cached crop, and the colour (3,) of its blank field."""
    lab = cv2.cvtColor(cv2.resize(image, (52, 52), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB).reshape(
        -1, 3
    )
    part = pictured(half_um)
    return np.concatenate([lab.mean(0), lab.std(0) + 1.5]).astype(np.float32), np.array(
        background_colour(np.asarray(image[part, part])), np.float32
    )


def geometry(
    image: np.ndarray, um: float, half_um: float, rng: np.random.Generator, gentle: bool = False,
    radius_um: float = np.nan,
) -> np.ndarray:  # fmt: skip
    """Rotation, flip, scale, aspect, shift; sometimes from a tight crop whose surroundings are made up.

    Where the cell's `radius_um` is known a third of the tight crops end right beyond its edge.
    """
    size = image.shape[0]
    centre = size / 2
    half = min(half_um / um, centre)
    if rng.random() < 0.4:
        cut = rng.uniform(7.5, 13.0)
        if rng.random() < 0.4 and np.isfinite(radius_um):
            cut = np.clip(radius_um, 3.0, 12.0) * rng.uniform(1.0, 1.3)
        half = min(half, cut / um)
        shift = rng.normal(0, 0.5 if cut > 7.5 else 0.25, 2) / um
    else:
        shift = rng.normal(0, 0.9, 2) / um
    x0, y0 = (np.clip(centre + shift - half, 0, size)).astype(int)
    x1, y1 = (np.clip(centre + shift + half, 0, size)).astype(int)
    window = image[y0:y1, x0:x1]
    scale = float(np.exp(rng.normal(0, 0.08 if gentle else 0.22)))
    scale = min(max(scale, 0.58), 1.7)
    aspect = float(np.exp(rng.normal(0, 0.04)))
    zoom = um / INPUT_UM * scale
    angle = rng.uniform(0, 2 * np.pi) if rng.random() < 0.8 else rng.integers(4) * np.pi / 2
    flip = -1.0 if rng.random() < 0.5 else 1.0
    c, s = np.cos(angle) * zoom, np.sin(angle) * zoom
    matrix = np.array([[c * flip * aspect, -s, 0], [s * flip * aspect, c, 0]], np.float64)
    jitter = rng.normal(0, 2.0, 2)
    cx, cy = (x1 - x0) / 2, (y1 - y0) / 2
    matrix[:, 2] = INPUT_PX / 2 + jitter - matrix[:, :2] @ (cx, cy)
    if zoom < 0.62:
        window = cv2.GaussianBlur(window, (0, 0), 0.45 / zoom)
    beyond = rng.random()
    if beyond < 0.25:
        how = {"borderMode": cv2.BORDER_REFLECT_101}
    elif beyond < 0.85:
        how = {"borderMode": cv2.BORDER_CONSTANT, "borderValue": background_colour(window)}
    else:  # padded with black, grey or white
        value = int(rng.choice([0, 0, 114, 128, 255, 255]))
        how = {"borderMode": cv2.BORDER_CONSTANT, "borderValue": (value, value, value)}
    flags = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_CUBIC
    return cv2.warpAffine(window, matrix, (INPUT_PX, INPUT_PX), flags=flags, **how)


def stain(image: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Jitter the amounts (and a little the colours) of the stains, in optical density."""
    gains = np.exp(rng.normal(0, 0.28 * strength, 3)).astype(np.float32)
    basis = HED + rng.normal(0, 0.06 * strength, (3, 3)).astype(np.float32)
    # A row-vector density d has stain amounts d @ inv(HED); cv2.transform multiplies columns, hence the transpose.
    matrix = (np.linalg.inv(HED) @ np.diag(gains) @ basis).T
    shift = rng.normal(0, 0.04 * strength, 3).astype(np.float32)
    density = cv2.transform(OD_TABLE[image], np.hstack([matrix, shift[:, None]]).astype(np.float32))
    return np.clip(256 * cv2.exp(-density) - 1, 0, 255).astype(np.uint8)


def turn(angle: float, saturation: float) -> np.ndarray:
    """(3, 3) matrix for column vectors: rotation about the grey axis by `angle` (rad) and scaling of the colour."""
    grey = np.full((3, 3), 1 / 3)
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    rotation = np.cos(angle) * np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * grey
    return grey + saturation * rotation @ (np.eye(3) - grey)


def recolour(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another stain: hue, saturation and strength in optical density, dense (nuclear) and light parts apart.

    Laboratories differ less in the shapes than in the colours that nuclei and cytoplasm take, and the two move
    apart: a rapid stain gives red nuclei where May-Gruenwald-Giemsa gives blue ones.
    """
    density = OD_TABLE[image]
    wide = rng.random() < 0.3
    angle = rng.normal(0, 0.6 if wide else 0.25)
    saturation = rng.normal(-0.1, 0.35)
    parts = []
    for _ in range(2):
        colour = turn(angle + rng.normal(0, 0.15), float(np.exp(saturation + rng.normal(0, 0.15))))
        gain = np.exp(rng.normal(0, 0.08, 3) + rng.normal(0, 0.18))
        parts.append(cv2.transform(density, (np.diag(gain) @ colour).astype(np.float32)))
    mean = density.mean(2)
    middle, width = rng.uniform(0.35, 0.75), rng.uniform(0.08, 0.25)
    share = (1 / (1 + np.exp((middle - mean) / width))).astype(np.float32)[..., None]
    mixed = np.maximum(parts[0] + (parts[1] - parts[0]) * share, 0)
    return np.clip(256 * cv2.exp(-mixed) - 1, 0, 255).astype(np.uint8)


def restyle(image: np.ndarray, own: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """Reinhard's Lab transfer from this crop's statistics (6,) towards another crop's."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    gain = 1 + share * (np.clip(other[3:] / own[3:], 0.5, 2.0) - 1)
    offset = own[:3] + share * (other[:3] - own[:3])
    ramp = np.arange(256, dtype=np.float32)[:, None]
    table = np.clip((ramp - own[:3]) * gain + offset, 0, 255).astype(np.uint8)
    return cv2.cvtColor(cv2.LUT(lab, table.reshape(1, 256, 3)), cv2.COLOR_LAB2RGB)


def light(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """White balance, exposure, gamma and contrast in one table; partial grey; uneven light, of a square view."""
    ramp = np.arange(256, dtype=np.float32)[:, None] / 255
    gamma = np.exp(rng.normal(0, 0.22)) if rng.random() < 0.6 else 1.0
    balance = np.exp(rng.normal(0, 0.09, 3)) if rng.random() < 0.6 else np.ones(3)
    if rng.random() < 0.08:  # yellow, bluish or pink fields of cheap cameras
        balance = (
            balance
            * np.array([(1, 0.97, 0.6), (0.8, 0.9, 1.05), (1, 0.8, 0.9), (0.75, 0.75, 0.75)])[rng.integers(4)]
        )
    gain = np.exp(rng.normal(0, 0.1))
    table = ramp**gamma * balance * gain + rng.normal(0, 0.03)
    image = cv2.LUT(image, np.clip(255 * table, 0, 255).astype(np.uint8).reshape(1, 256, 3))
    roll = rng.random()
    if roll < 0.25:
        grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        share = 1.0 if roll < 0.06 else float(rng.uniform(-0.6, 0.7))  # below 0: more saturated
        image = cv2.addWeighted(grey, share, image, 1 - share, 0)
    if rng.random() < 0.3:
        ramp_x = np.linspace(-1, 1, image.shape[0], dtype=np.float32)
        slope = rng.normal(0, 0.12, 2)
        field = (
            1
            + slope[0] * ramp_x[None, :]
            + slope[1] * ramp_x[:, None]
            - rng.uniform(0, 0.2) * (ramp_x[None, :] ** 2 + ramp_x[:, None] ** 2) / 2
        )
        image = np.clip(image * field[..., None], 0, 255).astype(np.uint8)
    return image


def optics(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, sharpening, few pixels, noise, JPEG, of a square view."""
    side = image.shape[0]
    roll = rng.random()
    if roll < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 1.5)))
    elif roll < 0.5:
        soft = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.8, 1.6)))
        amount = float(rng.uniform(0.3, 1.5))
        image = cv2.addWeighted(image, 1 + amount, soft, -amount, 0)
    if rng.random() < 0.15:
        small = int(rng.integers(60, 110)) * side // INPUT_PX
        tiny = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        image = cv2.resize(
            tiny,
            (side, side),
            interpolation=cv2.INTER_LINEAR if rng.random() < 0.5 else cv2.INTER_CUBIC,
        )
    if rng.random() < 0.2:
        noise = rng.normal(0, rng.uniform(1, 7), (side, side, 1 if rng.random() < 0.5 else 3)).astype(
            np.float32
        )
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))])
        image = cv2.imdecode(code, cv2.IMREAD_COLOR)
    return image


def augment(
    image: np.ndarray, um: float, half_um: float, own: np.ndarray, other: np.ndarray, rng: np.random.Generator,
    look: Look | None = None, seen: int = 0, radius_um: float = np.nan,
) -> np.ndarray:  # fmt: skip
    """One training view (128, 128, 3) uint8 RGB of a cached crop; `own` and `other` are Lab statistics (6,).

    `seen` views came before, which the curriculum of degradations goes by; `radius_um` is the cell's, where known.
    """
    look = look or Look()
    gentle = bool(rng.random() < look.gentle)
    out = geometry(image, um, half_um, rng, gentle, radius_um)
    if gentle:
        if rng.random() < 0.5:
            out = stain(out, rng, 0.3)
        return np.ascontiguousarray(optics(out, rng) if rng.random() < 0.3 else out)
    if rng.random() < 0.35:
        out = restyle(out, own, other, float(rng.uniform(0.3, 1.0)))
    roll = rng.random()
    if roll < look.recolour:
        out = recolour(out, rng)
    elif roll < 0.8:
        out = stain(out, rng, float(rng.uniform(0.3, 1.3)))
    if rng.random() < 0.85:
        out = light(out, rng)
    strength = look.strength(seen)
    if strength:
        out = degrade(out, rng, strength)
    return np.ascontiguousarray(optics(out, rng))


def nothing(rng: np.random.Generator, photos: list[np.ndarray]) -> np.ndarray:
    """A view (128, 128, 3) that holds no cell: blank, noise, stripes, letters, or a piece of a photograph."""
    kind = rng.integers(6)
    base = np.empty((INPUT_PX, INPUT_PX, 3), np.float32)
    base[:] = rng.uniform(0, 255, 3) if rng.random() < 0.4 else rng.uniform(150, 255) + rng.normal(0, 12, 3)
    if kind == 1:
        noise = rng.normal(0, 1, (INPUT_PX, INPUT_PX, 3 if rng.random() < 0.5 else 1)).astype(np.float32)
        sigma = float(rng.uniform(0.1, 12))
        noise = cv2.GaussianBlur(noise, (0, 0), sigma).reshape(INPUT_PX, INPUT_PX, -1)
        base += noise / (noise.std() + 1e-6) * rng.uniform(5, 70)
    elif kind == 2:
        yy, xx = np.mgrid[:INPUT_PX, :INPUT_PX]
        a = rng.uniform(0, np.pi)
        wave = np.sin((xx * np.cos(a) + yy * np.sin(a)) * rng.uniform(0.05, 1.5))
        base += (np.sign(wave) if rng.random() < 0.5 else wave)[..., None] * rng.uniform(-90, 90, 3)
    elif kind == 3:
        picture = np.clip(base, 0, 255).astype(np.uint8)
        for _ in range(int(rng.integers(1, 7))):
            text = "".join(chr(int(c)) for c in rng.integers(48, 122, int(rng.integers(1, 9))))
            at = (int(rng.integers(-20, 90)), int(rng.integers(10, 128)))
            cv2.putText(
                picture,
                text,
                at,
                int(rng.integers(0, 8)),
                float(rng.uniform(0.4, 2.5)),
                tuple(int(v) for v in rng.integers(0, 255, 3)),
                int(rng.integers(1, 4)),
            )
        return picture
    elif kind == 4 and photos:
        photo = photos[rng.integers(len(photos))]
        side = int(rng.integers(60, 400))
        y, x = rng.integers(0, photo.shape[0] - side), rng.integers(0, photo.shape[1] - side)
        return cv2.resize(
            photo[y : y + side, x : x + side], (INPUT_PX, INPUT_PX), interpolation=cv2.INTER_AREA
        )
    elif kind == 5:
        picture = np.clip(base, 0, 255).astype(np.uint8)
        for _ in range(int(rng.integers(1, 9))):
            p, q = (tuple(int(v) for v in rng.integers(-20, 148, 2)) for _ in range(2))
            colour = tuple(int(v) for v in rng.integers(0, 255, 3))
            if rng.random() < 0.5:
                cv2.line(picture, p, q, colour, int(rng.integers(1, 12)), cv2.LINE_AA)
            else:
                cv2.rectangle(picture, p, q, colour, -1 if rng.random() < 0.5 else int(rng.integers(1, 5)))
        return cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.3, 3)))
    return np.clip(base, 0, 255).astype(np.uint8)
