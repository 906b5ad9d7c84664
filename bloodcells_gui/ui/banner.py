"""Problems and news as banners above the work: what happened, why, what to do. Never a modal box."""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from bloodcells_gui.app.bug_report import bug_report
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr

SEVERITIES = ("info", "ok", "warning", "critical")
_ICONS = {"info": "info", "ok": "confirm", "warning": "warning", "critical": "critical"}
MOST_SHOWN = 3
_log = logging.getLogger(__name__)


class Banner(QFrame):
    """One notice.

    Signals
    -------
    dismissed()
    """

    dismissed = Signal()

    def __init__(
        self,
        context: UiContext,
        severity: str,
        what: str,
        why: str = "",
        what_to_do: str = "",
        *,
        actions: tuple[tuple[str, Callable[[], None]], ...] = (),
        details: str = "",
        stays: bool = False,
    ) -> None:
        super().__init__()
        self._context = context
        self.stays = stays
        self.severity = severity if severity in SEVERITIES else "info"
        self.texts = (what, why, what_to_do)
        self.details = details
        self.setObjectName("banner")
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignTop)
        title = self._label(what)
        font = title.font()
        font.setWeight(font.Weight.DemiBold)
        title.setFont(font)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(title)
        rest = ("\n" if "\n" in why else " ").join(t for t in (why, what_to_do) if t)
        if rest:
            words.addWidget(self._label(rest))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.setSpacing(10)
        row.addWidget(self._icon)
        row.addLayout(words, 1)
        for text, act in actions:
            button = QPushButton(text)
            button.clicked.connect(act)
            row.addWidget(button)
        if details:
            copy = QPushButton(context.icons.get("copy"), tr("Copy report"))
            copy.setToolTip(tr("Copies a technical report without patient data"))
            copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(details))
            row.addWidget(copy)
        close = QToolButton()
        close.setIcon(context.icons.get("close"))
        close.setAccessibleName(tr("Dismiss"))
        close.setToolTip(tr("Dismiss"))
        close.clicked.connect(self.dismissed)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName(" ".join(t for t in self.texts if t))
        context.theme.changed.connect(self._colour)
        self._colour()

    def _label(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _colour(self) -> None:
        t = self._context.theme.tokens
        strong, ground = getattr(t, self.severity), getattr(t, f"{self.severity}_ground")
        self.setStyleSheet(
            f"QFrame#banner {{ background: {ground}; border: none; border-left: 4px solid {strong};"
            f" border-bottom: 1px solid {t.border}; }} QFrame#banner QLabel {{ background: transparent; }}"
        )
        self._icon.setPixmap(
            self._context.icons.pixmap(_ICONS[self.severity], 20, self.devicePixelRatioF(), self.severity)
        )


class BannerStack(QWidget):
    """Newest on top; the oldest wait behind a line that says how many.

    A banner is about the case that is open when it appears and leaves with it (`leave_case`), unless it
    `stays` because it is about the program or the whole laboratory.
    """

    def __init__(self, context: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._banners: list[Banner] = []
        self.more_label = QLabel()
        self.more_label.setObjectName("muted")
        self.more_label.setContentsMargins(16, 3, 16, 3)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._layout.addWidget(self.more_label)
        self._arrange()

    @property
    def banners(self) -> tuple[Banner, ...]:
        """Newest first."""
        return tuple(self._banners)

    def error(
        self,
        error: UserError,
        *,
        of: str = "",
        stays: bool = False,
        actions: tuple[tuple[str, Callable[[], None]], ...] = (),
    ) -> Banner:
        """A foreseen problem.

        Parameters
        ----------
        of : str
            Name of a case that is not open any more, "" for the open one. It is named then.
        """
        _log.warning("a foreseen problem is shown", exc_info=error)
        text = self._context.language.text
        params = error.params
        what, why, what_to_do = (
            text(part, **params) if part else "" for part in (error.what, error.why, error.what_to_do)
        )
        if of:
            what = tr("{case}, which is closed: {problem}").format(case=of, problem=what)
        return self.show_banner("critical", what, why, what_to_do, actions=actions, stays=stays or bool(of))

    def reason(self, reason: Reason, *, severity: str = "warning") -> Banner:
        """A sentence of the layers below, about the program or the whole laboratory."""
        return self.show_banner(severity, reason.text(self._context.language.lang), stays=True)

    def crash(self, error: object, *, stays: bool = False) -> Banner:
        """Something unforeseen: a report that can be copied, and holds nothing of a patient."""
        if isinstance(error, BaseException):
            _log.critical("a fault of the program", exc_info=error)
        support = self._context.support
        return self.show_banner(
            "critical",
            tr("An error occurred in the program itself."),
            tr("Your decisions are in the case file; nothing of them is lost."),
            tr("Copy the report and pass it on; it holds no patient data."),
            actions=((tr("Report for support…"), support),) if support is not None else (),
            details=bug_report(error) if isinstance(error, BaseException) else type(error).__name__,
            stays=stays,
        )

    def show_banner(
        self,
        severity: str,
        what: str,
        why: str = "",
        what_to_do: str = "",
        *,
        actions: tuple[tuple[str, Callable[[], None]], ...] = (),
        details: str = "",
        vanish_ms: int = 0,
        stays: bool = False,
    ) -> Banner:
        """Put a notice on top; the same notice again replaces the earlier one.

        `vanish_ms` > 0 lets good news go by themselves; problems stay until dismissed, or until the case is
        left. With `stays` they outlast the case: they are about the program or the whole laboratory.
        """
        for old in [b for b in self._banners if b.texts == (what, why, what_to_do)]:
            self.dismiss(old)
        banner = Banner(
            self._context, severity, what, why, what_to_do, actions=actions, details=details, stays=stays
        )
        banner.dismissed.connect(lambda: self.dismiss(banner))
        self._banners.insert(0, banner)
        self._layout.insertWidget(0, banner)
        self._arrange()
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, banner.accessibleName()))
        if vanish_ms:
            QTimer.singleShot(vanish_ms, banner, lambda: self.dismiss(banner))
        return banner

    def dismiss(self, banner: Banner) -> None:
        """Take a notice away."""
        if banner in self._banners:
            self._banners.remove(banner)
            self._layout.removeWidget(banner)
            banner.hide()
            banner.deleteLater()
            self._arrange()

    def leave_case(self) -> None:
        """Take away what is about the case that is left."""
        for banner in [b for b in self._banners if not b.stays]:
            self.dismiss(banner)

    def clear(self) -> None:
        """Take all notices away."""
        for banner in list(self._banners):
            self.dismiss(banner)

    def _arrange(self) -> None:
        for i, banner in enumerate(self._banners):
            banner.setVisible(i < MOST_SHOWN)
        hidden = max(0, len(self._banners) - MOST_SHOWN)
        self.more_label.setText(ngettext("{n} more notice", "{n} more notices", hidden))
        self.more_label.setVisible(hidden > 0)
        self.setVisible(bool(self._banners))
