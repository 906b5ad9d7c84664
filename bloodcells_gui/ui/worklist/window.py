"""The work list: find, open, queue, copy, move, recover."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from PySide6.QtCore import QItemSelectionModel, Qt, QThreadPool, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.analysis_queue import QueueState
from bloodcells_gui.app.worklist import CaseEntry, CaseState, Query, TableWritten, WorkList
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import ngettext, pgettext, tr
from bloodcells_gui.ui.jobs import Lookup, QueuedLookup
from bloodcells_gui.ui.recovery_text import recovered
from bloodcells_gui.ui.screen_fit import resize_within_screen
from bloodcells_gui.ui.wheel import guard_wheels
from bloodcells_gui.ui.worklist.incoming import Ask, Incoming, LookAt
from bloodcells_gui.ui.worklist.model import Column, StateDelegate, WorklistModel

_POLL_MS = 500


class CaseTable(QTableView):
    """The list; Enter opens.

    Signals
    -------
    opened()
        Enter or double click on a case.
    """

    opened = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit()
            return
        super().keyPressEvent(event)


class WorklistWindow(QDialog):
    """A window of its own that stays beside the review.

    Parameters
    ----------
    look_at : callable
        Looks at a folder or slide in a worker thread and gives an intake.
    ask : callable or None
        Asks what the images of several places are.

    Signals
    -------
    case_chosen(object, bool)
        Path of the case to open, and whether its analysis was waiting and is to be run there now.
    """

    case_chosen = Signal(object, bool)

    def __init__(
        self,
        context: UiContext,
        cases: WorkList,
        look_at: LookAt,
        pool: QThreadPool,
        parent: QWidget | None = None,
        ask: Ask | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Work list"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self._context = context
        self._cases = cases
        self._seen = -1
        self._told: list[UserError] = []
        self.banners = BannerStack(context)
        self.model = WorklistModel(context, cases.queued, self)
        self.table = self._make_table(context)
        self._count = QLabel()
        self._count.setObjectName("muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addLayout(self._search_row())
        layout.addWidget(self.table, 1)
        layout.addLayout(self._button_row())
        self.incoming = Incoming(cases, look_at, ask, self.banners, pool, self)
        self.incoming.queued.connect(self.refresh)
        # Apart: looking at the folder anew must not cost the answer to an act.
        self._looks, self._acts = Lookup(pool, self), QueuedLookup(pool, self)
        for work in (self._looks, self._acts):
            work.answered.connect(self._on_task_done)
            work.failed.connect(self._on_task_failed)
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._queue_went_on)
        QShortcut(QKeySequence.StandardKey.Find, self, self.text.setFocus)
        QShortcut(QKeySequence("F5"), self, self.refresh)
        resize_within_screen(self, 1080, 620)
        guard_wheels(self)

    # -- building --------------------------------------------------------------------------------------

    def _make_table(self, context: UiContext) -> CaseTable:
        table = CaseTable()
        table.setModel(self.model)
        table.setItemDelegateForColumn(Column.STATE, StateDelegate(context, table))
        table.setAccessibleName(tr("Work list"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 14)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        for column, width in (
            (Column.STATE, 140), (Column.SPECIMEN, 240), (Column.CREATED, 130), (Column.CELLS, 70),
            (Column.REVIEWED, 80), (Column.FLAGS, 230),
        ):  # fmt: skip
            table.setColumnWidth(column, width)
        header.setSectionResizeMode(Column.PERSONS, QHeaderView.ResizeMode.Stretch)
        table.opened.connect(self._open_current)
        table.doubleClicked.connect(lambda _: self._open_current())
        table.selectionModel().selectionChanged.connect(lambda *_: self._update_buttons())
        return table

    def _search_row(self) -> QHBoxLayout:
        self.text = QLineEdit()
        self.text.setPlaceholderText(tr("Specimen, patient number or file name"))
        self.text.setAccessibleName(tr("Search"))
        self.text.setClearButtonEnabled(True)
        self.state = QComboBox()
        self.state.setAccessibleName(tr("State"))
        for name, value in (
            (tr("Every state"), ""), (pgettext("cases", "New"), CaseState.NEW),
            (tr("Analysing"), CaseState.ANALYSING), (tr("To review"), CaseState.TO_REVIEW),
            (tr("Reviewed"), CaseState.REVIEWED), (tr("Signed"), CaseState.SIGNED),
            (tr("Damaged"), CaseState.UNREADABLE),
        ):  # fmt: skip
            self.state.addItem(name, str(value))
        self.since = QComboBox()
        self.since.setAccessibleName(tr("Begun"))
        for name, days in (
            (tr("Any day"), -1), (tr("Today"), 0), (tr("The last 7 days"), 7),
            (tr("The last 30 days"), 30), (tr("The last 365 days"), 365),
        ):  # fmt: skip
            self.since.addItem(name, days)
        self.person = QLineEdit()
        self.person.setPlaceholderText(tr("Person"))
        self.person.setAccessibleName(tr("Person"))
        self.person.setMaximumWidth(160)
        self.flag = QLineEdit()
        self.flag.setPlaceholderText(tr("Flag (* for any)"))
        self.flag.setAccessibleName(tr("Flag"))
        self.flag.setMaximumWidth(160)
        row = QHBoxLayout()
        row.setContentsMargins(14, 10, 14, 10)
        row.setSpacing(8)
        row.addWidget(self.text, 1)
        for widget in (self.state, self.since, self.person, self.flag):
            row.addWidget(widget)
        for edit in (self.text, self.person, self.flag):
            edit.textChanged.connect(lambda _: self._search())
        for combo in (self.state, self.since):
            combo.currentIndexChanged.connect(lambda _: self._search())
        return row

    def _button_row(self) -> QHBoxLayout:
        def button(text: str, act: Callable[[], None], tip: str = "") -> QPushButton:
            made = QPushButton(text)
            made.setAutoDefault(False)
            made.setToolTip(tip)
            made.clicked.connect(lambda _=False: act())
            return made

        self.open_button = button(tr("&Open"), self._open_current)
        self.open_button.setObjectName("primary")
        self.queue_button = button(
            tr("&Analyse folder…"),
            self._choose_folder,
            tr("It waits for its turn in the background"),
        )
        self.stop_button = button(tr("&Stop"), self._stop, tr("What was found is kept"))
        self.copy_button = button(tr("&Copy to…"), lambda: self._transfer(self._cases.copy))
        self.move_button = button(tr("&Move to…"), lambda: self._transfer(self._cases.move))
        self.take_in_button = button(tr("&Bring in…"), self._take_in, tr("From another workstation"))
        self.recover_button = button(tr("&Recover"), self._recover)
        self.table_button = button(
            tr("&Table…"),
            self._choose_table,
            tr("One CSV over the chosen cases, or over all shown"),
        )
        row = QHBoxLayout()
        row.setContentsMargins(14, 10, 14, 12)
        row.setSpacing(8)
        row.addWidget(self._count, 1)
        for widget in (
            self.queue_button, self.stop_button, self.take_in_button, self.copy_button, self.move_button,
            self.recover_button, self.table_button, self.open_button,
        ):  # fmt: skip
            row.addWidget(widget)
        return row

    # -- finding ---------------------------------------------------------------------------------------

    def query(self) -> Query:
        """What the search row says."""
        days = int(self.since.currentData())
        since = "" if days < 0 else (date.today() - timedelta(days=days)).isoformat()
        return Query(
            text=self.text.text(),
            state=str(self.state.currentData()),
            since=since,
            person=self.person.text(),
            flag=self.flag.text(),
        )

    def refresh(self) -> None:
        """Look at the folder again, in the background."""
        cases = self._cases

        def work() -> list[CaseEntry]:
            cases.refresh()
            return []

        self._looks.ask("refresh", work)

    def _search(self) -> None:
        keep = {self.model.entry(i.row()).path for i in self.table.selectionModel().selectedRows()}
        try:
            self.model.show_entries(self._cases.search(self.query()))
        except UserError as error:
            self.banners.error(error)
            return
        rows = [self.model.row_of(p) for p in keep if self.model.row_of(p) >= 0]
        if not rows and self.model.rowCount():
            rows = [0]
        for row in rows:
            flags = QItemSelectionModel.SelectionFlag
            self.table.selectionModel().select(self.model.index(row, 0), flags.Select | flags.Rows)
        if rows:
            self.table.selectionModel().setCurrentIndex(
                self.model.index(rows[0], 0), QItemSelectionModel.SelectionFlag.NoUpdate
            )
        self._count.setText(ngettext("{n} case", "{n} cases", self.model.rowCount()))
        self._update_buttons()

    def selected(self) -> list[CaseEntry]:
        """The chosen cases."""
        return [self.model.entry(i.row()) for i in self.table.selectionModel().selectedRows()]

    def _update_buttons(self) -> None:
        chosen = self.selected()
        damaged = [e for e in chosen if e.state is CaseState.UNREADABLE]
        under_way = [e for e in chosen if self.model.queue_entry(self.model.row_of(e.path)) is not None]
        self.open_button.setEnabled(len(chosen) == 1 and not damaged)
        self.copy_button.setEnabled(bool(chosen) and not damaged and not under_way)
        self.move_button.setEnabled(bool(chosen) and not damaged and not under_way)
        self.recover_button.setEnabled(len(damaged) == 1 and len(chosen) == 1)
        self.stop_button.setEnabled(bool(under_way))

    # -- acts ------------------------------------------------------------------------------------------

    def _open_current(self) -> None:
        chosen = self.selected()
        if len(chosen) == 1 and chosen[0].state is not CaseState.UNREADABLE:
            path = chosen[0].path
            self.case_chosen.emit(path, self._cases.queue.withdraw(path))

    def _choose_folder(self) -> None:
        title = tr("Folder of cell crops or fields")
        path = self._context.files.choose_folder(FileKind.IMAGES, self, title)
        if path is not None:
            self.enqueue(path)

    def enqueue(self, path: Path) -> None:
        """Look at a folder or slide and let its analysis wait for its turn."""
        self.incoming.enqueue(path)

    def _choose_table(self) -> None:
        filters = f"{tr('Tables')} (*.csv)"
        path = self._context.files.choose_target(
            FileKind.TABLE, self, tr("Table of the cases"), "cases.csv", filters
        )
        if path is not None:
            self.write_table(path)

    def write_table(self, target: Path) -> None:
        """One CSV over the chosen cases, over all shown where fewer than two are chosen."""
        chosen = self.selected()
        if len(chosen) < 2:
            chosen = [self.model.entry(row) for row in range(self.model.rowCount())]
        cases, lang = self._cases, self._context.language.lang
        self._acts.ask(("table", target), lambda: cases.write_table(chosen, target, lang))

    def _stop(self) -> None:
        for entry in self.selected():
            self._cases.queue.stop(entry.path)
        self.refresh()

    def _transfer(self, act: Callable[[Path, Path], Path]) -> None:
        folder = self._context.files.choose_folder(FileKind.TRANSFER, self, tr("To this folder"))
        if folder is not None:
            self.transfer([e.path for e in self.selected()], folder, act)

    def transfer(self, paths: list[Path], folder: Path, act: Callable[[Path, Path], Path]) -> None:
        """Copy or move cases to `folder` in the background."""
        self._acts.ask(("transfer", folder), lambda: [act(p, folder) for p in paths])

    def _take_in(self) -> None:
        title, filters = tr("Case from another workstation"), f"{tr('Cases')} (*{CASE_SUFFIX})"
        path = self._context.files.choose_file(FileKind.CASE_ELSEWHERE, self, title, filters)
        if path is not None:
            cases = self._cases
            self._acts.ask(("taken", path), lambda: cases.take_in(path))

    def _recover(self) -> None:
        chosen = self.selected()
        if len(chosen) == 1:
            cases, path = self._cases, chosen[0].path
            self._acts.ask(("recover", path), lambda: cases.recover(path))

    def _on_task_done(self, tag: object, result: Any) -> None:
        what = tag[0] if isinstance(tag, tuple) else tag
        if what == "transfer" and isinstance(tag, tuple):
            self.banners.show_banner(
                "ok",
                ngettext(
                    "{n} case was transferred and compared byte by byte.",
                    "{n} cases were transferred and compared byte by byte.",
                    len(result),
                ),
                str(tag[1]),
            )
        elif what == "table" and isinstance(tag, tuple):
            self._table_written(result, tag[1])
        elif what == "taken":
            self.banners.show_banner("ok", tr("The case is here now."), str(result))
        elif what == "recover":
            self._tell_recovery(*result)
        if what == "refresh":
            self._search()
        else:
            self.refresh()

    def _table_written(self, result: TableWritten, target: object) -> None:
        text = ngettext("{n} case is in the table.", "{n} cases are in the table.", result.written)
        if result.unreadable:
            names = ", ".join(result.unreadable[:5]) + ("…" if len(result.unreadable) > 5 else "")
            text += " " + tr("Left out because they cannot be read: {names}").format(names=names)
        self.banners.show_banner("warning" if result.unreadable else "ok", text, str(target))

    def _tell_recovery(self, target: Path, found: Any) -> None:
        self.banners.show_banner(
            *recovered(self._context.language, target, found),
        )

    def _on_task_failed(self, tag: object, error: object) -> None:
        if isinstance(error, UserError):
            self.banners.error(error)
        elif isinstance(error, BaseException):
            self.banners.crash(error)
        if tag != "refresh":
            self.refresh()

    # -- the queue -------------------------------------------------------------------------------------

    def _queue_went_on(self) -> None:
        queue = self._cases.queue
        if queue.generation == self._seen:
            return
        self._seen = queue.generation
        for entry in queue.entries():
            if entry.turn is QueueState.FAILED and entry.error is not None and entry.error not in self._told:
                self._told.append(entry.error)
                self.banners.error(entry.error)
        self.model.refresh_states()
        self._update_buttons()
        if any(e.turn not in (QueueState.WAITING, QueueState.RUNNING) for e in queue.entries()):
            self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        self._poll.start()
        self.table.setFocus()

    def hideEvent(self, event: Any) -> None:
        super().hideEvent(event)
        self._poll.stop()

    def stop(self) -> None:
        """Ask for nothing any more."""
        self._poll.stop()
        self._looks.close()
        self._acts.close()
        self.incoming.stop()
