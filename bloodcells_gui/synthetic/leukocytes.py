"""Leukocytes and erythroblasts, one recipe a class (May-Gruenwald-Giemsa, peripheral blood)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.synthetic.geometry import Grid, Plane, cover, dots, ellipse, outline, scatter
from bloodcells_gui.synthetic.nuclei import Chromatin, fill, lobed, rod, rounded
from bloodcells_gui.synthetic.sprites import CYTOPLASM, NUCLEUS, Sprite
from bloodcells_gui.synthetic.stain import density

NucleusShape = Callable[[Grid, np.random.Generator, float], Plane]


@dataclass(frozen=True, slots=True)
class Granules:
    """Discrete granules: colour, number per um2, radii in um, strength, whether they cover the nucleus."""

    colour: NDArray[np.float32]
    per_um2: float
    radius_um: tuple[float, float]
    strength: float = 1.0
    over_nucleus: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a class looks like.

    Attributes
    ----------
    diameter_um : tuple of float
        Mean and standard deviation.
    nucleus : callable
        Draws the outline from grid, generator and cell radius.
    plasma : ndarray
        Density of the cytoplasm; `plasma_rim` is added along its border (basophilic edge).
    mottle : tuple of float
        Relative amplitude and grain (um) of the cytoplasm's texture.
    wobble, skirt : float
        Irregularity of the outline, relative and in um.
    vacuoles : float
        Pale holes per um2.
    hof : float
        Strength of the pale zone beside the nucleus.
    """

    diameter_um: tuple[float, float]
    nucleus: NucleusShape
    chromatin: Chromatin
    plasma: NDArray[np.float32]
    plasma_rim: float = 0.25
    mottle: tuple[float, float] = (0.14, 0.45)
    granules: tuple[Granules, ...] = field(default=())
    wobble: float = 0.025
    skirt: float = 0.0
    vacuoles: float = 0.0
    hof: float = 0.0


def _segmented(g: Grid, rng: np.random.Generator, r: float) -> Plane:
    lobes = int(rng.choice([2, 3, 4, 5], p=[0.16, 0.44, 0.32, 0.08]))
    return lobed(g, rng, lobes, {2: 2.5, 3: 2.15, 4: 1.85, 5: 1.65}[lobes] * r / 6.4, rng.uniform(0.12, 0.22))


def _two_lobes(g: Grid, rng: np.random.Generator, r: float) -> Plane:
    lobes = int(rng.choice([2, 3], p=[0.85, 0.15]))
    return lobed(g, rng, lobes, (3.05 if lobes == 2 else 2.5) * r / 6.9, rng.uniform(0.2, 0.5))


def _band(g: Grid, rng: np.random.Generator, r: float) -> Plane:
    return rod(g, rng, 0.47 * r, rng.uniform(3.3, 4.6), 0.255 * r)


def _kidney(g: Grid, rng: np.random.Generator, r: float) -> Plane:
    return rod(g, rng, 0.40 * r, rng.uniform(2.4, 3.1), 0.39 * r)


def _monocyte(g: Grid, rng: np.random.Generator, r: float) -> Plane:
    bent = g.warped(rng, 0.45, 3.2)
    if rng.random() < 0.6:
        return rod(bent, rng, 0.40 * r, rng.uniform(2.2, 3.3), 0.43 * r)
    return rounded(bent, rng, (0.76 * r, 0.64 * r), 0.12 * r, 0.3, rng.uniform(0.8, 2.4))


def _round(
    share: float, oval: float, offset: float, wobble: float = 0.15, notch: float = 0.0
) -> NucleusShape:
    def draw(g: Grid, rng: np.random.Generator, r: float) -> Plane:
        a = share * r * rng.uniform(0.96, 1.04)
        deep = notch * rng.uniform(0, 1) if rng.random() < 0.5 else 0.0
        free = max(0.0, r - a - 0.15)
        return rounded(g, rng, (a, a * (1 - oval * rng.random())), min(offset * r, free), wobble, deep)

    return draw


_PINK = density(206, 166, 178)
_LILAC = density(176, 138, 170)
_AZUROPHIL = density(112, 48, 140)
_FINE = Granules(density(150, 98, 158), 3.2, (0.07, 0.15), 0.55)

