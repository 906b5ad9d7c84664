"""One open case on screen: table, gallery, inspector, and the review that binds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QThreadPool, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from bloodcells_gui.domain.analysis import AnalysisEvent, Done
from bloodcells_gui.domain.embedding_map import most_alike
from bloodcells_gui.domain.notices import run_remarks
from bloodcells_gui.domain.review import Change, Status
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.domain.zones import Zones
from bloodcells_gui.ui.case_header import CaseHeader
from bloodcells_gui.ui.class_finder import ClassFinder
from bloodcells_gui.ui.compare import MOST, CompareWindow
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.contracts import Session
from bloodcells_gui.ui.differential.panel import DifferentialPanel
from bloodcells_gui.ui.gallery.panel import GalleryPanel
from bloodcells_gui.ui.i18n import EXCLUDED
from bloodcells_gui.ui.inspector.panel import InspectorPanel
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.slide_view.panel import SlidePanel

if TYPE_CHECKING:
    from bloodcells_gui.ui.cell_map import CellMap

# A cell is doubtful from here on; the gallery sorts by the same figure.
DOUBTFUL = 0.5
# The exact limits of very large counts cost tens of milliseconds; then the table follows a little behind.
_MANY_CELLS = 5_000


class CasePage(QWidget):
    """Composition of the panels of one case.

    Other views of the same case (a slide, a map) go beside the gallery with `add_view`.

    Parameters
    ----------
    may_decide : callable
        Called before a decision; False forbids it (nobody has said who reviews).

    Signals
    -------
    state_changed()
        Undo, redo or the numbers may have changed.
    """

    state_changed = Signal()

    def __init__(
        self,
        context: UiContext,
        session: Session,
        pool: QThreadPool,
        may_decide: Callable[[], bool] = lambda: True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.session = session
        self._context = context
        self._pool = pool
        # Until a person moved the borders they follow the window's width.
        self.splitter_restored = False
        self._shared_width = 0
        self._may_decide = may_decide
        self.controller = ReviewController(session, self)
        self.header = CaseHeader(context, session)
        self.differential = DifferentialPanel(context)
        self.gallery = GalleryPanel(context, self.controller, pool)
        self.inspector = InspectorPanel(context, self.controller, pool)
        self.views = QTabWidget()
        self.views.setDocumentMode(True)
        self.views.setTabBarAutoHide(True)
        self.add_view(self.tr("Gallery"), self.gallery)
        self._map_place = QWidget()
        QVBoxLayout(self._map_place).setContentsMargins(0, 0, 0, 0)
        self.map: CellMap | None = None
        self.views.currentChanged.connect(self._view_changed)
        self._comparisons: list[CompareWindow] = []
        self._alike = Lookup(pool, self)
        self._alike.answered.connect(self._alike_found)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(self.differential)
        self.splitter.addWidget(self.views)
        self.splitter.addWidget(self.inspector)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.splitterMoved.connect(self._borders_moved)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.splitter, 1)

        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.refresh_numbers)
        self.controller.changed.connect(self._changed)
        self.gallery.current_changed.connect(self._current_changed)
        self.gallery.selection_changed.connect(self._selection_changed)
        self.gallery.dropped.connect(self._dropped)
        self.differential.dropped.connect(self._dropped)
        self.differential.class_chosen.connect(self.gallery.view.show_group)
        self.slide = self._slide_view(context)
        self.add_view(self.tr("Map"), self._map_place)
        self.setTabOrder(self.gallery.view, self.inspector.image)
        self.refresh_numbers()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._shared_width != event.size().width() and not self.splitter_restored:
            self._shared_width = event.size().width()
            left = min(590, max(330, round(0.41 * self._shared_width)))
            right = min(360, max(300, round(0.24 * self._shared_width)))
            self.splitter.setSizes([left, self._shared_width - left - right, right])

    def _borders_moved(self) -> None:
        self.splitter_restored = True

    def add_view(self, name: str, view: QWidget) -> None:
        """Another view of the case in the middle; tabs appear from the second on."""
        self.views.addTab(view, name)

    def _slide_view(self, context: UiContext) -> SlidePanel | None:
        """Where the cells lie, for fields and slides."""
        if self.session.specimen.kind not in (SpecimenKind.FIELDS, SpecimenKind.SLIDE):
            return None
        slide = SlidePanel(context, self.controller, may_decide=self._may_decide)
        slide.failed.connect(self.controller.failed)
        slide.cell_picked.connect(lambda cell_id: self.gallery.view.select_ids([cell_id]))
        self.gallery.view.activated_cell.connect(self._fly_to)
        whole = self.session.specimen.kind is SpecimenKind.SLIDE
        self.add_view(self.tr("Slide") if whole else self.tr("Fields"), slide)
        return slide

    def _fly_to(self, cell_id: int) -> None:
        if self.slide is not None and self.slide.markers.box(cell_id) is not None:
            # Shown first: a view that never was has no size to zoom for.
            self.views.setCurrentWidget(self.slide)
            self.slide.fly_to(cell_id)

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
        slide = () if self.slide is None else (self.slide.canvas,)
        return (self.gallery.view, *slide, self.inspector.image, self.differential.table)

    def _view_changed(self, index: int) -> None:
        if self.views.widget(index) is not self._map_place or self.map is not None:
            return
        from bloodcells_gui.ui.cell_map import CellMap  # pyqtgraph: only when it is wanted

        self.map = CellMap(self._context, self.controller, self._pool)
        layout = self._map_place.layout()
        if layout is not None:
            layout.addWidget(self.map)
        self.map.chosen.connect(self.gallery.view.select_ids)
        self.map.show_selection(self.chosen())

    def find_class(self) -> None:
        """Type-ahead for the class of the chosen cells."""
        if not self.chosen():
            return
        finder = ClassFinder(self._context, self)
        finder.chosen.connect(self.relabel)
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
            return [int(ids[i]) for i, _ in most_alike(vectors, row, 3 * MOST)]

        self._alike.ask(cell_id, work)

    def _alike_found(self, cell_id: object, ids: list[int]) -> None:
        others = [i for i in ids if i != cell_id and self.controller.group_of(i)]
        if isinstance(cell_id, int) and others:
            self._open_comparison(
                [cell_id, *others], self.tr("Cells like cell {number}").format(number=cell_id)
            )

    def _open_comparison(self, ids: list[int], title: str) -> None:
        if not ids:
            return
        window = CompareWindow(self._context, self.controller, self._pool, ids, title, self)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.chosen.connect(lambda cell_id: self.gallery.view.select_ids([cell_id]))
        window.destroyed.connect(lambda: self._comparisons.remove(window))
        self._comparisons.append(window)
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
            target=self.session.target,
            more=run_remarks(self.session.runs),
        )
        self.header.refresh()
        self.state_changed.emit()

    def _changed(self, change: Change) -> None:
        if change.event is None:
            # New cells come in bursts while an analysis runs; a decision is shown at once.
            self._later.start(0 if len(self.session.cells) < _MANY_CELLS else 300)
        else:
            self.refresh_numbers()

    def _current_changed(self, cell_id: int | None) -> None:
        self.inspector.show_cell(cell_id)
        if self.slide is not None:
            self.slide.show_cell(cell_id)
        code = None if cell_id is None else self.controller.group_of(cell_id)
        self.differential.table.mark(code if code in BY_CODE else None)

    def _selection_changed(self, _: int) -> None:
        if self.map is not None:
            self.map.show_selection(self.gallery.view.selected_ids())

    # -- decisions -------------------------------------------------------------------------------------

    def chosen(self) -> list[int]:
        """The selected cells, else the one with the cursor."""
        ids = self.gallery.view.selected_ids()
        if ids:
            return ids
        current = self.gallery.view.current_id()
        return [] if current is None else [current]

    def _decide(
        self, ids: list[int], act: Callable[[list[int]], Change | None], *, go_on: bool = True
    ) -> None:
        """Do `act` to `ids` and put the cursor on the cell that follows them."""
        if not ids or not self._may_decide():
            return
        follower = self.gallery.view.follower(ids) if go_on else None
        if act(ids) is not None and follower is not None:
            self.gallery.view.select_ids([follower])

    def confirm(self) -> None:
        """Confirm the chosen cells."""
        self._decide(self.chosen(), self.controller.confirm)

    def relabel(self, code: str) -> None:
        """Give the chosen cells class `code`."""
        self._decide(self.chosen(), lambda ids: self.controller.relabel(ids, code))

    def exclude(self) -> None:
        """Leave the chosen cells out of every count."""
        decision = self.session.decision
        ids = [i for i in self.chosen() if decision(i).status != Status.EXCLUDED]
        self._decide(ids, self.controller.exclude)

    def restore(self) -> None:
        """Count the chosen excluded cells again."""
        decision = self.session.decision
        ids = [i for i in self.chosen() if decision(i).status == Status.EXCLUDED]
        self._decide(ids, self.controller.restore)

    def _dropped(self, ids: list[int], code: str) -> None:
        known = [i for i in ids if self.controller.group_of(i)]
        if code == EXCLUDED:
            self._decide(known, self.controller.exclude)
        elif code in BY_CODE:
            self._decide(known, lambda chosen: self.controller.relabel(chosen, code))

    def undo(self) -> None:
        """Take the last decision back and show what it touched."""
        if self._may_decide():
            self._show(self.controller.undo())

    def redo(self) -> None:
        """Do it again and show what it touched."""
        if self._may_decide():
            self._show(self.controller.redo())

    def _show(self, change: Change | None) -> None:
        if change is not None and change.cells:
            self.gallery.view.select_ids([i for i in change.cells if self.controller.group_of(i)])

    def next_doubtful(self) -> None:
        """The next cell that is unidentified, or doubtful and undecided."""
        self._go(lambda i: not self.session.state.asks_nothing(i) and self._doubtful(i))

    def _doubtful(self, cell_id: int) -> bool:
        decision = self.session.decision(cell_id)
        return decision.status == Status.UNIDENTIFIED or self.session.cell(cell_id).doubt >= DOUBTFUL

    def next_unreviewed(self) -> None:
        """The next cell that nobody has decided on."""
        self._go(lambda i: not self.session.state.asks_nothing(i))

    def _go(self, wanted: Callable[[int], bool]) -> None:
        found = self.gallery.view.find_next(wanted)
        if found is not None:
            self.gallery.view.select_ids([found])

    def close_case(self) -> None:
        """Let go of the session; it may be closed afterwards."""
        self._later.stop()
        self._alike.close()
        for window in list(self._comparisons):
            window.close_tiles()
        if self.map is not None:
            self.map.close_case()
        self.controller.close()
        if self.slide is not None:
            self.slide.close_case()
        self.gallery.close_case()
        self.inspector.close_case()
