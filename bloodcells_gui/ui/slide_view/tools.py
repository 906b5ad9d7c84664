"""The toolbar above the picture: mouse mode, marked classes, maps, display settings."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget, QWidgetAction

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.slide_view import legend
from bloodcells_gui.ui.slide_view.canvas import ADD, MEASURE, MOVE, ZONE, SlideCanvas
from bloodcells_gui.ui.slide_view.display_settings import DisplayPanel
from bloodcells_gui.ui.slide_view.markers import swatch


class SlideTools(QWidget):
    """Buttons and their menus, filled from what one canvas can show; they tell what is wanted and do nothing.

    Parameters
    ----------
    may_add : bool
        Whether cells can be added by hand.

    Signals
    -------
    tool_chosen(str)
        MOVE, ADD, MEASURE or ZONE.
    map_chosen(str)
        A map of :mod:`.legend`.
    visited_wanted(bool), overview_wanted(bool), markers_wanted(bool)
        Dim what was not searched; show the small overview; mark cells.
    group_wanted(str, bool)
        Mark the cells of one class or queue.
    """

    tool_chosen = Signal(str)
    map_chosen = Signal(str)
    visited_wanted = Signal(bool)
    overview_wanted = Signal(bool)
    markers_wanted = Signal(bool)
    group_wanted = Signal(str, bool)

    def __init__(self, context: UiContext, canvas: SlideCanvas, *, may_add: bool) -> None:
        super().__init__()
        self._context = context
        self._canvas = canvas
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(2)
        self._add_tools(row)
        self._tools[ADD].setEnabled(may_add)

    def show_state(self, *, removable: bool) -> None:
        """The canvas has another tool or another cell is chosen."""
        for tool, button in self._tools.items():
            button.setChecked(tool == self._canvas.tool)
        self.remove_button.setEnabled(removable)

    # -- building --------------------------------------------------------------------------------------

    def _button(self, icon: str, text: str, tip: str, *, checkable: bool = False) -> QToolButton:
        button = QToolButton()
        button.setIcon(self._context.icons.get(icon))
        button.setIconSize(QSize(18, 18))
        button.setAccessibleName(text)
        button.setToolTip(tip)
        button.setCheckable(checkable)
        return button

    def _add_tools(self, row: QHBoxLayout) -> None:
        self._tools: dict[str, QToolButton] = {}
        for tool, icon, text, tip in (
            (MOVE, "move", tr("Move and choose"), tr("Drag to move, click a cell to choose it")),
            (ADD, "add_cell", tr("Add a cell"), tr("Click where the program missed a cell")),
            (MEASURE, "ruler", tr("Measure"), tr("Drag to measure a distance")),
            (
                ZONE,
                "zone",
                tr("Draw a zone"),
                tr("Draw around the area that a continued analysis shall search"),
            ),
        ):
            button = self._button(icon, text, tip, checkable=True)
            button.clicked.connect(lambda _=False, t=tool: self.tool_chosen.emit(t))
            self._tools[tool] = button
            row.addWidget(button)
        self.remove_button = self._button(
            "exclude", tr("Not a cell"), tr("The chosen cell counts nowhere (Delete)")
        )
        row.addWidget(self.remove_button)
        row.addSpacing(10)
        self.fit_button = self._button("fit", tr("Fit"), tr("See everything (0)"))
        self.in_button = self._button("zoom_in", tr("Zoom in"), tr("Zoom in (+)"))
        self.out_button = self._button("zoom_out", tr("Zoom out"), tr("Zoom out (-)"))
        for button in (self.out_button, self.in_button, self.fit_button):
            row.addWidget(button)
        row.addSpacing(10)
        self.cells_button = self._button("markers", tr("Cells"), tr("Which cells are marked"))
        self.cells_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.cells_menu = QMenu(self)
        self.cells_button.setMenu(self.cells_menu)
        self.cells_menu.aboutToShow.connect(self.fill_cells_menu)
        self.map_button = self._button("layers", tr("Maps"), tr("Maps over the picture"))
        self.map_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.map_button.setMenu(self._build_map_menu())
        self.look_button = self._button("contrast", tr("Picture"), tr("Brightness, contrast, gamma, stain"))
        self.look_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.look = DisplayPanel()
        holder = QMenu(self)
        action = QWidgetAction(holder)
        action.setDefaultWidget(self.look)
        holder.addAction(action)
        self.look_button.setMenu(holder)
        self.snapshot_button = self._button("camera", tr("Snapshot"), tr("Save what is seen as a picture"))
        for button in (self.cells_button, self.map_button, self.look_button, self.snapshot_button):
            row.addWidget(button)
        row.addStretch(1)

    def _build_map_menu(self) -> QMenu:
        menu = QMenu(self)
        group = QActionGroup(menu)
        self.map_actions: dict[str, QAction] = {}
        for name, text in (
            (legend.NOTHING, tr("No map")),
            (legend.QUALITY, tr("Quality of the monolayer")),
            (legend.DENSITY, tr("Leukocytes per area")),
        ):
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(name == legend.NOTHING)
            action.triggered.connect(lambda _=False, n=name: self.map_chosen.emit(n))
            group.addAction(action)
            self.map_actions[name] = action
        menu.aboutToShow.connect(self.offer_maps)
        menu.addSeparator()
        self.visited_action = menu.addAction(tr("Dim what was not searched"))
        self.visited_action.setCheckable(True)
        self.visited_action.toggled.connect(self.visited_wanted)
        self.overview_action = menu.addAction(tr("Small overview in the corner"))
        self.overview_action.setCheckable(True)
        self.overview_action.setChecked(True)
        self.overview_action.toggled.connect(self.overview_wanted)
        return menu

    # -- what there is just now ------------------------------------------------------------------------

    def offer_maps(self) -> None:
        """Enable the maps that there are by now."""
        zones = self._canvas.zones
        self.map_actions[legend.QUALITY].setEnabled(zones.ranked)
        self.map_actions[legend.DENSITY].setEnabled(zones.known)
        self.visited_action.setEnabled(zones.known)

    def fill_cells_menu(self) -> None:
        """List the classes whose markers can be shown or hidden."""
        menu, language = self.cells_menu, self._context.language
        menu.clear()
        everything = menu.addAction(tr("Mark cells"))
        everything.setCheckable(True)
        everything.setChecked(self._canvas.show_markers)
        everything.toggled.connect(self.markers_wanted)
        menu.addSeparator()
        for code, n in self._canvas.markers.counts().items():
            action = menu.addAction(f"{language.class_name(code)}  ({language.integer(n)})")
            shown = code not in self._canvas.markers.hidden
            action.setIcon(swatch(code, ticked=shown))
            action.setCheckable(True)
            action.setChecked(shown)
            action.setEnabled(self._canvas.show_markers)
            action.toggled.connect(lambda on, c=code: self.group_wanted.emit(c, on))
