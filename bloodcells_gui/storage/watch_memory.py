"""What became of everything that the watched folder ever held, kept beside the cases.

The watched folder itself is never written to. A specimen is known by the content of its images, so that
neither a restart nor another name makes two cases of one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.domain.watching import NO_WORDS, TAKEN, WatchState, WatchWords
from bloodcells_gui.storage import serialization
from bloodcells_gui.storage.small_database import SmallDatabase

WATCH_NAME = "watched.sqlite"
_APPLICATION_ID = 0x42435731  # "BCW1"
_VERSION = 1
_SCHEMA = (
    "CREATE TABLE items (root ANY NOT NULL, name ANY NOT NULL, state TEXT NOT NULL, stamp TEXT NOT NULL,"
    " case_file ANY NOT NULL, words TEXT NOT NULL, files INTEGER NOT NULL, time TEXT NOT NULL,"
    " PRIMARY KEY (root, name)) STRICT",
    "CREATE TABLE contents (sha256 TEXT NOT NULL, root ANY NOT NULL, name ANY NOT NULL,"
    " PRIMARY KEY (sha256, root, name)) STRICT",
    "CREATE INDEX contents_of_item ON contents (root, name)",
)
_ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Item:
    """What is remembered of one name in the watched folder; `stamp` is that of its files at that time."""

    name: str
    state: WatchState
    stamp: str = ""
    case: Path | None = None
    words: WatchWords = NO_WORDS
    files: int = 1


class WatchMemory(SmallDatabase):
    """The memory's file; made on first use. Thread-safe.

    Raises
    ------
    UserError
        When the file is no memory of this version, damaged, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA, _APPLICATION_ID, _VERSION)

    def _foreign(self) -> UserError:
        return UserError(
            "The memory of the watched folder {path} cannot be used.",
            "It is damaged, or another version of the program wrote it.",
            "Move the file away so that a new one begins: what lies in the folder is then taken anew.",
            path=self.path,
        )

    # -- reading ---------------------------------------------------------------------------------------

    def items(self, root: Path) -> dict[str, Item]:
        """Everything remembered of a folder, by name."""
        with self._lock, self._in_words():
            rows = self._connection.execute(
                "SELECT name, state, stamp, case_file, words, files FROM items WHERE root = ?",
                (serialization.name_to_db(root),),
            ).fetchall()
        return {item.name: item for item in map(_item, rows) if item is not None}

    def contents(self, root: Path, name: str) -> frozenset[str]:
        """Hashes of the images that an item had when it was taken."""
        with self._lock, self._in_words():
            rows = self._connection.execute(
                "SELECT sha256 FROM contents WHERE root = ? AND name = ?", _key(root, name)
            ).fetchall()
        return frozenset(str(r[0]) for r in rows)

    def holders(
        self,
        contents: Collection[str],
        root: Path,
        name: str,
        counts: Callable[[Item], bool] = lambda _: True,
    ) -> dict[str, Item]:
        """Other items that a case was made of, or that are unassigned, by the hash they share with these.

        Items of other watched folders count too; those for which `counts` is false hide no other holder.
        """
        wanted = sorted(contents)
        found: dict[str, Item] = {}
        with self._lock, self._in_words():
            for start in range(0, len(wanted), _ASKED_AT_ONCE):
                part = wanted[start : start + _ASKED_AT_ONCE]
                marks = ", ".join("?" * len(part))
                rows = self._connection.execute(
                    "SELECT c.sha256, i.name, i.state, i.stamp, i.case_file, i.words, i.files FROM contents c"  # noqa: S608
                    " JOIN items i ON i.root = c.root AND i.name = c.name"
                    f" WHERE c.sha256 IN ({marks}) AND NOT (c.root = ? AND c.name = ?)",
                    (*part, *_key(root, name)),
                ).fetchall()
                for row in rows:
                    item = _item(row[1:])
                    if item is None or not (item.state in TAKEN or item.state is WatchState.UNASSIGNED):
                        continue
                    if counts(item):
                        found[str(row[0])] = item
        return found

    # -- writing ---------------------------------------------------------------------------------------

    def keep(self, root: Path, item: Item, contents: Collection[str] | None = None) -> None:
        """Remember an item as it is now; `contents` replaces its hashes, None leaves them."""
        key = _key(root, item.name)
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *key,
                    str(item.state),
                    item.stamp,
                    "" if item.case is None else serialization.name_to_db(item.case),
                    item.words.to_json(),
                    item.files,
                    utc_now(),
                ),
            )
            if contents is not None:
                connection.execute("DELETE FROM contents WHERE root = ? AND name = ?", key)
                connection.executemany(
                    "INSERT OR IGNORE INTO contents VALUES (?, ?, ?)", [(c, *key) for c in sorted(contents)]
                )

    def forget(self, root: Path, name: str) -> None:
        """Remember nothing of an item any more, so that it is looked at as if it were new."""
        with self._writing() as connection:
            connection.execute("DELETE FROM contents WHERE root = ? AND name = ?", _key(root, name))
            connection.execute("DELETE FROM items WHERE root = ? AND name = ?", _key(root, name))


def _key(root: Path, name: str) -> tuple[str | bytes, str | bytes]:
    return serialization.name_to_db(root), serialization.name_to_db(name)


def _item(row: serialization.Row) -> Item | None:
    """A row as an item; None for a state that this version does not know."""
    name, state, stamp, case, words, files = row
    if state not in set(WatchState):
        return None
    place = Path(serialization.name_from_db(case)) if case else None
    return Item(
        serialization.name_from_db(name),
        WatchState(state),
        str(stamp),
        place,
        WatchWords.from_json(str(words)),
        int(files),
    )
