"""Cases that several stations see: read as of one moment, and told when another one writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.write_lease import CaseChanged

__all__ = ["CaseChanged", "changed_elsewhere", "lost_case", "read_at_one_moment"]

_ATTEMPTS = 3


def read_at_one_moment(path: Path, session_of: Callable[[CaseStore], CaseSession]) -> CaseSession:
    """The case at `path` for reading; later reads of it are refused once somebody has written to it.

    Was it written while it was read, it is read again; the last time the writer waits for that moment.

    Raises
    ------
    UserError
        As :meth:`CaseStore.open`.
    """
    for attempt in range(_ATTEMPTS + 1):
        store = CaseStore.open(path, read_only=True)
        store.pin()
        try:
            if attempt < _ATTEMPTS:
                return session_of(store)
            with store.unchanging():
                return session_of(store)
        except CaseChanged:
            store.close()
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError


def lost_case(session: CaseSession) -> UserError | None:
    """Why nothing more is saved in the case from here, in words; None while it is. Thread-safe."""
    lease = session.store.lease
    return None if lease is None else lease.lost()


def changed_elsewhere(session: CaseSession) -> CaseChanged | None:
    """That somebody wrote the case since it was opened for reading here, in words. Thread-safe.

    Raises
    ------
    UserError
        When its file cannot be reached.
    """
    if session.read_only and session.store.changed_elsewhere():
        return CaseChanged(session.path)
    return None
