"""What the inspector shows of cells at the edge of their image."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from bloodcells_gui.app.cell_views import CellImageCropper, decode_jpeg
from bloodcells_gui.domain.cell import Box, Cell, CellAssets
from bloodcells_gui.domain.specimen import ImageRef
from bloodcells_gui.pipeline.encoding import encode_jpeg, encode_png

BLANK = (230, 220, 210)


@pytest.mark.parametrize("goes_on", [False, True])
def test_beyond_the_image_there_is_blank_or_what_the_neighbouring_field_shows(
    tmp_path: Path, goes_on: bool
) -> None:
    field = np.full((120, 100, 3), BLANK, np.uint8)
    cv2.circle(field, (95, 60), 20, (90, 60, 150), -1)
    cv2.imwrite(str(tmp_path / "a.png"), field[..., ::-1])
    mask = np.zeros((80, 80), np.uint8)
    cv2.circle(mask, (40, 40), 20, 1, -1)
    if not goes_on:
        mask[:, 45:] = 0  # the cell as far as it is seen
    whole = np.full((80, 80, 3), BLANK, np.uint8)
    cv2.circle(whole, (40, 40), 20, (90, 60, 150), -1)
    assets = CellAssets(encode_jpeg(whole, 95), encode_png(mask), (55.0, 20.0, 80.0))
    path = tmp_path / "a.png"
    store = SimpleNamespace(
        assets=lambda _: assets,
        runs=(),
        specimen=SimpleNamespace(images=(ImageRef("a.png", path, size_px=(100, 120)),)),
    )
    none = np.zeros(0, np.float32)
    cell = Cell(0, 0, Box(75, 40, 25, 40), 0.1, "LY", 0.9, False, 0.1, none, none)
    maker = CellImageCropper(store)  # type: ignore[arg-type]
    view = maker.view(cell)
    maker.close()
    assert view.from_image
    beyond = view.image[:, 46:]
    if goes_on:
        np.testing.assert_array_equal(view.image, decode_jpeg(assets.thumbnail))
        assert (beyond[40, :10].astype(int).sum(axis=1) < 400).all()
    else:
        assert (beyond == BLANK).all()
