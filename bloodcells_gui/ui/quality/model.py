"""Item models of the window of quality: the charts, and the days of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import (
    QAbstractListModel,
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from bloodcells_gui.domain.control_charts import Alarm, Chart
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.ui.alignment import LEFT, RIGHT
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import plain_tip
from bloodcells_gui.ui.quality.words import chart_name, rules_text, value_text

Index = QModelIndex | QPersistentModelIndex


class ChartsModel(QAbstractListModel):
    """The charts by name; those with an alarm of the last days have a sign."""

    def __init__(self, context: UiContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.charts: tuple[Chart, ...] = ()
        self._alarmed: set[tuple[str, str, str]] = set()

    def show_charts(self, charts: Sequence[Chart], alarms: Sequence[Alarm]) -> None:
        """Replace the list."""
        self.beginResetModel()
        self.charts = tuple(charts)
        self._alarmed = {_key(a.chart) for a in alarms}
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.charts)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        chart = self.charts[index.row()]
        name = chart_name(self._context.language, chart)
        alarmed = _key(chart) in self._alarmed
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role == Qt.ItemDataRole.DecorationRole:
            return self._context.icons.get(
                "critical" if alarmed else "info", "critical" if alarmed else "muted"
            )
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(chart.camera)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return tr("{chart}: alarm").format(chart=name) if alarmed else name
        return None


def _key(chart: Chart) -> tuple[str, str, str]:
    return chart.figure, chart.control, chart.camera


class DayColumn(IntEnum):
    """Columns of the days from left to right."""

    DAY = 0
    VALUE = 1
    FILMS = 2
    MODEL = 3
    RULES = 4


class DaysModel(QAbstractTableModel):
    """The days of one chart, the newest first."""

    def __init__(self, context: UiContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._chart: Chart | None = None

    def show_chart(self, chart: Chart | None) -> None:
        """Replace the days."""
        self.beginResetModel()
        self._chart = chart
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() or self._chart is None else len(self._chart.points)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(DayColumn)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if section in (DayColumn.VALUE, DayColumn.FILMS) else LEFT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return (tr("Day"), tr("Median"), tr("Films"), tr("Model"), tr("Rules"))[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or self._chart is None:
            return None
        column = DayColumn(index.column())
        point = self._chart.points[-1 - index.row()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if column in (DayColumn.VALUE, DayColumn.FILMS) else LEFT
        if role == Qt.ItemDataRole.ForegroundRole and point.rules:
            return self._context.theme.colour("critical" if point.alarm else "warning")
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(index.row(), column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self._text(index.row(), column))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            title = self.headerData(column, Qt.Orientation.Horizontal)
            return labelled(title, self._text(index.row(), column), self._context.language.lang)
        return None

    def _text(self, row: int, column: DayColumn) -> str:
        language, chart = self._context.language, self._chart
        if chart is None:
            return ""
        point = chart.points[-1 - row]
        match column:
            case DayColumn.DAY:
                return language.day(point.day)
            case DayColumn.VALUE:
                return value_text(language, chart, point.value)
            case DayColumn.FILMS:
                return language.integer(point.films)
            case DayColumn.MODEL:
                return point.model
            case DayColumn.RULES:
                return rules_text(language, point)
