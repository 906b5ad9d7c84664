"""Specimens of crops cut tight: which kinds they hold, and what is put around them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.domain.detections import Detections
from scripts.training.data import Item
from scripts.training.tight_crops import MIXES, TightCrop, cut_tight, padded, specimens


class OneBox:
    """Finds one cell in the middle of every picture."""

    def detect(self, image: np.ndarray, mpp: float) -> Detections:
        box = np.array([[30, 40, 40, 40]], np.float32)
        return Detections(box, np.zeros(1, np.int8), np.ones(1, np.float32))


def test_a_crop_is_cut_around_the_box_with_less_than_a_third_of_its_side(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((120, 100, 3), 200, np.uint8))
    items = [
        Item("a.png", "pbc", "pbc", label, (label,), "g", 0.1, "", "train+ship", "test")
        for label in ("SNE", "BNE", "LY", "LY")
    ]
    found = cut_tight(items, tmp_path, OneBox(), np.random.default_rng(1), 1)  # type: ignore[arg-type]
    assert {kind: len(crops) for kind, crops in found.items()} == {"NE": 1, "LY": 1}
    for crops in found.values():
        height, width = crops[0].pixels.shape[:2]
        assert 40 <= height <= 53
        assert 40 <= width <= 53


def test_specimens_hold_the_kinds_of_their_mix_alone() -> None:
    crop = {k: [TightCrop(np.zeros((9, 9, 3), np.uint8), k, 0.1)] * 10 for k in ("LY", "NE", "MO", "EO")}
    drawn = list(specimens(crop, 12, 2, np.random.default_rng(1)))
    assert {name for name, _ in drawn} == set(MIXES) - {"all five"}  # there are no basophils
    for name, cells in drawn:
        assert len(cells) == 12
        assert {c.kind for c in cells} <= set(MIXES[name])


@pytest.mark.parametrize("level", [None, 0, 128])
def test_a_frame_has_one_level_and_a_fifth_of_the_side(level: int | None) -> None:
    inner = np.full((50, 40, 3), 200, np.uint8)
    framed = padded(inner, level)
    assert framed.shape == ((50, 40, 3) if level is None else (70, 60, 3))
    assert level is None or (framed[:10] == level).all()
    assert np.array_equal(framed[10:-10, 10:-10] if level is not None else framed, inner)
