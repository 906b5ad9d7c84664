"""The slide tab: tools above, the picture, what is under the mouse below."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from bloodcells_gui.app.platelets import searches_of_runs
from bloodcells_gui.app.slide_images import SlideImages, known_maps, visited_areas
from bloodcells_gui.domain.analysis import AnalysisEvent, Done, ImagesRead, ScaleKnown
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.platelet_clumps import REFUTED_FIELD, refuted
from bloodcells_gui.domain.review import Change
from bloodcells_gui.domain.zones import TileScanned, Zones, ZonesRanked
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.marked_picture import save_png
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.slide_view.canvas import SlideCanvas
from bloodcells_gui.ui.slide_view.loader import TileLoader, TileReader
from bloodcells_gui.ui.slide_view.markers import Markers
from bloodcells_gui.ui.slide_view.status_line import SlideStatusLine
from bloodcells_gui.ui.slide_view.tools import SlideTools
from bloodcells_gui.ui.slide_view.zone import StoredZone, image_zones_of
from bloodcells_gui.ui.slide_view.zone_offer import ZoneOffer

_SETTLE_MS = 120


class SlidePanel(QWidget):
    """Fields or a slide of one case.

    Parameters
    ----------
    images : TileReader or None
        None opens the specimen's own files.

    Signals
    -------
    cell_picked(int)
        The person clicked a cell.
    failed(UserError)
        Something could not be read or saved as a picture.
    analysis_wanted()
        The person wants the drawn zone analysed.
    """

    cell_picked = Signal(int)
    failed = Signal(object)
    analysis_wanted = Signal()

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        images: TileReader | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self.controller = controller
        self._session = controller.session
        self.reader: TileReader = images or SlideImages(self._session.specimen, self._session.runs)
        self._told_failure = self._staying = False
        self.loader = TileLoader(self.reader, self)
        placed = tuple(self.reader.images)
        self.markers = Markers({i.index: i.origin_px for i in placed}, controller.group_of)
        self.markers.add(self._session.cells)
        self.canvas = SlideCanvas(context, self.loader, placed, self.markers)
        runs = self._session.runs
        for image, tiles in known_maps(runs, self._session.specimen).items():
            self.canvas.zones.rank(image, tiles)
        self.canvas.zones.visit(visited_areas(runs, self._session.specimen))
        self._show_clumps()
        self._kept_zone = StoredZone(controller)
        self._show_kept_zone()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._apply_look)
        self.tools = SlideTools(context, self.canvas, may_add=not self._session.read_only)
        self.foot = SlideStatusLine(context, self.canvas)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.offer = ZoneOffer(context, self.canvas)
        layout.addWidget(self.tools)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.foot)
        self.setFocusProxy(self.canvas)
        self._learn_scale()
        self._connect()
        self._update_tools_and_status()

    def _connect(self) -> None:
        self.canvas.picked.connect(self._picked)
        self.canvas.add_wanted.connect(self.add_cell)
        self.canvas.pointed.connect(self.foot.show_place)
        self.canvas.moved.connect(self._update_tools_and_status)
        self.canvas.removal_wanted.connect(self.remove_chosen)
        self.canvas.zone_drawn.connect(lambda: self._kept_zone.save(self.zones()))
        self.canvas.zone_drawn.connect(self._update_tools_and_status)
        self.canvas.zone_drawn.connect(self._offer_zone)
        self.canvas.enter_pressed.connect(self.offer.accept)
        self.offer.accepted.connect(self.analysis_wanted)
        self.tools.tool_chosen.connect(self.set_tool)
        self.tools.map_chosen.connect(self.show_map)
        self.tools.visited_wanted.connect(self.show_visited)
        self.tools.overview_wanted.connect(self._show_overview)
        self.tools.markers_wanted.connect(self._show_markers)
        self.tools.group_wanted.connect(self.show_group)
        self.tools.fit_button.clicked.connect(self.canvas.fit)
        self.tools.in_button.clicked.connect(lambda: self.canvas.zoom_step(2))
        self.tools.out_button.clicked.connect(lambda: self.canvas.zoom_step(-2))
        self.tools.remove_button.clicked.connect(self.remove_chosen)
        self.tools.snapshot_button.clicked.connect(self._ask_snapshot)
        self.tools.look.changed.connect(lambda _: self._settle.start())
        self.loader.failed.connect(self._not_read)
        self.controller.changed.connect(self._on_case_changed)

    # -- cells -----------------------------------------------------------------------------------------

    def _on_case_changed(self, change: Change) -> None:
        new = [i for i in change.cells if not self.markers.knows(i)]
        if new:
            cells = []
            for cell_id in new:
                try:
                    cells.append(self._session.cell(cell_id))
                except KeyError:
                    continue
            self.markers.add(cells)
        self.markers.regroup(i for i in change.cells if self.markers.knows(i))
        self.canvas.zones.forget_density()
        self._show_kept_zone()
        if REFUTED_FIELD in change.fields:
            self._show_clumps()
        self._update_tools_and_status()
        self.canvas.update()

    def show_cell(self, cell_id: int | None) -> None:
        """The gallery's cursor is on this cell."""
        if cell_id is None:
            self.canvas.choose(None)
        elif self.isVisible() and not self._staying:
            self.canvas.show_cell(cell_id)
        else:
            self.canvas.choose(cell_id)
        self._update_tools_and_status()

    def fly_to(self, cell_id: int) -> bool:
        """Bring a cell to the middle."""
        return self.canvas.fly_to(cell_id, at_once=not self.isVisible())

    def shows(self, cell_id: int) -> bool:
        """Whether the ring is on this cell and in sight."""
        box = self.markers.box(cell_id)
        if box is None or self.canvas.chosen != cell_id:
            return False
        camera = self.canvas.camera
        x, y = camera.to_screen(box[0] + box[2] / 2, box[1] + box[3] / 2)
        return 0 <= x <= camera.width and 0 <= y <= camera.height

    def _picked(self, cell_id: int | None) -> None:
        if cell_id is not None:
            self.canvas.choose(cell_id)
            self.cell_picked.emit(cell_id)
        self._update_tools_and_status()

    def remove_chosen(self) -> None:
        """The chosen cell is none: it counts nowhere, and that can be undone."""
        cell_id = self.canvas.chosen
        if cell_id is None:
            return
        if not self.shows(cell_id):
            self.canvas.show_cell(cell_id)  # seen first: the next press takes it out
            return
        self.staying_here(lambda: self.controller.remove_cell(cell_id))

    def staying_here(self, act: Callable[[], object]) -> None:
        """Do something to the ringed cell; the gallery's cursor may go on, the view stays at this place."""
        self._staying = True
        try:
            act()
        finally:
            self._staying = False

    def add_cell(self, image: int, x: float, y: float) -> None:
        """Segment and classify what lies at a place, and count it."""
        change = self.controller.add_cell(image, x, y)
        if change is not None and change.cells:
            self.canvas.choose(change.cells[0])
            self.cell_picked.emit(change.cells[0])

    def _show_clumps(self) -> None:
        """Ring the places that may be clumps of platelets."""
        origins = {i.index: i.origin_px for i in self.reader.images}
        out = refuted(self._session.state.data)
        self.canvas.clumps.show(searches_of_runs(self._session.runs), out, origins)
        self.canvas.update()

    # -- the analysis ----------------------------------------------------------------------------------

    def take_event(self, event: AnalysisEvent) -> None:
        """An analysis is under way: its map, its tiles, its images."""
        match event:
            case ZonesRanked(image, tiles):
                self.canvas.zones.rank(image, tiles)
            case TileScanned(tile=tile):
                self.canvas.zones.scanned(tile)
            case ImagesRead():
                self._reload()
            case ScaleKnown(scale):
                self.canvas.mpp = math.nan if scale.mpp is None else scale.mpp
                self._update_tools_and_status()
            case Done():
                self._show_clumps()
            case _:
                return
        self.canvas.update()

    def _reload(self) -> None:
        """Images got another size, scale or place."""
        if not isinstance(self.reader, SlideImages):
            return
        fresh = SlideImages(self._session.specimen, self._session.runs)
        if [(i.origin_px, i.size_px) for i in fresh.images] == [
            (i.origin_px, i.size_px) for i in self.reader.images
        ]:
            fresh.close()
            return
        old_loader = self.loader
        self.reader = fresh
        self.loader = TileLoader(fresh, self)
        self.loader.failed.connect(self._not_read)
        markers = Markers({i.index: i.origin_px for i in fresh.images}, self.controller.group_of)
        markers.hidden = self.markers.hidden
        markers.add(self._session.cells)
        self.markers = markers
        self.canvas.replace(self.loader, tuple(fresh.images), markers)
        old_loader.close()
        self._learn_scale()

    def _learn_scale(self) -> None:
        """um per px of the plane: the run's, else the metadata's."""
        run = self._session.runs[-1] if self._session.runs else None
        mpp = run.scale.mpp if run is not None and run.scale is not None else None
        placed = self.reader.images
        if mpp is None and placed:
            mpp = placed[0].mpp
        self.canvas.mpp = math.nan if mpp is None else mpp
        self.canvas.update()

    def zones(self) -> Zones:
        """The zone that was drawn, in the px of each image it touches; empty for everywhere."""
        return image_zones_of(self.canvas.zone, self.reader.images)

    def _offer_zone(self) -> None:
        if self.controller.editable:
            self.offer.offer(self.canvas.zone, self.canvas.mpp, self._session.runs)

    def _show_kept_zone(self) -> None:
        outline = self._kept_zone.changed_outline(self.reader.images)
        if outline is not None:
            self.canvas.zone = outline

    # -- tools and maps --------------------------------------------------------------------------------

    def set_tool(self, tool: str) -> None:
        """MOVE, ADD, MEASURE or ZONE."""
        self.canvas.set_tool(tool)
        self._update_tools_and_status()

    def show_map(self, name: str) -> None:
        """Lay a map of `legend` over the picture; `legend.NOTHING` takes it away."""
        self.canvas.shown_map = name
        self.canvas.update()

    def show_visited(self, on: bool) -> None:
        """Mark where the analysis looked, or not."""
        self.canvas.show_visited = on
        self.canvas.update()

    def _show_overview(self, on: bool) -> None:
        self.canvas.show_overview = on
        self.canvas.update()

    def _show_markers(self, on: bool) -> None:
        self.canvas.show_markers = on
        self.canvas.update()

    def show_group(self, code: str, on: bool) -> None:
        """Show or hide the markers of one class or queue."""
        self.markers.hidden.discard(code) if on else self.markers.hidden.add(code)
        self.canvas.update()

    def _apply_look(self) -> None:
        look = self.tools.look.look()
        self.loader.set_look(look.table(), look.stain)
        self.canvas.update()

    # -- telling ---------------------------------------------------------------------------------------

    def _update_tools_and_status(self) -> None:
        self.tools.show_state(removable=self.canvas.chosen is not None and not self._session.read_only)
        self.foot.show_zoom()

    def _not_read(self, error: UserError) -> None:
        # A damaged file fails for many tiles; once is enough to know.
        if not self._told_failure:
            self._told_failure = True
            self.failed.emit(error)

    def _ask_snapshot(self) -> None:
        name = f"{'-'.join(self._session.specimen.id.split())[:60] or 'slide'}.png"
        title, filters = tr("Save the picture"), tr("PNG picture (*.png)")
        chosen = self._context.files.choose_target(FileKind.PICTURE, self, title, name, filters)
        if chosen is not None:
            self.save_snapshot(chosen)

    def save_snapshot(self, path: Path) -> None:
        """Write what is seen as PNG; the words about its use go with it."""
        picture = self.canvas.snapshot()
        painter = QPainter(picture)
        text = tr("For Research Use Only. Not for use in diagnostic procedures.")
        painter.fillRect(0, 0, self.canvas.width(), 20, Qt.GlobalColor.white)
        painter.setPen(Qt.GlobalColor.black)
        painter.drawText(8, 14, text)
        painter.end()
        if not save_png(picture, path):
            self.failed.emit(
                UserError(
                    "The picture could not be written to {path}.",
                    "The folder may be write-protected or full.",
                    "Choose another folder.",
                    path=path,
                )
            )

    def close_case(self) -> None:
        """Stop reading and release the files."""
        self._settle.stop()
        self.loader.close()
