"""Every key of the program on one page: commands of the window, key map, keys of the views."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QAction, QColor, QFont, QFontMetricsF, QKeySequence, QPainter, QPen
from PySide6.QtWidgets import QMenu, QMenuBar

from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.help.key_table import SECTIONS
from bloodcells_gui.ui.i18n import tr

#: A4 in points, upright.
PAGE = QSizeF(595.0, 842.0)
_MARGIN = 30.0
_GAP = 16.0
_COLUMNS = 3
_LARGEST, _SMALLEST, _STEP = 9.5, 5.5, 0.25
_TITLE_PT = 15.0


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One line: the keys as they are written on them, and what they do."""

    keys: str
    does: str


@dataclass(frozen=True, slots=True)
class SheetSection:
    """A heading with its lines."""

    title: str
    lines: tuple[SheetLine, ...]


def plain_text(action: QAction) -> str:
    """A command's name without mnemonic, key and dots."""
    text = action.text().split("\t")[0].replace("&&", "\0").replace("&", "").replace("\0", "&")
    return text.rstrip("…")


def native(keys: Iterable[str]) -> str:
    """Keys as they are called on this computer and in this language; what is no key has no name."""
    form = QKeySequence.SequenceFormat.NativeText
    return ", ".join(name for k in keys if (name := QKeySequence(k).toString(form)))


def commands(actions: Iterable[QAction]) -> Iterator[QAction]:
    """Every command of a menu and of the menus in it."""
    for action in actions:
        menu: object = action.menu()
        if isinstance(menu, QMenu):
            yield from commands(menu.actions())
        else:
            yield action


def key_sheet(context: UiContext, bar: QMenuBar, keys: Mapping[str, str]) -> tuple[SheetSection, ...]:
    """All keys: classes, then the commands menu by menu, then what views take themselves.

    Parameters
    ----------
    bar : QMenuBar
        Of the window; every command with a key is on the sheet once.
    keys : mapping of str to str
        Key of each class code.
    """
    name = context.language.class_name
    classes = tuple(SheetLine(key, name(code)) for code, key in keys.items() if code in BY_CODE and key)
    found = [SheetSection(tr("Classes"), classes)]
    seen: set[QAction] = set()
    for top in bar.actions():
        lines = []
        for action in commands([top]):
            if action.shortcuts() and action not in seen:
                seen.add(action)
                lines.append(SheetLine(native(s.toString() for s in action.shortcuts()), plain_text(action)))
        if lines:
            found.append(SheetSection(tr("Menu {name}").format(name=plain_text(top)), tuple(lines)))
    for section in SECTIONS:
        lines = [SheetLine(tr(x.shown) if x.shown else native(x.keys), tr(x.does)) for x in section.lines]
        found.append(SheetSection(tr(section.name), tuple(lines)))
    return tuple(found)


# -- one page --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a column: a heading (no keys) or a line, with its height in points."""

    keys: str
    text: str
    height: float
    heading: bool


