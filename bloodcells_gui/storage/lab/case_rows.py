"""The laboratory's index of cases in its database: lines by their place in the folder, and who reads which.

Every change has a number of its own, given out one after the other, by which a station finds what is new.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.storage import serialization
from bloodcells_gui.storage.lab.database import LabDatabase

#: So long a station may read the cases that it took; another reads them after that.
READING_S = 20.0
#: A line that another station wrote so lately stays, whatever this one sees of the folder: shares show new
#: files late.
_FRESH_S = 60.0
_GONE_KEPT_S = 86_400.0
_LONGEST_LINE = 1_000_000
_NOT_TEXT = "//"  # no place within a folder begins so
_COLUMNS = "name, version, stamp, line, seal, station, at, change"


@dataclass(frozen=True, slots=True)
class CaseLine:
    """What the index holds of a case.

    Attributes
    ----------
    key : str
        Its place within the folder, the same for all stations (:func:`key_of`).
    stamp : str
        By which a change of the file shows, the same for all stations (:func:`stamp_of`).
    seed : str
        Of its chain.
    running : bool
        An analysis of it has begun and not ended.
    row : tuple
        As `storage.worklist_rows` has it from the third value on.
    """

    key: str
    stamp: str
    seed: str
    running: bool
    row: serialization.Row


@dataclass(frozen=True, slots=True)
class News:
    """What changed: lines that are new or other, places of cases that are gone, number of the last change."""

    change: int
    lines: tuple[CaseLine, ...]
    gone: tuple[str, ...]


def key_of(folder: Path, path: Path) -> str:
    """The place of a case within the folder, as every station and both engines have it."""
    inside = os.path.relpath(path, folder).replace(os.sep, "/")
    if sys.platform == "darwin":  # its file systems give names in either form, and find them by both
        inside = unicodedata.normalize("NFC", inside)
    name = serialization.name_to_db(inside)
    return name if isinstance(name, str) else _NOT_TEXT + name.hex()


def name_of(key: str) -> str | None:
    """The place that a key stands for, below the folder; None for what is no place of a case there."""
    name = key
    if key.startswith(_NOT_TEXT):
        try:
            name = os.fsdecode(bytes.fromhex(key.removeprefix(_NOT_TEXT)))
        except ValueError:
            return None
    outside = (
        name.startswith("/") or ".." in name.split("/") or (os.name == "nt" and re.search(r"[:\\]", name))
    )
    return None if outside or "\0" in name or not name.endswith(CASE_SUFFIX) else name


def stamp_of(path: Path) -> str:
    """By which a change of a case shows to every station: to the microsecond, as all shares keep it."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns // 1000} {found.st_size}"


def _seal(version: int, key: str, stamp: str, line: str) -> str:
    # no part of it holds a NUL: PostgreSQL takes none
    return hashlib.sha256("\0".join((str(version), key, stamp, line)).encode("utf-8")).hexdigest()


