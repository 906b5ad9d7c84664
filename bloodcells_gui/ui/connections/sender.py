"""Sends what waits in the outbox behind the window."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from bloodcells_gui.app.outbox import Outbox, Sending, Sent
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.jobs import Lookup, UnawaitedThreads

#: How often it is looked whether a message is due.
_LOOK_MS = 5_000


class ResultSender(QObject):
    """One round of sending at a time, in a thread that nobody waits for: a share may hang.

    Signals
    -------
    sent(list)
        What became of the messages of a round; comes after every round, also an empty one.
    failed(object)
        The UserError that ended one.
    """

    sent = Signal(list)
    failed = Signal(object)

    def __init__(self, outbox: Outbox, threads: UnawaitedThreads, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._outbox = outbox
        self._busy = False
        self._again = False
        self._closing = False
        self._work = Lookup(threads, self)
        self._work.answered.connect(self._on_round)
        self._work.failed.connect(self._on_failure)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def send(self, *, anyway: bool = False) -> None:
        """Send what waits and is due; with `anyway` also what is to wait longer."""
        if self._closing:
            return
        if self._busy:
            self._again = True
            return
        if not self._outbox.exists:
            return
        self._busy = True
        self._work.ask(None, lambda: self._outbox.send(anyway=anyway, stop=lambda: self._closing))

    def _look(self) -> None:
        if not self._busy:
            self.send()

    def _on_round(self, _tag: object, results: list[Sent] | None) -> None:
        self._ended()
        self.sent.emit(results or [])

    def _on_failure(self, _tag: object, error: object) -> None:
        self._ended()
        if isinstance(error, UserError) and not isinstance(error, Sending):
            self.failed.emit(error)
        else:
            self.sent.emit([])

    def _ended(self) -> None:
        self._busy = False
        if self._again:
            self._again = False
            QTimer.singleShot(0, self, self.send)

    def close(self) -> None:
        """Begin no further message and deliver nothing any more."""
        self._closing = True
        self._timer.stop()
        self._work.close()
