"""The tour: five steps on drawn cells, a card beside the real widgets of the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFont,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
    QShortcut,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.intake import Intake
from bloodcells_gui.app.practice_case import PracticeCase
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.review import Change, EventKind
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.main_window import MainWindow

_FOLLOW_MS = 150
_GAP = 14
_CARD_WIDTH, _PADDING = 330, 16
_KEYPAD = Qt.KeyboardModifier.KeypadModifier


@dataclass(frozen=True, slots=True)
class Step:
    """One step: heading and text as templates, and the part of the window that it points at."""

    title: str
    text: str
    target: str


STEPS = (
    Step(
        N_("A case"),
        N_(
            "With Folder or Slide you open images of a smear; that makes a case. This one is drawn by the "
            "program: the word Synthetic above says so, and it is gone when the tour ends. Its cells "
            "arrive while you read."
        ),
        "open",
    ),
    Step(
        N_("Begin with what may be a blast"),
        N_(
            "Cells that may be blasts wait in a queue, the most suspicious first. Press F7 to see the "
            "first of them. Most are none; you decide."
        ),
        "gallery",
    ),
    Step(
        N_("Decide by key"),
        N_(
            "Press Space if the proposal is right, or the key of another class, for example S for a "
            "lymphocyte. The first decision asks for your name. Keys decide only on cells that you see."
        ),
        "gallery",
    ),
    Step(
        N_("Read the count, take back"),
        N_(
            "The table follows every decision; the limits say what chance alone does. Press Ctrl+Z to take "
            "your decision back. Shift+F1 explains every column and flag."
        ),
        "table",
    ),
    Step(
        N_("Sign and hand over"),
        N_(
            "Unidentified cells must be named before you can sign; N goes from one to the next. Sign "
            "freezes the report, Export writes it as PDF and CSV. F1 opens the manual wherever you are."
        ),
        "sign",
    ),
)


class Halo(QWidget):
    """A frame around the part of the window that a step is about; clicks go through it."""

    def __init__(self, context: UiContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._context.theme.colour("accent"), 3))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), 8, 8)


class TourCard(QFrame):
    """The words of a step with its two buttons, which name their keys; the keyboard stays with the cells."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAutoFillBackground(True)
        self.number = QLabel()
        self.number.setObjectName("muted")
        self.title = QLabel()
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        font.setWeight(QFont.Weight.DemiBold)
        self.title.setFont(font)
        self.title.setWordWrap(True)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.next = QPushButton()
        self.next.setObjectName("primary")
        self.end = QPushButton(tr("End the tour (Esc)"))
        for button in (self.next, self.end):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard with the cells
        buttons = self._buttons = QHBoxLayout()
        buttons.addWidget(self.end)
        buttons.addStretch(1)
        buttons.addWidget(self.next)
        layout = self._column = QVBoxLayout(self)
        layout.setContentsMargins(_PADDING, 12, _PADDING, 12)
        layout.setSpacing(7)
        for widget in (self.number, self.title, self.text):
            layout.addWidget(widget)
        layout.addLayout(buttons)

    def show_step(self, number: int) -> None:
        """Show the words of a step."""
        step = STEPS[number]
        self.number.setText(tr("Step {number} of {count}").format(number=number + 1, count=len(STEPS)))
        self.title.setText(tr(step.title))
        self.text.setText(tr(step.text))
        self.next.setText(tr("Finish (Enter)") if number == len(STEPS) - 1 else tr("Next (Enter)"))
        self.setAccessibleName(f"{self.number.text()}. {self.title.text()}. {self.text.text()}")
        width = max(_CARD_WIDTH, self._buttons.minimumSize().width() + 2 * _PADDING)  # no word of them is cut
        self.setFixedSize(width, self._column.totalHeightForWidth(width))
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self.accessibleName()))


def place_beside(card: QRect, target: QRect, room: QRect) -> QPoint:
    """Where a card of this size goes: right, left, below or above the target, wholly within the room.

    Where no side has room it lies in the lower right corner of the target.
    """
    y = min(max(target.top(), room.top() + _GAP), room.bottom() - card.height() - _GAP)
    x = min(max(target.left(), room.left() + _GAP), room.right() - card.width() - _GAP)
    for at in (
        QPoint(target.right() + _GAP, y), QPoint(target.left() - card.width() - _GAP, y),
        QPoint(x, target.bottom() + _GAP), QPoint(x, target.top() - card.height() - _GAP),
    ):  # fmt: skip
        if room.contains(QRect(at, card.size())):
            return at
    corner = target.intersected(room)
    return QPoint(corner.right() - card.width() - _GAP, corner.bottom() - card.height() - _GAP)


