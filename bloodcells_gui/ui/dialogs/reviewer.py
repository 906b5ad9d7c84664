"""Dialog that asks who reviews, once a day."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QWidget

from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.i18n import tr


class ReviewerDialog(Form):
    """A name; nothing else is asked, and it stands beside every decision."""

    def __init__(self, name: str = "", parent: QWidget | None = None, *, second: bool = False) -> None:
        title, lead = (
            tr("Who is reviewing?"),
            tr("Your name is kept with every decision, in the case and in the report. Asked once a day."),
        )
        if second:
            title, lead = (
                tr("Who reads the cells a second time?"),
                tr("Your name is kept with this reading alone; the reviewer of the case stays the same."),
            )
        super().__init__(title, lead, parent)
        self.name = QLineEdit(name)
        self.name.setMaxLength(80)
        self.name.selectAll()
        self.form.addRow(tr("&Name"), self.name)
        self.name.textChanged.connect(lambda t: self.set_accept_enabled(bool(t.strip())))
        self.set_accept_enabled(bool(name.strip()))

    def answer(self) -> str:
        """The name without blanks around it."""
        return " ".join(self.name.text().split())
