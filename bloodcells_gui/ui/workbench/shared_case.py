"""Say at once, in the window, that another station writes the case that is open."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QThreadPool, QTimer

from bloodcells_gui.app.case_reading import changed_elsewhere, lost_case
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.main_window import MainWindow

_LOOK_MS = 1000


class SharedCaseWatch(QObject):
    """Watches the case of a window: taken over by another station, or changed since it was read.

    Parameters
    ----------
    keep_typed : callable
        Keeps what is typed in the case and not in its record yet.
    """

    def __init__(self, window: MainWindow, keep_typed: Callable[[], None]) -> None:
        super().__init__(window)
        self._window = window
        self._keep_typed = keep_typed
        self._session: CaseSession | None = None
        self._asked = False
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(1)
        window.closer.pools.append(self._pool)  # the file is not closed while it is looked at here
        self._looks = Lookup(self._pool, self)
        self._looks.answered.connect(lambda _, found: self._show_changed(found))
        self._looks.failed.connect(lambda _tag, _error: self._looked())  # out of reach: others say so
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)
        window.case_shown.connect(self._begin)
        window.case_leaving.connect(lambda _: self._end())
        window.closing.connect(self._close)
        window.reviewer.changed.connect(lambda _: self._on_person())

    def _begin(self, page: CasePage) -> None:
        self._session, self._asked = page.session, False
        self._timer.start()

    def _end(self) -> None:
        self._timer.stop()
        self._session = None
        self._looks.forget()

    def _close(self) -> None:
        self._end()
        self._looks.close()

    def _on_person(self) -> None:
        """Whoever signs in gets the case that was open for reading for want of a person."""
        session = self._session
        if session is None or not session.waits_for_person or session.accounts is None:
            return
        if session.accounts.acting is not None:
            # Once what was asked for under the dialog is through.
            QTimer.singleShot(0, self, self._open_for_review)

    def _open_for_review(self) -> None:
        session = self._session
        if session is not None and session.waits_for_person:
            self._window.opener.open_case(session.path)

    def look(self) -> None:
        """Whether the case is another station's by now, or another one than is shown."""
        session = self._session
        if session is None:
            return
        if session.read_only:
            if not self._asked:
                self._asked = True
                self._looks.ask("changed", lambda: changed_elsewhere(session))
            return
        lost = lost_case(session)
        if lost is not None:
            self._timer.stop()
            self._keep_typed()
            self._window.unsaved = lambda: tr("Nothing more is saved from here")
            self._window.show_saved()
            self._offer(lost, session, tr("Open for reading"))
            kept = session.drafts.kept_in
            if kept is not None:
                self._window.banners.show_banner(
                    "info", tr("What was typed in this case and not saved is kept."), str(kept), stays=True
                )

    def _looked(self) -> None:
        self._asked = False

    def _show_changed(self, found: UserError | None) -> None:
        self._looked()
        if found is not None and self._session is not None:
            self._timer.stop()
            self._offer(found, self._session, tr("Read again"))

    def _offer(self, said: UserError, session: CaseSession, text: str) -> None:
        path = session.path
        self._window.banners.error(
            said, actions=((text, lambda: self._window.opener.open_case(path, read_only=True)),)
        )
