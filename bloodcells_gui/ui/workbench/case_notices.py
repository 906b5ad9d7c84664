"""Notices when a case opens: how it was left, and doubts about the clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject

from bloodcells_gui.app.clock import clock_doubt
from bloodcells_gui.app.recovery import notice_of
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.clock import ClockDoubt
from bloodcells_gui.domain.validation import SettingProblem
from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.main_window import MainWindow

_NAMED = 6


class CaseNotices(QObject):
    """Banners over a window."""

    def __init__(self, window: MainWindow, context: UiContext) -> None:
        super().__init__(window)
        self._window = window
        self._context = context
        window.analysis.continue_wanted.connect(window.continue_analysis)
        window.case_shown.connect(self._watch_zones)

    def _watch_zones(self, page: CasePage) -> None:
        if page.slide is not None:
            page.slide.analysis_wanted.connect(self._window.continue_analysis)

    def of_case(self, session: CaseSession) -> None:
        """All there is to say of a case that was opened."""
        self._of_recovery(session)
        self.of_clock(clock_doubt(session))

    def _of_recovery(self, session: CaseSession) -> None:
        """After a crash: what is here, and how to go on."""
        notice = notice_of(session)
        if notice is None:
            return
        actions: tuple[tuple[str, Callable[[], None]], ...] = ()
        if notice.can_continue:
            actions = ((tr("Continue the analysis"), self._window.continue_analysis),)
        text = self._context.language.text
        self._window.banners.notice(
            "recovery", "info", text(notice.what), text(notice.why, **dict(notice.params)),
            text(notice.what_to_do), actions=actions,
        )  # fmt: skip

    def of_settings(self, problems: Sequence[SettingProblem]) -> None:
        """What of the settings is not used, and why."""
        if not problems:
            return
        lines = [p.text(self._context.language.lang) for p in problems[:_NAMED]]
        if len(problems) > len(lines):
            lines.append(ngettext("and {n} more", "and {n} more", len(problems) - len(lines)))
        self._window.banners.notice(
            "settings",
            "warning",
            tr("Some settings could not be used."),
            "\n".join(lines),
            tr("Set them anew in the preferences or correct the settings file."),
            stays=True,
        )

    def of_clock(self, doubt: ClockDoubt | None) -> None:
        """What speaks against the computer's clock: every entry is dated by it."""
        if doubt is not None:
            self._window.banners.notice(
                "clock", "warning", self._context.language.text(doubt.text, **dict(doubt.params)),
                tr("Every entry and signature is dated by this clock."),
                tr("If it is wrong, close the case, set the clock, and open the case again."),
            )  # fmt: skip
