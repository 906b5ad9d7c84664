"""The site check of the open case, around one main window."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt

from bloodcells_gui.app.site_check_view import SiteChecks
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.site_check.window import SiteCheckWindow


class SiteCheckDesk(QObject):
    """Shows the window of the open case, and its cells in the gallery; both go with the case."""

    def __init__(self, context: UiContext, workspace: Workspace, window: MainWindow) -> None:
        super().__init__(window)
        self._context = context
        self._workspace = workspace
        self._window = window

    def show(self) -> SiteCheckWindow | None:
        """What to expect of the laboratory of the open case, and which cells to name first."""
        page = self._window.page
        if page is None:
            return None
        checks = SiteChecks(page.session.path, lambda: self._workspace.settings)
        shown = SiteCheckWindow(self._context, checks, self._window.unawaited, self._window)
        shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        shown.cells_wanted.connect(self._show_one_by_one)
        self._window.case_leaving.connect(shown.close)
        self._window.closing.connect(shown.close)
        shown.show()
        return shown

    def _show_one_by_one(self, ids: tuple[int, ...]) -> None:
        """Show cells alone in the gallery, the first one chosen: each is named for itself."""
        page = self._window.page
        if page is not None:
            page.show_in_gallery(list(ids))
            page.gallery.view.select_ids(ids[:1])
