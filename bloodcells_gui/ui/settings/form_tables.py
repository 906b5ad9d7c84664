"""Item models of the settings of the case details: fields of the form, and features with grades."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, Qt
from PySide6.QtWidgets import QComboBox, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from bloodcells_gui.domain.grading import DEFAULT_GRADING, GRADE_GROUPS, GradeItem
from bloodcells_gui.domain.settings import DEFAULT_FIELDS, FieldSpec
from bloodcells_gui.ui.alignment import RIGHT
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import plain_tip
from bloodcells_gui.ui.settings.tables import Index, SettingsTable, parse_limit

CHOICES_ROLE = Qt.ItemDataRole.UserRole + 7
_CENTRE = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
_BUILT_IN = frozenset(f.name for f in DEFAULT_FIELDS)
_BUILT_IN_FEATURES = frozenset(i.id for i in DEFAULT_GRADING)
# Keys of a case's fields that the program keeps for itself.
_RESERVED = frozenset({"signing_explanation", "analyser", "specimen_id", "images"})
_LONGEST = 80


def key_for(label: str, taken: Sequence[str], joint: str = "_") -> str:
    """A key in plain letters for a label in any language, unlike those `taken`."""
    plain = unicodedata.normalize("NFKD", label.casefold()).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^a-z0-9]+", joint, plain).strip(joint)[:30] or "field"
    key, n = stem, 2
    while key in taken or key in _RESERVED:
        key, n = f"{stem}{joint}{n}", n + 1
    return key


class RecordsTable(SettingsTable):
    """Records that can be moved, and taken out unless the program knows them by name."""

    def __init__(self, context: UiContext, records: Sequence[Any], parent: QObject | None = None) -> None:
        super().__init__(context, parent)
        self.records: list[Any] = list(records)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.records)

    def built_in(self, row: int) -> bool:
        """Whether the record can be hidden only."""
        raise NotImplementedError

    def insert(self, row: int, record: Any) -> None:
        """A further record."""
        self.beginInsertRows(QModelIndex(), row, row)
        self.records.insert(row, record)
        self.endInsertRows()

    def remove(self, row: int) -> None:
        """Take a record of the laboratory out."""
        if 0 <= row < len(self.records) and not self.built_in(row):
            self.beginRemoveRows(QModelIndex(), row, row)
            del self.records[row]
            self.endRemoveRows()

    def move(self, row: int, by: int) -> int:
        """Exchange a record with its neighbour; returns where it stands now."""
        to = row + by
        if not (0 <= row < len(self.records) and 0 <= to < len(self.records)):
            return row
        self.beginMoveRows(QModelIndex(), row, row, QModelIndex(), to + 1 if by > 0 else to)
        self.records[row], self.records[to] = self.records[to], self.records[row]
        self.endMoveRows()
        return to

    def change(self, row: int, **changes: Any) -> bool:
        """Replace parts of a record; False when the domain refuses them."""
        try:
            self.records[row] = replace(self.records[row], **changes)
        except ValueError:
            return False
        self.dataChanged.emit(self.index(row, 0), self.index(row, self.columnCount() - 1))
        return True

    def label(self, value: Any) -> str:
        """A label without line breaks and control characters."""
        return "".join(c for c in " ".join(str(value).split()) if c.isprintable())[:_LONGEST]


class FieldsModel(RecordsTable):
    """Fields of specimen and patient: which, in what order, called what, and where they go."""

    SHOWN, LABEL, GROUP, KIND, UNIT, REPORT, IDENTIFYING = range(7)
    _BOXES = {SHOWN: "shown", REPORT: "in_report", IDENTIFYING: "identifying"}  # noqa: RUF012

    def titles(self) -> tuple[str, ...]:
        return (
            tr("Shown"), tr("Field"), tr("Part"), tr("Kind"), tr("Unit"),
            tr("In report"), tr("Identifies"),
        )  # fmt: skip

    def built_in(self, row: int) -> bool:
        return self.records[row].name in _BUILT_IN

    def add(self, label: str) -> int:
        """A text field of the laboratory's own at the end; returns its row."""
        label = self.label(label)
        key = key_for(label, [f.name for f in self.records])
        self.insert(len(self.records), FieldSpec(key, label))
        return len(self.records) - 1

    def words(self) -> dict[str, dict[str, str]]:
        """What stands for a value in the columns with a choice."""
        return {
            "group": {"specimen": tr("specimen"), "patient": tr("patient")},
            "kind": {
                "text": tr("text"), "lines": tr("several lines"), "number": tr("number"),
                "date": tr("date"), "choice": tr("choice"),
            },
        }  # fmt: skip

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags, column = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable, index.column()
        if column in self._BOXES:
            return flags | Qt.ItemFlag.ItemIsUserCheckable
        fixed = column in (self.KIND, self.UNIT) and self.built_in(index.row())
        return flags if fixed else flags | Qt.ItemFlag.ItemIsEditable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        found, column = self.records[index.row()], index.column()
        text = self.context.language.text
        if column in self._BOXES:
            on = getattr(found, self._BOXES[column])
            if role == Qt.ItemDataRole.CheckStateRole:
                return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
            if role == Qt.ItemDataRole.AccessibleTextRole:
                return f"{text(found.label)}, {self.titles()[column]}"
            return None
        if role == Qt.ItemDataRole.ToolTipRole and column == self.LABEL:
            return plain_tip(text(found.label))
        if role == CHOICES_ROLE and column in (self.GROUP, self.KIND):
            # Pairs: a dictionary comes back from Qt in the order of its keys.
            return list(self.words()["group" if column == self.GROUP else "kind"].items())
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return None
        if column == self.GROUP:
            return self.words()["group"][found.group]
        if column == self.KIND:
            return self.words()["kind"][found.kind]
        return text(found.label) if column == self.LABEL else text(found.unit)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.CheckStateRole and column in self._BOXES:
            return self.change(row, **{self._BOXES[column]: Qt.CheckState(value) == Qt.CheckState.Checked})
        if role != Qt.ItemDataRole.EditRole or not self.flags(index) & Qt.ItemFlag.ItemIsEditable:
            return False
        match column:
            case self.LABEL:
                wanted = self.label(value)
                # Unchanged, the label stays the translated one.
                return bool(wanted) and (wanted == self.data(index) or self.change(row, label=wanted))
            case self.UNIT:
                return self.change(row, unit=self.label(value)[:20])
            case self.GROUP if value in self.words()["group"]:
                return self.change(row, group=value)
            case self.KIND if value in self.words()["kind"]:
                return self.change(row, kind=value)
        return False

    def choices_of(self, row: int) -> str:
        """Choices of a field as a line to edit."""
        return "; ".join(c for c in self.records[row].choices if c)

    def set_choices(self, row: int, line: str) -> None:
        """Choices from a line; an empty one stands before them, so that nothing need be chosen."""
        entries = dict.fromkeys(self.label(part)[:60] for part in line.split(";"))
        kept = tuple(e for e in entries if e)[:39]
        self.change(row, choices=("", *kept) if kept else ())