class Tour(QObject):
    """Runs the five steps on a practice case, which it opens and takes away again.

    It goes on when the person has done what a step asks for, or with Next or Enter; Esc ends it at any time,
    and so does whoever opens something else or goes to the work list. The case that was open before is opened
    again.
    """

    def __init__(
        self,
        window: MainWindow,
        context: UiContext,
        practice: Callable[[], PracticeCase],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._context = context
        self._make_practice = practice
        self._practice: PracticeCase | None = None
        self._before: Path | None = None
        self.step = -1
        self.halo = Halo(context, window)
        self.card = TourCard(window)
        self.card.next.clicked.connect(self.go_on)
        self.card.end.clicked.connect(self.end)
        self._esc = QShortcut(QKeySequence("Esc"), window, self.end)
        self._esc.setEnabled(False)
        self._follow = QTimer(self)
        self._follow.setInterval(_FOLLOW_MS)
        self._follow.timeout.connect(self.place)
        self._drawing = Lookup(window.pool, self)
        self._drawing.answered.connect(lambda _, intake: self._drawn(intake))
        self._drawing.failed.connect(lambda _, error: self._failed(error))
        window.case_leaving.connect(lambda _: self._case_left())
        window.closing.connect(self._window_closes)
        window.opener.asking.connect(self.end)
        window.front_changed.connect(self._front_changed)
        window.installEventFilter(self)  # Enter that nobody below the window wanted
        self._hide()

    @property
    def running(self) -> bool:
        """Whether a step is shown, or the specimen is being drawn."""
        return self._practice is not None

    def start(self) -> None:
        """Draw the specimen and begin."""
        if self.running:
            return
        page = self._window.page
        self._before = page.session.path if page is not None else None
        self._practice = self._make_practice()
        self._window.progress.begin(tr("Drawing the synthetic specimen"), can_cancel=False)
        self._drawing.ask("draw", self._practice.draw)

    def _drawn(self, intake: Intake) -> None:
        self._window.progress.end()
        if self._practice is None:
            return
        try:
            session, job = self._practice.open(intake)
        except UserError as error:
            self._failed(error)
            return
        self._window.opener.opened.emit(session, job)  # closes the case that is open now
        page = self._window.page
        if page is not None:
            page.gallery.view.installEventFilter(self)
            page.gallery.current_changed.connect(self._cell_chosen)
            page.controller.changed.connect(self._case_changed)
        self._esc.setEnabled(True)
        self._show(0)

    def _failed(self, error: object) -> None:
        self._window.progress.end()
        self._forget()
        if isinstance(error, UserError):
            self._window.banners.error(error)

    # -- steps -----------------------------------------------------------------------------------------

    def _show(self, number: int) -> None:
        self.step = number
        self.card.show_step(number)
        self.card.show()
        self.halo.show()
        self._follow.start()
        self.place()
        page = self._window.page
        if page is not None and STEPS[number].target == "gallery":
            page.views.setCurrentWidget(page.gallery)
            page.gallery.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def go_on(self) -> None:
        """The next step, or the end."""
        if self.step + 1 < len(STEPS):
            self._show(self.step + 1)
        else:
            self.end()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Enter, where it has no other meaning, goes on."""
        if self.step < 0 or event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter) or event.modifiers() & ~_KEYPAD:
            return False
        if isinstance(self._window.focusWidget(), QLineEdit):
            return False
        if not event.isAutoRepeat():
            (self.end if self.card.end.hasFocus() else self.go_on)()
        return True

    def _front_changed(self) -> None:
        """Leave the tour for the work list."""
        if self.step >= 0 and self._window.at_home:
            self.end()
            self._window.show_home()

    def _cell_chosen(self, cell_id: int | None) -> None:
        page = self._window.page
        if self.step == 1 and page is not None and cell_id in {c.id for c in page.session.flagged}:
            self.go_on()

    def _case_changed(self, change: Change) -> None:
        kind = None if change.event is None else change.event.kind
        decided = kind in (EventKind.CONFIRM, EventKind.RELABEL, EventKind.EXCLUDE)
        if (self.step == 2 and decided) or (self.step == 3 and kind is EventKind.UNDO):
            self.go_on()

    def target(self) -> QWidget | None:
        """The part of the window that the step is about."""
        page, name = self._window.page, STEPS[self.step].target
        if name in ("open", "sign"):
            bar = self._window.findChild(QToolBar)
            action = self._window.actions_.get("open_folder" if name == "open" else "sign")
            button = bar.widgetForAction(action) if bar is not None else None
            # On a narrow window the toolbar has no room for it; the menu has it always.
            return button if button is not None and button.isVisible() else self._window.menuBar()
        if page is None:
            return None
        return page.differential.table if name == "table" else page.gallery

    def place(self) -> None:
        """Lay frame and card where the target is now."""
        target = self.target()
        if target is None or not target.isVisible():
            self.halo.hide()
            return
        at = QRect(target.mapTo(self._window, QPoint(0, 0)), target.size())
        self.halo.setGeometry(at.adjusted(-4, -4, 4, 4))
        self.card.move(place_beside(self.card.rect(), at, self._window.rect()))
        self.halo.show()
        self.halo.raise_()
        self.card.raise_()

    # -- the end ---------------------------------------------------------------------------------------

    def end(self) -> None:
        """Leave the tour: close the practice case, take it away, and open what was open before."""
        if not self.running:
            return
        before, practice = self._before, self._practice
        if self.step >= 0:
            self._window.close_case()  # which tells `_case_left`
        else:
            self._window.progress.end()
        self._forget()
        if practice is not None:
            practice.remove()  # at once: when the window closes there is no later
        if before is not None and before.is_file():
            self._window.opener.open_path(before)

    def _case_left(self) -> None:
        if self.step >= 0:
            self._hide()
            # The session closes after this signal; its folder can go only then.
            practice = self._practice
            self._practice = None
            if practice is not None:
                QTimer.singleShot(0, self, practice.remove)

    def _window_closes(self) -> None:
        self._before = None
        self._drawing.close()
        self.end()

    def _forget(self) -> None:
        self._hide()
        self._drawing.forget()
        if self._practice is not None:
            self._practice.remove()
        self._practice = self._before = None

    def _hide(self) -> None:
        self.step = -1
        self._follow.stop()
        self._esc.setEnabled(False)
        self.halo.hide()
        self.card.hide()
