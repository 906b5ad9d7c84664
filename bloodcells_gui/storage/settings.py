"""The laboratory's settings as one readable JSON file."""

from __future__ import annotations

import contextlib
import json
import logging
from pathlib import Path

from bloodcells_gui.domain.errors import InvalidValue, OutputNotWritable, UserError, reason_of
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.settings import LabSettings, parse, to_json_obj
from bloodcells_gui.domain.validation import WHOLE_FILE, SettingProblem
from bloodcells_gui.imaging.io.plain_files import read_bytes
from bloodcells_gui.storage.atomic_io import write_whole

_MAX_BYTES = 4 * 1024**2
_log = logging.getLogger(__name__)


def load(path: Path, *, missing_ok: bool = True) -> tuple[LabSettings, list[SettingProblem]]:
    """Settings from a file, and what fell back to its default.

    A missing file gives the defaults when `missing_ok`; an unreadable one gives them with a problem, so that
    the program always starts.

    Raises
    ------
    UserError
        Only when not `missing_ok`: the file a person chose cannot be used.
    """
    try:
        data = read_bytes(path, _MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise InvalidValue("too large")
        obj = json.loads(data.decode("utf-8"))
        # An escaped lone surrogate is JSON, but no text that could be written again.
        obj = json.loads(json.dumps(obj, ensure_ascii=False).encode("utf-8", "replace"))
    except FileNotFoundError as error:
        if missing_ok:
            return LabSettings(), []
        raise _unusable(path, Reason("there is no such file")) from error
    except (OSError, ValueError, RecursionError) as error:
        reason = unreadable(error)
        if not missing_ok:
            raise _unusable(path, reason) from error
        _log.warning("the settings cannot be read: defaults are used", exc_info=error)
        return LabSettings(), [SettingProblem(path.name, reason, WHOLE_FILE)]
    settings, problems = parse(obj)
    if problems:
        _log.warning("%d settings are not used: their defaults are", len(problems))
    return settings, problems


def save(path: Path, settings: LabSettings) -> None:
    """Write the settings, whole or not at all; OutputNotWritable when that is not possible.

    What stood there before, readable or not, is kept beside it (``settings.previous.json``).
    """
    text = json.dumps(to_json_obj(settings), ensure_ascii=False, indent=2, sort_keys=False) + "\n"
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        old = read_bytes(path, _MAX_BYTES + 1) if path.exists() else b""
        if 0 < len(old) <= _MAX_BYTES and old != text.encode():
            with contextlib.suppress(OutputNotWritable):
                write_whole(path.with_suffix(".previous.json"), old)
    write_whole(path, text.encode())


def unreadable(error: OSError | ValueError | RecursionError) -> Reason:
    """Why a JSON file could not be read, in words."""
    if isinstance(error, OSError):
        return Reason("{reason}", (("reason", error.strerror or str(error)),))
    if isinstance(error, json.JSONDecodeError):
        return Reason("it is damaged at line {line}", (("line", str(error.lineno)),))
    if isinstance(error, UnicodeDecodeError):
        return Reason("it is no text")
    if isinstance(error, RecursionError):
        return Reason("it is nested too deeply")
    return reason_of(error)


def _unusable(path: Path, reason: Reason) -> UserError:
    return UserError(
        "The settings in {path} cannot be used.",
        "{reason}.",
        "Choose a file that was exported by this program.",
        path=path,
        reason=reason,
    )
