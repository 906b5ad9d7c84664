"""A pool of child processes whose decoder misbehaves as the file's name says."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from bloodcells_gui.imaging.io.limits import DEFAULT_LIMITS, DecodeLimits
from bloodcells_gui.imaging.io.sandbox import handle
from bloodcells_gui.imaging.io.sandbox.pool import DecoderPool
from tests.support.hostile_images import encoded, rgb_image

ROOT = Path(__file__).resolve().parents[2]
BAD = [sys.executable, "-c",
       f"import sys, runpy; sys.path.insert(0, {str(ROOT)!r}); "
       "runpy.run_module('tests.support.bad_decoder', run_name='__main__')"]  # fmt: skip


def load(pool: DecoderPool, path: Path, limits: DecodeLimits = DEFAULT_LIMITS) -> np.ndarray:
    """Decode the image at `path` in a child process of `pool`."""
    return pool.run(
        handle.load_request(path, path.name, limits),
        lambda child, answer: child.pixels(answer, limits.max_pixels),
    )


def good_image(folder: Path, name: str = "good.jpg") -> Path:
    """Write a small sound JPEG and return its path."""
    path = folder / name
    path.write_bytes(encoded(rgb_image(), "JPEG"))
    return path
