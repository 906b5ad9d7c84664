"""The questions before a folder of named pictures goes into the reference library."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import QAbstractItemModel, QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from bloodcells_gui.app.reference_pictures import LEAVE_OUT, PictureGroup, PicturePlan
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.taxonomy import CLASSES
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form, NumberEdit
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.labels import PlainLabel, plain_tip
from bloodcells_gui.ui.screen_fit import resize_within_screen

Index = QModelIndex | QPersistentModelIndex
_UNSAID = "?"
_LICENCES = ("CC0 1.0", "CC BY 4.0", "CC BY-SA 4.0", "CC BY-NC 4.0")
_NAMED = 3


class Column(IntEnum):
    """Columns from left to right."""

    NAME = 0
    COUNT = 1
    CLASS = 2


class GroupsModel(QAbstractTableModel):
    """How pictures are named, how many of them there are, and what a person says they are."""

    def __init__(self, context: UiContext, groups: Sequence[PictureGroup], parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._groups = list(groups)
        self.codes = {g.label: g.clear or _UNSAID for g in groups}

    def choices(self, row: int) -> list[tuple[str, str]]:
        """Name and code of the classes to choose from, those that the name may mean first."""
        meant = self._groups[row].leaves
        order = [*meant, *(c.code for c in CLASSES if c.code not in meant)]
        named = [(self._context.language.class_name(code), code) for code in order]
        return [(tr("Choose…"), _UNSAID), (tr("Leave out"), LEAVE_OUT), *named]

    @property
    def settled(self) -> bool:
        """Whether everything is said, and something is left to take."""
        return _UNSAID not in self.codes.values() and any(self.codes.values())

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._groups)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return {
            Column.NAME: tr("Named"), Column.COUNT: tr("Pictures"), Column.CLASS: tr("Class")
        }[Column(section)]  # fmt: skip

    def flags(self, index: Index) -> Qt.ItemFlag:
        editable = Qt.ItemFlag.ItemIsEditable if index.column() == Column.CLASS else Qt.ItemFlag.NoItemFlags
        return super().flags(index) | editable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        group = self._groups[index.row()]
        if role == Qt.ItemDataRole.EditRole:
            return self.codes[group.label]
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        if index.column() == Column.NAME:
            return plain_tip(group.label) if role == Qt.ItemDataRole.ToolTipRole else group.label
        if index.column() == Column.COUNT:
            return self._context.language.integer(len(group.files))
        code = self.codes[group.label]
        return next(name for name, value in self.choices(index.row()) if value == code)

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole:
            return False
        self.codes[self._groups[index.row()].label] = str(value)
        self.dataChanged.emit(index, index)
        return True


class ClassChoice(QStyledItemDelegate):
    """A choice among the classes, open in every row."""

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, index: Index) -> QWidget:
        made = QComboBox(parent)
        model = index.model()
        if isinstance(model, GroupsModel):
            for name, code in model.choices(index.row()):
                made.addItem(name, code)
            title = model.index(index.row(), Column.NAME).data()
            made.setAccessibleName(tr("{label}: {value}").format(label=tr("Class"), value=title))
        made.activated.connect(lambda _: self.commitData.emit(made))
        return made

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, QComboBox):
            editor.setCurrentIndex(max(0, editor.findData(index.data(Qt.ItemDataRole.EditRole))))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, QComboBox):
            model.setData(model.index(index.row(), index.column()), editor.currentData())


class PicturesDialog(Form):
    """Class of each name, source and licence; nothing goes into the library before all is said."""

    def __init__(self, context: UiContext, plan: PicturePlan, parent: QWidget | None = None) -> None:
        count = sum(len(g.files) for g in plan.groups)
        super().__init__(
            tr("Pictures for the reference library"),
            ngettext(
                "{n} picture in {folder}. Say what the names mean that are not clear.",
                "{n} pictures in {folder}. Say what the names mean that are not clear.",
                count,
                folder=plan.root.name,
            ),
            parent,
            accept=tr("Add"),
        )
        self.source = QLineEdit()
        self.source.setMaxLength(200)
        self.source.setPlaceholderText(tr("Author, laboratory, atlas or address"))
        self.licence = QComboBox()
        self.licence.setEditable(True)
        self.licence.addItems(["", tr("Own pictures of the laboratory"), *_LICENCES])
        edit = self.licence.lineEdit()
        if edit is not None:
            edit.setMaxLength(120)
        self.scale = NumberEdit(context.language, tr("as the files say, else unknown"))
        self.form.addRow(tr("&Source"), self.source)
        self.form.addRow(tr("&Licence"), self.licence)
        self.form.addRow(tr("Micro&metres per pixel"), self.scale)
        self.model = GroupsModel(context, plan.groups, self)
        self.table = self._make_table()
        label = QLabel(tr("&Classes"))
        label.setBuddy(self.table)
        self.outer.insertWidget(3, label)
        self.outer.insertWidget(4, self.table, 1)
        if plan.skipped:
            language = context.language
            named = "\n".join(
                labelled(f.path, language.retold(f.reason), language.lang) for f in plan.skipped[:_NAMED]
            )
            left = PlainLabel(
                ngettext("{n} file is left out.", "{n} files are left out.", len(plan.skipped)) + "\n" + named
            )
            left.setObjectName("muted")
            left.setWordWrap(True)
            self.outer.insertWidget(5, left)
        self.model.dataChanged.connect(lambda *_: self._check())
        self.source.textChanged.connect(lambda _: self._check())
        self.licence.editTextChanged.connect(lambda _: self._check())
        self.scale.textChanged.connect(lambda _: self._check())
        self._check()
        resize_within_screen(self, 620, 640)

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName(tr("Names and classes"))
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setShowGrid(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 16)
        table.setItemDelegateForColumn(Column.CLASS, ClassChoice(table))
        header = table.horizontalHeader()
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        table.setColumnWidth(Column.COUNT, 80)
        table.setColumnWidth(Column.CLASS, 230)
        for row in range(self.model.rowCount()):
            table.openPersistentEditor(self.model.index(row, Column.CLASS))
        return table

    def _check(self) -> None:
        said = self.source.text().strip() and self.licence.currentText().strip()
        self.set_accept_enabled(bool(said) and self.model.settled and self.scale.acceptable)

    def answer(self) -> tuple[dict[str, str], str, str, float | None]:
        """Class code by name, source, licence, and um per pixel where it was given."""
        return (
            dict(self.model.codes),
            self.source.text(),
            self.licence.currentText(),
            self.scale.value(),
        )
