"""The laboratory's outbox in its database: one station sends a message at a time, every station sees all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from bloodcells_gui.domain.connecting import OutboxLine, SendState
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.outbox_rows import Ask, OutboxReport, OutboxRows, words_to_db

#: Seconds after the last sign of life that a message is free for another station to send.
CLAIM_S = 60.0
_LOCK = 0x6F757462
_MINE = "destination = ? AND control_id = ? AND token = ?"


class LabOutbox(OutboxRows):
    """The outbox of a laboratory.

    A message is sent by the station that claims it. A claim expires by the server's clock, so that a station
    that was killed in the middle frees it.

    Parameters
    ----------
    connect : callable
        Gives a connection for the length of a `with`.
    """

    def __init__(
        self, connect: Callable[[], AbstractContextManager[LabDatabase]], claim_s: float = CLAIM_S
    ) -> None:
        self._connect = connect
        self.claim_s = claim_s

    @staticmethod
    def _path_to_db(path: Path) -> object:
        return os.fsencode(path)

    @contextmanager
    def _reading(self) -> Iterator[Ask]:
        with self._connect() as database:
            yield _asking(database)

    @contextmanager
    def _changing(self) -> Iterator[Ask]:
        with self._connect() as database, database.transaction():
            database.alone(_LOCK)
            yield _asking(database)

    # -- one sender ------------------------------------------------------------------------------------

    def claim(self, line: OutboxLine, station: str, token: str) -> bool:
        """Hold a message that waits, unless what it corrects waits too; False where another station does."""
        with self._changing() as ask:
            return bool(
                ask(
                    "INSERT INTO $.claims SELECT m.destination, m.control_id, ?, ?, $now + ?"
                    " FROM $.messages m JOIN $.reports r USING (control_id)"
                    " WHERE m.destination = ? AND m.control_id = ? AND m.state = ?"
                    " AND NOT EXISTS (SELECT 1 FROM $.messages o WHERE o.destination = m.destination"
                    " AND o.control_id = r.replaces AND o.state = ?)"
                    " ON CONFLICT (destination, control_id) DO UPDATE SET station = excluded.station,"
                    " token = excluded.token, expires = excluded.expires WHERE $.claims.expires <= $now"
                    " RETURNING token",
                    station, token, self.claim_s, line.destination, line.control_id,
                    SendState.WAITING.value, SendState.WAITING.value,
                )
            )  # fmt: skip

    def beat(self, line: OutboxLine, token: str) -> bool:
        """Say that the sender is there; False when the message is another's by now."""
        with self._changing() as ask:
            return bool(
                ask(
                    f"UPDATE $.claims SET expires = $now + ? WHERE {_MINE} RETURNING token",  # noqa: S608
                    self.claim_s, line.destination, line.control_id, token,
                )
            )  # fmt: skip

    def settle(
        self,
        line: OutboxLine,
        token: str,
        state: SendState,
        words: Reason,
        *,
        next_try: str = "",
        attempt: bool = True,
    ) -> None:
        """Keep what became of a claimed message and let it go.

        That it arrived is kept in any case; all else only while the message is still this sender's.
        """
        with self._changing() as ask:
            mine = ask(
                f"DELETE FROM $.claims WHERE {_MINE} RETURNING token",  # noqa: S608
                line.destination,
                line.control_id,
                token,
            )
            if mine or state is SendState.SENT:
                self._record(ask, line, state, words, next_try, attempt=attempt)

    # -- what a station kept while the database was away -------------------------------------------------

    def adopt(self, report: OutboxReport, line: OutboxLine) -> None:
        """Take a message over from a station's own outbox, with what became of it; twice does no harm."""
        with self._changing() as ask:
            self._put_report(ask, report)
            ask(
                "INSERT INTO $.messages SELECT coalesce(max(id), 0) + 1, ?, ?, ?, ?, ?, ?, ? FROM $.messages"
                " WHERE 1 = 1 ON CONFLICT (destination, control_id) DO UPDATE SET state = excluded.state,"
                " words = excluded.words, sent_at = excluded.sent_at WHERE $.messages.state = ?"
                " AND excluded.state = ?",
                line.destination, line.control_id, line.state.value, line.attempts, line.next_try,
                words_to_db(line.words), line.sent_at, SendState.WAITING.value, SendState.SENT.value,
            )  # fmt: skip


def _asking(database: LabDatabase) -> Ask:
    def ask(sql: str, *values: object) -> list[tuple[Any, ...]]:
        return database.query(sql.replace("$.", "bloodcells_outbox_"), *values)

    return ask
