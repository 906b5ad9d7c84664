"""One open case on screen: table, gallery, inspector, and the review that binds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QThreadPool, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QSplitter, QVBoxLayout, QWidget

from bloodcells_gui.app.embedding_map import similar_cells
from bloodcells_gui.app.review_progress import percent_reviewed
from bloodcells_gui.domain.analysis import AnalysisEvent, Done
from bloodcells_gui.domain.doubtful import is_worth_a_look
from bloodcells_gui.domain.review import Change, EventKind, Status
from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.run_messages import run_remarks
from bloodcells_gui.domain.suspicion import queue_remark
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.domain.zones import Zones
from bloodcells_gui.ui.case_header import CaseHeader
from bloodcells_gui.ui.case_views import CaseViews
from bloodcells_gui.ui.class_finder import ClassFinder
from bloodcells_gui.ui.compare import MOST, CompareWindow
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.differential.panel import DifferentialPanel
from bloodcells_gui.ui.gallery.panel import GalleryPanel
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.inspector.panel import InspectorPanel
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.review_keys import FIND_CLASS, NEXT_DOUBTFUL, NEXT_UNREVIEWED, ReviewKeys
from bloodcells_gui.ui.slide_view.panel import SlidePanel
from bloodcells_gui.ui.wheel import guard_wheels
from bloodcells_gui.ui.window_memory import WindowMemory

if TYPE_CHECKING:
    from bloodcells_gui.ui.cell_map import CellMap

# The exact limits of very large counts cost tens of milliseconds; then the table follows a little behind.
_MANY_CELLS = 5_000


class CasePage(QWidget):
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
    noticed(str, str)
        Something to know, and what to do.
    """

    state_changed = Signal()
    noticed = Signal(str, str)

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        pool: QThreadPool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        session = self.session = controller.session
        self._context = context
        self._pool = pool
        # Until a person moved the borders they follow the window's width.
        self.splitter_restored = False
        self._shared_width = 0
        self.controller = controller
        controller.setParent(self)
        self.header = CaseHeader(context, session)
        self.differential = DifferentialPanel(context)
        self.inspector = InspectorPanel(context, self.controller, pool)
        self.views = CaseViews(context, self.controller, pool)
        self.comparisons: list[CompareWindow] = []
        self._alike = Lookup(pool, self)
        self._alike.answered.connect(self._alike_found)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(self.differential)
        self.splitter.addWidget(self.views)
        self.splitter.addWidget(self.inspector)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.splitterMoved.connect(self._borders_moved)
        self.views.currentChanged.connect(self._make_room)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.splitter, 1)

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

    def _make_room(self) -> None:
        """Put the inspector aside where a view without cells would be cut off beside it."""
        panes = (self.differential, self.views, self.inspector)
        least = sum(pane.minimumSizeHint().expandedTo(pane.minimumSize()).width() for pane in panes)
        crowded = least + 2 * self.splitter.handleWidth() > self.width()
        self.inspector.setVisible(self.views.cells_in_front() or not crowded)

    def _borders_moved(self) -> None:
        self.splitter_restored = True

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
    def gallery(self) -> GalleryPanel:
        """The cells in groups."""
        return self.views.gallery

    @property
    def slide(self) -> SlidePanel | None:
        """Where the cells lie, for fields and slides."""
        return self.views.slide

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
        ids = self.targets_in_sight()
        if not ids:
            return
        finder = ClassFinder(self._context, self)
        finder.chosen.connect(lambda code: self._name(ids, code))
        corner = self.views.mapToGlobal(self.views.rect().center())
        finder.move(corner.x() - finder.width() // 2, corner.y() - finder.height())
        finder.show()
        finder.line.setFocus()

    def compare(self) -> None:
        """The chosen cells side by side."""
        self._open_comparison(self.chosen(), "")

    def show_alike(self) -> None:
        """The cells of this case most like the one with the cursor, beside it."""
        cell_id = self.gallery.view.current_id()
        if cell_id is None:
            return
        embeddings = self.session.embeddings

        def work() -> list[int]:
            ids, vectors = embeddings()
            row = {int(i): n for n, i in enumerate(ids)}.get(cell_id)
            if row is None:
                return []
            return [int(ids[i]) for i in similar_cells(vectors, row, 3 * MOST)]

        self._alike.ask(cell_id, work)

    def _alike_found(self, cell_id: object, ids: list[int]) -> None:
        others = [i for i in ids if i != cell_id and self.controller.group_of(i)]
        if isinstance(cell_id, int) and others:
            self._open_comparison([cell_id, *others], tr("Cells like cell {number}").format(number=cell_id))

    def _open_comparison(self, ids: list[int], title: str) -> None:
        if not ids:
            return
        window = CompareWindow(self._context, self.controller, self._pool, ids, title, self)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.chosen.connect(lambda cell_id: self.gallery.view.select_ids([cell_id]))
        window.destroyed.connect(lambda: self.comparisons.remove(window))
        self.comparisons.append(window)
        window.show()

    # -- numbers ---------------------------------------------------------------------------------------

    def refresh_numbers(self) -> None:
        """Table and header of the moment."""
        settings, state = self.session.settings, self.session.state
        table = self.session.differential(settings.rollup)
        self.differential.show_table(
            table,
            reviewed=state.reviewed,
            cells=len(self.session.cells),
            by_hand=sum(state.hand_counts.values()),
            percent=percent_reviewed(self.session),
            target=self.session.target,
            more=(*run_remarks(self.session.runs), *queue_remark(self.session.flagged, state)),
        )
        self.differential.show_queue(len(self.session.look_first()))
        self.header.refresh()
        self.state_changed.emit()

    def _on_case_changed(self, change: Change) -> None:
        if change.event is None:
            # New cells come in bursts while an analysis runs; a decision is shown at once.
            self._later.start(0 if len(self.session.cells) < _MANY_CELLS else 300)
        else:
            self.refresh_numbers()

    def _current_changed(self, cell_id: int | None) -> None:
        self.inspector.show_cell(cell_id)
        if self.slide is not None:
            self.slide.show_cell(cell_id)
        self.views.ring_chosen()
        self.views.show_current()
        code = None if cell_id is None else self.controller.group_of(cell_id)
        self.differential.table.mark(code if code in BY_CODE else None)

    def _selection_changed(self, _: int) -> None:
        self.views.ring_chosen()

    # -- decisions -------------------------------------------------------------------------------------

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

    def _warn_not_visible(self) -> None:
        self.noticed.emit(
            tr("These cells were out of sight; nothing was decided."),
            tr("Look at them and press the key again."),
        )

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

    def _apply_and_advance(self, ids: list[int], act: Callable[[list[int]], Change | None]) -> None:
        """Do `act` to `ids` and put the cursor on the open cell that follows them."""
        if not ids or not self.controller.may_decide():
            return
        asks_nothing = self.session.state.asks_nothing
        follower = self.gallery.view.follower(ids, lambda i: not asks_nothing(i))
        if act(ids) is not None:
            self.views.show_cells(ids if follower is None else [follower])

    def _name(self, ids: list[int], code: str) -> None:
        self._apply_and_advance(
            [i for i in ids if self.controller.group_of(i)], lambda c: self.controller.relabel(c, code)
        )

    def confirm(self) -> None:
        """Confirm the chosen cells."""
        self._apply_and_advance(self._targets_or_show_next(), self.controller.confirm)

    def relabel(self, code: str) -> None:
        """Give the chosen cells class `code`."""
        self._name(self._targets_or_show_next(), code)

    def exclude(self) -> None:
        """Leave the chosen cells out of every count."""
        decision = self.session.decision
        ids = [i for i in self._targets_or_show_next() if decision(i).status != Status.EXCLUDED]
        self._apply_and_advance(ids, self.controller.exclude)

    def restore(self) -> None:
        """Count the chosen excluded cells again."""
        decision = self.session.decision
        ids = [i for i in self.targets_in_sight() if decision(i).status == Status.EXCLUDED]
        self._apply_and_advance(ids, self.controller.restore)

    def _on_cells_dropped(self, ids: list[int], code: str) -> None:
        known = [i for i in ids if self.controller.group_of(i)]
        if code == EXCLUDED_LABEL:
            self._apply_and_advance(known, self.controller.exclude)
        elif code in BY_CODE:
            self._name(known, code)

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
        cells = [] if turned is None else [i for i in turned.cells if self.controller.group_of(i)]
        if cells and not self.views.cells_in_front():
            self.views.show_cells(cells)
            self._warn_not_visible()
            return
        change = act()
        if change is not None and change.cells:
            self.views.show_cells(change.cells)

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
        self.views.focus_front()

    def next_unreviewed(self) -> None:
        """The next cell that nobody has decided on."""
        self._select_next(lambda i: not self.session.state.asks_nothing(i))

    def _select_next(self, wanted: Callable[[int], bool]) -> None:
        found = self.gallery.view.find_next(wanted)
        if found is not None:
            self.views.show_cells([found])

    def close_case(self) -> None:
        """Let go of the session; it may be closed afterwards."""
        self._later.stop()
        self._alike.close()
        for window in list(self.comparisons):
            window.close_tiles()
        self.controller.close()
        self.views.close_case()
        self.inspector.close_case()
