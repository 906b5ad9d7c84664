"""Notes about moves of a case, with which an interrupted move is brought to its end.

A case is live under its name, and a move must not leave it live in two places, or in none. So the move writes
down what it is about to do beside the case (``.NAME.moving``), takes the case out of sight under another name
(``.NAME.moved``) before its copy comes to life, and removes both at the end. Whoever finds the note and no
move at work brings it to its end: where the copy is there, the old file goes; else the old file comes back.
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.imaging.io.plain_files import read_bytes
from bloodcells_gui.storage import serialization
from bloodcells_gui.storage.allowed_paths import block_network_path, is_network_path
from bloodcells_gui.storage.atomic_io import free_path, sync_folder, write_whole
from bloodcells_gui.storage.lock import holder_of

_MAX_BYTES = 64 * 1024
_NOTE = ".moving"
# A note, or what a kill left of its writing (atomic_io.write_whole).
_NOTE_NAME = re.compile(
    rf"\.([^.].*{re.escape(CASE_SUFFIX)})\.moving"
    rf"|\.\.([^.].*{re.escape(CASE_SUFFIX)})\.moving\.[0-9]{{1,10}}\.part",
    re.DOTALL,
)
_PART = re.compile(r"\.[0-9]{1,10}\.part")


@dataclass(frozen=True, slots=True)
class PendingMove:
    """A move of the case `path` to `target` by way of the unfinished copy `part`."""

    path: Path
    target: Path
    part: Path

    @property
    def note(self) -> Path:
        """Where it is written down."""
        return self.path.with_name(f".{self.path.name}{_NOTE}")

    @property
    def hidden(self) -> Path:
        """The case while it is out of sight."""
        return self.path.with_name(f".{self.path.name}.moved")

    def begin(self) -> None:
        """Write it down; OutputNotWritable when that is not possible."""
        write_whole(
            self.note, json.dumps([_path_for_json(self.target), _path_for_json(self.part)]).encode("ascii")
        )

    def hide(self) -> None:
        """Take the case out of sight."""
        self.path.rename(self.hidden)
        sync_folder(self.path.parent)

    def bring_back(self) -> None:
        """Put the case back under its name, or a free one like it; harmless when it is there."""
        if self.hidden.exists():
            self.hidden.rename(free_path(self.path.parent, self.path.stem, self.path.suffix))
            sync_folder(self.path.parent)

    def end(self) -> None:
        """Remove what is left of it, the note last."""
        with contextlib.suppress(OSError):
            self.part.unlink(missing_ok=True)
        self.hidden.unlink(missing_ok=True)
        sync_folder(self.path.parent)
        self.note.unlink(missing_ok=True)
        sync_folder(self.path.parent)


def _path_for_json(path: Path) -> str | list[int]:
    name = serialization.name_to_db(path)
    return list(name) if isinstance(name, bytes) else name


def case_of(note_name: str) -> str:
    """Name of the case whose move a file of this name notes, or began to note; "" when it is no such file."""
    found = _NOTE_NAME.fullmatch(note_name)
    return found[1] or found[2] if found is not None else ""


def noted(path: Path) -> PendingMove | None:
    """The move of this case that was written down; None when there is none, or it says nothing sound."""
    try:
        told = json.loads(read_bytes(path.with_name(f".{path.name}{_NOTE}"), _MAX_BYTES))
        target, part = (
            Path(serialization.name_from_db(bytes(t) if isinstance(t, list) else t)) for t in told
        )
    except (OSError, ValueError, TypeError, RecursionError, OverflowError):
        return None
    prefix = f".{target.name}"
    mine = part.parent == target.parent and part.name.startswith(prefix)
    return PendingMove(path, target, part) if mine and _PART.fullmatch(part.name[len(prefix) :]) else None


def remove_unwritten_notes(path: Path) -> None:
    """Remove notes of moves of this case that a kill left half written."""
    for left in path.parent.iterdir():
        if left.name.startswith("..") and case_of(left.name) == path.name:
            with contextlib.suppress(OSError):
                left.unlink()


def unsettled(move: PendingMove) -> UserError:
    """What is said of a case whose move cannot be brought to its end."""
    return UserError(
        "A move of the case {path} to {target} was cut off.",
        "The program cannot determine whether the case arrived there. It is kept here as the "
        "hidden file {hidden}.",
        "Connect the folder {folder}, then look again.",
        path=move.path,
        target=move.target,
        hidden=move.hidden.name,
        folder=move.target.parent,
    )


def is_unsettled(path: Path) -> bool:
    """Whether the case is out of sight because of a move that nobody is at any more."""
    move = noted(path)
    return move is not None and move.hidden.exists() and holder_of(path) is None


def is_in_reach(move: PendingMove) -> bool:
    """Whether the target's folder can be looked at: it is there, and no person has to be asked first."""
    if is_network_path(move.target) and block_network_path(move.target) != move.target:
        return False
    try:
        return move.target.parent.is_dir()
    except OSError:
        return False
