"""Find a class by the first letters of its name or code, and give it to the chosen cells."""

from __future__ import annotations

from PySide6.QtCore import QSortFilterProxyModel, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListView, QVBoxLayout, QWidget

from bloodcells_gui.domain.taxonomy import CLASSES
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr


class ClassFinder(QFrame):
    """A small box over the window.

    Signals
    -------
    chosen(str)
        Class code.
    """

    chosen = Signal(str)

    def __init__(self, context: UiContext, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        names = [
            f"{context.language.class_name(c.code)}   ·   {c.code}   ·   {context.keymap.key(c.code)}"
            for c in CLASSES
        ]
        self._names = {name: c.code for name, c in zip(names, CLASSES, strict=True)}
        self._found = QSortFilterProxyModel(self)
        self._found.setSourceModel(QStringListModel(names, self))
        self._found.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.line = QLineEdit()
        self.line.setPlaceholderText(tr("Class name or code"))
        self.line.setAccessibleName(tr("Class name or code"))
        self.line.textChanged.connect(self._filter)
        self.line.returnPressed.connect(self._apply_selected_class)
        self.list = QListView()
        self.list.setModel(self._found)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setAccessibleName(tr("Classes"))
        self.list.clicked.connect(self._apply_selected_class)
        title = QLabel(tr("Give the chosen cells a class"))
        title.setObjectName("muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 10)
        layout.addWidget(title)
        layout.addWidget(self.line)
        layout.addWidget(self.list)
        self.setFixedSize(360, 300)
        self._filter("")
        self.line.setFocus()

    def _filter(self, text: str) -> None:
        self._found.setFilterFixedString(text.strip())
        self.list.setCurrentIndex(self._found.index(0, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        row = max(0, min(self._found.rowCount() - 1, self.list.currentIndex().row() + step))
        self.list.setCurrentIndex(self._found.index(row, 0))

    def _apply_selected_class(self) -> None:
        code = self._names.get(str(self.list.currentIndex().data()))
        self.close()
        if code is not None:
            self.chosen.emit(code)