class GradingModel(RecordsTable):
    """Features of morphology with the shares from which they are 2+ and 3+."""

    ON, FEATURE, GROUP, MODERATE, MANY = range(5)

    def numeric(self) -> tuple[int, ...]:
        return self.MODERATE, self.MANY

    def titles(self) -> tuple[str, ...]:
        return (
            tr("On"), tr("Feature"), tr("Cells"), tr("2+ from %"), tr("3+ above %"),
        )  # fmt: skip

    def built_in(self, row: int) -> bool:
        return self.records[row].id in _BUILT_IN_FEATURES

    def add(self, name: str) -> int:
        """A feature that is present or absent, behind the others of its cells; returns its row."""
        name = self.label(name)
        item = GradeItem(key_for(name, [i.id for i in self.records], "-"), name)
        row = max((n for n, i in enumerate(self.records) if i.group == item.group), default=-1) + 1
        self.insert(row, item)
        return row

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags, column = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable, index.column()
        if column == self.ON:
            return flags | Qt.ItemFlag.ItemIsUserCheckable
        fixed = column in (self.FEATURE, self.GROUP) and self.built_in(index.row())
        return flags if fixed else flags | Qt.ItemFlag.ItemIsEditable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        found, column = self.records[index.row()], index.column()
        text = self.context.language.text
        if column == self.ON:
            if role == Qt.ItemDataRole.CheckStateRole:
                return Qt.CheckState.Checked if found.enabled else Qt.CheckState.Unchecked
            return text(found.name) if role == Qt.ItemDataRole.AccessibleTextRole else None
        if role == CHOICES_ROLE and column == self.GROUP:
            return [(g, text(g)) for g in GRADE_GROUPS]
        if role == Qt.ItemDataRole.TextAlignmentRole and column in self.numeric():
            return RIGHT
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return None
        if column in (self.MODERATE, self.MANY):
            return self.number(found.moderate_from if column == self.MODERATE else found.many_above)
        return text(found.name) if column == self.FEATURE else text(found.group)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.CheckStateRole and column == self.ON:
            return self.change(row, enabled=Qt.CheckState(value) == Qt.CheckState.Checked)
        if role != Qt.ItemDataRole.EditRole or not self.flags(index) & Qt.ItemFlag.ItemIsEditable:
            return False
        if column == self.FEATURE:
            wanted = self.label(value)
            return bool(wanted) and self.change(row, name=wanted)
        if column == self.GROUP:
            return value in GRADE_GROUPS and self.change(row, group=value)
        try:
            limit = parse_limit(str(value), 100)
        except ValueError:
            return False
        return self._limit(row, column, limit)

    def _limit(self, row: int, column: int, limit: float | None) -> bool:
        """One threshold; the other follows, so that 2+ always begins below 3+."""
        found = self.records[row]
        if limit is None:  # without thresholds a feature is only present or absent
            return self.change(row, moderate_from=None, many_above=None)
        if column == self.MODERATE:
            high = limit if found.many_above is None else max(limit, found.many_above)
            return self.change(row, moderate_from=limit, many_above=high)
        low = limit if found.moderate_from is None else min(limit, found.moderate_from)
        return self.change(row, moderate_from=low, many_above=limit)


class ChoiceDelegate(QStyledItemDelegate):
    """A list to choose from where the model names choices; an editor of text elsewhere."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        words = index.data(CHOICES_ROLE)
        if not isinstance(words, list):
            return super().createEditor(parent, option, index)
        combo = QComboBox(parent)
        for value, word in words:
            combo.addItem(word, value)
        combo.activated.connect(lambda _: self._chosen(combo))
        return combo

    def _chosen(self, combo: QComboBox) -> None:
        self.commitData.emit(combo)
        self.closeEditor.emit(combo)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, QComboBox):
            editor.setCurrentText(str(index.data()))
        else:
            super().setEditorData(editor, index)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, QComboBox):
            model.setData(index, editor.currentData())
        else:
            super().setModelData(editor, model, index)
