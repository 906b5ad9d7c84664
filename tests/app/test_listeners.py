"""Listeners hear every change in their order until they unsubscribe, also while one is being told."""

from __future__ import annotations

from bloodcells_gui.app.listeners import Listeners
from bloodcells_gui.domain.review import Change


def test_listeners_hear_changes_until_they_leave() -> None:
    heard: list[tuple[str, Change]] = []
    listeners = Listeners()
    leave_first = listeners.subscribe(lambda change: heard.append(("first", change)))
    listeners.subscribe(lambda _: leave_first() if len(heard) == 1 else None)
    listeners.subscribe(lambda change: heard.append(("last", change)))
    one, two = Change(cells=(1,)), Change(red_cells=(2,))
    listeners.tell(one)
    listeners.tell(two)
    assert heard == [("first", one), ("last", one), ("last", two)]
