"""Draws the lines of the differential table: swatch, key cap, figures, bar with whiskers, flags."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from bloodcells_gui.ui.alignment import LEFT, RIGHT
from bloodcells_gui.ui.class_marks import paint_mark
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.differential.model import LINE_ROLE, Column, DifferentialModel, Index, Line, LineKind
from bloodcells_gui.ui.gallery.delegate import draw_key_cap

# Combined once: Python's flag enums are slow to combine.
_FLAG_TOKENS = {"L": "info", "H": "warning", "!": "critical"}


class DifferentialDelegate(QStyledItemDelegate):
    """Every cell of the table."""

    def __init__(self, context: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._caps: dict[tuple[str, str, int, float], QPixmap] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        size = super().sizeHint(option, index)
        metrics = QFontMetrics(option.font)
        return QSize(size.width(), metrics.height() + 6)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        line = index.data(LINE_ROLE)
        if not isinstance(line, Line):
            return
        theme = self._context.theme
        rect: QRect = option.rect
        state = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if line.kind == LineKind.HEADING:
            painter.fillRect(rect, theme.colour("window"))
        elif state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme.colour("selected"))
        font = QFont(option.font)
        empty = line.row is not None and line.row.count == 0
        if line.kind in (LineKind.TOTAL, LineKind.HEADING):
            font.setWeight(QFont.Weight.DemiBold)
        elif line.kind == LineKind.SUM:
            font.setItalic(True)
        painter.setFont(font)
        painter.setPen(theme.colour("muted" if empty or line.kind == LineKind.HEADING else "text"))
        column = Column(index.column())
        if column == Column.NAME:
            self._name(painter, rect, line, str(index.data()), font)
        elif column == Column.KEY:
            self._key(painter, rect, line, str(index.data()))
        elif column == Column.BAR:
            self._bar(painter, rect, line, index)
        else:
            self._figure(painter, rect, line, column, str(index.data()), font)
        painter.setPen(theme.colour("border" if line.kind == LineKind.TOTAL else "grid"))
        if line.kind == LineKind.TOTAL:
            painter.drawLine(rect.topLeft(), rect.topRight())
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.restore()

    def _name(self, painter: QPainter, rect: QRect, line: Line, text: str, font: QFont) -> None:
        left = rect.left() + 10
        pen = painter.pen()
        if line.row is not None:
            colour = self._context.theme.ink(line.row.rgb)
            place = QRectF(left, rect.center().y() - 5, 11, 11)
            paint_mark(painter, line.row.code, place, colour, hollow=line.kind == LineKind.SUM)
            left += 19
            flag = line.row.flag
            if flag:
                mark = QRect(rect.right() - 20, rect.top(), 16, rect.height())
                painter.setPen(self._context.theme.colour(_FLAG_TOKENS.get(flag, "warning")))
                bold = QFont(font)
                bold.setWeight(QFont.Weight.Bold)
                painter.setFont(bold)
                painter.drawText(mark, int(Qt.AlignmentFlag.AlignCenter), flag)
                painter.setFont(font)
                rect = rect.adjusted(0, 0, -22, 0)
        painter.setPen(pen)
        area = QRect(left, rect.top(), rect.right() - left - 4, rect.height())
        shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, int(LEFT), shown)

    def _key(self, painter: QPainter, rect: QRect, line: Line, key: str) -> None:
        if not key or line.kind != LineKind.ROW:
            return
        small = QFont(painter.font())
        small.setPointSizeF(small.pointSizeF() * 0.9)
        painter.setFont(small)
        painter.setPen(self._context.theme.colour("muted"))
        cap = QRect(0, 0, 20, min(19, rect.height() - 5))
        cap.moveCenter(rect.center())
        painter.drawPixmap(cap.topLeft(), self._key_cap(painter, cap.size(), key))

    def _key_cap(self, painter: QPainter, size: QSize, key: str) -> QPixmap:
        """The key's picture, drawn once."""
        theme, ratio = self._context.theme, painter.device().devicePixelRatioF()
        name = (key, theme.tokens.name, size.height(), ratio)
        if name not in self._caps:
            pixmap = QPixmap(round(size.width() * ratio), round(size.height() * ratio))
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(Qt.GlobalColor.transparent)
            inner = QPainter(pixmap)
            inner.setRenderHint(QPainter.RenderHint.Antialiasing)
            inner.setFont(painter.font())
            inner.setPen(theme.colour("muted"))
            draw_key_cap(inner, QRect(0, 0, size.width(), size.height()), key, theme.colour("border"))
            inner.end()
            self._caps[name] = pixmap
        return self._caps[name]

    def _figure(
        self, painter: QPainter, rect: QRect, line: Line, column: Column, text: str, font: QFont
    ) -> None:
        if column == Column.COUNT and line.row is not None and line.row.count:
            strong = QFont(font)
            strong.setWeight(QFont.Weight.DemiBold)
            painter.setFont(strong)
        elif column == Column.LIMITS:
            painter.setPen(self._context.theme.colour("muted"))
        elif column == Column.ABSOLUTE and text[-2:] in (" L", " H"):
            painter.setPen(self._context.theme.colour(_FLAG_TOKENS[text[-1]]))
        elif column == Column.EARLIER:
            changed = text[-1:] in ("▲", "▼")
            painter.setPen(self._context.theme.colour("warning" if changed else "muted"))
            if changed:
                strong = QFont(font)
                strong.setWeight(QFont.Weight.DemiBold)
                painter.setFont(strong)
        area = rect.adjusted(2, 0, -6, 0)
        painter.drawText(area, int(RIGHT), text)

    def _bar(self, painter: QPainter, rect: QRect, line: Line, index: Index) -> None:
        row = line.row
        model = index.model()
        if row is None or row.low95 is None or row.high95 is None or not isinstance(model, DifferentialModel):
            return
        if not row.counts and not row.count:
            return
        scale = model.inside_scale if row.counts else model.outside_scale
        share = (row.percent if row.counts else row.per_100_wbc) or 0.0
        area = QRectF(rect).adjusted(8, 0, -10, 0)
        middle = area.center().y() + 0.5

        def x(value: float) -> float:
            return area.left() + area.width() * min(1.0, value / scale)

        theme = self._context.theme
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("grid"))
        painter.drawRect(QRectF(area.left(), middle - 5, area.width(), 10))
        colour = theme.ink(row.rgb)
        if line.kind == LineKind.SUM:
            colour.setAlphaF(0.55)
        painter.setBrush(colour)
        if row.count:
            painter.drawRect(QRectF(area.left(), middle - 5, max(2.0, x(share) - area.left()), 10))
        painter.setPen(QPen(theme.colour("text" if row.count else "placeholder"), 1.2))
        low, high = x(row.low95), x(row.high95)
        painter.drawLine(QPointF(low, middle), QPointF(high, middle))
        for end in (low, high):
            painter.drawLine(QPointF(end, middle - 3.5), QPointF(end, middle + 3.5))
