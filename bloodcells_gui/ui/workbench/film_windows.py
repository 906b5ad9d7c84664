"""Earlier films of the open case: found in the background, shown beside its count."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu

from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.earlier_films.control import FilmComparison
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.main_window import MainWindow


class FilmWindows(QObject):
    """Hangs on a window, and adds to its menu of the case."""

    def __init__(self, context: UiContext, window: MainWindow, case_menu: QMenu) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self.comparison: FilmComparison | None = None
        self._action = case_menu.addAction(tr("&Earlier films…"))
        self._action.setShortcut(QKeySequence("Ctrl+6"))
        self._action.triggered.connect(lambda _=False: self.show_films())
        self._action.setEnabled(False)
        window.case_shown.connect(self._on_case_opened)
        window.case_leaving.connect(self._on_case_closing)

    def _on_case_opened(self, page: CasePage) -> None:
        self.comparison = FilmComparison(self._context, page, self._window.pool)
        self._action.setEnabled(True)

    def _on_case_closing(self, _page: CasePage) -> None:
        if self.comparison is not None:
            self.comparison.close()
        self.comparison = None
        self._action.setEnabled(False)

    def show_films(self) -> None:
        """The earlier films of the open case."""
        if self.comparison is not None:
            self.comparison.show_films()
