"""Films over time and in depth: earlier films, rare cells, red cells, and the quality with its alarms."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from bloodcells_gui.app.known_cells import KnownCells
from bloodcells_gui.app.quality import Quality, QualityOverview
from bloodcells_gui.app.reference_library import ReferenceLibraryController
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.earlier_films.control import FilmComparison
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.known_cells.window import KnownCellsWindow
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.platelets.window import PlateletsWindow
from bloodcells_gui.ui.quality.alarm_line import AlarmLine
from bloodcells_gui.ui.rare_cells.window import RareCellsWindow
from bloodcells_gui.ui.red_cells.desk import RedCellsDesk

if TYPE_CHECKING:
    from bloodcells_gui.ui.quality.window import QualityWindow

# The window is drawn first.
_AFTER_MS = 2500


class FilmWindows(QObject):
    """Hangs on a window, and adds to its menus of the case and of the laboratory.

    `alarm` is a line for the page that the program begins with. It is looked for when the program has
    started, when a case was closed, and whenever the charts were looked at.
    """

    def __init__(
        self, context: UiContext, window: MainWindow, workspace: Workspace, case_menu: QMenu, lab_menu: QMenu
    ) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self.quality = Quality(workspace.index, lambda: workspace.settings)
        self._workspace = workspace
        self._library = ReferenceLibraryController(workspace.home, workspace.lab.pool)
        self.known = KnownCells(workspace.home, self._library)
        self.comparison: FilmComparison | None = None
        self._page: CasePage | None = None
        self.alarm = AlarmLine(context)
        self.alarm.charts_wanted.connect(self.show_quality)
        if window.home is not None:
            window.home.notices.addWidget(self.alarm)
        self._look = Lookup(window.folders, self)
        self._look.answered.connect(lambda _, found: self._show_alarms(found))
        self._case_action = self._add(case_menu, tr("&Earlier films…"), "Ctrl+6", self.show_films)
        self._case_action.setEnabled(False)
        self._rare_action = self._add(
            case_menu, tr("Search &for rare cells…"), "Ctrl+Shift+R", self.show_rare_cells
        )
        self._rare_action.setEnabled(False)
        self._platelet_action = self._add(
            case_menu, tr("Platelets and cl&umps…"), "Ctrl+Shift+B", self.show_platelets
        )
        self._platelet_action.setEnabled(False)
        self.platelets: PlateletsWindow | None = None
        self.rare: RareCellsWindow | None = None
        self.red_cells = RedCellsDesk(context, window, case_menu, workspace.examine_red_cells)
        self._add(lab_menu, tr("&Quality over time…"), "Ctrl+7", self.show_quality)
        self._add(lab_menu, tr("&Known cells…"), "Ctrl+8", self.show_known_cells)
        window.case_shown.connect(self._on_case_opened)
        window.case_leaving.connect(self._on_case_closing)
        window.closing.connect(self._closing)
        QTimer.singleShot(_AFTER_MS, self, self.look)

    @staticmethod
    def _add(menu: QMenu, text: str, keys: str, act: Callable[[], object]) -> QAction:
        action = menu.addAction(text)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _=False: act())
        return action

    def _closing(self) -> None:
        self._look.close()
        self.known.close()
        self._library.close()

    def _on_case_opened(self, page: CasePage) -> None:
        self.comparison = FilmComparison(self._context, page, self._window.pool, self._window.unawaited)
        self._page = page
        for action in (self._case_action, self._rare_action, self._platelet_action):
            action.setEnabled(True)

    def _on_case_closing(self, _page: CasePage) -> None:
        if self.comparison is not None:
            self.comparison.close()
        self.comparison = self._page = None
        if self.rare is not None:
            self.rare.close()
        if self.platelets is not None:
            self.platelets.close()
        for action in (self._case_action, self._rare_action, self._platelet_action):
            action.setEnabled(False)
        QTimer.singleShot(_AFTER_MS, self, self.look)

    def show_films(self) -> None:
        """The earlier films of the open case."""
        if self.comparison is not None:
            self.comparison.show_films()

    def show_rare_cells(self) -> None:
        """The search of the open case for cells that matter when they are few."""
        if self._page is None:
            return
        if self.rare is None:
            self.rare = RareCellsWindow(self._context, self._page.controller, self._window.pool, self._window)
            self.rare.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self.rare.whole_film_wanted.connect(self._window.continue_analysis)
            self.rare.destroyed.connect(self._rare_closed)
        self.rare.show()
        self.rare.activateWindow()
        self.rare.begin()

    def _rare_closed(self) -> None:
        self.rare = None

    def show_platelets(self) -> None:
        """The platelets of the open case: counted fields, estimates, clumps."""
        if self._page is None:
            return
        if self.platelets is None:
            page, window = self._page, self._window
            self.platelets = PlateletsWindow(self._context, page.controller, window.pool, window)
            self.platelets.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self.platelets.destroyed.connect(self._platelets_closed)
        self.platelets.show()
        self.platelets.activateWindow()

    def _platelets_closed(self) -> None:
        self.platelets = None

    # -- quality ---------------------------------------------------------------------------------------

    def look(self) -> None:
        """Look for alarms, in the background."""
        self._look.ask("alarms", self.quality.overview)

    def _show_alarms(self, found: QualityOverview) -> None:
        self.alarm.show_overview(found)

    def show_known_cells(self) -> KnownCellsWindow:
        """A blinded round over known cells, and the results of the readers."""
        window = KnownCellsWindow(
            self._context,
            self.known,
            self._workspace.author,
            self._window.pool,
            self._window.unawaited,
            self._window,
        )
        self._window.closing.connect(window.stop)
        window.setModal(True)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.show()
        return window

    def show_quality(self) -> QualityWindow:
        """The charts of stain, camera and naming."""
        # pyqtgraph: only when it is wanted
        from bloodcells_gui.ui.quality.window import QualityWindow

        window = QualityWindow(self._context, self.quality, self._window.folders, self._window)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.looked.connect(self._show_alarms)
        self._window.closing.connect(window.stop)
        window.show()
        return window
