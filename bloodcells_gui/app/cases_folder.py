"""Where this station has the cases: its own folder, or the laboratory's, which the database names.

What the database said last is kept on the station, for starts without it. A laboratory's folder is never
made here: where it is not, a share is missing.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.app.lab_link import LabLink
from bloodcells_gui.domain.errors import UserError, system_reason
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.imaging.io.plain_files import read_bytes
from bloodcells_gui.storage.atomic_io import write_whole
from bloodcells_gui.storage.lab.case_folder import CaseFolder, check_folder, folder_of, mark_of
from bloodcells_gui.storage.lab.pool import LabPool

COPY_NAME = "laboratory.json"
_MOST_BYTES = 64 * 1024
_QUIET_S = 20.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Where:
    """The folder of cases.

    Attributes
    ----------
    mark : str
        Of the laboratory's folder; "" for a folder of this station alone.
    shared : bool
        Whether there is a laboratory's database: nothing of SQLite but cases lies in the folder then.
    known : bool
        False where only the database could say which folder it is, and has never answered.
    """

    path: Path
    mark: str = ""
    shared: bool = False
    known: bool = True


class CasesFolder:
    """Gives the folder of cases. Thread-safe; quick once the database has answered.

    Parameters
    ----------
    home : Path
        Of the station's own data.
    lab : LabLink
    settings : callable
        The settings of the moment; their `cases_folder` is where this station has the laboratory's folder.
    """

    def __init__(self, home: Path, lab: LabLink, settings: Callable[[], LabSettings]) -> None:
        self._home, self._lab, self._settings = home, lab, settings
        self._lock = threading.Lock()
        self._of: tuple[str, str] = ("", "")
        self._where: Where | None = None
        self._not_before = 0.0

    @property
    def lab(self) -> LabPool | None:
        """Ways to the laboratory's database; None for a workstation on its own."""
        return self._lab.pool()

    @property
    def path(self) -> Path:
        """The folder, whether it is there or not."""
        return self.where().path

    def where(self) -> Where:
        """The folder as it is known now; the database is asked where nothing is known of it."""
        address = self._lab.address()
        if not address:
            return Where(self._home / "cases")
        own = self._settings().cases_folder
        with self._lock:
            if self._where is not None and self._of == (address, own):
                return self._where
            same = self._of == (address, own)
        if same and time.monotonic() < self._not_before:
            return self._unknown(own)
        kept = self._kept(address)
        if kept is None:
            return self.ask()
        return self._use(address, own, kept)

    def ask(self) -> Where:
        """Ask the database anew; what was known before where it does not answer."""
        address, own, pool = self._lab.address(), self._settings().cases_folder, self._lab.pool()
        if pool is None:
            return self.where()
        try:
            with pool.database() as database:
                found = folder_of(database)
        except UserError as error:
            _log.warning("the laboratory's folder of cases cannot be asked for", exc_info=error)
            with self._lock:
                known = self._where if self._of == (address, own) else None
                self._of, self._where, self._not_before = (address, own), known, time.monotonic() + _QUIET_S
            kept = self._kept(address) if known is None else None
            if kept is not None:
                return self._use(address, own, kept)
            return known or self._unknown(own)
        if found != self._kept(address):
            self._keep(address, found)
        return self._use(address, own, found)

    def _use(self, address: str, own: str, found: CaseFolder) -> Where:
        path = Path(own or found.path).expanduser() if found.path else self._home / "cases"
        where = Where(path.absolute(), found.mark, shared=True)
        with self._lock:
            self._of, self._where = (address, own), where
        return where

    def _unknown(self, own: str) -> Where:
        if not own:
            return Where(self._home / "cases", shared=True, known=False)
        # The folder says itself that it is a laboratory's.
        path = Path(own).expanduser().absolute()
        mark = mark_of(path)
        return Where(path, mark, shared=True, known=bool(mark))

    def ready(self) -> Path:
        """The folder, ready for a new case.

        Raises
        ------
        UserError
            The laboratory's folder is not known, not there or another laboratory's; or that of this station
            cannot be made.
        """
        where = self.where()
        if not where.known:
            raise UserError(
                "It is not known where the laboratory's cases lie.",
                "Its database has not answered since this station has its address.",
                "Check the network and the address in the settings (General).",
            )
        if where.mark:
            check_folder(where.path, where.mark)
            return where.path
        try:
            where.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                "The folder of cases {path} cannot be made.",
                "{why}.",
                "Free some space or set another folder with the variable BLOODCELLS_HOME.",
                path=where.path,
                why=system_reason(error),
            ) from error
        return where.path

    # -- the copy --------------------------------------------------------------------------------------

    def _kept(self, address: str) -> CaseFolder | None:
        try:
            obj = json.loads(read_bytes(self._home / COPY_NAME, _MOST_BYTES))
            if obj["address"] != address:
                return None
            return CaseFolder(str(obj["folder"]), str(obj["mark"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def _keep(self, address: str, found: CaseFolder) -> None:
        text = json.dumps({"address": address, "folder": found.path, "mark": found.mark})
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            write_whole(self._home / COPY_NAME, text.encode("ascii"))
        except (OSError, UserError) as error:
            _log.warning("the laboratory's folder of cases cannot be remembered", exc_info=error)
