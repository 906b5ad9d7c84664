"""Window of earlier films: which one is compared, and the comparison row by row."""

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.earlier_films import FoundFilms
from bloodcells_gui.domain.differential import Differential
from bloodcells_gui.domain.earlier_films import EARLIER_FILM_FIELD, NO_FILM, EarlierFilm, not_looked_for
from bloodcells_gui.domain.film_messages import METHOD, film_remark
from bloodcells_gui.domain.formatting import number, remark_text
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.earlier_films.model import ComparisonModel, FilmColumn, FilmsModel, RowColumn
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.list_table import list_table
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.screen_fit import resize_within_screen


class EarlierFilmsWindow(QDialog):
    """The films of one patient above, the comparison with one of them below."""

    def __init__(
        self, context: UiContext, controller: ReviewController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Earlier films"))
        self._context = context
        self._controller = controller
        self._choice = ""
        self.films = FilmsModel(context, self)
        self.rows = ComparisonModel(context, self)
        self.lead = PlainLabel()
        self.lead.setWordWrap(True)
        self.film_table = self._table(self.films, FilmColumn.STATE, tr("Earlier films"))
        self.row_table = self._table(self.rows, RowColumn.NAME, tr("Comparison"))
        self.row_table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.compare_button = QPushButton(tr("&Compare with this one"))
        self.newest_button = QPushButton(tr("The &newest signed one"))
        self.none_button = QPushButton(tr("Compare with n&one"))
        self.compare_button.clicked.connect(self._compare_with_chosen)
        self.newest_button.clicked.connect(lambda: self._choose(""))
        self.none_button.clicked.connect(lambda: self._choose(NO_FILM))
        self.film_table.activated.connect(lambda _: self._compare_with_chosen())
        self.film_table.selectionModel().currentRowChanged.connect(lambda *_: self._update_buttons())
        buttons = QHBoxLayout()
        for button in (self.compare_button, self.newest_button, self.none_button):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch(1)
        method = QLabel(tr(METHOD).format(percent=number(5, 0, context.language.lang)))
        method.setObjectName("muted")
        method.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(self.lead)
        layout.addWidget(self.film_table, 2)
        layout.addLayout(buttons)
        layout.addWidget(self.row_table, 5)
        layout.addWidget(method)
        resize_within_screen(self, 720, 640)
        self.film_table.setFocus()

    @staticmethod
    def _table(model: QAbstractTableModel, stretched: int, name: str) -> QTableView:
        table = list_table(model, stretched, name)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        table.horizontalHeader().setDefaultAlignment(left)
        return table

    def show_result(
        self, found: FoundFilms | None, film: EarlierFilm | None, now: Differential, without: str = ""
    ) -> None:
        """Show the films that were found and the comparison of the moment.

        `found` is None for a signed case, whose comparison stands in its report, and while nothing is known;
        `without` says in one line why there is no comparison.
        """
        self.film_table.setVisible(found is not None)
        if found is not None:
            self._show_films(found)
        self.rows.show_film(film, now)
        if film is not None:
            text = remark_text(film_remark(film), self._context.language.lang)
        elif found is None and without:
            text = without
        elif found is not None and found.missing:
            text = remark_text(film_remark(not_looked_for(found.missing)), self._context.language.lang)
        elif found is None or found.films:
            text = tr("Nothing is compared.")
        else:
            text = tr("There is no earlier film of this patient or specimen number.")
        self.lead.setText(text)
        self._update_buttons()

    def _show_films(self, found: FoundFilms) -> None:
        self._choice = found.choice
        row = self.film_table.currentIndex().row()
        self.films.show_films(found.own.identity, found.films)
        if row < 0 or self.films.film(row) is None:
            row = max(0, self.films.row_of(found.film.seed) if found.film is not None else 0)
        if self.films.rowCount() and self.film_table.currentIndex().row() != row:
            self.film_table.setCurrentIndex(self.films.index(row, 0))

    def _update_buttons(self) -> None:
        row, editable = self.film_table.currentIndex().row(), self._controller.editable
        self.compare_button.setEnabled(editable and self.films.can_compare(row))
        self.newest_button.setEnabled(editable and bool(self._choice))
        self.none_button.setEnabled(editable and self._choice != NO_FILM and self.films.rowCount() > 0)

    def _compare_with_chosen(self) -> None:
        row = self.film_table.currentIndex().row()
        film = self.films.film(row)
        if film is not None and self._controller.editable and self.films.can_compare(row):
            self._choose(film.seed)

    def _choose(self, choice: str) -> None:
        self._controller.set_field(EARLIER_FILM_FIELD, choice)
