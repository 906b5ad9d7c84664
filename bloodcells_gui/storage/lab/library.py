"""The laboratory's reference library in its database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.storage.lab.database import LabDatabase, LabUnreachable
from bloodcells_gui.storage.library_rows import Ask, LibraryRows, WholeEntry

_LOCK = 0x6C696272
#: Seconds for which a database that did not answer is not asked again: the window shows a picture at a time.
QUIET_S = 15.0


class LabLibrary(LibraryRows):
    """The reference library of a laboratory; no method answers while its database is away (UserError).

    Parameters
    ----------
    connect : callable
        Gives a connection for the length of a `with`.
    """

    def __init__(
        self, connect: Callable[[], AbstractContextManager[LabDatabase]], quiet_s: float = QUIET_S
    ) -> None:
        super().__init__()
        self._connect = connect
        self._quiet_s = quiet_s
        self._away: UserError | None = None
        self._quiet_until = 0.0

    @contextmanager
    def _answering(self) -> Iterator[LabDatabase]:
        if self._away is not None and time.monotonic() < self._quiet_until:
            raise self._away
        try:
            with self._connect() as database:
                yield database
        except LabUnreachable as error:
            self._quiet_until = time.monotonic() + self._quiet_s
            self._away = UserError(
                N_("The laboratory's reference library does not answer ({reason})."),
                N_("It is in the laboratory's database."),
                N_("Check the network; the rest of the program goes on."),
                reason=str(error.params.get("reason", "")),
            )
            raise self._away from error
        self._away = None

    @contextmanager
    def _reading(self) -> Iterator[Ask]:
        with self._answering() as database:
            yield _asking(database)

    @contextmanager
    def _changing(self) -> Iterator[Ask]:
        with self._answering() as database, database.transaction():
            database.alone(_LOCK)
            yield _asking(database)

    # -- what stations bring in --------------------------------------------------------------------------

    def brought(self) -> frozenset[str]:
        """SHA-256 of every cell that a station brought in from a library of its own."""
        with self._reading() as ask:
            return frozenset(str(r[0]) for r in ask("SELECT sha256 FROM $.brought"))

    def bring(self, entries: Sequence[WholeEntry]) -> int:
        """Take cells of a station's own library in with all that was said of them; for how many it was new.

        A cell that was brought before, and a reference picture that is there, is left out.
        """
        added = 0
        with self._changing() as ask:
            for entry in entries:
                if ask("SELECT 1 FROM $.brought WHERE sha256 = ?", entry.sha256):
                    continue
                same = (
                    ask("SELECT entry FROM $.pictures WHERE sha256 = ?", entry.picture[3])
                    if entry.picture is not None
                    else []
                )
                if same:
                    ask("INSERT INTO $.brought VALUES (?, ?)", entry.sha256, same[0][0])
                    continue
                added += 1
                self._take(ask, entry)
        self._embeddings.clear()
        return added

    def _take(self, ask: Ask, entry: WholeEntry) -> None:
        new = self._insert(ask, entry.entry)
        for table, rows in (("remarks", entry.remarks), ("label_decisions", entry.decisions)):
            for row in rows:
                ask(
                    f"INSERT INTO $.{table} SELECT coalesce(max(id), 0) + 1, ?, ?, ?, ?, ? FROM $.{table}",  # noqa: S608
                    new,
                    *row,
                )
        if entry.picture is not None:
            ask("INSERT INTO $.pictures VALUES (?, ?, ?, ?, ?, ?)", new, *entry.picture)
        ask("INSERT INTO $.brought VALUES (?, ?)", entry.sha256, new)


def _asking(database: LabDatabase) -> Ask:
    def ask(sql: str, *values: object) -> list[tuple[Any, ...]]:
        return database.query(sql.replace("$.", "bloodcells_library_"), *values)

    return ask