RECIPES: dict[str, Recipe] = {
    "SNE": Recipe(
        (13.0, 0.8), _segmented, Chromatin(0.86, 0.26, 0.62, 0.55), _PINK, 0.20, (0.20, 0.42),
        (_FINE, Granules(_AZUROPHIL, 0.25, (0.08, 0.16), 0.7)),
    ),
    "BNE": Recipe(
        (13.3, 0.8), _band, Chromatin(0.83, 0.27, 0.6, 0.6), _PINK, 0.20, (0.20, 0.42),
        (_FINE, Granules(_AZUROPHIL, 0.35, (0.08, 0.16), 0.7)),
    ),
    "MMY": Recipe(
        (14.0, 0.9), _kidney, Chromatin(0.74, 0.27, 0.6, 0.5), density(203, 163, 180), 0.25, (0.22, 0.42),
        (Granules(density(138, 86, 152), 4.5, (0.08, 0.17), 0.6), Granules(_AZUROPHIL, 0.9, (0.1, 0.2), 0.7)),
    ),
    "MY": Recipe(
        (14.4, 1.0), _round(0.70, 0.22, 0.30, 0.22, 0.8), Chromatin(0.66, 0.30, 0.55, 0.7), _LILAC, 0.35,
        (0.28, 0.45), (Granules(_AZUROPHIL, 3.6, (0.1, 0.22), 0.6),), hof=0.35,
    ),
    "PMY": Recipe(
        (16.6, 1.1), _round(0.74, 0.14, 0.22, 0.2), Chromatin(0.60, 0.30, 0.5, 0.8, 2, 0.15, 0.25),
        density(152, 124, 176), 0.35, (0.28, 0.5),
        (Granules(density(96, 36, 132), 3.6, (0.12, 0.26), 0.75, True),), hof=0.45,
    ),
    "BL": Recipe(
        (15.0, 1.1), _round(0.90, 0.12, 0.06, 0.3, 0.7), Chromatin(0.52, 0.13, 0.32, 0.0, 4, 0.3, 0.35),
        density(118, 110, 174), 0.4, (0.10, 0.6), wobble=0.03,
    ),
    "LY": Recipe(
        (9.6, 0.9), _round(0.91, 0.14, 0.08, 0.2, 0.7), Chromatin(0.72, 0.34, 0.7, 0.45, 0, 0.3, 0.15),
        density(152, 136, 176), 0.5, (0.2, 0.45), wobble=0.04, skirt=0.18,
    ),
    "VLY": Recipe(
        (13.6, 1.3), _round(0.78, 0.20, 0.15, 0.3, 0.9), Chromatin(0.70, 0.26, 0.75, 0.2, 1, 0.25),
        density(172, 162, 194), 0.6, (0.14, 0.7), wobble=0.08, skirt=0.4, vacuoles=0.02,
    ),
    "PC": Recipe(
        (14.0, 1.1), _round(0.52, 0.10, 0.42, 0.1), Chromatin(0.72, 0.38, 1.25, 0.0, 0, 0.35),
        density(124, 108, 176), 0.30, (0.14, 0.6), wobble=0.05, hof=0.75, vacuoles=0.05,
    ),
    "MO": Recipe(
        (16.8, 1.3), _monocyte, Chromatin(0.56, 0.34, 0.5, 0.25, 0, 0.3, 0.15), density(160, 144, 182), 0.30,
        (0.24, 0.40), (Granules(density(138, 104, 166), 1.2, (0.06, 0.11), 0.35),), wobble=0.05, skirt=0.24,
        vacuoles=0.07,
    ),
    "EO": Recipe(
        (14.2, 0.9), _two_lobes, Chromatin(0.66, 0.32, 0.7, 0.4, 0, 0.3), density(212, 168, 176), 0.25,
        (0.12, 0.6),
        (
            Granules(density(200, 112, 126), 4.2, (0.24, 0.40), 0.85),
            Granules(density(172, 78, 110), 1.8, (0.2, 0.34), 0.65),
            Granules(density(226, 180, 176), 1.3, (0.16, 0.3), 0.6),
        ),
    ),
    "BA": Recipe(
        (12.6, 0.9), _two_lobes, Chromatin(0.55, 0.25, 0.9, 0.3), density(186, 148, 178), 0.2, (0.16, 0.5),
        (
            Granules(density(58, 20, 120), 1.7, (0.22, 0.48), 0.95, True),
            Granules(density(80, 34, 132), 2.2, (0.12, 0.3), 0.75, True),
        ),
        wobble=0.035,
    ),
    "ERB": Recipe(
        (9.8, 1.1), _round(0.60, 0.08, 0.14, 0.06), Chromatin(0.98, 0.16, 0.75, 0.15, 0, 0.1),
        density(186, 160, 182), 0.10, (0.06, 0.7), wobble=0.045,
    ),
}  # fmt: skip


