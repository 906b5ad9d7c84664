"""Make the database that workstations of a laboratory share, and say how it is."""

from __future__ import annotations

import time
from pathlib import Path

from bloodcells_gui import __version__
from bloodcells_gui.app.settings_keeper import settings_path
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.storage import settings as settings_store
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.case_folder import (
    CaseFolder,
    check_folder,
    check_usable,
    folder_of,
    set_folder,
)
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.leases import Leases

_MADE = N_("The laboratory's database is made (tables {number}, {engine} {version}).")
_UPGRADED = N_("The laboratory's database was brought from tables {before} to {number} ({engine} {version}).")
_THERE = N_("The laboratory's database is up to date already (tables {number}, {engine} {version}).")


def init(url: str, lang: str = "en", cases: Path | None = None) -> list[str]:
    """Make the tables or bring them up to date, and name the folder `cases`; what was done, one line each.

    Raises
    ------
    UserError
        The address is wrong, the server does not answer or is too old, or its tables are of a newer version;
        or the folder is not there or cannot be written, and nothing is made.
    """
    if cases is not None:
        check_usable(cases)
    with LabDatabase(url, make=True) as database:
        before, number = schema.create(database, __version__)
        said = _MADE if not before else _UPGRADED if before < number else _THERE
        versions = {"engine": database.engine, "version": database.server_version}
        if cases is not None:
            set_folder(database, cases)
        return [
            tr(said, lang, before=before, number=number, **versions),
            _folder_line(folder_of(database), lang),
            tr(
                N_("Write this address into the settings (General) of each workstation: {url}"), lang, url=url
            ),
        ]


def _folder_line(folder: CaseFolder, lang: str) -> str:
    if not folder.path:
        said = N_("No folder of cases is named: run lab init URL --cases FOLDER. Each station lists its own.")
        return tr(said, lang)
    try:
        check_folder(Path(folder.path), folder.mark)
    except UserError:
        said = N_("Folder of cases: {path}; on this station it is not there, or not the laboratory's")
        return tr(said, lang, path=folder.path)
    return tr(N_("Folder of cases: {path}"), lang, path=folder.path)


def no_database() -> UserError:
    """The refusal where no database is named."""
    return UserError(
        "This workstation has no laboratory's database.",
        "",
        "Name its address, or write it into the settings (General).",
    )


def status(url: str = "", lang: str = "en") -> list[str]:
    """Health and versions, and who is at which case, one line each; `url` of the settings when empty.

    Raises
    ------
    UserError
        As :func:`init`; also where no database is set, or it holds no laboratory of this version.
    """
    url = url or settings_store.load(settings_path())[0].lab_database
    if not url:
        raise no_database()
    began = time.monotonic()
    with LabDatabase(url) as database:
        schema.check(database)
        leases = Leases(database).all()
        took_ms = round((time.monotonic() - began) * 1000)
        facts = {"engine": database.engine, "version": database.server_version, "ms": took_ms}
        lines = [
            tr(
                N_("ok: {engine} {version}, tables {number}, program {program}, answered in {ms} ms"),
                lang,
                number=schema.NUMBER,
                program=__version__,
                **facts,
            ),
            _folder_line(folder_of(database), lang),
        ]
    for lease in leases:
        said = N_("{name}: {station}, {reviewer}, last heard of {seconds} s ago")
        if lease.expired:
            said = N_("{name}: {station}, {reviewer}, not heard of for {seconds} s; free to be opened")
        values = {"name": lease.case_name, "station": lease.station, "reviewer": lease.reviewer or "?"}
        lines.append(tr(said, lang, seconds=max(0, round(lease.silent_s)), **values))
    return lines
