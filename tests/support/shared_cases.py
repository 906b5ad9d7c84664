"""Stations that see no lock beside a case, as over some shares."""

from __future__ import annotations


class UnseenLock:
    """Takes the place of the lock beside a case."""

    after_crash = False

    def __init__(self, *_: object, **__: object) -> None: ...

    def held(self) -> bool:
        return True

    def note_lease(self) -> None: ...

    def release(self) -> None: ...
