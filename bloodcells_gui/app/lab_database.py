"""Make the database that workstations of a laboratory share, and say how it is."""

from __future__ import annotations

import time

from bloodcells_gui import __version__
from bloodcells_gui.app.settings_keeper import settings_path
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.storage import settings as settings_store
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.leases import Leases

_MADE = N_("The laboratory's database is made (tables {number}, {engine} {version}).")
_UPGRADED = N_("The laboratory's database was brought from tables {before} to {number} ({engine} {version}).")
_THERE = N_("The laboratory's database is up to date already (tables {number}, {engine} {version}).")


def init(url: str, lang: str = "en") -> list[str]:
    """Make the tables or bring them up to date; what was done, one line each.

    Raises
    ------
    UserError
        The address is wrong, the server does not answer or is too old, or its tables are of a newer version.
    """
    with LabDatabase(url, make=True) as database:
        before, number = schema.create(database, __version__)
        said = _MADE if not before else _UPGRADED if before < number else _THERE
        versions = {"engine": database.engine, "version": database.server_version}
        return [
            tr(said, lang, before=before, number=number, **versions),
            tr(
                N_("Write this address into the settings (General) of each workstation: {url}"), lang, url=url
            ),
        ]


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
            )
        ]
    for lease in leases:
        said = N_("{name}: {station}, {reviewer}, last heard of {seconds} s ago")
        if lease.expired:
            said = N_("{name}: {station}, {reviewer}, not heard of for {seconds} s; free to be opened")
        values = {"name": lease.case_name, "station": lease.station, "reviewer": lease.reviewer or "?"}
        lines.append(tr(said, lang, seconds=max(0, round(lease.silent_s)), **values))
    return lines
