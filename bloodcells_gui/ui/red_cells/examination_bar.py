"""What the examination has come to, and the buttons that begin it, stop it and go on with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, pgettext, tr
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.red_cells.control import ExaminationControl
from bloodcells_gui.ui.red_cells.words import cells_text


def one_laboratory() -> str:
    """The limit of the model that everybody has to know."""
    return tr(
        "The model has learned the red cells of one laboratory. With other stains and cameras it may name "
        "shapes wrongly: look at the cells before you accept a grade."
    )


class StartPane(QWidget):
    """For a case without examined red cells: what an examination does, and its button.

    Signals
    -------
    wanted()
        A person begins the examination.
    """

    wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        title = PlainLabel(tr("The red cells of this case are not examined."))
        font = title.font()
        font.setWeight(font.Weight.DemiBold)
        font.setPointSizeF(font.pointSizeF() + 2)
        title.setFont(font)
        self.texts = [
            PlainLabel(text)
            for text in (
                tr(
                    "An examination finds and outlines every red cell of the fields, parts those that "
                    "overlap, measures each and proposes its shape. Of a slide it takes the best parts of "
                    "the monolayer, at least 1,000 cells."
                ),
                one_laboratory(),
                tr("It changes no leukocyte count, and no grade counts before you accept it."),
            )
        ]
        self.why_not = PlainLabel()
        self.start = QPushButton(tr("&Examine the red cells"))
        self.start.setObjectName("primary")
        self.start.setAutoDefault(False)
        self.start.clicked.connect(self.wanted)
        card = QFrame()
        card.setObjectName("card")
        card.setMaximumWidth(620)
        inner = QVBoxLayout(card)
        inner.setContentsMargins(22, 20, 22, 20)
        inner.setSpacing(10)
        inner.addWidget(title)
        for label in (*self.texts, self.why_not):
            label.setWordWrap(True)
            inner.addWidget(label)
        inner.addSpacing(6)
        inner.addWidget(self.start, 0, Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        row = QHBoxLayout()  # an alignment would cut the wrapped texts
        row.addStretch(1)
        row.addWidget(card, 8)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addStretch(2)
        self.setFocusProxy(self.start)

    def show_reason(self, why_not: str) -> None:
        """Why nothing can be examined; "" where it can."""
        self.why_not.setText(why_not)
        self.why_not.setVisible(bool(why_not))
        self.start.setEnabled(not why_not)


class ExaminationBar(QWidget):
    """Cells so far; while it runs a bar with Stop, else the way to go on.

    Signals
    -------
    more_wanted()
        A person goes on with an examination that stopped.
    """

    more_wanted = Signal()

    def __init__(self, context: UiContext, control: ExaminationControl) -> None:
        super().__init__()
        self._context, self._control = context, control
        self.said = PlainLabel()
        self.said.setWordWrap(True)  # what the model has learned is never cut
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setMaximumWidth(220)
        self.bar.setAccessibleName(tr("Progress of the examination"))
        self.stop = QPushButton(context.icons.get("stop"), pgettext("analysis", "Stop"))
        self.stop.setToolTip(tr("Stops the examination; the fields that are whole stay"))
        self.stop.clicked.connect(control.cancel)
        self.go_on = QPushButton(tr("&Continue the examination"))
        self.go_on.clicked.connect(self.more_wanted)
        for button in (self.stop, self.go_on):
            button.setAutoDefault(False)
        self.remarks = PlainLabel()
        self.remarks.setWordWrap(True)
        self.remarks.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 5, 10, 5)
        column.setSpacing(3)
        row = QHBoxLayout()
        row.setSpacing(10)
        column.addLayout(row)
        column.addWidget(self.remarks)
        row.addWidget(self.said, 1)
        row.addWidget(self.bar)
        row.addWidget(self.stop)
        row.addWidget(self.go_on)

    def show_remarks(self, told: str) -> None:
        """What the examination has to say of its sizes and images; "" for nothing."""
        self.remarks.setText(f"⚠ {told}" if told else "")
        self.remarks.setVisible(bool(told))

    def refresh(
        self, fields: int, counted: int, not_counted: int, *, unfinished: bool, editable: bool
    ) -> None:
        """Say where it stands, of the cells that count; `unfinished` where it can be gone on with."""
        running, control = self._control.running, self._control
        for widget in (self.bar, self.stop):
            widget.setVisible(running)
        self.stop.setEnabled(not control.stopping)
        self.go_on.setVisible(unfinished and editable and not running)
        said = f"{cells_text(counted, not_counted)} · " + ngettext("{n} field", "{n} fields", fields)
        if running:
            said = f"{said} · {tr('stopping…') if control.stopping else tr('examining…')}"
            done, total = control.progress()
            self.bar.setRange(0, total)
            self.bar.setValue(done)
        elif unfinished:
            said = f"{said} · {tr('not finished')}"
        else:
            said = f"{said} · {one_laboratory()}"
        self.said.setText(said)
