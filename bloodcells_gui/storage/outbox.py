"""The outbox: which signed reports are to go where, and what became of each.

It lies beside the cases, not in them: a case that is copied must not send again. It holds the signed reports
themselves until they have arrived, so that neither a moved nor a deleted case loses a result. A signing is
announced before the case has it; what was announced and not kept is looked up in its case at the next start.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bloodcells_gui.domain.connecting import OutboxLine, SendState
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.storage import serialization
from bloodcells_gui.storage.small_database import SmallDatabase

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
_ARRIVED = (
    "SELECT control_id FROM messages GROUP BY control_id HAVING min(state = ?) = 1 AND max(sent_at) < ?"
)
_EMPTY = "UPDATE reports SET content = x'', specimen = '', signatures = '[]' WHERE length(content) > 0"
_LINE = (
    "SELECT m.destination, m.control_id, r.replaces, r.specimen, r.case_file, r.version, m.state, m.attempts,"
    " m.next_try, m.words, r.signed_at, m.sent_at FROM messages m JOIN reports r USING (control_id)"
)


@dataclass(frozen=True, slots=True)
class OutboxReport:
    """A signed report as the outbox keeps it.

    `content` is what was signed, byte for byte; `signatures` those of the case as JSON; `pictures` sha256 ->
    picture, where the report goes along as PDF.
    """

    control_id: str
    sha256: str
    filler: str
    replaces: str
    specimen: str
    case: Path
    version: int
    signed_at: str
    signatures: str
    content: bytes = field(repr=False)
    pictures: Mapping[str, bytes] = field(default_factory=dict, repr=False)


class OutboxFile(SmallDatabase):
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
        with self._writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO announced VALUES (?, ?, ?)",
                (serialization.name_to_db(case), version, utc_now()),
            )

    def announced(self) -> list[tuple[Path, int]]:
        """Signings that were announced and neither kept nor given up."""
        with self._lock, self._in_words():
            rows = self._connection.execute("SELECT case_file, version FROM announced ORDER BY time")
            return [(Path(serialization.name_from_db(case)), int(version)) for case, version in rows]

    def forget_announced(self, case: Path, version: int) -> None:
        """That report was not signed, or nobody wants it."""
        with self._writing() as connection:
            self._forget(connection, case, version)

    @staticmethod
    def _forget(connection: sqlite3.Connection, case: Path, version: int) -> None:
        connection.execute(
            "DELETE FROM announced WHERE case_file = ? AND version = ?",
            (serialization.name_to_db(case), version),
        )

    def keep(self, report: OutboxReport, destinations: Iterable[str]) -> int:
        """Put a signed report in for each destination that does not have it yet; returns for how many.

        In one transaction with the end of its announcement, so that no kill comes between.
        """
        added = 0
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO reports VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (control_id) DO UPDATE"
                " SET specimen = excluded.specimen, signatures = excluded.signatures,"
                " content = excluded.content WHERE length(content) = 0",
                (
                    report.control_id, report.sha256, report.filler, report.replaces,
                    serialization.clean(report.specimen), serialization.name_to_db(report.case),
                    report.version, report.signed_at, report.signatures, report.content,
                ),
            )  # fmt: skip
            for sha256, data in report.pictures.items():
                row = (report.control_id, sha256, data)
                connection.execute("INSERT OR IGNORE INTO pictures VALUES (?, ?, ?)", row)
            for name in destinations:
                cursor = connection.execute(
                    "INSERT OR IGNORE INTO messages"
                    " (destination, control_id, state, attempts, next_try, words, sent_at)"
                    " VALUES (?, ?, ?, 0, '', ?, '')",
                    (name, report.control_id, SendState.WAITING.value, _words_to_db(Reason(""))),
                )
                added += cursor.rowcount
            self._forget(connection, report.case, report.version)
        return added

    # -- sending ---------------------------------------------------------------------------------------

    def report(self, control_id: str) -> OutboxReport | None:
        """The report of that control id; None where its content is not kept any more."""
        with self._lock, self._in_words():
            row = self._connection.execute(
                "SELECT control_id, sha256, filler, replaces, specimen, case_file, version, signed_at,"
                " signatures, content FROM reports WHERE control_id = ? AND length(content) > 0",
                (control_id,),
            ).fetchone()
            if row is None:
                return None
            pictures = self._connection.execute(
                "SELECT sha256, data FROM pictures WHERE control_id = ?", (control_id,)
            ).fetchall()
        control, sha256, filler, replaces, specimen, case, version, signed_at, signatures, content = row
        return OutboxReport(
            str(control), str(sha256), str(filler), str(replaces), str(specimen),
            Path(serialization.name_from_db(case)), int(version), str(signed_at), str(signatures),
            bytes(content), {str(key): bytes(data) for key, data in pictures},
        )  # fmt: skip

    def lines(self) -> list[OutboxLine]:
        """Every message, oldest first."""
        with self._lock, self._in_words():
            rows = self._connection.execute(f"{_LINE} ORDER BY m.id").fetchall()
        return [_line(row) for row in rows]

    def waiting(self) -> list[OutboxLine]:
        """Messages that have not arrived and were not refused, oldest first."""
        with self._lock, self._in_words():
            rows = self._connection.execute(
                f"{_LINE} WHERE m.state = ? ORDER BY m.id", (SendState.WAITING.value,)
            ).fetchall()
        return [_line(row) for row in rows]

    def of_case(self, filler: str) -> list[OutboxLine]:
        """The messages of one case, oldest first, by the number that its reports share."""
        with self._lock, self._in_words():
            rows = self._connection.execute(f"{_LINE} WHERE r.filler = ? ORDER BY m.id", (filler,)).fetchall()
        return [_line(row) for row in rows]

    def later_version(self, destination: str, control_id: str, states: Iterable[SendState]) -> int:
        """The newest later version of a report in one of `states` for that destination; 0 for none."""
        wanted = json.dumps([state.value for state in states])
        with self._lock, self._in_words():
            row = self._connection.execute(
                "SELECT coalesce(max(r.version), 0) FROM messages m JOIN reports r USING (control_id)"
                " JOIN reports own ON own.filler = r.filler AND own.version < r.version"
                " WHERE own.control_id = ? AND m.destination = ?"
                " AND m.state IN (SELECT value FROM json_each(?))",
                (control_id, destination, wanted),
            ).fetchone()
        return int(row[0])

    def record(
        self, line: OutboxLine, state: SendState, words: Reason, *, next_try: str = "", attempt: bool = True
    ) -> None:
        """Keep what became of a message; `attempt` says that it was tried."""
        sent = utc_now() if state is SendState.SENT else ""
        with self._writing() as connection:
            connection.execute(
                "UPDATE messages SET state = ?, attempts = attempts + ?, next_try = ?, words = ?, sent_at = ?"
                " WHERE destination = ? AND control_id = ?",
                (
                    state.value, int(attempt), next_try, _words_to_db(words), sent,
                    line.destination, line.control_id,
                ),
            )  # fmt: skip

    def retry(self, destination: str, control_id: str) -> bool:
        """Let a message be sent again at once, whatever became of it; whether there is such a one."""
        with self._writing() as connection:
            cursor = connection.execute(
                "UPDATE messages SET state = ?, next_try = '' WHERE destination = ? AND control_id = ?"
                " AND EXISTS (SELECT 1 FROM reports r WHERE r.control_id = messages.control_id"
                " AND length(r.content) > 0)",
                (SendState.WAITING.value, destination, control_id),
            )
            return cursor.rowcount > 0

    def thin(self, before: str) -> None:
        """Give up the content of reports that all destinations have had since `before` (UTC)."""
        values = (SendState.SENT.value, before)
        with self._writing() as connection:
            connection.execute(f"DELETE FROM pictures WHERE control_id IN ({_ARRIVED})", values)  # noqa: S608
            connection.execute(f"{_EMPTY} AND control_id IN ({_ARRIVED})", values)


def _words_to_db(words: Reason) -> str:
    return serialization.clean(json.dumps(_words_to_json(words), ensure_ascii=False))


def _words_to_json(words: Reason) -> list[object]:
    params = [
        [name, _words_to_json(value) if isinstance(value, Reason) else str(value)]
        for name, value in words.params
    ]
    return [words.template, params]


def _words_from_db(text: str) -> Reason:
    return _words_from_json(json.loads(text))


def _words_from_json(found: Any) -> Reason:
    template, params = found
    said = [(str(n), _words_from_json(v) if isinstance(v, list) else str(v)) for n, v in params]
    return Reason(str(template), tuple(said))


def _line(row: tuple[object, ...]) -> OutboxLine:
    destination, control_id, replaces, specimen, case, version, state, attempts, next_try, words, *times = row
    return OutboxLine(
        str(destination), str(control_id), str(replaces), str(specimen), serialization.name_from_db(case),
        int(str(version)), SendState(str(state)), int(str(attempts)), str(next_try),
        _words_from_db(str(words)), str(times[0]), str(times[1]),
    )  # fmt: skip
