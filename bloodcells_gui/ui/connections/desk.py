"""The connected laboratory around one main window: sends behind it, says what needs a person."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer

from bloodcells_gui.app.outbox import Sent
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.accounts import Right
from bloodcells_gui.domain.connecting import OutboxLine, SendState
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.banner import Banner
from bloodcells_gui.ui.connections.sender import ResultSender
from bloodcells_gui.ui.connections.window import ConnectionsWindow
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import menu_text
from bloodcells_gui.ui.main_window import MainWindow

#: How often it is looked whether another process wrote the outbox.
_LOOK_MS = 3_000
_UNUSED = "connections"


class ConnectionsDesk(QObject):
    """Owns the sender; the window of connections is made when it is asked for."""

    def __init__(self, context: UiContext, workspace: Workspace, window: MainWindow) -> None:
        super().__init__(window)
        self._context = context
        self._workspace = workspace
        self._window = window
        self._shown: ConnectionsWindow | None = None
        self._said = ""
        self._refusals: dict[tuple[str, str], Banner] = {}
        self.sending = ResultSender(workspace.outbox, window.unawaited, self)
        self.sending.sent.connect(self._on_round)
        self.sending.failed.connect(self._on_failure)
        window.reporter.signed.connect(self._on_signed)
        window.closing.connect(self._close)
        QTimer.singleShot(0, self, self.sending.send)  # what a crash left
        self._stamp = workspace.outbox.stamp()
        self._say_unused()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Show what another process did to the outbox or the connections since the last look."""
        stamp = self._workspace.outbox.stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        self._say_unused()
        if self._shown is not None:
            self._shown.show_outbox()
        self._settle_refusals()
        self._refresh_case()

    def _settle_refusals(self) -> None:
        """Take back what was said of messages that another process has sent since."""
        if not self._refusals:
            return
        try:
            lines = self._workspace.outbox.lines()
        except UserError:
            return  # the sender says it
        for line in lines:
            if line.state is SendState.SENT:
                self._settle_refusal(line)

    def _settle_refusal(self, line: OutboxLine) -> None:
        banner = self._refusals.pop((line.destination, line.control_id), None)
        if banner is not None:
            self._window.banners.dismiss(banner)

    def _say_unused(self) -> None:
        """Say what of the connections is set up wrongly; each once, as long as it is so."""
        try:
            unused = self._workspace.outbox.unused
        except UserError:
            return  # the sender says it
        self._window.banners.settle(_UNUSED)
        lang = self._context.language.lang
        for reason in unused:
            self._window.banners.notice(_UNUSED, "critical", reason.text(lang), stays=True)

    def show(self) -> ConnectionsWindow:
        """The outbox, the destinations, the table of codes."""
        if self._shown is None:
            shown = ConnectionsWindow(
                self._context,
                self._workspace.outbox,
                self._workspace.author,
                self._window.unawaited,
                self._window,
            )
            shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            shown.send_wanted.connect(lambda anyway: self.sending.send(anyway=anyway))
            shown.destroyed.connect(self._forget)
            self._shown = shown
        self._shown.forbid(self._workspace.accounts.refusal(Right.SET_DESTINATIONS))
        self._shown.show()
        self._shown.raise_()
        self._shown.activateWindow()
        return self._shown

    def _show(self) -> None:
        self.show()

    def _forget(self) -> None:
        self._shown = None

    def _on_signed(self) -> None:
        problem = self._workspace.outbox.problem
        if problem is not None:
            self._window.banners.error(problem, stays=True)
        self._refresh_case()
        self.sending.send()

    def _on_round(self, results: list[Sent]) -> None:
        self._said = ""
        for result in results:
            if result.state is SendState.REFUSED:
                self._say_refused(result)
            elif result.state is SendState.SENT:
                self._settle_refusal(result.line)
        if results:
            if self._shown is not None:
                self._shown.show_outbox()
            self._refresh_case()

    def _refresh_case(self) -> None:
        if self._window.page is not None:
            self._window.page.header.refresh()

    def _say_refused(self, result: Sent) -> None:
        text = tr("{destination} did not take the result of {specimen}.")
        specimen = menu_text(result.line.specimen[:40])
        self._settle_refusal(result.line)  # one notice a message
        key = result.line.destination, result.line.control_id
        self._refusals[key] = self._window.banners.show_banner(
            "warning",
            text.format(destination=result.line.destination, specimen=specimen),
            result.words.text(self._context.language.lang),
            actions=((tr("Outbox"), self._show),),
        )

    def _on_failure(self, error: UserError) -> None:
        if error.what != self._said:  # once, not every few seconds
            self._said = error.what
            self._window.banners.error(error, stays=True)

    def _close(self) -> None:
        self._timer.stop()
        self.sending.close()
        if self._shown is not None:
            self._shown.close()
