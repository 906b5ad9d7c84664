"""The workstation's connections to laboratory systems as one readable JSON file beside the settings.

It holds no secret: a key that proves this workstation to a peer stays in its own file, which is named here.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from bloodcells_gui.domain.connecting import Connections, connections_to_json, parse_connections
from bloodcells_gui.domain.errors import InvalidValue, UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.validation import SettingProblem
from bloodcells_gui.imaging.io.plain_files import read_bytes
from bloodcells_gui.storage.atomic_io import make_folder, write_whole
from bloodcells_gui.storage.settings import unreadable

CONNECTIONS_NAME = "connections.json"
UNUSED_NAME = "connections-before.json"
_MAX_BYTES = 1024**2


def load(path: Path) -> tuple[Connections, list[SettingProblem]]:
    """The connections, none where there is no such file, and what of it is not used.

    Raises
    ------
    UserError
        When the file cannot be read: nothing is sent then, rather than less than was set up.
    """
    try:
        data = read_bytes(path, _MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise InvalidValue("too large")
        return parse_connections(json.loads(data.decode("utf-8")))
    except FileNotFoundError:
        return Connections(), []
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            N_("The connections in {path} cannot be read."),
            N_("{reason}."),
            N_("Nothing is sent until the file is put right or moved away."),
            path=path,
            reason=unreadable(error),
        ) from error


def set_aside(path: Path) -> None:
    """Copy a file of which something is not used to `UNUSED_NAME`, before it is written anew without that.

    Raises
    ------
    UserError
        When the copy cannot be written.
    """
    try:
        if not load(path)[1]:
            return
    except UserError:
        pass
    with contextlib.suppress(OSError):
        write_whole(path.with_name(UNUSED_NAME), read_bytes(path, _MAX_BYTES + 1))


def save(path: Path, connections: Connections) -> None:
    """Write the connections, whole or not at all; OutputNotWritable when that is not possible."""
    make_folder(path.parent)
    text = json.dumps(connections_to_json(connections), ensure_ascii=False, indent=2) + "\n"
    write_whole(path, text.encode("utf-8", "replace"))
