"""Draws one cell of the gallery, and the headings; never blank, never only by colour."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from bloodcells_gui.domain.review import Status
from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.suspicion import LOOK_FIRST
from bloodcells_gui.domain.taxonomy import BY_CODE, UNIDENTIFIED
from bloodcells_gui.ui.alignment import LEFT, RIGHT
from bloodcells_gui.ui.class_marks import paint_mark
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.layout import Metrics
from bloodcells_gui.ui.gallery.model import GalleryModel, Index, Role
from bloodcells_gui.ui.gallery.thumbnails import ThumbnailLoader

GAP = 5
# Combined once: Python's flag enums are slow to combine.
GLYPHS = {
    Status.CONFIRMED: ("confirm", "ok"),
    Status.RELABELLED: ("edit", "accent"),
    Status.UNIDENTIFIED: ("doubt", "warning"),
    Status.EXCLUDED: ("exclude", "muted"),
}


def group_rgb(code: str) -> tuple[int, int, int]:
    """Colour of a group; amber and red for the queues, grey for excluded ones."""
    if code == UNIDENTIFIED:
        return (235, 180, 20)
    if code == LOOK_FIRST:
        return (199, 48, 66)
    if code == EXCLUDED_LABEL:
        return (150, 150, 150)
    return BY_CODE[code].rgb if code in BY_CODE else (128, 128, 128)


@dataclass(slots=True)
class HeadingState:
    """What the view knows about a heading beyond the model."""

    collapsed: bool = False
    drop: bool = False
    pinned: bool = False


class GalleryDelegate(QStyledItemDelegate):
    """Tile: picture, line of certainty in the class's colour, code and probability, glyph of the status."""

    def __init__(
        self, context: UiContext, thumbnails: ThumbnailLoader, side: int, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._thumbnails = thumbnails
        self.side = side
        self._glyph_cache: dict[tuple[str, str, float], QPixmap] = {}
        self._placeholders: dict[tuple[int, int, float], QPixmap] = {}
        self._fonts: tuple[QFont, QFont, QFontMetrics] | None = None
        context.theme.changed.connect(self.reset)

    def reset(self) -> None:
        """Forget what was drawn in the old colours."""
        self._glyph_cache.clear()
        self._placeholders.clear()
        self._fonts = None

    def metrics(self, font: QFont) -> Metrics:
        """Sizes for this font and picture side."""
        line = QFontMetrics(font).height()
        return Metrics(
            tile_width=self.side + 2 * GAP + 4,
            tile_height=self.side + line + 2 * GAP + 11,
            heading=line + 16,
            margin=8,
        )

    def _font(self, painter: QPainter) -> tuple[QFont, QFont, QFontMetrics]:
        if self._fonts is None:
            bold = QFont(painter.font())
            bold.setWeight(QFont.Weight.DemiBold)
            plain = QFont(painter.font())
            self._fonts = (plain, bold, QFontMetrics(bold))
        return self._fonts

    def _glyph(self, status: Status, ratio: float) -> QPixmap | None:
        entry = GLYPHS.get(status)
        if entry is None:
            return None
        key = (*entry, ratio)
        if key not in self._glyph_cache:
            self._glyph_cache[key] = self._context.icons.pixmap(entry[0], 14, ratio, entry[1])
        return self._glyph_cache[key]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, GalleryModel):
            return
        cell_id = model.cell_id(index)
        if cell_id is None:
            self.paint_heading(painter, option.rect, index, HeadingState())
            return
        state = option.state
        self.paint_tile(
            painter,
            option.rect,
            model,
            cell_id,
            selected=bool(state & QStyle.StateFlag.State_Selected),
            current=bool(state & QStyle.StateFlag.State_HasFocus),
        )

    def paint_tile(
        self,
        painter: QPainter,
        rect: QRect,
        model: GalleryModel,
        cell_id: int,
        *,
        selected: bool,
        current: bool,
    ) -> None:
        """One cell into `rect`."""
        theme = self._context.theme
        cell, decision = model.cell(cell_id), model.decision(cell_id)
        plain, bold, _ = self._font(painter)
        spare = max(0, rect.width() - self.side - 2 * GAP - 4)
        frame = rect.adjusted(2 + spare // 2, 2, -2 - (spare - spare // 2), -2)
        if selected or current:
            painter.setPen(QPen(theme.colour("accent"), 2) if current else QPen(theme.colour("accent"), 1))
            painter.setBrush(theme.colour("selected") if selected else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(frame).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        picture = QRect(frame.x() + GAP, frame.y() + GAP, self.side, self.side)
        colour = theme.ink(group_rgb(decision.final or cell.predicted))
        self._paint_picture(painter, picture, cell_id, colour, faded=decision.status == Status.EXCLUDED)
        if model.waits_first(cell_id):
            self._paint_sign(painter, picture.topRight() + QPoint(-19, 2), "look_first", "critical")
        if model.is_tagged(cell_id):
            self._paint_sign(painter, picture.topLeft() + QPoint(2, 2), "tag", "accent")

        bar = QRect(picture.x(), picture.bottom() + 3, picture.width(), 3)
        painter.fillRect(bar, theme.colour("grid"))
        certain = 1.0 if decision.status in (Status.CONFIRMED, Status.RELABELLED) else cell.probability
        painter.fillRect(QRect(bar.x(), bar.y(), round(bar.width() * certain), 3), colour)

        line = QRect(picture.x(), bar.bottom() + 2, picture.width(), frame.bottom() - bar.bottom() - 3)
        glyph = self._glyph(decision.status, painter.device().devicePixelRatioF())
        left = line
        if glyph is not None:
            painter.drawPixmap(QPoint(line.x() - 1, line.y() + (line.height() - 14) // 2), glyph)
            left = line.adjusted(15, 0, 0, 0)
        painter.setPen(theme.colour("text"))
        painter.setFont(bold)
        painter.drawText(left, int(LEFT), decision.final or cell.predicted)
        painter.setFont(plain)
        painter.setPen(theme.colour("muted"))
        painter.drawText(line, int(RIGHT), model.figure(cell_id))

    def _paint_picture(
        self, painter: QPainter, rect: QRect, cell_id: int, colour: QColor, *, faded: bool
    ) -> None:
        pixmap = self._thumbnails.pixmap(cell_id)
        if pixmap is None:
            painter.drawPixmap(rect, self._placeholder(colour, painter.device().devicePixelRatioF()))
            if self._thumbnails.broken(cell_id):
                painter.setPen(QPen(self._context.theme.colour("critical"), 2))
                painter.drawLine(rect.topLeft(), rect.bottomRight())
            return
        target = rect
        if pixmap.width() != pixmap.height():
            size = pixmap.size().scaled(rect.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(QPoint(0, 0), size)
            target.moveCenter(rect.center())
        if faded:
            painter.setOpacity(0.45)
        painter.drawPixmap(target, pixmap)
        if faded:
            painter.setOpacity(1.0)

    def _paint_sign(self, painter: QPainter, corner: QPoint, icon: str, token: str) -> None:
        """A sign on a plate of 18 px: to be looked at first, or with tags or comments."""
        theme, side = self._context.theme, 18
        plate = QRect(corner.x(), corner.y(), side, side)
        painter.setPen(QPen(theme.colour(token), 1))
        painter.setBrush(theme.colour("base"))
        painter.drawRoundedRect(QRectF(plate).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        key = (icon, token, painter.device().devicePixelRatioF())
        if key not in self._glyph_cache:
            self._glyph_cache[key] = self._context.icons.pixmap(key[0], 14, key[2], key[1])
        painter.drawPixmap(plate.topLeft() + QPoint(2, 2), self._glyph_cache[key])

    def _placeholder(self, colour: QColor, ratio: float) -> QPixmap:
        """What stands for a picture that is still being decoded: a cell in the class's colour."""
        key = (colour.rgb(), self.side, ratio)
        pixmap = self._placeholders.get(key)
        if pixmap is None:
            side = round(self.side * ratio)
            pixmap = QPixmap(side, side)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            for alpha, inset in ((0.16, 0), (0.42, side // 4)):
                ground = QColor(colour)
                ground.setAlphaF(alpha)
                painter.setBrush(ground)
                area = pixmap.rect().adjusted(inset, inset, -inset, -inset)
                painter.drawEllipse(area) if inset else painter.drawRoundedRect(area, 4, 4)
            painter.end()
            self._placeholders[key] = pixmap
        return pixmap

    def paint_heading(self, painter: QPainter, rect: QRect, index: Index, state: HeadingState) -> None:
        """A group's heading: name, number of cells, key."""
        theme = self._context.theme
        code = str(index.data(Role.GROUP))
        plain, bold, bold_metrics = self._font(painter)
        painter.fillRect(rect, theme.colour("selected" if state.drop else "window"))
        painter.setPen(theme.colour("accent" if state.drop else "border"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        if state.drop:
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        painter.setPen(QPen(theme.colour("muted"), 1.6))
        x, middle = rect.x() + 12, rect.center().y() + 1
        arrow = (
            [QPoint(x, middle - 4), QPoint(x + 4, middle), QPoint(x, middle + 4)]
            if state.collapsed
            else [QPoint(x - 2, middle - 2), QPoint(x + 2, middle + 2), QPoint(x + 6, middle - 2)]
        )
        painter.drawPolyline(arrow)
        paint_mark(painter, code, QRectF(rect.x() + 26, middle - 6, 12, 12), theme.ink(group_rgb(code)))

        name = str(index.data(Qt.ItemDataRole.DisplayRole))
        count = self._context.language.integer(int(index.data(Role.COUNT)))
        area = rect.adjusted(46, 0, -12, 0)
        painter.setFont(plain)
        beside = painter.fontMetrics().horizontalAdvance(count) + 44
        painter.setFont(bold)
        painter.setPen(theme.colour("text"))
        shown = bold_metrics.elidedText(name, Qt.TextElideMode.ElideRight, max(40, area.width() - beside))
        flags = int(LEFT)
        painter.drawText(area, flags, shown)
        width = bold_metrics.horizontalAdvance(shown)
        painter.setFont(plain)
        painter.setPen(theme.colour("muted"))
        painter.drawText(area.adjusted(width + 10, 0, 0, 0), flags, count)
        key = self._context.keymap.key(code) if code not in (UNIDENTIFIED, EXCLUDED_LABEL) else ""
        if key:
            draw_key_cap(painter, QRect(rect.right() - 36, middle - 10, 22, 20), key, theme.colour("border"))


def draw_key_cap(painter: QPainter, rect: QRect, key: str, border: QColor) -> None:
    """A key as it looks on the keyboard, in the painter's pen colour."""
    pen = painter.pen()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(border, 1))
    painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    painter.setPen(pen)
    painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), key)
