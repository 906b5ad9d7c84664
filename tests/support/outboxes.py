"""Workstations with an outbox, and counter cases that are signed on them."""

from __future__ import annotations

from pathlib import Path

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import amend, sign
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.connecting import TCP, Connections, Destination
from bloodcells_gui.domain.taxonomy import SEGMENTED
from tests.support.doubles import plain_engine

AT = "2026-03-02T11:00:00Z"


def workstation(home: Path, *destinations: Destination, confirmed: bool = True) -> Workspace:
    """A workspace with these destinations and a table of codes that somebody confirmed."""
    workspace = Workspace(plain_engine, home=home, config=home)  # type: ignore[arg-type]
    workspace.change_settings(target_cells=0)
    connections = Connections(destinations=destinations)
    if destinations:
        workspace.outbox.save_connections(connections.confirm("A. Dupont", AT) if confirmed else connections)
    return workspace


def at_port(port: int, **changes: object) -> Destination:
    """A destination on this computer."""
    settings = {"transport": TCP, "host": "127.0.0.1", "port": port, "timeout_s": 1, **changes}
    return Destination("LIS", **settings)  # type: ignore[arg-type]


def counted_case(workspace: Workspace, specimen: str = "S-1", cells: int = 3) -> CaseSession:
    """An open case of cells counted at the microscope."""
    session = workspace.new_counter_case(specimen)
    for _ in range(cells):
        session.count(SEGMENTED, 1)
    return session


def signed_session(workspace: Workspace, specimen: str = "S-1") -> CaseSession:
    """The same, signed."""
    session = counted_case(workspace, specimen)
    sign(session, "A. Dupont", "Reviewed and reported", "Short count.")
    return session


def amended(session: CaseSession) -> None:
    """Count another cell and sign a second version."""
    amend(session, "A. Dupont", "one more")
    session.count(SEGMENTED, 1)
    sign(session, "A. Dupont", "Amended report", "Short count.")
