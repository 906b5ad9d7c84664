"""Outlines the cell in the middle of a window, and its nucleus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.serial_section import serial_section
from bloodcells_gui.inference.bundle import ModelBundle
from bloodcells_gui.inference.masks import clean_mask
from bloodcells_gui.inference.session import OnnxSession

# So few that the layers of a batch stay in the processor's cache.
_BATCH = 4


class Segmenter:
    """A segmenter bundle, ready to use; thread-safe.

    Parameters
    ----------
    bundle : ModelBundle
        Of the task "segment".
    threads : int
        Threads inside one call.
    precision : str
        "fp32", "int8" or "auto".

    Raises
    ------
    BundleRefused
        When the network cannot be loaded or fails its golden test.
    """

    def __init__(self, bundle: ModelBundle, *, threads: int = 1, precision: str = "auto") -> None:
        bundle.need("probabilities")
        self.session = OnnxSession(bundle, threads=threads, precision=precision)
        self.bundle = bundle
        self.size_px = bundle.input.size_px
        self.um_per_px = bundle.input.um_per_px

    @property
    def provider(self) -> str:
        """Execution provider in use."""
        return self.session.provider

    def terminate(self) -> None:
        """Make running calls raise Cancelled."""
        self.session.terminate()

    def probabilities(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, 3, s, s) float32: background, cytoplasm, nucleus, before any cleaning."""
        parts = [
            self.session.run(np.ascontiguousarray(crops[i : i + _BATCH]), ("probabilities",))["probabilities"]
            for i in range(0, len(crops), _BATCH)
        ]
        if not parts:
            return np.zeros((0, 3, self.size_px, self.size_px), np.float32)
        return np.concatenate(parts)

    def segment(self, crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Masks of the central cells.

        Parameters
        ----------
        crops : (n, s, s, 3) uint8 RGB
            Windows of `size_px` at `um_per_px` (``crop_at_scale``); the cell lies about in the middle.

        Returns
        -------
        (n, s, s) uint8
            0 background, 1 cytoplasm, 2 nucleus; neighbours left out; all 0 where no cell was found.

        Raises
        ------
        Cancelled
            After `terminate`.
        """
        out = np.zeros(crops.shape[:3], np.uint8)
        found = self.probabilities(crops)
        with serial_section():
            for i, probabilities in enumerate(found):
                out[i] = clean_mask(probabilities)
        return out
