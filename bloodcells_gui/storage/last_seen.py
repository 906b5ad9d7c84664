"""Remember the end of each case's chain outside the case file, as the work list last saw it.

A chain without a key cannot tell that its end was cut off, or that all of it was computed anew. The index of
the work list remembers how far the chain of every case had come and says when a case went back. It is gone
when the index is, and a printed report tells more: this notices what happens between two looks at a folder.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.storage.connection import open_held
from bloodcells_gui.storage.worklist_index import HEADS_SQL, INDEX_NAME

if TYPE_CHECKING:
    from bloodcells_gui.storage.case import CaseStore

# A flag of the work list (an English template).
WENT_BACK = N_("an earlier state than was seen here before")
_FOLDERS_UP = 3
#: How far the chain of a case, by its seed, had come when it was last looked at; None for never.
Seen = Callable[[str], tuple[int, str] | None]


def chain_was_truncated(index: sqlite3.Connection, store: CaseStore) -> bool:
    """Whether the chain of `store` lacks what `index` saw of it; else it is remembered as it is now."""
    seed = store.seed()
    entries, head = store.chain_end()
    seen = index.execute("SELECT entries, head FROM heads WHERE seed = ?", (seed,)).fetchone()
    if seen is not None and store.chain_hash(seen[0]) != seen[1]:
        return True
    index.execute("INSERT OR REPLACE INTO heads VALUES (?, ?, ?)", (seed, entries, head))
    return False


def lacks_what_was_seen(store: CaseStore, by_stations: Seen | None = None) -> bool:
    """As :func:`chain_was_truncated`, by the index of the work list above the case; False without one.

    `by_stations` says what the stations of a laboratory saw.
    """
    told = None if by_stations is None else by_stations(store.seed())
    if told is not None and lacks(store, told):
        return True
    for folder in store.path.parents[:_FOLDERS_UP]:
        seen = _seen_in(folder / INDEX_NAME, store.seed())
        if seen is not None and store.chain_hash(seen[0]) != seen[1]:
            return True
    return False


def lacks(store: CaseStore, seen: tuple[int, str]) -> bool:
    """Whether the case lacks what another station saw of its chain."""
    entries, head = seen
    if store.chain_hash(entries) == head:
        return False
    # That station may have written, and told what it wrote, since this one opened the file.
    with type(store).open(store.path, read_only=True) as again:
        return again.chain_hash(entries) != head


def _seen_in(place: Path, seed: str) -> tuple[int, str] | None:
    if not place.is_file():
        return None
    with contextlib.suppress(sqlite3.Error, UnicodeDecodeError, OSError, ValueError):
        uri = f"{place.absolute().as_uri()}?mode=ro"
        with contextlib.closing(open_held(place, uri, uri=True, timeout=5)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            # A view of that name could be anything.
            sql = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'heads'").fetchone()
            if sql is not None and sql[0] == HEADS_SQL:
                asked = "SELECT entries, head FROM heads WHERE seed = ?"
                found = connection.execute(asked, (seed,)).fetchone()
                return None if found is None else (int(found[0]), str(found[1]))
    return None
