"""Problems and news as banners above the work: what happened, why, what to do. Never a modal box."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import shiboken6
from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.bug_report import bug_report
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.labels import PlainLabel, plain_tip

SEVERITIES = ("info", "ok", "warning", "critical")
_ICONS = {"info": "info", "ok": "confirm", "warning": "warning", "critical": "critical"}
#: More notices at once would leave no room for the work.
MOST_SHOWN = 6
_log = logging.getLogger(__name__)


class FoldingLabel(PlainLabel):
    """One line that is cut at its end where there is no room; unfolded, the whole text over several lines."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._full = text
        self._folded = True
        self.setAccessibleName(text)
        self.setToolTip(plain_tip(text))
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def fold(self, folded: bool) -> None:
        """Show one line, or all."""
        self._folded = folded
        self.setWordWrap(not folded)
        self.setText(self._full)
        self.updateGeometry()
        self._cut()

    def wanted(self) -> int:
        """Width of the whole text in one line, in px."""
        return QFontMetrics(self.font()).horizontalAdvance(self._line()) + 4

    def _line(self) -> str:
        return " ".join(self._full.split())

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(self.wanted(), hint.height()) if self._folded else hint

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return QSize(min(self.wanted(), 80), hint.height()) if self._folded else hint

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        if self._folded:
            end = Qt.TextElideMode.ElideRight
            self.setText(QFontMetrics(self.font()).elidedText(self._line(), end, max(40, self.width())))


