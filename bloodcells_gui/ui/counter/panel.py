"""The counter as a view of a case: tiles with keys, the total, what was counted last."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.counter import Counter, CountSound
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.counter.model import CODE_ROLE, TILE, CounterModel, TileDelegate
from bloodcells_gui.ui.counter.sound import Bell
from bloodcells_gui.ui.counter.target_bar import TargetBar
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.keyboard import review_meanings
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.review import ReviewController

_LIT_MS = 220
_HINT_MS = 4000
_COMMAND = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
_ON_TILE = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Tiles(QListView):
    """The tiles; its keys count and never reach the window's shortcuts.

    Signals
    -------
    pressed_code(str), less_code(str), take_back()
    no_class(str)
        A character was pressed that is the key of no class.
    """

    pressed_code = Signal(str)
    less_code = Signal(str)
    take_back = Signal()
    no_class = Signal(str)

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setGridSize(TILE)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAccessibleName(tr("Counter"))

    def _code(self, event: QKeyEvent) -> str:
        return self._context.keymap.first_code(review_meanings(event, shift=True)) or ""

    def event(self, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and (event.key() in (Qt.Key.Key_Backspace, *_ON_TILE) or self._code(event))
        ):
            event.accept()
            return True
        return super().event(event)

    def take_key(self, event: QKeyEvent) -> bool:
        """Count by a class key, or take the last one back; False for any other key."""
        code = self._code(event)
        if event.key() != Qt.Key.Key_Backspace and not code:
            return False
        if not event.isAutoRepeat():
            less = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            if not code:
                self.take_back.emit()
            else:
                (self.less_code if less else self.pressed_code).emit(code)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.take_key(event):
            return
        if event.key() in _ON_TILE and self.currentIndex().isValid():
            if not event.isAutoRepeat():
                less = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
                code = str(self.currentIndex().data(CODE_ROLE))
                (self.less_code if less else self.pressed_code).emit(code)
            return
        typed = event.text().strip()
        if typed.isprintable() and typed and not event.modifiers() & _COMMAND:
            self.no_class.emit(typed.upper())
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            less = event.button() == Qt.MouseButton.RightButton or bool(
                event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            )
            (self.less_code if less else self.pressed_code).emit(str(index.data(CODE_ROLE)))


class CounterPanel(QWidget):
    """Counts into one case; undo, table and report follow as for any decision."""

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        counter: Counter,
        bell: Bell,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self.counter = counter
        self.bell = bell
        self._controller = controller
        self.model = CounterModel(context, counter, self)
        self.tiles = Tiles(context)
        self.tiles.setModel(self.model)
        self._delegate = TileDelegate(context, counter, self.tiles)
        self.tiles.setItemDelegate(self._delegate)
        self.tiles.pressed_code.connect(self._count)
        self.tiles.less_code.connect(self._count_less)
        self.tiles.take_back.connect(self._take_back)
        head = self._build_head()
        self.bar = TargetBar(context)
        self.hint = PlainLabel()
        self.hint.setObjectName("muted")
        self.hint.setWordWrap(True)
        self.hint.setContentsMargins(14, 4, 14, 8)
        self._hint_back = QTimer(self)
        self._hint_back.setSingleShot(True)
        self._hint_back.setInterval(_HINT_MS)
        self._hint_back.timeout.connect(self._show_hint)
        self._show_hint()
        self.tiles.no_class.connect(self._tell_no_class)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.bar)
        layout.addLayout(self._build_end())
        layout.addWidget(self.tiles, 1)
        layout.addWidget(self.hint)
        self._dark = QTimer(self)
        self._dark.setSingleShot(True)
        self._dark.setInterval(_LIT_MS)
        self._dark.timeout.connect(lambda: self._highlight_tile(""))
        controller.changed.connect(lambda _: self._on_case_changed())
        self.setFocusProxy(self.tiles)
        self.refresh()

    def _build_head(self) -> QHBoxLayout:
        """The total, the switch of the sound, and the button that takes the last count back."""
        self._total = QLabel()
        font = QFont(self._total.font())
        font.setPointSizeF(font.pointSizeF() * 2.2)
        font.setWeight(QFont.Weight.DemiBold)
        self._total.setFont(font)
        self._of = QLabel()
        self._of.setObjectName("muted")
        self._of.setWordWrap(True)  # beside the large number there is room for two lines
        self._last = QPushButton(self._context.icons.get("undo"), tr("Take the last one back"))
        self._last.setToolTip(tr("Backspace"))
        self._last.clicked.connect(self._take_back)
        self._last.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.sound = QCheckBox(tr("Sound"))
        self.sound.setChecked(self.bell.on)
        self.sound.toggled.connect(self._sound_changed)
        self.sound.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click on it must not take the keys
        head = QHBoxLayout()
        head.setContentsMargins(14, 10, 14, 4)
        head.setSpacing(10)
        head.addWidget(self._total)
        head.addWidget(self._of, 1)
        head.addWidget(self.sound)
        head.addWidget(self._last)
        return head

    def _build_end(self) -> QHBoxLayout:
        """What is said at the target, and the way beyond it."""
        self.end = QLabel()
        policy = self.end.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # the tiles must not move under a hand that counts
        self.end.setSizePolicy(policy)
        self.go_on = QPushButton()
        self.go_on.clicked.connect(self._go_on)
        self.go_on.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = QHBoxLayout()
        row.setContentsMargins(14, 2, 14, 2)
        row.addWidget(self.end, 1)
        row.addWidget(self.go_on)
        return row

    def _show_end(self) -> None:
        counter, language, theme = self.counter, self._context.language, self._context.theme
        self.end.setVisible(counter.is_done)
        self.go_on.setVisible(counter.is_full)
        if not counter.is_done:
            return
        aim = language.integer(counter.aim)
        text = tr("The target of {target} leukocytes is reached.").format(target=aim)
        if counter.is_full:
            text += " " + tr("Further leukocytes are not counted.")
        self.end.setText(text)
        self.end.setStyleSheet(f"color: {theme.tokens.ok}")
        self.go_on.setText(tr("Go on to {target}").format(target=language.integer(counter.next_step)))

    def _go_on(self) -> None:
        self.counter.go_on()
        self.refresh()
        self.tiles.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Whatever of the counter has the focus: its keys count.
        if not self.tiles.take_key(event):
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def _on_case_changed(self) -> None:
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Show the counts of the moment."""
        total, target, integer = (
            self.counter.total,
            self.counter.aim,
            self._context.language.integer,
        )
        in_all = self.counter.in_all
        self._total.setText(integer(total))
        if not target:
            self._of.setText(tr("leukocytes counted by hand"))
        elif in_all == total:
            self._of.setText(ngettext("leukocytes of {n}", "leukocytes of {n}", target))
        else:
            words = tr("counted by hand; {all} of {target} leukocytes in all")
            self._of.setText(words.format(all=integer(in_all), target=integer(target)))
        self.bar.show_count(in_all, target)
        self._last.setEnabled(bool(self.counter.last))
        self._show_end()
        self.model.refresh()

    def _show_hint(self) -> None:
        self.hint.setText(
            tr("One key a cell. Shift or the right button: one less. Backspace: the last one back.")
        )

    def _tell_no_class(self, key: str) -> None:
        """Say that a key counted nothing: whoever looks into the microscope would miss it."""
        self.hint.setText(tr("{key} is the key of no class: nothing was counted.").format(key=key))
        self._hint_back.start()

    def _highlight_tile(self, code: str) -> None:
        self._delegate.lit = code
        self.tiles.viewport().update()
        if code:
            self._dark.start()

    def _count(self, code: str) -> None:
        self._answer(self._controller.count(self.counter, code), code)

    def _count_less(self, code: str) -> None:
        self._answer(self._controller.count_less(self.counter, code), code)

    def _take_back(self) -> None:
        code = self.counter.last
        self._answer(self._controller.take_back_count(self.counter), code)

    def _answer(self, beat: CountSound, code: str) -> None:
        """Light and sound the tile of a cell that was counted."""
        if beat is not CountSound.NONE:
            if beat is not CountSound.FULL:
                self._highlight_tile(code)
            self.bell.beat(beat)

    def _sound_changed(self, on: bool) -> None:
        self.bell.on = on
