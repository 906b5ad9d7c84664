"""Compare the computer's clock with the dates of the work on it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bloodcells_gui.domain import clock
from bloodcells_gui.domain.clock import ClockDoubt
from bloodcells_gui.domain.file_names import CASE_SUFFIX

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession

_MOST_FILES = 5000


def newest_work(folder: Path, others: Iterable[Path], since: str) -> str:
    """When work before `since` last touched the cases of a folder or other files; "" for never.

    What was written since then has the time of the very clock that is in doubt; what is dated later than
    now was written before all the same.
    """
    places = list(others)
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            if entry.name.endswith(CASE_SUFFIX) and len(places) < _MOST_FILES:
                places.append(Path(entry.path))
    now = _written(datetime.now(UTC).timestamp())
    times = [t for p in places if (t := _time_of(p)) and not since <= t <= now]
    return max(times, default="")


def _time_of(path: Path) -> str:
    try:
        return _written(path.stat().st_mtime)
    except (OSError, ValueError, OverflowError):
        return ""


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock_doubt(session: CaseSession) -> ClockDoubt | None:
    """What speaks against the clock, from the entries of the case and other work.

    Dates of images say nothing: those of an archive are old.
    """
    store = session.store
    own = [store.created, session.state.last_time, *(r.finished or r.started for r in session.runs)]
    before = [t for t in own if t and t < session.started]
    return clock.clock_doubt(session.clock(), session.state.last_time, [*before, session.earlier_work()])
