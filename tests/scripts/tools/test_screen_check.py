"""The checks of the screens find faults that are planted, and none where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt
from PySide6.QtGui import QFontMetrics, QIcon, QPixmap, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QTableView, QToolButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from scripts.tools.screen_check import elided_names, problems, without_focus_mark

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")
LONG = "Neutrophile segmenté du sang périphérique"


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[QWidget]:
    window = QWidget()
    layout = QVBoxLayout(window)
    layout.addWidget(QLabel(LONG))
    line = QLineEdit()
    line.setAccessibleName("Name")
    layout.addWidget(line)
    layout.addWidget(QPushButton("Sign"))
    qtbot.addWidget(window)
    window.show()
    yield window
    # The garbage collector would take a table's header from under it, and the next style crashes.
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def kinds(window: QWidget) -> set[str]:
    return {problem.kind for problem in problems(window)}


def cut_label(window: QWidget) -> None:
    window.findChildren(QLabel)[0].setFixedWidth(40)


def low_label(window: QWidget) -> None:
    label = window.findChildren(QLabel)[0]
    label.setWordWrap(True)
    label.setFixedSize(120, 10)


def cut_button(window: QWidget) -> None:
    window.findChildren(QPushButton)[0].setFixedWidth(12)


def cut_column(window: QWidget) -> None:
    table = QTableView(accessibleName="Classes")
    model = QStandardItemModel(table)
    model.appendRow([QStandardItem(LONG), QStandardItem("1")])
    table.setModel(model)
    table.setWordWrap(False)
    table.setColumnWidth(0, 50)
    window.layout().addWidget(table)


def nameless_button(window: QWidget) -> None:
    button, picture = QToolButton(), QPixmap(8, 8)
    button.setIcon(QIcon(picture))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    window.layout().addWidget(button)


def unreachable_button(window: QWidget) -> None:
    window.findChildren(QPushButton)[0].setFocusPolicy(Qt.FocusPolicy.ClickFocus)


def overlap(window: QWidget) -> None:
    label, button = window.findChildren(QLabel)[0], window.findChildren(QPushButton)[0]
    button.setGeometry(label.geometry())


def beyond(window: QWidget) -> None:
    child = QLabel("x", window)
    child.setGeometry(window.width() - 5, 0, 30, 20)
    child.show()


def too_large(window: QWidget) -> None:
    window.resize(window.screen().availableSize() + QSize(50, 0))


@pytest.mark.parametrize(
    ("plant", "kind"),
    [
        (cut_label, "cut text"),
        (low_label, "cut text"),
        (cut_button, "cut text"),
        (cut_column, "cut text"),
        (nameless_button, "no accessible name"),
        (unreachable_button, "out of reach of the keyboard"),
        (overlap, "one over the other"),
        (beyond, "out of its place"),
        (too_large, "beyond the screen"),
    ],
)
def test_a_planted_fault_is_found(
    qtbot: QtBot, window: QWidget, plant: Callable[[QWidget], None], kind: str
) -> None:
    assert kinds(window) == set()
    plant(window)
    qtbot.waitUntil(lambda: kind in kinds(window))


def test_what_looks_the_same_with_the_keyboard_is_found(qtbot: QtBot, window: QWidget) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    assert "QLineEdit" not in {p.where for p in without_focus_mark(window)}
    (line,) = window.findChildren(QLineEdit)
    line.setStyleSheet("QLineEdit, QLineEdit:focus { border: 1px solid black; }")
    line.setReadOnly(True)
    assert "QLineEdit" in {p.where for p in without_focus_mark(window)}


def test_a_class_name_that_is_cut_by_a_painter_is_named(window: QWidget) -> None:
    metrics = QFontMetrics(window.font())
    with elided_names({LONG}) as cut:
        assert (
            metrics.elidedText("another long text without a class", Qt.TextElideMode.ElideRight, 20) != LONG
        )
        assert metrics.elidedText(LONG, Qt.TextElideMode.ElideRight, 2000) == LONG
        assert cut == []
        assert metrics.elidedText(LONG, Qt.TextElideMode.ElideRight, 30) != LONG
    assert cut == [LONG]
    assert metrics.elidedText(LONG, Qt.TextElideMode.ElideRight, 30) != LONG
    assert cut == [LONG]
