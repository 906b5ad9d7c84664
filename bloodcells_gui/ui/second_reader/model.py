"""Item model of two readers' agreement, a row a class."""

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from bloodcells_gui.domain.comparison import ClassAgreement, ReaderAgreement
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr

Index = QModelIndex | QPersistentModelIndex
NAME, FIRST, SECOND, BOTH, SHARE, LIMITS = range(6)


class AgreementModel(QAbstractTableModel):
    """Counts of both readers, positive agreement, Ruemke's limits."""

    def __init__(self, context: UiContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._rows: tuple[ClassAgreement, ...] = ()

    def show_agreement(self, agreement: ReaderAgreement) -> None:
        """Replace what is shown."""
        self.beginResetModel()
        self._rows = agreement.classes
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 6

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if section == NAME else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole and section == LIMITS:
            return tr("Exact 95 % limits of the first reader's share; * the second lies outside (Rümke)")
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return (
            tr("Class"), tr("First"), tr("Second"), tr("Both"), tr("Agreement"),
            tr("Rümke, %"),
        )[section]  # fmt: skip

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row, column, number = self._rows[index.row()], index.column(), self._context.language.number
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if column == NAME else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        outside = row.ruemke is not None and not row.ruemke.inside
        if role == Qt.ItemDataRole.ForegroundRole and column == LIMITS and outside:
            return self._context.theme.colour("warning")
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        match column:
            case 0:
                return self._context.language.text(row.name)
            case 1 | 2 | 3:
                return str((row.first, row.second, row.both)[column - 1])
            case 4:
                return f"{number(100 * row.agreement, 0)} %"
        if row.ruemke is None:
            return ""
        return f"{number(100 * row.ruemke.low)} – {number(100 * row.ruemke.high)}{' *' if outside else ''}"
