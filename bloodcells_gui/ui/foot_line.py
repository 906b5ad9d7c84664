"""The line at the foot of the window: what the program is for, what is saved, who reviews."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QStatusBar

from bloodcells_gui.domain.bidi import isolated
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import ElidedLabel


def fill_foot(bar: QStatusBar) -> tuple[QLabel, ElidedLabel]:
    """Put the labels into `bar`; returns those of what is saved and of who reviews."""
    purpose = QLabel(tr("For Research Use Only. Not for use in diagnostic procedures."))
    font = purpose.font()
    font.setWeight(font.Weight.DemiBold)
    purpose.setFont(font)
    purpose.setContentsMargins(10, 2, 10, 2)
    # Of what has no room a name is shortened first; this sentence never is.
    purpose.setMinimumWidth(purpose.sizeHint().width())
    saved, person = QLabel(), ElidedLabel(mode=Qt.TextElideMode.ElideRight)
    for label, right in ((saved, 10), (person, 12)):
        label.setObjectName("muted")
        label.setContentsMargins(10, 2, right, 2)
    bar.setSizeGripEnabled(False)
    bar.addWidget(purpose)
    bar.addPermanentWidget(saved)
    bar.addPermanentWidget(person)
    return saved, person


def show_reviewer(label: ElidedLabel, author: str) -> None:
    """Say who reviews; nothing while nobody does."""
    label.show_text(tr("Reviewer: {name}").format(name=isolated(author)) if author else "")
