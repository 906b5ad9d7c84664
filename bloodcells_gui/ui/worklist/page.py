"""The work list, the window's home: find, open, mark, queue, copy, move, recover."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QThreadPool, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from bloodcells_gui.app.analysis_queue import QueueState
from bloodcells_gui.app.worklist import CaseState, Query, WorkList
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import QueuedLookup
from bloodcells_gui.ui.labels import menu_text
from bloodcells_gui.ui.wheel import guard_wheels
from bloodcells_gui.ui.worklist.cluster_acts import ClusterActs
from bloodcells_gui.ui.worklist.file_acts import FileActs
from bloodcells_gui.ui.worklist.incoming import Ask, Incoming, LookAt
from bloodcells_gui.ui.worklist.model import WorklistModel
from bloodcells_gui.ui.worklist.search_row import SearchRow
from bloodcells_gui.ui.worklist.steady import SteadyRows
from bloodcells_gui.ui.worklist.strips import StripLoader
from bloodcells_gui.ui.worklist.table import CaseTable
from bloodcells_gui.ui.worklist.work_amount import work_text

_POLL_MS = 500
_SHOW_EVERY_MS = 1500
_APART = "list apart"


class WorklistPage(QWidget):
    """The page of the window while no case is in front.

    Parameters
    ----------
    look_at : callable
        Looks at a folder or slide in a worker thread and gives an intake.
    ask : callable or None
        Asks what the images of several places are.

    Attributes
    ----------
    notices : QVBoxLayout
        Lines below the list, for what concerns the whole laboratory; empty until somebody adds one.

    Signals
    -------
    case_chosen(object, bool)
        Path of the case to open, and whether its analysis was waiting and is to be run there now.
    urgent_wanted(list, bool)
        Cases to be marked as urgent, or not any more.
    back_wanted()
        Back to the case that is open.
    """

    case_chosen = Signal(object, bool)
    urgent_wanted = Signal(list, bool)
    back_wanted = Signal()

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
        self._context = context
        self._cases = cases
        self._seen = self._heard = -1
        self._apart = False
        self._ended: frozenset[Path] = frozenset()
        self._told = [e.error for e in cases.queue.entries() if e.error is not None]
        self._place: dict[Path, int] = {}
        self._again = self._reading = self._stopped = self._loaded = False
        self._progress: tuple[int, int] = (0, 0)
        # Reading many cases takes long and must not keep anything else waiting.
        self._readers = QThreadPool(self)
        self._readers.setMaxThreadCount(1)
        self._painters = QThreadPool(self)
        self._painters.setMaxThreadCount(1)
        self.banners = BannerStack(context)
        self.model = WorklistModel(context, cases.queued, self)
        self.strips = StripLoader(cases.strip, self._painters, self)
        self.search_row = SearchRow()
        self.text, self.state, self.flag = self.search_row.text, self.search_row.state, self.search_row.flag
        self.table = CaseTable(context, self.model, self.strips.pixmap)
        self.steady = SteadyRows(self.table)
        self.table.opened.connect(self._open_current)
        self.table.chosen.connect(self._update_buttons)
        self.table.moved.connect(self._want_strips)
        self.table.order_chosen.connect(self._heading_clicked)
        self.strips.arrived.connect(self.table.viewport().update)
        self.notices = QVBoxLayout()
        self.notices.setSpacing(0)
        self.files = FileActs(
            context, cases, self.banners, pool, self, self.table.selected, self.model.entries
        )
        self.files.done.connect(self._read_anew)
        self._lay_out()
        self.incoming = Incoming(cases, look_at, ask, self.banners, pool, self)
        self.incoming.queued.connect(self.refresh)
        self.cluster = self._cluster_acts(pool)
        # Apart: the line of one case must not wait until the whole folder is read.
        self._looks, self._lines = QueuedLookup(self._readers, self), QueuedLookup(pool, self)
        for looks in (self._looks, self._lines):
            looks.answered.connect(lambda tag, _: self._on_task_done(tag))
            looks.failed.connect(self._on_task_failed)
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._queue_went_on)
        self._show_meanwhile = QTimer(self)
        self._show_meanwhile.setInterval(_SHOW_EVERY_MS)
        self._show_meanwhile.timeout.connect(self._show_news)
        self.search_row.changed.connect(self._order_chosen)
        self._keys()
        guard_wheels(self)

    # -- building --------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._head())
        layout.addWidget(self.search_row)
        layout.addWidget(self.table, 1)
        # Below the lines: above, each notice would move another case under the pointer.
        layout.addLayout(self.notices)
        layout.addWidget(self.banners)
        layout.addLayout(self._button_row())

    def _cluster_acts(self, pool: QThreadPool) -> ClusterActs:
        acts = ClusterActs(
            self._context, self._cases, self.banners, pool, self, self.files, self.table.selected,
            self.model.entries, lambda: self._choose_folder(on_cluster=True),
        )  # fmt: skip
        acts.done.connect(self.refresh)
        self.notices.addWidget(acts.line)
        return acts

    def _keys(self) -> None:
        """Keys of the page, as long as the focus is in it."""
        here = Qt.ShortcutContext.WidgetWithChildrenShortcut
        self.search_row.entered.connect(self._found_entered)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self.text.setFocus, context=here)
        QShortcut(QKeySequence("F5"), self, self._read_anew, context=here)
        # Only where there is a way back; else Esc puts notices away.
        self._back = QShortcut(QKeySequence("Esc"), self, self.back_wanted.emit, context=here)
        self._back.setEnabled(False)

    def _head(self) -> QHBoxLayout:
        title = QLabel(tr("Work list"))
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setWeight(font.Weight.DemiBold)
        title.setFont(font)
        self._summary = QLabel()
        self._summary.setObjectName("muted")
        self.back_button = QPushButton()
        self.back_button.setToolTip(tr("Esc"))
        self.back_button.clicked.connect(self.back_wanted)
        self.back_button.hide()
        row = QHBoxLayout()
        row.setContentsMargins(14, 10, 14, 2)
        row.setSpacing(14)
        row.addWidget(title)
        row.addWidget(self._summary, 1)
        row.addWidget(self.back_button)
        return row

    def offer_way_back(self, name: str) -> None:
        """The case that is open behind the page, "" for none."""
        self.back_button.setVisible(bool(name))
        self._back.setEnabled(bool(name))
        self.back_button.setText(menu_text(tr("Back to {case}").format(case=name[:40])))

    def _button_row(self) -> QHBoxLayout:
        def button(text: str, act: Callable[[], None], tip: str = "") -> QPushButton:
            made = QPushButton(text)
            made.setToolTip(tip)
            made.clicked.connect(lambda _=False: act())
            return made

        self.open_button = button(tr("&Open"), self._open_current, tr("Enter"))
        self.open_button.setObjectName("primary")
        self.queue_button = button(
            tr("&Analyse folder…"),
            self._choose_folder,
            tr("It waits for its turn in the background"),
        )
        self.stop_button = button(tr("&Stop analysis"), self._stop, tr("What was found is kept"))
        self.urgent_button = button(tr("&Urgent"), self.toggle_urgent, tr("First in the list (Ctrl+U)"))
        self.more_button = QPushButton(tr("&More"))
        self.more_button.setMenu(self.files)
        row = QHBoxLayout()
        row.setContentsMargins(14, 10, 14, 12)
        row.setSpacing(8)
        self._count = QLabel()
        self._count.setObjectName("muted")
        row.addWidget(self._count, 1)
        for widget in (
            self.queue_button, self.stop_button, self.more_button, self.urgent_button, self.open_button,
        ):  # fmt: skip
            row.addWidget(widget)
        return row

    # -- finding ---------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Look at the folder again, in the background; what is known of it is shown meanwhile."""
        if self._stopped:
            return
        if self._reading:
            self._again = True  # what came since may be missed by the look under way
            return
        self._reading = True
        self._show_meanwhile.start()
        cases = self._cases

        def tell(done: int, total: int) -> None:
            if self._stopped:
                raise Cancelled
            self._progress = done, total

        if not self._loaded:
            self._looks.ask("index", lambda: cases.search(Query()))  # long before the folder is read
        self._looks.ask("refresh", lambda: cases.refresh(tell))

    def _read_anew(self) -> None:
        self.steady.let_go()
        self.refresh()

    @property
    def is_reading(self) -> bool:
        """Whether the folder is being looked at."""
        return self._reading

    def _reading_ended(self) -> None:
        self._reading = False
        self._progress = (0, 0)
        self._show_meanwhile.stop()
        if self._again:
            self._again = False
            self.refresh()

    def _heading_clicked(self, column: int) -> None:
        combo = self.search_row.order
        combo.blockSignals(True)
        combo.setCurrentIndex(max(0, combo.findData(column)))
        combo.blockSignals(False)
        self.steady.let_go()
        self._search()

    def _order_chosen(self) -> None:
        """Something of the search row changed."""
        self.steady.let_go()
        if not self.table.order_by(int(self.search_row.order.currentData())):
            self._search()

    def _show_news(self) -> None:
        """Show what is known now, with how much work that is."""
        if self._loaded:
            ordered = self._cases.in_work_order(self._cases.search(Query()))
            self._place = {entry.path: at for at, entry in enumerate(ordered)}
        self._search()
        self._summary.setText(work_text(self._cases) if self._loaded else "")

    def _search(self) -> None:
        if not self._loaded:
            return  # nothing of the list is in memory: reading it would keep the window waiting
        try:
            found = self._cases.search(self.search_row.query())
        except UserError as error:
            self.banners.error(error)
            return
        chosen = [e.path for e in self.table.selected()]
        # In the order of the work already: of a search at every key only the others are left out.
        place = self._place
        found.sort(key=lambda entry: place.get(entry.path, len(place)))
        self.model.show_entries(self.steady.in_place(self.table.in_order(found)))
        self.table.choose(chosen)
        self._count.setText(self._count_text())
        self._update_buttons()
        self._want_strips()

    def _count_text(self) -> str:
        text = ngettext("{n} case", "{n} cases", self.model.rowCount())
        done, total = self._progress
        if self._reading and total > 1:
            integer = self._context.language.integer
            reading = tr("reading {done} of {total}").format(done=integer(done), total=integer(total))
            text = f"{text}  ·  {reading}"
        return text

    def _want_strips(self) -> None:
        self.strips.want(self.table.in_sight())

    def _update_buttons(self) -> None:
        chosen = self.table.selected()
        damaged = [e for e in chosen if e.state is CaseState.UNREADABLE]
        busy = self._cases.queue.under_way()
        under_way = any(e.path in busy for e in chosen)
        whole = bool(chosen) and not damaged
        self.open_button.setEnabled(len(chosen) == 1 and whole)
        self.files.show_state(chosen, under_way=under_way)
        self.cluster.show_state()
        self.stop_button.setEnabled(under_way)
        self.urgent_button.setEnabled(whole and any(not e.signed for e in chosen))
        marked = bool(chosen) and all(e.urgent for e in chosen)
        self.urgent_button.setText(tr("Not &urgent") if marked else tr("&Urgent"))

    # -- acts ------------------------------------------------------------------------------------------

    def _open_current(self) -> None:
        chosen = self.table.selected()
        if len(chosen) == 1 and chosen[0].state is not CaseState.UNREADABLE:
            path = chosen[0].path
            self.case_chosen.emit(path, self._cases.queue.withdraw(path))

    def _found_entered(self, text: str) -> None:
        """Enter or Down in the search: `text` was entered, "" to go to the lines only."""
        found = self.model.entries()
        exact = [e for e in found if text and e.specimen_id.strip().casefold() == text.casefold()]
        one = exact if len(exact) == 1 else found
        self.table.setFocus()
        if found:
            self.table.choose([one[0].path])
        if text and len(one) == 1:
            self._open_current()

    def toggle_urgent(self) -> None:
        """Mark the chosen cases that are not signed, or take the mark back where all have it."""
        chosen = [e for e in self.table.selected() if not e.signed and e.state is not CaseState.UNREADABLE]
        if chosen:
            self.steady.let_go()
            wanted = not all(e.urgent for e in chosen)
            self.urgent_wanted.emit([e.path for e in chosen if e.urgent is not wanted], wanted)

    def show_case(self, path: Path) -> None:
        """Read the line of one case anew and show it, before the folder is looked at."""
        self._lines.ask("line", lambda: self._cases.describe([path]))

    def _choose_folder(self, *, on_cluster: bool = False) -> None:
        title = tr("Folder of cell crops or fields")
        path = self._context.files.choose_folder(FileKind.IMAGES, self, title)
        if path is not None:
            self.enqueue(path, on_cluster=on_cluster)

    def enqueue(self, path: Path, *, on_cluster: bool = False) -> None:
        """Look at a folder or slide and let its analysis wait for its turn, here or on the cluster."""
        self.incoming.enqueue(path, on_cluster=on_cluster)

    def _stop(self) -> None:
        for entry in self.table.selected():
            self._cases.queue.stop(entry.path)
        self.refresh()

    def _on_task_done(self, tag: object) -> None:
        self._loaded = self._loaded or tag != "line"
        if tag == "refresh":
            self._reading_ended()
        self._show_news()

    def _on_task_failed(self, tag: object, error: object) -> None:
        if tag == "refresh":
            self._reading_ended()
        if isinstance(error, UserError):
            self.banners.error(error)
        elif isinstance(error, BaseException) and not isinstance(error, Cancelled):
            self.banners.crash(error)

    # -- the queue -------------------------------------------------------------------------------------

    def _news_came(self) -> None:
        """Other stations of the laboratory changed something, or its database went away or came back."""
        generation, trouble = self._cases.generation, self._cases.trouble
        apart = trouble is not None
        if (generation, apart) == (self._heard, self._apart):
            return
        self._heard = generation
        if apart is not self._apart:
            self._apart = apart
            self.banners.settle(_APART)
            if trouble is not None:
                self.banners.notice(
                    _APART,
                    "warning",
                    tr("The work list is this workstation's own for now."),
                    self._context.language.text(trouble.what, **trouble.params),
                    tr("What other stations have open is not shown. It comes back by itself."),
                )
            self.refresh()
        self._show_news()

    def _queue_went_on(self) -> None:
        self._news_came()
        if self.steady.is_due():
            self._search()
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
        ended = frozenset(
            e.path for e in queue.entries() if e.turn not in (QueueState.WAITING, QueueState.RUNNING)
        )
        if ended != self._ended:
            self._ended = ended
            self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.steady.let_go()
        self._show_news()
        self.refresh()
        self._poll.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._poll.stop()
        self.strips.want(())

    def stop(self) -> None:
        """Ask for nothing any more."""
        self._stopped = True
        self._poll.stop()
        self._show_meanwhile.stop()
        self.strips.stop()
        self._looks.close()
        self._lines.close()
        self.files.stop()
        self.cluster.stop()
        self.incoming.stop()
        for pool in (self._readers, self._painters):
            pool.waitForDone(10_000)
