"""Two classes side by side; cells move between them by one key, without the mouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QThreadPool
from PySide6.QtGui import QCloseEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.review import Change
from bloodcells_gui.domain.taxonomy import BY_CODE, CLASSES, TAKEN_FOR
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.focus_frame import FocusFrame
from bloodcells_gui.ui.gallery.model import GROUPS, GalleryModel
from bloodcells_gui.ui.gallery.order import CellOrder
from bloodcells_gui.ui.gallery.thumbnails import ThumbnailLoader
from bloodcells_gui.ui.gallery.view import GalleryView
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.keyboard import review_meanings
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.screen_fit import resize_within_screen

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class ClassPane(FocusFrame):
    """The cells of one class.

    Parameters
    ----------
    code : str
        The class shown first.
    name : str
        What the choice of the class is called.
    """

    def __init__(
        self, context: UiContext, controller: ReviewController, pool: QThreadPool, code: str, name: str
    ) -> None:
        super().__init__(context)
        session = controller.session
        self._session, self.code = session, code
        self._thumbnails = ThumbnailLoader(session.thumbnail, pool, self)
        self.model = GalleryModel(
            session.cell, session.decision, self._group_of, context.language, self,
            order=CellOrder(session, context.language),
        )  # fmt: skip
        self.view = GalleryView(context, self.model, self._thumbnails)
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setAccessibleName(name)
        self.choice = QComboBox()
        self.choice.setAccessibleName(name)
        for c in CLASSES:
            self.choice.addItem(f"{context.language.class_name(c.code)} ({c.code})", c.code)
        self.choice.setCurrentIndex(self.choice.findData(code))
        self.choice.activated.connect(lambda _: self.show_class(str(self.choice.currentData())))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.choice)
        layout.addWidget(self.view, 1)
        self.frame(self.view)
        self.model.load(session.cells)
        controller.changed.connect(self._on_case_changed)

    def _group_of(self, cell_id: int) -> str:
        label = self._session.state.label(cell_id)
        return label if label == self.code else ""

    def _on_case_changed(self, change: Change) -> None:
        if change.cells:
            self.model.refresh(change.cells)

    def show_class(self, code: str) -> None:
        """Show another class."""
        self.code = code
        self.model.load(self._session.cells)
        self.begin()
        self.view.setFocus()

    def ids(self) -> Sequence[int]:
        """Ids of the cells of the class, in their order."""
        return self.model.ids(GROUPS.index(self.code))

    def begin(self) -> None:
        """Put the cursor on the first cell where there is none."""
        ids = self.ids()
        if self.view.current_id() is None and ids:
            self.view.select_ids(ids[:1])

    def targets(self) -> list[int]:
        """The chosen cells where the person sees all of them; else shows the first and returns nothing."""
        current = self.view.current_id()
        ids = self.view.selected_ids() or ([] if current is None else [current])
        if all(self.view.shows([i]) for i in ids):
            return ids
        self.view.select_ids(ids[:1])
        return []

    def close_pane(self) -> None:
        """Ask for no picture any more."""
        self._thumbnails.close()


class TwoClassesWindow(QDialog):
    """Two classes of the open case.

    Parameters
    ----------
    code : str
        The class on the left; "" for the commonest of the case.
    """

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        pool: QThreadPool,
        code: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Two classes side by side"))
        self._context, self._controller = context, controller
        if code not in BY_CODE:
            counts = controller.session.state.counts
            code = max(counts, key=lambda c: counts[c], default=CLASSES[0].code)
        other = TAKEN_FOR.get(code, CLASSES[0].code)
        self.left = ClassPane(context, controller, pool, code, tr("Class on the left"))
        self.right = ClassPane(context, controller, pool, other, tr("Class on the right"))
        self.hint = PlainLabel(self._words())
        self.hint.setObjectName("muted")
        self.hint.setWordWrap(True)
        for pane in (self.left, self.right):
            pane.choice.activated.connect(lambda _: self.hint.setText(self._words()))
        panes = QHBoxLayout()
        panes.setSpacing(10)
        for pane in (self.left, self.right):
            panes.addWidget(pane, 1)
            pane.view.installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addLayout(panes, 1)
        layout.addWidget(self.hint)
        resize_within_screen(self, 1180, 760)

    def _words(self) -> str:
        """What the keys do, with those of two classes by name."""
        language, keymap = self._context.language, self._context.keymap
        keys = [(keymap.key(c), language.class_name(c)) for c in (self.right.code, self.left.code)]
        named = ", ".join(labelled(key, name, language.lang) for key, name in keys if key)
        words = tr(
            "Enter moves the chosen cells to the other class, the key of a class ({keys} …) to that class; "
            "Space confirms them, Delete excludes them, Tab changes sides."
        )
        return words.format(keys=named)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.right.begin()
        self.left.begin()
        self.left.view.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the keys of the review before the view, for which Enter means something else."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        pane, other = (self.left, self.right) if watched is self.left.view else (self.right, self.left)
        act = self._act_of(event, pane, other)
        if act is None:
            return False
        if not event.isAutoRepeat():  # a key that is held down decides once
            act()
        return True

    def _act_of(self, event: QKeyEvent, pane: ClassPane, other: ClassPane) -> Callable[[], object] | None:
        key, controller = Qt.Key(event.key()), self._controller
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            steps = {Qt.Key.Key_Z: controller.undo, Qt.Key.Key_Y: controller.redo}
            return None if key not in steps else lambda: self._go_back(pane, other, steps[key])
        if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            return other.view.setFocus
        if key in _ENTER:
            return lambda: self._decide(pane, lambda ids: controller.relabel(ids, other.code))
        if key == Qt.Key.Key_Space:
            return lambda: self._decide(pane, controller.confirm)
        if key == Qt.Key.Key_Delete:
            return lambda: self._decide(pane, controller.exclude)
        code = self._context.keymap.first_code(review_meanings(event))
        if code is None:
            return None
        return lambda: self._decide(pane, lambda ids: controller.relabel(ids, code))

    def _decide(self, pane: ClassPane, act: Callable[[list[int]], Change | None]) -> None:
        """Do something to the chosen cells, and go on with the one behind them on the same side."""
        ids = pane.targets()
        follower = pane.view.follower(ids, lambda _: True) if ids else None
        if ids and act(ids) is not None and follower is not None:
            pane.view.select_ids([follower])

    def _go_back(self, pane: ClassPane, other: ClassPane, step: Callable[[], Change | None]) -> None:
        """Undo or redo, and go to the cells that changed: the next key is meant for one of them."""
        change = step()
        if change is None:
            return
        for side in (pane, other):
            back = next((i for i in side.ids() if i in set(change.cells)), None)
            if back is not None:
                side.view.select_ids([back])
                side.view.setFocus()
                return

    def closeEvent(self, event: QCloseEvent) -> None:
        self.close_panes()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes."""
        self.close_panes()
        super().reject()

    def close_panes(self) -> None:
        """Ask for no picture any more; call before the session closes."""
        self.left.close_pane()
        self.right.close_pane()
