"""The laboratory's settings as one document of which every version is kept."""

from __future__ import annotations

import json
from collections.abc import Callable

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.shared_settings import (
    Document,
    SettingsVersion,
    document_sha256,
    document_text,
)
from bloodcells_gui.storage.lab.database import LabDatabase, Row

_LOCK = 0x73657474
#: Characters of a document; a larger one was not written by this program and is not fetched.
MOST_CHARACTERS = 4 * 1024**2
_COLUMNS = (
    "version, at, station, reviewer, program, sha256, length(document),"
    " CASE WHEN length(document) <= ? THEN document ELSE '' END"
)


class SettingsChanged(Exception):
    """Another station has changed the settings since they were seen here."""

    def __init__(self, newest: SettingsVersion) -> None:
        super().__init__(newest.number)
        self.newest = newest


class LabSettingsTable:
    """The versions of the laboratory's settings."""

    def __init__(self, database: LabDatabase) -> None:
        self._database = database

    def head(self) -> tuple[int, str] | None:
        """Number and SHA-256 of the newest version; None where there is none yet."""
        rows = self._database.query(
            "SELECT version, sha256 FROM bloodcells_settings ORDER BY version DESC LIMIT 1"
        )
        return (int(rows[0][0]), str(rows[0][1])) if rows else None

    def newest(self) -> SettingsVersion | None:
        """The newest version; None where there is none yet.

        Raises
        ------
        UserError
            It is not what was written, or too large.
        """
        rows = self._database.query(
            f"SELECT {_COLUMNS} FROM bloodcells_settings ORDER BY version DESC LIMIT 1",  # noqa: S608
            MOST_CHARACTERS,
        )
        return _version(rows[0]) if rows else None

    def version(self, number: int) -> SettingsVersion | None:
        """One version; None where there is no such. UserError as :meth:`newest`."""
        rows = self._database.query(
            f"SELECT {_COLUMNS} FROM bloodcells_settings WHERE version = ?",  # noqa: S608
            MOST_CHARACTERS,
            number,
        )
        return _version(rows[0]) if rows else None

    def add(
        self,
        document: Document,
        is_seen: Callable[[SettingsVersion], bool],
        *,
        station: str,
        reviewer: str,
        program: str,
    ) -> SettingsVersion:
        """Keep a further version, made from the newest one, if `is_seen` says so of that.

        Raises
        ------
        SettingsChanged
            The newest version is another than the one seen; nothing is changed.
        UserError
            The newest version is damaged, or the new one too large.
        """
        text = document_text(document)
        if len(text) > MOST_CHARACTERS:
            raise UserError(
                N_("The laboratory's settings are too large for its database."), "", N_("Shorten them.")
            )
        with self._database.transaction():
            self._database.alone(_LOCK)
            newest = self.newest()
            if newest is not None and not is_seen(newest):
                raise SettingsChanged(newest)
            number = 1 if newest is None else newest.number + 1
            self._database.query(
                "INSERT INTO bloodcells_settings VALUES (?, $now, ?, ?, ?, ?, ?)",
                number, station, reviewer, program, document_sha256(text), text,
            )  # fmt: skip
            added = self.newest()
        assert added is not None  # noqa: S101  # it was just written
        return added


def _version(row: Row) -> SettingsVersion:
    number, at, station, reviewer, program, sha256, length, text = row
    try:
        if int(length) > MOST_CHARACTERS or document_sha256(str(text)) != sha256:
            raise ValueError
        document = json.loads(str(text))
        if not isinstance(document, dict):
            raise ValueError
    except (ValueError, RecursionError) as error:
        raise UserError(
            N_("The laboratory's settings in its database cannot be used ({number}, {station})."),
            N_("They are not as this program writes them."),
            N_("This workstation keeps the last version that it has read. Tell the IT person."),
            number=number,
            station=str(station)[:80],
        ) from error
    return SettingsVersion(
        int(number), float(at), str(station), str(reviewer), str(program), str(sha256), document
    )
