"""Read the tables of a damaged case file row by row."""

from __future__ import annotations

import contextlib
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path

from bloodcells_gui.domain.cell import CellAssets
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.storage import connection as conn
from bloodcells_gui.storage import hash_chain, row_validation, schema, serialization
from bloodcells_gui.storage.hash_chain import Kind
from bloodcells_gui.storage.row_validation import LARGEST_KEY

_STEP = 256
# After so many keys in a row that cannot be read, what lies behind is given up unless its place is known.
_PATIENCE = 2_000
_LEAST_ROW_BYTES = 8
# Each row is read up to three times: by the walk, against its seal, and for its pictures.
_READINGS = 8
_SPARE_VALUE_BYTES = 1024**2
_Trouble = (sqlite3.Error, UnicodeDecodeError)


class _OutOfBudget(sqlite3.DatabaseError):
    """The file gives out more than it holds."""


def open_damaged(copy: Path, path: Path) -> sqlite3.Connection:
    """A connection to `copy`, a working copy of the damaged case `path`; it may be changed.

    Where the pages that list the tables are damaged, they are replaced by those of a new case: a case file
    lays its tables in the same places whatever they hold later.

    Raises
    ------
    sqlite3.Error, UnicodeDecodeError
        When it cannot be opened even so.
    UserError
        When it holds tables that this program does not make.
    """
    try:
        return _opened(copy, path)
    except _Trouble:
        transplant_schema(copy)
        return _opened(copy, path)


