"""Check a backup archive from anywhere: it must hold exactly what its list names.

It is a ZIP file of stored (not compressed) members, so that any tool opens it and nothing in it can grow.
Its last member, ``manifest.json``, names every other one with its size and SHA-256. An archive may come from
a stick or a stranger: names lead into the folders of a workstation and nowhere else, and nothing may be there
that the manifest does not name.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self
from urllib.parse import quote_from_bytes, unquote_to_bytes

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.file_names import CASE_SUFFIX, KNOWN_CELLS_NAME, LIBRARY_SUFFIX
from bloodcells_gui.imaging.io import plain_files
from bloodcells_gui.storage.removals import NAME as REMOVALS_NAME
from bloodcells_gui.storage.watch_memory import WATCH_NAME
from bloodcells_gui.storage.worklist_index import INDEX_NAME

Progress = Callable[[int, int], None]

FORMAT = "bloodcells backup"
VERSION = 2
_WITHOUT_LABORATORY = 1
MANIFEST = "manifest.json"
SETTINGS = "config/settings.json"
LIBRARY = f"data/reference{LIBRARY_SUFFIX}"
KNOWN_CELLS = f"data/{KNOWN_CELLS_NAME}"
LABORATORY = "data/laboratory.sqlite"
WATCHED = f"data/{WATCH_NAME}"
KEPT_DRAFTS = "kept drafts"
"""Folder of what was typed in cases that another station took over."""
SHARED_CASES = "laboratory"
"""Below the cases: those of the laboratory's folder, which lie on a share."""
BYTES_AT_ONCE = 1024 * 1024
_MAX_FILES = 200_000
_MAX_MANIFEST = 128 * 1024**2
_MAX_PART = 255
_MAX_PARTS = 100
# A directory entry and a local header of a member.
_LEAST_OVERHEAD = 76
_FROM_ZIP = (
    zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, NotImplementedError, RuntimeError,
    struct.error, ValueError, KeyError, TypeError, OverflowError, RecursionError, MemoryError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive.

    Attributes
    ----------
    name : str
        Place within the workstation's folders, percent-encoded where it is not plain ASCII.
    sha256 : str
    size : int
        Bytes.
    damaged : bool
        It was no sound file when it was saved; it is kept byte for byte.
    """

    name: str
    sha256: str
    size: int
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds, when (UTC) and by which version it was made."""

    created: str
    app_version: str
    files: tuple[Member, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(m.size for m in self.files)

    def to_json(self) -> bytes:
        """As it stands in the archive: where nothing of a laboratory is in it, earlier versions read it."""
        version = VERSION if any(_of_laboratory(m.name) for m in self.files) else _WITHOUT_LABORATORY
        obj = {
            "format": FORMAT, "version": version, "created": self.created, "app_version": self.app_version,
            "files": [asdict(m) for m in self.files],
        }  # fmt: skip
        return json.dumps(obj, indent=1).encode("ascii")


def _of_laboratory(name: str) -> bool:
    return name in (LABORATORY, WATCHED) or decoded(name).parts[1] == KEPT_DRAFTS


def encoded(relative: PurePosixPath | Path) -> str:
    """Name of a file in an archive; any bytes of a file name come back by :func:`decoded`."""
    return quote_from_bytes(os.fsencode(relative.as_posix()), safe="/ ()-_.,+=@!&;[]'")


def decoded(name: str) -> PurePosixPath:
    """Where a member belongs: below ``data`` or ``config``.

    Raises
    ------
    ValueError
        When it leads anywhere else than a backup of this program does.
    """
    text = os.fsdecode(unquote_to_bytes(name))
    parts = text.split("/")
    place = PurePosixPath(*parts)
    if len(parts) > _MAX_PARTS:
        raise ValueError("a name too long")
    if encoded(place) != name or any(not _is_plain(part) for part in parts):
        raise ValueError("a name that leads elsewhere")
    if name in (SETTINGS, LIBRARY, KNOWN_CELLS, LABORATORY, WATCHED):
        return place
    within, last = parts[:2], parts[-1]
    hidden = [part for part in parts if part.startswith(".")]
    if within == ["data", "cases"] and len(parts) > 2:
        beside = (REMOVALS_NAME, INDEX_NAME, WATCH_NAME)
        fits = last.endswith((CASE_SUFFIX, f"{CASE_SUFFIX}-journal")) or last in beside
        fits = fits and hidden in ([], [INDEX_NAME])
    elif within == ["data", KEPT_DRAFTS]:
        fits = len(parts) == 3 and last.endswith(".txt") and not hidden
    else:
        fits = within == ["data", "profiles"] and len(parts) > 2 and last.endswith(".json")
        fits = fits and (not hidden or (hidden == [".removed"] and parts[2] == ".removed"))
    if not fits:
        raise ValueError("a file that no backup holds")
    return place


def _is_plain(part: str) -> bool:
    if part in ("", ".", "..") or "\0" in part or len(os.fsencode(part)) > _MAX_PART:
        return False
    # Where these mean something to the system: another drive, another stream, a device.
    return os.name != "nt" or not (set(part) & set('\\:*?"<>|') or part[-1] in " .")


class Archive:
    """An archive open for reading.

    Raises
    ------
    UserError
        When it is no archive of this program, cut short, from a newer version or not what it says.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with contextlib.ExitStack() as stack:
            try:
                file = stack.enter_context(plain_files.reading(path))
                self._zip = stack.enter_context(zipfile.ZipFile(file))
                self.manifest = self._read_manifest()
            except FileNotFoundError:
                raise UserError(
                    "There is no archive {path}.", "", "Choose another file.", path=path
                ) from None
            except UserError:
                raise
            except _FROM_ZIP as error:
                raise self._refused(error) from error
            self._open = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        self._open.close()

    def _refused(self, error: BaseException) -> UserError:
        return UserError(
            "The archive {path} cannot be used ({reason}).",
            "It is cut short, was changed after it was made, or is no backup of this program."
            " Nothing was restored.",
            "Take another copy of the backup.",
            path=self.path,
            reason=getattr(error, "strerror", None) or str(error) or type(error).__name__,
        )

    def _names(self) -> dict[str, zipfile.ZipInfo]:
        """The archive's files by name; ValueError where this program wrote no such archive."""
        infos = self._zip.infolist()
        if len(infos) > _MAX_FILES + 1:
            raise ValueError("too many files")
        for info in infos:
            mode = stat.S_IFMT(info.external_attr >> 16)
            if mode not in (0, stat.S_IFREG) or info.is_dir():
                raise ValueError("a link or a folder among its files")
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 0x1:
                raise ValueError("compressed or encrypted files")
            if info.file_size != info.compress_size:
                raise ValueError("sizes that cannot be")
        names = {info.filename: info for info in infos}
        if len(names) != len(infos) or MANIFEST not in names:
            raise ValueError("no list of its files" if len(names) == len(infos) else "a name twice")
        whole = self.path.stat().st_size
        if sum(i.file_size + _LEAST_OVERHEAD for i in infos) > whole:
            raise ValueError("more files than it has bytes")  # members that lie over each other
        if names[MANIFEST].file_size > _MAX_MANIFEST:
            raise ValueError("too many files")
        return names

    def _read_manifest(self) -> Manifest:
        names = self._names()
        obj = json.loads(self._zip.read(MANIFEST).decode("ascii"))
        if obj["format"] != FORMAT or type(obj["version"]) is not int:
            raise ValueError("another program's file")
        if obj["version"] > VERSION:
            raise UserError(
                "The archive {path} was made by a newer version of this program.",
                "",
                "Restore it with the newer version.",
                path=self.path,
            )
        files = tuple(_member(f) for f in obj["files"])
        listed = {m.name: m.size for m in files}
        if len(listed) != len(files) or {*listed, MANIFEST} != set(names):
            raise ValueError("its list names other files than it holds")
        if any(names[name].file_size != size for name, size in listed.items()):
            raise ValueError("a file of another size than its list says")
        places = [str(decoded(m.name)).casefold() for m in files]
        if os.name == "nt" and len(set(places)) != len(places):
            raise ValueError("a name twice")
        return Manifest(str(obj["created"]), str(obj["app_version"]), files)

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the list of files: the same as when it was made, or something was changed."""
        return hashlib.sha256(self._zip.read(MANIFEST)).hexdigest()

    def chunks(self, member: Member) -> Iterator[bytes]:
        """A file's bytes; UserError at the end when they are not those that the manifest names."""
        hashed, left = hashlib.sha256(), member.size
        try:
            with self._zip.open(member.name) as file:
                while left and (data := file.read(min(left, BYTES_AT_ONCE))):
                    left -= len(data)
                    hashed.update(data)
                    yield data
        except _FROM_ZIP as error:
            raise self._refused(error) from error
        if left or hashed.hexdigest() != member.sha256:
            raise self._refused(ValueError(f"{member.name}: it is not what was saved"))

    def verify(self, progress: Progress | None = None) -> None:
        """Read every file and compare it with the manifest; UserError at the first that differs.

        `progress` is called with bytes done and bytes in all; it may raise to stop.
        """
        done, total = 0, self.manifest.size
        for member in self.manifest.files:
            for data in self.chunks(member):
                done += len(data)
                if progress is not None:
                    progress(done, total)


def _member(obj: dict[str, object]) -> Member:
    member = Member(**obj)  # type: ignore[arg-type]  # checked below
    if not (
        type(member.name) is str
        and type(member.sha256) is str
        and type(member.size) is int
        and type(member.damaged) is bool
        and member.size >= 0
    ):
        raise ValueError("its list of files")
    return member
