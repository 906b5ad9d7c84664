"""The slide tab: tools above, the picture, what is under the mouse below."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup, QPainter
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from bloodcells_gui.app.slide_images import SlideImages, known_maps, visited_areas
from bloodcells_gui.domain.analysis import AnalysisEvent, ImagesRead, ScaleKnown
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import Change
from bloodcells_gui.domain.zones import TileScanned, Zones, ZonesRanked
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.labels import ElidedLabel
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.slide_view import legend
from bloodcells_gui.ui.slide_view.canvas import ADD, MEASURE, MOVE, ZONE, SlideCanvas
from bloodcells_gui.ui.slide_view.loader import TileLoader, TileReader
from bloodcells_gui.ui.slide_view.look import LookPanel
from bloodcells_gui.ui.slide_view.markers import RGB, Markers, swatch
from bloodcells_gui.ui.slide_view.zone import KeptZone, zones_of

_SETTLE_MS = 120


class SlidePanel(QWidget):
    """Fields or a slide of one case.

    Parameters
    ----------
    images : TileReader or None
        None opens the specimen's own files.
    may_decide : callable
        Asked before a decision.

    Signals
    -------
    cell_picked(int)
        The person clicked a cell.
    failed(UserError)
        Something could not be shown or kept.
    """

    cell_picked = Signal(int)
    failed = Signal(object)

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        images: TileReader | None = None,
        may_decide: Callable[[], bool] = lambda: True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._controller = controller
        self._session = controller.session
        self._may_decide = may_decide
        self._reader: TileReader = images or SlideImages(self._session.specimen)
        self._told_failure = self._staying = False
        self.loader = TileLoader(self._reader, self)
        placed = tuple(self._reader.images)
        self.markers = Markers({i.index: i.origin_px for i in placed}, controller.group_of)
        self.markers.add(self._session.cells)
        self.canvas = SlideCanvas(context, self.loader, placed, self.markers)
        tallies = [r.tallies for r in self._session.runs]
        for image, tiles in known_maps(tallies, self._session.specimen).items():
            self.canvas.zones.rank(image, tiles)
        self.canvas.zones.visit(visited_areas(tallies, self._session.specimen))
        self._kept_zone = KeptZone(controller, may_decide)
        self._show_kept_zone()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._apply_look)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._build_tools())
        layout.addWidget(self.canvas, 1)
        layout.addLayout(self._build_foot())
        self._learn_scale()
        self._connect()
        self._tell()

    # -- building --------------------------------------------------------------------------------------

    def _button(self, icon: str, text: str, tip: str, *, checkable: bool = False) -> QToolButton:
        button = QToolButton()
        button.setIcon(self._context.icons.get(icon))
        button.setIconSize(QSize(18, 18))
        button.setAccessibleName(text)
        button.setToolTip(tip)
        button.setCheckable(checkable)
        return button

    def _build_tools(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(2)
        self._tools: dict[str, QToolButton] = {}
        for tool, icon, text, tip in (
            (MOVE, "move", self.tr("Move and choose"), self.tr("Drag to move, click a cell to choose it")),
            (ADD, "add_cell", self.tr("Add a cell"), self.tr("Click where the program missed a cell")),
            (MEASURE, "ruler", self.tr("Measure"), self.tr("Drag to measure a distance")),
            (
                ZONE,
                "zone",
                self.tr("Draw a zone"),
                self.tr("Draw around what a continued analysis shall search"),
            ),
        ):
            button = self._button(icon, text, tip, checkable=True)
            button.clicked.connect(lambda _=False, t=tool: self.set_tool(t))
            self._tools[tool] = button
            row.addWidget(button)
        self._tools[ADD].setEnabled(hasattr(self._session, "add_cell") and not self._session.read_only)
        self.remove_button = self._button(
            "exclude", self.tr("Not a cell"), self.tr("The chosen cell counts nowhere (Delete)")
        )
        row.addWidget(self.remove_button)
        row.addSpacing(10)
        self.fit_button = self._button("fit", self.tr("Fit"), self.tr("See everything (0)"))
        self.in_button = self._button("zoom_in", self.tr("Zoom in"), self.tr("Zoom in (+)"))
        self.out_button = self._button("zoom_out", self.tr("Zoom out"), self.tr("Zoom out (-)"))
        for button in (self.out_button, self.in_button, self.fit_button):
            row.addWidget(button)
        row.addSpacing(10)
        self.cells_button = self._button("markers", self.tr("Cells"), self.tr("Which cells are marked"))
        self.cells_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._cells_menu = QMenu(self)
        self.cells_button.setMenu(self._cells_menu)
        self._cells_menu.aboutToShow.connect(self._fill_cells_menu)
        self.map_button = self._button("layers", self.tr("Maps"), self.tr("Maps over the picture"))
        self.map_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.map_button.setMenu(self._build_map_menu())
        self.look_button = self._button(
            "contrast", self.tr("Picture"), self.tr("Brightness, contrast, gamma, stain")
        )
        self.look_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.look = LookPanel()
        holder = QMenu(self)
        action = QWidgetAction(holder)
        action.setDefaultWidget(self.look)
        holder.addAction(action)
        self.look_button.setMenu(holder)
        self.snapshot_button = self._button(
            "camera", self.tr("Snapshot"), self.tr("Save what is seen as a picture")
        )
        for button in (self.cells_button, self.map_button, self.look_button, self.snapshot_button):
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _build_map_menu(self) -> QMenu:
        menu = QMenu(self)
        group = QActionGroup(menu)
        self.map_actions: dict[str, QAction] = {}
        for name, text in (
            (legend.NOTHING, self.tr("No map")),
            (legend.QUALITY, self.tr("Quality of the monolayer")),
            (legend.DENSITY, self.tr("Leukocytes per area")),
        ):
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(name == legend.NOTHING)
            action.triggered.connect(lambda _=False, n=name: self._show_map(n))
            group.addAction(action)
            self.map_actions[name] = action
        menu.aboutToShow.connect(self._offer_maps)
        menu.addSeparator()
        self.visited_action = menu.addAction(self.tr("Dim what was not searched"))
        self.visited_action.setCheckable(True)
        self.visited_action.toggled.connect(self._show_visited)
        self.overview_action = menu.addAction(self.tr("Small overview in the corner"))
        self.overview_action.setCheckable(True)
        self.overview_action.setChecked(True)
        self.overview_action.toggled.connect(self._show_overview)
        return menu

    def _build_foot(self) -> QHBoxLayout:
        self._where = ElidedLabel()
        self._where.setObjectName("muted")
        self._zoom = QLabel()
        self._zoom.setObjectName("muted")
        foot = QHBoxLayout()
        foot.setContentsMargins(12, 3, 12, 3)
        foot.addWidget(self._where, 1)
        foot.addWidget(self._zoom)
        return foot

    def _connect(self) -> None:
        self.canvas.picked.connect(self._picked)
        self.canvas.add_wanted.connect(self.add_cell)
        self.canvas.pointed.connect(self._pointed)
        self.canvas.moved.connect(self._tell)
        self.canvas.removal_wanted.connect(self.remove_chosen)
        self.canvas.zone_drawn.connect(lambda: self._kept_zone.keep(self.zones()))
        self.canvas.zone_drawn.connect(self._tell)
        self.fit_button.clicked.connect(self.canvas.fit)
        self.in_button.clicked.connect(lambda: self.canvas.zoom_step(2))
        self.out_button.clicked.connect(lambda: self.canvas.zoom_step(-2))
        self.remove_button.clicked.connect(self.remove_chosen)
        self.snapshot_button.clicked.connect(self._ask_snapshot)
        self.look.changed.connect(lambda _: self._settle.start())
        self.loader.failed.connect(self._not_read)
        self._controller.changed.connect(self._changed)

    # -- cells -----------------------------------------------------------------------------------------

    def _changed(self, change: Change) -> None:
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
        self._tell()
        self.canvas.update()

    def show_cell(self, cell_id: int | None) -> None:
        """The gallery's cursor is on this cell."""
        if cell_id is None:
            self.canvas.choose(None)
        elif self.isVisible() and not self._staying:
            self.canvas.show_cell(cell_id)
        else:
            self.canvas.choose(cell_id)
        self._tell()

    def fly_to(self, cell_id: int) -> bool:
        """Bring a cell to the middle."""
        return self.canvas.fly_to(cell_id, at_once=not self.isVisible())

    def _picked(self, cell_id: int | None) -> None:
        if cell_id is not None:
            self.canvas.choose(cell_id)
            self.cell_picked.emit(cell_id)
        self._tell()

    def remove_chosen(self) -> None:
        """The chosen cell is none: it counts nowhere, and that can be undone."""
        cell_id = self.canvas.chosen
        if cell_id is None or not self._may_decide():
            return
        remove = getattr(self._session, "remove_cell", None)
        cell = self._session.cell(cell_id)
        self._staying = True  # the gallery's cursor goes on; the person still looks at this place
        try:
            if cell.run < 0 and remove is not None:
                self._attempt(lambda: remove(cell_id))
            else:
                self._controller.exclude([cell_id])
        finally:
            self._staying = False

    def add_cell(self, image: int, x: float, y: float) -> None:
        """Segment and classify what lies at a place, and count it."""
        add = getattr(self._session, "add_cell", None)
        if add is None or not self._may_decide():
            return
        change = self._attempt(lambda: add(image, x, y))
        if change is not None and change.cells:
            self.canvas.choose(change.cells[0])
            self.cell_picked.emit(change.cells[0])

    def _attempt(self, act: Callable[[], Change]) -> Change | None:
        try:
            return act()
        except UserError as error:
            self.failed.emit(error)
            return None

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
                self._tell()
            case _:
                return
        self.canvas.update()

    def _reload(self) -> None:
        """Images got another size, scale or place."""
        if not isinstance(self._reader, SlideImages):
            return
        fresh = SlideImages(self._session.specimen)
        if [(i.origin_px, i.size_px) for i in fresh.images] == [
            (i.origin_px, i.size_px) for i in self._reader.images
        ]:
            fresh.close()
            return
        old_loader, old_reader = self.loader, self._reader
        self._reader = fresh
        self.loader = TileLoader(fresh, self)
        self.loader.failed.connect(self._not_read)
        markers = Markers({i.index: i.origin_px for i in fresh.images}, self._controller.group_of)
        markers.hidden = self.markers.hidden
        markers.add(self._session.cells)
        self.markers = markers
        self.canvas.replace(self.loader, tuple(fresh.images), markers)
        old_loader.close()
        old_reader.close()
        self._learn_scale()

    def _learn_scale(self) -> None:
        """um per px of the plane: the run's, else the metadata's."""
        run = self._session.runs[-1] if self._session.runs else None
        mpp = run.scale.mpp if run is not None and run.scale is not None else None
        placed = self._reader.images
        if mpp is None and placed:
            mpp = placed[0].mpp
        self.canvas.mpp = math.nan if mpp is None else mpp
        self.canvas.update()

    def zones(self) -> Zones:
        """The zone that was drawn, in the px of each image it touches; empty for everywhere."""
        return zones_of(self.canvas.zone, self._reader.images)

    def _show_kept_zone(self) -> None:
        outline = self._kept_zone.news(self._reader.images)
        if outline is not None:
            self.canvas.zone = outline

    # -- tools and maps --------------------------------------------------------------------------------

    def set_tool(self, tool: str) -> None:
        """MOVE, ADD or MEASURE."""
        self.canvas.set_tool(tool)
        self._tell()

    def _offer_maps(self) -> None:
        zones = self.canvas.zones
        self.map_actions[legend.QUALITY].setEnabled(zones.ranked)
        self.map_actions[legend.DENSITY].setEnabled(zones.known)
        self.visited_action.setEnabled(zones.known)

    def _show_map(self, name: str) -> None:
        self.canvas.shown_map = name
        self.canvas.update()

    def _show_visited(self, on: bool) -> None:
        self.canvas.show_visited = on
        self.canvas.update()

    def _show_overview(self, on: bool) -> None:
        self.canvas.show_overview = on
        self.canvas.update()

    def _fill_cells_menu(self) -> None:
        menu, language = self._cells_menu, self._context.language
        menu.clear()
        everything = menu.addAction(self.tr("Mark cells"))
        everything.setCheckable(True)
        everything.setChecked(self.canvas.show_markers)
        everything.toggled.connect(self._show_markers)
        menu.addSeparator()
        for code, n in self.markers.counts().items():
            action = menu.addAction(f"{language.class_name(code)}  ({language.integer(n)})")
            shown = code not in self.markers.hidden
            action.setIcon(swatch(RGB[code], ticked=shown))
            action.setCheckable(True)
            action.setChecked(shown)
            action.setEnabled(self.canvas.show_markers)
            action.toggled.connect(lambda on, c=code: self.show_group(c, on))

    def _show_markers(self, on: bool) -> None:
        self.canvas.show_markers = on
        self.canvas.update()

    def show_group(self, code: str, on: bool) -> None:
        """Show or hide the markers of one class or queue."""
        self.markers.hidden.discard(code) if on else self.markers.hidden.add(code)
        self.canvas.update()

    def _apply_look(self) -> None:
        look = self.look.look()
        self.loader.set_look(look.table(), look.stain)
        self.canvas.update()

    # -- telling ---------------------------------------------------------------------------------------

    def _tell(self) -> None:
        for tool, button in self._tools.items():
            button.setChecked(tool == self.canvas.tool)
        self.remove_button.setEnabled(self.canvas.chosen is not None and not self._session.read_only)
        mpp, zoom = self.canvas.mpp, self.canvas.camera.zoom
        text = f"{100 * zoom:.0f} %" if zoom >= 0.095 else f"{100 * zoom:.1f} %"
        if math.isfinite(mpp):
            text += f"   {mpp / zoom:.3g} µm/px"
        self._zoom.setText(text)

    def _pointed(self, place: tuple[float, float] | None) -> None:
        if place is None:
            self._where.show_text("")
            return
        image = self.canvas.image_at(*place)
        if image is None:
            self._where.show_text("")
            return
        x, y = place[0] - image.origin_px[0], place[1] - image.origin_px[1]
        parts = [image.name, f"x {x:.0f}, y {y:.0f} px"]
        if math.isfinite(self.canvas.mpp):
            parts.append(f"{x * self.canvas.mpp / 1000:.3f}, {y * self.canvas.mpp / 1000:.3f} mm")
        tile = self.canvas.zones.tile_at(image.index, x, y)
        if tile is not None:
            reasons = [self._context.language.text(r) for r in tile.reasons]
            quality = self.tr("quality {percent} %").format(percent=round(100 * tile.score))
            parts.append(", ".join([quality, *reasons]))
        self._where.show_text("  ·  ".join(parts))

    def _not_read(self, error: UserError) -> None:
        # A damaged file fails for many tiles; once is enough to know.
        if not self._told_failure:
            self._told_failure = True
            self.failed.emit(error)

    def _ask_snapshot(self) -> None:
        name = f"{'-'.join(self._session.specimen.id.split())[:60] or 'slide'}.png"
        chosen, _ = QFileDialog.getSaveFileName(
            self, self.tr("Save the picture"), name, self.tr("PNG picture (*.png)")
        )
        if chosen:
            self.save_snapshot(Path(chosen))

    def save_snapshot(self, path: Path) -> None:
        """Write what is seen as PNG; the words about its use go with it."""
        picture = self.canvas.snapshot()
        painter = QPainter(picture)
        text = self.tr("For Research Use Only. Not for use in diagnostic procedures.")
        painter.fillRect(0, 0, self.canvas.width(), 20, Qt.GlobalColor.white)
        painter.setPen(Qt.GlobalColor.black)
        painter.drawText(8, 14, text)
        painter.end()
        if not picture.save(str(path), "PNG"):  # type: ignore[call-overload]
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
        self._reader.close()
