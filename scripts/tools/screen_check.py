"""What is wrong with a screen that a person sees at once: cut texts, hidden widgets, no way there by the keyboard.

`python -m scripts.tools.screens OUT --check` walks every screen with it, and `tests/ui/scenarios/test_screens.py` does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from unittest.mock import patch

from PySide6.QtCore import QModelIndex, QPoint, QRect, Qt
from PySide6.QtGui import QFontMetrics, QTextDocument
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QGroupBox,
    QHeaderView,
    QLabel,
    QLayout,
    QLineEdit,
    QPushButton,
    QSlider,
    QSplitterHandle,
    QStackedLayout,
    QTabBar,
    QTableView,
    QToolBar,
    QToolButton,
    QWidget,
)

from bloodcells_gui.ui.banner import FoldingLabel
from bloodcells_gui.ui.labels import ElidedLabel

#: What a person works with; each must be reached by Tab or by a key of its own.
INTERACTIVE = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QSlider, QAbstractItemView, QTabBar)
_SLACK = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: its kind, where, and what was found there."""

    kind: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.what}"


def name_of(widget: QWidget) -> str:
    """A widget as a developer finds it: its classes from the window inwards."""
    parts: list[str] = []
    step: QWidget | None = widget
    while step is not None and not step.isWindow():
        own = step.objectName()
        parts.append(f"{type(step).__name__}{'#' + own if own and not own.startswith('qt_') else ''}")
        step = step.parentWidget()
    return " < ".join(parts[:4])


def cut_texts(root: QWidget) -> list[Problem]:
    """Texts of labels, buttons, tabs, headers and tables that do not fit into their place.

    A line that is cut on purpose, because a file or a person may be called anything, has its whole text as its tool tip.
    """
    found: list[Problem] = []
    for widget in visible(root):
        for text in _cut_in(widget):
            found.append(Problem("cut text", name_of(widget), text))
    return found


def visible(root: QWidget) -> Iterator[QWidget]:
    """The window's widgets that are shown, those of windows above it left out."""
    if root.isVisible():
        yield root
        for child in root.findChildren(QWidget):
            if child.isVisible() and child.window() is root.window():
                yield child


def _cut_in(widget: QWidget) -> Iterator[str]:
    if isinstance(widget, (ElidedLabel, FoldingLabel)):
        return
    for kind, cut in _CUT.items():
        if isinstance(widget, kind):
            yield from cut(widget)
            return


def _cut_button(button: QAbstractButton) -> Iterator[str]:
    icon_only = Qt.ToolButtonStyle.ToolButtonIconOnly
    if (
        isinstance(button, QToolButton)
        and button.toolButtonStyle() == icon_only
        and not button.icon().isNull()
    ):
        return
    wanted = button.sizeHint() if isinstance(button, (QPushButton, QToolButton)) else button.minimumSizeHint()
    if button.text() and button.width() + _SLACK < wanted.width():
        yield button.text()


def _cut_choice(box: QComboBox) -> Iterator[str]:
    room = box.width() - (box.sizeHint().width() - _widest(box))
    told = box.currentText() in unescape(box.toolTip())
    if not told and box.fontMetrics().horizontalAdvance(box.currentText()) > room + _SLACK:
        yield box.currentText()


def _cut_field(line: QLineEdit) -> Iterator[str]:
    text = line.placeholderText() if not line.text() else ""
    if text and text == unescape(line.toolTip()):
        return
    if text and line.fontMetrics().horizontalAdvance(text) > line.width() - 8:
        yield text


def _cut_group(group: QGroupBox) -> Iterator[str]:
    if group.fontMetrics().horizontalAdvance(group.title()) > group.width() - 8:
        yield group.title()


def _widest(box: QComboBox) -> int:
    return max((box.fontMetrics().horizontalAdvance(box.itemText(n)) for n in range(box.count())), default=0)


def _cut_label(label: QLabel) -> Iterator[str]:
    if not label.text():
        return
    room = label.contentsRect()
    if label.wordWrap():
        wanted = label.heightForWidth(label.width())
        if wanted > label.height() + 2:
            yield f"{label.text()[:80]} (needs a height of {wanted}, has {label.height()})"
        words = _plain(label).split()
        widest = max((label.fontMetrics().horizontalAdvance(w) for w in words), default=0)
        if widest > room.width() + _SLACK:
            yield max(words, key=len)
    elif label.sizeHint().width() > label.width() + _SLACK or label.sizeHint().height() > label.height() + 2:
        yield f"{label.text()[:80]} (needs {label.sizeHint().toTuple()}, has {label.size().toTuple()})"


