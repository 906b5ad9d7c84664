"""Dialog that asks why an earlier decision is changed."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.i18n import ngettext, tr


class ReasonDialog(Form):
    """A few words, which stand beside the change in the audit trail.

    Parameters
    ----------
    count : int
        Cells that were decided on before.
    """

    def __init__(self, count: int, parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Why is it changed?"),
            ngettext(
                "A person decided on {n} of these cells before.",
                "A person decided on {n} of these cells before.",
                count,
            ),
            parent,
            accept=tr("Change"),
        )
        self.reason = QLineEdit()
        self.reason.setMaxLength(400)
        self.form.addRow(tr("&Reason"), self.reason)
        self.reason.textChanged.connect(lambda text: self.set_accept_enabled(bool(text.strip())))
        self.set_accept_enabled(False)

    def answer(self) -> str:
        """The reason."""
        return " ".join(self.reason.text().split())


def ask_reason(count: int, parent: QWidget) -> str | None:
    """Why `count` earlier decisions are changed; None when they are not to be.

    Asked over the window in front, `parent` where that is none of the program's.
    """
    dialog = ReasonDialog(count, QApplication.activeWindow() or parent)
    accepted = dialog.exec()
    dialog.deleteLater()
    return dialog.answer() if accepted else None
