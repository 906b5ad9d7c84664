"""The installed models, and what the classifier proposes of each class: by itself, coarser, or never."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from bloodcells_gui.domain.proposal_table import ClassProposal, Proposed
from bloodcells_gui.domain.proposal_texts import HEADS, cells_of_row, never_text
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.screen_fit import resize_within_screen

if TYPE_CHECKING:
    from bloodcells_gui.app.models import InstalledModel

#: Of the width, column by column.
_SHARES = (0.16, 0.20, 0.18, 0.13, 0.33)
_UNSURE = (Proposed.ROLLS_UP, Proposed.BY_HAND)


class ModelsDialog(Form):
    """Bundles with their versions and hashes; under a classifier the table of its classes."""

    def __init__(
        self, context: UiContext, models: Sequence[InstalledModel], parent: QWidget | None = None
    ) -> None:
        lead = tr(
            "A class that the classifier does not propose is never found by the program alone: a person has"
            " to see such a cell and name it."
        )
        super().__init__(tr("Models: what they propose"), lead, parent)
        self._lang = context.language.lang
        place = 2
        for model in models:
            for widget in self._parts(model):
                self.outer.insertWidget(place, widget, 1 if isinstance(widget, QTableWidget) else 0)
                place += 1
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).hide()
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText(tr("Close"))
        resize_within_screen(self, 1080, 720)

    def _parts(self, model: InstalledModel) -> list[QWidget]:
        if model.refused:
            refused = PlainLabel(model.refused)
            refused.setWordWrap(True)
            return [refused]
        title = tr("{id}, version {version} ({task}), sha256 {sha}").format(
            id=model.id, version=model.version, task=tr(model.task), sha=model.sha256[:16] + "…"
        )
        head = PlainLabel(title)
        head.setToolTip(model.sha256)
        head.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        parts: list[QWidget] = [head]
        if model.table:
            never = QLabel(never_text(model.never, self._lang))
            font = never.font()
            font.setWeight(font.Weight.DemiBold)
            never.setFont(font)
            never.setWordWrap(True)
            parts += [never, self._table(model.table)]
        return parts

    def _table(self, rows: Sequence[ClassProposal]) -> QTableWidget:
        table = _ShareTable(len(rows), len(HEADS))
        table.setAccessibleName(tr("What the classifier proposes of each class"))
        table.setHorizontalHeaderLabels([tr(head) for head in HEADS])
        for i, row in enumerate(rows):
            for column, text in enumerate(cells_of_row(row, self._lang)):
                item = QTableWidgetItem(text)
                if row.how in _UNSURE:
                    font = item.font()
                    font.setItalic(True)
                    item.setFont(font)
                table.setItem(i, column, item)
        return table


class _ShareTable(QTableWidget):
    """A table to read: its columns share the width, and rows grow until their texts fit."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__(rows, columns)
        self.verticalHeader().hide()
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.setWordWrap(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setMinimumHeight(160)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width = self.viewport().width()
        for column, share in enumerate(_SHARES):
            self.setColumnWidth(column, int(share * width))
        self.resizeRowsToContents()


def show_models(context: UiContext, parent: QWidget) -> None:
    """Read the installed bundles and show them."""
    from bloodcells_gui.app.models import installed_models  # with the networks' library

    dialog = ModelsDialog(context, installed_models(lang=context.language.lang), parent)
    dialog.exec()
    dialog.deleteLater()
