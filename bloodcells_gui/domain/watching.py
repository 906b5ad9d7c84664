"""The watched folder: what a camera or scanner puts into it, and what became of each piece."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.retold import retold

#: What a case that was made this way says of itself, beside the folder that its images lie in.
CAME_FROM_WATCHED = N_("watched folder")
#: What to do about a folder that is not there.
CONNECT_IT = N_("Connect its drive or network share; it is taken up again by itself.")


class WatchState(StrEnum):
    """Where a sub-folder, slide or picture of the watched folder stands."""

    SETTLING = "settling"  # something in it still changes
    WAITING = "waiting"  # complete by its looks, but not readable to its end
    UNASSIGNED = "unassigned"  # a picture of which nobody said whose it is
    TAKING = "taking"  # a case of it is being made
    QUEUED = "queued"  # its case waits for its analysis, or is analysed
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    HELD = "held"  # some of its pictures belong to another specimen already
    GROWN = "grown"  # pictures came, or changed, after it was taken
    DUPLICATE = "duplicate"  # all of its pictures were taken before
    LEFT_OUT = "left out"  # nothing to analyse


#: A case was made of these.
TAKEN = frozenset(
    {WatchState.QUEUED, WatchState.DONE, WatchState.STOPPED, WatchState.GROWN, WatchState.FAILED}
)
#: These wait for a person.
ASKS = frozenset(
    {WatchState.WAITING, WatchState.UNASSIGNED, WatchState.FAILED, WatchState.HELD, WatchState.GROWN}
)


@dataclass(frozen=True, slots=True)
class WatchWords:
    """What there is to say: English templates of what, why and what to do, and their values."""

    what: str = ""
    why: str = ""
    what_to_do: str = ""
    params: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, error: UserError) -> WatchWords:
        """The words of a foreseen problem."""
        values = tuple((name, str(value)) for name, value in error.params.items())
        return cls(error.what, error.why, error.what_to_do, values)

    def text(self, lang: str = "en") -> str:
        """All of it in `lang`; a value that is a reason too."""
        parts = (self.what, self.why, self.what_to_do)
        told = ("reason", "reasons", "detail")
        values = {name: retold(value, lang) if name in told else value for name, value in self.params}
        return " ".join(tr(part, lang, **values) for part in parts if part)

    def to_json(self) -> str:
        """For the memory of the watched folder; "" for no words."""
        if not self.what:
            return ""
        return json.dumps([self.what, self.why, self.what_to_do, [list(p) for p in self.params]])

    @classmethod
    def from_json(cls, text: str) -> WatchWords:
        """Inverse of :meth:`to_json`; no words where it is damaged."""
        if not text:
            return cls()
        try:
            what, why, what_to_do, params = json.loads(text)
            return cls(str(what), str(why), str(what_to_do), tuple((str(k), str(v)) for k, v in params))
        except (ValueError, TypeError, RecursionError):
            return cls()


NO_WORDS = WatchWords()


@dataclass(frozen=True, slots=True)
class WatchEntry:
    """One sub-folder, slide or picture of the watched folder.

    Attributes
    ----------
    name : str
        Within the watched folder.
    path : Path
    state : WatchState
    files : int
        How many files it has.
    words : WatchWords
        Why it is in this state, and what to do.
    case : Path or None
        The case that was made of it.
    """

    name: str
    path: Path
    state: WatchState
    files: int = 1
    words: WatchWords = NO_WORDS
    case: Path | None = None


class FolderState(StrEnum):
    """Whether the folder as a whole is watched."""

    OFF = "off"
    WATCHED = "watched"
    AWAY = "away"  # it cannot be read now
    ELSEWHERE = "elsewhere"  # another window does it
    SILENT = "silent"  # it was asked and does not answer


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """The folder as a whole, and why it is not watched where it should be."""

    state: FolderState = FolderState.OFF
    folder: Path | None = None
    words: WatchWords = NO_WORDS
