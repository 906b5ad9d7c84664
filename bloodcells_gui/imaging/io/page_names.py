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


def split_name(name: str) -> tuple[str, str]:
    """A relative name without the number of a picture in the file, and that number ("#3"; "" for none)."""
    found = _NUMBER.search(name)
    return (name[: found.start()], found.group()) if found else (name, "")


def page_path(path: Path, number: int) -> Path:
    """The path of picture `number` (from 1) of a file that holds several."""
    return path.with_name(f"{path.name}#{number}")


def with_suffix(name: str, suffix: str) -> str:
    """A relative name with another suffix; the pictures of one file keep their numbers: `stack#3.png`."""
    file, number = split_name(name)
    path = PurePosixPath(file)
    return str(path.with_name(f"{path.stem}{number}{suffix}"))
