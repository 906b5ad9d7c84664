"""Cases past their time: see them before they are removed, and the record of those removed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.retention import ExpiredCase, Removal, Removed, Retention
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import QueuedLookup
from bloodcells_gui.ui.retention.model import Column, DueModel, RecordModel
from bloodcells_gui.ui.screen_fit import resize_within_screen


class RetentionWindow(QDialog):
    """Two pages: the cases whose time is over, and the record.

    Parameters
    ----------
    author : str
        Who works here today; proposed as a hint, never filled in.
    """

    def __init__(
        self,
        context: UiContext,
        retention: Retention,
        author: str,
        pool: QThreadPool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Cases past their time"))
        self._retention = retention
        self.banners = BannerStack(context)
        self.due = DueModel(context, self)
        self.record = RecordModel(context, self)
        self._work = QueuedLookup(pool, self)
        self._work.answered.connect(self._on_task_done)
        self._work.failed.connect(self._on_task_failed)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self._due_page(author), tr("To be removed"))
        self.tabs.addTab(self._record_page(), tr("Removed so far"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addWidget(self.tabs, 1)
        self.due.modelReset.connect(self._update_buttons)
        self.due.dataChanged.connect(lambda *_: self._update_buttons())
        resize_within_screen(self, 960, 560)
        self._update_buttons()
        self.refresh()

    # -- building --------------------------------------------------------------------------------------

    def _due_page(self, author: str) -> QWidget:
        self.lead = self._muted("")
        self.table = self._table(self.due, Column.CASE, tr("Cases past their time"))
        self.signed_too = QCheckBox()
        self.name = QLineEdit()
        self.name.setMaxLength(80)
        self.name.setPlaceholderText(author)
        self.name.setAccessibleName(tr("Your name"))
        name_label = QLabel(tr("Your &name"))
        name_label.setBuddy(self.name)
        self.remove_button = QPushButton()
        self.remove_button.setAutoDefault(False)
        self.remove_button.clicked.connect(self.remove)
        self.signed_too.toggled.connect(lambda _: self._update_buttons())
        self.name.textChanged.connect(lambda _: self._update_buttons())
        row = QHBoxLayout()
        row.addWidget(name_label)
        row.addWidget(self.name)
        row.addStretch(1)
        row.addWidget(self.remove_button)
        return self._page(self.lead, self.table, self.signed_too, row)

    def _record_page(self) -> QWidget:
        lead = self._muted(
            tr(
                "No patient's name or number is kept here: a removed case is recognised by the "
                "hashes printed on its signed report."
            )
        )
        table = self._table(self.record, 6, tr("Removed so far"))
        return self._page(lead, table)

    def _page(self, *parts: QWidget | QHBoxLayout) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(10)
        for part in parts:
            if isinstance(part, QWidget):
                layout.addWidget(part, 1 if isinstance(part, QTableView) else 0)
            else:
                layout.addLayout(part)
        return page

    @staticmethod
    def _muted(text: str) -> QLabel:
        label = QLabel(text)
        label.setObjectName("muted")
        label.setWordWrap(True)
        return label

    def _table(self, model: Any, stretched: int, name: str) -> QTableView:
        table = QTableView()
        table.setModel(model)
        table.setAccessibleName(name)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 10)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
        return table

    # -- acts ------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Look at the cases and the record again, in the background."""
        retention = self._retention

        def work() -> tuple[list[ExpiredCase], list[Removal], list[UserError]]:
            errors: list[UserError] = []
            lines: list[Removal] = []
            try:
                lines = retention.record()
                return retention.due(), lines, errors
            except UserError as error:  # a clock that is wrong must not hide the record
                return [], lines, [error]

        self._work.ask("look", work)

    def remove(self) -> None:
        """Remove what is ticked, in the background."""
        retention, chosen = self._retention, self.due.ticked()
        name, signed_too = " ".join(self.name.text().split()), self.signed_too.isChecked()
        self.remove_button.setEnabled(False)
        self._work.ask("removed", lambda: retention.remove(chosen, name, signed_too=signed_too))

    def _update_buttons(self) -> None:
        days, chosen = self._retention.days, self.due.ticked()
        signed = sum(c.signed for c in chosen)
        if not days:
            self.lead.setText(
                tr("Cases are kept for ever. The time is set in the preferences, under Privacy.")
            )
        elif not self.due.rowCount():
            self.lead.setText(
                ngettext(
                    "No case is past its time of {n} day.", "No case is past its time of {n} days.", days
                )
            )
        else:
            self.lead.setText(
                ngettext(
                    "Nobody worked on these cases for {n} day.",
                    "Nobody worked on these cases for {n} days.",
                    days,
                )
                + " "
                + tr(
                    "Ticked cases are removed for good, with their decisions and pictures. Exported "
                    "reports, copies elsewhere and cells in the reference library remain: remove them "
                    "yourself."
                )
            )
        self.signed_too.setVisible(bool(signed))
        self.signed_too.setText(
            ngettext(
                "Also remove {n} signed case: its signed report is lost.",
                "Also remove {n} signed cases: their signed reports are lost.",
                signed,
            )
        )
        self.remove_button.setText(
            ngettext("Remove {n} case for good", "Remove {n} cases for good", len(chosen))
        )
        confirmed = not signed or self.signed_too.isChecked()
        self.remove_button.setEnabled(bool(chosen) and confirmed and bool(self.name.text().strip()))

    def _on_task_done(self, tag: object, result: Any) -> None:
        if tag != "look":
            self._show_removal_result(result)
            return
        cases, lines, errors = result
        self.due.show_cases(cases)
        self.record.show_lines(lines)
        for error in errors:
            self.banners.error(error)

    def _show_removal_result(self, removed: Removed) -> None:
        self.signed_too.setChecked(False)
        for error in removed.errors[:3]:
            self.banners.error(error)
        if removed.paths:
            self.banners.show_banner(
                "ok", ngettext("{n} case was removed.", "{n} cases were removed.", len(removed.paths)),
                tr("It is in the record."),
            )  # fmt: skip
        self.refresh()

    def _on_task_failed(self, _: object, error: object) -> None:
        if isinstance(error, UserError):
            self.banners.error(error)
        elif isinstance(error, BaseException):
            self.banners.crash(error)
        self._update_buttons()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._work.close()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes."""
        self._work.close()
        super().reject()
