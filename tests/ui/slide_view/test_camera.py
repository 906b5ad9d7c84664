"""The slide's camera: what is where on the screen, from which level, and how long a px is."""

from __future__ import annotations

import math

import pytest

from bloodcells_gui.ui.slide_view import layers
from bloodcells_gui.ui.slide_view.camera import MOST_ZOOM, Camera, level_for


def test_zooming_keeps_the_place_under_the_mouse() -> None:
    camera = Camera(width=800, height=600, plane=(0, 0, 8000, 6000))
    camera.fit()
    assert camera.zoom == pytest.approx(0.1)
    camera.zoom_at(3, 200, 450)
    before = camera.to_plane(200, 450)
    camera.zoom_at(2.5, 200, 450)
    assert camera.to_plane(200, 450) == pytest.approx(before)
    assert camera.to_screen(*camera.to_plane(17, 23)) == pytest.approx((17, 23))
    camera.zoom_at(1e9, 0, 0)
    assert camera.zoom == MOST_ZOOM
    camera.zoom_at(1e-9, 0, 0)
    assert camera.zoom == pytest.approx(0.05)


def test_the_middle_stays_on_the_plane_and_a_fitted_view_stays_fitted() -> None:
    camera = Camera(width=800, height=600, plane=(-100, 50, 4000, 4000))
    camera.look_at(1e9, -1e9, 1.0)
    assert (camera.x, camera.y) == (3900, 50)
    camera.fit()
    camera.resize(400, 900)
    assert camera.fitted
    camera.zoom_at(4, 10, 10)
    zoom = camera.zoom
    camera.resize(500, 500)
    assert camera.zoom == zoom


def test_a_level_has_a_pixel_for_every_one_of_the_screen() -> None:
    assert [level_for(z, 1.0, 5) for z in (4.0, 1.0, 0.6, 0.5, 0.26, 0.25, 0.01)] == [0, 0, 0, 1, 1, 2, 4]
    assert level_for(0.5, 2.0, 5) == 0


def test_lengths_in_words() -> None:
    assert layers.length_text(12.5) == "12.5 µm"
    assert layers.length_text(1234) == "1.23 mm"
    assert layers.nice_length(math.nan, 1.0) is None
    um, px = layers.nice_length(0.25, 1.0) or (0, 0)
    assert (um, px) == (20, 80)