class CaseRows:
    """The lines of one version of the program.

    Parameters
    ----------
    version : int
        Of the lines.
    station : str
        Who asks; unlike any other, also of the same computer.
    mark : str
        Of the folder whose lines are meant. UserError where the database has those of another folder by now.
    """

    def __init__(self, database: LabDatabase, version: int, station: str, mark: str) -> None:
        self._database = database
        self._version = version
        self._station = station
        self._mark = mark

    def change(self) -> int:
        """Number of the last change."""
        return self._number("SELECT change FROM bloodcells_folder WHERE mark = ?")

    def _number(self, sql: str) -> int:
        rows = self._database.query(sql, self._mark)
        if not rows:
            raise UserError(
                "The laboratory's database names another folder of cases now.",
                "",
                "Within a minute this workstation lists that one.",
            )
        return int(rows[0][0])

    def since(self, change: int) -> News:
        """What changed after `change`; of all there ever was after -1. A damaged line is left out."""
        last = self.change()
        if last == change:
            return News(change, (), ())
        if last < change:  # an earlier state of the database was restored, or it was made anew
            change = -1
        rows = self._database.query(
            "SELECT name, stamp, line, seal, change FROM bloodcells_cases"
            " WHERE version = ? AND change > ? AND length(line) < ?",
            self._version, change, _LONGEST_LINE,
        )  # fmt: skip
        lines = (self._decoded(*(str(v) for v in row[:4])) for row in rows if row[2])
        return News(
            max([last, *(int(r[4]) for r in rows)]),
            tuple(line for line in lines if line is not None),
            tuple(str(row[0]) for row in rows if not row[2]),
        )

    def _decoded(self, key: str, stamp: str, line: str, seal: str) -> CaseLine | None:
        if seal != _seal(self._version, key, stamp, line) or name_of(key) is None:
            return None
        try:
            seed, running, *row = json.loads(line)
        except (ValueError, TypeError, RecursionError):
            return None
        return CaseLine(key, stamp, str(seed), bool(running), tuple(row))

    def take(self, stamps: Sequence[tuple[str, str]]) -> set[str]:
        """Say that this station reads these cases (place, stamp) now; those that no other one reads."""
        if not stamps:
            return set()
        values, marks = [], ", ".join(["(?, ?, ?, ?, $now + ?)"] * len(stamps))
        for key, stamp in sorted(stamps):  # in one order, so that two stations never wait for each other
            values += [key, self._version, stamp, self._station, READING_S]
        taken = self._database.query(
            f"INSERT INTO bloodcells_reading VALUES {marks} ON CONFLICT (name, version) DO UPDATE"  # noqa: S608
            " SET stamp = excluded.stamp, station = excluded.station, until = excluded.until"
            " WHERE bloodcells_reading.until <= $now OR bloodcells_reading.stamp <> excluded.stamp"
            " OR bloodcells_reading.station = excluded.station RETURNING name",
            *values,
        )
        return {str(row[0]) for row in taken}

    def lines(self, names: Sequence[str]) -> list[CaseLine]:
        """The sound lines of these cases."""
        if not names:
            return []
        rows = self._database.query(
            "SELECT name, stamp, line, seal FROM bloodcells_cases"  # noqa: S608
            f" WHERE version = ? AND length(line) < ? AND name IN ({_marks(names)})",
            self._version, _LONGEST_LINE, *names,
        )  # fmt: skip
        found = (self._decoded(*(str(v) for v in row)) for row in rows if row[2])
        return [line for line in found if line is not None]

    def _free(self, names: Sequence[str]) -> None:
        if names:
            self._database.query(
                f"DELETE FROM bloodcells_reading WHERE station = ? AND name IN ({_marks(names)})",  # noqa: S608
                self._station, *names,
            )  # fmt: skip

    def put(self, lines: Sequence[CaseLine], read: Sequence[str] = ()) -> None:
        """Write lines; those that were taken and `read` without a line are free for other stations."""
        for line in lines:  # what cannot be read back must not be written
            assert name_of(line.key) is not None  # noqa: S101
        with self._database.transaction():
            if lines:
                self._write(lines, self._next())
            self._free([*read, *(line.key for line in lines)])

    def _write(self, lines: Sequence[CaseLine], change: int) -> None:
        values: list[object] = []
        for line in sorted(lines, key=lambda one: one.key):
            text = json.dumps([line.seed, int(line.running), *line.row])
            seal = _seal(self._version, line.key, line.stamp, text)
            values += [line.key, self._version, line.stamp, text, seal, self._station, change]
        marks = ", ".join(["(?, ?, ?, ?, ?, ?, $now, ?)"] * len(lines))
        self._database.query(
            f"INSERT INTO bloodcells_cases ({_COLUMNS}) VALUES {marks}"  # noqa: S608
            " ON CONFLICT (name, version) DO UPDATE SET stamp = excluded.stamp, line = excluded.line,"
            " seal = excluded.seal, station = excluded.station, at = excluded.at, change = excluded.change",
            *values,
        )

    def _next(self) -> int:
        """The number of the next change: until the end of the transaction no other station has one."""
        return self._number(
            "UPDATE bloodcells_folder SET change = change + 1 WHERE mark = ? RETURNING change"
        )

    def drop(self, names: Sequence[str], *, sure: bool = False) -> set[str]:
        """Forget cases that are gone; `sure`: this station took them away. Returns which were forgotten.

        That a case is gone is kept for a day, so that each station hears of it.
        """
        if not names:
            return set()
        with self._database.transaction():
            change, gone = self._next(), set()
            for some in _portions(names):
                rows = self._database.query(
                    "UPDATE bloodcells_cases SET stamp = '', line = '', seal = '', at = $now, change = ?"  # noqa: S608
                    f" WHERE name IN ({_marks(some)}) AND (station = ? OR at < $now - ? OR ? = 1)"
                    " RETURNING name",
                    change, *some, self._station, _FRESH_S, int(sure),
                )  # fmt: skip
                gone |= {str(row[0]) for row in rows}
            self._database.query(
                "DELETE FROM bloodcells_cases WHERE line = '' AND at < $now - ?", _GONE_KEPT_S
            )
        return gone

    def seen(self, seed: str) -> tuple[int, str] | None:
        """As :func:`seen_of`."""
        return seen_of(self._database, seed)

    def keep_seen(self, seed: str, entries: int, head: str) -> None:
        """Remember it; never less than was seen before."""
        self._database.query(
            "INSERT INTO bloodcells_heads VALUES (?, ?, ?) ON CONFLICT (seed) DO UPDATE"
            " SET entries = excluded.entries, head = excluded.head"
            " WHERE bloodcells_heads.entries < excluded.entries",
            seed, entries, head,
        )  # fmt: skip


def seen_of(database: LabDatabase, seed: str) -> tuple[int, str] | None:
    """How far the chain of a case had come when a station last looked: entries, and its end."""
    rows = database.query("SELECT entries, head FROM bloodcells_heads WHERE seed = ?", seed)
    return (int(rows[0][0]), str(rows[0][1])) if rows else None


def _portions(names: Sequence[str], size: int = 200) -> list[Sequence[str]]:
    return [names[at : at + size] for at in range(0, len(names), size)]


def _marks(names: Sequence[str]) -> str:
    return ", ".join("?" * len(names))
