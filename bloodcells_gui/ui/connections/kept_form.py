"""What a form of the connections holds that was not kept, and the question what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QAbstractButton, QComboBox, QDialogButtonBox, QLineEdit, QWidget

from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.i18n import tr

#: Lines of the transcript of trials that are shown; older ones go.
_MOST_LINES = 400


def form_values(page: QWidget, but: Sequence[QWidget] = ()) -> tuple[object, ...]:
    """What stands in the fields of a page, those in `but` aside; numbers stand in lines of their own."""
    found: list[object] = [f.text() for f in page.findChildren(QLineEdit) if f not in but]
    found += [f.currentIndex() for f in page.findChildren(QComboBox)]
    found += [f.isChecked() for f in page.findChildren(QAbstractButton) if f.isCheckable()]
    return tuple(found)


def transcript(before: str, lines: Sequence[str]) -> str:
    """The trials so far and `lines` below them."""
    return "\n".join([*before.splitlines(), *lines][-_MOST_LINES:])


class KeepDialog(Form):
    """Ask whether what was changed is kept or discarded; Esc goes back to it."""

    def __init__(self, what: str, parent: QWidget | None = None) -> None:
        super().__init__(tr("Changes are not kept yet"), what, parent, accept=tr("&Keep"))
        self.discarded = False
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("&Back"))
        discard = self.buttons.addButton(tr("&Discard"), QDialogButtonBox.ButtonRole.DestructiveRole)
        discard.clicked.connect(self._discard)

    def _discard(self) -> None:
        self.discarded = True
        self.accept()