class Banner(QFrame):
    """One notice: a single line that unfolds.

    Signals
    -------
    dismissed()
    more_wanted()
        The person wants to see the notices behind this one, or no longer.
    """

    dismissed = Signal()
    more_wanted = Signal()

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
        self.notice_name = ""
        self.severity = severity if severity in SEVERITIES else "info"
        self.texts = (what, why, what_to_do)
        self.details = details
        self.setObjectName("banner")
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignTop)
        title = FoldingLabel(what)
        font = title.font()
        font.setWeight(font.Weight.DemiBold)
        title.setFont(font)
        rest = ("\n" if "\n" in why else " ").join(t for t in (why, what_to_do) if t)
        self._labels = (title, FoldingLabel(rest)) if rest else (title,)
        self._words = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._words.setSpacing(8)
        for label in self._labels:
            self._words.addWidget(label, 1 if label is self._labels[-1] else 0)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 4, 8, 4)
        self._row.setSpacing(10)
        self._row.addWidget(self._icon)
        self._row.addLayout(self._words, 1)
        self._add_buttons(actions)
        self.setAccessibleName(" ".join(t for t in self.texts if t))
        context.theme.changed.connect(self._colour)
        self._colour()
        self._fold(True)

    def _add_buttons(self, actions: tuple[tuple[str, Callable[[], None]], ...]) -> None:
        context = self._context
        for text, act in actions:
            button = QPushButton(text)
            button.clicked.connect(act)
            self._row.addWidget(button)
        if self.details:
            copy = QPushButton(context.icons.get("copy"), tr("Copy report"))
            copy.setToolTip(tr("Copies a technical report without patient data"))
            copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.details))
            self._row.addWidget(copy)
        self.unfold = QToolButton()
        self.unfold.setCheckable(True)
        self.unfold.setText(tr("Whole text"))
        self.unfold.toggled.connect(lambda on: self._fold(not on))
        self.more = QToolButton()
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.clicked.connect(self.more_wanted)
        self.more.hide()
        close = QToolButton()
        close.setIcon(context.icons.get("close"))
        close.setAccessibleName(tr("Dismiss"))
        close.setToolTip(tr("Dismiss (Esc)"))
        close.clicked.connect(self.dismissed)
        for tool in (self.unfold, self.more, close):
            self._row.addWidget(tool, 0, Qt.AlignmentFlag.AlignTop)
        for each in self.findChildren(QAbstractButton):
            each.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard where it is

    def offer(self, text: str, act: Callable[[], None]) -> None:
        """Add a button to a notice that is on the screen already."""
        button = QPushButton(text)
        button.clicked.connect(act)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._row.insertWidget(self._row.indexOf(self.unfold), button)

    def show_more(self, behind: Sequence[Banner], opened: bool) -> None:
        """Say how many notices wait behind this one, with the sign of the gravest."""
        self.more.setVisible(bool(behind))
        if not behind:
            return
        text = ngettext("{n} more notice", "{n} more notices", len(behind))
        self.more.setText(tr("Only the newest") if opened else text)
        gravest = max((b.severity for b in behind), key=SEVERITIES.index)
        self.more.setIcon(self._context.icons.get(_ICONS[gravest], gravest))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._offer_whole_text()

    def _offer_whole_text(self) -> None:
        """Offer the whole text only where the line is cut."""
        if self.unfold.isChecked():
            return
        room = self._words.geometry().width() + (0 if self.unfold.isHidden() else self.unfold.width() + 10)
        wanted = sum(label.wanted() for label in self._labels) + 8 * (len(self._labels) - 1)
        self.unfold.setVisible(wanted > room or "\n" in self.texts[1])

    def _fold(self, folded: bool) -> None:
        directions = QBoxLayout.Direction
        self._words.setDirection(directions.LeftToRight if folded else directions.TopToBottom)
        self._words.setSpacing(8 if folded else 1)
        for label in self._labels:
            label.fold(folded)
        self._offer_whole_text()

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
    """The newest notice in one line; the others wait behind a button that says how many.

    Esc, where nothing else takes it, closes the newest. No notice takes the keyboard by itself: F8 of the
    main window goes to them.

    A banner is about the case that is open when it appears and leaves with it (`leave_case`), unless it
    `stays` because it is about the program or the whole laboratory.
    """

    def __init__(self, context: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._banners: list[Banner] = []
        self._opened = False
        self._before: QWidget | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
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
        stays = stays or bool(of)
        banner = self.show_banner("critical", what, why, what_to_do, actions=actions, stays=stays)
        banner.notice_name = error.state
        return banner

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
        banner.more_wanted.connect(self.open_or_close)
        self._banners.insert(0, banner)
        self._layout.insertWidget(0, banner)
        self._arrange()
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, banner.accessibleName()))
        if vanish_ms:
            QTimer.singleShot(vanish_ms, banner, lambda: self.dismiss(banner))
        return banner

    def notice(
        self,
        name: str,
        severity: str,
        what: str,
        why: str = "",
        what_to_do: str = "",
        *,
        actions: tuple[tuple[str, Callable[[], None]], ...] = (),
        stays: bool = False,
    ) -> Banner | None:
        """A notice that comes up by itself whenever a window is made or a case opens; None once put away.

        Parameters
        ----------
        name : str
            The same for the same notice in every language. With `stays` it is put away until the program
            ends, otherwise until the case is closed.
        """
        key = f"{'stays' if stays else 'case'}: {name}"
        if key in self._context.dismissed:
            return None
        banner = self.show_banner(severity, what, why, what_to_do, actions=actions, stays=stays)
        banner.notice_name = name
        banner.dismissed.connect(lambda: self._context.dismissed.add(key))
        return banner

    def settle(self, name: str) -> None:
        """Take the notices `name` away because what they told of is settled."""
        for banner in [b for b in self._banners if b.notice_name == name]:
            self.dismiss(banner)

    def forget_dismissed(self) -> None:
        """The case is closed: what was put away comes up again when it is opened."""
        self._context.dismissed -= {key for key in self._context.dismissed if key.startswith("case:")}

    def dismiss(self, banner: Banner) -> None:
        """Take a notice away; the keyboard goes back where it was before it went to the notices."""
        if banner in self._banners:
            focus = QApplication.focusWidget()
            had_keyboard = focus is not None and banner.isAncestorOf(focus)
            self._banners.remove(banner)
            self._layout.removeWidget(banner)
            banner.hide()
            banner.deleteLater()
            self._arrange()
            if had_keyboard:
                self._give_keyboard_back()

    def open_or_close(self) -> None:
        """Show all notices, or the newest alone."""
        self._opened = not self._opened
        self._arrange()

    def take_keyboard(self) -> None:
        """Open the notices and give them the keyboard; from there, close them and give it back."""
        if not self._banners:
            return
        focus = QApplication.focusWidget()
        if focus is not None and self.isAncestorOf(focus):
            self._opened = False
            self._arrange()
            self._give_keyboard_back()
            return
        self._before = focus
        self._opened = True
        self._arrange()
        buttons = self._banners[0].findChildren(QAbstractButton)
        first = next((b for b in buttons if b.isVisibleTo(self)), self._banners[0])
        first.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _give_keyboard_back(self) -> None:
        before, self._before = self._before, None
        if before is not None and shiboken6.isValid(before) and before.isVisible():
            before.setFocus(Qt.FocusReason.OtherFocusReason)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.window().installEventFilter(self)  # once, however often it is asked for

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc that nobody below the window wanted."""
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
            and self._banners
            and self.isVisible()
        ):
            self._banners[0].dismissed.emit()
            return True
        return super().eventFilter(watched, event)

    def leave_case(self) -> None:
        """Take away what is about the case that is left."""
        for banner in [b for b in self._banners if not b.stays]:
            self.dismiss(banner)

    def clear(self) -> None:
        """Take all notices away."""
        for banner in list(self._banners):
            self.dismiss(banner)

    def _arrange(self) -> None:
        self._opened = self._opened and len(self._banners) > 1
        for i, banner in enumerate(self._banners):
            banner.setVisible(i == 0 or (self._opened and i < MOST_SHOWN))
            banner.show_more(self._banners[1:] if i == 0 else (), self._opened)
        self.setVisible(bool(self._banners))
