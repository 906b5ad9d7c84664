"""The key map: see and change the key of each class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialogButtonBox,
    QHeaderView,
    QMenuBar,
    QTableView,
    QWidget,
)

from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.taxonomy import BY_CODE, CLASSES
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.dialogs.key_sheet import KeySheetDialog
from bloodcells_gui.ui.i18n import pgettext, tr
from bloodcells_gui.ui.keymap import PRESETS, RESERVED
from bloodcells_gui.ui.screen_fit import resize_within_screen

Index = QModelIndex | QPersistentModelIndex
_OWN = "own"


class KeyMapModel(QAbstractTableModel):
    """Classes and their keys; the key can be edited."""

    def __init__(self, context: UiContext, keys: dict[str, str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.keys = dict(keys)

    def take(self, keys: Mapping[str, str]) -> None:
        """Replace every key."""
        self.keys = dict(keys)
        self.dataChanged.emit(self.index(0, 1), self.index(len(CLASSES) - 1, 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(CLASSES)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 2

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (tr("Class"), tr("Key"))[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        base = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return base | Qt.ItemFlag.ItemIsEditable if index.column() == 1 else base

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        code = CLASSES[index.row()].code
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self._context.language.class_name(code) if index.column() == 0 else self.keys[code]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return QColor(self._context.theme.ink(BY_CODE[code].rgb))
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == 1:
            return Qt.AlignmentFlag.AlignCenter
        return None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        key = str(value).strip().upper()
        if role != Qt.ItemDataRole.EditRole or index.column() != 1 or len(key) != 1 or not key.isprintable():
            return False
        if key in RESERVED:
            return False
        code = CLASSES[index.row()].code
        other = next((c for c, k in self.keys.items() if k == key and c != code), None)
        if other is not None:
            # The two classes exchange their keys, so the map stays without doubles.
            self.keys[other] = self.keys[code]
        self.keys[code] = key
        self.dataChanged.emit(self.index(0, 1), self.index(len(CLASSES) - 1, 1))
        return True


class PresetBox(QComboBox):
    """Ready-made key maps for the common keyboards; shows which one the map is, if it is one."""

    def __init__(self, model: KeyMapModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        for name, preset in (
            ("QWERTY", "qwerty"),
            ("AZERTY", "azerty"),
            ("QWERTZ", "qwertz"),
            (tr("Numeric keypad"), "keypad"),
            (pgettext("keys", "The laboratory's own"), _OWN),
        ):
            self.addItem(name, preset)
        self.setAccessibleName(tr("Keyboard"))
        self.activated.connect(self._chosen)
        model.dataChanged.connect(self._show)
        self._show()

    def _show(self) -> None:
        found = next((p for p, keys in PRESETS.items() if keys == self._model.keys), _OWN)
        self.setCurrentIndex(self.findData(found))

    def _chosen(self) -> None:
        self._model.take(PRESETS.get(str(self.currentData()), self._model.keys))


class KeyMapDialog(Form):
    """Table of keys, and the way to the sheet of all keys.

    Parameters
    ----------
    bar : QMenuBar, optional
        Of the window, whose commands are on the sheet; without it no sheet is offered.
    """

    def __init__(
        self,
        context: UiContext,
        settings: LabSettings,
        parent: QWidget | None = None,
        bar: QMenuBar | None = None,
    ) -> None:
        super().__init__(
            tr("Keys"),
            tr("Double click a key to change it; the two classes exchange theirs."),
            parent,
        )
        self._context = context
        self._settings = settings
        self._bar = bar
        self.model = KeyMapModel(context, dict(context.keymap.items()), self)
        table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName(tr("Keys"))
        table.verticalHeader().hide()
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        table.setColumnWidth(1, 90)
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 8)
        table.setMinimumHeight(240)
        self.presets = PresetBox(self.model)
        self.form.addRow(tr("&Keyboard"), self.presets)
        self.outer.insertWidget(3, table, 1)
        button = self.buttons.addButton(tr("Key &sheet…"), QDialogButtonBox.ButtonRole.ActionRole)
        button.setVisible(bar is not None)
        button.clicked.connect(self._show_sheet)
        self.setMinimumWidth(520)
        resize_within_screen(self, 560, 760)

    def _show_sheet(self) -> None:
        if self._bar is not None:
            dialog = KeySheetDialog(self._context, self._bar, self.model.keys, self)
            dialog.exec()
            dialog.deleteLater()

    def loses_changes(self) -> bool:
        return dict(self._context.keymap.items()) != dict(self.model.keys)

    def answer(self) -> LabSettings:
        """The settings with these keys."""
        return replace(self._settings, keys=tuple(self.model.keys.items()))
