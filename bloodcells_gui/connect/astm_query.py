"""Ask a laboratory system for the order of a specimen: an ASTM E1394 query (Q record) in E1381 frames."""

from __future__ import annotations

import time
from collections.abc import Callable

from bloodcells_gui.connect.astm_link import Waits, receive_message, send_message
from bloodcells_gui.connect.astm_orders import astm_orders
from bloodcells_gui.connect.astm_records import escape, header, record
from bloodcells_gui.connect.hl7_query import ANOTHER_SPECIMEN
from bloodcells_gui.connect.hl7_result import APPLICATION, PRODUCTION
from bloodcells_gui.connect.peer import Unreached, connected, shown_bytes
from bloodcells_gui.domain.connecting import OrderSource
from bloodcells_gui.domain.errors import InvalidValue
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.orders import Order

_MOST_MESSAGES = 5


def astm_query(source: OrderSource, specimen: str, control: str, moment: str, software: str) -> bytes:
    """The records of the query: all tests of one specimen (Q-3 is patient^specimen)."""
    sender = f"{APPLICATION}^{escape(software)}"
    head = header(control, sender, escape(source.application), moment, PRODUCTION)
    asked = record("Q", {2: "1", 3: f"^{escape(specimen)}", 5: "^^^ALL", 13: "O"})
    return f"{head}\r{asked}\rL|1|N\r".encode()


def ask_astm(
    source: OrderSource,
    specimen: str,
    query: bytes,
    stop: Callable[[], bool],
    waits: Waits | None = None,
    *,
    came: list[bytes] | None = None,
) -> list[Order]:
    """The orders of a specimen; none where the peer says that it has none; `came` gets its messages.

    Raises
    ------
    Unreached
        When no answer to this question came in time, it cannot be read, or is for another specimen.
    """
    until = time.monotonic() + source.timeout_s
    with connected(source.peer, stop) as peer:
        send_message(peer, query, float(source.timeout_s), until, waits)
        other = ""
        for _ in range(_MOST_MESSAGES):
            try:
                data = receive_message(peer, until)
            except Unreached as error:
                if other:
                    raise Unreached(ANOTHER_SPECIMEN, other=other) from error
                raise
            if came is not None:
                came.append(data)
            try:
                orders = astm_orders(data, source.name)
            except InvalidValue as error:
                text = N_("the answer of the peer cannot be read: {reason}; it begins with {data}")
                raise Unreached(text, reason=error.reason, data=shown_bytes(data)) from error
            own = [order for order in orders if order.is_of(specimen)]
            if own or not orders:
                return own
            other = orders[0].specimen[:40]
    raise Unreached(ANOTHER_SPECIMEN, other=other)
