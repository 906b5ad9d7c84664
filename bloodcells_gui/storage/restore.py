"""Restore a workstation from an archive, whole or not at all, replacing nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.file_names import CASE_SUFFIX, LIBRARY_SUFFIX
from bloodcells_gui.imaging.io import plain_files
from bloodcells_gui.storage.archive import LABORATORY, SETTINGS, Archive, Manifest, Progress
from bloodcells_gui.storage.atomic_io import free_path, make_folder, sync_folder, whole_file
from bloodcells_gui.storage.backup import Places, clear, failed, need_space, part_of, unreadable
from bloodcells_gui.storage.worklist_index import INDEX_NAME

_STAGING = ".restore-"


@dataclass(frozen=True, slots=True)
class Restored:
    """What came out of an archive; `kept_settings` is where the settings that stood there are now."""

    manifest: Manifest
    files: int
    kept_settings: Path | None


def restore(path: Path, places: Places, *, progress: Progress | None = None) -> Restored:
    """Bring an archive back where nothing else is; the whole archive is verified before a file is written.

    A file that is there already, byte for byte, is left. Settings that stand there are kept beside the
    restored ones, under another name.

    Raises
    ------
    UserError
        When the archive is not sound, other cases, profiles or a library are there, or the disk is full;
        nothing is changed then.
    """
    with Archive(path) as archive:
        total = archive.manifest.size
        _refuse_others(archive.manifest, places)
        archive.verify(part_of(progress, 0, 2 * total))
        make_folder(places.data)
        make_folder(places.settings.parent)
        need_space(places.data, total)
        clear(places.data, _STAGING)
        try:
            with tempfile.TemporaryDirectory(prefix=_STAGING, dir=places.data) as staging:
                staged = _extract(archive, Path(staging), part_of(progress, total, 2 * total))
                kept = _put_in_place(staged, places)
        except OSError as error:
            raise failed(places.data, error) from error
        return Restored(archive.manifest, len(archive.manifest.files), kept)


def laboratory_in(path: Path, folder: Path) -> tuple[Path, Manifest]:
    """The laboratory's database of an archive, written into `folder` and compared with the list of files.

    Raises
    ------
    UserError
        The archive is not sound, or holds none.
    """
    with Archive(path) as archive:
        member = next((m for m in archive.manifest.files if m.name == LABORATORY), None)
        if member is None:
            raise UserError(
                "The archive {path} holds no laboratory's database.",
                "It was made on a workstation without one, or by an earlier version.",
                "Choose another archive.",
                path=path,
            )
        file = folder / "laboratory.sqlite"
        try:
            need_space(folder, member.size)
            with file.open("xb") as sink:
                for data in archive.chunks(member):
                    sink.write(data)
        except OSError as error:
            raise failed(folder, error) from error
        return file, archive.manifest


def _refuse_others(manifest: Manifest, places: Places) -> None:
    wanted = {m.name: m for m in manifest.files}
    # A journal that another file of that name left would be played back into the restored case.
    journals = [
        (f"{m.name}-journal", Path(f"{places.at(m.name)}-journal"))
        for m in manifest.files
        if m.name.endswith((CASE_SUFFIX, LIBRARY_SUFFIX))
    ]
    try:
        for name, there in [*places.files(), *(j for j in journals if os.path.lexists(j[1]))]:
            if name == SETTINGS or there.name == INDEX_NAME:
                continue
            member = wanted.get(name)
            if member is None or plain_files.sha256_of(there) != member.sha256:
                raise UserError(
                    "{path} holds other data already, for example {name}.",
                    "A restore replaces nothing. Nothing was changed.",
                    "Restore into an empty folder (command line: --into DIR), or move the data away first.",
                    path=places.data,
                    name=there.name,
                )
    except OSError as error:
        raise unreadable(places.data, error) from error


def _extract(archive: Archive, staging: Path, progress: Progress | None) -> list[tuple[str, Path]]:
    staged, done, total = [], 0, archive.manifest.size
    for number, member in enumerate(archive.manifest.files):
        if member.name == LABORATORY:  # it goes into a database, by itself
            continue
        file = staging / f"{number:06d}"
        with file.open("xb") as sink:
            for data in archive.chunks(member):
                sink.write(data)
                done += len(data)
                if progress is not None:
                    progress(done, total)
            sink.flush()
            os.fsync(sink.fileno())
        staged.append((member.name, file))
    return staged


def _put_in_place(staged: list[tuple[str, Path]], places: Places) -> Path | None:
    kept: Path | None = None
    folders = set()
    # Settings first: they may lie on another disk, and when that one is full nothing is changed.
    for name, file in sorted(staged, key=lambda s: s[0] != SETTINGS):
        target = places.at(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        folders.add(target.parent)
        if name == SETTINGS:
            kept = _settings_in_place(file, target)
        elif not os.path.lexists(target):  # else the same bytes, or the index, made anew from the cases
            shutil.move(file, target)
    for folder in folders:
        sync_folder(folder)
    return kept


def _settings_in_place(file: Path, target: Path) -> Path | None:
    """Replace the settings whole or not at all; where those that were there are kept."""
    kept: Path | None = None
    try:
        with file.open("rb") as source, whole_file(target) as sink:
            shutil.copyfileobj(source, sink)
            if target.exists() and plain_files.sha256_of(target) != plain_files.sha256_of(file):
                kept = free_path(target.parent, "settings.before-restore", ".json", number="-{}")
                shutil.copyfile(target, kept)
    except OSError:
        if kept is not None:
            kept.unlink(missing_ok=True)
        raise
    return kept
