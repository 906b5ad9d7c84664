"""What the stations of the laboratory saw of a case, for whoever verifies it."""

from __future__ import annotations

import logging

from bloodcells_gui.app.settings_keeper import settings_path
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage import settings as settings_store
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.case_rows import seen_of
from bloodcells_gui.storage.lab.database import LabDatabase

_log = logging.getLogger(__name__)


def seen_by_stations(seed: str) -> tuple[int, str] | None:
    """How far the chain of a case, by its seed, had come; None for never, or where it cannot be asked."""
    url = settings_store.load(settings_path())[0].lab_database
    if not url:
        return None
    try:
        with LabDatabase(url) as database:
            schema.check(database)
            return seen_of(database, seed)
    except UserError as error:
        _log.warning("the laboratory's database cannot be asked about a case", exc_info=error)
        return None
