"""The statements of the outbox: the same over a workstation's file and over the laboratory's database.

They keep to what SQLite and PostgreSQL both understand. `$.` stands before the name of a table.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bloodcells_gui.domain.connecting import OutboxLine, SendState
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.storage import serialization

#: Runs one statement with its values; the rows that it returns.
Ask = Callable[..., list[tuple[Any, ...]]]

#: Of a report with its pictures; a larger one was not written by this program.
MOST_BYTES = 64 * 1024**2
_ARRIVED = (
    "SELECT control_id FROM $.messages GROUP BY control_id"
    " HAVING sum(CASE WHEN state = ? THEN 0 ELSE 1 END) = 0 AND max(sent_at) < ?"
)
_LINE = (
    "SELECT m.destination, m.control_id, r.replaces, substr(r.specimen, 1, 200), r.case_file, r.version,"
    " m.state, m.attempts, m.next_try, substr(m.words, 1, 20000), r.signed_at, m.sent_at"
    " FROM $.messages m JOIN $.reports r USING (control_id)"
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


class OutboxRows(ABC):
    """Reports, their pictures and their messages."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Ask]:
        """For statements that change nothing."""

    @abstractmethod
    def _changing(self) -> AbstractContextManager[Ask]:
        """A transaction that nobody else writes in."""

    @staticmethod
    def _path_to_db(path: Path) -> object:
        return serialization.name_to_db(path)

    # -- filling ---------------------------------------------------------------------------------------

    def keep(self, report: OutboxReport, destinations: Iterable[str]) -> int:
        """Put a signed report in for each destination that does not have it yet; returns for how many."""
        with self._changing() as ask:
            return self._keep(ask, report, destinations)

    def _keep(self, ask: Ask, report: OutboxReport, destinations: Iterable[str]) -> int:
        self._put_report(ask, report)
        return sum(
            len(
                ask(
                    "INSERT INTO $.messages SELECT coalesce(max(id), 0) + 1, ?, ?, ?, 0, '', ?, ''"
                    " FROM $.messages WHERE 1 = 1 ON CONFLICT DO NOTHING RETURNING id",
                    name, report.control_id, SendState.WAITING.value, words_to_db(Reason("")),
                )
            )
            for name in destinations
        )  # fmt: skip

    def _put_report(self, ask: Ask, report: OutboxReport) -> None:
        ask(
            "INSERT INTO $.reports VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (control_id) DO UPDATE"
            " SET specimen = excluded.specimen, signatures = excluded.signatures,"
            " content = excluded.content WHERE length($.reports.content) = 0",
            report.control_id, report.sha256, report.filler, report.replaces,
            serialization.clean(report.specimen), self._path_to_db(report.case),
            report.version, report.signed_at, report.signatures, report.content,
        )  # fmt: skip
        for sha256, data in report.pictures.items():
            ask(
                "INSERT INTO $.pictures VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                report.control_id,
                sha256,
                data,
            )

    # -- sending ---------------------------------------------------------------------------------------

    def report(self, control_id: str) -> OutboxReport | None:
        """The report of that control id; None where its content is not kept any more."""
        found = self.report_or_its_head(control_id)
        return found if found is not None and found.content else None

    def report_or_its_head(self, control_id: str) -> OutboxReport | None:
        """The report of that control id, without content where that is not kept any more."""
        with self._reading() as ask:
            rows = ask(
                "SELECT control_id, sha256, filler, replaces, specimen, case_file, version, signed_at,"
                " signatures, content FROM $.reports WHERE control_id = ? AND length(content) <= ?",
                control_id,
                MOST_BYTES,
            )
            if not rows:
                return None
            pictures = ask(
                "SELECT sha256, data FROM $.pictures WHERE control_id = ? AND length(data) <= ?",
                control_id,
                MOST_BYTES,
            )
        control, sha256, filler, replaces, specimen, case, version, signed_at, signatures, content = rows[0]
        return OutboxReport(
            str(control), str(sha256), str(filler), str(replaces), str(specimen),
            Path(serialization.name_from_db(case)), int(version), str(signed_at), str(signatures),
            bytes(content), {str(key): bytes(data) for key, data in pictures},
        )  # fmt: skip

    def lines(self) -> list[OutboxLine]:
        """Every message, oldest first."""
        return self._lines("")

    def waiting(self) -> list[OutboxLine]:
        """Messages that have not arrived and were not refused, oldest first."""
        return self._lines("WHERE m.state = ?", SendState.WAITING.value)

    def of_case(self, filler: str) -> list[OutboxLine]:
        """The messages of one case, oldest first, by the number that its reports share."""
        return self._lines("WHERE r.filler = ?", filler)

    def of_control(self, control_id: str) -> list[OutboxLine]:
        """The messages of one report."""
        return self._lines("WHERE m.control_id = ?", control_id)

    def replacing(self, control_id: str) -> list[OutboxLine]:
        """The messages of what came after a report: its correction, or its withdrawal."""
        return self._lines("WHERE r.replaces = ?", control_id)

    def _lines(self, where: str, *values: object) -> list[OutboxLine]:
        with self._reading() as ask:
            rows = ask(f"{_LINE} {where} ORDER BY m.id", *values)
        return [_line(row) for row in rows]

    def later_version(self, destination: str, control_id: str, states: Iterable[SendState]) -> int:
        """The newest later version of a report in one of `states` for that destination; 0 for none."""
        wanted = [state.value for state in states]
        marks = ", ".join("?" for _ in wanted)
        with self._reading() as ask:
            rows = ask(
                "SELECT coalesce(max(r.version), 0) FROM $.messages m JOIN $.reports r USING (control_id)"  # noqa: S608
                " JOIN $.reports own ON own.filler = r.filler AND own.version < r.version"
                f" WHERE own.control_id = ? AND m.destination = ? AND m.state IN ({marks})",
                control_id,
                destination,
                *wanted,
            )
        return int(rows[0][0])

    def begin(self, line: OutboxLine) -> None:
        """Write down that a message is about to go out."""
        with self._changing() as ask:
            ask(
                "UPDATE $.messages SET attempts = attempts + 1 WHERE destination = ? AND control_id = ?",
                line.destination,
                line.control_id,
            )

    def record(
        self, line: OutboxLine, state: SendState, words: Reason, *, next_try: str = "", attempt: bool = True
    ) -> None:
        """Keep what became of a message; `attempt` says that it was tried."""
        with self._changing() as ask:
            self._record(ask, line, state, words, next_try, attempt=attempt)

    def _record(
        self, ask: Ask, line: OutboxLine, state: SendState, words: Reason, next_try: str, *, attempt: bool
    ) -> None:
        ask(
            "UPDATE $.messages SET state = ?, attempts = attempts + ?, next_try = ?, words = ?, sent_at = ?"
            " WHERE destination = ? AND control_id = ?",
            state.value, int(attempt), next_try, words_to_db(words),
            utc_now() if state is SendState.SENT else "", line.destination, line.control_id,
        )  # fmt: skip

    def retry(self, destination: str, control_id: str) -> bool:
        """Let a message be sent again at once, whatever became of it; whether there is such a one."""
        with self._changing() as ask:
            return bool(
                ask(
                    "UPDATE $.messages SET state = ?, next_try = '' WHERE destination = ? AND control_id = ?"
                    " AND EXISTS (SELECT 1 FROM $.reports r WHERE r.control_id = $.messages.control_id"
                    " AND length(r.content) > 0) RETURNING id",
                    SendState.WAITING.value,
                    destination,
                    control_id,
                )
            )

    def thin(self, before: str) -> None:
        """Give up the content of reports that all destinations have had since `before` (UTC)."""
        values = (SendState.SENT.value, before)
        with self._changing() as ask:
            ask(f"DELETE FROM $.pictures WHERE control_id IN ({_ARRIVED})", *values)  # noqa: S608
            ask(
                "UPDATE $.reports SET content = ?, specimen = '', signatures = '[]'"  # noqa: S608
                f" WHERE length(content) > 0 AND control_id IN ({_ARRIVED})",
                b"",
                *values,
            )


def words_to_db(words: Reason) -> str:
    """Words as JSON, so that they can be shown in any language."""
    return serialization.clean(json.dumps(_words_to_json(words), ensure_ascii=True))


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
    try:
        known, said = SendState(str(state)), _words_from_db(str(words))
    except (ValueError, TypeError, RecursionError):  # not as this program writes it: it is sent by nobody
        known, said = SendState.REFUSED, Reason(N_("its line in the outbox is damaged"))
    return OutboxLine(
        str(destination), str(control_id), str(replaces), str(specimen), serialization.name_from_db(case),
        int(str(version)), known, int(str(attempts)), str(next_try), said, str(times[0]), str(times[1]),
    )  # fmt: skip
