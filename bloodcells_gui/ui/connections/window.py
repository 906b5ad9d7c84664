"""Window of the connections: the outbox, the destinations, the table of codes, the folder of orders."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.outbox import UNUSED_NAME, Outbox
from bloodcells_gui.domain.connecting import Connections, Destination, OrderSource, SendState
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.loinc import DEFAULT_CODES
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.ui.banner import Banner, BannerStack
from bloodcells_gui.ui.connections.destinations import DestinationsPage
from bloodcells_gui.ui.connections.kept_form import KeepDialog
from bloodcells_gui.ui.connections.model import CodesModel, OutboxColumn, OutboxModel
from bloodcells_gui.ui.connections.orders_page import OrdersPage
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import UnawaitedThreads
from bloodcells_gui.ui.labels import PlainLabel, plain_tip
from bloodcells_gui.ui.list_table import list_table
from bloodcells_gui.ui.screen_fit import resize_within_screen

_FORBIDDEN, _AWAY = "forbidden", "away"


class ConnectionsWindow(QDialog):
    """Four tabs; what is kept is in force at once.

    Signals
    -------
    send_wanted(bool)
        Send what waits; True: also what is to wait longer.
    """

    send_wanted = Signal(bool)

    def __init__(
        self,
        context: UiContext,
        outbox: Outbox,
        author: str,
        threads: UnawaitedThreads,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Connections"))
        self._context = context
        self._outbox = outbox
        self._connections = Connections()
        self._complaint: Banner | None = None
        self.banners = BannerStack(context)
        self.tabs = QTabWidget()
        self.destinations = DestinationsPage(context, threads)
        self.destinations.saved.connect(self._keep_destinations)
        self.destinations.refused.connect(self._refuse)
        self.tabs.addTab(self._outbox_page(), tr("Outbox"))
        self.tabs.addTab(self.destinations, tr("Destinations"))
        self.tabs.addTab(self._codes_page(author), tr("Table of codes"))
        self.orders = OrdersPage(context, threads)
        self.orders.saved.connect(self._keep_orders)
        self.orders.sources.saved.connect(self._keep_sources)
        self.orders.sources.refused.connect(self._refuse_source)
        self.tabs.addTab(self.orders, tr("Orders"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.banners)
        inner = QVBoxLayout()
        inner.setContentsMargins(14, 10, 14, 12)
        inner.addWidget(self.tabs)
        layout.addLayout(inner, 1)
        resize_within_screen(self, 1000, 680)
        self.refresh()

    def _outbox_page(self) -> QWidget:
        self.lead = PlainLabel()
        self.lead.setWordWrap(True)
        self.model = OutboxModel(self._context, self)
        self.table = list_table(self.model, OutboxColumn.WORDS, tr("Outbox"))
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._enable())
        self.send_button = QPushButton(tr("Send &now"))
        self.send_button.clicked.connect(lambda _=False: self.send_wanted.emit(True))
        self.again_button = QPushButton(tr("Send a&gain"))
        self.again_button.clicked.connect(lambda _=False: self.send_again())
        row = QHBoxLayout()
        row.addStretch(1)
        for button in (self.again_button, self.send_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.addWidget(self.lead)
        layout.addWidget(self.table, 1)
        layout.addLayout(row)
        return page

    def _codes_page(self, author: str) -> QWidget:
        self.codes = CodesModel(self._context, DEFAULT_CODES, self)
        self.codes.dataChanged.connect(lambda *_: self._keep_codes())
        self.codes_table = list_table(self.codes, CodesModel.TEXT, tr("Table of codes"))
        self.confirmed = PlainLabel()
        self.confirmed.setWordWrap(True)
        note = QLabel(
            tr(
                "The codes are candidates. Compare them with your LOINC release and your laboratory system;"
                " a double click changes one. Nothing is sent until a person has confirmed the table."
            )
        )
        note.setWordWrap(True)
        self.name = QLineEdit(author)
        self.name.setMaxLength(80)
        label = QLabel(tr("Compared &by"))
        label.setBuddy(self.name)
        self.confirm_button = QPushButton(tr("&Confirm the table of codes"))
        self.confirm_button.setAutoDefault(False)
        self.confirm_button.clicked.connect(lambda _=False: self.confirm())
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.name, 1)
        row.addWidget(self.confirm_button)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.addWidget(note)
        layout.addWidget(self.codes_table, 1)
        layout.addWidget(self.confirmed)
        layout.addLayout(row)
        return page

    # -- what is there ---------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read what is set up and what is in the outbox."""
        try:
            self._connections = self._outbox.connections
            unused = self._outbox.unused
        except UserError as error:
            self.banners.error(error)
            return
        for reason in unused:
            said = reason.text(self._context.language.lang)
            aside = tr("What you keep here replaces the file; it stays as {name} beside it.")
            self.banners.show_banner("critical", said, aside.format(name=UNUSED_NAME))
        self.destinations.show_destinations(self._connections.destinations)
        self.codes.show_codes(self._connections.codes)
        self.orders.show_folder(self._connections.orders)
        self.orders.sources.show_sources(self._connections.sources)
        self._say_confirmed()
        self.show_outbox()

    def show_outbox(self) -> None:
        """Show what became of the messages."""
        try:
            lines = self._outbox.lines()
        except UserError as error:
            self.banners.error(error)
            return
        self._say_away(self._outbox.away)
        chosen = self.chosen
        self.model.show_lines(lines)
        keys = [(x.destination, x.control_id) for x in self.model.lines]
        if chosen in keys:
            self.table.selectRow(keys.index(chosen))
        waiting = sum(x.state is SendState.WAITING for x in lines)
        refused = sum(x.state is SendState.REFUSED for x in lines)
        said = [
            ngettext("{n} message waits.", "{n} messages wait.", waiting),
            ngettext("{n} was refused.", "{n} were refused.", refused),
        ]
        if not self._connections.active:
            said = [tr("No destination is on: signed reports are sent nowhere."), *(said if lines else [])]
        elif not self._connections.confirmed:
            said.append(tr("Nothing is sent until a person has confirmed the table of codes."))
        self.lead.setText(" ".join(said))
        self._enable()

    def _say_away(self, away: UserError | None) -> None:
        """Say that what is shown is this workstation's own, while the laboratory's outbox is away."""
        if away is None:
            self.banners.settle(_AWAY)
            return
        text = self._context.language.text
        parts = (text(part, **away.params) for part in (away.what, away.why, away.what_to_do))
        self.banners.notice(_AWAY, "warning", *parts, stays=True)

    @property
    def chosen(self) -> tuple[str, str] | None:
        """Destination and control id of the chosen message."""
        rows = self.table.selectionModel().selectedRows()
        if not rows or rows[0].row() >= len(self.model.lines):
            return None
        line = self.model.lines[rows[0].row()]
        return line.destination, line.control_id

    def _enable(self) -> None:
        self.again_button.setEnabled(self.chosen is not None)
        ready = bool(self._connections.active) and self._connections.confirmed
        self.send_button.setEnabled(ready and any(x.state is SendState.WAITING for x in self.model.lines))

    def _say_confirmed(self) -> None:
        found, language = self._connections, self._context.language
        if found.confirmed:
            text = tr("Confirmed by {name}, {time}.")
            said = text.format(name=found.confirmed_by, time=language.when(found.confirmed_at))
            if len(found.confirmed_codes) < len(found.codes):
                more = tr("The table has figures since that are not sent until it is confirmed again.")
                said = f"{said} {more}"
        elif found.confirmed_by:
            said = tr("The table was changed since {name} confirmed it.").format(name=found.confirmed_by)
        else:
            said = tr("Nobody has confirmed the table yet.")
        self.confirmed.setText(said)

    def forbid(self, refusal: UserError | None) -> None:
        """Disable what sets up connections, with the reason; None allows it."""
        why = "" if refusal is None else refusal.text(self._context.language.lang)
        for number in range(1, self.tabs.count()):
            page = self.tabs.widget(number)
            if page is not None:
                page.setEnabled(refusal is None)
            self.tabs.setTabToolTip(number, plain_tip(why))
        self.banners.settle(_FORBIDDEN)
        if refusal is not None:
            self.banners.notice(_FORBIDDEN, "info", why)

    # -- acts ------------------------------------------------------------------------------------------

    def send_again(self) -> None:
        """Send the chosen message again, under its old id."""
        chosen = self.chosen
        if chosen is None:
            return
        try:
            there = self._outbox.retry(*chosen)
        except UserError as error:
            self.banners.error(error)
            return
        if not there:
            self.banners.show_banner(
                "warning",
                tr("The content of this message is not kept any more."),
                tr("It arrived more than a month ago."),
                tr("Open the case and put it in again: bloodcells outbox send CASE."),
            )
        self.show_outbox()
        self.send_wanted.emit(True)

    def confirm(self) -> None:
        """Confirm the table of codes as it stands."""
        if not self.name.text().strip():
            self._complain(tr("A confirmation needs a name."))
            self.name.setFocus()
            return
        if self._keep(self._connections.confirm(self.name.text(), utc_now())):
            self.send_wanted.emit(False)

    def _keep_codes(self) -> None:
        if not self._keep(replace(self._connections, codes=tuple(self.codes.codes))):
            self.codes.show_codes(self._connections.codes)  # what is shown is what is in force

    def _keep_destinations(self, destinations: tuple[Destination, ...]) -> None:
        if self._keep(replace(self._connections, destinations=destinations)):
            self.destinations.show_destinations(destinations)
            self.banners.show_banner("ok", tr("The destinations are kept."), vanish_ms=4000)
            self.send_wanted.emit(False)

    def _keep_orders(self, folder: str) -> None:
        if self._keep(replace(self._connections, orders=folder)):
            self.orders.show_folder(folder)
            self.banners.show_banner("ok", tr("The folder of orders is kept."), vanish_ms=4000)

    def _keep_sources(self, sources: tuple[OrderSource, ...]) -> None:
        if self._keep(replace(self._connections, sources=sources)):
            self.orders.sources.show_sources(sources)
            self.banners.show_banner("ok", tr("The sources of orders are kept."), vanish_ms=4000)

    def _keep(self, connections: Connections) -> bool:
        try:
            self._outbox.save_connections(connections)
        except UserError as error:
            self.banners.error(error)
            return False
        self._connections = connections
        self._settle()
        self._say_confirmed()
        self.show_outbox()
        return True

    def _refuse(self, reason: Reason) -> None:
        words = reason.text(self._context.language.lang)
        self._complain(tr("This is no destination: {reason}.").format(reason=words))

    def _refuse_source(self, reason: Reason) -> None:
        words = reason.text(self._context.language.lang)
        self._complain(tr("This is no source of orders: {reason}.").format(reason=words))

    def _complain(self, text: str) -> None:
        """Say what is wrong with what was typed, in place of what was said of it before."""
        self._settle()
        self._complaint = self.banners.show_banner("warning", text)

    def _settle(self) -> None:
        """What was typed is right now: the complaint must not come back below better news."""
        if self._complaint is not None:
            self.banners.dismiss(self._complaint)
            self._complaint = None

    def stop(self) -> None:
        """Deliver nothing any more."""
        self.destinations.stop()
        self.orders.stop()

    @property
    def changed(self) -> bool:
        """Whether something was changed in a form and not kept."""
        return any(page.changed for page in (self.destinations, self.orders.sources, self.orders))

    def _may_close(self) -> bool:
        """Ask what becomes of what was not kept; False to go back to it."""
        if not self.changed:
            return True
        asked = KeepDialog(tr("What was changed in the connections is lost when the window closes."), self)
        accepted = asked.exec()
        asked.deleteLater()
        if not accepted:
            return False
        if not asked.discarded:
            for page in (self.destinations, self.orders.sources, self.orders):
                if page.changed:
                    page.save()
            return not self.changed  # what cannot be kept is complained of
        self._discard()
        return True

    def _discard(self) -> None:
        for page in (self.destinations, self.orders.sources, self.orders):
            page.discard()

    def closeEvent(self, event: QCloseEvent) -> None:
        if event.spontaneous() and not self._may_close():  # by a person, not with the whole program
            event.ignore()
            return
        self._discard()  # QDialog closes by `reject`, which asks about what is changed
        self.stop()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes; what was not kept is asked about."""
        if self._may_close():
            self.stop()
            super().reject()
