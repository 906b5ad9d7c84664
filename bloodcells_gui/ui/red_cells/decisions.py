"""The decisions of a person on red cells: on what is seen, undone in the order of the case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from bloodcells_gui.domain.event_words import ACTS, turned_text
from bloodcells_gui.domain.red_cells import NOT_COUNTED, RED_CELL_CLASSES
from bloodcells_gui.domain.review import Change, Event, EventKind
from bloodcells_gui.ui.i18n import Language, ngettext, tr
from bloodcells_gui.ui.keyboard import review_meanings
from bloodcells_gui.ui.red_cells.table_of_cells import CellTable
from bloodcells_gui.ui.review import ReviewController

_OF_KEY = {c.key: c.code for c in RED_CELL_CLASSES}
_GRADED = frozenset(c.grade_item for c in RED_CELL_CLASSES if c.grade_item)


def shape_of_key(event: QKeyEvent) -> str | None:
    """The shape class of a letter; None for other keys."""
    return next((_OF_KEY[m] for m in review_meanings(event) if m in _OF_KEY), None)


class Sight(Protocol):
    """What the decisions ask of the window."""

    @property
    def table(self) -> CellTable:
        """The cells of the moment."""

    def chosen(self) -> list[int]:
        """The cells that are chosen in the view in front."""

    def in_sight(self, ids: Sequence[int]) -> set[int]:
        """Those of the cells that the view in front shows at this moment."""

    def show_cells(self, ids: Sequence[int]) -> None:
        """Choose cells and bring the first of them on the screen."""

    def show_item(self, item: str) -> None:
        """Bring the row of a grading item on the screen."""

    def follower(self, ids: Sequence[int]) -> int | None:
        """The cell to go on with once `ids` are dealt with; None to stay with them."""

    def tell(self, *sentences: str) -> None:
        """Say something at the foot of the window."""


class RedCellDecisions:
    """Naming by keys, and undo; what nobody sees is not changed unnoticed."""

    def __init__(self, controller: ReviewController, language: Language, sight: Sight) -> None:
        self._controller, self._language, self._sight = controller, language, sight
        # The act and its cells for which the person was told that some are out of sight.
        self._asked: tuple[str, frozenset[int]] | None = None
        # The newest act of the case that is not about red cells and that the person was told of.
        self._asked_turn: tuple[EventKind, int] | None = None

    def act_of(self, event: QKeyEvent) -> Callable[[], object] | None:
        """What a key does; None for a key that does nothing here."""
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if key == Qt.Key.Key_Z:
                return self.redo if shift else self.undo
            return self.redo if key == Qt.Key.Key_Y else None
        if key == Qt.Key.Key_Space:
            return self.confirm
        if key == Qt.Key.Key_Delete:
            return self.to_proposal if shift else self.take_out
        code = shape_of_key(event)
        return None if code is None else lambda: self.name(code)

    # -- naming ----------------------------------------------------------------------------------------

    def confirm(self) -> None:
        """The classes that hold are right, said a person."""
        ids = self._once_sure("confirm", self._targets())
        for code, mine in self._sight.table.of_codes(ids).items():
            self._apply(mine, code)
        self._go_on(ids)

    def name(self, code: str) -> None:
        """Name the chosen cells."""
        ids = self._once_sure(code, self._targets())
        if self._apply(ids, code):
            self._go_on(ids)

    def take_out(self) -> None:
        """The chosen cells are no whole red cells: they leave the count."""
        self.name(NOT_COUNTED)

    def to_proposal(self) -> None:
        """Take persons' names off the chosen cells: the proposals hold again."""
        ids = self._once_sure("proposal", self._targets())
        if self._apply([i for i in ids if self._sight.table.decided(i)], ""):
            self._sight.show_cells(ids)

    def _apply(self, ids: Sequence[int], code: str) -> bool:
        if not ids or not self._controller.may_decide():
            return False
        self._followed = self._sight.follower(ids)
        return self._controller.name_red_cells(ids, code) is not None

    def _go_on(self, ids: Sequence[int]) -> None:
        if ids:
            self._sight.show_cells(ids if self._followed is None else [self._followed])

    _followed: int | None = None

    def _targets(self) -> list[int]:
        """The chosen cells where one of them is seen; else they are shown, and nothing is decided."""
        ids = self._sight.chosen()
        if not ids:
            self._sight.tell(tr("No cell is chosen."))
            return []
        if not self._controller.editable:
            self._sight.tell(tr("This case is signed or open for reading only: nothing can be changed."))
            return []
        if not self._sight.in_sight(ids):
            self._sight.show_cells(ids)
            self._sight.tell(
                tr("These cells were out of sight; nothing was decided."),
                tr("Look at them and press the key again."),
            )
            return []
        return ids

    def _once_sure(self, act: str, ids: list[int]) -> list[int]:
        """`ids` where all are seen, or the same act is wanted once more; else nothing, and that is said."""
        asked, self._asked = self._asked, None
        hidden = len(ids) - len(self._sight.in_sight(ids)) if ids else 0
        if not hidden or asked == (act, frozenset(ids)):
            return ids
        self._asked = act, frozenset(ids)
        self._sight.tell(
            ngettext(
                "{n} of the {chosen} chosen cells is out of sight; nothing was decided.",
                "{n} of the {chosen} chosen cells are out of sight; nothing was decided.",
                hidden,
                chosen=len(ids),
            ),
            tr("Press the key again to decide on all of them."),
        )
        return []

    # -- undo ------------------------------------------------------------------------------------------

    def undo(self) -> None:
        """Take the last act back and show what it touched."""
        self._turn(EventKind.UNDO, self._controller.undo, tr("Nothing is left to undo."))

    def redo(self) -> None:
        """Do it again and show what it touched."""
        self._turn(EventKind.REDO, self._controller.redo, tr("Nothing is left to redo."))

    def _turn(self, kind: EventKind, act: Callable[[], Change | None], nothing: str) -> None:
        turned = self._controller.session.state.turned_by(kind)
        asked, self._asked_turn = self._asked_turn, None
        if turned is None:
            self._sight.tell(nothing)
        elif of_red_cells(turned) or asked == (kind, turned.seq):
            if act() is not None:
                self._show(turned)
                settings = self._controller.session.settings
                self._sight.tell(turned_text(kind, turned, settings, self._language.lang) + ".")
        else:
            self._asked_turn = kind, turned.seq
            self._sight.tell(
                tr("The last step is not about red cells ({what}); it stays.").format(
                    what=self._language.text(ACTS[turned.kind])
                ),
                tr("Press the key again to turn it all the same."),
            )

    def _show(self, turned: Event) -> None:
        if turned.kind is EventKind.NAME_RED_CELLS:
            self._sight.show_cells(turned.cells)
        elif turned.kind is EventKind.GRADE:
            self._sight.show_item(turned.key)


def of_red_cells(event: Event) -> bool:
    """Whether an act is on red cells, or on the grade of one of their classes."""
    return event.kind is EventKind.NAME_RED_CELLS or (event.kind is EventKind.GRADE and event.key in _GRADED)


def known(ids: Iterable[int], table: CellTable) -> list[int]:
    """Those of the cells that the case still counts or shows."""
    return [i for i in ids if i in table]
