"""Stored answers of left-out networks: which cells, at which scales, cut how."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")

from bloodcells_gui.adaptation.morphometry import COLUMNS
from scripts.training.answers import MOST, rows_of_site, tight_halves, views_at
from scripts.training.data import CACHE_PX, CACHE_UM, Cache
from scripts.training.views import central_views

WHOLE = CACHE_PX * CACHE_UM / 2


def disc(radius_um: float) -> np.ndarray:
    """A dark disc in the middle of a blank crop at the cache's scale."""
    yy, xx = np.mgrid[:CACHE_PX, :CACHE_PX] - (CACHE_PX - 1) / 2
    out = np.full((CACHE_PX, CACHE_PX, 3), 230, np.uint8)
    out[np.hypot(xx, yy) * CACHE_UM < radius_um] = 60
    return out


def dark_area(view: np.ndarray) -> float:
    return float((view.mean(2) < 140).mean())


def test_a_scale_taken_too_large_shows_a_larger_cell() -> None:
    image = disc(5.0)[None]
    at = {factor: dark_area(views_at(image, [WHOLE], factor)[0]) for factor in (0.83, 1.0, 1.2)}
    assert at[0.83] < at[1.0] < at[1.2]
    assert at[1.2] / at[1.0] == pytest.approx(1.2**2, rel=0.06)
    np.testing.assert_array_equal(views_at(image, [WHOLE], 1.0), central_views(image, [WHOLE]))


def test_a_tight_crop_ends_right_beyond_the_cell_and_never_beyond_the_picture() -> None:
    measured = np.full((3, len(COLUMNS)), np.nan, np.float32)
    measured[:2, COLUMNS.index("cell_area_um2")] = np.pi * 25.0, np.pi * 100.0
    halves = tight_halves(measured, [WHOLE, 8.0, WHOLE])
    assert halves.tolist() == pytest.approx([5.6, 8.0, 6.0], abs=1e-4)
    view = views_at(disc(5.0)[None], [float(halves[0])], 1.0)[0]
    assert (view[0] == view[-1]).all()  # nothing of the field beyond is seen


def test_cells_of_a_site_are_its_labelled_nucleated_ones(tmp_path: Path) -> None:
    rows = [
        ("lisc", "lisc", "LY"), ("lisc", "lisc", "ART"), ("raabin", "raabin", "MO"),
        ("raabin", "raabin_more", "BA"),
        ("raabin", "txl_pbc", "PLT"), ("bccd", "txl_pbc", "NE"), ("bccd", "txl_pbc", "WBC"),
        ("lisc", "lisc", ""),
    ]  # fmt: skip
    meta = [{"site": s, "set": name, "label": x, "leaves": [x] if x else []} for s, name, x in rows]
    Cache.write(tmp_path, "real", [disc(3.0)] * len(meta), meta)
    real = Cache(tmp_path, "real")
    assert rows_of_site(real, "lisc", (), 1) == [0]
    assert rows_of_site(real, "raabin", (), 1) == [2, 3]
    assert rows_of_site(real, "raabin", ("raabin_more",), 1) == [3]
    assert rows_of_site(real, "bccd", (), 1) == [5]
    assert MOST >= 1000
