"""The statements of the reference library: the same over a workstation's file and a laboratory's database.

They keep to what SQLite and PostgreSQL both understand. `$.` stands before the name of a table.
"""

from __future__ import annotations

import hashlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.similarity import most_similar
from bloodcells_gui.domain.cell import CellAssets
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.storage import serialization

#: Runs one statement with its values; the rows that it returns.
Ask = Callable[..., list[tuple[Any, ...]]]

#: Of the picture of a cell, of its mask and of its embedding; larger ones are neither kept nor fetched.
MOST_BYTES = 4 * 1024**2
_STANDS = (
    " FROM $.entries e JOIN (SELECT entry, max(id) AS newest FROM $.remarks GROUP BY entry) n"
    " ON n.entry = e.id JOIN $.remarks r ON r.id = n.newest"
)
_SELECT = (
    "SELECT e.id, coalesce(d.code, e.code), e.added_by, e.added_at, e.model, e.mpp, e.source_case,"  # noqa: S608
    " e.source_cell, r.note, coalesce(d.checked, 0), p.source, p.licence, p.file, p.width_um"
    + _STANDS
    + " LEFT JOIN (SELECT entry, max(id) AS newest FROM $.label_decisions GROUP BY entry) k"
    " ON k.entry = e.id LEFT JOIN $.label_decisions d ON d.id = k.newest"
    " LEFT JOIN $.pictures p ON p.entry = e.id WHERE r.removed = 0"
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


@dataclass(frozen=True, slots=True)
class WholeEntry:
    """All that a library has of one cell, for bringing it into another one.

    `entry`, `remarks`, `decisions` and `picture` are rows of the tables without their ids.
    """

    entry: tuple[Any, ...]
    remarks: tuple[tuple[Any, ...], ...]
    decisions: tuple[tuple[Any, ...], ...]
    picture: tuple[Any, ...] | None

    @property
    def sha256(self) -> str:
        """Over what no later remark changes: the same cell has it in every copy of a library."""
        hashed = hashlib.sha256()
        for value in (*self.entry, *(self.picture or ())):
            data = value if isinstance(value, bytes) else repr(value).encode("utf-8", "replace")
            hashed.update(len(data).to_bytes(8, "big") + data)
        return hashed.hexdigest()


class LibraryRows(ABC):
    """Reference cells with their notes, label decisions and pictures. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._embeddings: dict[str, tuple[int, NDArray[np.int64], NDArray[np.float32]]] = {}

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Ask]:
        """For statements that change nothing."""

    @abstractmethod
    def _changing(self) -> AbstractContextManager[Ask]:
        """A transaction that nobody else writes in."""

    def close(self) -> None:  # noqa: B027  # a database holds nothing between two questions
        """Release what is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

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
        row = (
            code, serialization.clean(author), utc_now(), model, serialization.number(mpp),
            serialization.clean(source_case), int(source_cell), bytes(assets.thumbnail), bytes(assets.mask),
            np.asarray(assets.embedding, "<f2").tobytes(),
        )  # fmt: skip
        with self._changing() as ask:
            new = self._insert(ask, row)
            self._remark(ask, new, author, note, removed=False)
        return new

    @staticmethod
    def _insert(ask: Ask, row: tuple[Any, ...]) -> int:
        """Add the row of an entry, whose id is found for it."""
        if any(len(data) > MOST_BYTES for data in row[-3:]):
            raise UserError(N_("The picture of a cell is too large for the reference library."))
        new = int(ask("SELECT coalesce(max(id), 0) + 1 FROM $.entries")[0][0])
        ask("INSERT INTO $.entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", new, *row)
        return new

    def add_pictures(
        self, pictures: Sequence[NewPicture], *, source: str, licence: str, author: str
    ) -> list[int]:
        """Keep reference pictures in one transaction; returns their ids. ValueError for an unknown class."""
        unknown = {p.code for p in pictures} - BY_CODE.keys()
        if unknown:
            raise ValueError(f"{sorted(unknown)} are no class codes")
        who, now = serialization.clean(author), utc_now()
        added = []
        with self._changing() as ask:
            for picture in pictures:
                row = (picture.code, who, now, "", picture.mpp, "", 0, picture.jpeg, b"", b"")
                new = self._insert(ask, row)
                ask(
                    "INSERT INTO $.pictures VALUES (?, ?, ?, ?, ?, ?)",
                    new, serialization.clean(source), serialization.clean(licence),
                    serialization.clean(picture.file), picture.sha256, picture.width_um,
                )  # fmt: skip
                self._remark(ask, new, author, "", removed=False)
                added.append(new)
        return added

    def picture_hashes(self) -> frozenset[str]:
        """SHA-256 of the files of all reference pictures that are in the library."""
        with self._reading() as ask:
            rows = ask(f"SELECT p.sha256{_STANDS} JOIN $.pictures p ON p.entry = e.id WHERE r.removed = 0")
        return frozenset(str(r[0]) for r in rows)

    def set_note(self, entry: int, note: str, author: str) -> None:
        """Replace the note; the old one stays in the file. ValueError for an unknown entry."""
        with self._changing() as ask:
            self._remark(ask, entry, author, note, removed=False)

    def remove(self, entry: int, author: str) -> None:
        """Take a cell out of the library; :meth:`restore` brings it back. ValueError for an unknown entry."""
        with self._changing() as ask:
            self._remark(ask, entry, author, self._note(ask, entry), removed=True)

    def restore(self, entry: int, author: str) -> None:
        """Bring a removed cell back with the note it had."""
        with self._changing() as ask:
            self._remark(ask, entry, author, self._note(ask, entry), removed=False)

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
        with self._changing() as ask:
            self._check(ask, entry)
            ask(
                "INSERT INTO $.label_decisions SELECT coalesce(max(id), 0) + 1, ?, ?, ?, ?, ?"
                " FROM $.label_decisions",
                int(entry), serialization.clean(author), utc_now(), code, int(checked),
            )  # fmt: skip

    def label_decisions(self, entry: int) -> list[LabelDecision]:
        """Every decision about the label of a cell, the oldest first."""
        with self._reading() as ask:
            found = ask(
                "SELECT code, author, time, checked FROM $.label_decisions WHERE entry = ? ORDER BY id", entry
            )
        return [LabelDecision(str(r[0]), str(r[1]), str(r[2]), bool(r[3])) for r in found]

    @staticmethod
    def _check(ask: Ask, entry: int) -> None:
        if not ask("SELECT 1 FROM $.entries WHERE id = ?", int(entry)):
            raise ValueError(f"there is no entry {entry}")

    @staticmethod
    def _note(ask: Ask, entry: int) -> str:
        found = ask("SELECT note FROM $.remarks WHERE entry = ? ORDER BY id DESC LIMIT 1", int(entry))
        return str(found[0][0]) if found else ""

    def _remark(self, ask: Ask, entry: int, author: str, note: str, *, removed: bool) -> None:
        self._check(ask, entry)
        ask(
            "INSERT INTO $.remarks SELECT coalesce(max(id), 0) + 1, ?, ?, ?, ?, ? FROM $.remarks",
            int(entry), serialization.clean(author), utc_now(), serialization.clean(note), int(removed),
        )  # fmt: skip
        self._embeddings.clear()

    # -- reading ---------------------------------------------------------------------------------------

    def entries(self, code: str = "", text: str = "") -> list[Reference]:
        """Cells in the library, newest first; of one class, or with `text` in note or author."""
        with self._reading() as ask:
            of_class = " AND coalesce(d.code, e.code) = ?" if code else ""
            found = ask(f"{_SELECT}{of_class} ORDER BY e.id DESC", *([code] if code else []))
        references = [_reference(row) for row in found]
        wanted = text.casefold()
        return [r for r in references if wanted in f"{r.note}\n{r.added_by}\n{r.source_case}".casefold()]

    def assets(self, entry: int) -> CellAssets:
        """Pictures and embedding; KeyError for an unknown entry."""
        with self._reading() as ask:
            rows = ask(
                "SELECT thumbnail, mask, embedding FROM $.entries WHERE id = ?"
                " AND length(thumbnail) <= ? AND length(mask) <= ? AND length(embedding) <= ?",
                int(entry), MOST_BYTES, MOST_BYTES, MOST_BYTES,
            )  # fmt: skip
        if not rows:
            raise KeyError(entry)
        return serialization.assets_from_row((int(entry), 0.0, 0.0, 0.0, *(bytes(data) for data in rows[0])))

    def standing(self) -> list[int]:
        """Ids of the cells in the library, oldest first."""
        with self._reading() as ask:
            return [int(r[0]) for r in ask(f"SELECT e.id{_STANDS} WHERE r.removed = 0 ORDER BY e.id")]

    def whole(self, entry: int) -> WholeEntry:
        """All there is of a cell; KeyError for an unknown entry."""
        with self._reading() as ask:
            found = ask(
                "SELECT code, added_by, added_at, model, mpp, source_case, source_cell, thumbnail, mask,"
                " embedding FROM $.entries WHERE id = ?",
                int(entry),
            )
            if not found:
                raise KeyError(entry)
            remarks = ask(
                "SELECT author, time, note, removed FROM $.remarks WHERE entry = ? ORDER BY id", int(entry)
            )
            decisions = ask(
                "SELECT author, time, code, checked FROM $.label_decisions WHERE entry = ? ORDER BY id",
                int(entry),
            )
            pictures = ask(
                "SELECT source, licence, file, sha256, width_um FROM $.pictures WHERE entry = ?", int(entry)
            )
        return WholeEntry(found[0], tuple(remarks), tuple(decisions), pictures[0] if pictures else None)

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
        with self._lock, self._reading() as ask:
            newest = int(ask("SELECT coalesce(max(id), 0) FROM $.remarks")[0][0])
            kept = self._embeddings.get(model)
            if kept is None or kept[0] != newest:
                found = ask(
                    f"SELECT e.id, e.embedding{_STANDS} WHERE r.removed = 0 AND e.model = ?"
                    " AND length(e.embedding) > 0 AND length(e.embedding) <= ? ORDER BY e.id",
                    model,
                    MOST_BYTES,
                )
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
