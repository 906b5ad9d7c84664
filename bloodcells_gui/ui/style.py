"""Qt's Fusion style with visible edges: its own outlines are too dark on dark backgrounds."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import (
    QPlainTextEdit,
    QProxyStyle,
    QStyle,
    QStyleHintReturn,
    QStyleOption,
    QStyleOptionComplex,
    QWidget,
)

_BOXES = (QStyle.PrimitiveElement.PE_IndicatorCheckBox, QStyle.PrimitiveElement.PE_IndicatorItemViewItemCheck)
_FRAMED = (QStyle.ComplexControl.CC_SpinBox, QStyle.ComplexControl.CC_ComboBox)
_EDGE_ALPHA = 0.72


def edge_colour(palette: QPalette) -> QColor:
    """The edge of a field: at least 3:1 on base and window in either theme."""
    colour = QColor(palette.color(QPalette.ColorRole.PlaceholderText))
    colour.setAlphaF(_EDGE_ALPHA)
    return colour


class HouseStyle(QProxyStyle):
    """Draws check boxes and the edges of fields itself, and leaves pictures off dialog buttons."""

    def styleHint(
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        returnData: QStyleHintReturn | None = None,
    ) -> int:
        """As Fusion, but for the buttons of dialogs: the desktop's pictures are of another time and theme."""
        if hint == QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons:
            return 0
        return super().styleHint(hint, option, widget, returnData)

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        """As Fusion, but for check boxes and edges."""
        if element in _BOXES:
            _draw_box(painter, option)
            return
        if element == QStyle.PrimitiveElement.PE_IndicatorRadioButton:
            _draw_radio(painter, option)
            return
        super().drawPrimitive(element, option, painter, widget)
        if element == QStyle.PrimitiveElement.PE_FrameLineEdit or (
            element == QStyle.PrimitiveElement.PE_Frame and isinstance(widget, QPlainTextEdit)
        ):
            _draw_edge(painter, option, option.rect)

    def drawComplexControl(
        self,
        control: QStyle.ComplexControl,
        option: QStyleOptionComplex,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        """As Fusion, with an edge around number fields and lists."""
        super().drawComplexControl(control, option, painter, widget)
        if control in _FRAMED:
            _draw_edge(painter, option, option.rect)


def _draw_edge(painter: QPainter, option: QStyleOption, area: QRect) -> None:
    focus = bool(option.state & QStyle.StateFlag.State_HasFocus)
    colour = option.palette.color(QPalette.ColorRole.Highlight) if focus else edge_colour(option.palette)
    if not option.state & QStyle.StateFlag.State_Enabled:
        colour.setAlphaF(0.35)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5), 2.5, 2.5)
    painter.restore()


def _draw_radio(painter: QPainter, option: QStyleOption) -> None:
    """A choice of one: an edge as visible as that of a check box; a dot when chosen."""
    state, palette = option.state, option.palette
    on = bool(state & QStyle.StateFlag.State_On)
    side = min(option.rect.width(), option.rect.height()) - 2
    ring = QRectF(0, 0, side - 1, side - 1)
    ring.moveCenter(QRectF(option.rect).center())
    accent = palette.color(QPalette.ColorRole.Highlight)
    focus = bool(state & QStyle.StateFlag.State_HasFocus)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if not state & QStyle.StateFlag.State_Enabled:
        painter.setOpacity(0.45)
    painter.setPen(QPen(accent if on or focus else palette.color(QPalette.ColorRole.PlaceholderText), 1))
    painter.setBrush(palette.color(QPalette.ColorRole.Base))
    painter.drawEllipse(ring)
    if on:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        painter.drawEllipse(ring.adjusted(side / 4, side / 4, -side / 4, -side / 4))
    painter.restore()


def _draw_box(painter: QPainter, option: QStyleOption) -> None:
    """A check box: an edge; filled with the accent and ticked when on, with a bar when partly on."""
    state, palette = option.state, option.palette
    on = bool(state & QStyle.StateFlag.State_On)
    partly = bool(state & QStyle.StateFlag.State_NoChange)
    side = min(option.rect.width(), option.rect.height()) - 2
    # On whole pixels, so that one pixel of edge is not smeared over two.
    left = option.rect.x() + (option.rect.width() - side) // 2 + 0.5
    box = QRectF(left, option.rect.y() + (option.rect.height() - side) // 2 + 0.5, side - 1, side - 1)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if not state & QStyle.StateFlag.State_Enabled:
        painter.setOpacity(0.45)
    accent = palette.color(QPalette.ColorRole.Highlight)
    edge = QColor(palette.color(QPalette.ColorRole.PlaceholderText))
    focus = bool(state & QStyle.StateFlag.State_HasFocus)
    painter.setPen(QPen(accent if on or partly or focus else edge, 1))
    painter.setBrush(accent if on or partly else palette.color(QPalette.ColorRole.Base))
    painter.drawRoundedRect(box, 2, 2)
    mark = QPen(palette.color(QPalette.ColorRole.HighlightedText), max(1.4, side / 8))
    mark.setCapStyle(Qt.PenCapStyle.RoundCap)
    mark.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(mark)
    if on:
        places = ((0.24, 0.52), (0.43, 0.71), (0.77, 0.30))
        painter.drawPolyline(QPolygonF([QPointF(box.x() + side * x, box.y() + side * y) for x, y in places]))
    elif partly:
        middle = box.center().y()
        painter.drawLine(QPointF(box.x() + side * 0.25, middle), QPointF(box.x() + side * 0.75, middle))
    painter.restore()
