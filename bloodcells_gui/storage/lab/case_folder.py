"""The laboratory's folder of cases: named in the database, marked by a small file within.

The mark tells that the folder is the laboratory's and is there: a share that is not mounted leaves an empty
folder, which must neither count as a laboratory without cases nor take a new one.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.domain.errors import UserError, system_reason
from bloodcells_gui.storage.atomic_io import write_whole
from bloodcells_gui.storage.lab.database import LabDatabase

MARK_NAME = ".bloodcells-laboratory"
_MARK = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class CaseFolder:
    """Where the laboratory's cases lie, as the database has it, and the mark within; "" for not known."""

    path: str = ""
    mark: str = ""


def folder_of(database: LabDatabase) -> CaseFolder:
    """The folder that the database names."""
    rows = database.query("SELECT folder, mark FROM bloodcells_folder")
    return CaseFolder(str(rows[0][0]), str(rows[0][1])) if rows else CaseFolder()


def check_usable(folder: Path) -> None:
    """UserError where `folder` is not there, or has no mark and none can be written; nothing is changed."""
    folder = folder.absolute()
    if not folder.is_dir():
        raise UserError(
            "There is no folder {path}.",
            "The folder of cases is not made: it might be in a wrong place.",
            "Mount the share, or make the folder there.",
            path=folder,
        )
    if not mark_of(folder) and not os.access(folder, os.W_OK):
        raise _not_writable(folder, system_reason(PermissionError(errno.EACCES, "")))


def set_folder(database: LabDatabase, folder: Path) -> CaseFolder:
    """Make `folder` the laboratory's: it gets a mark where it has none. Lines of another one are forgotten.

    Raises
    ------
    UserError
        It is not there, or cannot be written; nothing is changed then.
    """
    folder = folder.absolute()
    check_usable(folder)
    mark = mark_of(folder)
    if not mark:
        mark = secrets.token_hex(16)
        try:
            write_whole(folder / MARK_NAME, mark.encode("ascii"))
        except OSError as error:
            raise _not_writable(folder, system_reason(error)) from error
    with database.transaction():
        if folder_of(database).mark not in ("", mark):
            database.query("DELETE FROM bloodcells_cases")
        database.query(
            "UPDATE bloodcells_folder SET folder = ?, mark = ?, change = change + 1", str(folder), mark
        )
    return CaseFolder(str(folder), mark)


def _not_writable(folder: Path, why: object) -> UserError:
    return UserError("The folder of cases {path} cannot be written.", "{why}.", path=folder, why=why)


def mark_of(folder: Path) -> str:
    """The mark within a folder, "" for none."""
    try:
        with (folder / MARK_NAME).open("rb") as file:
            found = file.read(64).decode("ascii", "replace").strip()
    except OSError:
        return ""
    return found if _MARK.fullmatch(found) else ""


def check_folder(folder: Path, mark: str) -> None:
    """UserError where `folder` is not there, or is not the laboratory's."""
    found = mark_of(folder)
    if found == mark:
        return
    if found:
        raise UserError(
            "The folder {path} is another laboratory's.",
            "Cases of two laboratories must not come into one list.",
            "Correct the folder of cases or the database's address in the settings (General).",
            path=folder,
        )
    raise UserError(
        "The laboratory's folder of cases {path} is not there.",
        "The share may not be mounted, or this station knows it under another name.",
        "Mount it, or write its name on this station into the settings (General). Nothing was made there.",
        path=folder,
    )
