"""The lines of a folder's cases in memory, wherever their index is kept: searching at every key."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from bloodcells_gui.domain.earlier_films import Film
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.domain.quality import CaseFigures
from bloodcells_gui.storage import serialization
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.film_lines import figures_of, film_of
from bloodcells_gui.storage.worklist_rows import FILM, IDS, CaseEntry, CaseState


@dataclass(frozen=True, slots=True)
class Known:
    """A sound row in memory: its entry, the folded text that a search looks through, the film it holds."""

    entry: CaseEntry
    where: str
    film: str


def known_line(entry: CaseEntry, row: serialization.Row) -> Known:
    """The line of a row of the index, whose entry was made already."""
    where = f"{entry.case_id}\n{entry.specimen_id}\n{entry.path.name}\n{row[IDS]}".casefold()
    return Known(entry, where, row[FILM])


def newest_first(lines: list[Known]) -> list[Known]:
    """Lines in the order of a list that nobody sorted."""
    by_name = sorted(lines, key=lambda known: str(known.entry.path))
    return sorted(by_name, key=lambda known: known.entry.created, reverse=True)


class CaseList(ABC):
    """The cases of one folder (and its sub-folders). Thread-safe.

    Attributes
    ----------
    folder : Path
        Absolute.
    """

    folder: Path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Release the index."""

    @abstractmethod
    def refresh(
        self, progress: Callable[[int, int], None] | None = None, *, leave_out: Path | None = None
    ) -> int:
        """Look at the folder again; only new and changed cases are read. Returns how many were.

        `progress` is called with cases read and cases to read; it may raise to stop, what was read is kept.
        The case `leave_out` is not read: whoever has it open knows it better.
        """

    @abstractmethod
    def rebuild(self) -> int:
        """Forget the index and read every case."""

    @abstractmethod
    def entry(self, path: Path) -> CaseEntry | None:
        """The line of one case, read anew if it changed; None where there is no file."""

    @abstractmethod
    def picture(self, path: Path, draw: Callable[[CaseStore], bytes]) -> bytes:
        """The picture of a case for the list: the one that is kept, else what `draw` makes of the case.

        May take long, and is for a worker thread. The picture is an untrusted file's until it is checked.

        Raises
        ------
        UserError
            When the case cannot be read.
        """

    @abstractmethod
    def move(self, path: Path, target_folder: Path) -> Path:
        """Move a case to another folder without loss: copied, compared by SHA-256, and only then removed.

        The images stay where they are; the case finds them again by
        :meth:`~bloodcells_gui.storage.case.CaseStore.relocate`.

        Raises
        ------
        UserError
            When the case is open, a file of that name is there already, or the target cannot be written; the
            case is where it was then.
        """

    def news(self) -> bool:
        """Take over what other stations wrote; whether there was anything. Quick, for a thread of its own."""
        return False

    @property
    def trouble(self) -> UserError | None:
        """Why the list is this station's own for now, None where all is as it should be."""
        return None

    @abstractmethod
    def _lines(self) -> list[Known]:
        """Every sound line, newest first."""

    def search(
        self,
        text: str = "",
        *,
        state: CaseState | None = None,
        since: str = "",
        until: str = "",
        person: str = "",
        flag: str = "",
    ) -> list[CaseEntry]:
        """Cases, newest first, as of the last :meth:`refresh`.

        Parameters
        ----------
        text : str
            In case id, specimen id, file name or the form's ids.
        since, until : str
            Days or times (ISO 8601) between which the case was begun, both inclusive.
        person : str
            Part of the name of somebody who worked on it.
        flag : str
            Part of a flag; "*" for any.
        """
        wanted, who, flagged = (t.casefold().strip() for t in (text, person, flag))
        return [
            entry
            for entry, where in ((known.entry, known.where) for known in self._lines())
            if wanted in where
            and (state is None or entry.state is state)
            and (not since or entry.created >= since)
            and (not until or entry.created[: len(until)] <= until)
            and (not who or any(who in p.casefold() for p in entry.persons))
            and (not flagged or any(flagged == "*" or flagged in f.casefold() for f in entry.flags))
        ]

    def films(self) -> list[Film]:
        """Whose blood every readable case holds and whether it is signed, as of the last :meth:`refresh`."""
        known = self._lines()
        return [film_of(k.entry.path, k.film) for k in known if k.film]

    def closed_folders(self) -> list[Path]:
        """Folders that could not be looked into at the last :meth:`refresh`: what they hold is not known."""
        known = self._lines()
        unreadable = [k.entry.path for k in known if k.entry.state is CaseState.UNREADABLE]
        return [p for p in unreadable if not p.name.endswith(CASE_SUFFIX)]

    def figures(self) -> list[CaseFigures]:
        """What every readable case says of stain, camera and naming, as of the last :meth:`refresh`.

        Drawn cells say nothing of that.
        """
        known = self._lines()
        return [figures_of(k.entry.path, k.film) for k in known if k.film and not k.entry.synthetic]
