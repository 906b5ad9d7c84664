"""The command "Red cells": its window, and the examination that goes on while the window is closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMenu

from bloodcells_gui.app.red_cell_examination import (
    ExaminationJob,
    fields_left,
    is_unfinished,
    why_not_examined,
)
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.red_cells.control import ExaminationControl

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession
    from bloodcells_gui.ui.red_cells.window import RedCellsWindow


class RedCellsDesk(QObject):
    """Hangs on a window, and goes with its case.

    Parameters
    ----------
    make_job : callable
        Makes the examination of a session, with so many cells beyond those that are counted.
    """

    def __init__(
        self,
        context: UiContext,
        window: MainWindow,
        case_menu: QMenu,
        make_job: Callable[[CaseSession, int], ExaminationJob],
    ) -> None:
        super().__init__(window)
        self._context, self._window = context, window
        self._make_job = make_job
        self._page: CasePage | None = None
        self._analysing = False
        self.open: RedCellsWindow | None = None
        self.control = ExaminationControl(self)
        self.control.changed.connect(self._allow)
        self.control.failed.connect(self._failed)
        case_menu.addAction(window.actions_.get("red_cells"))
        window.actions_.connect("red_cells", self.show)
        window.case_shown.connect(self._on_case_opened)
        window.case_leaving.connect(self._on_case_closing)
        window.analysis.state_changed.connect(self._analysis_changed)

    def _on_case_opened(self, page: CasePage) -> None:
        self._page = page
        page.red_cells_wanted.connect(self.show_cells)

    def _on_case_closing(self, _page: CasePage) -> None:
        self.control.stop()
        if self.open is not None:
            self.open.close()
        self._page = None

    def show(self) -> RedCellsWindow | None:
        """The red cells of the open case."""
        page = self._page
        if page is None:
            return None
        if self.open is None:
            # pyqtgraph: only when it is wanted
            from bloodcells_gui.ui.red_cells.window import RedCellsWindow

            self.open = RedCellsWindow(
                self._context, page.controller, self._window.pool, self.control, self._window
            )
            self.open.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self.open.examination_wanted.connect(self.examine)
            self.open.destroyed.connect(self._closed)
        self._allow()
        self.open.show()
        self.open.activateWindow()
        self.open.begin()
        return self.open

    def show_cells(self, ids: Sequence[int]) -> None:
        """Show these cells; an act on them is about to be taken back where nobody saw them."""
        shown = self.show()
        if shown is not None:
            shown.show_cells(ids)
            shown.tell(
                tr("These cells were out of sight; nothing was decided."),
                tr("Look at them and press the key again."),
            )

    def _closed(self) -> None:
        self.open = None

    # -- the examination -------------------------------------------------------------------------------

    def examine(self, more: int = 0) -> None:
        """Begin or go on with the examination; `more` cells beyond those that are counted, 0 as set."""
        page = self._page
        if page is None or self.control.running or self._why_not():
            return
        session = page.session
        try:
            job = self._make_job(session, more)
        except UserError as error:
            self._failed(error)
            return
        self.control.run(job, session, job.aim)

    def _analysis_changed(self) -> None:
        """Where the settings ask for it, an analysis that ended is followed by an examination."""
        ended, self._analysing = self._analysing, self._window.analysis.running
        page = self._page
        if page is not None and ended and not self._analysing:
            session = page.session
            if session.settings.red_cells and not session.red_cells.fields and not why_not_examined(session):
                self.examine()
        self._allow()

    def _why_not(self) -> str:
        """Why nothing can be examined now, in the person's language; "" where it can."""
        page = self._page
        if page is None:
            return tr("No case is open.")
        if self._window.analysis.running:
            return tr("The analysis of this case is still running. Wait for its end, or stop it.")
        reason = why_not_examined(page.session)
        return self._context.language.text(reason) if reason else ""

    def _allow(self) -> None:
        page, shown = self._page, self.open
        if page is None or shown is None:
            return
        shown.allow(
            "" if self.control.running else self._why_not(),
            unfinished=is_unfinished(page.session) and not self.control.running,
            has_more=fields_left(page.session),
        )

    def _failed(self, error: object) -> None:
        if self.open is not None and isinstance(error, UserError):
            self.open.tell(error.text(self._context.language.lang))
        if isinstance(error, UserError):
            self._window.banners.error(error)
        elif isinstance(error, BaseException):
            self._window.banners.crash(error)
