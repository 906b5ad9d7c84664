"""Names for the pictures in one file: `stack.tif#3` is the third picture of `stack.tif`."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

_NUMBER = re.compile(r"(?<=[^#/\\])#([1-9][0-9]{0,4})$")


def split_page(path: Path) -> tuple[Path, int]:
    """The file, and which of its pictures `path` names (from 1); 0 when it names the file itself.

    A file that is really called so is itself.
    """
    found = _NUMBER.search(path.name)
    if found is None or os.path.lexists(path):
        return path, 0
    return path.with_name(path.name[: found.start()]), int(found[1])


def page_path(path: Path, number: int) -> Path:
    """The path of picture `number` (from 1) of a file that holds several."""
    return path.with_name(f"{path.name}#{number}")


def with_suffix(name: str, suffix: str) -> str:
    """A relative name with another suffix; the pictures of one file keep their numbers: `stack#3.png`."""
    path = PurePosixPath(name)
    found = _NUMBER.search(path.name)
    if found is None:
        return str(path.with_suffix(suffix))
    file = path.with_name(path.name[: found.start()])
    return str(file.with_name(f"{file.stem}{found.group()}{suffix}"))
