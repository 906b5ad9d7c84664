"""What the laboratory system says of a specimen number, shown before anything is begun."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.orders import Order
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, pgettext, tr
from bloodcells_gui.ui.jobs import Lookup, UnawaitedThreads
from bloodcells_gui.ui.labels import PlainLabel

Orders = Callable[[str], Order | None]
Skipped = Callable[[], list[tuple[str, Reason]]]
# Names of files that are said; the rest is a number.
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

    def __init__(
        self, context: UiContext, orders: Orders, skipped: Skipped = list, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._orders = orders
        self._skipped = skipped
        self._asked: str | None = None
        self.order: Order | None = None
        self.pending = False
        self.words = PlainLabel()
        self.words.setWordWrap(True)
        self.compare = PlainLabel(tr("Use it only where name and birth date are those of the specimen."))
        self.compare.setObjectName("muted")
        self.compare.setWordWrap(True)
        self.use = QCheckBox(tr("&Use the order"))
        self._offer(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words)
        layout.addWidget(self.compare)
        layout.addWidget(self.use)
        self._looks = Lookup(UnawaitedThreads(), self)
        self._looks.answered.connect(self._on_answer)
        self._looks.failed.connect(self._on_failure)

    @property
    def used(self) -> Order | None:
        """The order whose values go into the case."""
        return self.order if self.use.isChecked() else None

    def look_up(self, number: str) -> None:
        """Ask for a specimen number; the same one is asked for once."""
        number = number.strip()
        if number == self._asked:
            return
        self._asked = number
        self.order = None
        self.use.setChecked(False)
        self._offer(False)
        self.words.setText("")
        self.pending = bool(number)
        if number:
            self.words.setText(tr("Looking for the order…"))
            orders = self._orders
            self._looks.ask(number, lambda: orders(number))
        else:
            self._looks.forget()
        self.looked.emit()

    def _on_answer(self, _number: object, order: Order | None) -> None:
        self.pending = False
        self.order = order
        if order is None:
            none = tr("There is no order with this number. Fill the case in by hand.")
            self.words.setText("\n".join([none, *self._said_skipped()]))
        else:
            self.words.setText("\n".join([self._said(order), *self._said_skipped()]))
            self._offer(bool(order.fields or order.shares or order.wbc or order.rbc))
            self.use.setChecked(not order.problems)
        self.looked.emit()

    def _on_failure(self, _number: object, error: object) -> None:
        self.pending = False
        text = (
            error.text(self._context.language.lang) if isinstance(error, UserError) else type(error).__name__
        )
        self.words.setText(text)
        self.looked.emit()

    def _offer(self, offered: bool) -> None:
        self.compare.setVisible(offered)
        self.use.setVisible(offered)

    def _said_skipped(self) -> list[str]:
        """Files that could not be read: what is looked for may stand there."""
        lang, skipped = self._context.language.lang, self._skipped()
        lines = [
            tr("Skipped file {name}: {reason}.").format(name=name[:60], reason=reason.text(lang))
            for name, reason in skipped[:_MOST_NAMED]
        ]
        if more := len(skipped) - len(lines):
            lines.append(ngettext("{n} more file was skipped.", "{n} more files were skipped.", more))
        return lines

    def _said(self, order: Order) -> str:
        lang, day = self._context.language.lang, self._context.language.day
        patient = [order.field("patient_name"), order.field("patient_id")]
        if order.field("birth_date"):
            patient.append(tr("born {day}").format(day=day(order.field("birth_date"))))
        patient.append(order.field("sex"))
        lines = [labelled(pgettext("laboratory", "Order"), ", ".join(p for p in patient if p) or "–", lang)]
        if order.tests:
            lines.append(labelled(tr("Asked for"), ", ".join(order.tests[:6]), lang))
        found = [f"{name} {value:g} %" for name, value in order.shares]
        if order.rbc is not None:
            found.insert(0, f"RBC {order.rbc:g} 10¹²/L")
        if order.wbc is not None:
            found.insert(0, f"WBC {order.wbc:g} 10⁹/L")
        if found:
            lines.append(labelled(tr("Analyser"), ", ".join(found), lang))
        lines += [labelled(tr("Please check"), p.text(lang), lang) for p in order.problems]
        return "\n".join(lines)

    def stop(self) -> None:
        """Deliver nothing any more."""
        self._looks.close()
