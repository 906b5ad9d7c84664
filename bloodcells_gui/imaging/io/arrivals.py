"""What lies in a folder that others write into, by names, sizes and times alone: no file is opened.

Links are never followed, and nothing here says anything of content.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bloodcells_gui.imaging.io.formats import PLAIN_SUFFIXES, SLIDE_SUFFIXES

# Names that programs give to a file until they have written all of it.
_WRITING_SUFFIXES = (
    ".part", ".partial", ".filepart", ".crdownload", ".download", ".opdownload", ".!ut", ".tmp", ".temp",
    ".swp", ".lock", "~",
)  # fmt: skip
_WRITING_PREFIXES = ("~", ".~")
_IMAGE_SUFFIXES = PLAIN_SUFFIXES | SLIDE_SUFFIXES


class EntryKind(StrEnum):
    """What stands under a name."""

    FOLDER = "folder"
    FILE = "file"
    LINK = "link"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in the folder; `mtime_ns` and `inode` tell cheaply whether names came or went in a folder."""

    path: Path
    kind: EntryKind
    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class ArrivalLimits:
    """How much is looked at."""

    max_entries: int = 20_000
    max_files: int = 20_000
    max_bytes: int = 1024**4
    max_depth: int = 16


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a file or folder holds at this moment.

    Attributes
    ----------
    stamp : str
        Equal as long as no file came, went, grew or was written to.
    files, size : int
        Number of files, bytes of all.
    writing : str
        A file that somebody is still writing, by its name or because it is empty; "" for none.
    too_much : bool
        More files or bytes than the limits; the stamp covers what was looked at.
    """

    stamp: str
    files: int
    size: int
    writing: str = ""
    too_much: bool = False


def entries_of(folder: Path, limits: ArrivalLimits) -> tuple[list[Entry], bool]:
    """Names in a folder, hidden ones left out, in order; and whether there are more than the limit.

    Raises
    ------
    OSError
        When the folder cannot be read.
    """
    found: list[Entry] = []
    with os.scandir(folder) as items:
        for item in items:
            if item.name.startswith("."):
                continue
            if len(found) >= limits.max_entries:
                return sorted(found, key=lambda e: e.path.name), True
            with suppress(FileNotFoundError):  # renamed or removed since it was listed
                found.append(_entry(Path(item.path), item.stat(follow_symlinks=False)))
    return sorted(found, key=lambda e: e.path.name), False


def _entry(path: Path, status: os.stat_result) -> Entry:
    mode = status.st_mode
    if stat.S_ISLNK(mode) or _is_junction(status):
        kind = EntryKind.LINK
    elif stat.S_ISDIR(mode):
        kind = EntryKind.FOLDER
    else:
        kind = EntryKind.FILE if stat.S_ISREG(mode) else EntryKind.SPECIAL
    return Entry(path, kind, status.st_size, status.st_mtime_ns, status.st_ino)


def _is_junction(status: os.stat_result) -> bool:
    return getattr(status, "st_reparse_tag", 0) == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)


def is_being_written(name: str) -> bool:
    """Whether a program names its files so until they are complete."""
    lower = name.lower()
    return lower.endswith(_WRITING_SUFFIXES) or lower.startswith(_WRITING_PREFIXES)


def arrival(paths: Iterable[Path], limits: ArrivalLimits, check: Callable[[], None]) -> Arrival:
    """What files, and folders with all below them, hold together; hidden files count for the stamp.

    Raises
    ------
    OSError
        When one of `paths`, or a folder below, cannot be read. What `check` raises ends the search.
    """
    lines: list[str] = []
    writing = ""
    files = size = 0
    stack = [(path, path.name, 0) for path in paths]
    while stack:
        check()
        path, name, depth = stack.pop()
        entry = _entry(path, path.stat(follow_symlinks=False))
        if entry.kind is EntryKind.FOLDER and depth <= limits.max_depth:
            stack += [(p, f"{name}/{p.name}", depth + 1) for p in _listed(path)]
        elif entry.kind is EntryKind.FILE:
            files += 1
            size += entry.size
            lines.append(f"{name}\0{entry.size}\0{entry.mtime_ns}")
            empty = entry.size == 0 and path.suffix.lower() in _IMAGE_SUFFIXES
            if not writing and (empty or is_being_written(path.name)):
                writing = name
            if files > limits.max_files or size > limits.max_bytes:
                return Arrival(_stamp(lines), files, size, writing, too_much=True)
    return Arrival(_stamp(lines), files, size, writing)


def _listed(folder: Path) -> list[Path]:
    with os.scandir(folder) as items:
        return [Path(item.path) for item in items]


def _stamp(lines: list[str]) -> str:
    text = "\n".join(sorted(lines))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
