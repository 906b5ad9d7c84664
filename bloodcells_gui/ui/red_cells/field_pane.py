"""The examined fields, one at a time: which one it is, its neighbours, and its cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QThreadPool, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from bloodcells_gui.app.red_cells import CaseRedCells
from bloodcells_gui.domain.examination import StoredField
from bloodcells_gui.domain.red_cells import NOT_COUNTED
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.labels import ElidedLabel
from bloodcells_gui.ui.pictures import decoded
from bloodcells_gui.ui.red_cells.field_canvas import FieldCanvas
from bloodcells_gui.ui.red_cells.table_of_cells import CellTable
from bloodcells_gui.ui.red_cells.words import cells_text


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a worker read of a field."""

    image: QImage
    outlines: dict[int, NDArray[np.float32]]


class FieldPane(QWidget):
    """Fields of the case with the outlines of their cells.

    Parameters
    ----------
    name_of : callable
        The name of an image by its index.
    """

    shown = Signal()

    def __init__(
        self, context: UiContext, red_cells: CaseRedCells, pool: QThreadPool, name_of: Callable[[int], str]
    ) -> None:
        super().__init__()
        self._context, self._red_cells, self._name_of = context, red_cells, name_of
        self._table: CellTable | None = None
        self._wanted: int | None = None
        self._near = False
        self.field_id: int | None = None
        self.canvas = FieldCanvas(context)
        self.canvas.turned.connect(self.turn)
        self.title = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        self.back, self.forth = QToolButton(), QToolButton()
        for button, text, name, step in (
            (self.back, "◀", tr("Field before (Page up)"), -1),
            (self.forth, "▶", tr("Next field (Page down)"), 1),
        ):
            button.setText(text)
            button.setToolTip(name)
            button.setAccessibleName(name)
            button.clicked.connect(lambda _=False, by=step: self.turn(by))
        self.outlines = QCheckBox(tr("&Outlines"))
        self.outlines.setChecked(True)
        self.outlines.toggled.connect(self._show_outlines)
        line = QHBoxLayout()
        line.setContentsMargins(8, 4, 8, 4)
        line.addWidget(self.back)
        line.addWidget(self.forth)
        line.addWidget(self.title, 1)
        line.addWidget(self.outlines)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(line)
        layout.addWidget(self.canvas, 1)
        self.setFocusProxy(self.canvas)
        self._lookup = Lookup(pool, self)
        self._lookup.answered.connect(self._arrived)
        self._lookup.failed.connect(lambda tag, _: self._arrived(tag, _Shown(QImage(), {})))

    @property
    def chosen(self) -> int | None:
        """The cell with the ring, also while the picture of its field is still awaited."""
        return self._wanted if self.canvas.chosen is None else self.canvas.chosen

    @property
    def fields(self) -> Sequence[StoredField]:
        """The examined fields."""
        return self._red_cells.fields

    def show_table(self, table: CellTable) -> None:
        """Other decisions, or more cells."""
        self._table = table
        self.canvas.show_table(table)
        self._tell()

    def show_cell(self, cell_id: int, *, near: bool = False) -> None:
        """Put the ring on a cell, in its field."""
        if self._table is None or cell_id not in self._table:
            return
        field_id = int(self._table.cells.fields[self._table.row(cell_id)])
        self._wanted, self._near = cell_id, near or (self._near and cell_id == self._wanted)
        if field_id == self.field_id:
            self._ring()
        else:
            self._ask(field_id)

    def begin(self) -> None:
        """Show the first field where none is shown yet."""
        if self.field_id is None and self.fields:
            self._ask(self.fields[0].id)

    def turn(self, by: int) -> None:
        """The next or the previous field."""
        at = self._at()
        if at is None:
            self.begin()
        elif 0 <= at + by < len(self.fields):
            self._wanted = None
            self._ask(self.fields[at + by].id)

    def close_pane(self) -> None:
        """Ask for no picture any more."""
        self._lookup.close()

    def _at(self) -> int | None:
        return next((n for n, f in enumerate(self.fields) if f.id == self.field_id), None)

    def _ask(self, field_id: int) -> None:
        field = next((f for f in self.fields if f.id == field_id), None)
        if field is None:
            return
        self.field_id = field_id
        self.canvas.show_nothing()
        self._tell()
        red_cells = self._red_cells

        def read() -> _Shown:
            outlines = red_cells.contours(field_id)
            ids = range(field.first, field.first + field.count)
            known = {i: points for i, points in zip(ids, outlines, strict=False) if len(points)}
            return _Shown(decoded(red_cells.field_picture(field_id)), known)

        self._lookup.ask(field, read)

    def _arrived(self, field: StoredField, found: _Shown) -> None:
        if field.id != self.field_id or self._table is None:
            return
        self.canvas.show_field(found.image, field.place, found.outlines, self._table)
        self._ring()
        self.shown.emit()

    def _ring(self) -> None:
        if self._wanted is None or not self.canvas.holds(self._wanted):
            return  # it is shown once its field has arrived
        if self._near:
            self.canvas.look_closer(self._wanted)
        else:
            self.canvas.choose(self._wanted)
        self._near = False

    def _tell(self) -> None:
        at = self._at()
        self.back.setEnabled(bool(at))
        self.forth.setEnabled(at is not None and at + 1 < len(self.fields))
        if at is None:
            self.title.show_text("")
            return
        field = self.fields[at]
        said = [tr("Field {n} of {total}").format(n=at + 1, total=len(self.fields))]
        said.append(cells_text(*self._counts(field)))
        if field.cut:
            said.append(ngettext("{n} cut by the border", "{n} cut by the border", field.cut))
        # The name last: where there is no room it is the one to be cut.
        self.title.show_text(" · ".join([*said, self._name_of(field.place.image)]))
        self.canvas.setAccessibleName(tr("Examined field") + ", " + self.title.toolTip())

    def _counts(self, field: StoredField) -> tuple[int, int]:
        """Cells of a field that count, and those that do not."""
        table = self._table
        if table is None:
            return field.count, 0
        codes = [table.code(i) for i in table.in_field(field.id)]
        out = codes.count(NOT_COUNTED)
        return len(codes) - out, out

    def _show_outlines(self, on: bool) -> None:
        self.canvas.show_outlines = on
        self.canvas.update()