def _opened(copy: Path, path: Path) -> sqlite3.Connection:
    connection = conn.connect(copy, read_only=False)
    try:
        # no value of a file is longer than the file; what computes longer ones is not read
        most = min(conn.MAX_VALUE_BYTES, copy.stat().st_size + _SPARE_VALUE_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, most)
        _refuse_foreign_tables(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def transplant_schema(damaged: Path) -> None:
    """Overwrite the pages of the list of tables, and the file's header, by those of an empty case."""
    empty = damaged.with_name(f"empty{CASE_SUFFIX}")
    empty.touch()
    with contextlib.closing(conn.connect(empty, read_only=False)) as connection:
        connection.execute(f"PRAGMA page_size = {schema.PAGE_BYTES}")
        connection.execute("BEGIN")
        schema.build(connection)
        connection.execute("COMMIT")
        found = connection.execute("SELECT rootpage FROM sqlite_schema WHERE rootpage > 0")
        roots = {int(r[0]) for r in found}
    pages = empty.read_bytes()
    size = schema.PAGE_BYTES
    count = max(damaged.stat().st_size // size, len(pages) // size)
    first = bytearray(pages[:size])
    # size in pages, no free pages, and the change counter that makes the size count
    first[28:40] = struct.pack(">III", count, 0, 0)
    first[92:96] = first[24:28]
    with damaged.open("r+b") as f:
        f.truncate(count * size)
        for number in range(1, len(pages) // size + 1):
            if number not in roots:
                f.seek((number - 1) * size)
                f.write(first if number == 1 else pages[(number - 1) * size : number * size])
    empty.unlink()


def _refuse_foreign_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Only this program's own tables are read: anything else of a crafted file could run SQL of its own.

    Views and virtual tables are refused. Where a table, index or trigger is not, to the letter, one of ours
    (a column that is computed when it is read, an index over an expression, a flipped bit), the list of
    tables counts as damaged: sqlite3.DatabaseError.
    """
    ours = frozenset().union(*(schema.expected(version) for version in range(1, schema.VERSION + 1)))
    found = schema.listing(connection)
    for kind, _, sql in found:
        if kind == "view" or (kind == "table" and not sql.upper().startswith("CREATE TABLE")):
            raise conn.damaged(path, "foreign tables")
    if not {entry for entry in found if entry[2]} <= ours:
        raise sqlite3.DatabaseError("foreign tables")


class Reader:
    """Rows of damaged tables, by integer key; counts what it had to leave out."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        pages, page_size = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size")
        )
        self._most_rows = pages * page_size // _LEAST_ROW_BYTES
        # Pages that are named by many rows could be given out many times over.
        self._bytes_left = _READINGS * pages * page_size
        self.troubled = False
        self._entries_read, self._last_entry = 0, 0
        self._seals = self._readable_seals()

    def _readable_seals(self) -> dict[str, dict[int, tuple[int, str]]]:
        """Kind -> first key -> number of rows and their digest, as far as the ledger can be read."""
        seals: dict[str, dict[int, tuple[int, str]]] = {}
        named = dict.fromkeys(Kind, 0)
        columns = "seq, kind, first, count, content"
        for seq, kind, first, count, content in self.table("ledger", columns, "seq"):
            self._entries_read, self._last_entry = self._entries_read + 1, seq
            # an entry that names more rows than the file can hold would have them looked for one by one
            if kind in named and 0 < count <= self._most_rows - named[kind]:
                named[kind] += count
                seals.setdefault(kind, {})[first] = (count, content)
            else:
                self.troubled = True
        return seals

    @property
    def record_is_whole(self) -> bool:
        """Whether the ledger could be read from its first entry to its last, and nothing failed so far.

        Only then is it known how much there was.
        """
        return not self.troubled and 0 < self._entries_read == self._last_entry

    @property
    def knows_anything(self) -> bool:
        """Whether any entry of the ledger can be read."""
        return bool(self._seals)

    def fits_seal(self, kind: Kind, row: serialization.Row) -> bool:
        """Whether a row that is sealed alone is what was sealed; True where its seal cannot be read."""
        _, content = self._seals.get(kind, {}).get(row[0], (0, ""))
        return not content or hash_chain.digest([row]) == content

    def broken_ranges(self, kind: Kind) -> Iterator[range]:
        """Keys of the entries whose rows are not all as they were sealed."""
        for first, (count, content) in self._seals.get(kind, {}).items():
            try:
                found = self._within_budget(self._connection.execute(hash_chain.SELECT[kind], (first, count)))
                whole = hash_chain.digest(found) == content
            except _Trouble:
                whole = False
            if not whole:
                yield range(first, first + count)

    def table(self, name: str, columns: str, key: str, start: int = 0) -> Iterator[serialization.Row]:
        """Readable rows in order of their key, which is the first column; none where the table is missing."""
        if self._lacks(name):
            return
        after, failed, given = start - 1, 0, 0
        while failed < _PATIENCE and given <= self._most_rows and after < LARGEST_KEY:
            sql = f"SELECT {columns} FROM {name} WHERE {key} > ? ORDER BY {key} LIMIT {_STEP}"  # noqa: S608
            try:
                found = self._within_budget(self._connection.execute(sql, (after,)))
            except _OutOfBudget:
                return
            except _Trouble:
                self.troubled = True
                found = self._read_single(name, columns, key, after + 1)
                failed = 0 if found else failed + 1
                after += 1
                given += len(found)
                yield from found
                continue
            if not found:
                return
            failed = 0
            for row in found:
                # a damaged tree may lead back to keys that were read
                if isinstance(row[0], int) and row[0] > after:
                    after = row[0]
                    given += 1
                    yield from self._sound(name, columns, [row])
                else:
                    failed += 1
            if failed == len(found):
                after += 1

    def _within_budget(self, cursor: sqlite3.Cursor) -> list[serialization.Row]:
        """All rows, as long as they are not more bytes than the file could hold honestly."""
        return list(self._budgeted_rows(cursor))

    def _budgeted_rows(self, cursor: sqlite3.Cursor) -> Iterator[serialization.Row]:
        for row in cursor:
            self._bytes_left -= sum(len(v) for v in row if isinstance(v, bytes | str))
            if self._bytes_left < 0:
                self.troubled = True
                raise _OutOfBudget("more than the file can hold")
            yield row

    def _sound(self, name: str, columns: str, found: list[serialization.Row]) -> list[serialization.Row]:
        """Rows whose values are of the kinds their columns take; a damaged page may say anything."""
        known = schema.value_types()[name]
        types = [known[c.strip()] for c in columns.split(",")]
        return [r for r in found if all(isinstance(v, t) for v, t in zip(r, types, strict=True))]

    def _read_single(self, name: str, columns: str, key: str, value: int) -> list[serialization.Row]:
        try:
            sql = f"SELECT {columns} FROM {name} WHERE {key} = ?"  # noqa: S608
            found = self._within_budget(self._connection.execute(sql, (value,)))
            return self._sound(name, columns, found)
        except _Trouble:
            self.troubled = True
            return []

    def sealed(self, name: str, columns: str, key: str, kind: Kind) -> Iterator[serialization.Row]:
        """Readable rows: an ordinary walk, then key by key what else the ledger says must be there."""
        seen: set[int] = set()
        for row in self.table(name, columns, key):
            seen.add(row[0])
            yield row
        for first, (count, _) in self._seals.get(kind, {}).items():
            for value in range(first, first + count):
                if value not in seen:
                    seen.add(value)
                    yield from self._read_single(name, columns, key, value)

    def assets(self, cell_id: int) -> CellAssets | None:
        """A cell's pictures, if they can be read."""
        found = self._read_single("assets", serialization.ASSET_COLUMNS, "cell", cell_id)
        with contextlib.suppress(*row_validation.NONSENSE):
            return serialization.assets_from_row(found[0]) if found else None
        return None

    def expected(self, kind: Kind) -> int:
        """How many rows the ledger knows of."""
        return sum(count for count, _ in self._seals.get(kind, {}).values())

    def _lacks(self, name: str) -> bool:
        """Whether the list of tables can be read and does not name it."""
        try:
            return not schema.is_there(self._connection, name)
        except _Trouble:
            return False

    def has_table(self, name: str) -> bool:
        """Whether the list of tables names it; older formats have fewer."""
        with contextlib.suppress(*_Trouble):
            return schema.is_there(self._connection, name)
        return False

    def drafts(self) -> list[tuple[str, str, str]]:
        """Key, value and author of the drafts, where they can be read."""
        found: list[serialization.Row] = []
        with contextlib.suppress(*_Trouble):
            # row by row, so that what lies before a damaged page comes through
            for row in self._budgeted_rows(self._connection.execute("SELECT key, value, author FROM drafts")):
                found.append(row)
        return [(k, v, a) for k, v, a in found if all(isinstance(x, str) for x in (k, v, a))]

    def meta(self) -> dict[str, object]:
        """Header values that can be read."""
        found: dict[str, object] = {}
        for key in ("case_id", "created", "app_version", "specimen", "root", "came_from"):
            with contextlib.suppress(*_Trouble):
                row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
                if row is not None:
                    found[key] = row[0]
        return found
