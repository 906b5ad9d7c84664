"""Orders for the form of a new analysis, without a folder or a source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.orders import Order


@dataclass
class ListedOrders:
    """Gives what `answer` says of a number; `stops` are the questions whether to go on, the newest last."""

    answer: Callable[[str], Order | None]
    skipped: list[Reason] = field(default_factory=list)
    stops: list[Callable[[], bool]] = field(default_factory=list)

    def look_up(self, number: str, stop: Callable[[], bool]) -> Order | None:
        self.stops.append(stop)
        return self.answer(number)
