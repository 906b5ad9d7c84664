"""The list of contradicted cells, and rows of the cells that are most like one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from bloodcells_gui.app.library_check import ContradictedCell
from bloodcells_gui.app.reference_library import Reference, ReferenceLibraryController
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.keyboard import review_meanings
from bloodcells_gui.ui.reference_library.tiles import ReferenceDelegate, ReferenceModel, TileList

_NEIGHBOUR = 84


class ContradictedModel(ReferenceModel):
    """Contradicted cells, each with the class that the others name."""

    def __init__(
        self, context: UiContext, shelf: ReferenceLibraryController, parent: QObject | None = None
    ) -> None:
        super().__init__(context, shelf, parent)
        self.cells: list[ContradictedCell] = []

    def show_contradicted(self, cells: Sequence[ContradictedCell]) -> None:
        """Replace what is shown."""
        self.cells = list(cells)
        self.show_references([(s.reference, None) for s in self.cells])

    def words(self, row: int) -> str:
        return "→ " + self._context.language.class_name(self.cells[row].others_say)


class ContradictedView(TileList):
    """The contradicted cells; keys decide on the chosen one.

    Signals
    -------
    kept(), removed(), undone()
        Enter, Delete and Ctrl+Z.
    changed(str)
        The key of a class: its code.
    """

    kept = Signal()
    removed = Signal()
    undone = Signal()
    changed = Signal(str)

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undone.emit()
            return
        act = self._act_of(event)
        if act is None:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():  # a key that is held down decides once
            act()

    def _act_of(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return self.kept.emit
        if event.key() == Qt.Key.Key_Delete:
            return self.removed.emit
        code = self._context.keymap.first_code(review_meanings(event))
        return None if code is None else lambda: self.changed.emit(code)


class NeighbourRow(QWidget):
    """The cells of one class that are most like the chosen one."""

    def __init__(self, context: UiContext, shelf: ReferenceLibraryController) -> None:
        super().__init__()
        self.head = QLabel()
        self.head.setObjectName("muted")
        self.model = ReferenceModel(context, shelf, self)
        self.view = TileList()
        delegate = ReferenceDelegate(context, self.view, _NEIGHBOUR)
        self.view.show_tiles(self.model, delegate, "")
        self.view.setWrapping(False)
        self.view.setFixedHeight(delegate.tile.height() + 4)
        self.view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # They are looked at; the keys belong to the contradicted cell.
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view.setSelectionMode(TileList.SelectionMode.NoSelection)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.head)
        layout.addWidget(self.view)

    def show_cells(self, head: str, cells: Sequence[Reference]) -> None:
        """Show the neighbours under their heading."""
        self.head.setText(head)
        self.view.setAccessibleName(head)
        self.model.show_references([(cell, None) for cell in cells])
