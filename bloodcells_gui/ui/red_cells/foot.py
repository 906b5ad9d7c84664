"""The foot of the window: what the keys do, as buttons with a menu of shapes, and what there is to say."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from bloodcells_gui.domain.red_cells import NOT_COUNTED, RED_CELL_CLASSES
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import ElidedLabel
from bloodcells_gui.ui.red_cells.badge import badge_icon
from bloodcells_gui.ui.red_cells.decisions import RedCellDecisions
from bloodcells_gui.ui.red_cells.words import class_name


def _native(keys: str) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)


class Foot(QWidget):
    """Buttons for the decisions, and a line of text.

    Parameters
    ----------
    change_view : callable
        From the gallery to the field and back.
    """

    def __init__(
        self, context: UiContext, decisions: RedCellDecisions, change_view: Callable[[], None]
    ) -> None:
        super().__init__()
        self._context, self._decisions = context, decisions
        self.confirm = QPushButton(tr("&Confirm"))
        self.name = QPushButton(tr("&Name as"))
        self.name.setMenu(self._menu())
        self.take_out = QPushButton(tr("Not co&unted"))
        self.to_field = QPushButton(tr("&Show in field"))
        self._hint = self._said = ""
        self._editable = self._any = False
        # A line of its own: beside the buttons a small screen would cut what is said.
        self.notice = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        self.notice.setObjectName("muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 10, 8)
        column.setSpacing(4)
        column.addWidget(self.notice)
        row = QHBoxLayout()
        column.addLayout(row)
        for button, tip, act in (
            (self.confirm, tr("The chosen cells are what they are called (Space)"), decisions.confirm),
            (self.name, tr("Give the chosen cells another shape (its letter)"), None),
            (self.take_out, tr("The chosen cells are no whole red cells (Delete)"), decisions.take_out),
            (self.to_field, tr("Show the cell among its neighbours (Enter)"), change_view),
        ):
            button.setAutoDefault(False)
            button.setToolTip(tip)
            if act is not None:
                button.clicked.connect(lambda _=False, act=act: self._do(act))
            row.addWidget(button)
        row.addStretch(1)

    def _menu(self) -> QMenu:
        menu, language = QMenu(self), self._context.language
        for c in RED_CELL_CLASSES:
            text = class_name(language, c.code).replace("&", "&&")
            action = menu.addAction(badge_icon(c.code), f"{text}\t{c.key}")
            action.triggered.connect(
                lambda _=False, code=c.code: self._do(lambda: self._decisions.name(code))
            )
        menu.addSeparator()
        name, key = class_name(language, NOT_COUNTED), _native("Del")
        out = menu.addAction(badge_icon(NOT_COUNTED), f"{name}\t{key}")
        out.triggered.connect(lambda _=False: self._do(self._decisions.take_out))
        back = menu.addAction(tr("As proposed again") + "\t" + _native("Shift+Del"))
        back.triggered.connect(lambda _=False: self._do(self._decisions.to_proposal))
        return menu

    def show_state(self, *, begun: bool, editable: bool) -> None:
        """Whether there are cells to decide on, and whether the case can be changed."""
        said_hint = self._said == self._hint
        self._editable = editable
        hint = tr("Letters name the framed cell, Space confirms, Delete: not counted, Enter: field and back.")
        self._hint = hint if begun else ""
        for button in (self.confirm, self.name, self.take_out, self.to_field):
            button.setVisible(begun)
        self._enable()
        if said_hint:
            self.forget()

    def show_choice(self, *, any_cell: bool) -> None:
        """Whether a cell is chosen on which something can be decided."""
        self._any = any_cell
        self._enable()

    def _enable(self) -> None:
        for button in (self.confirm, self.name, self.take_out):
            button.setEnabled(self._editable and self._any)

    def _do(self, act: Callable[[], None]) -> None:
        self.forget()
        act()

    def forget(self) -> None:
        """What was said last holds no more: the keys are told again."""
        self._said = self._hint
        self.notice.show_text(self._hint)

    def show_view(self, *, field: bool) -> None:
        """Which view is in front."""
        self.to_field.setText(tr("&Show in gallery") if field else tr("&Show in field"))

    def tell(self, said: str) -> None:
        """Say something, aloud too."""
        self._said = said
        self.notice.show_text(said)
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self.notice, said))
