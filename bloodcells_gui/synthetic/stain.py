"""Colours as optical density, and what laboratories, cameras and lenses make of them.

Light that passes a smear is weakened by each layer in turn (Beer-Lambert), so densities add and overlapping
red cells darken as they do under the microscope: pixel = background * exp(-density).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.synthetic.geometry import Plane, smooth_noise

Pixels = NDArray[np.uint8]
_REFERENCE_WHITE = np.array([255.0, 230.0, 204.0])


def density(red: float, green: float, blue: float) -> NDArray[np.float32]:
    """Optical density of an RGB colour as seen on the reference laboratory's background, shape (3,)."""
    rgb = np.maximum(np.array([red, green, blue], np.float64), 1.0)
    return np.asarray(-np.log(np.minimum(rgb / _REFERENCE_WHITE, 1.0)), np.float32)


@dataclass(frozen=True, slots=True)
class Laboratory:
    """One stain protocol and microscope.

    Attributes
    ----------
    name : str
    background : tuple of float
        RGB of empty glass.
    mix : tuple of 9 float
        3 x 3 matrix, row by row: how densities of the reference stain turn into this one's.
    gain : float
        Strength of the stain.
    blur_um, sharpen : float
        Width of the point spread; amount of the camera's unsharp mask.
    noise : float
        Standard deviation of the camera's noise, grey levels.
    vignette : float
        Loss of light in the corners of a field.
    aberration : float
        Magnification difference of red and blue, relative.
    """

    name: str
    background: tuple[float, float, float]
    mix: tuple[float, ...] = (1, 0, 0, 0, 1, 0, 0, 0, 1)
    gain: float = 1.0
    blur_um: float = 0.07
    sharpen: float = 0.6
    noise: float = 1.6
    vignette: float = 0.03
    aberration: float = 0.0006


LABORATORIES: tuple[Laboratory, ...] = (
    Laboratory("warm May-Gruenwald-Giemsa, automatic microscope", (253, 229, 203)),
    Laboratory(
        "violet May-Gruenwald-Giemsa, automatic microscope", (226, 219, 238),
        (0.82, 0.06, 0, 0.0, 0.92, 0.05, 0, 0.03, 0.98), 0.95, sharpen=0.5,
    ),
    Laboratory(
        "pink Giemsa, telephone camera", (238, 221, 228),
        (0.80, 0.0, 0, 0.08, 1.0, 0.1, 0, 0, 0.72), 1.0, 0.10, 0.3, 2.2, 0.10, 0.0012,
    ),
    Laboratory(
        "Leishman, older camera", (208, 212, 203),
        (0.86, -0.02, 0.1, 0.0, 0.84, 0.06, 0, 0, 0.62), 1.0, 0.16, 0.3, 2.0, 0.06, 0.0016,
    ),
    Laboratory(
        "pale Wright, slide scanner", (244, 240, 236),
        (1.25, -0.2, -0.25, 0, 0.95, 0.0, -0.3, 0.01, 1.9), 0.95, 0.12, 0.5, 1.4, 0.0, 0.0,
    ),
)  # fmt: skip


def laboratory(seed: int, choice: int | None = None) -> Laboratory:
    """A specimen's laboratory: the first unless `choice` names another index; `seed` only varies the gain."""
    base = LABORATORIES[(choice or 0) % len(LABORATORIES)]
    rng = np.random.default_rng([seed, 77])
    gain = base.gain * rng.uniform(0.94, 1.06)
    return Laboratory(
        base.name, base.background, base.mix, gain, base.blur_um, base.sharpen, base.noise, base.vignette,
        base.aberration,
    )  # fmt: skip


def plasma(rng: np.random.Generator, shape: tuple[int, int], mpp: float) -> Plane:
    """The faint film between cells: density, shape `shape`."""
    mottle = smooth_noise(rng, shape, 9 / mpp) * np.float32(0.006)
    return mottle + smooth_noise(rng, shape, 1.6 / mpp) * np.float32(0.003)


