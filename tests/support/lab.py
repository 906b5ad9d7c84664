"""How tests reach a laboratory's database, whichever engine it is."""

from __future__ import annotations

from typing import Protocol

from bloodcells_gui.storage.lab.database import LabDatabase


class Connect(Protocol):
    """Opens connections to one laboratory."""

    address: str

    def __call__(self) -> LabDatabase: ...
