"""Look a specimen number up wherever orders come from: the folder, and the systems that are asked.

Nothing is reached where nobody set a source up.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

from bloodcells_gui import __version__
from bloodcells_gui.app.connection_test import Tried
from bloodcells_gui.app.orders import IncomingOrders
from bloodcells_gui.connect.astm_query import ask_astm, astm_query
from bloodcells_gui.connect.hl7_query import ask_hl7, order_query
from bloodcells_gui.connect.peer import Unreached
from bloodcells_gui.domain.connecting import ASTM, Connections, OrderSource
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.orders import Order, checked, merged
from bloodcells_gui.domain.review_state import utc_now

__all__ = ["OrderLookup", "ask_source", "try_source"]

#: Asked of a source to try it: no specimen has it.
TRIAL_NUMBER = "CONNECTION-TEST"
#: Characters of a peer's answer that a trial shows.
_MOST_SHOWN = 8_000
_log = logging.getLogger(__name__)


def never() -> bool:
    """Nobody stops it."""
    return False


@dataclass(frozen=True, slots=True)
class Question:
    """A question to a source: its control id, its time, and its bytes."""

    control: str
    moment: str
    data: bytes


def question(source: OrderSource, specimen: str) -> Question:
    """A new question for a specimen."""
    moment = "".join(c for c in utc_now() if c.isdigit())
    control = f"Q{secrets.token_hex(6).upper()}"
    if source.format == ASTM:
        return Question(control, moment, astm_query(source, specimen, control, moment, __version__))
    return Question(control, moment, order_query(source, specimen, control, moment))


def ask_source(
    source: OrderSource,
    specimen: str,
    stop: Callable[[], bool] = never,
    *,
    asked: Question | None = None,
    came: list[bytes] | None = None,
) -> list[Order]:
    """The orders that a source has for a specimen; Unreached where it gives no answer to the question.

    `asked` is the question where it was made before; `came` gets the messages of the peer.
    """
    asked = asked or question(source, specimen)
    if source.format == ASTM:
        return ask_astm(source, specimen, asked.data, stop, came=came)
    return ask_hl7(source, specimen, asked.control, asked.moment, stop, came)


class OrderLookup:
    """The orders of the folder and of the sources that are on.

    Parameters
    ----------
    connections : callable
        Gives what is set up.
    """

    def __init__(
        self, connections: Callable[[], Connections], today: Callable[[], date] = date.today
    ) -> None:
        self._connections = connections
        self._today = today
        self._folder = IncomingOrders(lambda: connections().orders)
        self._skipped: list[Reason] = []

    @property
    def any(self) -> bool:
        """Whether a folder or a source is set up; UserError when the connections cannot be read."""
        found = self._connections()
        return bool(found.orders or found.asked)

    @property
    def skipped(self) -> list[Reason]:
        """What could not be looked at in the last look, in sentences."""
        return self._skipped

    def look_up(self, number: str, stop: Callable[[], bool] = never) -> Order | None:
        """What is said of a specimen, with its problems named; None where nothing is.

        Parameters
        ----------
        number : str
        stop : callable
            Asked while a source is waited for; when it says so, the sources are waited for no longer.

        Raises
        ------
        UserError
            When the folder cannot be read, and no source says anything.
        """
        number = number.strip()
        if not number:
            return None
        skipped: list[Reason] = []
        found, failed = self._asked(number, stop, skipped), None
        try:
            found += self._folder.matching(number)
        except UserError as error:
            failed = error
        skipped += [
            Reason(N_("Skipped file {name}: {reason}."), (("name", name[:60]), ("reason", reason)))
            for name, reason in self._folder.unreadable
        ]
        self._skipped = skipped
        order = merged(found)
        if order is None and failed is not None:
            raise failed
        if failed is not None:
            skipped.insert(0, Reason(failed.what, tuple(failed.params.items())))
        return None if order is None else checked(order, self._today())

    def _asked(self, number: str, stop: Callable[[], bool], skipped: list[Reason]) -> list[Order]:
        sources = self._connections().asked
        if not sources:
            return []

        def ask(source: OrderSource) -> list[Order] | Reason:
            try:
                return ask_source(source, number, stop)
            except Unreached as error:
                _log.info("a source of orders gave no answer")
                return error.words

        with ThreadPoolExecutor(len(sources), thread_name_prefix="orders") as pool:
            answers = list(pool.map(ask, sources))
        skipped += _unanswered(sources, answers)
        return [order for answer in answers if not isinstance(answer, Reason) for order in answer]


def _unanswered(sources: Sequence[OrderSource], answers: Sequence[list[Order] | Reason]) -> list[Reason]:
    text = N_("{name} gave no order: {reason}.")
    return [
        Reason(text, (("name", source.name), ("reason", answer)))
        for source, answer in zip(sources, answers, strict=True)
        if isinstance(answer, Reason)
    ]


def try_source(source: OrderSource, specimen: str = TRIAL_NUMBER) -> Tried:
    """Ask a source for a specimen that nobody has, or for a given one; an answer of any kind is well."""
    asked, came = question(source, specimen), list[bytes]()
    text = asked.data.decode("utf-8").replace("\r", "\n")
    try:
        found = merged(ask_source(source, specimen, asked=asked, came=came))
    except Unreached as error:
        return Tried(False, text, error.words, _said(came))
    if found is None:
        none = N_("it answered: there is no order for {number}")
        return Tried(True, text, Reason(none, (("number", specimen),)), _said(came))
    tests = ", ".join(found.tests[:6]) or "–"
    some = N_("it answered with an order for {number}: {tests}")
    return Tried(True, text, Reason(some, (("number", specimen), ("tests", tests))), _said(came))


def _said(came: Sequence[bytes]) -> str:
    """What a peer sent, in lines without signs that a terminal acts on."""
    text = "\r".join(data.decode("utf-8", "replace") for data in came)[:_MOST_SHOWN]
    lines = text.replace("\n", "\r").split("\r")
    return "\n".join("".join(c if c.isprintable() else "·" for c in line) for line in lines if line)