def expose(
    od: NDArray[np.float32],
    lab: Laboratory,
    rng: np.random.Generator,
    mpp: float,
    *,
    defocus_um: float = 0.0,
    illumination: bool = True,
) -> Pixels:
    """The camera's picture of a density map.

    Parameters
    ----------
    od : ndarray of float32, shape (h, w, 3)
        Optical density in the reference stain's RGB.
    defocus_um : float
        Extra width of the point spread.
    illumination : bool
        Whether the light falls off and leans to one side (a field of view) or is even (a scanner).

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        RGB.
    """
    h, w = od.shape[:2]
    mix = np.array(lab.mix, np.float32).reshape(3, 3) * np.float32(lab.gain)
    seen = cv2.transform(od, mix)
    light = cv2.exp(-np.maximum(seen, 0))
    light *= np.array(lab.background, np.float32)
    if illumination:
        light *= _light_field(rng, h, w, lab.vignette)[..., None]
    if lab.aberration and illumination:
        light = _aberrate(light, lab.aberration)
    sigma = float(np.hypot(lab.blur_um, defocus_um)) / mpp
    if sigma > 0.25:
        light = cv2.GaussianBlur(light, (0, 0), sigma)
    if lab.sharpen:
        soft = cv2.GaussianBlur(light, (0, 0), max(1.0, 0.15 / mpp))
        light = cv2.addWeighted(light, 1 + lab.sharpen, soft, -lab.sharpen, 0)
    light += _camera_noise(rng, (h, w)) * np.float32(lab.noise)
    return np.asarray(np.clip(light + 0.5, 0, 255), np.uint8)


_NOISE_SIDE = 640


def _camera_noise(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Noise of unit variance cut from one plate at a random place: Gaussian numbers are dear."""
    plate = _noise_plate()
    h, w = shape
    y, x = rng.integers(0, _NOISE_SIDE // 4, 2)
    down, right = max(0, y + h - _NOISE_SIDE), max(0, x + w - _NOISE_SIDE)
    while down or right:
        step_down, step_right = min(down, _NOISE_SIDE), min(right, _NOISE_SIDE)
        plate = cv2.copyMakeBorder(plate, 0, step_down, 0, step_right, cv2.BORDER_WRAP)
        down, right = down - step_down, right - step_right
    cut: NDArray[np.float32] = plate[y : y + h, x : x + w]
    return cut[::-1] if rng.random() < 0.5 else cut


_plates: list[NDArray[np.float32]] = []


def _noise_plate() -> NDArray[np.float32]:
    if not _plates:
        rng = np.random.default_rng(20_211)
        grey = rng.standard_normal((_NOISE_SIDE, _NOISE_SIDE, 1), dtype=np.float32)
        colour = rng.standard_normal((_NOISE_SIDE, _NOISE_SIDE, 3), dtype=np.float32)
        plate = cv2.blur(0.8 * grey + 0.6 * colour, (2, 2), borderType=cv2.BORDER_REFLECT)
        _plates.append((plate / plate.std()).astype(np.float32))
    return _plates[0]


def _light_field(rng: np.random.Generator, h: int, w: int, vignette: float) -> Plane:
    y = np.linspace(-1, 1, h, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, w, dtype=np.float32)[None, :]
    ax, ay = rng.normal(0, 0.006, 2)
    even = 1 - np.float32(vignette / 2) * (x * x + y * y)
    return np.asarray(even + np.float32(ax) * x + np.float32(ay) * y, np.float32)


def _aberrate(light: NDArray[np.float32], relative: float) -> NDArray[np.float32]:
    h, w = light.shape[:2]
    out = light.copy()
    for channel, sign in ((0, 1.0), (2, -1.0)):
        k = 1 + sign * relative
        matrix = np.array([[k, 0, (1 - k) * w / 2], [0, k, (1 - k) * h / 2]])
        out[..., channel] = cv2.warpAffine(
            light[..., channel], matrix, (w, h), borderMode=cv2.BORDER_REPLICATE
        )
    return out
