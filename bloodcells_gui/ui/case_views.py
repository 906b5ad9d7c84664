"""The views of one case side by side in tabs, and which of the chosen cells a person sees in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QThreadPool
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.panel import GalleryPanel
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.slide_view.panel import SlidePanel
from bloodcells_gui.ui.wheel import guard_wheels

if TYPE_CHECKING:
    from bloodcells_gui.ui.cell_map import CellMap


class CaseViews(QTabWidget):
    """Gallery, slide or fields, map, and what else is added; the one in front has the keyboard.

    Only what a person sees can be decided on: `targets` are the chosen cells, where the view in front shows
    them.
    """

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        pool: QThreadPool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._controller = controller
        self._pool = pool
        self.asked_about: list[int] | None = None
        self.setObjectName("views")
        self.setDocumentMode(True)
        self.setTabBarAutoHide(True)
        self.gallery = GalleryPanel(context, controller, pool)
        self.addTab(self.gallery, tr("Gallery"))
        self.slide = self._slide_view()
        self.map: CellMap | None = None
        self.map_place = QWidget()
        QVBoxLayout(self.map_place).setContentsMargins(0, 0, 0, 0)
        self.addTab(self.map_place, tr("Map"))
        self.currentChanged.connect(self._view_changed)
        self.tabBarClicked.connect(self._tab_clicked)

    def minimumSizeHint(self) -> QSize:
        """Room for the view in front; those behind it get theirs when they come to the front."""
        if not self.count():
            return super().minimumSizeHint()
        front, bar = self.currentWidget(), self.tabBar()
        least = front.minimumSizeHint().expandedTo(front.minimumSize())
        if bar.isHidden():
            return least + QSize(4, 0)
        tabs = bar.sizeHint()
        return QSize(max(least.width(), tabs.width()) + 4, least.height() + tabs.height())

    def _slide_view(self) -> SlidePanel | None:
        """Where the cells lie, for fields and slides."""
        kind = self._controller.session.specimen.kind
        if kind not in (SpecimenKind.FIELDS, SpecimenKind.SLIDE):
            return None
        slide = SlidePanel(self._context, self._controller)
        slide.failed.connect(self._controller.failed)
        slide.cell_picked.connect(lambda cell_id: self.gallery.view.select_ids([cell_id]))
        self.gallery.view.activated_cell.connect(self._fly_to)
        self.addTab(slide, tr("Slide") if kind is SpecimenKind.SLIDE else tr("Fields"))
        return slide

    def _fly_to(self, cell_id: int) -> None:
        if self.slide is not None and self.slide.markers.box(cell_id) is not None:
            # Shown first: a view that never was has no size to zoom for.
            self.setCurrentWidget(self.slide)
            self.slide.fly_to(cell_id)

    # -- which view is in front ------------------------------------------------------------------------

    def focus_front(self) -> None:
        """Give the view in front the keyboard."""
        self.currentWidget().setFocus(Qt.FocusReason.OtherFocusReason)

    def _tab_clicked(self, index: int) -> None:
        if index == self.currentIndex():
            self.focus_front()

    def _view_changed(self, index: int) -> None:
        if self.widget(index) is self.map_place and self.map is None:
            self._make_map()
        self.updateGeometry()
        self.show_current()
        self.focus_front()

    def _make_map(self) -> None:
        from bloodcells_gui.ui.cell_map import CellMap  # pyqtgraph: only when it is wanted

        self.map = CellMap(self._context, self._controller, self._pool)
        layout = self.map_place.layout()
        if layout is not None:
            layout.addWidget(self.map)
        self.map_place.setFocusProxy(self.map)
        # Space and Delete are keys of the review on the points only: the choice above them has its own Space.
        self.map.canvas.addActions(self.gallery.view.actions())
        guard_wheels(self.map)
        self.map.chosen.connect(self.gallery.view.select_ids)
        self.ring_chosen()

    def cells_in_front(self) -> bool:
        """Whether the view in front shows cells."""
        return self.currentWidget() in (self.gallery, self.map_place, self.slide)

    # -- cells -----------------------------------------------------------------------------------------

    def chosen(self) -> list[int]:
        """The selected cells, else the one with the cursor."""
        ids = self.gallery.view.selected_ids()
        if ids:
            return ids
        current = self.gallery.view.current_id()
        return [] if current is None else [current]

    def ring_chosen(self) -> None:
        """Let the map show which cells are chosen."""
        if self.map is not None:
            self.map.show_selection(self.chosen())

    def targets(self) -> list[int]:
        """The cells that a decision is about: the chosen ones, where the view in front shows them.

        The slide has its ring on one cell, so a decision there is about that one. Empty while the chosen
        cells are out of sight: behind another tab, scrolled away, in a folded group, beside the map's part.
        """
        front, ids = self.currentWidget(), self.asked_about or self.chosen()
        if front is self.slide and self.slide is not None:
            ringed = self.slide.canvas.chosen
            return [ringed] if ringed is not None and self.slide.shows(ringed) else []
        if front is self.map_place:
            return ids if self.map is not None and self.map.shows(ids) else []
        return ids if front is self.gallery and self.gallery.view.shows(ids) else []

    def out_of_sight(self, ids: Sequence[int]) -> list[int]:
        """Those of the :meth:`targets` that the view in front does not show at this moment."""
        front = self.currentWidget()
        if front is self.gallery:
            seen = self.gallery.view.in_sight(ids)
        elif front is self.map_place and self.map is not None:
            seen = self.map.in_sight(ids)
        else:
            return []
        return [i for i in ids if i not in seen]

    def ask_about(self, ids: Sequence[int]) -> None:
        """A menu about these cells is open: what it does is done to them, whatever is selected meanwhile."""
        self.asked_about = list(ids)

    def ask_about_the_chosen(self) -> None:
        """The menu is gone: decisions are about the chosen cells again."""
        self.asked_about = None

    def show_current(self) -> None:
        """Let the slide or the map follow the cursor when it is in front."""
        cell_id, front = self.gallery.view.current_id(), self.currentWidget()
        if cell_id is None:
            return
        if front is self.slide and self.slide is not None and not self.slide.shows(cell_id):
            self.slide.show_cell(cell_id)
        elif front is self.map_place and self.map is not None:
            self.map.bring_into_sight(cell_id)

    def show_cells(self, ids: Sequence[int]) -> None:
        """Choose cells and bring them on the screen: in the view in front, else in the gallery."""
        present = [i for i in ids if self._controller.group_of(i)]
        if not self.cells_in_front():
            self.setCurrentWidget(self.gallery)
        self.gallery.view.select_ids(present)
        self.show_current()
        if present and not self.targets():
            self.setCurrentWidget(self.gallery)
            self.gallery.view.select_ids(present)

    def point_at_group(self, code: str) -> None:
        """A class was clicked elsewhere: show its group, where the gallery is in front."""
        if self.currentWidget() is self.gallery:
            self.gallery.view.show_group(code)

    def show_group(self, code: str) -> None:
        """Bring the gallery to the front with a group at the top."""
        self.setCurrentWidget(self.gallery)
        self.gallery.view.show_group(code)
        self.focus_front()

    def close_case(self) -> None:
        """Ask for nothing any more; call before the session closes."""
        if self.map is not None:
            self.map.close_case()
        if self.slide is not None:
            self.slide.close_case()
        self.gallery.close_case()
