"""The gallery with its heading: which class is shown, how many cells it has, and in which order."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.focus_frame import FocusFrame
from bloodcells_gui.ui.gallery.thumbnails import ThumbnailLoader
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import ElidedLabel, PlainLabel, plain_tip
from bloodcells_gui.ui.red_cells.badge import badge_pixmap
from bloodcells_gui.ui.red_cells.gallery import RedCellGallery
from bloodcells_gui.ui.red_cells.table_of_cells import CellTable, Order
from bloodcells_gui.ui.red_cells.words import class_name


class GalleryPane(QWidget):
    """Cells of one class.

    Signals
    -------
    order_changed()
    """

    order_changed = Signal()

    def __init__(self, context: UiContext, table: CellTable, thumbnails: ThumbnailLoader) -> None:
        super().__init__()
        self._context = context
        self.code = ""
        self.view = RedCellGallery(context, table, thumbnails)
        self._badge = QLabel()
        self._badge.setFixedSize(18, 18)
        self.title = ElidedLabel()
        self.order = QComboBox()
        for order, name in (
            (Order.DOUBT, tr("By doubt")), (Order.SIZE, tr("By size")), (Order.PALLOR, tr("By pallor")),
            (Order.FOUND, tr("As found")),
        ):  # fmt: skip
            self.order.addItem(name, str(order))
        self.order.setAccessibleName(tr("Order of the cells"))
        self.order.setToolTip(
            plain_tip(tr("Order of the cells; each tile shows the number by which it is sorted"))
        )
        self.order.activated.connect(lambda _: self.order_changed.emit())
        self.turn = QToolButton()
        self.turn.setCheckable(True)
        self.turn.setText("⇅")
        self.turn.setAccessibleName(tr("The other way round"))
        self.turn.setToolTip(tr("The other way round"))
        self.turn.toggled.connect(lambda _: self.order_changed.emit())
        line = QHBoxLayout()
        line.setContentsMargins(8, 4, 8, 4)
        line.setSpacing(7)
        line.addWidget(self._badge)
        line.addWidget(self.title, 1)
        line.addWidget(self.order)
        line.addWidget(self.turn)
        self.empty = PlainLabel()
        self.empty.setObjectName("muted")
        self.empty.setWordWrap(True)
        self.empty.setMargin(24)
        frame = FocusFrame(context)
        self._stack = QStackedLayout(frame)
        self._stack.setContentsMargins(4, 4, 4, 4)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.empty)
        frame.frame(self.view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(line)
        layout.addWidget(frame, 1)
        self.setFocusProxy(self.view)

    def show_class(self, table: CellTable, code: str) -> None:
        """The cells of a class, in the order of the moment."""
        self.code = code
        order = Order(str(self.order.currentData()))
        ids = table.ids_of(code, order, reverse=self.turn.isChecked())
        self.view.show_cells(table, ids, order)
        name = class_name(self._context.language, code)
        self._badge.setPixmap(badge_pixmap(code, 18, self.devicePixelRatioF()))
        self.title.show_text(name)
        self.view.setAccessibleName(tr("Red cells: {name}").format(name=name))
        self.empty.setText(tr("No cell of this class."))
        self._stack.setCurrentIndex(0 if ids else 1)
