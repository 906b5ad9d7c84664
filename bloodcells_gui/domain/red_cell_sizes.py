"""Normal, small or large: what the measured diameter says of a red cell.

A network cannot know whether a cell is large: it sees pixels, and the scale may be a little off. The diameter
is therefore held against limits: those of healthy adults (`USUAL_DIAMETER_UM`) where the scale comes from a
file or a person. Where the scale itself was taken from the red cells their median is 7.35 um by construction,
so that only cells larger or smaller than their neighbours can be seen; a remark says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.red_cells import RED_CELL_CODES, USUAL_DIAMETER_UM

Floats = NDArray[np.float32]

#: The remark of a specimen whose scale was taken from its red cells.
SIZES_RELATIVE = N_(
    "The scale was taken from the red cells themselves, whose median is 7.35 µm by construction: macrocytes "
    "and microcytes are cells larger or smaller than the others of this film. A film that is macrocytic or "
    "microcytic as a whole cannot be seen; the analyser's MCV tells."
)
#: The remark of a specimen whose scale is too unsure for sizes.
SIZES_UNSURE = N_(
    "The scale is unsure by {percent} %: normal red cells, macrocytes and microcytes cannot be told apart "
    "well."
)
#: From this spread of the scale (standard deviation of its logarithm) on sizes are unsure: at 5 % every sixth
#: cell of 7.8 um measures over 8.2.
UNSURE_SPREAD = 0.05
#: Standard deviation, um, of a measured diameter and of where people see a small or large cell begin: chosen
#: on the validation fields of Chula RBC-12 among 0.15, 0.25, 0.35 and 0.5.
MEASURED_SD_UM = 0.35
# What the network gives each size at least: it rules none out.
_LEAST_SEEN = 1e-3
_SIZES = tuple(RED_CELL_CODES.index(c) for c in ("MICRO", "NORM", "MACRO"))


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """Between which diameters a red cell is of normal size.

    Attributes
    ----------
    low_um, high_um : float
    spread : float
        Standard deviation of the logarithm of the scale.
    relative : bool
        Whether the scale was taken from the red cells, so that the limits are the specimen's own.
    """

    low_um: float
    high_um: float
    spread: float = 0.0
    relative: bool = False


def size_limits(
    diameters_um: NDArray[np.floating], *, spread: float = 0.0, from_red_cells: bool = False
) -> SizeLimits:
    """The limits that hold for a specimen.

    Parameters
    ----------
    diameters_um : (n,)
        Of its whole red cells; NaN where not measured.
    spread : float
        Standard deviation of the logarithm of the scale.
    from_red_cells : bool
        Whether the scale rests on the red cells. The limits then keep their distance from the specimen's own
        median, and the scale's spread, which moves all cells alike, plays no part.

    Raises
    ------
    ValueError
        On a spread that is negative or not finite.
    """
    if not (np.isfinite(spread) and spread >= 0):
        raise ValueError(f"spread of a scale: {spread}")
    low, middle, high = USUAL_DIAMETER_UM
    known = diameters_um[np.isfinite(diameters_um)]
    if from_red_cells and known.size:
        factor = float(np.median(known)) / middle
        return SizeLimits(low * factor, high * factor, 0.0, True)
    return SizeLimits(low, high, spread, from_red_cells)


def size_shares(diameters_um: NDArray[np.floating], limits: SizeLimits) -> Floats:
    """How probable it is that each cell is small, normal or large: (n, 3), rows sum to 1.

    Rows are NaN where the diameter is. It is taken as normally distributed with the standard deviation of its
    measurement (`MEASURED_SD_UM`) and of the scale.
    """
    d = np.asarray(diameters_um, np.float64)
    sd = np.hypot(MEASURED_SD_UM, limits.spread * d)
    small = _normal((limits.low_um - d) / sd)
    large = _normal((d - limits.high_um) / sd)
    return np.stack([small, np.maximum(0.0, 1 - small - large), large], axis=1).astype(np.float32)


def with_sizes(probabilities: Floats, diameters_um: NDArray[np.floating], limits: SizeLimits) -> Floats:
    """Probabilities in which microcyte, normal cell and macrocyte share by size what they had together.

    Each of the three counts by its share of the size (:func:`size_shares`) times the square root of its share
    by the network: both speak of one size, so that the network's word, which knows neither the scale's spread
    nor the specimen, has half the weight.

    Parameters
    ----------
    probabilities : (n, len(RED_CELL_CODES)) float32
        Rows sum to 1.
    diameters_um : (n,)
        NaN leaves a row as it is.

    Returns
    -------
    (n, len(RED_CELL_CODES)) float32
        Rows sum to what they did.
    """
    out = np.array(probabilities, np.float32)
    known = np.isfinite(np.asarray(diameters_um, np.float64))
    seen = out[known][:, _SIZES].astype(np.float64)
    together = seen.sum(axis=1, keepdims=True)
    weights = size_shares(np.asarray(diameters_um)[known], limits) * np.sqrt(
        np.maximum(seen, _LEAST_SEEN * together)
    )
    shared = together * weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    for column, k in enumerate(_SIZES):
        out[known, k] = shared[:, column]
    return out


def size_remark(limits: SizeLimits) -> tuple[str, dict[str, object]] | None:
    """What a person must know of the sizes of a specimen: English template and its values, or None."""
    if limits.relative:
        return SIZES_RELATIVE, {}
    if limits.spread >= UNSURE_SPREAD:
        return SIZES_UNSURE, {"percent": round(100 * limits.spread)}
    return None


def _normal(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distribution function of the standard normal distribution."""
    return np.array([0.5 * math.erfc(-v / math.sqrt(2.0)) for v in z.tolist()], np.float64)
