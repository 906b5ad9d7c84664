"""What the laboratory system says of a specimen number, shown before anything is begun."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QPushButton, QVBoxLayout, QWidget

from bloodcells_gui.domain.comparison import label_name
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.formatting import compact, labelled
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.orders import Order
from bloodcells_gui.domain.taxonomy import PLATELET
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, pgettext, tr
from bloodcells_gui.ui.jobs import Lookup, UnawaitedThreads
from bloodcells_gui.ui.labels import BoundedLabel, PlainLabel


class Orders(Protocol):
    """Where specimen numbers are looked up; see `app.order_lookup.OrderLookup`."""

    @property
    def skipped(self) -> list[Reason]: ...
    def look_up(self, number: str, stop: Callable[[], bool]) -> Order | None: ...


# Files and sources that are said; the rest is a number.
_MOST_NAMED = 3


class OrderLine(QWidget):
    """Patient and tests of an order, its problems, and whether it is used.

    An order without a problem is used unless a person says no; one with a problem only where a person says
    yes, having compared the patient with what lies on the bench.

    Signals
    -------
    looked()
        The answer to the last number is there, or is being waited for.
    """

    looked = Signal()

    def __init__(self, context: UiContext, orders: Orders, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._orders = orders
        self._stopped = threading.Event()
        self._asked: str | None = None
        self.order: Order | None = None
        self.pending = False
        self.words = BoundedLabel()
        self.compare = PlainLabel(tr("Use it only where name and birth date are those of the specimen."))
        self.compare.setObjectName("muted")
        self.compare.setWordWrap(True)
        self.use = QCheckBox(tr("&Use the order"))
        self.stop_button = QPushButton(tr("Do not &wait"))
        self.stop_button.setAutoDefault(False)
        self.stop_button.clicked.connect(lambda _=False: self.wait_no_longer())
        self.stop_button.hide()
        self._offer(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words)
        layout.addWidget(self.compare)
        layout.addWidget(self.use)
        layout.addWidget(self.stop_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._looks = Lookup(UnawaitedThreads(), self)
        self._looks.answered.connect(self._on_answer)
        self._looks.failed.connect(self._on_failure)

    @property
    def used(self) -> Order | None:
        """The order whose values go into the case."""
        return self.order if self.use.isChecked() else None

    def look_up(self, number: str, *, anew: bool = False) -> None:
        """Ask for a specimen number; the same one is asked for once unless `anew`."""
        number = number.strip()
        if number == self._asked and not anew:
            return
        self._asked = number
        self._stopped.set()
        self.order = None
        self.use.setChecked(False)
        self._offer(False)
        self.words.setText("")
        self.pending = bool(number)
        if number:
            self.words.setText(tr("Looking for the order…"))
            self.stop_button.show()
            orders, stopped = self._orders, threading.Event()
            self._stopped = stopped
            self._looks.ask(number, lambda: orders.look_up(number, stopped.is_set))
        else:
            self._settle()
            self._looks.forget()
        self.looked.emit()

    def wait_no_longer(self) -> None:
        """Go on without the order; what the sources still say is not heard."""
        self._stopped.set()
        self._looks.forget()
        self._settle()
        self.words.setText(tr("You did not wait for the order. Fill the case in by hand."))
        self.looked.emit()

    def _settle(self) -> None:
        self.pending = False
        self.stop_button.hide()

    def _on_answer(self, _number: object, order: Order | None) -> None:
        self._settle()
        self.order = order
        if order is None:
            self.words.setText("\n".join(self._said_none(self._said_skipped())))
        else:
            self.words.setText("\n".join([self._said(order), *self._said_skipped()]))
            self._offer(not order.empty)
            self.use.setChecked(not order.problems)
        self.looked.emit()

    def _on_failure(self, _number: object, error: object) -> None:
        self._settle()
        text = (
            error.text(self._context.language.lang) if isinstance(error, UserError) else type(error).__name__
        )
        self.words.setText("\n".join([_not_known(), text]))
        self.looked.emit()

    def _offer(self, offered: bool) -> None:
        self.compare.setVisible(offered)
        self.use.setVisible(offered)

    @staticmethod
    def _said_none(skipped: list[str]) -> list[str]:
        """Nothing was found; where something could not be asked or read, nobody knows."""
        if skipped:
            return [_not_known(), *skipped, tr("Fill the case in by hand, or scan the number again.")]
        return [tr("There is no order with this number. Fill the case in by hand.")]

    def _said_skipped(self) -> list[str]:
        """What could not be looked at: what is looked for may be there."""
        lang, skipped = self._context.language.lang, self._orders.skipped
        lines = [reason.text(lang) for reason in skipped[:_MOST_NAMED]]
        if more := len(skipped) - len(lines):
            lines.append(ngettext("{n} more was not looked at.", "{n} more were not looked at.", more))
        return lines

    def _said(self, order: Order) -> str:
        lang, day = self._context.language.lang, self._context.language.day
        patient = [order.field("patient_name"), order.field("patient_id")]
        if order.field("birth_date"):
            patient.append(tr("born {day}").format(day=day(order.field("birth_date"))))
        patient.append(order.field("sex"))
        named = ", ".join(p for p in patient if p)
        lines = []
        if named or not order.problems:  # else what is to be checked says why nobody is named
            lines.append(labelled(pgettext("laboratory", "Order"), named or "–", lang))
        if order.tests:
            lines.append(labelled(tr("Asked for"), ", ".join(order.tests[:6]), lang))
        if order.number or order.field("requester"):
            asked = ", ".join(p for p in (order.number, order.field("requester")) if p)
            lines.append(labelled(tr("Order number"), asked, lang))
        text = self._context.language.text
        found = [f"{text(label_name(n))} {compact(value, lang)} %" for n, value in order.shares]
        for name, count, unit in (
            (PLATELET, order.platelets, "10⁹/L"), ("RBC", order.rbc, "10¹²/L"), ("WBC", order.wbc, "10⁹/L"),
        ):  # fmt: skip
            if count is not None:
                found.insert(0, f"{name} {compact(count, lang)} {unit}")
        if found:
            lines.append(labelled(tr("Analyser"), ", ".join(found), lang))
        if order.flags:
            lines.append(labelled(tr("Flags of the analyser"), ", ".join(order.flags), lang))
        lines += [labelled(tr("Please check"), p.text(lang), lang) for p in order.problems]
        return "\n".join(lines)

    def stop(self) -> None:
        """Deliver nothing any more, and wait for no source."""
        self._stopped.set()
        self._looks.close()


def _not_known() -> str:
    return tr("It is not known whether there is an order with this number.")
