"""Comments for the report: canned texts, free text, all comments so far."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QTextOption
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QPlainTextEdit,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.drafts import COMMENT
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.review_state import Note
from bloodcells_gui.ui.case_details.panel import CaseDetailsPanel
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.review import ReviewController

Index = QModelIndex | QPersistentModelIndex
NOTE_ROLE = Qt.ItemDataRole.UserRole + 1
LONGEST = 2000


class NotesModel(QAbstractListModel):
    """The standing comments, oldest first."""

    def __init__(self, context: UiContext, session: CaseSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._session = session
        self._notes: list[Note] = []
        self.refresh()

    def refresh(self) -> None:
        """Comments may have come or gone."""
        if self._notes != self._session.state.notes:
            self.beginResetModel()
            self._notes = list(self._session.state.notes)
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._notes)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        note = self._notes[index.row()]
        if role == NOTE_ROLE:
            return note
        if role == Qt.ItemDataRole.DisplayRole:
            return note.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{note.text} ({self.byline(note)})"
        return None

    def byline(self, note: Note) -> str:
        """Who said it, and when."""
        about = ngettext(" · {n} cell", " · {n} cells", len(note.cells)) if note.cells else ""
        return f"{note.author} · {self._context.language.when(note.time)}{about}"


class NoteDelegate(QStyledItemDelegate):
    """The words, wrapped, and below them who and when."""

    def __init__(self, context: UiContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context

    def _text_height(self, option: QStyleOptionViewItem, text: str, width: int) -> int:
        flags = int(Qt.TextFlag.TextWordWrap)
        return option.fontMetrics.boundingRect(0, 0, max(60, width), 10_000, flags, text).height()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        view = self.parent()
        width = (view.viewport().width() if isinstance(view, QListView) else 300) - 32
        height = self._text_height(option, str(index.data()), width)
        return QSize(width, height + option.fontMetrics.height() + 16)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        note, model, theme = index.data(NOTE_ROLE), index.model(), self._context.theme
        if not isinstance(note, Note) or not isinstance(model, NotesModel):
            return
        area = option.rect.adjusted(16, 6, -16, -6)
        painter.save()
        painter.setPen(theme.colour("text"))
        wrapped = QTextOption()
        wrapped.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        line = option.fontMetrics.height()
        painter.drawText(area.adjusted(0, 0, 0, -line).toRectF(), note.text, wrapped)
        painter.setPen(theme.colour("muted"))
        painter.drawText(area, int(Qt.AlignmentFlag.AlignBottom), model.byline(note))
        painter.setPen(theme.colour("grid"))
        painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight())
        painter.restore()


class WordsEdit(QPlainTextEdit):
    """Free words; Ctrl+Enter adds them.

    Signals
    -------
    done()
    left()
        The focus went elsewhere.
    """

    done = Signal()
    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.done.emit()
            return
        super().keyPressEvent(event)


class CommentsPanel(CaseDetailsPanel):
    """Adds comments; undo takes them back. What is typed and not added is kept as a draft of the case."""

    def __init__(self, context: UiContext, controller: ReviewController) -> None:
        super().__init__(context, controller)
        self.model = NotesModel(context, self.session, self)
        self.list = self._build_list()
        self.canned = self._build_canned()
        self.words = self._build_words()
        self.hint = QLabel()
        self.hint.setObjectName("muted")
        self.hint.setWordWrap(True)
        self.button = QPushButton(tr("&Add"))
        self.button.setToolTip(tr("Ctrl+Enter"))
        self.button.clicked.connect(self.add)
        row = QHBoxLayout()
        row.addWidget(self.canned, 1)
        row.addWidget(self.button)
        below = QVBoxLayout()
        below.setContentsMargins(16, 8, 16, 12)
        below.addWidget(self.words)
        below.addWidget(self.hint)
        below.addLayout(row)
        self._none = QLabel(
            tr("No comments yet. What you add below stands in the report, with your name and the time.")
        )
        self._none.setObjectName("muted")
        self._none.setWordWrap(True)  # in one line it would push the table aside on a small screen
        self._none.setContentsMargins(16, 12, 16, 0)
        self.column.addWidget(self._none)
        self.column.addWidget(self.list, 1)
        self.column.addLayout(below)
        self.setFocusProxy(self.words)
        self.begin()

    def _build_list(self) -> QListView:
        view = QListView()
        view.setModel(self.model)
        view.setItemDelegate(NoteDelegate(self.context, view))
        view.setFrameShape(QFrame.Shape.NoFrame)
        view.setResizeMode(QListView.ResizeMode.Adjust)
        view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        view.setAccessibleName(tr("Comments of this case"))
        return view

    def _build_canned(self) -> QComboBox:
        canned = QComboBox()
        canned.setAccessibleName(tr("Canned texts"))
        canned.addItem(tr("Canned texts"), "")
        for text in self.session.settings.comments:
            canned.addItem(self.context.language.text(text), text)
        canned.activated.connect(self._insert_canned)
        return canned

    def _build_words(self) -> WordsEdit:
        words = WordsEdit()
        words.setPlaceholderText(tr("A comment for the report"))
        words.setAccessibleName(tr("A comment for the report"))
        words.setTabChangesFocus(True)
        words.setFixedHeight(4 * self.fontMetrics().height())
        words.done.connect(self.add)
        words.left.connect(self.keep_drafts)
        words.textChanged.connect(self._on_words_changed)
        return words

    @property
    def pending(self) -> bool:
        return bool(self.words.toPlainText().strip())

    def unsaved(self) -> str:
        return tr("A comment is not added yet") if self.pending else ""

    def refresh(self) -> None:
        self.model.refresh()
        self._none.setVisible(not self.model.rowCount())
        self._update_widgets()

    def _on_words_changed(self) -> None:
        self._update_widgets()
        self.note_typing()

    def _update_widgets(self) -> None:
        text = self.words.toPlainText().strip()
        # On a signed form there is nothing to write into; the strip above says how to go on.
        for widget in (self.words, self.canned, self.button):
            widget.setVisible(self.controller.editable)
        self.setFocusProxy(self.words if self.controller.editable else self.list)
        self.button.setEnabled(bool(text) and len(text) <= LONGEST)
        self.hint.setVisible(bool(text) and self.controller.editable)
        if len(text) > LONGEST:
            self.hint.setText(
                tr("Too long to be added: {now} of {most} characters").format(now=len(text), most=LONGEST)
            )
        else:
            self.hint.setText(tr("Kept as a draft; not in the report until it is added"))

    def show_drafts(self) -> None:
        self.words.setPlainText(self.session.drafts.text(COMMENT))
        self._pause.stop()

    def keep_drafts(self) -> None:
        self._pause.stop()
        if self.controller.editable:
            self.controller.keep_draft(COMMENT, self.words.toPlainText())

    def _insert_canned(self) -> None:
        # In the language it was chosen in: a comment is a person's own words from then on.
        text = self.canned.currentText() if self.canned.currentData() else ""
        self.canned.setCurrentIndex(0)
        if text:
            before = self.words.toPlainText().strip()
            self.words.setPlainText(f"{before} {text}".strip())
            self.words.setFocus()

    def add(self) -> None:
        """Add what was written to the record."""
        text = self.words.toPlainText().strip()
        if text and len(text) <= LONGEST and self.controller.note(text) is not None:
            self.words.clear()
            self.keep_drafts()
