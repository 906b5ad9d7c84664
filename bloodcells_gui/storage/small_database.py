"""A small database of the workstation beside the cases: made on first use, refused where it is another's."""

from __future__ import annotations

import os
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage import connection as conn
from bloodcells_gui.storage.atomic_io import make_folder


class SmallDatabase(ABC):
    """One SQLite file with a fixed schema. Thread-safe.

    Parameters
    ----------
    path : Path
        The file; its folder is made.
    schema : sequence of str
        Statements that lay it; nothing else may be in the file.
    application_id, version : int
        Marks of the file.
    private : bool
        Whether its owner alone may read it, where the system can say so.

    Raises
    ------
    UserError
        When the file is none of this kind and version, damaged, or cannot be written.
    """

    def __init__(
        self, path: Path, schema: Sequence[str], application_id: int, version: int, *, private: bool = False
    ) -> None:
        self.path = path.absolute()
        self._lock = threading.RLock()
        with self._in_words():
            make_folder(self.path.parent)
            self._connection = self._open(schema, application_id, version, private)

    def _open(
        self, schema: Sequence[str], application_id: int, version: int, private: bool
    ) -> sqlite3.Connection:
        if not self.path.exists():
            self.path.touch(mode=0o600 if private else 0o666)
        if private and os.name == "posix":
            with suppress(OSError):
                self.path.chmod(0o600)
        connection = conn.connect(self.path, read_only=False)
        try:
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in schema:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {application_id}")
                connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("COMMIT")
            found = {str(r[0]) for r in connection.execute("SELECT coalesce(sql, '') FROM sqlite_schema")}
            if not found <= {*schema, ""} or (
                connection.execute("PRAGMA user_version").fetchone()[0] != version
            ):
                raise self._foreign()
        except BaseException:
            connection.close()
            raise
        return connection

    @abstractmethod
    def _foreign(self) -> UserError:
        """What is said of a file of another kind or version, or of a damaged one."""

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise conn.os_in_words(error, self.path) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if isinstance(error, sqlite3.OperationalError):
                raise conn.in_words(error, self.path) from error
            raise self._foreign() from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._in_words(), conn.transaction(self._connection) as connection:
            yield connection

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._connection.close()
