"""Put tags on the chosen cells, by digit or by the list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QListView, QVBoxLayout, QWidget

from bloodcells_gui.domain.review import Change
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.keyboard import review_meanings
from bloodcells_gui.ui.review import ReviewController

Index = QModelIndex | QPersistentModelIndex
_WITH_DIGIT = 9


class TagsModel(QAbstractListModel):
    """The laboratory's tags, and those that the cells have beside them, with which of the cells have each."""

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        ids: Sequence[int],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._language, self._session, self._ids = context.language, controller.session, list(ids)
        state = self._session.state
        own = [t for i in self._ids for t in state.tags.get(i, ())]
        self.tags = list(dict.fromkeys((*self._session.settings.cell_tags, *own)))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.tags)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        tag = self.tags[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            digit = f"{index.row() + 1}   " if index.row() < _WITH_DIGIT else ""
            return digit + self._language.text(tag)
        if role == Qt.ItemDataRole.CheckStateRole:
            return self._checked(tag)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            on = self._checked(tag) == Qt.CheckState.Checked
            return f"{self._language.text(tag)}, {tr('on') if on else tr('off')}"
        return None

    def _checked(self, tag: str) -> Qt.CheckState:
        tags = self._session.state.tags
        having = sum(tag in tags.get(i, ()) for i in self._ids)
        if having == 0:
            return Qt.CheckState.Unchecked
        return Qt.CheckState.Checked if having == len(self._ids) else Qt.CheckState.PartiallyChecked

    def refresh(self) -> None:
        """Tags came or went."""
        self.dataChanged.emit(self.index(0), self.index(len(self.tags) - 1))


class TagBox(QFrame):
    """A small box over the window; it stays open so that a cell gets several tags.

    Parameters
    ----------
    ids : sequence of int
        Cells that the person sees.

    Signals
    -------
    comment_wanted()
        The person wants to write a comment on the cells.
    """

    comment_wanted = Signal()

    def __init__(
        self, context: UiContext, controller: ReviewController, ids: Sequence[int], parent: QWidget
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._controller, self._ids = controller, list(ids)
        self.model = TagsModel(context, controller, ids, self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setAccessibleName(tr("Tags"))
        self.list.setCurrentIndex(self.model.index(0))
        self.list.clicked.connect(lambda index: self.toggle(index.row()))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        title = QLabel(ngettext("Tags of {n} cell", "Tags of {n} cells", len(self._ids)))
        title.setObjectName("muted")
        hint = QLabel(tr("1 to 9 or Space: on and off · Enter: a comment · Esc: close"))
        hint.setObjectName("muted")
        hint.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 10)
        for widget in (title, self.list, hint):
            layout.addWidget(widget)
        self.setFixedSize(340, 280)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(title.text())
        controller.changed.connect(self._on_case_changed)

    def _on_case_changed(self, _: Change) -> None:
        self.model.refresh()

    def toggle(self, row: int) -> None:
        """Put a tag on the cells, or take it off where all have it."""
        if 0 <= row < len(self.model.tags):
            self.list.setCurrentIndex(self.model.index(row))
            self._controller.tag(self._ids, self.model.tags[row])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.isAutoRepeat() and event.key() not in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            return
        digit = next((m for m in review_meanings(event) if m.isdigit() and m != "0"), "")
        row, step = self.list.currentIndex().row(), 0
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            self.list.setCurrentIndex(self.model.index(max(0, min(len(self.model.tags) - 1, row + step))))
        elif digit:
            self.toggle(int(digit) - 1)
        elif event.key() == Qt.Key.Key_Space:
            self.toggle(row)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.close()
            self.comment_wanted.emit()
        else:
            super().keyPressEvent(event)
