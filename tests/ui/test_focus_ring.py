"""The ring is around what has the keyboard, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import shiboken6
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from bloodcells_gui.ui.focus_ring import WIDTH, FocusRing


@pytest.fixture
def ring(qtbot: QtBot) -> Iterator[FocusRing]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    ring = FocusRing(app)
    yield ring
    app.focusChanged.disconnect(ring._on_focus_changed)  # noqa: SLF001
    ring._let_go()  # noqa: SLF001
    ring.deleteLater()


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    layout = QVBoxLayout(window)
    layout.setContentsMargins(9, 9, 9, 9)
    for part in (QLabel("words"), QLineEdit(), QPushButton("Sign"), QListView()):
        layout.addWidget(part)
    qtbot.addWidget(window)
    window.resize(300, 400)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


def placed(ring: FocusRing) -> QRect | None:
    """The rectangle that the ring encloses, in the coordinates of what it is drawn on."""
    edges = [e for e in ring._edges if e.isVisible()]  # noqa: SLF001
    if not edges:
        return None
    around = edges[0].geometry()
    for edge in edges:
        around |= edge.geometry()
    return around.adjusted(WIDTH, WIDTH, -WIDTH, -WIDTH)


@pytest.mark.parametrize("kind", [QLineEdit, QPushButton, QListView])
def test_the_ring_goes_where_the_keyboard_goes_and_follows_it(
    ring: FocusRing, window: QWidget, kind: type[QWidget]
) -> None:
    (part,) = window.findChildren(kind, options=Qt.FindChildOption.FindDirectChildrenOnly)
    part.setFocus()
    assert placed(ring) == part.geometry()
    window.resize(360, 500)
    QApplication.sendPostedEvents()
    assert placed(ring) == part.geometry()
    part.hide()
    assert placed(ring) != part.geometry()


def test_the_ring_leaves_with_the_keyboard_and_with_the_widget(ring: FocusRing, window: QWidget) -> None:
    (button,) = window.findChildren(QPushButton)
    button.setFocus()
    button.clearFocus()
    assert placed(ring) is None
    button.setFocus()
    shiboken6.delete(button)
    window.findChildren(QListView)[0].setFocus()
    assert placed(ring) == window.findChildren(QListView)[0].geometry()


def test_a_window_that_goes_takes_no_ring_from_the_others(
    qtbot: QtBot, ring: FocusRing, window: QWidget
) -> None:
    other = QWidget()
    line = QLineEdit(other)
    line.move(9, 9)
    other.resize(300, 200)
    other.show()
    other.activateWindow()
    qtbot.waitUntil(other.isActiveWindow)
    line.setFocus()
    assert placed(ring) == line.geometry()
    shiboken6.delete(other)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    (button,) = window.findChildren(QPushButton)
    button.clearFocus()
    button.setFocus()
    assert placed(ring) == button.geometry()


def test_in_an_area_that_scrolls_the_ring_scrolls_along(
    qtbot: QtBot, ring: FocusRing, window: QWidget
) -> None:
    area, inside = QScrollArea(), QWidget()
    column = QVBoxLayout(inside)
    for n in range(30):
        column.addWidget(QPushButton(str(n)))
    area.setWidget(inside)
    window.layout().addWidget(area)
    qtbot.waitUntil(inside.isVisible)
    button = inside.findChildren(QPushButton)[2]
    button.setFocus()
    (edge, *_) = ring._edges  # noqa: SLF001
    assert edge.parentWidget() is inside
    assert placed(ring) == button.geometry()
    before = edge.mapTo(area, QPoint(0, 0)).y()
    area.verticalScrollBar().setValue(30)
    qtbot.waitUntil(lambda: edge.mapTo(area, QPoint(0, 0)).y() == before - 30)


def test_the_ring_takes_no_click(ring: FocusRing, window: QWidget) -> None:
    (button,) = window.findChildren(QPushButton)
    button.setFocus()
    corner = button.mapTo(window, QPoint(-1, 5))
    assert window.childAt(corner) is None
