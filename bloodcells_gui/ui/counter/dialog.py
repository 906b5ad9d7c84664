"""Dialog before a count by hand."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QWidget

from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.i18n import pgettext, tr


class CountDialog(Form):
    """The specimen's name; everything else can be filled in later."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Count by hand"),
            tr("A case without images: the keys of the review count the cells you see at the microscope."),
            parent,
            accept=pgettext("button", "Count"),
        )
        self.name = QLineEdit()
        self.name.setMaxLength(120)
        self.form.addRow(tr("&Specimen"), self.name)
        self.name.textChanged.connect(lambda t: self.set_accept_enabled(bool(t.strip())))
        self.set_accept_enabled(False)

    def answer(self) -> str:
        """The specimen's name."""
        return " ".join(self.name.text().split())
