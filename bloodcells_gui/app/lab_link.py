"""This workstation's way to the laboratory's database, where the settings name one."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bloodcells_gui.storage.lab.pool import LabPool


class LabLink:
    """Gives the connections to the database that the settings name at the moment. Thread-safe.

    Parameters
    ----------
    address : callable
        The address in the settings, "" for none.
    """

    def __init__(self, address: Callable[[], str]) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._pool: LabPool | None = None

    def address(self) -> str:
        """The address in the settings, "" for a workstation on its own."""
        return self._address()

    def pool(self) -> LabPool | None:
        """Connections, opened on use; None for a workstation on its own."""
        address = self._address()
        with self._lock:
            if self._pool is not None and self._pool.url != address:
                self._pool.close()
                self._pool = None
            if self._pool is None and address:
                self._pool = LabPool(address)
            return self._pool

    def close(self) -> None:
        """Close the connections; they open again when they are wanted."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()
