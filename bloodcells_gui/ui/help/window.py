"""The window of the manual: contents or hits on the left, the page on the right."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app import manual
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.help.browser import ManualBrowser
from bloodcells_gui.ui.help.contents import ContentsModel
from bloodcells_gui.ui.help.search import LEAST_LETTERS, HitsModel, ManualIndex
from bloodcells_gui.ui.help.topics import split
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.screen_fit import resize_within_screen

_WAIT_MS = 150

#: Keys of this window and what they do; the key sheet lists them.
KEYS = (
    ("Ctrl+F", "search"),
    ("F3", "next_hit"),
    ("Shift+F3", "previous_hit"),
    ("Alt+Left", "back"),
    ("Alt+Right", "forward"),
    ("Ctrl++", "larger"),
    ("Ctrl+-", "smaller"),
)


class ManualWindow(QDialog):
    """Reads the manual beside the work; it holds no other window up."""

    def __init__(self, context: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._lang = context.language.lang
        self.setWindowTitle(tr("Manual"))
        self.setSizeGripEnabled(True)
        self._trail: list[tuple[str, str]] = []
        self._at = -1
        self._index = ManualIndex(self._lang)
        self._reading = QTimer(self)
        self._reading.timeout.connect(self._read_ahead)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_WAIT_MS)
        self._typing.timeout.connect(self._find)
        self._hit = -1
        self._build()
        self._connect()
        resize_within_screen(self, 1120, 760)

    def _build(self) -> None:
        self.line = QLineEdit()
        self.line.setPlaceholderText(tr("Search in all pages"))
        self.line.setAccessibleName(tr("Search in all pages"))
        self.line.setClearButtonEnabled(True)
        self.contents = QTreeView()
        self._pages = ContentsModel(self._lang, self)
        self.contents.setModel(self._pages)
        self.contents.setHeaderHidden(True)
        self.contents.setAccessibleName(tr("Contents"))
        self.hits_model = HitsModel(self._lang, self)
        self.hits = QListView()
        self.hits.setModel(self.hits_model)
        self.hits.setAccessibleName(tr("What was found"))
        self.hits.setAlternatingRowColors(True)
        self.hits.setUniformItemSizes(True)
        self.hits.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.left = QStackedWidget()
        self.left.addWidget(self.contents)
        self.left.addWidget(self.hits)
        self.browser = ManualBrowser(self._context)
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(10, 10, 0, 10)
        column.addWidget(self.line)
        column.addWidget(self.left, 1)
        right = QWidget()
        page = QVBoxLayout(right)
        page.setContentsMargins(0, 8, 0, 0)
        page.setSpacing(6)
        page.addLayout(self._bar())
        self.notice = QLabel(tr("This page has not been translated; it is shown in English."))
        self.notice.setObjectName("muted")
        self.notice.setContentsMargins(26, 0, 26, 0)
        page.addWidget(self.notice)
        page.addWidget(self.browser, 1)
        split_view = QSplitter(Qt.Orientation.Horizontal)
        split_view.addWidget(side)
        split_view.addWidget(right)
        split_view.setStretchFactor(1, 1)
        split_view.setChildrenCollapsible(False)
        split_view.setSizes([300, 820])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split_view)

    def _bar(self) -> QHBoxLayout:
        self.back = self._button(tr("Back"), "Alt+Left", self.go_back)
        self.forward = self._button(tr("Forward"), "Alt+Right", self.go_forward)
        self.found = QLabel()
        self.found.setObjectName("muted")
        self.previous_hit = self._button(tr("Previous hit"), "Shift+F3", lambda: self.step(-1))
        self.next_hit = self._button(tr("Next hit"), "F3", lambda: self.step(1))
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 0, 10, 0)
        bar.addWidget(self.back)
        bar.addWidget(self.forward)
        bar.addStretch(1)
        bar.addWidget(self.found)
        bar.addWidget(self.previous_hit)
        bar.addWidget(self.next_hit)
        return bar

    def _button(self, text: str, keys: str, act: object) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        sequence = QKeySequence(keys)
        button.setToolTip(f"{text} ({sequence.toString(QKeySequence.SequenceFormat.NativeText)})")
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.clicked.connect(act)
        return button

    def _connect(self) -> None:
        self.line.textEdited.connect(lambda _: self._typing.start())
        self.line.textChanged.connect(lambda text: None if text else self._find())
        self.line.returnPressed.connect(self._go_from_line)
        self.contents.selectionModel().currentChanged.connect(self._contents_chosen)
        self.hits.selectionModel().currentChanged.connect(lambda index, _: self._show_hit(index.row()))
        self.browser.asked_for.connect(self._follow)
        for keys, act in (
            ("Ctrl+F", self.focus_search), ("F3", lambda: self.step(1)), ("Shift+F3", lambda: self.step(-1)),
            ("Alt+Left", self.go_back), ("Alt+Right", self.go_forward),
            ("Ctrl++", lambda: self.browser.zoomIn(1)), ("Ctrl+=", lambda: self.browser.zoomIn(1)),
            ("Ctrl+-", lambda: self.browser.zoomOut(1)),
        ):  # fmt: skip
            QShortcut(QKeySequence(keys), self, act)

    # -- pages -----------------------------------------------------------------------------------------

    @property
    def place(self) -> tuple[str, str]:
        """Page and anchor that are shown."""
        return self._trail[self._at] if self._trail else ("", "")

    def show_topic(self, topic: str) -> None:
        """Show a topic (`ui.help.topics`) and remember the way back."""
        self._go(*split(topic))

    def _follow(self, page: str, anchor: str) -> None:
        self._go(page or self.place[0], anchor)

    def _go(self, page: str, anchor: str) -> None:
        if page not in manual.PAGES:
            return
        if (page, anchor) != self.place:
            del self._trail[self._at + 1 :]
            self._trail.append((page, anchor))
            self._at = len(self._trail) - 1
        self._show_place()

    def _show_place(self) -> None:
        page, anchor = self.place
        self._show_page(page)
        self.browser.go_to(anchor)
        self._choose_in_contents(page, anchor)
        self.back.setEnabled(self._at > 0)
        self.forward.setEnabled(self._at < len(self._trail) - 1)

    def _show_page(self, name: str) -> None:
        page = manual.page(name, self._lang)
        self.browser.show_page(page)
        self.notice.setVisible(page.lang != self._lang)
        self.setWindowTitle(tr("Manual: {page}").format(page=page.title))
        self._mark(name)

    def _choose_in_contents(self, page: str, anchor: str) -> None:
        index = self._pages.find(page, anchor)
        self.contents.selectionModel().blockSignals(True)
        self.contents.setCurrentIndex(index)
        self.contents.selectionModel().blockSignals(False)
        self.contents.expand(self._pages.find(page, ""))
        self.contents.scrollTo(index)
        self.contents.viewport().update()

    def _contents_chosen(self, index: QModelIndex) -> None:
        if index.isValid():
            self._go(*self._pages.place(index))

    def go_back(self) -> None:
        """The place before this one."""
        if self._at > 0:
            self._at -= 1
            self._show_place()

    def go_forward(self) -> None:
        """The place that was left by going back."""
        if self._at < len(self._trail) - 1:
            self._at += 1
            self._show_place()

    # -- search ----------------------------------------------------------------------------------------

    def focus_search(self) -> None:
        """Let the person type what to look for."""
        self.line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.line.selectAll()

    def _read_ahead(self) -> None:
        if not self._index.read_next():
            self._reading.stop()

    def _find(self) -> None:
        self._typing.stop()
        words = self.line.text()
        found = self._index.find(words)
        self._hit = -1
        self.hits_model.show_hits(found)
        searching = len(words.strip()) >= LEAST_LETTERS
        self.left.setCurrentWidget(self.hits if searching else self.contents)
        self._mark(self.place[0])
        self._tell_found(searching)

    def _tell_found(self, searching: bool) -> None:
        count = len(self.hits_model.hits)
        if not searching:
            text = ""
        elif self._hit < 0:
            text = ngettext("{n} hit", "{n} hits", count) if count else tr("Nothing was found")
        else:
            text = tr("{number} of {count}").format(number=self._hit + 1, count=count)
        self.found.setText(text)
        for button in (self.previous_hit, self.next_hit):
            button.setEnabled(count > 0)

    def _go_from_line(self) -> None:
        if self._typing.isActive():
            self._find()
        self.step(1)

    def step(self, by: int) -> None:
        """Go to the next (1) or previous (-1) hit, around the end."""
        count = len(self.hits_model.hits)
        if count:
            number = self._first_hit(by) if self._hit < 0 else (self._hit + by) % count
            self.hits.setCurrentIndex(self.hits_model.index(number))

    def _first_hit(self, by: int) -> int:
        """Of the page in front, else of all."""
        of_page = [n for n, hit in enumerate(self.hits_model.hits) if hit.page == self.place[0]]
        if by < 0:
            return of_page[-1] if of_page else len(self.hits_model.hits) - 1
        return of_page[0] if of_page else 0

    def _show_hit(self, number: int) -> None:
        if not 0 <= number < len(self.hits_model.hits):
            return
        self._hit = number
        hit = self.hits_model.hits[number]
        if hit.page != self.place[0]:
            del self._trail[self._at + 1 :]
            self._trail.append((hit.page, ""))
            self._at = len(self._trail) - 1
            self._show_place()
        self._mark(hit.page)
        self.browser.go_to_position(hit.position)
        self._tell_found(searching=True)

    def _mark(self, page: str) -> None:
        of_page = [(n, hit) for n, hit in enumerate(self.hits_model.hits) if hit.page == page]
        current = next((at for at, (n, _) in enumerate(of_page) if n == self._hit), None)
        self.browser.mark([(hit.position, hit.length) for _, hit in of_page], current)

    # -- window events ---------------------------------------------------------------------------------

    def open_at(self, topic: str) -> None:
        """Show a topic and come to the front."""
        self.show()  # first: a page has its lines only at the width that it is read at
        self.show_topic(topic)
        self.raise_()
        self.activateWindow()
        self.browser.setFocus(Qt.FocusReason.OtherFocusReason)
        self._reading.start(0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()  # in the line it is the next hit; no button waits for it
            return
        if event.key() == Qt.Key.Key_Escape and self.line.hasFocus() and self.line.text():
            self.line.clear()
            return
        super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._reading.stop()
        self._typing.stop()
        super().closeEvent(event)

    def done(self, result: int) -> None:
        self._reading.stop()
        self._typing.stop()
        super().done(result)
