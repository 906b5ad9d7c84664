"""The laboratory's reference library: cells a person kept from reviewed cases, with a note."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.similarity import most_similar
from bloodcells_gui.domain.cell import CellAssets
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.imaging.io import plain_files
from bloodcells_gui.storage import connection as conn
from bloodcells_gui.storage import serialization

APPLICATION_ID = 0x42434C31  # "BCL1"
VERSION = 3
_FIRST = (
    "CREATE TABLE entries (id INTEGER PRIMARY KEY, code TEXT NOT NULL, added_by TEXT NOT NULL,"
    " added_at TEXT NOT NULL, model TEXT NOT NULL, mpp REAL, source_case TEXT NOT NULL,"
    " source_cell INTEGER NOT NULL, thumbnail BLOB NOT NULL, mask BLOB NOT NULL,"
    " embedding BLOB NOT NULL) STRICT",
    # every note and every removal stays readable: the newest row of an entry stands
    "CREATE TABLE remarks (id INTEGER PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entries(id),"
    " author TEXT NOT NULL, time TEXT NOT NULL, note TEXT NOT NULL, removed INTEGER NOT NULL) STRICT",
    "CREATE INDEX remarks_of_entry ON remarks (entry)",
)
_SECOND = (
    # who kept or changed a cell's class when its label was checked; checked = 0 takes that back
    "CREATE TABLE label_decisions (id INTEGER PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entries(id),"
    " author TEXT NOT NULL, time TEXT NOT NULL, code TEXT NOT NULL, checked INTEGER NOT NULL) STRICT",
    "CREATE INDEX label_decisions_of_entry ON label_decisions (entry)",
)
_THIRD = (
    # reference pictures: cells of no case, from a folder of named pictures
    "CREATE TABLE pictures (entry INTEGER PRIMARY KEY REFERENCES entries(id), source TEXT NOT NULL,"
    " licence TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL, width_um REAL) STRICT",
)
_SELECT = (
    "SELECT e.id, coalesce(d.code, e.code), e.added_by, e.added_at, e.model, e.mpp, e.source_case,"
    " e.source_cell, r.note, coalesce(d.checked, 0), p.source, p.licence, p.file, p.width_um"
    " FROM entries e JOIN (SELECT entry, note, removed, max(id) FROM remarks GROUP BY entry) r"
    " ON r.entry = e.id"
    " LEFT JOIN (SELECT entry, code, checked, max(id) FROM label_decisions GROUP BY entry) d"
    " ON d.entry = e.id LEFT JOIN pictures p ON p.entry = e.id WHERE r.removed = 0"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """One cell of the library.

    `model` is the bundle ("id sha256") whose embedding it carries: only cells of the same model can be
    compared. `source_case` is the case's id, never a patient's name. `checked`: a person looked at its label
    again when the labels were checked, and kept or changed it. A reference picture has a `source` and a
    `licence`, the name of its `file`, and `width_um` where its scale is known; cells of cases have none.
    """

    id: int
    code: str
    added_by: str
    added_at: str
    model: str
    mpp: float
    source_case: str
    source_cell: int
    note: str
    checked: bool = False
    source: str = ""
    licence: str = ""
    file: str = ""
    width_um: float | None = None


@dataclass(frozen=True, slots=True)
class NewPicture:
    """A picture for the library: its class, JPEG, hash and name of its file, and scale where it is known."""

    code: str
    jpeg: bytes
    sha256: str
    file: str
    mpp: float | None = None
    width_um: float | None = None


@dataclass(frozen=True, slots=True)
class LabelDecision:
    """What a person said about a cell's label; `checked` is False where a decision was taken back."""

    code: str
    author: str
    time: str
    checked: bool


