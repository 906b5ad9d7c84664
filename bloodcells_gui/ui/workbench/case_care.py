"""Check the case file in the background against its seals, and offer recovery."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QObject, QThread, QThreadPool, QTimer

from bloodcells_gui.app.case_reading import CaseChanged
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.worklist import Recovery, WorkList
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import Lookup, QueuedLookup
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.recovery_text import recovered

# The gallery is drawn first; and between batches of cells the window's own threads have their turn.
_AFTER_MS = 1500
_REST_S = 0.004


class CaseCare(QObject):
    """Watches over the case that a window shows, and recovers one that is damaged."""

    def __init__(self, context: UiContext, window: MainWindow, cases: WorkList) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._cases = cases
        self._round = 0
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(1)
        self._pool.setThreadPriority(QThread.Priority.LowPriority)
        window.closer.pools.append(self._pool)  # the file is not closed while it is read here
        self._checks = Lookup(self._pool, self)
        self._checks.failed.connect(self._not_as_written)
        self._recoveries = QueuedLookup(window.pool, self)
        self._recoveries.answered.connect(self._recovered)
        self._recoveries.failed.connect(self._recovery_failed)
        window.case_shown.connect(self._on_case_opened)
        window.case_leaving.connect(self._on_case_closing)
        window.closing.connect(self._closing)
        window.opener.recover_wanted.connect(self.recover)

    # -- cells and pictures ----------------------------------------------------------------------------

    def _on_case_opened(self, page: CasePage) -> None:
        session, number = page.session, self._round
        QTimer.singleShot(_AFTER_MS, self, lambda: self._verify_seals(session, number))

    def _verify_seals(self, session: CaseSession, number: int) -> None:
        def rest() -> None:
            if number != self._round:
                raise Cancelled
            time.sleep(_REST_S)

        if number == self._round:
            self._checks.ask(session.path, lambda: session.check_seals(rest))

    def _not_as_written(self, path: object, error: object) -> None:
        if isinstance(error, CaseChanged):
            return  # no damage; SharedCaseWatch says so
        if isinstance(error, UserError) and isinstance(path, Path):
            self._window.opener.show_damage(error, path)
        elif isinstance(error, Exception) and not isinstance(error, Cancelled):
            self._window.banners.crash(error)

    def _on_case_closing(self, _: CasePage) -> None:
        """The file is about to be closed: the check ends at its next rest."""
        self._round += 1
        self._checks.forget()

    def _closing(self) -> None:
        self._round += 1
        self._checks.close()
        self._recoveries.close()
        self._pool.waitForDone(10_000)

    # -- recovery --------------------------------------------------------------------------------------

    def recover(self, path: Path) -> None:
        """Save what is readable of a damaged case into a new one, and offer to open that."""
        page = self._window.page
        if page is not None and page.session.path == path:
            self._window.close_case()
        self._window.opener.busy.emit(tr("Recovering {name}").format(name=path.name))
        cases = self._cases
        self._recoveries.ask(path, lambda: cases.recover(path))

    def _recovered(self, _: object, result: tuple[Path, Recovery]) -> None:
        self._window.opener.busy.emit("")
        target, found = result
        self._window.banners.show_banner(
            *recovered(self._context.language, target, found),
            actions=((tr("Open it"), lambda: self._window.opener.open_case(target)),),
        )

    def _recovery_failed(self, _: object, error: object) -> None:
        self._window.opener.busy.emit("")
        if isinstance(error, UserError):
            self._window.banners.error(error)
        elif isinstance(error, Exception):
            self._window.banners.crash(error)
