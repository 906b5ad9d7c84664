"""Item models of settings that are lists: review rules and the laboratory's own ranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from bloodcells_gui.domain.number_parsing import number_of
from bloodcells_gui.domain.ranges import ITEMS, Range
from bloodcells_gui.domain.rules import SMEAR, UNITS, Rule
from bloodcells_gui.ui.alignment import LEFT, RIGHT
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import pgettext, tr

Index = QModelIndex | QPersistentModelIndex


def parse_limit(text: str, highest: float = 1e6) -> float | None:
    """A number from 0 to `highest` with either decimal sign; ValueError for anything else but nothing."""
    if not text.strip():
        return None
    value = number_of(text)
    if value is None or not 0 <= value <= highest:
        raise ValueError(text)
    return value


class SettingsTable(QAbstractTableModel):
    """Columns by name; sub-classes give text, flags and what an edit does."""

    def __init__(self, context: UiContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.context = context

    def titles(self) -> tuple[str, ...]:
        raise NotImplementedError

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.titles())

    def numeric(self) -> tuple[int, ...]:
        """Columns of numbers, which stand on the right with their heads."""
        return ()

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if section in self.numeric() else LEFT
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.titles()[section]
        return None

    def number(self, value: float | None) -> str:
        """A limit as it is shown: no digits that say nothing."""
        if value is None:
            return ""
        return f"{value:g}".replace(".", "," if self.context.language.lang == "fr" else ".")


class RulesModel(SettingsTable):
    """Rules: on or off by the box, the threshold to edit."""

    ON, WHAT, SIGN, THRESHOLD = range(4)

    def numeric(self) -> tuple[int, ...]:
        return (self.THRESHOLD,)

    def __init__(self, context: UiContext, rules: Sequence[Rule], parent: QObject | None = None) -> None:
        super().__init__(context, parent)
        self.rules = list(rules)

    def titles(self) -> tuple[str, ...]:
        return pgettext("rule", "On"), tr("Rule"), "", tr("Threshold")

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rules)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == self.ON:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == self.THRESHOLD else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        rule, column, text = self.rules[index.row()], index.column(), self.context.language.text
        if role == Qt.ItemDataRole.CheckStateRole and column == self.ON:
            return Qt.CheckState.Checked if rule.enabled else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{text(rule.name)} {rule.comparison} {self.number(rule.threshold)}"
        if role == Qt.ItemDataRole.TextAlignmentRole and column in self.numeric():
            return RIGHT
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return None
        if column == self.WHAT:
            kind = tr("smear") if rule.kind == SMEAR else tr("first sample")
            return f"{text(rule.name)}, {text(UNITS[rule.quantity])} ({kind})"
        if column == self.SIGN:
            return rule.comparison
        return self.number(rule.threshold) if column == self.THRESHOLD else None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        rule = self.rules[index.row()]
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == self.ON:
            self.rules[index.row()] = replace(rule, enabled=Qt.CheckState(value) == Qt.CheckState.Checked)
        elif role == Qt.ItemDataRole.EditRole and index.column() == self.THRESHOLD:
            try:
                limit = parse_limit(str(value))
            except ValueError:
                return False
            if limit is None:
                return False
            self.rules[index.row()] = replace(rule, threshold=limit)
        else:
            return False
        self.dataChanged.emit(index, index)
        return True


class RangesModel(SettingsTable):
    """Reference ranges; every cell can be edited while `editable`."""

    ITEM, LOW, HIGH, UNIT, SEX, FROM, TO = range(7)

    def numeric(self) -> tuple[int, ...]:
        return self.LOW, self.HIGH, self.FROM, self.TO

    def __init__(self, context: UiContext, ranges: Sequence[Range], parent: QObject | None = None) -> None:
        super().__init__(context, parent)
        self.ranges = list(ranges)
        self.editable = False

    def titles(self) -> tuple[str, ...]:
        return (
            tr("Item"), tr("Low"), tr("High"), tr("Unit"), tr("Sex"),
            tr("From age"), tr("Below age"),
        )  # fmt: skip

    def show_ranges(self, ranges: Sequence[Range], *, editable: bool) -> None:
        """Another set."""
        self.beginResetModel()
        self.ranges, self.editable = list(ranges), editable
        self.endResetModel()

    def add(self, item: str) -> None:
        """A further, open range of an item."""
        at = len(self.ranges)
        self.beginInsertRows(QModelIndex(), at, at)
        self.ranges.append(Range(item))
        self.endInsertRows()

    def remove(self, row: int) -> None:
        """Take a range out."""
        if 0 <= row < len(self.ranges):
            self.beginRemoveRows(QModelIndex(), row, row)
            del self.ranges[row]
            self.endRemoveRows()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.ranges)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if self.editable and index.column() != self.ITEM else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        found, column = self.ranges[index.row()], index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole and column in self.numeric():
            return RIGHT
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return None
        return {
            self.ITEM: self.context.language.text(ITEMS[found.item].name),
            self.LOW: self.number(found.low),
            self.HIGH: self.number(found.high),
            self.UNIT: found.unit.replace("10^9", "10⁹"),
            self.SEX: found.sex,
            self.FROM: self.number(found.age_from or None),
            self.TO: "" if found.age_to >= 200 else self.number(found.age_to),
        }[column]

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or not self.editable:
            return False
        found, text = self.ranges[index.row()], str(value).strip()
        changes: dict[str, Any]
        try:
            match index.column():
                case self.LOW:
                    changes = {"low": parse_limit(text)}
                case self.HIGH:
                    changes = {"high": parse_limit(text)}
                case self.UNIT:
                    changes = {"unit": {"%": "%", "10^9/l": "10^9/L", "10⁹/l": "10^9/L"}[text.lower()]}
                case self.SEX:
                    changes = {"sex": {"": "", "f": "F", "m": "M"}[text.lower()]}
                case self.FROM:
                    changes = {"age_from": parse_limit(text, 200) or 0.0}
                case self.TO:
                    changes = {"age_to": parse_limit(text, 200) or 200.0}
                case _:
                    return False
            self.ranges[index.row()] = replace(found, **changes)
        except (ValueError, KeyError):
            return False
        self.dataChanged.emit(index, index)
        return True
