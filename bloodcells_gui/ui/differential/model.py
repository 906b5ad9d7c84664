"""Item model of the differential table: inside rows, their total, then the rows outside the 100 %."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from PySide6.QtCore import (
    QAbstractTableModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from bloodcells_gui.domain import formatting
from bloodcells_gui.domain.differential import Differential, DifferentialRow
from bloodcells_gui.domain.earlier_films import HIGHER, LOWER, EarlierFilm, EarlierRow
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.taxonomy import ROLLUPS
from bloodcells_gui.ui.alignment import LEFT, RIGHT
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.dragging import MIME_CELLS, unpack_ids
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import plain_tip

Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """Columns from left to right."""

    NAME = 0
    KEY = 1
    COUNT = 2
    SHARE = 3
    LIMITS = 4
    BAR = 5
    ABSOLUTE = 6
    EARLIER = 7


class LineKind(StrEnum):
    """What a line of the table is."""

    ROW = "row"
    SUM = "sum"
    TOTAL = "total"
    HEADING = "heading"


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `row` is empty for the heading, `text` for rows."""

    kind: LineKind
    row: DifferentialRow | None = None
    text: str = ""
    total: int = 0


LINE_ROLE = Qt.ItemDataRole.UserRole + 1
_CENTRE = Qt.AlignmentFlag.AlignCenter
# Combined once: Python's flag enums are slow to combine, and Qt asks for them with every line it paints.
_CHOOSABLE = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
_TAKES_CELLS = _CHOOSABLE | Qt.ItemFlag.ItemIsDropEnabled


def nice_scale(value: float) -> float:
    """The end of a bar's axis: the smallest of 10, 25, 50, 100 ... that holds `value`."""
    for top in (10.0, 25.0, 50.0, 100.0):
        if value <= top:
            return top
    return 100.0 * math.ceil(value / 100.0)


