"""Choose what the gallery shows and how it is sorted."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.ui.gallery.order import Shown, Sorting, flags_and_tags, shown_name, sorting_names
from bloodcells_gui.ui.i18n import Language, ngettext, tr
from bloodcells_gui.ui.labels import plain_tip

# Key of the filter that holds cells by their ids.
THESE = "these"


class _ShownBox(QComboBox):
    """The filters: those of every case, then flags and tags that this case has when the list is opened."""

    def __init__(self, session: CaseSession, language: Language) -> None:
        super().__init__()
        self._session, self._language = session, language
        self.these: frozenset[int] = frozenset()
        self.fill()

    def fill(self) -> None:
        """Offer the flags and tags of the moment; the choice stays."""
        keys = [*map(str, Shown), *flags_and_tags(self._session)]
        if self.these:
            keys.insert(1, THESE)
        chosen = str(self.currentData() or "")
        if chosen not in keys:
            keys.append(chosen)  # a tag that no cell has any more
        if [self.itemData(i) for i in range(self.count())] == keys:
            return
        self.blockSignals(True)
        self.clear()
        for key in keys:
            self.addItem(self._name(key), key)
        self.setCurrentIndex(keys.index(chosen))
        self.blockSignals(False)

    def _name(self, key: str) -> str:
        if key == THESE:
            return ngettext("The {n} chosen cell", "The {n} chosen cells", len(self.these))
        return shown_name(key, self._language)

    def showPopup(self) -> None:
        self.fill()
        super().showPopup()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.fill()
        super().focusInEvent(event)


class ShownChoice(QWidget):
    """Filter, sorting key and direction.

    Signals
    -------
    changed()
    """

    changed = Signal()

    def __init__(self, session: CaseSession, language: Language) -> None:
        super().__init__()
        self.filter = _ShownBox(session, language)
        self.filter.setAccessibleName(tr("Which cells are shown"))
        self.sort = QComboBox()
        for key, name in sorting_names().items():
            self.sort.addItem(name, str(key))
        self.sort.setAccessibleName(tr("Order of the cells"))
        for box in (self.filter, self.sort):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.setMinimumWidth(96)  # on the smallest screen; the tool tip has the whole text
            box.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
            box.activated.connect(lambda _: self.changed.emit())
            box.currentTextChanged.connect(lambda _: self._update_tips())
        self.turn = QToolButton()
        self.turn.setCheckable(True)
        self.turn.setText("⇅")
        self.turn.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.turn.setAccessibleName(tr("The other way round"))
        self.turn.setToolTip(tr("The other way round"))
        self.turn.toggled.connect(lambda _: self.changed.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for widget in (self.filter, self.sort, self.turn):
            row.addWidget(widget)
        self.setFocusProxy(self.filter)
        self._update_tips()

    def _update_tips(self) -> None:
        """Tell what the boxes are for, and whole what they may cut on a small screen."""
        for box, purpose in (
            (self.filter, tr("Which cells are shown (Ctrl+Shift+F)")),
            (self.sort, tr("Order of the cells; each tile shows the number by which it is sorted")),
        ):
            box.setToolTip(plain_tip(f"{box.currentText()}\n{purpose}"))

    @property
    def shown(self) -> str:
        """Key of the filter in force."""
        return str(self.filter.currentData() or "")

    @property
    def sorting(self) -> Sorting:
        """Sorting key in force."""
        return Sorting(str(self.sort.currentData()))

    @property
    def reversed(self) -> bool:
        """Whether the order is turned round."""
        return self.turn.isChecked()

    @property
    def these(self) -> frozenset[int]:
        """The cells that are shown because a person chose them elsewhere; empty with any other filter."""
        return self.filter.these if self.shown == THESE else frozenset()

    def show_these(self, ids: Iterable[int]) -> None:
        """Put a filter in force that lets these cells through alone."""
        self.filter.these = frozenset(ids)
        self.filter.clear()
        self.filter.fill()
        self.filter.setCurrentIndex(self.filter.findData(THESE))
        self.changed.emit()

    def show_all(self) -> None:
        """Leave the filter."""
        self.choose_filter(Shown.ALL)

    def choose_filter(self, key: str) -> None:
        """Put a filter in force."""
        if self.shown != key:
            self.filter.fill()
            self.filter.setCurrentIndex(max(0, self.filter.findData(str(key))))
            self.changed.emit()

    def choose_sorting(self, key: Sorting) -> None:
        """Put a sorting key in force."""
        if self.sorting is not key:
            self.sort.setCurrentIndex(self.sort.findData(str(key)))
            self.changed.emit()
