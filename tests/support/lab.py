"""How tests reach a laboratory's database, whichever engine it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.case_folder import set_folder
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.pool import LabPool
from bloodcells_gui.storage.lab.worklist import SharedWorklist
from bloodcells_gui.storage.worklist import Worklist
from bloodcells_gui.storage.worklist_lines import CaseList


class Connect(Protocol):
    """Opens connections to one laboratory."""

    address: str

    def __call__(self) -> LabDatabase: ...


class Opened(Protocol):
    """Opens the list of a folder of cases, as a station has it."""

    def __call__(self, folder: Path, station: str = "bench-1", **more: Any) -> CaseList: ...


Station = Callable[..., "StationList"]


class StationList(SharedWorklist):
    """A station's list, with connections of its own."""

    def close(self) -> None:
        super().close()
        self.pool.close()

    pool: LabPool


def shared_list(url: str, folder: Path, station: str, beside: Path | None = None, **more: Any) -> StationList:
    """The list of the laboratory at `url`, which is made on first use, as a station has it."""
    with LabDatabase(url, make=True) as database:
        schema.create(database, "1.0")
        where = set_folder(database, folder)
    own, pool = Worklist(folder, place=beside, in_memory=beside is None, **more), LabPool(url)
    made = StationList(pool, folder, where.mark, own, station=station, **more)
    made.pool = pool
    return made
