"""The gallery with its toolbar."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, QThreadPool, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.domain.review import Change
from bloodcells_gui.domain.suspicion import waits_first
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.canvas import SIDES
from bloodcells_gui.ui.gallery.cell_words import cell_remarks
from bloodcells_gui.ui.gallery.choice import ShownChoice
from bloodcells_gui.ui.gallery.loupe import Loupe
from bloodcells_gui.ui.gallery.model import HEADINGS, GalleryModel, ranges
from bloodcells_gui.ui.gallery.order import CellOrder, filter_of
from bloodcells_gui.ui.gallery.thumbnails import ThumbnailLoader
from bloodcells_gui.ui.gallery.view import GalleryView
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.unidentified import waiting_headline

_TOLD_MS = 8_000


class GalleryPanel(QWidget):
    """Gallery of one case.

    Signals
    -------
    current_changed(object)
        Cell with the cursor, or None.
    selection_changed(int)
        Number of selected cells.
    dropped(list, str)
        Cells were dropped on a group.
    """

    current_changed = Signal(object)
    selection_changed = Signal(int)
    dropped = Signal(list, str)

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        pool: QThreadPool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._controller = controller
        session = controller.session
        self.thumbnails = ThumbnailLoader(session.thumbnail, pool, self)
        self.model = GalleryModel(
            session.cell,
            session.decision,
            session.state.label,
            context.language,
            self,
            lambda cell_id: waiting_headline(session, context.language, cell_id),
            lambda cell_id: waits_first(session.cell(cell_id), session.state),
            CellOrder(session, context.language),
            lambda cell_id: cell_remarks(session, context.language, cell_id),
        )
        self.model.load(session.cells)
        self.view = GalleryView(context, self.model, self.thumbnails)
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.loupe = Loupe(context, controller, self.view, pool)
        self._label = QLabel()
        self._label.setObjectName("muted")
        self._slider = self._size_slider()
        self.queue = self._queue_button()
        self.choice = ShownChoice(session, context.language)
        self.choice.changed.connect(self._show_choice)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._build_head(layout)
        layout.addWidget(self.view, 1)
        self.setFocusProxy(self.view)
        self.view.current_changed.connect(self.current_changed)
        self.view.selection_changed.connect(self._selection_changed)
        self.view.side_changed.connect(self._side_changed)
        self.view.dropped.connect(self.dropped)
        controller.changed.connect(self.refresh)
        self.model.outside_asked.connect(self.show_all)
        self._toast = self._build_toast()
        self._told = QTimer(self)
        self._told.setSingleShot(True)
        self._told.setInterval(_TOLD_MS)
        self._told.timeout.connect(self._toast.hide)
        self._update_count_label()

    def minimumSizeHint(self) -> QSize:
        """As wide as the head is in two rows."""
        first = self._label.sizeHint().width() + self.queue.sizeHint().width() + 12
        rows = max(first, self.choice.minimumSizeHint().width()) + 18
        return QSize(max(rows, self.view.minimumSizeHint().width()), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put filter and order below the rest of the head where they do not fit beside it."""
        super().resizeEvent(event)
        beside = (self._label, self.queue, self.choice)
        room = sum(w.sizeHint().width() + 6 for w in beside if not w.isHidden()) + self._slider.maximumWidth()
        above = room + 18 <= event.size().width()
        if above == (self._bar.indexOf(self.choice) < 0):
            self._below.removeWidget(self.choice)
            self._bar.removeWidget(self.choice)
            if above:
                self._bar.insertWidget(self._bar.indexOf(self._slider), self.choice)
            else:
                self._below.addWidget(self.choice)
            self._below.setContentsMargins(*((0, 0, 0, 0) if above else (10, 2, 8, 4)))

    def _build_head(self, layout: QVBoxLayout) -> None:
        """What is shown, how, and how large."""
        self._bar, self._below = QHBoxLayout(), QHBoxLayout()
        self._bar.setSpacing(6)
        self._bar.addWidget(self._label)
        self._bar.addStretch(1)
        for widget in (self.queue, self.choice, self._slider):
            self._bar.addWidget(widget)
        self._bar.setContentsMargins(10, 4, 8, 4)
        self._below.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._bar)
        layout.addLayout(self._below)

    def _build_toast(self) -> PlainLabel:
        """Over the cells, so that nothing moves when it comes and goes."""
        toast = PlainLabel()
        toast.setParent(self.view)
        toast.setObjectName("card")
        toast.setMargin(8)
        toast.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        toast.hide()
        return toast

    def _size_slider(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, len(SIDES) - 1)
        slider.setPageStep(1)
        slider.setValue(SIDES.index(self.view.side))
        # The first to give way on a small screen; the keys and the menu have the sizes too.
        slider.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        slider.setMaximumWidth(80)
        slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        slider.setAccessibleName(tr("Size of the pictures"))
        slider.setToolTip(tr("Size of the pictures (Ctrl and mouse wheel)"))
        slider.valueChanged.connect(lambda i: self.view.set_side(SIDES[i]))
        return slider

    def _queue_button(self) -> QToolButton:
        button = QToolButton()
        button.setCheckable(True)
        button.setIcon(self._context.icons.get("look_first", "critical"))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(tr("Show only the cells that may be blasts, the most suspicious first"))
        button.toggled.connect(self._show_queue)
        return button

    def step_side(self, steps: int) -> None:
        """The next larger or smaller pictures, where they are seen."""
        if self.view.isVisible():
            self.view.step_side(steps)

    def refresh(self, change: Change) -> None:
        """Show the cells of a change where they belong now."""
        if not change.cells:
            return
        if change.event is None:
            # Nobody decided this: whoever looks at a cell must keep it under the cursor.
            self.view.steadily(lambda: self.model.refresh(change.cells))
        else:
            self.model.refresh(change.cells)
        self._update_count_label()

    def _side_changed(self, side: int) -> None:
        if side in SIDES:
            self._slider.setValue(SIDES.index(side))

    def _selection_changed(self) -> None:
        self._update_count_label()
        self.selection_changed.emit(self._selected_count())

    def _selected_count(self) -> int:
        return sum(r.height() for r in ranges(self.view.selectionModel().selection()))

    def _show_queue(self, alone: bool) -> None:
        """The queue alone, or all cells again; the cursor stays with its cell where that is shown."""
        current = self.view.current_id()
        self.model.show_queue(alone, self._controller.session.cells)
        if current is not None and self.model.index_of(current).isValid():
            self.view.select_ids([current])
        elif alone:
            self.view.select_ids(self._controller.session.look_first()[:1])
        self._update_count_label()

    def show_all(self) -> None:
        """Leave the queue and the filter."""
        self.queue.setChecked(False)
        self.choice.show_all()

    def show_these(self, ids: Sequence[int]) -> None:
        """Show these cells alone, all of them chosen."""
        self.queue.setChecked(False)
        self.choice.show_these(ids)
        self.view.select_ids(list(ids))

    def _show_choice(self) -> None:
        """Other cells or another order; cursor and selection stay where their cells are still shown."""
        current, chosen = self.view.current_id(), self.view.selected_ids()
        order = CellOrder(
            self._controller.session, self._context.language, self.choice.sorting, self.choice.reversed
        )
        these = self.choice.these
        passes = these.__contains__ if these else filter_of(self.choice.shown, self._controller.session)
        self.model.show_only(passes, order, self._controller.session.cells)
        kept = [i for i in (current, *chosen) if i is not None and self.model.index_of(i).isValid()]
        self.view.select_ids(list(dict.fromkeys(kept)) or self._first())
        self._update_count_label()

    def _first(self) -> list[int]:
        return next((list(self.model.ids(g)[:1]) for g in range(len(HEADINGS)) if self.model.ids(g)), [])

    def tell(self, text: str) -> None:
        """Say something at the foot of the cells, for some seconds."""
        self._toast.setText(text)
        self._toast.setWordWrap(self._toast.fontMetrics().horizontalAdvance(text) > self.view.width() - 40)
        self._toast.setFixedWidth(
            min(self.view.width() - 24, self._toast.fontMetrics().horizontalAdvance(text) + 24)
        )
        self._toast.adjustSize()
        self._toast.move(
            (self.view.width() - self._toast.width()) // 2, self.view.height() - self._toast.height() - 10
        )
        self._toast.show()
        self._toast.raise_()
        self._told.start()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def _update_count_label(self) -> None:
        session = self._controller.session
        waiting = len(session.look_first())
        self.queue.setText(tr("Look first: {number}").format(number=waiting))
        self.queue.setVisible(bool(session.flagged))
        self.queue.setEnabled(waiting > 0 or self.queue.isChecked())
        cells, selected = sum(self.model.counts()), self._selected_count()
        text = ngettext("{n} cell", "{n} cells", cells)
        if self.model.partial:
            text += " / " + self._context.language.integer(len(session.state) - session.state.absent)
        if selected > 1:
            text += " · " + ngettext("{n} selected", "{n} selected", selected)
        self._label.setText(text)

    def close_case(self) -> None:
        """Stop asking for pictures; call before the session closes."""
        self.thumbnails.close()
        self.loupe.close_case()
