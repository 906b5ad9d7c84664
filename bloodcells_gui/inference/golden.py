"""Golden tests: outputs that a bundle must reproduce on this machine before it is used.

The network's own test compares its outputs for fixed inputs. The classifier's second test goes the whole way:
from pixels at their own scale over the crop, the network, the head, the prior shift and the temperature to
probabilities and uncertainty. It finds a head or a temperature that does not belong to the network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.inference.bundle import ModelBundle

# A wider tolerance would let any answer pass.
WIDEST_TOLERANCE = 1.0
WIDEST_CALIBRATED_TOLERANCE = 0.25
_MOST_PICTURES = 16

Floats = NDArray[np.float32]


class GoldenMissing(ValueError):
    """The card holds no golden test, or one that cannot be read."""


@dataclass(frozen=True, slots=True, eq=False)
class NetworkGolden:
    """Inputs of a network, what it answered where it was made, and the largest difference allowed."""

    batch: NDArray[Any]
    outputs: Mapping[str, NDArray[Any]]
    tolerance: float


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedGolden:
    """Pictures of cells and what the whole classifier answered.

    Attributes
    ----------
    pixels : (n, h, w, 3) uint8 RGB
        Drawn cells, each in the middle of its picture.
    um_per_px : float
        Scale of the pictures.
    probabilities : (n, K) float32
    uncertainty : (n,) float32
    tolerance : float
        Largest difference allowed, of probabilities and of uncertainty.
    """

    pixels: NDArray[np.uint8]
    um_per_px: float
    probabilities: Floats
    uncertainty: Floats
    tolerance: float


def network_golden(bundle: ModelBundle, precision: str) -> NetworkGolden:
    """Read the golden test of a bundle's network.

    Raises
    ------
    GoldenMissing
    """
    golden = bundle.card.get("golden")
    if not isinstance(golden, Mapping):
        raise GoldenMissing("golden")
    try:
        outputs = {str(k): bundle.array(str(v)) for k, v in golden["outputs"][precision].items()}
        found = NetworkGolden(
            bundle.array(str(golden["input"])), outputs, _tolerance(golden["tolerance"][precision])
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise GoldenMissing(str(error)) from error
    if not outputs or not set(outputs) <= set(bundle.outputs) or not len(found.batch):
        raise GoldenMissing("outputs")
    return found


def calibrated_golden(bundle: ModelBundle, precision: str) -> CalibratedGolden:
    """Read the golden test of a whole classifier.

    Raises
    ------
    GoldenMissing
    """
    try:
        golden = bundle.card["golden"]["calibrated"]
        names = golden["outputs"][precision]
        found = CalibratedGolden(
            np.asarray(bundle.array(str(golden["pixels"]))),
            float(golden["um_per_px"]),
            np.asarray(bundle.array(str(names["probabilities"])), np.float32),
            np.asarray(bundle.array(str(names["doubt"])), np.float32),
            _tolerance(golden["tolerance"][precision], WIDEST_CALIBRATED_TOLERANCE),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise GoldenMissing(str(error)) from error
    n = len(found.pixels)
    if (
        found.pixels.dtype != np.uint8
        or found.pixels.ndim != 4
        or not 0 < n <= _MOST_PICTURES
        or found.probabilities.shape != (n, len(bundle.classes))
        or found.uncertainty.shape != (n,)
        or not 0.01 <= found.um_per_px <= 20
    ):
        raise GoldenMissing("shapes")
    return found


def difference(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """Largest absolute difference; infinite where shapes differ, NaN where a value is NaN."""
    if found.shape != wanted.shape:
        return math.inf
    return float(np.abs(found.astype(np.float64) - wanted.astype(np.float64)).max(initial=0.0))


def _tolerance(value: object, widest: float = WIDEST_TOLERANCE) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not 0 < number <= widest:
        raise ValueError(f"tolerance {number}")
    return number
