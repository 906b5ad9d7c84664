"""A ring around what has the keyboard, the same for every kind of widget and in both themes.

Fusion marks the focus of a list or a flat button so faintly, or not at all, that a person who works by
keyboard cannot see where the next key goes. The ring lies outside the widget: a view that scrolls is not
slowed down by something that lies over it.
"""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QLineEdit,
    QMenu,
    QTabBar,
    QWidget,
)

WIDTH = 2
_KINDS = (
    QAbstractButton, QAbstractItemView, QAbstractScrollArea, QAbstractSlider, QComboBox, QLineEdit, QTabBar,
)  # fmt: skip
_MOVES = frozenset({QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide})


class _Edge(QWidget):
    """One side of the ring."""

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Highlight))


class FocusRing(QObject):
    """Follows the keyboard through every window of the program.

    Parameters
    ----------
    app : QApplication
        The ring belongs to it.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._edges = [_Edge() for _ in range(4)]
        self._around: QWidget | None = None
        self._watched: list[QWidget] = []
        app.focusChanged.connect(self._on_focus_changed)

    def _on_focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        self._let_go()
        if new is None or not isinstance(new, _KINDS) or isinstance(new.window(), QMenu):
            return
        self._around = new
        step: QWidget | None = new
        while step is not None:
            step.installEventFilter(self)
            step.destroyed.connect(self._let_go)
            self._watched.append(step)
            step = None if step.isWindow() else step.parentWidget()
        self._place()

    def _let_go(self) -> None:
        for widget in self._watched:
            try:
                widget.removeEventFilter(self)
                widget.destroyed.disconnect(self._let_go)
            except RuntimeError:  # Qt has destroyed it already
                continue
        self._watched.clear()
        self._around = None
        # A window takes the edges that lie on it along when Qt destroys it.
        self._edges = [edge if shiboken6.isValid(edge) else _Edge() for edge in self._edges]
        for edge in self._edges:
            edge.hide()
            edge.setParent(None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The widget or something around it has moved."""
        if event.type() in _MOVES:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        widget = self._around
        if not all(map(shiboken6.isValid, (*self._edges, *([widget] if widget is not None else [])))):
            self._let_go()
            return
        if widget is None or not widget.isVisible():
            for edge in self._edges:
                edge.hide()
            return
        ground = _ground(widget)
        inner = QRect(widget.mapTo(ground, QPoint(0, 0)), widget.size())
        outer = inner.adjusted(-WIDTH, -WIDTH, WIDTH, WIDTH) & ground.rect()
        sides = (
            QRect(outer.left(), outer.top(), outer.width(), WIDTH),
            QRect(outer.left(), outer.bottom() - WIDTH + 1, outer.width(), WIDTH),
            QRect(outer.left(), outer.top(), WIDTH, outer.height()),
            QRect(outer.right() - WIDTH + 1, outer.top(), WIDTH, outer.height()),
        )
        for edge, side in zip(self._edges, sides, strict=True):
            if edge.parentWidget() is not ground:
                edge.setParent(ground)
            edge.setGeometry(side)
            edge.show()
            edge.raise_()


def _ground(widget: QWidget) -> QWidget:
    """What the ring is drawn on: the moving part of the area that the widget scrolls in, else its window."""
    step = widget
    while not step.isWindow() and (above := step.parentWidget()) is not None:
        scrolls = above.parentWidget()
        if isinstance(scrolls, QAbstractScrollArea) and above is scrolls.viewport():
            return step
        step = above
    return step