def _plain(label: QLabel) -> str:
    if label.textFormat() == Qt.TextFormat.PlainText or "<" not in label.text():
        return label.text()
    document = QTextDocument()
    document.setHtml(label.text())
    return document.toPlainText()


def _cut_tabs(bar: QTabBar) -> Iterator[str]:
    for n in range(bar.count()):
        if not bar.isTabVisible(n):
            continue
        rect = bar.tabRect(n)
        hidden = rect.right() > bar.width() or rect.left() < 0
        if hidden or rect.width() < bar.fontMetrics().horizontalAdvance(bar.tabText(n).replace("&", "")):
            yield f"{bar.tabText(n)} (tab)"


def _cut_headers(header: QHeaderView) -> Iterator[str]:
    model = header.model()
    if model is None or header.orientation() != Qt.Orientation.Horizontal:
        return
    for n in range(header.count()):
        text = str(model.headerData(n, Qt.Orientation.Horizontal) or "")
        if header.isSectionHidden(n) or not text:
            continue
        if header.fontMetrics().horizontalAdvance(text) > header.sectionSize(n):
            yield f"{text} (column)"


def _cut_cells(table: QTableView) -> Iterator[str]:
    """Columns with a text wider than they are and no tool tip that tells it whole; columns beyond the table."""
    model, wide = table.model(), table.viewport().width()
    columns = [c for c in range(model.columnCount()) if not table.isColumnHidden(c)]
    right = max((table.columnViewportPosition(c) + table.columnWidth(c) for c in columns), default=0)
    if right > wide + 2 and table.horizontalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff:
        yield f"columns reach to {right} of {wide}"
    for column in columns:
        for row in range(min(model.rowCount(), 40)):
            if not table.wordWrap() and _is_cut(table, model.index(row, column)):
                yield f"{str(model.index(row, column).data())[:60]} (cell {row}, {column})"
                break


def _is_cut(table: QTableView, index: QModelIndex) -> bool:
    place = table.visualRect(index)
    if not place.isValid() or not table.viewport().rect().intersects(place):
        return False
    text, tip = str(index.data() or ""), str(index.data(Qt.ItemDataRole.ToolTipRole) or "")
    return table.fontMetrics().horizontalAdvance(text) > place.width() and text not in unescape(tip)


_CUT: Mapping[type[QWidget], Callable[..., Iterator[str]]] = {
    QLabel: _cut_label,
    QAbstractButton: _cut_button,
    QTabBar: _cut_tabs,
    QHeaderView: _cut_headers,
    QComboBox: _cut_choice,
    QLineEdit: _cut_field,
    QGroupBox: _cut_group,
    QTableView: _cut_cells,
}


def out_of_place(root: QWidget) -> list[Problem]:
    """Widgets that reach beyond their parent, and siblings that lie over each other."""
    found: list[Problem] = []
    for parent in visible(root):
        if isinstance(parent, (QAbstractScrollArea, QHeaderView)) or _scrolls(parent):
            continue
        direct = Qt.FindChildOption.FindDirectChildrenOnly
        shown = [
            c for c in parent.findChildren(QWidget, options=direct) if c.isVisible() and not c.isWindow()
        ]
        shown = [
            c
            for c in shown
            if not isinstance(c, QSplitterHandle)
            and not c.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        ]
        for child in shown:
            if not parent.rect().adjusted(-_SLACK, -_SLACK, _SLACK, _SLACK).contains(child.geometry()):
                found.append(
                    Problem(
                        "out of its place",
                        name_of(child),
                        f"{child.geometry().getRect()} in {parent.rect().getRect()}",
                    )
                )
        found += _overlaps(parent.layout(), shown)
    return found


def _overlaps(layout: QLayout | None, shown: list[QWidget]) -> list[Problem]:
    if layout is None or isinstance(layout, QStackedLayout):
        return []
    managed = [widget for widget in shown if layout.indexOf(widget) >= 0]
    found = []
    for n, one in enumerate(managed):
        for other in managed[n + 1 :]:
            both = one.geometry() & other.geometry()
            if both.width() > 2 and both.height() > 2:
                found.append(Problem("one over the other", name_of(one), name_of(other)))
    return found


def _scrolls(widget: QWidget) -> bool:
    """Whether the widget is the moving part of a scroll area, or its frame."""
    above = widget.parentWidget()
    return isinstance(above, QAbstractScrollArea)


def beyond_the_screen(window: QWidget) -> list[Problem]:
    """A window larger than what its screen has for windows."""
    room = window.screen().availableSize()
    if window.width() > room.width() or window.height() > room.height():
        size = (window.width(), window.height())
        return [
            Problem("beyond the screen", type(window).__name__, f"{size} on {(room.width(), room.height())}")
        ]
    return []


