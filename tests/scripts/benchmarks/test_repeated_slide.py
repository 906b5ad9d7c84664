"""The large slide for measurements: small on the disk, whole at every level."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bloodcells_gui.imaging.io.opening import open_image
from bloodcells_gui.synthetic.pyramid import TILE_PX, PyramidWriter, write_pyramid
from scripts.benchmarks.repeated_slide import BLOCK, MARGIN, repeated


def test_a_large_slide_repeats_the_small_one_at_every_level(tmp_path: Path) -> None:
    side = BLOCK * TILE_PX
    rng = np.random.default_rng(1)
    shades = rng.integers(60, 220, (BLOCK, BLOCK, 3))
    small = np.repeat(np.repeat(shades, TILE_PX, 0), TILE_PX, 1).astype(np.uint8)
    with PyramidWriter(tmp_path / "small.tif", (side, side), 0.25, "x") as writer:
        render = lambda c, r: small[r * TILE_PX : (r + 1) * TILE_PX, c * TILE_PX : (c + 1) * TILE_PX]  # noqa: E731
        write_pyramid(writer, render, np.full((TILE_PX, TILE_PX, 3), 255, np.uint8))
    stored = repeated(tmp_path / "small.tif", tmp_path / "large.tif", 60_000)
    assert stored < 400
    assert (tmp_path / "large.tif").stat().st_size < 4_000_000
    with open_image(tmp_path / "large.tif") as reader:
        assert reader.size_px == (60_000, 60_000)
        assert reader.read_region(0, 0, 64, 64).min() > 235
        for column, row in ((MARGIN, MARGIN), (MARGIN + 3 * BLOCK + 5, MARGIN + BLOCK + 2)):
            x, y = column * TILE_PX + 100, row * TILE_PX + 100
            wanted = shades[row % BLOCK, column % BLOCK]
            for downsample in (1.0, 4.0):
                seen = reader.read_region(x, y, 256, 256, downsample=downsample).reshape(-1, 3)
                assert np.abs(seen.mean(0) - wanted).max() < 6
