"""Below the table of classes: accept the proposed grade, give another, or have more cells examined."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from bloodcells_gui.domain.red_cells import FEWEST_FOR_GRADE, MOST_HINTED
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.red_cells.class_table import ClassModel, ClassTable
from bloodcells_gui.ui.red_cells.table_of_cells import ROWS
from bloodcells_gui.ui.red_cells.words import class_name


class GradeBar(QWidget):
    """What can be done about the grade of the current row.

    Signals
    -------
    more_wanted(int)
        So many more cells are wanted.
    """

    more_wanted = Signal(int)

    def __init__(self, context: UiContext, table: ClassTable) -> None:
        super().__init__()
        self._context, self._table = context, table
        self.accept = QPushButton()
        self.accept.clicked.connect(lambda: self._table.accept_wanted.emit(self._row()))
        self.other = QPushButton(tr("Another &grade"))
        self.other.setMenu(QMenu(self.other))
        self.other.menu().aboutToShow.connect(self._fill)
        self.more = QPushButton()
        self.more.clicked.connect(lambda: self.more_wanted.emit(self._model.more(self._row())))
        for button in (self.accept, self.other, self.more):
            button.setAutoDefault(False)
        self.said = PlainLabel()
        self.said.setWordWrap(True)
        self.said.setObjectName("muted")
        self.said.setMinimumHeight(2 * self.said.fontMetrics().lineSpacing())
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.accept)
        line.addWidget(self.other)
        line.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(5)
        # The buttons last, at the foot of the column: however long the words are, they stay where they are.
        layout.addWidget(self.said)
        layout.addWidget(self.more)
        layout.addLayout(line)

    @property
    def _model(self) -> ClassModel:
        return self._table.classes

    def _row(self) -> int:
        return self._table.currentIndex().row()

    def refresh(self, *, editable: bool, may_examine: bool) -> None:
        """Another row, other numbers, or another right to change the case.

        `may_examine` says whether there is more of the film to examine now.
        """
        row = self._row()
        if row < 0:
            self.setEnabled(False)
            return
        self.setEnabled(True)
        model, language = self._model, self._context.language
        proposed, item = model.proposed(row), model.item(row)
        self.accept.setText(
            tr("&Accept {grade}").format(grade=language.text(proposed)) if proposed else tr("&Accept")
        )
        self.accept.setToolTip(tr("Accept the proposed grade (Enter in the table)"))
        self.accept.setEnabled(editable and bool(proposed))
        self.other.setEnabled(editable and item is not None)
        more = model.more(row)
        self.more.setVisible(bool(more) and may_examine and editable)
        self.more.setText(ngettext("&Examine {n} more cell", "&Examine {n} more cells", more))
        self.said.setText(self._words(row, may_examine=may_examine))

    def _words(self, row: int, *, may_examine: bool) -> str:
        model, language = self._model, self._context.language
        if model.item(row) is None:
            return tr("This row has no grade.")
        counted = model.table.counted
        if counted < FEWEST_FOR_GRADE:
            return tr("No grade is proposed from fewer than {n} cells; {counted} are counted.").format(
                n=FEWEST_FOR_GRADE, counted=language.integer(counted)
            )
        said = [self._standing(row)]
        if model.unsettled(row):
            more = model.more(row)
            if more:
                said.append(
                    ngettext(
                        "The limits lie on both sides of a threshold: count {n} more cell.",
                        "The limits lie on both sides of a threshold: count {n} more cells.",
                        more,
                    )
                )
                if not may_examine:
                    said.append(tr("Every field of this case is examined: take more images."))
            else:
                said.append(
                    tr("The share lies near a threshold: even {n} cells would hardly settle it.").format(
                        n=language.integer(MOST_HINTED)
                    )
                )
        return " ".join(said)

    def _standing(self, row: int) -> str:
        """Who gave the grade of a row, or why it has none."""
        model = self._model
        accepted, proposed = model.accepted(row), model.proposed(row)
        if model.as_proposed(row):
            return tr("A person accepted this grade.")
        if accepted and not proposed:
            return tr("A person gave this grade; the cells propose none.")
        if accepted:
            return tr("A person gave another grade than the cells propose now.")
        if proposed:
            return tr(
                "Proposed only: it counts for nothing until a person accepts it; the report prints it dotted."
            )
        held = model.held(row)
        if held:
            return ngettext(
                "No grade is proposed: {n} doubtful cell would decide it. Name it, or grade by what you see.",
                "No grade is proposed: {n} doubtful cells would decide it. Name them (they stand first), or"
                " grade by what you see.",
                held,
            )
        if model.table.count(ROWS[row]):
            return tr("Too few of this class for a grade.")
        return tr("No cell of this class: nothing to grade.")

    def _fill(self) -> None:
        """The grades that this row can have."""
        menu, row = self.other.menu(), self._row()
        menu.clear()
        if row < 0:
            return
        name = class_name(self._context.language, ROWS[row])
        menu.setAccessibleName(tr("Grade of {name}").format(name=name))
        for grade in self._table.choices():
            key = {"": "0", "present": "P"}.get(grade, grade[:1])
            text = self._context.language.text(grade) if grade else tr("No grade")
            action = menu.addAction(f"{text}\t{key}")
            action.setCheckable(True)
            action.setChecked(grade == self._model.accepted(row))
            action.triggered.connect(lambda _=False, g=grade, r=row: self._table.grade_wanted.emit(r, g))
