"""A loupe over the gallery: the cell under the mouse, several times as large."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QThreadPool
from PySide6.QtGui import QMouseEvent, QPixmap
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout

from bloodcells_gui.app.cell_views import CellView
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.order import proposal_figure
from bloodcells_gui.ui.gallery.view import GalleryView
from bloodcells_gui.ui.inspector.image_view import to_qimage
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.unidentified import waiting_headline

SIDE = 300


class Loupe(QObject):
    """Follows the mouse over a gallery while it is on, and the cursor of the keyboard."""

    def __init__(
        self, context: UiContext, controller: ReviewController, view: GalleryView, pool: QThreadPool
    ) -> None:
        super().__init__(view)
        self._context = context
        self._session = controller.session
        self._view = view
        self._shown: int | None = None
        self.on = False
        self.frame = QFrame(view)
        self.frame.setObjectName("card")
        self.frame.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._picture = QLabel()
        self._picture.setFixedSize(SIDE, SIDE)
        self._text = QLabel()
        self._why = PlainLabel()
        self._why.setWordWrap(True)
        self._why.setFixedWidth(SIDE)
        layout = QVBoxLayout(self.frame)
        layout.setContentsMargins(5, 5, 5, 5)
        layout.setSpacing(3)
        layout.addWidget(self._picture)
        layout.addWidget(self._text)
        layout.addWidget(self._why)
        self.frame.hide()
        self._lookup = Lookup(pool, self)
        self._lookup.answered.connect(self._arrived)
        view.viewport().installEventFilter(self)
        view.current_changed.connect(self._cursor_moved)
        view.verticalScrollBar().valueChanged.connect(self.put_away)

    def switch(self, on: bool) -> None:
        """Turn the loupe on or off."""
        self.on = on
        self._view.viewport().setMouseTracking(on)
        if on:
            self._cursor_moved(self._view.current_id())
        else:
            self.put_away()

    @property
    def cell_id(self) -> int | None:
        """The cell under the loupe."""
        return self._shown if self.frame.isVisible() else None

    def put_away(self) -> None:
        """Hide it until the next move."""
        self._lookup.forget()
        self._shown = None
        self.frame.hide()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if self.on and event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            if not event.buttons():
                self._look_at(self._view.cell_at(event.position().toPoint()))
        elif event.type() == QEvent.Type.Leave:
            self.put_away()
        elif self.on and event.type() == QEvent.Type.ToolTip:
            return True  # it would lie over the loupe, and says the same
        return False

    def _cursor_moved(self, cell_id: int | None) -> None:
        if self.on:
            self._look_at(cell_id)

    def _look_at(self, cell_id: int | None) -> None:
        if cell_id is None:
            self.put_away()
        elif cell_id != self._shown:
            self._shown = cell_id
            session = self._session
            self._lookup.ask(cell_id, lambda: session.view(cell_id))

    def _arrived(self, cell_id: object, view: CellView) -> None:
        if cell_id != self._shown or not isinstance(cell_id, int):
            return
        ratio = self._view.devicePixelRatioF()
        pixmap = QPixmap.fromImage(to_qimage(view.image)).scaled(
            round(SIDE * ratio),
            round(SIDE * ratio),
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        pixmap.setDevicePixelRatio(ratio)
        self._picture.setPixmap(pixmap)
        cell = self._session.cell(cell_id)
        name = self._context.language.class_name(self._session.state.label(cell_id) or cell.predicted)
        said = proposal_figure(cell, self._session.decision(cell_id), self._context.language)
        self._text.setText(
            self._text.fontMetrics().elidedText(f"{name} · {said}", Qt.TextElideMode.ElideRight, SIDE)
        )
        why = waiting_headline(self._session, self._context.language, cell_id)
        self._why.setText(why)
        self._why.setVisible(bool(why))
        self._text.setVisible(not why)
        self.frame.adjustSize()
        self.frame.move(self._place(self._view.tile_rect(cell_id)))
        self.frame.show()
        self.frame.raise_()

    def _place(self, tile: QRect) -> QPoint:
        """Beside the tile, on the side that has room, always inside the gallery."""
        width, height = self.frame.width(), self.frame.height()
        right = tile.right() + 8
        x = right if right + width <= self._view.width() else tile.left() - width - 8
        x = max(0, min(x, self._view.width() - width))
        y = max(0, min(tile.center().y() - height // 2, self._view.height() - height))
        return QPoint(x, y)

    def close_case(self) -> None:
        """Ask for nothing any more."""
        self._lookup.close()
