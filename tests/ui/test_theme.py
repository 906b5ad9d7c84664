"""Colours: contrast of every pair of text and ground, following the desktop, icons in both."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.taxonomy import CLASSES
from bloodcells_gui.ui.icons import Icons
from bloodcells_gui.ui.resources import resource_dir
from bloodcells_gui.ui.theme import DARK, LIGHT, Theme, Tokens, contrast, palette, style_sheet

GROUNDS = ("window", "base", "raised", "selected")
NOTICES = ("ok_ground", "warning_ground", "critical_ground", "info_ground")


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_everywhere(tokens: Tokens) -> None:
    pairs = [("text", g) for g in (*GROUNDS, *NOTICES)]
    pairs += [("muted", g) for g in GROUNDS] + [("on_accent", "accent"), ("accent", "base")]
    pairs += [(s, f"{s}_ground") for s in ("ok", "warning", "critical", "info")]
    pairs += [(s, g) for s in ("ok", "warning", "critical", "info") for g in ("window", "base")]
    pairs += [("placeholder", "base")]
    for ink, ground in pairs:
        ratio = contrast(getattr(tokens, ink), getattr(tokens, ground))
        assert ratio >= 4.5, f"{ink} on {ground}: {ratio:.2f}"


def test_the_formula_is_the_published_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_class_colours_stand_out_from_the_ground(qapp: QApplication, choice: str) -> None:
    theme = Theme(qapp, choice)
    for c in CLASSES:
        assert contrast(theme.ink(c.rgb), theme.colour("base")) >= 2.9, c.code


def test_the_palette_uses_the_tokens(qapp: QApplication) -> None:
    p = palette(DARK)
    assert p.color(QPalette.ColorRole.Base) == QColor(DARK.base)
    assert p.color(QPalette.ColorRole.Text) == QColor(DARK.text)


def test_choosing_replaces_colours_and_says_so(qapp: QApplication) -> None:
    theme = Theme(qapp, "light")
    told: list[bool] = []
    theme.changed.connect(lambda: told.append(theme.dark))
    theme.choose("dark")
    assert told == [True]
    theme.choose("no such thing")
    assert theme.choice == "system"


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_the_style_sheet_names_only_known_colours(tokens: Tokens) -> None:
    assert "@" not in style_sheet(tokens)


def test_every_icon_that_is_asked_for_exists() -> None:
    package = resource_dir().parent / "bloodcells_gui" / "ui"
    names = set()
    for path in package.rglob("*.py"):
        text = path.read_text("utf-8")
        names.update(re.findall(r'icons\.(?:get|pixmap)\("(\w+)"', text))
        names.update(re.findall(r'add\(\s*"\w+", tr\("[^"]+"\), "(\w+)"', text))
    assert len(names) > 10
    for name in names:
        assert (resource_dir() / "icons" / f"{name}.svg").is_file(), name


def test_icons_take_the_colour_of_the_theme(qapp: QApplication) -> None:
    theme = Theme(qapp, "dark")
    image = Icons(theme).pixmap("stop", 24, 1.0).toImage()
    colours = {
        image.pixelColor(x, y).name()
        for x in range(24)
        for y in range(24)
        if image.pixelColor(x, y).alpha() > 250
    }
    assert DARK.text in colours


def strongest_edge(widget: QWidget, ground: str) -> float:
    """The best contrast with `ground` along a line across the widget."""
    picture = widget.grab().toImage()
    across = [picture.pixelColor(x, picture.height() // 2) for x in range(min(picture.width(), 24))]
    return max(contrast(c, ground) for c in across)


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_an_empty_box_and_the_edge_of_a_field_can_be_seen(
    qtbot: QtBot, qapp: QApplication, choice: str
) -> None:
    theme = Theme(qapp, choice)
    page = QWidget()
    qtbot.addWidget(page)
    layout = QVBoxLayout(page)
    parts = [QCheckBox(""), QLineEdit(), QSpinBox(), QPlainTextEdit()]
    for part in parts:
        part.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout.addWidget(part)
    page.resize(300, 300)
    page.show()
    for part in parts:
        assert strongest_edge(part, theme.tokens.window) >= 3.0, type(part)
    box = parts[0]
    assert isinstance(box, QCheckBox)
    empty = box.grab().toImage()
    box.setChecked(True)
    assert box.grab().toImage() != empty
    Theme(qapp, "light")
