"""Make a report with one version of the settings, though another may come meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar, cast

from bloodcells_gui.domain.settings import LabSettings

P = ParamSpec("P")
R = TypeVar("R")
_held: ContextVar[LabSettings | None] = ContextVar("held_settings", default=None)


class _HasSettings(Protocol):
    @property
    def settings(self) -> LabSettings: ...


S = TypeVar("S", bound=_HasSettings)


def held_or(settings: LabSettings) -> LabSettings:
    """The settings that this thread holds on to, else `settings`."""
    return _held.get() or settings


@contextlib.contextmanager
def hold(settings: LabSettings) -> Iterator[None]:
    """Until the end of a `with`, this thread sees no other settings."""
    before = _held.set(settings)
    try:
        yield
    finally:
        _held.reset(before)


def with_one_version(make: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """What is made of a session sees the settings of the moment in which it began."""

    @wraps(make)
    def made(session: S, *args: P.args, **kwargs: P.kwargs) -> R:
        with hold(session.settings):
            return make(session, *args, **kwargs)

    return cast("Callable[Concatenate[S, P], R]", made)
