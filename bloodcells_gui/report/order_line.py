"""The order that a case answers, as its report keeps it for the message of the result."""

from __future__ import annotations

from dataclasses import dataclass

from bloodcells_gui.domain.orders import ORDER_COLLECTED, ORDER_NUMBER, ORDER_REQUESTER
from bloodcells_gui.domain.review import SpecimenData


@dataclass(frozen=True, slots=True)
class OrderLine:
    """Number of the order (placer), who asked in components of HL7 (XCN), and the time of the draw,
    YYYYMMDDHHMM[SS][+ZZZZ]."""

    number: str = ""
    requester: str = ""
    collected: str = ""


def order_of(data: SpecimenData) -> OrderLine | None:
    """What the order said; None without one."""
    names = (ORDER_NUMBER, ORDER_REQUESTER, ORDER_COLLECTED)
    found = OrderLine(*(data.fields.get(name, "").strip() for name in names))
    return found if found != OrderLine() else None
