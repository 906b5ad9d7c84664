"""One open case on screen: table, gallery, inspector, and the review that binds them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, Qt, QThreadPool, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QMenu, QSplitter, QVBoxLayout, QWidget

from bloodcells_gui.app.reader_limits import reader_remark
from bloodcells_gui.app.review_progress import percent_reviewed
from bloodcells_gui.app.signed_report import signed_table
from bloodcells_gui.domain.analysis import AnalysisEvent, Done
from bloodcells_gui.domain.differential import Differential
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import Change
from bloodcells_gui.domain.run_messages import run_remarks
from bloodcells_gui.domain.suspicion import queue_remark
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.domain.zones import Zones
from bloodcells_gui.ui.case_decisions import CaseDecisions
from bloodcells_gui.ui.case_header import CaseHeader
from bloodcells_gui.ui.case_views import CaseViews
from bloodcells_gui.ui.class_finder import ClassFinder
from bloodcells_gui.ui.comparisons import Comparisons
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.cell_comment import CellCommentDialog
from bloodcells_gui.ui.differential.panel import DifferentialPanel
from bloodcells_gui.ui.inspector.panel import InspectorPanel
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.review_keys import FIND_CLASS, NEXT_DOUBTFUL, NEXT_UNREVIEWED, ReviewKeys
from bloodcells_gui.ui.tag_box import TagBox
from bloodcells_gui.ui.wheel import guard_wheels
from bloodcells_gui.ui.window_memory import WindowMemory

if TYPE_CHECKING:
    from bloodcells_gui.ui.cell_map import CellMap

# The exact limits of very large counts cost tens of milliseconds; then the table follows a little behind.
_MANY_CELLS = 5_000
_log = logging.getLogger(__name__)


class CasePage(CaseDecisions):
    """Composition of the panels of one case.

    Other views of the same case (a slide, a map) go beside the gallery with `add_view`.

    Parameters
    ----------
    controller : ReviewController
        Of the case; it belongs to the page from now on.

    Signals
    -------
    state_changed()
        Undo, redo or the numbers may have changed.
    """

    state_changed = Signal()

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        pool: QThreadPool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(controller, context.language, CaseViews(context, controller, pool), parent)
        session = self.session
        self._context = context
        self._pool = pool
        # Until a person moved the borders they follow the window's width.
        self.splitter_restored = False
        self._shared_width = 0
        # Widths of the panes while there is room for all three.
        self._beside = [0, 0, 0]
        controller.setParent(self)
        self.header = CaseHeader(context, session)
        self.differential = DifferentialPanel(context)
        self.inspector = InspectorPanel(context, self.controller, pool)
        self.comparisons = Comparisons(context, self.controller, pool, self)
        self.comparisons.chosen.connect(lambda cell_id: self.gallery.view.select_ids([cell_id]))
        self.comparisons.gallery_wanted.connect(self.show_in_gallery)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(self.differential)
        self.splitter.addWidget(self.views)
        self.splitter.addWidget(self.inspector)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.splitterMoved.connect(self._borders_moved)
        # A view that is made when it is first looked at knows the room it needs a moment later.
        self.views.currentChanged.connect(lambda _: QTimer.singleShot(0, self, self._make_room))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.splitter, 1)

        # The version and the number of signatures that `_signed_then` is of.
        self._signed_at = (-1, -1)
        self._signed_then: tuple[Differential, int] | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.refresh_numbers)
        self.controller.changed.connect(self._on_case_changed)
        self.gallery.current_changed.connect(self._current_changed)
        self.gallery.selection_changed.connect(self._selection_changed)
        self.gallery.dropped.connect(self._on_cells_dropped)
        self.differential.dropped.connect(self._on_cells_dropped)
        self.differential.class_pointed_at.connect(self.views.point_at_group)
        self.differential.class_chosen.connect(self.views.show_group)
        self.differential.next_look_first.connect(self.next_look_first)
        self._keys = self._watch_keys()
        guard_wheels(self)
        self.setTabOrder(self.gallery.view, self.inspector.image)
        self.refresh_numbers()

    def _watch_keys(self) -> ReviewKeys:
        """Let the keys of the review act wherever cells are seen."""
        keys = ReviewKeys(
            self._context,
            self.relabel,
            {
                FIND_CLASS: self.find_class,
                NEXT_DOUBTFUL: self.next_doubtful,
                NEXT_UNREVIEWED: self.next_unreviewed,
            },
            self.views.cells_in_front,
            self,
        )
        keys.watch(self.differential, self.gallery, self.views.map_place, self.inspector)
        if self.slide is not None:
            keys.watch(self.slide)
        return keys

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._shared_width != event.size().width() and not self.splitter_restored:
            self._shared_width = event.size().width()
            left = min(590, max(330, round(0.41 * self._shared_width)))
            right = min(360, max(300, round(0.24 * self._shared_width)))
            self.splitter.setSizes([left, self._shared_width - left - right, right])
        self._make_room()

    def event(self, event: QEvent) -> bool:
        """A view may need more room once it has drawn what it shows, as the legend of the map does."""
        if event.type() == QEvent.Type.LayoutRequest:
            QTimer.singleShot(0, self, self._make_room)
        return super().event(event)

    def _make_room(self) -> None:
        """Put the inspector aside where another view than the gallery would be cut off beside it."""
        panes = (self.differential, self.views, self.inspector)
        least = sum(pane.minimumSizeHint().expandedTo(pane.minimumSize()).width() for pane in panes)
        crowded = least + 2 * self.splitter.handleWidth() > self.width()
        if not (crowded and any(self._beside)):  # crowded panes have lost their widths already
            self._note_widths()
        self._put_aside(crowded and self.views.currentWidget() is not self.gallery)

    def _put_aside(self, aside: bool) -> None:
        """Hide or show the inspector; the border of the table, and the tabs with it, stay where they are."""
        if aside == self.inspector.isHidden():
            return
        self.inspector.setHidden(aside)
        left, _, right = self._beside
        room = self.splitter.width() - self.splitter.handleWidth() - left
        if not aside:
            room -= self.splitter.handleWidth() + right
        self.splitter.setSizes([left, room, 0 if aside else right])

    def _note_widths(self) -> None:
        """Remember how wide the panes are; of the inspector, how wide it was when it was last shown."""
        left, middle, right = self.splitter.sizes()
        self._beside = [left, middle, self._beside[2] if self.inspector.isHidden() else right]

    def _borders_moved(self) -> None:
        self.splitter_restored = True
        self._note_widths()

    def restore_look(self, memory: WindowMemory) -> None:
        """Size of the pictures, brightness and borders as they were last."""
        self.gallery.view.set_side(memory.number("gallery/side", self.gallery.view.side))
        self.inspector.brightness.setValue(memory.number("inspector/brightness", 0))
        state = memory.bytes("splitter")
        if not state.isEmpty():
            self.splitter_restored = self.splitter.restoreState(state)

    def remember_look(self, memory: WindowMemory) -> None:
        """Keep them for the next case."""
        memory.put("gallery/side", self.gallery.view.side)
        memory.put("inspector/brightness", self.inspector.brightness.value())
        if self.splitter_restored:
            memory.put("splitter", self.splitter.saveState())

    @property
    def map(self) -> CellMap | None:
        """The map, once it was looked at."""
        return self.views.map

    def add_view(self, name: str, view: QWidget) -> None:
        """Another view of the case in the middle; tabs appear from the second on."""
        self.views.addTab(view, name)
        guard_wheels(view)

    def zones(self) -> Zones:
        """Where a continued analysis shall look; empty for everywhere."""
        return {} if self.slide is None else self.slide.zones()

    def take_events(self, events: list[AnalysisEvent]) -> None:
        """What the analysis learned of the images themselves: their places, their zones, remarks on them."""
        if any(isinstance(event, Done) for event in events):
            self.refresh_numbers()  # tallies and remarks of the run count from now on
        if self.slide is not None:
            for event in events:
                self.slide.take_event(event)

    def panels(self) -> tuple[QWidget, ...]:
        """In the order in which F6 visits them."""
        front = self.views.currentWidget()
        return (front.focusProxy() or front, self.inspector.image, self.differential.table)

    def review_panels(self) -> tuple[QWidget, ...]:
        """Where Space and Delete are keys of the review; elsewhere they belong to buttons and text."""
        slide = () if self.slide is None else (self.slide.canvas,)
        return (self.gallery.view, *slide, self.inspector.image, self.differential.table)

    def find_class(self) -> None:
        """Type-ahead for the class of the chosen cells."""
        ids = self._once_sure("find", self.targets_in_sight())
        if not ids:
            return
        finder = ClassFinder(self._context, self)
        finder.chosen.connect(lambda code: self._name(ids, code))
        self._over_the_views(finder)
        finder.line.setFocus()

    def tag(self) -> None:
        """Tags of the chosen cells."""
        ids = self.targets_in_sight()
        if not ids or not self.controller.may_decide():
            return
        box = TagBox(self._context, self.controller, ids, self)
        box.comment_wanted.connect(lambda: self._comment(ids))
        self._over_the_views(box)
        box.setFocus()

    def comment(self) -> None:
        """A comment on the chosen cells."""
        ids = self.targets_in_sight()
        if ids and self.controller.may_decide():
            self._comment(ids)

    def _comment(self, ids: list[int]) -> None:
        dialog = CellCommentDialog(len(ids), self)
        accepted = dialog.exec()
        dialog.deleteLater()
        if accepted:
            self.controller.note(dialog.answer(), ids)

    def _over_the_views(self, box: QFrame) -> None:
        middle = self.views.mapToGlobal(self.views.rect().center())
        box.move(middle.x() - box.width() // 2, middle.y() - box.height())
        box.show()

    def compare(self) -> None:
        """The chosen cells side by side."""
        self.comparisons.show(self.chosen())

    def show_alike(self) -> None:
        """The cells of this case most like the one with the cursor, beside it."""
        cell_id = self.gallery.view.current_id()
        if cell_id is not None:
            self.comparisons.show_alike(cell_id)

    def choose_filter(self) -> None:
        """Give the choice of what the gallery shows the keyboard."""
        self.views.setCurrentWidget(self.gallery)
        self.gallery.choice.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_two_classes(self) -> None:
        """The class of the chosen cell beside another."""
        ids = self.chosen()
        self.comparisons.show_two_classes(self.controller.group_of(ids[0]) if ids else "")

    def show_in_gallery(self, ids: list[int] | None = None) -> None:
        """These cells alone in the gallery, all of them chosen; by default the chosen ones of the view."""
        wanted = [i for i in (self.chosen() if ids is None else ids) if self.controller.group_of(i)]
        if wanted:
            self.views.setCurrentWidget(self.gallery)
            self.gallery.show_these(wanted)
            self.window().activateWindow()
            self.views.focus_front()

    # -- numbers ---------------------------------------------------------------------------------------

    def refresh_numbers(self) -> None:
        """Table and header of the moment."""
        settings, state = self.session.settings, self.session.state
        table, target = self._signed() or (self.session.differential(settings.rollup), self.session.target)
        self.differential.show_table(
            table,
            reviewed=state.reviewed,
            cells=len(self.session.cells),
            by_hand=sum(state.hand_counts.values()),
            percent=percent_reviewed(self.session),
            target=target,
            more=(
                *run_remarks(self.session.runs),
                *queue_remark(self.session.flagged, state),
                *reader_remark(settings),
            ),
        )
        self.differential.show_queue(len(self.session.look_first()))
        self.header.refresh()
        self.state_changed.emit()

    def _signed(self) -> tuple[Differential, int] | None:
        """What was signed, whatever the laboratory's settings say by now."""
        state = self.session.state
        if not state.signed:
            return None
        asked = state.version, len(state.signatures)
        if self._signed_at != asked:
            try:
                self._signed_at, self._signed_then = asked, signed_table(self.session)
            except UserError as error:
                _log.warning("what was signed cannot be read", exc_info=error)
                self._signed_then = None
        return self._signed_then

    def _on_case_changed(self, change: Change) -> None:
        if change.event is None:
            # New cells come in bursts while an analysis runs; a decision is shown at once.
            self._later.start(0 if len(self.session.cells) < _MANY_CELLS else 300)
        else:
            self.refresh_numbers()

    def _current_changed(self, cell_id: int | None) -> None:
        self.leave_queue(cell_id)
        self.inspector.show_cell(cell_id)
        if self.slide is not None:
            self.slide.show_cell(cell_id)
        self.views.ring_chosen()
        self.views.show_current()
        code = None if cell_id is None else self.controller.group_of(cell_id)
        self.differential.table.mark(code if code in BY_CODE else None)

    def _selection_changed(self, _: int) -> None:
        self.views.ring_chosen()

    def offer_menu(self, make: Callable[[QWidget], QMenu]) -> None:
        """Let `make` the menu of the chosen cells, for the gallery."""
        view = self.gallery.view
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(
            lambda p: self._show_context_menu(make, view.viewport().mapToGlobal(p))
        )

    def _show_context_menu(self, make: Callable[[QWidget], QMenu], place: QPoint) -> None:
        ids = self.targets_in_sight()
        if ids:
            self.views.ask_about(ids)
            menu = make(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.destroyed.connect(self.views.ask_about_the_chosen)
            menu.popup(place)

    def close_case(self) -> None:
        """Let go of the session; it may be closed afterwards."""
        self._later.stop()
        self.comparisons.close_case()
        self.controller.close()
        self.views.close_case()
        self.inspector.close_case()


#: Commands of the window that are the page's alone, by the name of their action.
PAGE_COMMANDS: dict[str, Callable[[CasePage], None]] = {
    "confirm": CasePage.confirm,
    "exclude": CasePage.exclude,
    "restore": CasePage.restore,
    "look_first": CasePage.next_look_first,
    "next_doubtful": CasePage.next_doubtful,
    "next_unreviewed": CasePage.next_unreviewed,
    "find_class": CasePage.find_class,
    "compare": CasePage.compare,
    "alike": CasePage.show_alike,
    "confirm_seen": CasePage.confirm_seen,
    "tag": CasePage.tag,
    "comment": CasePage.comment,
    "in_gallery": CasePage.show_in_gallery,
    "two_classes": CasePage.show_two_classes,
    "filter": CasePage.choose_filter,
}
