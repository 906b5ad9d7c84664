"""The form of specimen and patient, as the settings lay it out."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QFocusEvent, QFont, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.case_details import problem_of, record_fields, value_of
from bloodcells_gui.app.drafts import field_key
from bloodcells_gui.domain.settings import FieldSpec
from bloodcells_gui.domain.specimen import SPECIMEN_ID_FIELD
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.review import ReviewController

# How long nobody types before what was typed is kept as a draft: a crash costs no more than this.
PAUSE_MS = 800


class LinesEdit(QPlainTextEdit):
    """Several lines; tells when it was left."""

    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()


class FieldRow(QWidget):
    """One field: its editor and what is wrong with what stands there.

    Signals
    -------
    entered(str)
        A sound value was entered.
    edited()
        The text changed, by hand or by the case.
    """

    entered = Signal(str)
    edited = Signal()

    def __init__(self, context: UiContext, spec: FieldSpec) -> None:
        super().__init__()
        self._context = context
        self.spec = spec
        self.saved = ""
        self._problem = QLabel()
        self._problem.setWordWrap(True)
        self._problem.hide()
        self.editor: QLineEdit | QComboBox | LinesEdit
        if spec.kind == "choice":
            self.editor = QComboBox()
            for choice in spec.choices:
                self.editor.addItem(context.language.text(choice) if choice else "", choice)
            self.editor.activated.connect(lambda _: self._enter())
            self.editor.currentIndexChanged.connect(lambda _: self.edited.emit())
        elif spec.kind == "lines":
            self.editor = LinesEdit()
            self.editor.setTabChangesFocus(True)
            self.editor.setFixedHeight(4 * self.fontMetrics().height())
            self.editor.left.connect(self._enter)
            self.editor.textChanged.connect(self.edited)
        else:
            self.editor = QLineEdit()
            self.editor.setMaxLength(200)
            if spec.kind == "date":
                self.editor.setPlaceholderText(tr("YYYY-MM-DD"))
            self.editor.editingFinished.connect(self._enter)
            self.editor.textChanged.connect(lambda _: self.edited.emit())
        self.editor.setAccessibleName(context.language.text(spec.label))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.editor)
        layout.addWidget(self._problem)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        context.theme.changed.connect(self._colour)
        self._colour()

    def _colour(self) -> None:
        self._problem.setStyleSheet(f"color: {self._context.theme.tokens.critical};")

    def text(self) -> str:
        """What stands in the editor."""
        if isinstance(self.editor, QComboBox):
            return str(self.editor.currentData() or "")
        return self.editor.toPlainText() if isinstance(self.editor, LinesEdit) else self.editor.text()

    @property
    def pending(self) -> bool:
        """Whether something was typed here that the case does not hold."""
        return not isinstance(self.editor, QComboBox) and self.text().strip() != self.saved.strip()

    def show_draft(self, text: str) -> None:
        """Show what was typed and could not be saved, with the reason."""
        self._put(text)
        self._tell()

    def show_value(self, value: str) -> None:
        """Show what the case holds, unless the person typed something that is not saved yet."""
        unchanged, self.saved = value == self.saved, value
        if self.pending and (unchanged or self.editor.hasFocus()):
            return
        self._put(value)
        self._tell()
        self.edited.emit()

    def _put(self, value: str) -> None:
        if isinstance(self.editor, QComboBox):
            at = self.editor.findData(value)
            if at < 0 and value:
                # A value of earlier settings stays visible.
                self.editor.addItem(value, value)
                at = self.editor.count() - 1
            self.editor.setCurrentIndex(max(0, at))
        elif self.text() != value:
            if isinstance(self.editor, LinesEdit):
                self.editor.setPlainText(value)
            else:
                self.editor.setText(value)
                self.editor.setCursorPosition(0)  # the beginning of a long name tells more than its end

    def _tell(self) -> str:
        problem = problem_of(self.spec, self.text()) if self.pending else ""
        self._problem.setText(self._context.language.text(problem) if problem else "")
        self._problem.setVisible(bool(problem))
        return problem

    def _enter(self) -> None:
        if not self._tell():
            self.entered.emit(self.text().strip())


class FieldsForm(QScrollArea):
    """Every shown field; each is in the case file as soon as it is left.

    What cannot be saved stays where it was typed, and is kept as a draft.

    Signals
    -------
    pending_changed()
        Something is typed now that is not saved, or nothing is any more.
    """

    pending_changed = Signal()

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
    ) -> None:
        super().__init__()
        self._controller = controller
        session = self._session = controller.session
        self.rows: dict[str, FieldRow] = {}
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        inner = QWidget()
        form = QFormLayout(inner)
        form.setContentsMargins(16, 12, 16, 16)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        text = context.language.text
        for group, title in (("specimen", tr("Specimen")), ("patient", tr("Patient"))):
            specs = [s for s in record_fields(session) if s.group == group]
            if not specs:
                continue
            heading = QLabel(title)
            font = QFont(heading.font())
            font.setWeight(QFont.Weight.DemiBold)
            heading.setFont(font)
            form.addRow(heading)
            for spec in specs:
                row = FieldRow(context, spec)
                row.entered.connect(lambda value, name=spec.name: self._enter(name, value))
                row.edited.connect(self._edited)
                label = PlainLabel(text(spec.label) + (f" ({text(spec.unit)})" if spec.unit else ""))
                label.setWordWrap(True)  # a field must stay wide enough for a number, however long its label
                label.setBuddy(row.editor)
                form.addRow(label, row)
                self.rows[spec.name] = row
        self.setWidget(inner)
        # Not the number that the specimen has already: a key that goes astray must not change it.
        first = next((r.editor for n, r in self.rows.items() if n != SPECIMEN_ID_FIELD), None)
        if first is not None:
            self.setFocusProxy(first)
        self._pending = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self.keep_drafts)
        controller.changed.connect(lambda _: self._changed())
        self.refresh()
        for name, row in self.rows.items():
            if draft := session.drafts.text(field_key(name)):
                row.show_draft(draft)
        self._pause.stop()

    @property
    def pending(self) -> tuple[str, ...]:
        """Labels of the fields that hold what is not saved."""
        return tuple(row.spec.label for row in self.rows.values() if row.pending)

    def _edited(self) -> None:
        if self.pending:
            self._pause.start()
        if bool(self.pending) != self._pending:
            self._pending = not self._pending
            self.pending_changed.emit()

    def keep_drafts(self) -> None:
        """Keep what was typed and is not saved, in the case file."""
        self._pause.stop()
        if self._session.state.signed:
            return
        for name, row in self.rows.items():
            if not self._controller.keep_draft(field_key(name), row.text() if row.pending else ""):
                break  # one banner is enough for a full disk

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def _changed(self) -> None:
        # A key of the review must not wait for what nobody looks at.
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Show what the case holds."""
        for name, row in self.rows.items():
            row.show_value(value_of(self._session, name))
            row.setEnabled(self._controller.editable)

    def _enter(self, name: str, value: str) -> None:
        row = self.rows[name]
        new = value != value_of(self._session, name).strip()
        written = new and self._controller.set_field(name, value) is not None
        if written or isinstance(row.editor, QComboBox):
            row.show_value(value_of(self._session, name))  # a choice that was not taken must not look taken
        self.keep_drafts()
