"""Blocks of a page that several parts of a report use: tables, and labels with their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bloodcells_gui.domain.page_marks import RGB
from bloodcells_gui.report.pdf_sheet import BAND, INK, MUTED, Sheet

HEAD = 5.3
_INSET = 0.8
_SWATCH = 4.4
_LABEL, _VALUE = 34.0, 36.0
_PAIR_SIZE, _PAIR_LINE = 7.8, 4.0


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    title : str
        Translated.
    width : float
        In mm; a column without width is not shown.
    align : str
        "L", "C" or "R".
    size : float
        Of its type, in pt.
    muted : bool
        Always in grey and upright, whatever the row's own style is.
    """

    title: str
    width: float
    align: str = "R"
    size: float = 8.5
    muted: bool = False


class Table:
    """A tagged table: a head, rows of one height, every second one shaded, the head again on each new page.

    Parameters
    ----------
    sheet : Sheet
    columns : sequence of Column
        From the left edge of the type area; the first one heads its row ("TH").
    row_height : float
        In mm.
    title_size : float
        Type of the titles, in pt.
    swatches : bool
        Whether a row begins with a small square of its colour.
    least_rows : int
        Rows that must fit under the head; else it goes to the next page.
    """

    def __init__(
        self,
        sheet: Sheet,
        columns: Sequence[Column],
        *,
        row_height: float = 5.2,
        title_size: float = 7.2,
        swatches: bool = False,
        least_rows: int = 1,
    ) -> None:
        self.sheet = sheet
        self.row_height = row_height
        self._columns, self._swatches = columns, swatches
        self._title_size, self._least_rows = title_size, least_rows
        self._rows = 0

    @property
    def width(self) -> float:
        """Width of all columns in mm."""
        return sum(c.width for c in self._columns)

    def place(self, column: int) -> tuple[float, float]:
        """Left edge and width of a column in mm."""
        before = sum(c.width for c in self._columns[:column])
        return self.sheet.left + before, self._columns[column].width

    def head(self) -> None:
        """Draw the titles; leaves y at the first row."""
        sheet = self.sheet
        sheet.ensure(HEAD + self._least_rows * self.row_height)
        y = sheet.y
        with sheet.row():
            for i, column in enumerate(self._columns):
                x, width = self.place(i)
                if width:
                    sheet.put(
                        x, y, column.title, width - _INSET, size=self._title_size, style="B", rgb=MUTED,
                        align=column.align, height=5, tag="TH",
                    )  # fmt: skip
        self.decorate_head(y)
        sheet.rule(y + 5.1, MUTED, 0.25)
        sheet.set_y(y + HEAD)

    def decorate_head(self, y: float) -> None:
        """Draw more into the head that begins at `y`; nothing here."""

    def begin_row(self, *, shaded: bool | None = None) -> float:
        """Make room for a row and shade it; returns its upper edge.

        `shaded` None shades every second row.
        """
        if self.sheet.ensure(self.row_height):
            self.head()
        y = float(self.sheet.y)
        if self._rows % 2 == 1 if shaded is None else shaded:
            self.sheet.box(self.sheet.left, y, self.sheet.width, self.row_height, BAND)
        self._rows += 1
        return y

    def cells(
        self, y: float, texts: Sequence[str], *, style: str = "", rgb: RGB = INK, swatch: RGB | None = None
    ) -> None:
        """Draw a row's texts; call it inside ``sheet.row()``.

        Parameters
        ----------
        y : float
            From :meth:`begin_row`.
        texts : sequence of str
            One a column; an empty one leaves its cell out.
        style, rgb
            Of all but the muted columns.
        swatch : (r, g, b), optional
            Colour of the square before the first text.
        """
        sheet = self.sheet
        for i, (column, text) in enumerate(zip(self._columns, texts, strict=True)):
            x, width = self.place(i)
            room = width - _INSET
            if i == 0 and self._swatches:
                if swatch is not None:
                    sheet.box(x + 0.6, y + self.row_height / 2 - 1.2, 2.4, 2.4, swatch, radius=0.5)
                x, room = x + _SWATCH, width - 5
            if not width or not text:
                continue
            sheet.put(
                x, y, text, room, size=column.size, style="" if column.muted else style,
                rgb=MUTED if column.muted else rgb, align=column.align, height=self.row_height,
                tag="TD" if i else "TH",
            )  # fmt: skip

    def end_row(self, y: float) -> None:
        """Leave y below the row that began at `y`."""
        self.sheet.set_y(y + self.row_height)

    def row(
        self, texts: Sequence[str], *, style: str = "", rgb: RGB = INK, swatch: RGB | None = None
    ) -> None:
        """A whole row of texts; see :meth:`cells`."""
        y = self.begin_row()
        with self.sheet.row():
            self.cells(y, texts, style=style, rgb=rgb, swatch=swatch)
        self.end_row(y)

    def close(self) -> None:
        """End the table in the structure tree."""
        self.sheet.struct_builder.close_table()


def key_value(
    sheet: Sheet, label: str, text: str, *, rgb: RGB = INK, bold: bool = False, most: int = 3
) -> None:
    """A grey label with its value beside it, wrapped to at most `most` lines.

    Parameters
    ----------
    label : str
        English template; an empty one continues the value above.
    text : str
        Translated.
    """
    style = "B" if bold else ""
    sheet.type(_PAIR_SIZE, style)
    room = sheet.width - _VALUE
    for i, line in enumerate(sheet.wrap(text, room, most) or [""]):
        sheet.ensure(_PAIR_LINE)
        y = sheet.y
        if i == 0 and label:
            name = sheet.tr(label)
            sheet.put(sheet.left, y, name, _LABEL, size=_PAIR_SIZE, style=style, rgb=MUTED, height=_PAIR_LINE)
        left, width = sheet.left + _VALUE, room + 0.4
        sheet.put(left, y, line, width, size=_PAIR_SIZE, style=style, rgb=rgb, height=_PAIR_LINE)
        sheet.set_y(y + _PAIR_LINE)
