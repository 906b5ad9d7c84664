"""Marks of classes: every class has a shape, shapes look unlike each other, colours of one shape too."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor

from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.taxonomy import BY_CODE, CLASSES, OTHER, ROLLUPS, UNIDENTIFIED, Shape
from bloodcells_gui.ui.class_marks import mark_path, mark_pixels, mark_pixmap, shape_of
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.delegate import group_rgb
from bloodcells_gui.ui.theme import contrast
from tests.support.colour_vision import VISIONS, ciede2000, difference, lab

#: Two colours that differ by less are hard to tell apart in small marks.
ENOUGH = 9.5
#: What marks of different shapes differ by at least, so that both hints agree.
AT_LEAST = 2.5

GROUPS = (*(c.code for c in CLASSES), UNIDENTIFIED, EXCLUDED_LABEL)


def test_the_difference_is_that_of_the_published_pairs() -> None:
    """Sharma, Wu and Dalal 2005, table 1."""
    for one, other, wanted in (
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ):
        assert ciede2000(np.array(one), np.array(other)) == pytest.approx(wanted, abs=1e-4)


def test_colour_blindness_is_simulated_as_published() -> None:
    """Greys stay greys for everybody; red and green come together for two of the three."""
    for vision in VISIONS:
        assert abs(lab((128, 128, 128), vision)[1:]).max() < 1
    red, green = (200, 60, 60), (110, 120, 40)
    assert difference(red, green, "deuteranopia") < 0.5 * difference(red, green)
    assert difference((60, 60, 200), (60, 110, 110), "tritanopia") < difference((60, 60, 200), (60, 110, 110))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("vision", VISIONS)
def test_classes_of_one_shape_have_colours_that_everybody_tells_apart(
    context: UiContext, theme: str, vision: str
) -> None:
    """As they are drawn: made strong enough for the ground of the theme."""
    context.theme.choose(theme)
    shown = {code: context.theme.ink(group_rgb(code)).getRgb()[:3] for code in GROUPS}
    close = {
        (one, other): round(apart, 1)
        for one, other in combinations(GROUPS, 2)
        if (apart := difference(shown[one], shown[other], vision))
        < (ENOUGH if shape_of(one) is shape_of(other) else AT_LEAST)
    }
    assert close == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_mark_stands_out_from_its_ground(context: UiContext, theme: str) -> None:
    context.theme.choose(theme)
    ground = context.theme.colour("base")
    for code in GROUPS:
        assert contrast(context.theme.ink(group_rgb(code)), ground) >= 3, code


@pytest.mark.parametrize("reach", [3, 4, 8])
def test_shapes_are_drawn_unlike_each_other(reach: int) -> None:
    drawn = {}
    for shape in Shape:
        pixels = mark_pixels(shape, reach)
        assert np.abs(pixels).max() <= reach
        drawn[shape] = {tuple(p) for p in pixels.tolist()}
    for one, other in combinations(Shape, 2):
        assert len(drawn[one] ^ drawn[other]) >= 0.12 * len(drawn[one] | drawn[other]), (one, other)


def test_a_large_mark_has_the_shape_of_the_small_one() -> None:
    for shape in Shape:
        path = mark_path(shape, QRectF(0, 0, 40, 40))
        small = {tuple(p) for p in mark_pixels(shape, 10).tolist()}
        agree = [
            path.contains(path.boundingRect().center()) == ((0, 0) in small),
            path.boundingRect().width() <= 41,
        ]
        assert all(agree), shape


def test_every_group_and_row_has_a_shape_and_a_picture() -> None:
    assert shape_of("SNE") is Shape.CIRCLE
    assert shape_of(UNIDENTIFIED) is Shape.PLUS
    for rollup in ROLLUPS.values():
        for row in rollup.rows:
            if not row.code.startswith(OTHER):  # of other classes in each roll-up
                assert shape_of(row.code) is BY_CODE[row.leaves[0]].shape
    image = mark_pixmap("BL", 14, 2.0, QColor(200, 0, 0)).toImage()
    assert (image.width(), image.pixelColor(14, 16).red() > 150, image.pixelColor(1, 1).alpha()) == (
        28,
        True,
        0,
    )
    hollow = mark_pixmap("SNE", 14, 2.0, QColor(200, 0, 0), hollow=True).toImage()
    assert hollow.pixelColor(14, 14).alpha() == 0