class DifferentialModel(QAbstractTableModel):
    """Shows one Differential; only lines that changed are announced.

    Signals
    -------
    dropped(list, str)
        Cells were dropped on the row of a leaf class.
    """

    dropped = Signal(list, str)

    def __init__(self, context: UiContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._lines: list[Line] = []
        self.differential: Differential | None = None
        self.earlier: EarlierFilm | None = None
        self._earlier_rows: dict[tuple[str, bool], EarlierRow] = {}
        self.inside_scale = 100.0
        self.outside_scale = 100.0

    def show_differential(self, table: Differential) -> None:
        """Replace what is shown."""
        lines = self._build(table)
        scales = (
            nice_scale(
                max((r.high95 or 0.0 for r in (*table.rows, *table.totals) if r.counts), default=100.0)
            ),
            nice_scale(max((r.high95 or 0.0 for r in table.rows if not r.counts and r.count), default=10.0)),
        )
        rescaled = scales != (self.inside_scale, self.outside_scale)
        self.inside_scale, self.outside_scale = scales
        self.differential = table
        if [(x.kind, x.row.code if x.row else "") for x in lines] != [
            (x.kind, x.row.code if x.row else "") for x in self._lines
        ]:
            self.beginResetModel()
            self._lines = lines
            self.endResetModel()
            return
        for i, (old, new) in enumerate(zip(self._lines, lines, strict=True)):
            if rescaled or old != new:
                self._lines[i] = new
                self.dataChanged.emit(self.index(i, 0), self.index(i, Column.EARLIER))

    def show_earlier(self, film: EarlierFilm | None) -> None:
        """Stand an earlier film's shares beside the present ones."""
        if film == self.earlier:
            return
        self.earlier = film
        self._earlier_rows = {} if film is None else {(r.code, r.counts): r for r in film.rows}
        if self._lines:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._lines) - 1, Column.EARLIER))

    def earlier_row(self, line: Line) -> EarlierRow | None:
        """The earlier film's row beside a line."""
        if line.row is None or line.kind != LineKind.ROW:
            return None
        return self._earlier_rows.get((line.row.code, line.row.counts))

    def _build(self, table: Differential) -> list[Line]:
        lines = [Line(LineKind.ROW, r) for r in table.rows if r.counts]
        lines.append(Line(LineKind.TOTAL, text=tr("Leukocytes counted"), total=table.total))
        lines.extend(Line(LineKind.SUM, r) for r in table.totals)
        lines.append(Line(LineKind.HEADING, text=tr("Outside the 100 %, per 100 leukocytes")))
        lines.extend(Line(LineKind.ROW, r) for r in table.rows if not r.counts)
        return lines

    def line(self, row: int) -> Line:
        """A line by its number."""
        return self._lines[row]

    def leaf(self, row: int) -> str | None:
        """The class that cells dropped on this line get: only where the line is one single class."""
        line = self._lines[row]
        if line.kind != LineKind.ROW or line.row is None or self.differential is None:
            return None
        for entry in ROLLUPS[self.differential.rollup].rows:
            if entry.code == line.row.code and entry.counts == line.row.counts:
                return entry.leaves[0] if len(entry.leaves) == 1 else None
        return None

    def leaves(self, row: int) -> tuple[str, ...]:
        """Every class that a line counts."""
        line = self._lines[row]
        if line.row is None or self.differential is None:
            return ()
        for entry in ROLLUPS[self.differential.rollup].rows:
            if entry.code == line.row.code and entry.counts == line.row.counts:
                return entry.leaves
        return ()

    # -- QAbstractTableModel ---------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(Column)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        kind = self._lines[index.row()].kind
        if kind in (LineKind.HEADING, LineKind.TOTAL):
            return Qt.ItemFlag.ItemIsEnabled
        return _TAKES_CELLS if self.leaf(index.row()) else _CHOOSABLE

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return {
                Column.NAME: tr("Class"),
                Column.KEY: tr("Key"),
                Column.COUNT: tr("Count"),
                Column.SHARE: "%",
                Column.LIMITS: tr("95 % limits"),
                Column.BAR: "",
                Column.ABSOLUTE: "10⁹/L",
                Column.EARLIER: tr("Before"),
            }[Column(section)]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            if section == Column.KEY:
                return _CENTRE
            return LEFT if section == Column.NAME else RIGHT
        if role == Qt.ItemDataRole.ToolTipRole and section == Column.EARLIER and self.earlier is not None:
            return tr(
                "Share in the film of {day}. ▲ now higher, ▼ now lower, beyond sampling error "
                "(Fisher's exact test, Holm, 5 % for all rows together)"
            ).format(day=self._context.language.day(self.earlier.day))
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.WhatsThisRole):
            from bloodcells_gui.ui.help.explanations import COLUMNS  # which knows the columns from here

            return plain_tip(tr(COLUMNS[Column(section)].text))
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        line = self._lines[index.row()]
        if role == LINE_ROLE:
            return line
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(line, Column(index.column()))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            column = index.column()
            if column == Column.NAME:
                return LEFT
            return _CENTRE if column == Column.KEY else RIGHT
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._sentence(line)
        return None

    def _text(self, line: Line, column: Column) -> str:
        lang = self._context.language.lang
        if line.row is None:
            return self._text_of_heading(line, column)
        row = line.row
        share = row.percent if row.counts else row.per_100_wbc
        match column:
            case Column.NAME:
                return formatting.row_name(row, lang)
            case Column.KEY:
                leaves = self.leaves(0) if line.kind == LineKind.SUM else ()
                return "" if leaves else self._context.keymap.key(row.code)
            case Column.COUNT:
                return self._context.language.integer(row.count)
            case Column.SHARE:
                return formatting.number(share, 1, lang)
            case Column.LIMITS:
                if row.low95 is None or row.high95 is None:
                    return ""
                return f"{formatting.number(row.low95, 1, lang)} – {formatting.number(row.high95, 1, lang)}"
            case Column.ABSOLUTE:
                return formatting.absolute(row.absolute, lang) + _mark(row.flag)
            case Column.EARLIER:
                return self._earlier_text(line)
            case _:
                return ""

    def _earlier_text(self, line: Line) -> str:
        before = self.earlier_row(line)
        if before is None:
            return ""
        sign = {HIGHER: " ▲", LOWER: " ▼"}.get(before.change, "")
        return formatting.number(before.share, 1, self._context.language.lang) + sign

    def _text_of_heading(self, line: Line, column: Column) -> str:
        """The text of a line that is no class: a heading's name, and the totals."""
        if column == Column.NAME:
            return line.text
        if line.kind != LineKind.TOTAL:
            return ""
        if column == Column.COUNT:
            return self._context.language.integer(line.total)
        if column == Column.SHARE and line.total:
            return "100"
        if column == Column.ABSOLUTE and self.differential is not None:
            wbc = formatting.absolute(self.differential.wbc_used, self._context.language.lang)
            return wbc + _mark(self.differential.wbc_flag)
        if column == Column.EARLIER and self.earlier is not None and self.earlier.rows:
            return tr("of {n}").format(n=self._context.language.integer(self.earlier.total))
        return ""

    def _sentence(self, line: Line) -> str:
        if line.row is None:
            return f"{line.text} {line.total}" if line.kind == LineKind.TOTAL else line.text
        row = line.row
        lang = self._context.language.lang
        count = formatting.shown_and_counted(row, lang) or str(row.count)
        parts = [labelled(self._context.language.text(row.name), count, lang)]
        if row.low95 is not None:
            unit = "%" if row.counts else tr("per 100 leukocytes")
            parts.append(
                tr("{value} {unit} (95 % limits {limits})").format(
                    value=self._text(line, Column.SHARE), unit=unit, limits=self._text(line, Column.LIMITS)
                )
            )
        if row.absolute is not None:
            parts.append(f"{formatting.absolute(row.absolute, lang)} · 10⁹/L")
        if row.ref_low is not None and row.ref_high is not None:
            parts.append(
                tr("reference {low} to {high}").format(
                    low=formatting.compact(row.ref_low, lang), high=formatting.compact(row.ref_high, lang)
                )
            )
        flag = {"L": tr("low"), "H": tr("high"), "!": tr("a review rule was raised")}.get(row.flag)
        if flag:
            parts.append(flag)
        parts += self._said_of_earlier(line)
        return ", ".join(parts)

    def _said_of_earlier(self, line: Line) -> list[str]:
        before = self.earlier_row(line)
        if before is None or before.share is None or self.earlier is None:
            return []
        share = formatting.number(before.share, 1, self._context.language.lang)
        day = self._context.language.day(self.earlier.day)
        said = [tr("{share} in the film of {day}").format(share=share, day=day)]
        if before.change == HIGHER:
            said.append(tr("now higher beyond sampling error"))
        elif before.change == LOWER:
            said.append(tr("now lower beyond sampling error"))
        return said

    # -- drag and drop ---------------------------------------------------------------------------------

    def mimeTypes(self) -> list[str]:
        return [MIME_CELLS]

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def canDropMimeData(
        self, data: QMimeData, _action: Qt.DropAction, _row: int, _column: int, parent: Index
    ) -> bool:
        return parent.isValid() and self.leaf(parent.row()) is not None and bool(unpack_ids(data))

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        if not self.canDropMimeData(data, action, row, column, parent):
            return False
        self.dropped.emit(unpack_ids(data), self.leaf(parent.row()))
        # The model moves nothing itself: False keeps the source from removing rows.
        return False


def _mark(flag: str) -> str:
    return f" {flag}" if flag in ("L", "H") else ""
