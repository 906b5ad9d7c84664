"""The case files of a folder, and what tells that one has changed since it was listed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.storage import serialization
from bloodcells_gui.storage.case_transfer import settle
from bloodcells_gui.storage.lock import holder_of
from bloodcells_gui.storage.move_notes import case_of, is_unsettled


def case_files(folder: Path) -> Iterator[Path]:
    """Every case file, and every folder that cannot be looked into: its cases must not go unnoticed."""
    closed: list[Path] = []
    for place, folders, listed in os.walk(folder, onerror=lambda e: closed.append(Path(e.filename))):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        names = set(listed)
        for name in sorted({case_of(note) for note in listed} - {""}):
            with contextlib.suppress(UserError):  # its line says why
                settle(Path(place) / name)
            names = {p.name for p in Path(place).iterdir() if not p.is_dir()}
            if is_unsettled(Path(place) / name):
                names.add(name)
        for name in sorted(names):
            if name.endswith(CASE_SUFFIX) and not name.startswith("."):
                yield Path(place) / name
    yield from closed


def index_key(folder: Path, path: Path) -> str | bytes:
    """Place within the folder, as the index can hold it whatever the name's bytes are."""
    return serialization.name_to_db(os.path.relpath(path, folder))


def stamp_of(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return ""
    # who holds it is part of the state: an analysis that ends in a crash changes no file
    held = holder_of(path) is not None
    return f"{found.st_mtime_ns} {found.st_size} {found.st_ino} {int(held)}"
