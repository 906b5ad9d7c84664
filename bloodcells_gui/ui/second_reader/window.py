"""The second reader's window: cells one by one without names or labels, then agreement and differences."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import Qt, QThreadPool, Signal
from PySide6.QtGui import QCloseEvent, QFont, QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.cell_views import CellView
from bloodcells_gui.app.second_reader import SecondReading, compare, first_labels, unsettled
from bloodcells_gui.domain.cell import cell_number
from bloodcells_gui.domain.taxonomy import CLASSES
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.inspector.image_view import CellImageView
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.keyboard import review_meanings
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.screen_fit import resize_within_screen
from bloodcells_gui.ui.second_reader.model import AgreementModel


class ShowsCells(Protocol):
    """What a stage asks for the pictures of cells; from another thread."""

    def view(self, cell_id: int) -> CellView: ...


class CellStage(QWidget):
    """One large cell, and a button a class; the review's keys press them.

    Signals
    -------
    given(str)
        A class for the cell on the stage.
    back()
        The cell before.
    """

    given = Signal(str)
    back = Signal()

    def __init__(self, context: UiContext, session: ShowsCells, pool: QThreadPool) -> None:
        super().__init__()
        self._context = context
        self._session = session
        self.cell_id: int | None = None
        self.image = CellImageView(context)
        self.image.show_cell = self.image.show_nucleus = False
        self.image.setMinimumSize(320, 320)
        self.buttons: dict[str, QPushButton] = {}
        grid = QGridLayout()
        grid.setSpacing(6)
        for n, found in enumerate(CLASSES):
            key = context.keymap.key(found.code)
            button = QPushButton(f"{key or '–'}   {context.language.class_name(found.code)}")
            button.setObjectName("quiet")
            button.setAutoDefault(False)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setStyleSheet("text-align: left; padding: 5px 10px;")
            button.clicked.connect(lambda _=False, code=found.code: self.given.emit(code))
            grid.addWidget(button, n % 9, n // 9)
            self.buttons[found.code] = button
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self.image, 1)
        row.addLayout(grid)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._lookup = Lookup(pool, self)
        self._lookup.answered.connect(self._arrived)
        self._lookup.failed.connect(lambda *_: self.image.clear(tr("This picture cannot be read.")))

    def show_cell(self, cell_id: int | None) -> None:
        """Put a cell on the stage; None clears it."""
        self.cell_id = cell_id
        # The picture of the cell before must not stand for this one.
        self.image.clear("")
        if cell_id is None:
            self._lookup.forget()
            return
        session = self._session
        self._lookup.ask(cell_id, lambda: session.view(cell_id))

    def _arrived(self, _: object, view: CellView) -> None:
        self.image.show_picture(view.image, view.mpp, view.cell_contours, view.nucleus_contours)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Backspace:
            if not event.isAutoRepeat():
                self.back.emit()
            return
        code = self._context.keymap.first_code(review_meanings(event))
        if code is None:
            super().keyPressEvent(event)
        elif self.cell_id is not None and not event.isAutoRepeat():
            self.given.emit(code)

    def stop(self) -> None:
        """Ask for nothing any more."""
        self._lookup.close()


class SecondReaderWindow(QDialog):
    """Reads, then compares; differences are settled one by one.

    Parameters
    ----------
    controller : ReviewController
        Of the case that is read.
    reading : SecondReading
        Whose reading.
    """

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        reading: SecondReading,
        pool: QThreadPool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Second reading"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self._context = context
        self.reading = reading
        self._session = reading.session
        self._controller = controller
        self._at = 0
        self._settling = False
        self.banners = BannerStack(context)
        self._head = QLabel()
        font = QFont(self._head.font())
        font.setPointSizeF(font.pointSizeF() * 1.2)
        font.setWeight(QFont.Weight.DemiBold)
        self._head.setFont(font)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._bar.setAccessibleName(tr("Cells read"))
        self.stage = CellStage(context, self._session, pool)
        self.stage.given.connect(self.give)
        self.stage.back.connect(self._previous_cell)
        self._outcome = self._result_page(context)
        self.stack = QStackedWidget()
        self.stack.addWidget(self._reading_page())
        self.stack.addWidget(self._outcome)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 16)
        layout.setSpacing(10)
        layout.addWidget(self.banners)
        layout.addWidget(self._head)
        layout.addWidget(self._bar)
        layout.addWidget(self.stack, 1)
        resize_within_screen(self, 980, 660)
        self._show_cell_at(reading.next_open)

    def _reading_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.stage, 1)
        hint = QLabel(
            tr("Names and the first reader's classes are hidden. One key a cell; Backspace goes back.")
        )
        hint.setObjectName("muted")
        layout.addWidget(hint)
        return page

    def _result_page(self, context: UiContext) -> QWidget:
        self.model = AgreementModel(context, self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName(tr("Agreement by class"))
        self.table.setFrameShape(QFrame.Shape.NoFrame)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.kappa_label = QLabel()
        self.kappa_label.setWordWrap(True)
        self.question_label = PlainLabel()
        self.question_label.setWordWrap(True)
        self.settle_button = QPushButton()
        self.settle_button.setAutoDefault(False)
        self.settle_button.clicked.connect(self._begin_to_settle)
        page = QWidget()
        self._result_layout = QVBoxLayout(page)
        self._result_layout.setContentsMargins(0, 0, 0, 0)
        self._result_layout.addWidget(self.kappa_label)
        self._result_layout.addWidget(self.table, 1)
        self._result_layout.addWidget(self.question_label)
        self._result_layout.addWidget(self.settle_button, 0, Qt.AlignmentFlag.AlignLeft)
        return page

    # -- reading ---------------------------------------------------------------------------------------

    def _show_cell_at(self, at: int | None) -> None:
        cells = self.reading.cells
        if at is None or at >= len(cells):
            self._show_result()
            return
        self._at = max(0, at)
        self._bar.setMaximum(len(cells))
        self._bar.setValue(len(self.reading.labels))
        self._head.setText(tr("Cell {number} of {total}").format(number=self._at + 1, total=len(cells)))
        self.stage.show_cell(cells[self._at])
        self.stage.setFocus()

    def give(self, code: str) -> None:
        """Give the cell in view a class: the second reader's, or the one that settles a difference."""
        if self.stack.currentIndex() == 1:
            self._settle(code)
            return
        cell_id = self.reading.cells[self._at]
        if self._controller.read_again(self.reading, cell_id, code, self.banners.error) is None:
            return
        after = self._at + 1
        labels = self.reading.labels
        rest = [n for n in range(after, len(self.reading.cells)) if self.reading.cells[n] not in labels]
        self._show_cell_at(rest[0] if rest else self.reading.next_open)

    def _previous_cell(self) -> None:
        if self.stack.currentIndex() == 0:
            self._show_cell_at(max(0, self._at - 1))

    # -- comparing -------------------------------------------------------------------------------------

    def _show_result(self) -> None:
        if self.stack.currentIndex() == 0:
            self.stack.setCurrentIndex(1)
            self._result_layout.addWidget(self.stage, 3)
            self.table.setFocus()
        agreement = compare(self._session, self.reading.key)
        self.model.show_agreement(agreement)
        number = self._context.language.number
        self._head.setText(tr("Agreement of the two readers"))
        self._bar.setMaximum(max(1, agreement.n))
        self._bar.setValue(agreement.agreeing)
        text = ngettext(
            "{same} of {n} cell alike: {share} % (95 % limits {low} to {high})",
            "{same} of {n} cells alike: {share} % (95 % limits {low} to {high})",
            agreement.n,
            same=agreement.agreeing,
            share=number(100 * agreement.agreeing / agreement.n if agreement.n else 0),
            low=number(100 * agreement.agreement_low), high=number(100 * agreement.agreement_high),
        )  # fmt: skip
        k = agreement.kappa
        if k.kappa == k.kappa:
            text += "  ·  " + tr("kappa {value} ({low} to {high})").format(
                value=number(k.kappa, 2), low=number(k.low, 2), high=number(k.high, 2)
            )
        self.kappa_label.setText(text)
        self._next_difference()

    def _next_difference(self) -> None:
        waiting = unsettled(self._session, self.reading.key)
        self.stage.setVisible(bool(waiting) and self._settling)
        self.settle_button.setVisible(bool(waiting) and not self._settling)
        if not waiting:
            self.question_label.setText(tr("No difference is open."))
            self.stage.show_cell(None)
            return
        if not self._settling:
            # A key meant for one cell more of the reading must not settle a difference in another's name.
            self.question_label.setText(
                ngettext("{n} difference to settle.", "{n} differences to settle.", len(waiting))
            )
            who = self._session.author
            self.settle_button.setText(
                tr("&Settle the differences as {name}").format(name=who.replace("&", "&&"))
                if who.strip() and who != "unnamed"
                else tr("&Settle the differences…")
            )
            self.stage.show_cell(None)
            return
        cell_id = waiting[0]
        name = self._context.language.class_name
        second = self._session.state.second_reads[self.reading.key][cell_id]
        self.question_label.setText(
            ngettext("{n} difference to settle.", "{n} differences to settle.", len(waiting))
            + " "
            + tr("Cell {number}: first {first}, second {second}. Which class is it?").format(
                number=cell_number(cell_id),
                first=name(first_labels(self._session)[cell_id]),
                second=name(second),
            )
        )
        self.stage.show_cell(cell_id)
        self.stage.setFocus()

    def _begin_to_settle(self) -> None:
        if self._controller.may_decide():
            self._settling = True
            self._next_difference()

    def _settle(self, code: str) -> None:
        cell_id = self.stage.cell_id
        if cell_id is not None and self._controller.adjudicate(cell_id, code, self.banners.error) is not None:
            self._next_difference()

    def stop(self) -> None:
        """Ask for nothing any more."""
        self.stage.stop()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.stop()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes; what was read is kept and the reading goes on next time."""
        self.stop()
        super().reject()
