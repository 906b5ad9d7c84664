"""Show up to eight cells side by side at one physical scale; keys decide on the one with the frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QThreadPool, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.cell_views import CellView
from bloodcells_gui.domain.cell import cell_number
from bloodcells_gui.domain.review import Change
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.focus_frame import FocusFrame
from bloodcells_gui.ui.gallery.cell_words import cell_remarks, described
from bloodcells_gui.ui.gallery.delegate import GLYPHS, group_rgb
from bloodcells_gui.ui.hint_line import HintLine
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.inspector.image_view import CellImageView
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.keyboard import review_meanings
from bloodcells_gui.ui.labels import ElidedLabel, PlainLabel
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.screen_fit import resize_within_screen
from bloodcells_gui.ui.unidentified import waiting_guess

MOST = 8


class CompareTile(FocusFrame):
    """One cell: picture, class, probability.

    Signals
    -------
    chosen(int)
        The person pointed at the cell.
    zoomed(float)
        It is shown at this many px per um now.
    ready()
        Its picture is there.
    """

    chosen = Signal(int)
    zoomed = Signal(float)
    ready = Signal()

    def __init__(
        self, context: UiContext, controller: ReviewController, pool: QThreadPool, cell_id: int
    ) -> None:
        super().__init__(context)
        self._context = context
        self._session = controller.session
        self.cell_id = cell_id
        self.image = CellImageView(context)
        self.image.show_cell = self.image.show_nucleus = False
        self.caption = ElidedLabel()
        font = self.caption.font()
        font.setWeight(font.Weight.DemiBold)
        self.caption.setFont(font)
        self._detail = QLabel()
        self._detail.setObjectName("muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(2)
        layout.addWidget(self.image, 1)
        self._swatch = QLabel()
        self._swatch.setFixedSize(11, 11)
        line = QHBoxLayout()
        line.setSpacing(7)
        line.addWidget(self._swatch)
        line.addWidget(self.caption, 1)
        self._status = QLabel()
        line.addWidget(self._status)
        layout.addLayout(line)
        layout.addWidget(self._detail)
        self._why = PlainLabel()
        self._why.setWordWrap(True)
        layout.addWidget(self._why)
        self._remarks = PlainLabel()
        self._remarks.setWordWrap(True)
        layout.addWidget(self._remarks)
        self.frame(self.image)
        self._lookup = Lookup(pool, self)
        self._lookup.answered.connect(self._arrived)
        self._lookup.failed.connect(lambda *_: self.image.clear(tr("This picture cannot be read.")))
        session = self._session
        self._lookup.ask(cell_id, lambda: session.view(cell_id))
        self.image.zoom_changed.connect(lambda _: self.zoomed.emit(self.image.um_zoom))
        self.image.chosen.connect(lambda: self.chosen.emit(self.cell_id))
        self.tell()

    def tell(self) -> None:
        """Class and probability of the moment."""
        cell, label = self._session.cell(self.cell_id), self._session.state.label(self.cell_id)
        language = self._context.language
        name = language.class_name(label or cell.predicted)
        self.caption.show_text(name)
        colour = self._context.theme.ink(group_rgb(label or cell.predicted)).name()
        self._swatch.setStyleSheet(f"background: {colour}; border-radius: 3px;")
        probability = language.number(100 * cell.probability, 1)
        why = waiting_guess(self._session, language, self.cell_id)
        self._why.setText(why)
        self._why.setVisible(bool(why))
        self._detail.setText(
            tr("Cell {number} · {code} {probability} %").format(
                number=cell_number(self.cell_id), code=cell.predicted, probability=probability
            )
        )
        decision = self._session.decision(self.cell_id)
        self._status.setPixmap(QPixmap())
        if decision.status in GLYPHS:
            icon, token = GLYPHS[decision.status]
            self._status.setPixmap(self._context.icons.pixmap(icon, 14, self.devicePixelRatioF(), token))
        remarks = cell_remarks(self._session, language, self.cell_id)
        self._remarks.setText(" · ".join(remarks))
        self._remarks.setVisible(bool(remarks))
        said = described(cell, decision, language, why, remarks)
        self.image.setAccessibleName(f"{name}, {said}")

    def _arrived(self, _: object, view: CellView) -> None:
        self.image.show_picture(view.image, view.mpp, view.cell_contours, view.nucleus_contours)
        self.ready.emit()

    def close_tile(self) -> None:
        """Ask for nothing any more."""
        self._lookup.close()


class CompareWindow(QDialog):
    """Cells beside each other; zooming one zooms all.

    Signals
    -------
    chosen(int)
        The person pointed at a cell; the gallery should show it.
    gallery_wanted(list of int)
        These cells are wanted in the gallery.
    """

    chosen = Signal(int)
    gallery_wanted = Signal(list)

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        pool: QThreadPool,
        ids: Sequence[int],
        title: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title or tr("Compare cells"))
        self._linked = False
        self._context, self._controller = context, controller
        self.tiles = [CompareTile(context, controller, pool, i) for i in list(ids)[:MOST]]
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 12, 12, 12)
        grid.setSpacing(10)
        columns = len(self.tiles) if len(self.tiles) <= 3 else (len(self.tiles) + 1) // 2
        for i, tile in enumerate(self.tiles):
            grid.addWidget(tile, i // columns, i % columns)
            tile.chosen.connect(self.chosen)
            tile.zoomed.connect(self._zoom_all)
            tile.ready.connect(self._fit_all)
        rows = -(-len(self.tiles) // max(1, columns))
        self._columns = columns
        grid.addLayout(self._foot(), rows, 0, 1, columns)
        resize_within_screen(self, min(1500, 60 + 290 * columns), min(940, 60 + 340 * rows))
        controller.changed.connect(self._on_case_changed)

    def _foot(self) -> QHBoxLayout:
        self.hint = HintLine(
            self._context, self._controller,
            tr("Class keys, Space and Delete decide on the framed cell; arrows move the frame."),
        )  # fmt: skip
        button = QPushButton(tr("These cells in the &gallery"))
        button.setAutoDefault(False)
        button.setToolTip(tr("Show these cells alone in the gallery (Ctrl+G)"))
        button.clicked.connect(self.want_gallery)
        row = QHBoxLayout()
        row.addWidget(self.hint, 1)
        row.addWidget(button)
        return row

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.framed is None and self.tiles:
            self.tiles[0].image.setFocus()

    @property
    def framed(self) -> CompareTile | None:
        """The cell that has the keyboard."""
        return next((tile for tile in self.tiles if tile.image.hasFocus()), None)

    def want_gallery(self) -> None:
        """Ask for these cells in the gallery."""
        self.gallery_wanted.emit([tile.cell_id for tile in self.tiles])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        act = self._act_of(event)
        if act is None:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():  # a key that is held down decides once
            act()

    def _act_of(self, event: QKeyEvent) -> Callable[[], object] | None:
        key, control = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if control:
            found: dict[int, Callable[[], object]] = {
                Qt.Key.Key_G: self.want_gallery,
                Qt.Key.Key_Z: lambda: self._go_back(self._controller.undo, tr("Nothing is left to undo.")),
                Qt.Key.Key_Y: lambda: self._go_back(self._controller.redo, tr("Nothing is left to redo.")),
            }
            return found.get(key)
        tile = self.framed
        if tile is None:
            return None
        at = self.tiles.index(tile)
        steps = {
            Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -self._columns,
            Qt.Key.Key_Down: self._columns,
        }  # fmt: skip
        if Qt.Key(key) in steps:
            return lambda: self._frame(at + steps[Qt.Key(key)])
        ids = [tile.cell_id]
        if not tile.image.has_picture or not self._controller.group_of(tile.cell_id):
            return None  # nobody sees a cell there
        if key == Qt.Key.Key_Space:
            return lambda: self._decide(at, lambda: self._controller.confirm(ids))
        if key == Qt.Key.Key_Delete:
            act = self._controller.restore if shift else self._controller.exclude
            return lambda: self._decide(at, lambda: act(ids))
        code = self._context.keymap.first_code(review_meanings(event))
        if code is None:
            return None
        return lambda: self._decide(at, lambda: self._controller.relabel(ids, code))

    def _decide(self, at: int, act: Callable[[], Change | None]) -> None:
        """Do something to the framed cell, then frame the next one."""
        if act() is not None:
            self._frame(at + 1)

    def _go_back(self, step: Callable[[], Change | None], nothing: str) -> None:
        """Undo or redo, and frame the cell that changed: the next key is meant for it."""
        change = step()
        if change is None:
            self.hint.tell(nothing)
        changed = set() if change is None else set(change.cells)
        self._frame(next((i for i, t in enumerate(self.tiles) if t.cell_id in changed), -1))

    def _frame(self, at: int) -> None:
        if 0 <= at < len(self.tiles):
            self.tiles[at].image.setFocus()

    def _fit_all(self) -> None:
        """One scale for all: the one at which every picture fits its tile."""
        shown = [t for t in self.tiles if t.image.has_picture]
        for tile in shown:
            tile.image.fit()
        scales = [t.image.um_zoom for t in shown if t.image.um_zoom > 0]
        if scales:
            self._zoom_all(min(scales))

    def _zoom_all(self, px_per_um: float) -> None:
        if self._linked or not px_per_um > 0:
            return
        self._linked = True
        for tile in self.tiles:
            if abs(tile.image.um_zoom - px_per_um) > 1e-6:
                tile.image.set_um_zoom(px_per_um)
        self._linked = False

    def _on_case_changed(self, change: Change) -> None:
        for tile in self.tiles:
            if tile.cell_id in change.cells:
                tile.tell()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.close_tiles()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes."""
        self.close_tiles()
        super().reject()

    def close_tiles(self) -> None:
        """Ask for no picture any more; call before the session closes."""
        for tile in self.tiles:
            tile.close_tile()
