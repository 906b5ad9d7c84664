"""The decisions of a person on the cells of one case, and where the cursor goes after each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from bloodcells_gui.domain.doubtful import is_worth_a_look
from bloodcells_gui.domain.event_words import turned_text
from bloodcells_gui.domain.review import Change, Event, EventKind, Status
from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.ui.case_views import CaseViews
from bloodcells_gui.ui.gallery.cell_words import confirmed_text
from bloodcells_gui.ui.gallery.panel import GalleryPanel
from bloodcells_gui.ui.i18n import Language, ngettext, tr
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.slide_view.panel import SlidePanel


class CaseDecisions(QWidget):
    """What the keys of the review do to the cells that a person sees.

    Parameters
    ----------
    controller : ReviewController
        Of the case.
    language : Language
        Of the window.
    views : CaseViews
        Its views; the one in front says which cells are seen.

    Signals
    -------
    noticed(str, str)
        Something to know, and what to do.
    red_cells_wanted(object)
        Ids of red cells that an undo or redo is about: they are in a window of their own.
    """

    noticed = Signal(str, str)
    red_cells_wanted = Signal(object)

    def __init__(
        self,
        controller: ReviewController,
        language: Language,
        views: CaseViews,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.controller = controller
        self._language = language
        controller.turned.connect(self._tell_turned)
        self.session = controller.session
        self.views = views
        # The cell to which F7 led, as long as the cursor stays on it: decisions go on in its queue.
        self._in_queue: int | None = None
        # The act and its cells for which the person was told that some of them are out of sight.
        self._asked: tuple[str, frozenset[int]] | None = None

    @property
    def gallery(self) -> GalleryPanel:
        """The cells in groups."""
        return self.views.gallery

    @property
    def slide(self) -> SlidePanel | None:
        """Where the cells lie, for fields and slides."""
        return self.views.slide

    def leave_queue(self, cell_id: int | None) -> None:
        """The cursor is on a cell now: decisions leave the order of the queue where F7 did not lead there."""
        if cell_id != self._in_queue:
            self._in_queue = None

    def chosen(self) -> list[int]:
        """The selected cells, else the one with the cursor."""
        return self.views.chosen()

    def targets_in_sight(self) -> list[int]:
        """The chosen cells, where a person sees them; where they are out of sight they are shown instead."""
        ids = self.views.targets()
        if not ids and self.chosen():
            self.views.show_cells(self.chosen())
            self._warn_not_visible()
        return [i for i in ids if self.controller.group_of(i)]

    def _targets_or_show_next(self) -> list[int]:
        """The targets of a key; where no cell is chosen the next open one is shown and nothing is decided."""
        ids = self.targets_in_sight()
        if not ids and not self.chosen() and self.session.cells:
            self.next_unreviewed()
            if self.chosen():
                self.noticed.emit(
                    tr("No cell was chosen; nothing was decided."),
                    tr("Look at this one and press the key again."),
                )
        return ids

    def _once_sure(self, act: str, ids: list[int]) -> list[int]:
        """`ids` where all are seen, or the same act is wanted once more; else nothing, and that is said.

        A group that was chosen as a whole, or cells that were chosen while scrolling, may lie out of sight.
        """
        asked, self._asked = self._asked, None
        hidden = self.views.out_of_sight(ids)
        if not hidden or asked == (act, frozenset(ids)):
            return ids
        self._asked = act, frozenset(ids)
        self.noticed.emit(
            ngettext(
                "{n} of the {chosen} chosen cells is out of sight; nothing was decided.",
                "{n} of the {chosen} chosen cells are out of sight; nothing was decided.",
                len(hidden),
                chosen=len(ids),
            ),
            tr("Press the key again to decide on all of them."),
        )
        return []

    def _warn_not_visible(self) -> None:
        self.noticed.emit(
            tr("These cells were out of sight; nothing was decided."),
            tr("Look at them and press the key again."),
        )

    def _apply_and_advance(self, ids: list[int], act: Callable[[list[int]], Change | None]) -> None:
        """Do `act` to `ids` and put the cursor on the open cell that follows them."""
        if not ids or not self.controller.may_decide():
            return
        of_queue, follower = self._in_queue in ids, self._follower(ids)
        if act(ids) is not None:
            self.views.show_cells(ids if follower is None else [follower])
            self._in_queue = follower if of_queue else None

    def _follower(self, ids: list[int]) -> int | None:
        """The cell to go on with: of the queue where F7 led to one of `ids`, else in the gallery's order."""
        if self._in_queue in ids:
            waiting = self.session.look_first()
            behind = waiting[waiting.index(self._in_queue) + 1 :] if self._in_queue in waiting else []
            for other in (*behind, *waiting):
                if other not in ids:
                    return other
        asks_nothing = self.session.state.asks_nothing
        return self.gallery.view.follower(ids, lambda i: not asks_nothing(i))

    def _name(self, ids: list[int], code: str) -> None:
        self._apply_and_advance(
            [i for i in ids if self.controller.group_of(i)], lambda c: self.controller.relabel(c, code)
        )

    def confirm(self) -> None:
        """Confirm the chosen cells."""
        ids = self._once_sure("confirm", self._targets_or_show_next())
        self._apply_and_advance(ids, self.controller.confirm)

    def confirm_seen(self) -> None:
        """Confirm, in one step, the proposals that a person has seen on the screen; then show the next ones.

        Cells that wait as unidentified or may be blasts stay: each needs a look of its own.
        """
        view, decision = self.gallery.view, self.session.decision
        if self.views.currentWidget() is not self.gallery:
            return
        seen = [i for i in view.seen() if decision(i).status is Status.PROPOSED]
        first = set(self.session.look_first())
        ids = [i for i in seen if i not in first]
        if ids and self.controller.may_decide():
            codes = Counter(decision(i).final for i in ids)
            if self.controller.confirm(ids) is None:
                return
            self.gallery.tell(confirmed_text(codes))
        elif ids:
            return
        follower = view.next_page(
            seen or ids, lambda i: decision(i).status is Status.PROPOSED and i not in first
        )
        if follower is None:
            self.next_unreviewed()
        if not ids:
            self.gallery.tell(tr("No proposal to confirm on the screen; look at the cells shown now."))

    def relabel(self, code: str) -> None:
        """Give the chosen cells class `code`."""
        self._name(self._once_sure(code, self._targets_or_show_next()), code)

    def exclude(self) -> None:
        """Leave the chosen cells out of every count."""
        ids = [i for i in self._targets_or_show_next() if not self._taken_out(i)]
        ids = self._once_sure("exclude", ids)
        if self.views.currentWidget() is self.slide and self.slide is not None:
            # The person looks at a place of the slide, where the next cell may not be.
            self.slide.staying_here(lambda: self._exclude_and_stay(ids))
        else:
            self._apply_and_advance(ids, self.controller.exclude)

    def _exclude_and_stay(self, ids: list[int]) -> None:
        if ids and self.controller.may_decide() and self.controller.exclude(ids) is not None:
            self.gallery.view.select_ids(ids)

    def _taken_out(self, cell_id: int) -> bool:
        """Whether a person took the cell out; one outside the counting frame lies there by itself."""
        decision = self.session.decision(cell_id)
        return decision.status is Status.EXCLUDED and self.session.state.decided(cell_id)

    def restore(self) -> None:
        """Count the chosen excluded cells again."""
        decision = self.session.decision
        ids = [i for i in self.targets_in_sight() if decision(i).status == Status.EXCLUDED]
        ids = self._once_sure("restore", ids)
        self._apply_and_advance(ids, self.controller.restore)

    def _on_cells_dropped(self, ids: list[int], code: str) -> None:
        known = [i for i in ids if self.controller.group_of(i)]
        hidden, written = len(self.views.out_of_sight(known)), self.session.state.last_seq
        if code == EXCLUDED_LABEL:
            self._apply_and_advance(known, self.controller.exclude)
        elif code in BY_CODE:
            self._name(known, code)
        if hidden and self.session.state.last_seq != written:
            self.noticed.emit(
                ngettext(
                    "{n} of the {chosen} cells that were dropped was out of sight.",
                    "{n} of the {chosen} cells that were dropped were out of sight.",
                    hidden,
                    chosen=len(known),
                ),
                tr("All were decided on; Ctrl+Z takes it back."),
            )

    def undo(self) -> None:
        """Take the last decision back and show what it touched."""
        self._undo_or_redo(EventKind.UNDO, self.controller.undo)

    def redo(self) -> None:
        """Do it again and show what it touched."""
        self._undo_or_redo(EventKind.REDO, self.controller.redo)

    def _undo_or_redo(self, kind: EventKind, act: Callable[[], Change | None]) -> None:
        if not self.controller.may_decide():
            return
        turned = self.session.state.turned_by(kind)
        if turned is not None and turned.kind is EventKind.NAME_RED_CELLS:
            self.red_cells_wanted.emit(turned.cells)
            return
        cells = [] if turned is None else [i for i in turned.cells if self.controller.group_of(i)]
        if cells and not self.views.cells_in_front():
            self.views.show_cells(cells)
            self._warn_not_visible()
            return
        change = act()
        if change is not None and change.cells:
            self.views.show_cells(change.cells)

    def _tell_turned(self, turn: EventKind, act: Event) -> None:
        """Say in words what was taken back or done again where no cell of the views shows it.

        Whichever window it was done from: a grade, a field, a comment or a count stands elsewhere, often
        behind a window that is closed.
        """
        if act.kind is EventKind.NAME_RED_CELLS:
            return  # turned only in the window that shows these cells
        if act.kind is not EventKind.NOTE and any(self.controller.group_of(i) for i in act.cells):
            return
        self.noticed.emit(
            turned_text(turn, act, self.session.settings, self._language.lang) + ".",
            tr("Ctrl+Y does it again.") if turn is EventKind.UNDO else tr("Ctrl+Z takes it back."),
        )

    def next_doubtful(self) -> None:
        """The next cell that is unidentified, or doubtful and undecided."""
        self._select_next(lambda i: not self.session.state.asks_nothing(i) and self._doubtful(i))

    def _doubtful(self, cell_id: int) -> bool:
        decision = self.session.decision(cell_id)
        return decision.status == Status.UNIDENTIFIED or is_worth_a_look(self.session.cell(cell_id))

    def next_look_first(self) -> None:
        """The most suspicious of the cells to look at first, or the one that follows where it is shown."""
        waiting, current = self.session.look_first(), self.gallery.view.current_id()
        if not waiting:
            self.noticed.emit(
                tr("No cell waits to be looked at first."),
                tr("That excludes no blast: look at the other cells too."),
            )
            return
        at = waiting.index(current) + 1 if current in waiting else 0
        self.views.show_cells([waiting[at % len(waiting)]])
        self._in_queue = waiting[at % len(waiting)]
        self.views.focus_front()

    def next_unreviewed(self) -> None:
        """The next cell that nobody has decided on."""
        self._select_next(lambda i: not self.session.state.asks_nothing(i))

    def _select_next(self, wanted: Callable[[int], bool]) -> None:
        found = self.gallery.view.find_next(wanted)
        if found is not None:
            self.views.show_cells([found])
