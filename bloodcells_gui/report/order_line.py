"""The order that a case answers, as its report keeps it for the message of the result."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bloodcells_gui.domain.differential import LATER
from bloodcells_gui.domain.orders import (
    ORDER_AUTHORITY,
    ORDER_COLLECTED,
    ORDER_NUMBER,
    ORDER_REQUESTER,
    identity_of,
    identity_of_order,
    taken_back,
)
from bloodcells_gui.domain.review import SpecimenData


@dataclass(frozen=True, slots=True)
class OrderLine:
    """What the message of the result takes from the order.

    Attributes
    ----------
    number : str
        Of the order (placer).
    requester : str
        Who asked, in components of HL7 (XCN).
    collected : str
        Time of the draw, YYYYMMDDHHMM[SS][+ZZZZ].
    authority : str
        Who gave out the number of the patient, in components of HL7 (HD); "" where that is not the order's.
    another : tuple of str
        Fields of the form that still say what the order of another patient or specimen said: not sent.
    """

    number: str = ""
    requester: str = ""
    collected: str = ""
    authority: str = field(default="", metadata=LATER)
    another: tuple[str, ...] = field(default=(), metadata=LATER)


def order_of(data: SpecimenData, specimen: str) -> OrderLine | None:
    """What the order said; None without one.

    Where the case names another patient or specimen than its order did, only what a person entered since.
    """
    fields = {name: text.strip() for name, text in data.fields.items()}
    number, requester, collected = (
        fields.get(n, "") for n in (ORDER_NUMBER, ORDER_REQUESTER, ORDER_COLLECTED)
    )
    found = OrderLine(number, requester, collected)
    whose, now = identity_of_order(fields), identity_of(specimen, fields)
    if whose is not None and whose.is_another(now):
        another = taken_back(specimen, fields)
        found = OrderLine("" if ORDER_NUMBER in another else found.number, another=another)
    if whose is not None and whose.patient == now.patient:
        found = replace(found, authority=fields.get(ORDER_AUTHORITY, ""))
    return found if found != OrderLine() else None
