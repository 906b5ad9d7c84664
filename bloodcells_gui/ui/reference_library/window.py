"""The reference library: pictures with class and note, and cells similar to one of the case."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QKeyEvent, QKeySequence, QPainter, QPen, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.reference_library import Reference, ReferenceLibraryController
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.labels import plain_tip
from bloodcells_gui.ui.screen_fit import resize_within_screen

Index = QModelIndex | QPersistentModelIndex
REFERENCE_ROLE, LIKENESS_ROLE = Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2
TILE = QSize(148, 190)
_PICTURE = 120


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
            pixmap = QPixmap()
            try:
                pixmap.loadFromData(self._shelf.thumbnail(entry))
            except (UserError, KeyError):
                pixmap = QPixmap()
            self._pictures[entry] = pixmap
        return self._pictures[entry]

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
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        when = self._context.language.when(found.added_at)
        said = f"{name}\n{found.note}\n{found.added_by}, {when}\n{found.source_case}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(said)
        return said if role == Qt.ItemDataRole.AccessibleTextRole else None


class ReferenceDelegate(QStyledItemDelegate):
    """Picture, class, note or likeness."""

    def __init__(self, context: UiContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return TILE

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        found, model, theme = index.data(REFERENCE_ROLE), index.model(), self._context.theme
        if not isinstance(found, Reference) or not isinstance(model, ReferenceModel):
            return
        area = QRectF(option.rect).adjusted(4, 4, -4, -4)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.setPen(QPen(theme.colour("accent" if chosen else "border"), 2 if chosen else 1))
        painter.setBrush(theme.colour("base"))
        painter.drawRoundedRect(area, 6, 6)
        box = QRectF(area.center().x() - _PICTURE / 2, area.top() + 6, _PICTURE, _PICTURE)
        pixmap = model.picture(index.row())
        if pixmap.isNull():
            painter.fillRect(box, theme.colour("raised"))
        else:
            painter.drawPixmap(box, pixmap, QRectF(pixmap.rect()))
        colour = theme.ink(BY_CODE[found.code].rgb) if found.code in BY_CODE else theme.colour("border")
        painter.fillRect(QRectF(box.left(), box.bottom() + 2, box.width(), 3), colour)
        metrics = option.fontMetrics
        line = QRectF(area.left() + 8, box.bottom() + 8, area.width() - 16, metrics.height())
        font = QFont(option.font)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        elide, right = Qt.TextElideMode.ElideRight, int(line.width())
        painter.drawText(line, 0, metrics.elidedText(str(index.data()), elide, right - 8))
        painter.setFont(option.font)
        painter.setPen(theme.colour("muted"))
        likeness = index.data(LIKENESS_ROLE)
        words = " ".join(found.note.split())
        if isinstance(likeness, float):
            words = f"{self._context.language.number(likeness, 2)}  {words}"
        painter.drawText(line.translated(0, metrics.height() + 1), 0, metrics.elidedText(words, elide, right))
        painter.restore()


class ReferenceView(QListView):
    """The pictures; Delete takes one out, Ctrl+Z brings it back.

    Signals
    -------
    remove_wanted(), undo_wanted()
    """

    remove_wanted = Signal()
    undo_wanted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self._remove_what_is_seen(event)
        elif event.matches(QKeySequence.StandardKey.Undo):
            self.undo_wanted.emit()
        else:
            super().keyPressEvent(event)

    def _remove_what_is_seen(self, event: QKeyEvent) -> None:
        chosen = next(iter(self.selectionModel().selectedIndexes()), None)
        if chosen is None or event.isAutoRepeat():
            return
        if self.viewport().rect().contains(self.visualRect(chosen).center()):
            self.remove_wanted.emit()
        else:
            self.scrollTo(chosen)  # seen first: the next press takes it out


class LibraryWindow(QDialog):
    """The whole library, or what of it is like one cell.

    Parameters
    ----------
    author : str
        Who is at it, for notes and removals.
    """

    def __init__(
        self,
        context: UiContext,
        shelf: ReferenceLibraryController,
        author: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Reference library"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self._context = context
        self._shelf = shelf
        self.author = author
        self._like: list[tuple[Reference, float]] | None = None
        self._removed: list[int] = []
        self.banners = BannerStack(context)
        self.model = ReferenceModel(context, shelf, self)
        self.view = ReferenceView()
        self.view.remove_wanted.connect(self.remove)
        self.view.undo_wanted.connect(self.bring_back)
        self.view.setModel(self.model)
        self.view.setItemDelegate(ReferenceDelegate(context, self.view))
        self.view.setViewMode(QListView.ViewMode.IconMode)
        self.view.setResizeMode(QListView.ResizeMode.Adjust)
        self.view.setMovement(QListView.Movement.Static)
        self.view.setUniformItemSizes(True)
        self.view.setGridSize(TILE)
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.setAccessibleName(tr("Reference library"))
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._update_buttons())
        self.text = QLineEdit()
        self.text.setPlaceholderText(tr("Class, note or reviewer"))
        self.text.setAccessibleName(tr("Search"))
        self.text.setClearButtonEnabled(True)
        self.text.textChanged.connect(lambda _: self.refresh())
        self._state = QLabel()
        self._state.setObjectName("muted")
        self.everything = QPushButton(tr("&Show everything"))
        self.everything.clicked.connect(lambda: self.show_like(None))
        self.note_button = QPushButton(tr("Change the &note…"))
        self.note_button.clicked.connect(self._ask_note)
        self.remove_button = QPushButton(tr("&Take out"))
        self.remove_button.clicked.connect(self.remove)
        for button in (self.everything, self.note_button, self.remove_button):
            button.setAutoDefault(False)
        self._build_layout()
        resize_within_screen(self, 800, 640)

    def _build_layout(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(14, 10, 14, 10)
        row.addWidget(self.text, 1)
        row.addWidget(self.everything)
        below = QHBoxLayout()
        below.setContentsMargins(14, 8, 14, 12)
        below.addWidget(self._state, 1)
        below.addWidget(self.note_button)
        below.addWidget(self.remove_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addLayout(row)
        layout.addWidget(self.view, 1)
        layout.addLayout(below)

    def show_like(self, found: Sequence[tuple[Reference, float]] | None) -> None:
        """Show cells with their likeness; None shows the whole library."""
        self._like = None if found is None else list(found)
        self.refresh()

    def refresh(self) -> None:
        """Read the library again."""
        self.everything.setVisible(self._like is not None)
        self.text.setVisible(self._like is None)
        try:
            rows: list[tuple[Reference, float | None]]
            if self._like is None:
                rows = [(r, None) for r in self._shelf.entries(self.text.text())]
            else:
                rows = list(self._like)
        except UserError as error:
            self.banners.error(error)
            return
        self.model.show_references(rows)
        if rows:
            self._state.setText(ngettext("{n} cell", "{n} cells", len(rows)))
        elif self._like is None:
            self._state.setText(tr("No cell here yet: add one from the menu Case."))
        else:
            self._state.setText(tr("The library holds no cell of the same model."))
        self._update_buttons()

    def _update_buttons(self) -> None:
        chosen = bool(self.view.selectionModel().selectedIndexes())
        self.note_button.setEnabled(chosen)
        self.remove_button.setEnabled(chosen)

    def current(self) -> Reference | None:
        """The chosen reference."""
        found = self.view.selectionModel().selectedIndexes()
        return self.model.reference(found[0].row()) if found else None

    def remove(self) -> None:
        """Take the chosen cell out; Ctrl+Z brings it back."""
        found = self.current()
        if found is not None:
            self._do(lambda: self._shelf.remove(found.id, self.author))
            self._removed.append(found.id)
            if self._like is not None:
                self._like = [p for p in self._like if p[0].id != found.id]
            self.refresh()

    def bring_back(self) -> None:
        """Bring back what was taken out last."""
        if self._removed:
            entry = self._removed.pop()
            self._do(lambda: self._shelf.restore(entry, self.author))
            self.refresh()

    def _ask_note(self) -> None:
        found = self.current()
        if found is None:
            return
        dialog = NoteDialog(self, found.note)
        if dialog.exec():
            note = dialog.answer()
            self._do(lambda: self._shelf.set_note(found.id, note, self.author))
            self.refresh()
        dialog.deleteLater()

    def _do(self, act: Callable[[], None]) -> None:
        try:
            act()
        except UserError as error:
            self.banners.error(error)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()


class NoteDialog(Form):
    """Why this cell is worth keeping."""

    def __init__(self, parent: QWidget | None = None, note: str = "", count: int = 1) -> None:
        super().__init__(
            tr("Reference library"),
            ngettext(
                "What is worth knowing about this cell ({n})",
                "What is worth knowing about these {n} cells",
                count,
            ),
            parent,
        )
        self.note = QLineEdit(note)
        self.note.setMaxLength(400)
        self.form.addRow(tr("&Note"), self.note)

    def answer(self) -> str:
        """The note."""
        return " ".join(self.note.text().split())
