"""Tiles of the reference library: a cell's picture, its class, and a line about it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from bloodcells_gui.app.reference_library import Reference, ReferenceLibraryController
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import plain_tip
from bloodcells_gui.ui.pictures import decoded

Index = QModelIndex | QPersistentModelIndex
REFERENCE_ROLE, LIKENESS_ROLE = Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2
WORDS_ROLE = Qt.ItemDataRole.UserRole + 3
PICTURE_PX = 120


class ReferenceModel(QAbstractListModel):
    """References, each with how like it is where that was asked."""

    def __init__(
        self, context: UiContext, shelf: ReferenceLibraryController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._shelf = shelf
        self._rows: list[tuple[Reference, float | None]] = []
        self._pictures: dict[int, QPixmap] = {}

    def show_references(self, rows: Sequence[tuple[Reference, float | None]]) -> None:
        """Replace what is shown."""
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def reference(self, row: int) -> Reference:
        """The reference on a row."""
        return self._rows[row][0]

    def picture(self, row: int) -> QPixmap:
        """Its picture; decoded when it is first drawn."""
        entry = self._rows[row][0].id
        if entry not in self._pictures:
            try:
                pixmap = QPixmap.fromImage(decoded(self._shelf.thumbnail(entry)))
            except UserError:  # asked again when it is drawn again
                return QPixmap()
            except KeyError:
                pixmap = QPixmap()
            self._pictures[entry] = pixmap
        return self._pictures[entry]

    def words(self, row: int) -> str:
        """The line below the class: how like it is where that was asked, and the note."""
        found, likeness = self._rows[row]
        origin = f"{found.source} · {found.licence}" if found.source else ""
        words = " ".join((found.note or origin).split())
        return words if likeness is None else f"{self._context.language.number(likeness, 2)}  {words}"

    def origin(self, row: int) -> str:
        """Source, licence and scale of a reference picture; "" for a cell of a case."""
        found = self._rows[row][0]
        if not found.source:
            return ""
        language = self._context.language
        said = [labelled(tr("Source"), found.source, language.lang)]
        said.append(labelled(tr("Licence"), found.licence, language.lang))
        if found.width_um:
            said.append(tr("{um} µm wide").format(um=language.number(found.width_um, 0)))
        else:
            said.append(tr("scale not known"))
        return " · ".join(said)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        found, likeness = self._rows[index.row()]
        name = self._context.language.class_name(found.code)
        if role == REFERENCE_ROLE:
            return found
        if role == LIKENESS_ROLE:
            return likeness
        if role == WORDS_ROLE:
            return self.words(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        when = self._context.language.when(found.added_at)
        about = self.origin(index.row()).replace(" · ", "\n") or found.source_case
        lines = (name, found.note, about, found.file, f"{found.added_by}, {when}")
        said = "\n".join(line for line in lines if line)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(said)
        return said if role == Qt.ItemDataRole.AccessibleTextRole else None


class ReferenceDelegate(QStyledItemDelegate):
    """Picture, class and words of a cell.

    Parameters
    ----------
    picture_px : int
        Side of the pictures.
    named : bool
        Whether class and words stand below a picture.
    """

    def __init__(
        self, context: UiContext, parent: QWidget, picture_px: int = PICTURE_PX, *, named: bool = True
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._picture_px = picture_px
        self._named = named
        self._font = parent.font()

    @property
    def tile(self) -> QSize:
        """Size of a tile: the name of every class has room in it, where it stands there."""
        if not self._named:
            return QSize(self._picture_px + 20, self._picture_px + 26)
        names = (self._context.language.class_name(code) for code in BY_CODE)
        font = QFont(self._font)
        font.setWeight(QFont.Weight.DemiBold)
        widest = max(QFontMetrics(font).horizontalAdvance(name) for name in names)
        return QSize(max(self._picture_px + 28, widest + 28), self._picture_px + 70)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return self.tile

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        found, model, theme = index.data(REFERENCE_ROLE), index.model(), self._context.theme
        if not isinstance(found, Reference) or not isinstance(model, ReferenceModel):
            return
        side = self._picture_px
        area = QRectF(option.rect).adjusted(4, 4, -4, -4)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.setPen(QPen(theme.colour("accent" if chosen else "border"), 2 if chosen else 1))
        painter.setBrush(theme.colour("base"))
        painter.drawRoundedRect(area, 6, 6)
        box = QRectF(area.center().x() - side / 2, area.top() + 6, side, side)
        pixmap = model.picture(index.row())
        if pixmap.isNull():
            painter.fillRect(box, theme.colour("raised"))
        else:
            painter.drawPixmap(_fitted(pixmap, box), pixmap, QRectF(pixmap.rect()))
        colour = theme.ink(BY_CODE[found.code].rgb) if found.code in BY_CODE else theme.colour("border")
        painter.fillRect(QRectF(box.left(), box.bottom() + 2, box.width(), 3), colour)
        if self._named:
            self._paint_words(
                painter, option, index, QRectF(area.left() + 8, box.bottom() + 8, area.width() - 16, 0)
            )
        painter.restore()

    def _paint_words(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index, line: QRectF
    ) -> None:
        theme, metrics = self._context.theme, option.fontMetrics
        font = QFont(option.font)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        elide, right = Qt.TextElideMode.ElideRight, int(line.width())
        painter.drawText(line, 0, painter.fontMetrics().elidedText(str(index.data()), elide, right))
        painter.setFont(option.font)
        painter.setPen(theme.colour("muted"))
        words = metrics.elidedText(str(index.data(WORDS_ROLE)), elide, right)
        painter.drawText(line.translated(0, metrics.height() + 1), 0, words)


def _fitted(pixmap: QPixmap, box: QRectF) -> QRectF:
    """The middle of `box` that a picture fills without being stretched."""
    longer = max(pixmap.width(), pixmap.height())
    width, height = box.width() * pixmap.width() / longer, box.height() * pixmap.height() / longer
    return QRectF(box.center().x() - width / 2, box.center().y() - height / 2, width, height)


class TileList(QListView):
    """A grid of tiles; one of them can be chosen."""

    def show_tiles(self, model: ReferenceModel, delegate: ReferenceDelegate, name: str) -> None:
        """Show the cells of `model`; `name` is what a screen reader calls the list."""
        self.setModel(model)
        self.setItemDelegate(delegate)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setGridSize(delegate.tile)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(name)
