"""Who wants to know what changes in a case."""

from __future__ import annotations

from collections.abc import Callable

from bloodcells_gui.domain.review import Change

Listener = Callable[[Change], None]


class Listeners:
    """Tells everyone who subscribed, in their order, on the thread that tells."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every change; the result unsubscribes."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, change: Change) -> None:
        """Tell the listeners of a change."""
        for listener in tuple(self._listeners):
            listener(change)
