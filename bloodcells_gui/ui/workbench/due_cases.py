"""Say that cases are past the time that they are kept."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from bloodcells_gui.app.retention import ExpiredCase, Retention
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.main_window import MainWindow


class DueCases(QObject):
    """Looks in the background; nothing is removed without a person.

    Parameters
    ----------
    show : callable
        Shows the cases that are due.
    """

    def __init__(self, window: MainWindow, retention: Retention, show: Callable[[], None]) -> None:
        super().__init__(window)
        self._window = window
        self._retention = retention
        self._show = show
        self._looks = Lookup(window.folders, self)
        self._looks.answered.connect(lambda _, found: self._tell(found))
        self._looks.failed.connect(lambda _, error: self._tell_failed(error))

    def look(self) -> None:
        """Whether cases are past their time."""
        if self._retention.days:
            self._looks.ask("due", self._retention.due)

    def _tell(self, found: list[ExpiredCase]) -> None:
        if found:
            self._window.banners.notice(
                "retention",
                "info",
                ngettext(
                    "{n} case is past the time that it is kept.",
                    "{n} cases are past the time that they are kept.",
                    len(found),
                ),
                tr("Nothing is removed before you have looked at them."),
                actions=((tr("Look at them…"), self._show),),
                stays=True,
            )

    def _tell_failed(self, error: object) -> None:
        if isinstance(error, UserError):
            self._window.banners.error(error, stays=True)

    def close(self) -> None:
        """Ask for nothing any more."""
        self._looks.close()