def leukocyte(code: str, rng: np.random.Generator, mpp: float) -> Sprite:
    """One nucleated cell of class `code` (a key of `RECIPES`); KeyError for any other."""
    recipe = RECIPES[code]
    mean, spread = recipe.diameter_um
    r = float(np.clip(rng.normal(mean, spread), mean - 2.2 * spread, mean + 2.2 * spread)) / 2
    g = Grid(2 * r * 1.22 + 2 * recipe.skirt, mpp)
    soft = max(0.15, mpp)
    shape = g.warped(rng, recipe.skirt, 3.6).warped(rng, recipe.skirt * 0.3, 1.2) if recipe.skirt else g
    body = outline(shape, rng, r, recipe.wobble, oval=abs(rng.normal(0, 0.035)))
    body = np.minimum(body, outline(g, rng, r * 1.2, 0.03)) + np.float32(0.035) * g.noise(rng, 0.6)
    nucleus = np.minimum(recipe.nucleus(g, rng, r), body - 0.25)
    inside, core = cover(body, soft), cover(nucleus, soft * 0.9)

    plasma = _cytoplasm(g, rng, recipe, body, nucleus, _tint(code, rng, recipe.plasma))
    chromatin = fill(g, rng, nucleus, recipe.chromatin, soft * 0.9)
    od = plasma * (1 - core)[..., None] + chromatin
    for granules in recipe.granules:
        od = _sprinkle(g, rng, granules, od, body, core)
    if recipe.vacuoles:
        od *= (1 - 0.75 * _holes(g, rng, recipe.vacuoles, body) * (1 - 0.6 * core))[..., None]
    od *= inside[..., None] * np.float32(rng.normal(1.0, 0.035))
    label = np.zeros((g.n, g.n), np.uint8)
    label[body > 0] = CYTOPLASM
    label[(nucleus > 0) & (body > 0)] = NUCLEUS
    return Sprite.drawn(code, od.astype(np.float32), inside, label, mpp)


def _tint(code: str, rng: np.random.Generator, plasma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Erythroblasts go from blue to red cell pink as they ripen; other cytoplasm varies a little."""
    if code == "ERB":
        ripe = rng.random()
        return (density(170, 150, 186) * (1 - ripe) + density(212, 176, 178) * ripe).astype(np.float32)
    return (plasma * rng.normal(1.0, 0.08)).astype(np.float32)


def _cytoplasm(
    g: Grid,
    rng: np.random.Generator,
    recipe: Recipe,
    body: Plane,
    nucleus: Plane,
    colour: NDArray[np.float32],
) -> Plane:
    amount, grain = recipe.mottle
    strength = 1 + np.float32(amount) * (g.noise(rng, grain) + 0.5 * g.noise(rng, grain * 4))
    strength += np.float32(recipe.plasma_rim) * np.exp(-((body / np.float32(0.55)) ** 2))
    if recipe.hof:
        strength *= 1 - np.float32(recipe.hof) * _hof(g, nucleus, body)
    out: Plane = np.maximum(strength, 0.15)[..., None] * colour
    return out


def _hof(g: Grid, nucleus: Plane, body: Plane) -> Plane:
    """The Golgi zone: a pale spot between the nucleus and the middle of the free cytoplasm."""
    weight = np.maximum(body, 0) * (nucleus < 0)
    total = float(weight.sum())
    if total <= 0:
        return np.zeros_like(body)
    x, y = float((g.x * weight).sum()) / total, float((g.y * weight).sum()) / total
    return cover(ellipse(g, (x, y), (1.9, 1.5), math.atan2(y, x) + math.pi / 2), 1.6)


def _sprinkle(
    g: Grid, rng: np.random.Generator, granules: Granules, od: Plane, body: Plane, core: Plane
) -> Plane:
    where = cover(body - 0.15, 0.25)
    if not granules.over_nucleus:
        where = where * (1 - core)
    xs, ys = scatter(g, rng, where, granules.per_um2)
    if not xs.size:
        return od
    radii = rng.uniform(*granules.radius_um, xs.size)
    share = dots(g, xs, ys, radii, 0.5 if g.mpp < 0.15 else 0.3) * np.float32(granules.strength)
    if not granules.over_nucleus:
        share *= 1 - core
    target = np.maximum(granules.colour, od) if granules.over_nucleus else granules.colour
    mixed: Plane = od + (target - od) * share[..., None]
    return mixed


def _holes(g: Grid, rng: np.random.Generator, per_um2: float, body: Plane) -> Plane:
    xs, ys = scatter(g, rng, cover(body - 0.7, 0.3), per_um2)
    return dots(g, xs, ys, rng.uniform(0.25, 0.65, xs.size), 0.8)
