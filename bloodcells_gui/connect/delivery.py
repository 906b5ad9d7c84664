"""Bring one message to its destination: a folder, or a peer on the network."""

from __future__ import annotations

import os
from pathlib import Path

from bloodcells_gui.connect.astm_link import send_astm
from bloodcells_gui.connect.mllp import send_hl7
from bloodcells_gui.connect.peer import Unreached
from bloodcells_gui.domain.connecting import ASTM, FHIR, FOLDER, HL7, Delivery, Destination
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.storage.atomic_io import write_whole

SUFFIXES = {HL7: ".hl7", ASTM: ".astm", FHIR: ".json"}


def deliver(destination: Destination, message: bytes, control_id: str) -> Delivery:
    """Send a message and say what became of it.

    Raises
    ------
    Unreached
        When it did not arrive, or nobody knows: it is to be sent again, under the same control id.
    """
    if destination.transport == FOLDER:
        return into_folder(destination, message, control_id)
    if destination.format == ASTM:
        return send_astm(destination, message)
    return send_hl7(destination, message, control_id)


def into_folder(destination: Destination, message: bytes, control_id: str) -> Delivery:
    """Put a message into the destination's folder: it appears whole, under its control id.

    The folder is never made: a share that is not there must not become a folder that nobody empties.
    """
    folder = Path(destination.folder)
    if not folder.is_dir():
        raise Unreached(N_("there is no folder {path}"), path=destination.folder)
    path = folder / f"{control_id}{SUFFIXES[destination.format]}"
    try:
        write_whole(path, message)
    except UserError as error:
        raise Unreached("{reason}", reason=Reason(error.what, tuple(error.params.items()))) from error
    return Delivery(True, False, Reason(N_("written as {name}"), (("name", path.name),)))


def try_folder(destination: Destination) -> Delivery:
    """Write and remove a file in the destination's folder; raises as :func:`into_folder`."""
    delivery = into_folder(
        destination, b"bloodcells: a test of this folder\r\n", f".bloodcells-test-{os.getpid()}"
    )
    path = Path(destination.folder) / f".bloodcells-test-{os.getpid()}{SUFFIXES[destination.format]}"
    path.unlink(missing_ok=True)
    return Delivery(delivery.accepted, False, Reason(N_("a file was written and removed")))