class SheetPainter:
    """Draws the sheet on one A4 page, in the largest letters with which it fits.

    Every length is in points; the painter is scaled to them by whoever calls.
    """

    def __init__(self, sections: Sequence[SheetSection], title: str, foot: str, font: QFont) -> None:
        self._sections = sections
        self._title, self._foot = title, foot
        self._font = QFont(font)
        self._font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        self.column_width = (PAGE.width() - 2 * _MARGIN - (_COLUMNS - 1) * _GAP) / _COLUMNS
        self.size_pt = _LARGEST
        self.columns: list[list[_Row]] = []
        self._fit()

    def _metrics(self, points: float, *, bold: bool = False) -> QFontMetricsF:
        font = QFont(self._font)
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        font.setPixelSize(max(1, round(points * 10)))
        return QFontMetricsF(font)

    def _fit(self) -> None:
        room = PAGE.height() - 2 * _MARGIN - _TITLE_PT * 1.9 - 14
        size = _LARGEST
        while size >= _SMALLEST:
            self.size_pt = size
            self.columns = self._fill(room)
            if len(self.columns) <= _COLUMNS:
                return
            size -= _STEP

    @property
    def fits(self) -> bool:
        """Whether everything is on the page."""
        return len(self.columns) <= _COLUMNS

    def key_width(self) -> float:
        """Room for the keys of a line, in points."""
        return self.column_width * 0.36

    def _rows(self, section: SheetSection) -> list[_Row]:
        line = self.size_pt * 1.36
        rows = [_Row("", section.title, line * 1.75, heading=True)]
        for entry in section.lines:
            high = max(
                self._lines(entry.does, self.column_width - self.key_width()),
                self._lines(entry.keys, self.key_width() - 4, bold=True),
            )
            rows.append(_Row(entry.keys, entry.does, line * high + 1.0, heading=False))
        return rows

    def _lines(self, text: str, width: float, *, bold: bool = False) -> int:
        box = QRectF(0, 0, width * 10, 100_000)
        flags = int(Qt.TextFlag.TextWordWrap)
        metrics = self._metrics(self.size_pt, bold=bold)
        return max(1, round(metrics.boundingRect(box, flags, text).height() / metrics.lineSpacing()))

    def _fill(self, room: float) -> list[list[_Row]]:
        """Columns from the left; a heading stays with its first line."""
        columns: list[list[_Row]] = [[]]
        used = 0.0
        for section in self._sections:
            rows = self._rows(section)
            for number, row in enumerate(rows):
                follows = rows[number + 1].height if row.heading and number + 1 < len(rows) else 0.0
                if used + row.height + follows > room and columns[-1]:
                    columns.append([])
                    used = 0.0
                columns[-1].append(row)
                used += row.height
        return columns

    def paint(self, painter: QPainter) -> None:
        """Draw the page, dark on white."""
        self._write(
            painter, QRectF(_MARGIN, _MARGIN, PAGE.width() - 2 * _MARGIN, 24), self._title, _TITLE_PT, True
        )
        top = _MARGIN + _TITLE_PT * 1.9
        for number, rows in enumerate(self.columns):
            x, y = _MARGIN + number * (self.column_width + _GAP), top
            for row in rows:
                self._paint_row(painter, row, x, y)
                y += row.height
        foot = QRectF(_MARGIN, PAGE.height() - _MARGIN - 6, PAGE.width() - 2 * _MARGIN, 12)
        self._write(painter, foot, self._foot, 6.5)

    def _paint_row(self, painter: QPainter, row: _Row, x: float, y: float) -> None:
        if row.heading:
            line = self.size_pt * 1.36
            box = QRectF(x, y + line * 0.45, self.column_width, line * 1.2)
            self._write(painter, box, row.text, self.size_pt * 1.06, True)
            painter.setPen(QPen(QColor("#8a96a3"), 0.6))
            painter.drawLine(QPointF(x, box.bottom()), QPointF(x + self.column_width, box.bottom()))
            return
        key = self.key_width()
        self._write(painter, QRectF(x, y, key - 4, row.height), row.keys, self.size_pt, True)
        self._write(painter, QRectF(x + key, y, self.column_width - key, row.height), row.text, self.size_pt)

    def _write(self, painter: QPainter, box: QRectF, text: str, points: float, bold: bool = False) -> None:
        """Text in letters of a size in points, whatever the device's resolution is."""
        painter.save()
        painter.translate(box.topLeft())
        painter.scale(0.1, 0.1)
        font = QFont(self._font)
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        font.setPixelSize(max(1, round(points * 10)))
        painter.setFont(font)
        painter.setPen(QColor("#1a2027"))
        painter.drawText(
            QRectF(0, 0, box.width() * 10, box.height() * 10),
            int(Qt.TextFlag.TextWordWrap) | int(Qt.AlignmentFlag.AlignTop),
            text,
        )
        painter.restore()
