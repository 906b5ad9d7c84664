"""The orders of an incoming folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from bloodcells_gui.connect.orders import MOST_BYTES, orders_in
from bloodcells_gui.domain.errors import InvalidValue, UserError, reason_of, system_reason
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.orders import Order
from bloodcells_gui.imaging.io.plain_files import read_bytes

SUFFIXES = (".hl7", ".csv", ".oru", ".orm", ".oml", ".astm", ".txt")
MOST_FILES = 5_000
"""Files that are looked at, the newest; a laboratory system should remove what is done."""


class IncomingOrders:
    """The orders of one folder, which is only read; not thread-safe.

    Parameters
    ----------
    folder : callable
        Gives the folder of the moment; "" for none.
    """

    def __init__(self, folder: Callable[[], str]) -> None:
        self._folder = folder
        self._read: dict[str, tuple[tuple[int, int], list[Order] | Reason]] = {}

    @property
    def unreadable(self) -> list[tuple[str, Reason]]:
        """Files that could not be read at the last look, and why."""
        return [(name, found) for name, (_, found) in self._read.items() if isinstance(found, Reason)]

    def matching(self, number: str) -> list[Order]:
        """The orders of a specimen, those of the newest file first.

        Raises
        ------
        UserError
            When the folder cannot be read.
        """
        folder = self._folder()
        if not folder:
            self._read = {}
            return []
        return [o for found in self._newest_first(Path(folder)) for o in found if o.is_of(number)]

    def _newest_first(self, folder: Path) -> list[list[Order]]:
        try:
            with os.scandir(folder) as entries:
                files = [
                    (e.stat(), e.name)
                    for e in entries
                    if e.name.lower().endswith(SUFFIXES) and not e.name.startswith(".") and e.is_file()
                ]
        except OSError as error:
            raise UserError(
                N_("The folder of orders {path} cannot be read ({reason})."),
                "",
                N_("Connect the folder, or fill the form in by hand."),
                path=folder,
                reason=system_reason(error),
            ) from error
        files.sort(key=lambda f: (-f[0].st_mtime_ns, f[1]))
        known, self._read = self._read, {}
        for stat, name in files[:MOST_FILES]:
            stamp = (stat.st_mtime_ns, stat.st_size)
            kept = known.get(name)
            found = kept[1] if kept is not None and kept[0] == stamp else _orders_of(folder / name)
            self._read[name] = (stamp, found)
        return [found for _, found in self._read.values() if not isinstance(found, Reason)]


def _orders_of(path: Path) -> list[Order] | Reason:
    try:
        return orders_in(read_bytes(path, MOST_BYTES + 1), path.name)
    except InvalidValue as error:
        return reason_of(error)
    except OSError as error:
        return system_reason(error)
