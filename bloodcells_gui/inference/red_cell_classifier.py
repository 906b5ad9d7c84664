"""Names red cells by their shape, from windows of one cell each in even light."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.domain.red_cells import RED_CELL_CODES
from bloodcells_gui.imaging.light import Light, estimate_light
from bloodcells_gui.imaging.red_cell_inclusion import inclusion_of
from bloodcells_gui.inference.bundle import ModelBundle
from bloodcells_gui.inference.golden import difference
from bloodcells_gui.inference.preprocess import crops_at_scale
from bloodcells_gui.inference.session import OnnxSession

Floats = NDArray[np.float32]

#: The task of such a bundle.
TASK = "red_cells"
# Windows a batch: what fits into the processor's cache.
_BATCH = 16
# How far the probabilities of the golden windows may be off, by precision.
_GOLDEN_TOLERANCE = {"fp32": 0.01, "int8": 0.15}


@dataclass(frozen=True, slots=True, eq=False)
class RedCellAnswers:
    """What is said of n red cells.

    Attributes
    ----------
    probabilities : (n, len(RED_CELL_CODES)) float32
        Calibrated; rows sum to 1. Of normal size, small or large they hold what the network sees; the
        measured size has the last word (:func:`bloodcells_gui.domain.red_cell_sizes.with_sizes`).
    doubt : (n,) float32
        0 to 1, of these probabilities.
    inclusion : (n,) float32
        How much darker than its cell the darkest spot inside is, see
        :func:`bloodcells_gui.imaging.red_cell_inclusion.inclusion_of`.
    """

    probabilities: Floats
    doubt: Floats
    inclusion: Floats

    def __len__(self) -> int:
        return len(self.doubt)


@dataclass(frozen=True, slots=True, eq=False)
class _Calibration:
    """What turns logits into probabilities: divided by `temperature` after `offsets` (K,) were added."""

    temperature: float
    offsets: Floats
    doubtful_from: float

    @staticmethod
    def of(card: Mapping[str, object]) -> _Calibration:
        found = card["calibration"]
        if not isinstance(found, Mapping):
            raise TypeError("calibration")
        temperature, doubtful = float(found["temperature"]), float(found["doubtful_from"])
        given = {str(k): float(v) for k, v in dict(found.get("offsets", {})).items()}
        if not (0.05 <= temperature <= 20 and 0 < doubtful <= 1):
            raise ValueError("calibration")
        if not set(given) <= set(RED_CELL_CODES) or not all(abs(v) <= 10 for v in given.values()):
            raise ValueError("offsets")
        offsets = np.array([given.get(c, 0.0) for c in RED_CELL_CODES], np.float32)
        return _Calibration(temperature, offsets, doubtful)


class RedCellClassifier:
    """A bundle of the task "red_cells", ready to use; thread-safe.

    Parameters
    ----------
    bundle : ModelBundle
    threads : int
        Threads inside one call.
    precision : str
        "fp32", "int8" or "auto".

    Attributes
    ----------
    golden_off : float
        Largest difference of the probabilities found in the card's golden test.

    Raises
    ------
    BundleRefused
        When the network cannot be loaded, its classes are not the program's, or a golden test fails.
    """

    def __init__(self, bundle: ModelBundle, *, threads: int = 1, precision: str = "auto") -> None:
        bundle.need("logits")
        self.bundle = bundle
        self.size_px, self.um_per_px = bundle.input.size_px, bundle.input.um_per_px
        try:
            if bundle.classes != RED_CELL_CODES or not self.size_px:
                raise ValueError("classes")
            self._calibration = _Calibration.of(bundle.card)
            golden = bundle.card["golden"]
            wanted = {k: bundle.array(str(v)) for k, v in golden["probabilities"].items()}
            windows = bundle.array(str(golden["input"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BundleRefused(
                "The model bundle {id} cannot be used.",
                "Its card is incomplete: {error}.",
                id=bundle.id,
                error=error,
            ) from error
        self.session = OnnxSession(bundle, threads=threads, precision=precision)
        self.golden_off = self._check(windows, wanted.get(self.session.precision))

    @property
    def provider(self) -> str:
        """Execution provider in use."""
        return self.session.provider

    @property
    def doubtful_from(self) -> float:
        """A cell with at least this doubt is doubtful: its proposal is too unsure to go by."""
        return self._calibration.doubtful_from

    def terminate(self) -> None:
        """Make running calls raise Cancelled."""
        self.session.terminate()

    def classify(
        self,
        image: NDArray[np.uint8],
        mpp: float,
        centres: NDArray[np.floating],
        *,
        light: Light | None = None,
    ) -> RedCellAnswers:
        """Name the red cells of a picture.

        Parameters
        ----------
        image : (h, w, 3) uint8 RGB
            As it was taken.
        mpp : float
            Its scale, um per px.
        centres : (n, 2)
            x, y of the middle of each cell, px.
        light : Light or None
            How it is lit; None reads it from the picture. Of a picture in even light give
            :func:`bloodcells_gui.imaging.light.even_light`.

        Raises
        ------
        ValueError
            On a scale that is not a positive finite number, or a centre outside the picture.
        Cancelled
            After `terminate`.
        """
        if not (math.isfinite(mpp) and mpp > 0):
            raise ValueError(f"scale must be positive: {mpp} um/px")
        if not len(centres):
            nothing = np.zeros(0, np.float32)
            return RedCellAnswers(np.zeros((0, len(RED_CELL_CODES)), np.float32), nothing, nothing)
        even = (light or estimate_light(image)).applied(image)
        places = [(float(x), float(y)) for x, y in centres]
        windows = crops_at_scale(even, places, mpp, self.size_px, self.um_per_px)
        probabilities = self.probabilities(windows)
        return RedCellAnswers(probabilities, doubt_of(probabilities), inclusion_of(windows, self.um_per_px))

    def probabilities(self, windows: NDArray[np.uint8]) -> Floats:
        """Calibrated probabilities (n, K) of windows (n, size_px, size_px, 3) in even light."""
        parts = [
            self.session.run(np.ascontiguousarray(windows[i : i + _BATCH]), ("logits",))["logits"]
            for i in range(0, len(windows), _BATCH)
        ]
        logits = np.concatenate(parts) if parts else np.zeros((0, len(RED_CELL_CODES)), np.float32)
        z = (logits + self._calibration.offsets) / self._calibration.temperature
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True), np.float32)

    def _check(self, windows: NDArray[np.uint8], wanted: Floats | None) -> float:
        """Refuse a calibration that does not belong to the network."""
        precision = self.session.precision
        off = math.inf if wanted is None else difference(self.probabilities(windows), wanted)
        allowed = _GOLDEN_TOLERANCE.get(precision, 0.01)
        if not off <= allowed:
            raise BundleRefused(
                "The model bundle {id} cannot be used on this machine.",
                "Its golden test failed: {name} is off by {off} (allowed: {allowed}).",
                "Install the program again, or take the bundle from its source once more.",
                id=self.bundle.id, name="probabilities", off=f"{off:.2g}", allowed=f"{allowed:.2g}",
            )  # fmt: skip
        return off


def doubt_of(probabilities: Floats) -> Floats:
    """How unsure the most probable class is, (n,): 1 less its probability."""
    return np.asarray(1 - probabilities.max(axis=1, initial=0.0), np.float32)
