"""The outbox: which signed reports are to go where, and what became of each.

It lies beside the cases, not in them: a case that is copied must not send again. It holds the signed reports
themselves until they have arrived, so that neither a moved nor a deleted case loses a result. A signing is
announced before the case has it; what was announced and not kept is looked up in its case at the next start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bloodcells_gui.domain.connecting import OutboxLine
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.storage import serialization
from bloodcells_gui.storage.outbox_rows import Ask, OutboxReport, OutboxRows
from bloodcells_gui.storage.small_database import SmallDatabase

__all__ = ["OUTBOX_NAME", "OutboxFile", "OutboxReport"]

OUTBOX_NAME = "outbox.sqlite"
_APPLICATION_ID = 0x42434F31  # "BCO1"
_VERSION = 1
_SCHEMA = (
    "CREATE TABLE announced (case_file ANY NOT NULL, version INTEGER NOT NULL, time TEXT NOT NULL,"
    " PRIMARY KEY (case_file, version)) STRICT",
    "CREATE TABLE reports (control_id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, filler TEXT NOT NULL,"
    " replaces TEXT NOT NULL, specimen TEXT NOT NULL, case_file ANY NOT NULL, version INTEGER NOT NULL,"
    " signed_at TEXT NOT NULL, signatures TEXT NOT NULL, content BLOB NOT NULL) STRICT",
    "CREATE TABLE pictures (control_id TEXT NOT NULL REFERENCES reports(control_id), sha256 TEXT NOT NULL,"
    " data BLOB NOT NULL, PRIMARY KEY (control_id, sha256)) STRICT",
    "CREATE TABLE messages (id INTEGER PRIMARY KEY, destination TEXT NOT NULL,"
    " control_id TEXT NOT NULL REFERENCES reports(control_id), state TEXT NOT NULL,"
    " attempts INTEGER NOT NULL, next_try TEXT NOT NULL, words TEXT NOT NULL, sent_at TEXT NOT NULL,"
    " UNIQUE (destination, control_id)) STRICT",
)


class OutboxFile(SmallDatabase, OutboxRows):
    """The outbox's file; made on first use, readable by its owner alone. Thread-safe.

    Raises
    ------
    UserError
        When the file is no outbox of this version, damaged, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA, _APPLICATION_ID, _VERSION, private=True)

    def _foreign(self) -> UserError:
        return UserError(
            N_("The outbox {path} cannot be used."),
            N_("It is damaged, or another version of the program wrote it."),
            N_("Move the file away, then put the signed cases that did not arrive into a new one:"
               " bloodcells outbox send CASE."),
            path=self.path,
        )  # fmt: skip

    # -- signing ---------------------------------------------------------------------------------------

    def announce(self, case: Path, version: int) -> None:
        """A report of this case is about to be signed: if it is not kept, it is to be looked up there."""
        with self._changing() as ask:
            ask(
                "INSERT OR IGNORE INTO announced VALUES (?, ?, ?)",
                serialization.name_to_db(case),
                version,
                utc_now(),
            )

    def announced(self) -> list[tuple[Path, int]]:
        """Signings that were announced and neither kept nor given up."""
        with self._reading() as ask:
            rows = ask("SELECT case_file, version FROM announced ORDER BY time")
            return [(Path(serialization.name_from_db(case)), int(version)) for case, version in rows]

    def forget_announced(self, case: Path, version: int) -> None:
        """That report was not signed, or nobody wants it."""
        with self._changing() as ask:
            self._forget(ask, case, version)

    @staticmethod
    def _forget(ask: Ask, case: Path, version: int) -> None:
        ask(
            "DELETE FROM announced WHERE case_file = ? AND version = ?",
            serialization.name_to_db(case),
            version,
        )

    def _keep(self, ask: Ask, report: OutboxReport, destinations: Iterable[str]) -> int:
        """With the end of the report's announcement, so that no kill comes between."""
        added = super()._keep(ask, report, destinations)
        self._forget(ask, report.case, report.version)
        return added

    # -- moving to the laboratory ------------------------------------------------------------------------

    def drop(self, line: OutboxLine) -> None:
        """Give up a message that the laboratory's database has, and its report with the last of them."""
        with self._changing() as ask:
            ask(
                "DELETE FROM messages WHERE destination = ? AND control_id = ?",
                line.destination,
                line.control_id,
            )
            for table in ("pictures", "reports"):
                ask(
                    f"DELETE FROM {table} WHERE control_id = ? AND NOT EXISTS"  # noqa: S608
                    " (SELECT 1 FROM messages m WHERE m.control_id = ?)",
                    line.control_id,
                    line.control_id,
                )

    @contextmanager
    def _reading(self) -> Iterator[Ask]:
        with self._lock, self._in_words():
            yield self._ask

    @contextmanager
    def _changing(self) -> Iterator[Ask]:
        with self._writing():
            yield self._ask

    def _ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql.replace("$.", ""), values).fetchall()
