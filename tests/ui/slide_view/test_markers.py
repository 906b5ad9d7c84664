"""The slide's markers: found by place, drawn in any number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter

from bloodcells_gui.domain.cell import Box
from bloodcells_gui.ui.slide_view.camera import Camera
from bloodcells_gui.ui.slide_view.markers import Markers
from tests.support.slide_window import cells


def test_markers_are_found_by_place() -> None:
    markers = Markers({0: (1000.0, 0.0)}, lambda _: "SNE")
    markers.add(cells(20))
    camera = Camera(width=600, height=600, plane=(0, 0, 5000, 5000))
    camera.look_at(1000 + 130, 130, 1.0)
    assert markers.pick(camera, 300, 300) == cells(1)[0].id
    assert markers.pick(camera, 300 + 125, 300 + 125) is None
    assert len(markers.visible(camera)) == 4
    markers.hidden = {"SNE"}
    assert markers.pick(camera, 300, 300) is None
    markers.hidden = set()
    other = replace(cells(1)[0], id=999, image=7)
    markers.add([other])
    assert not markers.knows(999)


def test_the_smaller_of_two_nested_markers_can_be_picked() -> None:
    markers = Markers({0: (0.0, 0.0)}, lambda _: "LY")
    big, small = replace(cells(1)[0], id=1, box_px=Box(0, 0, 300, 300)), replace(cells(1)[0], id=2)
    markers.add([big, replace(small, box_px=Box(200, 200, 40, 40))])
    camera = Camera(width=600, height=600, plane=(0, 0, 600, 600))
    camera.look_at(300, 300, 1.0)
    assert markers.pick(camera, 218, 222) == 2
    assert markers.pick(camera, 150, 150) == 1


def test_markers_of_100_000_cells_are_drawn_from_afar() -> None:
    markers = Markers({0: (0.0, 0.0)}, lambda i: ("SNE", "EO")[i % 2])
    rng = np.random.default_rng(0)
    one = cells(1)[0]
    places = rng.uniform(0, 100_000, (100_000, 2))
    markers.add(replace(one, id=i, box_px=Box(float(x), float(y), 50, 50)) for i, (x, y) in enumerate(places))
    assert markers.counts() == {"SNE": 50_000, "EO": 50_000}
    image = QImage(800, 800, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    camera = Camera(width=800, height=800, plane=(0, 0, 100_000, 100_000))
    camera.fit()
    painter = QPainter(image)
    markers.paint(painter, camera, 1.0)
    painter.end()
    x, y = camera.to_screen(places[-1][0] + 25, places[-1][1] + 25)
    assert image.pixelColor(int(x), int(y)) != QColor(Qt.GlobalColor.white)
