"""Mend an outline: redraw a stretch of it with the mouse, or push it with the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from bloodcells_gui.app.cell_views import CellView, contours_of
from bloodcells_gui.app.outlines import PUSH_PX, REACH_PX, WIDEST_REACH_PX, OutlineDraft
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.review import CELL_OUTLINE, NUCLEUS_OUTLINE
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.inspector.controls import toggle_button
from bloodcells_gui.ui.labels import PlainLabel

if TYPE_CHECKING:
    from bloodcells_gui.ui.context import UiContext
    from bloodcells_gui.ui.inspector.image_view import CellImageView
    from bloodcells_gui.ui.review import ReviewController

_ALONG_PX = 2.0  # how far the left and right keys go along an outline, px of the mask
_STROKE = QColor(255, 255, 255)
_SHADE = QColor(0, 0, 0, 170)
_KEYS = frozenset(
    {
        Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape,
    }
)  # fmt: skip


class OutlineMending(QWidget):
    """The bar below the picture while an outline is mended, and the tool that works in the picture.

    A stroke of the mouse is kept at once; pushes with the keys are kept by Enter. Escape takes back what is
    not kept, then leaves.

    Signals
    -------
    wanted()
        The person pressed `button` to begin.
    switched(bool)
        Mending began or ended.
    """

    wanted = Signal()
    switched = Signal(bool)

    def __init__(self, context: UiContext, image: CellImageView, controller: ReviewController) -> None:
        super().__init__()
        self.button = toggle_button(context, "mend", tr("Mend an outline"), tr("Mend an outline (F12)"))
        self.button.clicked.connect(self._button_clicked)
        self._image = image
        self.controller = controller
        self._cell: int | None = None
        self._view: CellView | None = None
        self._kept = OutlineDraft(np.zeros((1, 1), np.uint8))
        self.draft = self._kept
        self._stroke: list[QPointF] = []
        self._at, self._reach, self._by_keys = 0.0, REACH_PX, False
        self._build()
        self.hide()

    def _build(self) -> None:
        self.cell_button, self.nucleus_button = QToolButton(), QToolButton()
        parts = QButtonGroup(self)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for button, text in ((self.cell_button, tr("Cell")), (self.nucleus_button, tr("Nucleus"))):
            button.setText(text)
            button.setCheckable(True)
            button.setAccessibleName(tr("Mend the outline: {part}").format(part=text))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(self._part_chosen)
            parts.addButton(button)
            row.addWidget(button)
        self.cell_button.setChecked(True)
        row.addStretch(1)
        self.program_button = QPushButton(tr("Program's outline"))
        self.program_button.setToolTip(tr("Take the outline that the program drew again"))
        self.program_button.clicked.connect(self._take_programs)
        self.keep_button = QPushButton(tr("Keep"))
        self.keep_button.setToolTip(tr("Keep the pushed outline (Enter)"))
        self.keep_button.clicked.connect(self.keep)
        self.leave_button = QPushButton(tr("Leave"))
        self.leave_button.setToolTip(tr("Leave the outlines (Esc)"))
        self.leave_button.clicked.connect(self.leave)
        for push in (self.keep_button, self.leave_button, self.program_button):
            push.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            push.setAutoDefault(False)
        row.addWidget(self.keep_button)
        row.addWidget(self.leave_button)
        self.hint = PlainLabel()
        self.hint.setObjectName("muted")
        self.hint.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 2, 12, 6)
        column.setSpacing(3)
        column.addLayout(row)
        column.addWidget(self.hint)
        column.addWidget(self.program_button, 0, Qt.AlignmentFlag.AlignLeft)

    # -- beginning and ending --------------------------------------------------------------------------

    @property
    def on(self) -> bool:
        """Whether an outline is being mended."""
        return self._cell is not None

    @property
    def nucleus(self) -> bool:
        """Whether it is the nucleus's, not the cell's."""
        return self.nucleus_button.isChecked()

    def begin_or_switch(self, cell_id: int, view: CellView) -> None:
        """Mend outlines of a cell; where that is being done, change from cell to nucleus, or back.

        Where the case cannot be changed that is said, and nothing begins.
        """
        if self.on:
            (self.cell_button if self.nucleus else self.nucleus_button).setChecked(True)
            self._part_chosen()
        elif self.controller.session.state.signed:
            why = N_("the case is signed: amend it first")
            self.controller.failed.emit(UserError("This was not done.", "{reason}.", reason=why))
        elif self.controller.may_decide():
            self._cell = cell_id
            self.take_view(view)
            self._image.use(self)
            self.show()
            self.switched.emit(True)
            self._image.setFocus()
        self.button.setChecked(self.on)

    def _button_clicked(self) -> None:
        if self.on:
            self.leave()
        else:
            self.button.setChecked(False)
            self.wanted.emit()

    def take_view(self, view: CellView) -> None:
        """Go on with the cell as the case has it now."""
        self._view = view
        now = OutlineDraft(view.mask)
        if now.differs(self._kept):  # else it is what was kept, and the person may be at work on it again
            self._kept = self.draft = now
            self._stroke = []
        self._show()

    def leave(self) -> None:
        """Stop mending; what was not kept is gone."""
        if not self.on:
            return
        self._drop()
        self._cell = None
        self._image.use(None)
        self.hide()
        self.button.setChecked(False)
        self.switched.emit(False)

    def keep_and_leave(self) -> None:
        """Stop mending because the person went on: what was pushed is kept, and undo takes it back."""
        if self.on and self._cell is not None and self.controller.session.state.present(self._cell):
            self.keep()
        self.leave()

    def keep(self) -> None:
        """Write what the keys pushed."""
        if self.draft.differs(self._kept):
            self._write(self.draft)

    def _drop(self) -> None:
        """Forget the stroke, and what the keys pushed."""
        self._stroke = []
        self.draft = self._kept
        self._show()

    def _write(self, draft: OutlineDraft) -> None:
        if self._cell is None:
            return
        key = NUCLEUS_OUTLINE if self.nucleus else CELL_OUTLINE
        if self.controller.mend_outline(self._cell, key, draft) is None:
            self._drop()  # it was not allowed or failed, which the banner says
            return
        self._kept = self.draft = draft
        self._show()

    def _take_programs(self) -> None:
        if self._cell is not None:
            self._drop()
            self.controller.drop_mended_outline(self._cell)
            self._image.setFocus()

    def _part_chosen(self) -> None:
        self._at = 0.0
        self._show()
        self._image.setFocus()

    # -- the tool --------------------------------------------------------------------------------------

    def _scale(self) -> float:
        """px of the picture per px of the mask."""
        return 1.0 if self._view is None else self._view.image.shape[0] / self._view.mask.shape[0]

    def press(self, spot: QPointF) -> None:
        self._stroke = [spot]
        self._by_keys = False

    def drag(self, spot: QPointF) -> None:
        if self._stroke:
            self._stroke.append(spot)
            self._image.update()

    def release(self) -> None:
        stroke, self._stroke = self._stroke, []
        if len(stroke) < 2:
            self._image.update()
            return
        points = np.array([(p.x(), p.y()) for p in stroke], np.float32) / self._scale()
        draft = self.draft.with_stroke(points, nucleus=self.nucleus)
        if draft.differs(self.draft):
            self._write(draft)
        else:
            self._show(tr("This stroke changes nothing: draw from the outline back to the outline."))

    def key(self, event: QKeyEvent, *, act: bool) -> bool:
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        key = Qt.Key(event.key())
        all_around = modifiers == Qt.KeyboardModifier.ShiftModifier
        if key not in _KEYS or not (modifiers == Qt.KeyboardModifier.NoModifier or all_around):
            return False
        if not act:
            return True
        self._by_keys = True
        match key:
            case Qt.Key.Key_Escape:
                if self._stroke or self.draft.differs(self._kept):
                    self._drop()
                else:
                    self.leave()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.keep()
            case Qt.Key.Key_Left | Qt.Key.Key_Right:
                self._go_along(_ALONG_PX if key == Qt.Key.Key_Right else -_ALONG_PX)
            case Qt.Key.Key_PageUp | Qt.Key.Key_PageDown:
                factor = 1.5 if key == Qt.Key.Key_PageUp else 1 / 1.5
                self._reach = min(WIDEST_REACH_PX, max(2.0, self._reach * factor))
                self._image.update()
            case _:
                self._push(1 if key == Qt.Key.Key_Up else -1, all_around=all_around)
        return True

    def _go_along(self, px: float) -> None:
        length = self.draft.length_px(nucleus=self.nucleus)
        if length:
            self._at = (self._at + px / length) % 1.0
            self._image.update()

    def _push(self, step: int, *, all_around: bool) -> None:
        if all_around:
            self.draft = self.draft.grown(step, nucleus=self.nucleus)
        else:
            self.draft = self.draft.pushed(self._at, step * PUSH_PX, self._reach, nucleus=self.nucleus)
        self._show()

    # -- showing ---------------------------------------------------------------------------------------

    def _show(self, hint: str = "") -> None:
        pending = self.draft.differs(self._kept)
        self.keep_button.setEnabled(pending)
        mended = self._cell is not None and self._cell in self.controller.session.state.outlines
        self.program_button.setVisible(mended)
        if pending:
            hint = tr("Enter or Keep keeps the pushed outline, Esc takes it back.")
        how = tr("Draw from the outline back to the outline: the stretch between is replaced.")
        keys = tr(
            "Keys: ←/→ along the outline, ↑/↓ push it, with Shift all around, Page keys wider or narrower,"
            " F12 cell or nucleus, Esc leaves."
        )
        self.hint.setText(f"{hint or how}\n{keys}")
        if self._view is not None and self.on:
            self._image.show_outlines(*contours_of(self.draft.mask, self._view.image.shape[0]))

    def paint(self, painter: QPainter, zoom: float) -> None:
        scale = self._scale()
        place = self.draft.place(self._at, nucleus=self.nucleus)
        if place is not None and self._by_keys:
            spot = QPointF(place[0] * scale, place[1] * scale)
            for colour, width in ((_SHADE, 3.4), (_STROKE, 1.6)):
                painter.setPen(_cosmetic(colour, width))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawEllipse(spot, 5 / zoom, 5 / zoom)
                painter.drawEllipse(spot, self._reach * scale, self._reach * scale)
        if len(self._stroke) > 1:
            path = QPainterPath(self._stroke[0])
            for spot in self._stroke[1:]:
                path.lineTo(spot)
            for colour, width in ((_SHADE, 4.0), (_STROKE, 2.0)):
                painter.strokePath(path, _cosmetic(colour, width))


def _cosmetic(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen
