"""The maps over the picture: what their colours mean, and which classes are marked."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.cell import Box
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.domain.zones import ZoneTile, ranked_reasons
from bloodcells_gui.ui.slide_view import legend
from bloodcells_gui.ui.slide_view.camera import Camera
from bloodcells_gui.ui.slide_view.layers import ZoneLayer
from bloodcells_gui.ui.slide_view.markers import Markers, swatch
from tests.support.fakes import make_cells
from tests.support.slide_window import placed

SIDE = 400


def painted(zones: ZoneLayer, shown: str, images: tuple, centres: np.ndarray, mpp: float = 0.25) -> QImage:
    image = QImage(2 * SIDE, SIDE, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    camera = Camera(width=2 * SIDE, height=SIDE, plane=(0, 0, 2 * SIDE, SIDE))
    camera.fit()
    painter = QPainter(image)
    zones.paint(painter, camera, images, shown, False, lambda: centres.astype(np.float32))
    zones.paint_legend(painter, shown, mpp)
    painter.end()
    return image


def test_fields_are_compared_with_the_densest_of_all_not_each_with_itself(qtbot: QtBot) -> None:
    fields = (placed(0, (SIDE, SIDE)), placed(1, (SIDE, SIDE), (SIDE, 0.0)))
    zones = ZoneLayer()
    for i in range(2):
        zones.rank(i, [ZoneTile(i, 0, 0, (0, 0, SIDE, SIDE), 0.5)])
    centres = np.array([(100, 300)] + [(SIDE + 100 + 10 * k, 300) for k in range(10)])
    image = painted(zones, legend.DENSITY, fields, centres)
    few, many = image.pixelColor(200, 350), image.pixelColor(SIDE + 200, 350)
    assert few != many
    assert many.lightness() > few.lightness()
    zones.forget_density()
    fewer = painted(zones, legend.DENSITY, fields, centres[:1])
    assert fewer.pixelColor(200, 350) == many


def test_the_legend_gives_the_colours_their_numbers() -> None:
    title, low, high = legend.words(legend.DENSITY, 20 / 1e6, 0.25) or ("", "", "")
    assert "mm²" in title
    assert (low, high) == ("0", "320")  # 20 in 1,000 x 1,000 px of 0.25 um
    assert legend.words(legend.DENSITY, 20 / 1e6, math.nan) == ("Leukocytes per area", "0", "densest")
    assert legend.words(legend.QUALITY, 0, 0.25) == ("Monolayer: one layer, in focus", "0 %", "100 %")
    assert legend.words(legend.NOTHING, 0, 0.25) is None


@pytest.mark.parametrize("shown", [legend.QUALITY, legend.DENSITY, legend.NOTHING])
def test_the_legend_is_painted_with_a_map_only(qtbot: QtBot, shown: str) -> None:
    zones = ZoneLayer()
    image = painted(zones, shown, (placed(0, (SIDE, SIDE)),), np.zeros((0, 2)))
    hues = {image.pixelColor(x, y).hsvHue() // 30 for x in range(200) for y in range(60)}
    assert (len(hues) > 4) is (shown != legend.NOTHING)  # violet to yellow


def test_a_hidden_class_looks_unlike_a_shown_one(qtbot: QtBot) -> None:
    def middle(icon: QIcon) -> QColor:
        picture = QImage(14, 14, QImage.Format.Format_ARGB32)
        picture.fill(Qt.GlobalColor.white)
        painter = QPainter(picture)
        icon.paint(painter, QRect(0, 0, 14, 14))
        painter.end()
        return picture.pixelColor(7, 7)

    assert middle(swatch("SNE", ticked=True)) == QColor(*BY_CODE["SNE"].rgb)
    assert middle(swatch("SNE", ticked=False)) == QColor(Qt.GlobalColor.white)


@pytest.mark.parametrize("code", ["BA", "MO", "PLT"])
def test_the_name_beside_a_marker_can_be_read_whatever_the_class_colour(qtbot: QtBot, code: str) -> None:
    markers = Markers({0: (0.0, 0.0)}, lambda _: code)
    markers.add([replace(make_cells(1)[0], image=0, box_px=Box(100, 100, 80, 80))])
    image = QImage(SIDE, SIDE, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.black)
    camera = Camera(width=SIDE, height=SIDE, plane=(0, 0, SIDE, SIDE))
    camera.fit()
    painter = QPainter(image)
    markers.paint(painter, camera, 1.0)
    painter.end()
    above = [image.pixelColor(x, y).lightness() for x in range(97, 130) for y in range(75, 94)]
    assert max(above) > 200


def test_of_thin_and_thick_the_stronger_is_said() -> None:
    assert ranked_reasons(("too thick", "pale", "too thin")) == ("too thick", "pale")
    assert ranked_reasons(("too thin", "too thick")) == ("too thin",)
    assert ranked_reasons(("out of focus", "too thick")) == ("out of focus", "too thick")
    assert ranked_reasons(()) == ()
