"""Shift+F1: what the figures, columns and flags in front mean, and the small "?" beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.help.explanations import HERE, explanations
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.screen_fit import resize_within_screen

Index = QModelIndex | QPersistentModelIndex


def sentence_case(text: str) -> str:
    """A name as a heading: its first letter large."""
    return text[:1].upper() + text[1:]


def keys_of(widget: QWidget | None) -> tuple[str, ...]:
    """The explanations that belong to the innermost view around `widget`."""
    while widget is not None:
        for kind in type(widget).__mro__:
            if kind.__name__ in HERE:
                return HERE[kind.__name__]
        widget = widget.parentWidget()
    return ()


class ExplanationsModel(QAbstractListModel):
    """Names of all explanations: those that belong to the view first, in bold."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all = explanations()
        self._order = list(self._all)
        self._here = 0

    def put_first(self, keys: Sequence[str]) -> None:
        """Begin with these."""
        self.beginResetModel()
        here = [k for k in dict.fromkeys(keys) if k in self._all]
        self._here = len(here)
        self._order = [*here, *(k for k in self._all if k not in here)]
        self.endResetModel()

    def key(self, row: int) -> str:
        """The key of a row."""
        return self._order[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._order)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return sentence_case(tr(self._all[self._order[index.row()]].name))
        if role == Qt.ItemDataRole.FontRole and index.row() < self._here:
            font = QFont()
            font.setWeight(QFont.Weight.DemiBold)
            return font
        return None


class WhatIsThis(QDialog):
    """A small window: names on the left, the explanation on the right.

    Parameters
    ----------
    read_on : callable
        Called with a topic of the manual.
    """

    def __init__(self, context: UiContext, read_on: Callable[[str], None], parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._read_on = read_on
        self._topic = ""
        self.setWindowTitle(tr("What is this?"))
        self.model = ExplanationsModel(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setAccessibleName(tr("What is this?"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFixedWidth(250)
        self.title = QLabel()
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setWeight(QFont.Weight.DemiBold)
        self.title.setFont(font)
        self.title.setWordWrap(True)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.more = QPushButton(tr("&Read on in the manual"))
        self.more.clicked.connect(lambda: self._read_on(self._topic))
        self.more.setAutoDefault(False)
        close = QPushButton(tr("Close"))
        close.setAutoDefault(False)
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addWidget(self.more)
        buttons.addStretch(1)
        buttons.addWidget(close)
        words = QVBoxLayout()
        words.setContentsMargins(16, 14, 16, 12)
        words.setSpacing(8)
        words.addWidget(self.title)
        words.addWidget(self.text)
        words.addStretch(1)
        words.addLayout(buttons)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.list)
        layout.addLayout(words, 1)
        self.list.selectionModel().currentChanged.connect(lambda index, _: self._show(index.row()))
        self.list.activated.connect(lambda _: self._read_on(self._topic))
        resize_within_screen(self, 680, 360)

    def explain(self, keys: Sequence[str]) -> None:
        """Show these first, and the first of them at once."""
        self.model.put_first(keys)
        self.show()
        self.list.setCurrentIndex(self.model.index(0))
        self.raise_()
        self.activateWindow()
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show(self, row: int) -> None:
        if row < 0:
            return
        found = explanations()[self.model.key(row)]
        self._topic = found.topic
        self.title.setText(sentence_case(tr(found.name)))
        self.text.setText(tr(found.text))
        # A reader of the screen hears the sentences with the name.
        self.list.setAccessibleDescription(self.text.text())


class QuestionMark(QToolButton):
    """The small "?" beside a figure or a flag.

    Parameters
    ----------
    keys : callable
        Gives the keys of the explanations that belong here at the moment.
    """

    def __init__(self, context: UiContext, keys: Callable[[], Sequence[str]]) -> None:
        super().__init__()
        self.setText("?")
        self.setAccessibleName(tr("What is this?"))
        self.setToolTip(tr("What is this? (Shift+F1)"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedSize(22, 22)
        self.setObjectName("question")
        self.clicked.connect(lambda: context.explain(keys()) if context.explain is not None else None)
