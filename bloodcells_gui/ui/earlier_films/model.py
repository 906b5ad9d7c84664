"""Item models of the window of earlier films: the films, and the comparison row by row."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from bloodcells_gui.domain import formatting
from bloodcells_gui.domain.differential import Differential, DifferentialRow
from bloodcells_gui.domain.earlier_films import (
    HIGHER,
    EarlierFilm,
    EarlierRow,
    Film,
    FilmIdentity,
    conflicts,
    match,
)
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.ui.alignment import LEFT, RIGHT
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import plain_tip

Index = QModelIndex | QPersistentModelIndex


class FilmColumn(IntEnum):
    """Columns of the films from left to right."""

    DAY = 0
    SPECIMEN = 1
    MATCHED = 2
    STATE = 3


class FilmsModel(QAbstractTableModel):
    """Earlier films of one patient or specimen, the newest first."""

    def __init__(self, context: UiContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._films: tuple[Film, ...] = ()
        self._own = FilmIdentity()

    def show_films(self, own: FilmIdentity, films: Sequence[Film]) -> None:
        """Replace the list."""
        if (own, tuple(films)) == (self._own, self._films):
            return
        self.beginResetModel()
        self._own, self._films = own, tuple(films)
        self.endResetModel()

    def film(self, row: int) -> Film | None:
        """The film of a row."""
        return self._films[row] if 0 <= row < len(self._films) else None

    def can_compare(self, row: int) -> bool:
        """Whether a person may choose it: it is signed, and nothing says that it is another person's."""
        film = self.film(row)
        return film is not None and film.signed and not conflicts(self._own, film.identity)

    def row_of(self, seed: str) -> int:
        """The row of a film, -1 where it is not there."""
        return next((i for i, film in enumerate(self._films) if film.seed == seed), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._films)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(FilmColumn)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return (tr("Day"), tr("Specimen"), tr("Same"), tr("State"))[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        film, column = self._films[index.row()], FilmColumn(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(film, column)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            said = ", ".join(self._text(film, c) for c in FilmColumn)
            return plain_tip(said) if role == Qt.ItemDataRole.ToolTipRole else said
        return None

    def _text(self, film: Film, column: FilmColumn) -> str:
        language = self._context.language
        match_ = match(self._own, film.identity)
        if column is FilmColumn.DAY:
            return language.day(film.identity.day)
        if column is FilmColumn.SPECIMEN:
            return film.identity.specimen_id
        if column is FilmColumn.MATCHED:
            return language.text(match_)
        differing = conflicts(self._own, film.identity)
        if differing:
            return tr("another {what}").format(what=", ".join(language.text(d) for d in differing))
        if not film.signed:
            return tr("not signed: not compared")
        return (
            tr("signed {time}").format(time=language.when(film.signed_at)) if film.signed_at else tr("signed")
        )


class RowColumn(IntEnum):
    """Columns of the comparison from left to right."""

    NAME = 0
    NOW = 1
    NOW_SHARE = 2
    BEFORE = 3
    BEFORE_SHARE = 4
    P = 5
    CHANGE = 6


class ComparisonModel(QAbstractTableModel):
    """The rows of both films side by side; rows that are empty in both are left out."""

    def __init__(self, context: UiContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._rows: list[tuple[DifferentialRow, EarlierRow]] = []

    def show_film(self, film: EarlierFilm | None, now: Differential) -> None:
        """Replace what is compared."""
        present = {(r.code, r.counts): r for r in now.rows}
        rows = () if film is None else film.rows
        # A report that was signed in another roll-up has other rows.
        pairs = [(present[r.code, r.counts], r) for r in rows if (r.code, r.counts) in present]
        pairs = [(a, b) for a, b in pairs if a.count or b.count]
        if pairs != self._rows:
            self.beginResetModel()
            self._rows = pairs
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(RowColumn)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT if section in (RowColumn.NAME, RowColumn.CHANGE) else RIGHT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return (tr("Class"), tr("Now"), "%", tr("Before"), "%", "P", tr("Change"))[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        column = RowColumn(index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT if column in (RowColumn.NAME, RowColumn.CHANGE) else RIGHT
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(index.row(), column)
        if role == Qt.ItemDataRole.ForegroundRole and self._rows[index.row()][1].change:
            return self._context.theme.colour("warning")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            title = self.headerData(column, Qt.Orientation.Horizontal)
            return labelled(title, self._text(index.row(), column), self._context.language.lang)
        return None

    def _text(self, row: int, column: RowColumn) -> str:
        language = self._context.language
        now, before = self._rows[row]
        match column:
            case RowColumn.NAME:
                name = language.text(now.name)
                return name if now.counts else tr("{name}, per 100 WBC").format(name=name)
            case RowColumn.NOW:
                return language.integer(now.count)
            case RowColumn.NOW_SHARE:
                return formatting.number(
                    now.percent if now.counts else now.per_100_wbc, 1, language.lang, "–"
                )
            case RowColumn.BEFORE:
                return language.integer(before.count)
            case RowColumn.BEFORE_SHARE:
                return formatting.number(before.share, 1, language.lang, "–")
            case RowColumn.P:
                return formatting.p_value(before.p, language.lang)
            case RowColumn.CHANGE:
                if not before.change:
                    return ""
                return "▲ " + tr("higher") if before.change == HIGHER else "▼ " + tr("lower")
