"""List every file below a folder: possible images, and the others with the reason why not."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bloodcells_gui.domain import left_out
from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.imaging.io.companions import companions
from bloodcells_gui.imaging.io.refusal import ImageRefused

IGNORE_MARKER = ".nomedia"
"""A folder with a file of this name holds no photographs (masks, reports): it is passed over."""

_SYSTEM_NAMES = frozenset(
    {"thumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "system volume information"}
)
_OWN_NAMES = frozenset({"truth.json", "truth_red_cells.csv"})
# Cases and what SQLite puts beside them. They are never opened here: closing a file that this process holds
# open as a database would release its locks.
_OWN_SUFFIXES = (CASE_SUFFIX, f"{CASE_SUFFIX}-journal", f"{CASE_SUFFIX}.lock")
# Written beside a case; elsewhere such names are anybody's.
_OUTPUT_NAMES = frozenset(
    {
        "cells.csv", "differential.csv", "skipped.csv", "summary.csv", "report.pdf", "red_cells.csv",
        "red_cells_list.csv",
    }
)  # fmt: skip
_FOLDER_UNREADABLE = N_("The folder may not be read.")
_TOO_DEEP = N_("The folder is nested deeper than {limit} levels.")
_TOO_MANY = N_("Only the first {limit} files were looked at.")
_LOOP = N_("The folder was met before: a link leads back to it.")


@dataclass(frozen=True, slots=True)
class DiscoverLimits:
    """How far a folder is searched."""

    max_files: int = 200_000
    max_depth: int = 32


class Refusals:
    """Collects skipped paths with reasons in one language."""

    def __init__(self, into: list[SkippedFile], lang: str) -> None:
        self._into = into
        self._lang = lang

    def add(self, name: str, template: str, **params: Any) -> None:
        """One path that is left out; `template` is English with ``{named}`` fields."""
        self._into.append(SkippedFile(name or ".", tr(template, self._lang, **params)))


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorting key that puts "cell 9" before "cell 10", whatever the letter case."""
    parts = re.split(r"([0-9]+)", name)
    return (*((0, int(p), "") if i % 2 else (1, 0, p.casefold()) for i, p in enumerate(parts)), (2, 0, name))


def relative_name(file: Path, root: Path) -> str:
    """`file` as reports name it: relative to `root`, with "/"."""
    try:
        return file.relative_to(root).as_posix()
    except ValueError:
        return file.name


def possible_images(root: Path, refused: Refusals, search: DiscoverLimits) -> Iterator[Path]:
    """Files under `root` that may be images, folder by folder; all others go to `refused`.

    Links are not followed: what they lead to is either read in its own place or lies outside.

    Raises
    ------
    ImageRefused
        When `root` itself may not be read.
    """
    return _Walk(root, refused, search).files()


class _Walk:
    def __init__(self, root: Path, refused: Refusals, search: DiscoverLimits) -> None:
        self._root = root
        self._real_root = Path(os.path.realpath(root))
        self._refused = refused
        self._search = search
        self._seen: set[tuple[int, int]] = set()
        self._owned: dict[Path, Path] = {}
        self._count = 0

    def files(self) -> Iterator[Path]:  # noqa: C901  # one walk, with all that may end or narrow it
        stack: list[tuple[Path, int, tuple[str, dict[str, str]] | None]] = [(self._root, 0, None)]
        while stack:
            folder, depth, why = stack.pop()
            name = relative_name(folder, self._root)
            if depth > self._search.max_depth:
                self._refused.add(name, _TOO_DEEP, limit=self._search.max_depth)
                continue
            found = self._entries(folder, name)
            if found is None:
                continue
            files, folders = found
            if why is None and folder != self._root and any(f.name == IGNORE_MARKER for f in files):
                why = (left_out.MARKED, {"marker": IGNORE_MARKER})
            if why is None:
                self._owned.update(companions(files))
            ours = any(f.name.lower().endswith(CASE_SUFFIX) for f in files)
            for file in sorted(files, key=lambda f: natural_key(f.name)):
                self._count += 1
                if self._count > self._search.max_files:
                    self._refused.add("", _TOO_MANY, limit=self._search.max_files)
                    return
                reason = why or self._not_image_reason(file)
                if reason is None and ours and file.name.lower() in _OUTPUT_NAMES:
                    reason = left_out.OWN, {}
                if reason is None:
                    yield file
                else:
                    self._refused.add(relative_name(file, self._root), reason[0], **reason[1])
            for sub in sorted(folders, key=lambda p: natural_key(p.name), reverse=True):
                stack.append((sub, depth + 1, why or _not_looked_into(sub.name)))

    def _entries(self, folder: Path, name: str) -> tuple[list[Path], list[Path]] | None:
        """Files and folders in a folder, links told and left out; None when it cannot or must not be read."""
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in self._seen:
                self._refused.add(name, _LOOP)
                return None
            self._seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                items = [(Path(e.path), _is_link(e), _is_dir(e)) for e in entries]
        except OSError:
            if folder == self._root:
                raise ImageRefused(folder, _FOLDER_UNREADABLE, "Ask for the right to read it.") from None
            self._refused.add(name, _FOLDER_UNREADABLE)
            return None
        for path in (path for path, is_link, _ in items if is_link):
            self._record_link(path)
        kept = [(path, is_dir) for path, is_link, is_dir in items if not is_link]
        return [p for p, is_dir in kept if not is_dir], [p for p, is_dir in kept if is_dir]

    def _record_link(self, link: Path) -> None:
        name = relative_name(link, self._root)
        target = Path(os.path.realpath(link))
        if not target.is_relative_to(self._real_root):
            self._refused.add(name, left_out.LINK_OUT)
        elif not target.exists():
            self._refused.add(name, left_out.LINK_DEAD)
        else:
            inside = target.relative_to(self._real_root).as_posix()
            self._refused.add(name, left_out.LINK_INSIDE, target=inside)

    def _not_image_reason(self, file: Path) -> tuple[str, dict[str, str]] | None:
        """Why a file is known to be no image without a look into it; None when it may be one."""
        reason = _by_name(file.name)
        if reason is None and file in self._owned:
            return left_out.COMPANION, {"slide": relative_name(self._owned[file], self._root)}
        return reason


def _not_looked_into(name: str) -> tuple[str, dict[str, str]] | None:
    """Why nothing in a folder of this name is looked at; None for an ordinary one."""
    if name.lower() in _SYSTEM_NAMES:
        return left_out.SYSTEM, {}
    return (left_out.HIDDEN, {}) if name.startswith(".") else None


def _by_name(name: str) -> tuple[str, dict[str, str]] | None:
    lower = name.lower()
    if (reason := _not_looked_into(name)) is not None:
        return reason
    if lower in _OWN_NAMES or lower.endswith(_OWN_SUFFIXES):
        return left_out.OWN, {}
    return None


def _is_link(entry: os.DirEntry[str]) -> bool:
    # Windows has folders that lead elsewhere without being links; Python knows them from 3.12 on.
    junction = getattr(entry, "is_junction", lambda: False)
    try:
        return entry.is_symlink() or bool(junction())
    except OSError:
        return False


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
