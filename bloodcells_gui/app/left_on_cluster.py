"""Runs on a cluster whose window was killed: what workers had finished, what other windows are at."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from bloodcells_gui.app.cluster_attempt import WANTED, WHOLE, WINDOW
from bloodcells_gui.app.cluster_case import case_in
from bloodcells_gui.app.handed_over import names_in
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lock import holder_of
from bloodcells_gui.storage.write_lease import AskLease

_log = logging.getLogger(__name__)
_WANTED_BY_OTHERS_S = 60.0


def wanted_by_others(home: Path) -> frozenset[Path]:
    """Cases that a window, here or at another station, has on a cluster at this moment."""
    folders = [folder for folder in home.glob(".cluster-*") if _is_wanted(folder)]
    return frozenset(path for folder in folders for path in names_in(folder).values())


def _is_wanted(folder: Path) -> bool:
    window = folder / WINDOW
    try:
        if Path(f"{window}.lock").exists() and holder_of(window) is None:
            return False  # it was killed on this computer
        return time.time() - (folder / WANTED).stat().st_mtime < _WANTED_BY_OTHERS_S
    except OSError:
        return False


def place_left_results(home: Path, ask: Callable[[Path], AskLease | None]) -> int:
    """Put into their cases what workers had finished when the program was killed; how many.

    What does not continue its case any more is dropped: the case is handed over anew.
    """
    placed = 0
    for folder in home.glob(".cluster-*"):
        names = names_in(folder)
        if not names or _is_wanted(folder) or folder.is_symlink():
            continue
        for whole in sorted(folder.glob(f"*{WHOLE}")):
            number = whole.name[:5]
            path = names.get(int(number)) if number.isdigit() else None
            try:
                if path is not None:
                    with CaseStore.open(path, ask=ask(path)) as store:
                        store.continue_with(case_in(whole))
                    placed += 1
            except UserError as error:
                _log.warning("a result of the cluster is not used", exc_info=error)
        shutil.rmtree(folder, ignore_errors=True)
    return placed