def nameless(root: QWidget) -> list[Problem]:
    """Things to work with that a screen reader could only call by their kind."""
    found = []
    for widget in visible(root):
        if not isinstance(widget, INTERACTIVE) or _part_of_another(widget):
            continue
        label = next((b for b in root.findChildren(QLabel) if b.buddy() is widget), None)
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        placeholder = widget.placeholderText() if isinstance(widget, QLineEdit) else ""
        if not (
            widget.accessibleName() or text or placeholder or label is not None or isinstance(widget, QTabBar)
        ):
            found.append(Problem("no accessible name", name_of(widget), ""))
    return found


def _part_of_another(widget: QWidget) -> bool:
    """Whether Qt made it for a widget of which it is a part: a header, the field of a spin box, a tab bar's arrows."""
    if isinstance(widget, QHeaderView):
        return True
    above = widget.parentWidget()
    return isinstance(above, (QComboBox, QAbstractSpinBox, QTabBar, QLineEdit)) or (
        widget.objectName().startswith("qt_") and not isinstance(widget, QTabBar)
    )


def out_of_reach(root: QWidget) -> list[Problem]:
    """Things to work with that Tab does not reach; tool bars repeat what menus have."""
    # Not by `nextInFocusChain`: PySide takes what it returns for a child of what was asked, and forgets the
    # menus of the window once that goes away.
    by_tab = (w for w in root.findChildren(QWidget) if w.focusPolicy() & Qt.FocusPolicy.TabFocus)
    reached = [_end(widget) for widget in by_tab]
    found = []
    for widget in visible(root):
        if not isinstance(widget, INTERACTIVE) or _part_of_another(widget) or not widget.isEnabled():
            continue
        if isinstance(widget.parentWidget(), QToolBar) or isinstance(widget, QHeaderView):
            continue
        policy = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if not policy and widget not in reached and not _by_key(widget):
            found.append(Problem("out of reach of the keyboard", name_of(widget), _text(widget)))
    return found


def _end(widget: QWidget) -> QWidget:
    proxy = widget.focusProxy()
    return widget if proxy is None else _end(proxy)


def _by_key(widget: QWidget) -> bool:
    """Whether a key is named for it: a mnemonic, a shortcut, or a key in its tool tip."""
    if isinstance(widget, QAbstractButton):
        return not widget.shortcut().isEmpty() or "(" in widget.toolTip()
    return False


def _text(widget: QWidget) -> str:
    return widget.text() if isinstance(widget, (QAbstractButton, QLineEdit)) else widget.accessibleName()


def without_focus_mark(root: QWidget) -> list[Problem]:
    """Things to work with that look the same with the keyboard and without it."""
    found, before = [], QApplication.focusWidget()
    for widget in list(visible(root)):
        if (
            not isinstance(widget, INTERACTIVE)
            or _part_of_another(widget)
            or not widget.isEnabled()
            or isinstance(widget, QHeaderView)
        ):
            continue
        if not widget.focusPolicy() & Qt.FocusPolicy.TabFocus or widget.focusProxy() is not None:
            continue
        if widget.visibleRegion().isEmpty():  # scrolled out of sight: Tab brings it back
            continue
        widget.clearFocus()
        without = _picture(widget)
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        if QApplication.focusWidget() is widget and _picture(widget) == without:
            found.append(Problem("no mark of the focus", name_of(widget), _text(widget)))
    if before is not None:
        before.setFocus()
    return found


def _picture(widget: QWidget) -> object:
    """The widget with a margin of its window around it, where frames and rings are drawn."""
    window = widget.window()
    corner = widget.mapTo(window, QPoint(0, 0))
    return window.grab(QRect(corner, widget.size()).adjusted(-4, -4, 4, 4)).toImage()


@contextlib.contextmanager
def elided_names(names: set[str]) -> Iterator[list[str]]:
    """Collect the class names that any painter cuts meanwhile."""
    cut: list[str] = []
    original = QFontMetrics.elidedText

    def recorded(self: QFontMetrics, text: str, mode: Qt.TextElideMode, width: int, flags: int = 0) -> str:
        shown = original(self, text, mode, width, flags)
        if shown != text and text in names:
            cut.append(text)
        return shown

    with patch.object(QFontMetrics, "elidedText", recorded):
        yield cut


def problems(root: QWidget) -> list[Problem]:
    """Everything that the checks of this module find on one window."""
    return [
        *cut_texts(root),
        *out_of_place(root),
        *beyond_the_screen(root),
        *nameless(root),
        *out_of_reach(root),
    ]
