"""Archives that a stranger could have made: each must be refused in words, and nothing of it be written."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bloodcells_gui.storage.archive import FORMAT, MANIFEST

GOOD = b'{"a": 1}'


def listed(name: str, data: bytes, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "damaged": False,
        **more,
    }


def forged(
    path: Path,
    members: list[tuple[Any, bytes]],
    files: Any = None,
    *,
    method: int = zipfile.ZIP_STORED,
    **more: Any,
) -> Path:
    """An archive with members and a list of files of one's own choice."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for info, data in members:
            archive.writestr(info, data)
        if files is None:
            files = [listed(i if isinstance(i, str) else i.filename, d) for i, d in members]
        obj = {
            "format": FORMAT,
            "version": 1,
            "created": "2026-01-01T00:00:00Z",
            "app_version": "9",
            "files": files,
        }
        archive.writestr(MANIFEST, json.dumps({**obj, **more}))
    return path


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("data/profiles/lab/0001.json")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def _raw_manifest(path: Path, data: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MANIFEST, data)
    return path


def _plain_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config/settings.json", GOOD)
    return path


def _bytes(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _pipe(path: Path) -> Path:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    os.mkfifo(path)
    return path


def _overlapping(path: Path) -> Path:
    """A thousand names for one member: a megabyte that would become a gigabyte."""
    data = b"0" * 1_000_000
    names = [f"data/profiles/p/{n:04d}.json" for n in range(1000)]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(names[0], data)
        first = archive.infolist()[0]
        files = [listed(n, data) for n in names]
        obj = {"format": FORMAT, "version": 1, "created": "", "app_version": "", "files": files}
        archive.writestr(MANIFEST, json.dumps(obj))
        for name in names[1:]:
            info = zipfile.ZipInfo(name)
            info.header_offset, info.CRC = first.header_offset, first.CRC
            info.file_size = info.compress_size = len(data)
            archive.filelist.append(info)
            archive.NameToInfo[name] = info
    return path


FORGED: dict[str, Callable[[Path], Path]] = {
    **{
        f"the name {name!r}": lambda p, name=name: forged(p, [(name, GOOD)])  # type: ignore[misc]
        for name in (
            "../evil.json", "/etc/evil.json", "data/../../evil.json", "data/cases/../../../evil.bcs",
            "data/cases/%2e%2e/%2e%2e/evil.bcs", "data/cases/..%2f..%2fevil.bcs", "data/cases/.ssh/a.bcs",
            "data/cases/a.sh", "data/evil.bcs", "config/evil.json", "config/settings.json/a.json",
            "data/profiles/.removed/../../../a.json", "data/profiles/a/.b/c.json", "data/cases//a.bcs",
            "data/cases/./a.bcs", "data/cases/a%00.bcs", "DATA/cases/a.bcs", "data/cases/%61.bcs",
            "data/cases/" + "a" * 300 + ".bcs", "data", "data/cases",
        )
    },
    "a link": lambda p: forged(p, [(link(), b"/etc/passwd")]),
    "a folder": lambda p: forged(p, [("data/profiles/lab/", b"")]),
    "compressed members": lambda p: forged(
        p, [("data/profiles/lab/0001.json", b"0" * 50_000_000)], method=zipfile.ZIP_DEFLATED
    ),
    "another hash": lambda p: forged(
        p, [("config/settings.json", GOOD)], [listed("config/settings.json", b"other!!!")]
    ),
    "another size": lambda p: forged(
        p, [("config/settings.json", GOOD)], [listed("config/settings.json", GOOD, size=3)]
    ),
    "a huge size": lambda p: forged(
        p, [("config/settings.json", GOOD)], [listed("config/settings.json", GOOD, size=10**300)]
    ),
    "a size that is no number": lambda p: forged(
        p, [("config/settings.json", GOOD)], [listed("config/settings.json", GOOD, size="8")]
    ),
    "a negative size": lambda p: forged(
        p, [("config/settings.json", GOOD)], [listed("config/settings.json", GOOD, size=-1)]
    ),
    "a file too many": lambda p: forged(p, [("config/settings.json", GOOD)], []),
    "a file too few": lambda p: forged(p, [], [listed("config/settings.json", GOOD)]),
    "a file listed twice": lambda p: forged(
        p, [("config/settings.json", GOOD)], [listed("config/settings.json", GOOD)] * 2
    ),
    "a list of nonsense": lambda p: forged(p, [], "all of it"),
    "a list of numbers": lambda p: forged(p, [], [1, 2]),
    "a deep list": lambda p: _raw_manifest(p, b"[" * 200_000),
    "a list that is no JSON": lambda p: _raw_manifest(p, b"\xff\xfe"),
    "another format": lambda p: forged(p, [("config/settings.json", GOOD)], format="tar"),
    "a newer version": lambda p: forged(p, [("config/settings.json", GOOD)], version=3),
    "a version of nonsense": lambda p: forged(p, [("config/settings.json", GOOD)], version=True),
    "no list": _plain_zip,
    "members over each other": _overlapping,
    "an empty file": lambda p: _bytes(p, b""),
    "no archive": lambda p: _bytes(p, b"PK\x03\x04" + b"\0" * 1000),
    "an end without a beginning": lambda p: _bytes(
        p, struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 9, 9, 10**6, 0, 0)
    ),
    "a folder in its place": _folder,
    "a pipe in its place": _pipe,
}  # fmt: skip