class Library:
    """A file of reference cells; made on first use. Thread-safe.

    Several windows may use one library: every act is one short transaction.

    Raises
    ------
    UserError
        When the file is no library, damaged, or its folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock = threading.RLock()
        self._embeddings: dict[str, tuple[int, NDArray[np.int64], NDArray[np.float32]]] = {}
        self._check_header()
        with self._in_words():
            self._connection = self._open()

    def _check_header(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            head = b""
            if self.path.exists():
                head = plain_files.read_bytes(self.path, 100)
        except OSError as error:
            raise conn.os_in_words(error, self.path) from error
        if head and (
            not head.startswith(b"SQLite format 3\x00")
            or int.from_bytes(head[68:72], "big") != APPLICATION_ID
            or int.from_bytes(head[60:64], "big") > VERSION
        ):
            raise UserError(
                "{path} is not a reference library this version can read.",
                "It was written by another program or by a newer version.",
                "Choose another file, or move it away so that a new library can begin.",
                path=self.path,
            )

    def _open(self) -> sqlite3.Connection:
        if not self.path.exists():
            self.path.touch()
        connection = conn.connect(self.path, read_only=False)
        try:
            connection.execute("BEGIN IMMEDIATE")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            for since, statements in enumerate((_FIRST, _SECOND, _THIRD), 1):
                for statement in statements if version < since else ():
                    connection.execute(statement)
            if version < VERSION:
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
            found = {str(r[0]) for r in connection.execute("SELECT coalesce(sql, '') FROM sqlite_schema")}
            if not found <= {*_FIRST, *_SECOND, *_THIRD, ""}:
                raise conn.damaged(self.path, "foreign tables or triggers")
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            raise conn.in_words(error, self.path) from error
        except UnicodeDecodeError as error:
            raise conn.damaged(self.path, "text") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._in_words(), conn.transaction(self._connection) as connection:
            yield connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._connection.close()

    # -- acts ------------------------------------------------------------------------------------------

    def add(
        self,
        code: str,
        assets: CellAssets,
        *,
        author: str,
        model: str,
        note: str = "",
        mpp: float = float("nan"),
        source_case: str = "",
        source_cell: int = 0,
    ) -> int:
        """Keep a cell as class `code`; returns its id. ValueError for an unknown class."""
        if code not in BY_CODE:
            raise ValueError(f"'{code}' is no class code")
        now = utc_now()
        with self._writing() as connection:
            new = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM entries").fetchone()[0]
            connection.execute(
                "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    new,
                    code,
                    serialization.clean(author),
                    now,
                    model,
                    serialization.number(mpp),
                    serialization.clean(source_case),
                    int(source_cell),
                    bytes(assets.thumbnail),
                    bytes(assets.mask),
                    np.asarray(assets.embedding, "<f2").tobytes(),
                ),
            )
            self._remark(connection, new, author, note, removed=False)
        return int(new)

    def add_pictures(
        self, pictures: Sequence[NewPicture], *, source: str, licence: str, author: str
    ) -> list[int]:
        """Keep reference pictures in one transaction; returns their ids. ValueError for an unknown class."""
        unknown = {p.code for p in pictures} - BY_CODE.keys()
        if unknown:
            raise ValueError(f"{sorted(unknown)} are no class codes")
        who, now = serialization.clean(author), utc_now()
        added = []
        with self._writing() as connection:
            last = int(connection.execute("SELECT coalesce(max(id), 0) FROM entries").fetchone()[0])
            for new, picture in enumerate(pictures, last + 1):
                connection.execute(
                    "INSERT INTO entries VALUES (?, ?, ?, ?, '', ?, '', 0, ?, X'', X'')",
                    (new, picture.code, who, now, picture.mpp, picture.jpeg),
                )
                connection.execute(
                    "INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        new,
                        serialization.clean(source),
                        serialization.clean(licence),
                        serialization.clean(picture.file),
                        picture.sha256,
                        picture.width_um,
                    ),
                )
                self._remark(connection, new, author, "", removed=False)
                added.append(new)
        return added

    def picture_hashes(self) -> frozenset[str]:
        """SHA-256 of the files of all reference pictures that are in the library."""
        with self._lock, self._in_words():
            rows = self._connection.execute(
                "SELECT p.sha256 FROM pictures p JOIN (SELECT entry, removed, max(id) FROM remarks"
                " GROUP BY entry) r ON r.entry = p.entry WHERE r.removed = 0"
            ).fetchall()
        return frozenset(str(r[0]) for r in rows)

    def set_note(self, entry: int, note: str, author: str) -> None:
        """Replace the note; the old one stays in the file. ValueError for an unknown entry."""
        with self._writing() as connection:
            self._remark(connection, entry, author, note, removed=False)

    def remove(self, entry: int, author: str) -> None:
        """Take a cell out of the library; :meth:`restore` brings it back. ValueError for an unknown entry."""
        with self._writing() as connection:
            self._remark(connection, entry, author, self._note(connection, entry), removed=True)

    def restore(self, entry: int, author: str) -> None:
        """Bring a removed cell back with the note it had."""
        with self._writing() as connection:
            self._remark(connection, entry, author, self._note(connection, entry), removed=False)

    def decide_label(self, entry: int, code: str, author: str, *, checked: bool = True) -> None:
        """Say that a cell is of class `code`, after looking at it again; earlier decisions stay in the file.

        Parameters
        ----------
        checked : bool
            False to take a decision back: the cell is as unchecked as before, with the class it had then.

        Raises
        ------
        ValueError
            For an unknown entry or class.
        """
        if code not in BY_CODE:
            raise ValueError(f"'{code}' is no class code")
        with self._writing() as connection:
            try:
                connection.execute(
                    "INSERT INTO label_decisions (entry, author, time, code, checked) VALUES (?, ?, ?, ?, ?)",
                    (entry, serialization.clean(author), utc_now(), code, int(checked)),
                )
            except sqlite3.IntegrityError as error:
                raise ValueError(f"there is no entry {entry}") from error

    def label_decisions(self, entry: int) -> list[LabelDecision]:
        """Every decision about the label of a cell, the oldest first."""
        with self._lock, self._in_words():
            found = self._connection.execute(
                "SELECT code, author, time, checked FROM label_decisions WHERE entry = ? ORDER BY id",
                (entry,),
            ).fetchall()
        return [LabelDecision(str(r[0]), str(r[1]), str(r[2]), bool(r[3])) for r in found]

    @staticmethod
    def _note(connection: sqlite3.Connection, entry: int) -> str:
        row = connection.execute(
            "SELECT note FROM remarks WHERE entry = ? ORDER BY id DESC LIMIT 1", (entry,)
        )
        found = row.fetchone()
        return "" if found is None else str(found[0])

    def _remark(
        self, connection: sqlite3.Connection, entry: int, author: str, note: str, *, removed: bool
    ) -> None:
        try:
            connection.execute(
                "INSERT INTO remarks (entry, author, time, note, removed) VALUES (?, ?, ?, ?, ?)",
                (entry, serialization.clean(author), utc_now(), serialization.clean(note), int(removed)),
            )
        except sqlite3.IntegrityError as error:
            raise ValueError(f"there is no entry {entry}") from error
        self._embeddings.clear()

    # -- reading ---------------------------------------------------------------------------------------

    def entries(self, code: str = "", text: str = "") -> list[Reference]:
        """Cells in the library, newest first; of one class, or with `text` in note or author."""
        with self._lock, self._in_words():
            found = self._connection.execute(_SELECT + " ORDER BY e.id DESC").fetchall()
        references = [_reference(row) for row in found]
        wanted = text.casefold()
        return [
            r
            for r in references
            if (not code or r.code == code)
            and wanted in f"{r.note}\n{r.added_by}\n{r.source_case}".casefold()
        ]

    def assets(self, entry: int) -> CellAssets:
        """Pictures and embedding; KeyError for an unknown entry."""
        with self._lock, self._in_words():
            row = self._connection.execute(
                "SELECT id, 0.0, 0.0, 0.0, thumbnail, mask, embedding FROM entries WHERE id = ?", (entry,)
            ).fetchone()
        if row is None:
            raise KeyError(entry)
        return serialization.assets_from_row(row)

    def similar(self, embedding: NDArray[Any], model: str, k: int = 12) -> list[tuple[Reference, float]]:
        """The `k` cells most like one (or the mean of several) of the same model, with their cosine.

        Best first.

        Parameters
        ----------
        embedding : ndarray, shape (D,) or (Q, D)
        model : str
            "id sha256" of the bundle that made it; cells of other models are not comparable.
        """
        ids, embeddings = self._matrix(model)
        size = np.atleast_2d(embedding).shape[1]
        if not len(ids) or embeddings.shape[1] != size:
            return []
        near, cosine = most_similar(embeddings, embedding, k)
        by_id = {r.id: r for r in self.entries()}
        return [
            (by_id[int(ids[n])], float(c)) for n, c in zip(near, cosine, strict=True) if int(ids[n]) in by_id
        ]

    def embeddings(self, model: str) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        """Ids (n,) and embeddings (n, D) of the cells of a model, in the order of their ids."""
        ids, matrix = self._matrix(model)
        return ids, np.asarray(matrix, np.float16)

    def _matrix(self, model: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids and embeddings of a model's cells; read again when another window has written."""
        with self._lock, self._in_words():
            newest = self._connection.execute("SELECT coalesce(max(id), 0) FROM remarks").fetchone()[0]
            kept = self._embeddings.get(model)
            if kept is None or kept[0] != newest:
                found = self._connection.execute(
                    "SELECT e.id, e.embedding FROM entries e JOIN"
                    " (SELECT entry, removed, max(id) FROM remarks GROUP BY entry) r"
                    " ON r.entry = e.id WHERE r.removed = 0 AND e.model = ?"
                    " AND length(e.embedding) > 0 ORDER BY e.id",
                    (model,),
                ).fetchall()
                size = len(found[0][1]) // 2 if found else 0
                found = [f for f in found if len(f[1]) == 2 * size]
                matrix = np.frombuffer(b"".join(f[1] for f in found), "<f2").reshape(len(found), size)
                kept = (newest, np.array([f[0] for f in found], np.int64), matrix)
                self._embeddings[model] = kept
            return kept[1], kept[2]


def _reference(row: serialization.Row) -> Reference:
    mpp = float("nan") if row[5] is None else row[5]
    checked = bool(row[9])
    picture = (row[10] or "", row[11] or "", row[12] or "", row[13])
    return Reference(row[0], row[1], row[2], row[3], row[4], mpp, row[6], row[7], row[8], checked, *picture)
