"""Window of known cells: a blinded round by keyboard, then every reader's results over time."""

from __future__ import annotations

from PySide6.QtCore import QThreadPool
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.known_cells import KnownCells, Round
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.known_cells import KnownRound
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import QueuedLookup, UnawaitedThreads
from bloodcells_gui.ui.known_cells.model import ScoreColumn, ScoresModel
from bloodcells_gui.ui.screen_fit import resize_within_screen
from bloodcells_gui.ui.second_reader.window import CellStage

_STANDING, _TAKEN = "standing", "taken"


class KnownCellsWindow(QDialog):
    """Results and the way to a round; while one is under way, its cells alone.

    Parameters
    ----------
    author : str
        Who works here today; filled in as the reader.
    """

    def __init__(
        self,
        context: UiContext,
        known: KnownCells,
        author: str,
        pool: QThreadPool,
        unawaited: UnawaitedThreads,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Known cells"))
        self._context = context
        self._known = known
        self._author = author
        self._pool = pool
        self._round: Round | None = None
        self._at = 0
        self.stage: CellStage | None = None
        self.banners = BannerStack(context)
        self.stack = QStackedWidget()
        self.stack.addWidget(self._results_page())
        self.reading = QWidget()
        self.progress = QLabel()
        self._place = QVBoxLayout(self.reading)
        self._place.setContentsMargins(0, 0, 0, 0)
        self._place.addWidget(self.progress)
        self.stack.addWidget(self.reading)
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 12, 16, 14)
        inner.addWidget(self.stack)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addLayout(inner, 1)
        resize_within_screen(self, 980, 660)
        self._looks = QueuedLookup(unawaited, self)
        self._looks.answered.connect(self._on_answer)
        self._looks.failed.connect(self._on_failure)
        self.show_results()

    def _results_page(self) -> QWidget:
        self.lead = QLabel()
        self.lead.setWordWrap(True)
        self.model = ScoresModel(self._context, self)
        table = self.table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName(tr("Results of the readers"))
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setSectionResizeMode(ScoreColumn.CLASS, QHeaderView.ResizeMode.Stretch)
        self.reader = QLineEdit(self._author)
        self.reader.setMaxLength(80)
        label = QLabel(tr("&Reader"))
        label.setBuddy(self.reader)
        self.begin_button = QPushButton(tr("&Begin a round"))
        self.begin_button.clicked.connect(self.begin)
        self.take_button = QPushButton(tr("&Take the cells of the reference library"))
        self.take_button.clicked.connect(self.take)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.reader, 1)
        for button in (self.begin_button, self.take_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self.lead)
        layout.addLayout(row)
        layout.addWidget(table, 1)
        return page

    # -- results ---------------------------------------------------------------------------------------

    def show_results(self) -> None:
        """The results so far, and how many cells the set has, once they are read."""
        self._end_round()
        self.stack.setCurrentIndex(0)
        self._wait_for(tr("Reading the known cells…"))
        self._looks.ask(_STANDING, self._known.standing)

    def take(self) -> None:
        """Copy the cells of the reference library into the set, in the background."""
        author = self._author
        self._wait_for(tr("Copying the cells of the reference library…"))
        self._looks.ask(_TAKEN, lambda: self._known.take_from_library(author))

    def _wait_for(self, what: str) -> None:
        """Say what is under way; until it has ended there is nothing to press."""
        self.lead.setText(what)
        for button in (self.begin_button, self.take_button):
            button.setEnabled(False)

    def _on_answer(self, _tag: object, answer: int | tuple[int, list[KnownRound]]) -> None:
        if isinstance(answer, tuple):
            self._show_standing(*answer)
            return
        said = ngettext("{n} cell was added to the set.", "{n} cells were added to the set.", answer)
        self.banners.show_banner("ok", said, vanish_ms=6000)
        self.show_results()

    def _on_failure(self, tag: object, error: object) -> None:
        if isinstance(error, UserError):
            self.banners.error(error)
        elif isinstance(error, Exception):
            self.banners.crash(error)
        if tag == _TAKEN:
            self.show_results()  # the set is as it was
        else:
            self._show_standing(0, [])

    def _show_standing(self, size: int, rounds: list[KnownRound]) -> None:
        self.model.show_rounds(rounds)
        self.lead.setText(
            ngettext("The set has {n} known cell.", "The set has {n} known cells.", size)
            + " "
            + tr("A round shows up to 60 of them without class and proposal. Answers are kept for good.")
        )
        self.begin_button.setEnabled(size > 0)
        self.take_button.setEnabled(True)

    # -- a round ---------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a round of the reader whose name is filled in."""
        try:
            self._round = self._known.begin(self.reader.text())
        except UserError as error:
            self.banners.error(error)
            return
        self.stage = CellStage(self._context, self._round, self._pool)
        self.stage.given.connect(self.give)
        self.stage.back.connect(lambda: self._show_cell(max(0, self._at - 1)))
        self._place.addWidget(self.stage, 1)
        self.stack.setCurrentIndex(1)
        self._show_cell(0)

    def give(self, code: str) -> None:
        """Call the cell in view `code`, and go on."""
        if self._round is None:
            return
        try:
            self._round.answer(self._round.cells[self._at], code)
        except UserError as error:
            self.banners.error(error)
            return
        self._show_cell(self._at + 1)

    def _show_cell(self, at: int) -> None:
        if self._round is None or self.stage is None:
            return
        cells = self._round.cells
        if at >= len(cells):
            self.show_results()
            self.table.setFocus()
            return
        self._at = at
        self.progress.setText(
            tr("Cell {number} of {total}").format(number=at + 1, total=len(cells))
            + "  ·  "
            + tr("One key a cell; Backspace goes back.")
        )
        self.stage.show_cell(cells[at])
        self.stage.setFocus()

    def _end_round(self) -> None:
        if self.stage is not None:
            self.stage.stop()
            self._place.removeWidget(self.stage)
            self.stage.deleteLater()
        self.stage, self._round = None, None

    def stop(self) -> None:
        """Deliver nothing any more; a copy that is under way is finished."""
        self._looks.close()
        self._end_round()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.stop()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes; what was answered is kept."""
        self.stop()
        super().reject()
