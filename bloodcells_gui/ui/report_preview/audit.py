"""The audit trail: who did what when; verify it and write it to a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    QThreadPool,
)
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app import audit_view
from bloodcells_gui.app.audit_view import AuditResult
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.csv_text import csv_dialect
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.times import paper_text
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import QueuedLookup
from bloodcells_gui.ui.labels import plain_tip
from bloodcells_gui.ui.screen_fit import resize_within_screen

Index = QModelIndex | QPersistentModelIndex


class TrailModel(QAbstractTableModel):
    """Entries of the trail, newest first."""

    def __init__(
        self, context: UiContext, rows: Sequence[dict[str, str]], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._rows = list(rows)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(audit_view.COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (
                tr("No."), tr("Time"), tr("Person"), tr("Act"),
                tr("About"), tr("Before"), tr("After"), tr("Cells"), tr("Reason"),
            )[section]  # fmt: skip
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        name = audit_view.COLUMNS[index.column()]
        text = self._rows[index.row()][name]
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(paper_text(text, self._context.language.lang) if name == "time" else text[:400])
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if name == "time":
            return self._context.language.when(text)
        return " ".join(text.split())[:120]


class AuditWindow(QDialog):
    """Look, search, verify, write."""

    def __init__(
        self, context: UiContext, session: CaseSession, pool: QThreadPool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Audit trail"))
        self._context = context
        self._path = session.path
        self._dialect = csv_dialect(session.settings.csv, context.language.lang)
        self.banners = BannerStack(context)
        self.model = TrailModel(context, audit_view.rows(session, context.language.lang), self)
        self.filter = QSortFilterProxyModel(self)
        self.filter.setSourceModel(self.model)
        self.filter.setFilterKeyColumn(-1)
        self.filter.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.table = QTableView()
        self.table.setModel(self.filter)
        self.table.setAccessibleName(self.windowTitle())
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        for column, width in enumerate((44, 160, 120, 170, 170, 110, 130, 110)):
            self.table.setColumnWidth(column, width)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        self.text = QLineEdit()
        self.text.setPlaceholderText(tr("Search in everything"))
        self.text.setAccessibleName(tr("Search"))
        self.text.textChanged.connect(self.filter.setFilterFixedString)
        self.head = QLineEdit()
        self.head.setPlaceholderText(tr("End of the chain, from a report"))
        self.head.setAccessibleName(tr("End of the audit chain as printed on a report"))
        self.head.setToolTip(
            tr("Enter at least its first 16 characters: verifying shows whether the case still holds it.")
        )
        self.verify_button = QPushButton(tr("&Verify the case"))
        self.verify_button.clicked.connect(self.verify)
        export = QPushButton(tr("&Write the trail…"))
        export.clicked.connect(self._choose)
        for button in (self.verify_button, export):
            button.setAutoDefault(False)
        row = QHBoxLayout()
        row.setContentsMargins(14, 10, 14, 10)
        row.addWidget(self.text, 1)
        row.addWidget(self.head, 1)
        row.addWidget(self.verify_button)
        row.addWidget(export)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addLayout(row)
        layout.addWidget(self.table, 1)
        resize_within_screen(self, 1280, 640)
        self._work = QueuedLookup(pool, self)
        self._work.answered.connect(self._on_task_done)
        self._work.failed.connect(self._on_task_failed)

    def verify(self) -> None:
        """Hold the case against its chain of hashes, in the background."""
        path, lang, head = self._path, self._context.language.lang, self.head.text().strip()
        self.verify_button.setEnabled(False)
        self._work.ask("verify", lambda: audit_view.verify(path, lang, head=head))

    def _choose(self) -> None:
        names = tr("Tables")
        title, name = tr("Write the trail"), f"{self._path.stem} audit.csv"
        filters = f"{names} (*.csv *.jsonl)"
        path = self._context.files.choose_target(FileKind.AUDIT, self, title, name, filters)
        if path is not None:
            self.write(path)

    def write(self, target: Path) -> None:
        """Write the whole trail."""
        path, dialect = self._path, self._dialect
        self._work.ask(target, lambda: audit_view.export(path, target, dialect))

    def _on_task_done(self, tag: object, result: AuditResult | int) -> None:
        self.verify_button.setEnabled(True)
        if isinstance(result, int):
            self.banners.show_banner(
                "ok", ngettext("{n} entry was written.", "{n} entries were written.", result), str(tag)
            )
            return
        counts = tr("Compared: {entries}, {events}, {cells}, {images}.").format(
            entries=ngettext("{n} entry of the chain", "{n} entries of the chain", result.entries),
            events=ngettext("{n} decision", "{n} decisions", result.events),
            cells=ngettext("{n} cell", "{n} cells", result.cells),
            images=ngettext("{n} image", "{n} images", result.images),
        )
        if result.ok:
            self.banners.show_banner(
                "ok", tr("The case is as it was written."), counts,
                "\n".join([*result.remarks[:5], f"sha256 {result.head}"]),
            )  # fmt: skip
        else:
            self.banners.show_banner(
                "critical",
                tr("The case is not as it was written."),
                "\n".join(result.problems[:8]),
                counts,
            )

    def _on_task_failed(self, _: object, error: object) -> None:
        self.verify_button.setEnabled(True)
        if isinstance(error, UserError):
            self.banners.error(error)
        elif isinstance(error, BaseException):
            self.banners.crash(error)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._work.close()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes."""
        self._work.close()
        super().reject()
