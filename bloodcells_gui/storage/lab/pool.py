"""Keep connections to the laboratory's database open between uses: a new one costs more than its use."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase

_KEPT = 2


class LabPool:
    """Connections to one laboratory's database. Thread-safe; each connection serves one thread at a time.

    Nothing is opened before the first use. A connection that the server or the network dropped is replaced
    by a new one, never used.

    Parameters
    ----------
    url : str
        Of the laboratory's database, as :func:`~bloodcells_gui.storage.lab.database.check_url` takes it.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._free: list[LabDatabase] = []
        self._closed = False

    @contextlib.contextmanager
    def database(self) -> Iterator[LabDatabase]:
        """A connection whose tables are of this version, for the length of a `with`.

        Raises
        ------
        UserError
            As :class:`LabDatabase` and :func:`schema.check`.
        """
        database = self._take()
        try:
            yield database
        except BaseException:
            database.close()
            raise
        with self._lock:
            keep = not self._closed and len(self._free) < _KEPT
            if keep:
                self._free.append(database)
        if not keep:
            database.close()

    def _take(self) -> LabDatabase:
        while True:
            with self._lock:
                database = self._free.pop() if self._free else None
            if database is None:
                break
            try:
                database.query("SELECT 1")
            except UserError:
                database.close()
            else:
                return database
        database = LabDatabase(self.url)
        try:
            schema.check(database)
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Close what is free, and what is in use when it comes back."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for database in free:
            database.close()

    def __del__(self) -> None:
        # A program that ends without closing leaves no connection to the server's time-out.
        with contextlib.suppress(Exception):
            self.close()
