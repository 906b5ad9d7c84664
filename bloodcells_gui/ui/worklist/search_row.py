"""What the work list is searched and ordered by."""

from __future__ import annotations

from datetime import date, timedelta

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from bloodcells_gui.app.worklist import CaseState, Query
from bloodcells_gui.ui.i18n import pgettext, tr
from bloodcells_gui.ui.worklist.model import WORK_ORDER, Column, column_name


class SearchRow(QWidget):
    """Text, state, day, person, flag, and the order of the lines.

    Signals
    -------
    changed()
        Something else is looked for, or in another order.
    entered(str)
        Enter in the search, with its text; "" for the key that goes down to the lines.
    """

    changed = Signal()
    entered = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.text = self._line(tr("Specimen, patient or file"), tr("Search"))
        self.text.setClearButtonEnabled(True)
        self.text.returnPressed.connect(lambda: self.entered.emit(self.text.text().strip()))
        down = QShortcut(QKeySequence("Down"), self.text, context=Qt.ShortcutContext.WidgetShortcut)
        down.activated.connect(lambda: self.entered.emit(""))
        self.state = self._choice(
            tr("State"),
            (tr("Every state"), ""), (pgettext("cases", "New"), str(CaseState.NEW)),
            (tr("Analysing"), str(CaseState.ANALYSING)), (tr("To review"), str(CaseState.TO_REVIEW)),
            (tr("Reviewed"), str(CaseState.REVIEWED)),
            (tr("To sign, second person"), str(CaseState.SECOND_PERSON)),
            (tr("Signed"), str(CaseState.SIGNED)),
            (tr("Damaged"), str(CaseState.UNREADABLE)),
        )  # fmt: skip
        self.since = self._choice(
            tr("Begun"), (tr("Any day"), -1), (tr("Today"), 0), (tr("The last 7 days"), 7),
            (tr("The last 30 days"), 30), (tr("The last 365 days"), 365),
        )  # fmt: skip
        self.person = self._line(tr("Person"), tr("Person"))
        self.flag = self._line(tr("Flag (* for any)"), tr("Flag"))
        for narrow in (self.person, self.flag):
            narrow.setMaximumWidth(140)
        columns = [(column_name(c), int(c)) for c in Column if c is not Column.PICTURE]
        self.order = self._choice(tr("Order"), (tr("Order of the work"), WORK_ORDER), *columns)
        self.order.setToolTip(tr("Urgent, pending, to review, to sign, signed today, signed before"))
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 14, 10)
        row.setSpacing(8)
        row.addWidget(self.text, 1)
        for widget in (self.state, self.since, self.person, self.flag, self.order):
            row.addWidget(widget)

    def _line(self, hint: str, name: str) -> QLineEdit:
        line = QLineEdit()
        line.setPlaceholderText(hint)
        line.setAccessibleName(name)
        line.textChanged.connect(lambda _: self.changed.emit())
        return line

    def _choice(self, name: str, *choices: tuple[str, str | int]) -> QComboBox:
        combo = QComboBox()
        combo.setAccessibleName(name)
        for text, value in choices:
            combo.addItem(text, value)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(11)
        combo.currentIndexChanged.connect(lambda _: self.changed.emit())
        return combo

    def query(self) -> Query:
        """What is looked for."""
        days = int(self.since.currentData())
        since = "" if days < 0 else (date.today() - timedelta(days=days)).isoformat()
        return Query(
            text=self.text.text(),
            state=str(self.state.currentData()),
            since=since,
            person=self.person.text(),
            flag=self.flag.text(),
        )
