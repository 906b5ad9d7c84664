"""Whether a laboratory had accounts when its database answered last: for a start of the program without it.

No name and no secret is kept.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.imaging.io.plain_files import read_bytes
from bloodcells_gui.storage.atomic_io import write_whole

_NAME = "accounts.json"
_MOST_BYTES = 4096
_log = logging.getLogger(__name__)


class KnownAccounts:
    """A small file in the folder of the person's data."""

    def __init__(self, home: Path) -> None:
        self._path = home / _NAME

    def keep(self, address: str, in_force: bool) -> None:
        """Remember what a database said; a full disk must not stop the work for that."""
        text = json.dumps({"address": address, "in_force": in_force})
        try:
            if self._path.is_file() and read_bytes(self._path, _MOST_BYTES) == text.encode("ascii"):
                return
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, text.encode("ascii"))
        except (OSError, ValueError, UserError) as error:
            _log.warning("whether there are accounts cannot be remembered", exc_info=error)

    def in_force(self, address: str) -> bool:
        """What was known last; where nothing was, accounts are taken to be in force."""
        try:
            known = json.loads(read_bytes(self._path, _MOST_BYTES).decode("utf-8"))
            return not (known["address"] == address and known["in_force"] is False)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return True
