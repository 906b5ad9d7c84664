"""The form of specimen and patient, as the settings lay it out."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QFocusEvent, QFont
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
from bloodcells_gui.ui.case_details.panel import CaseDetailsPanel
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.review import ReviewController


class LinesEdit(QPlainTextEdit):
    """A text of several lines.

    Signals
    -------
    left()
        The focus went to another widget.
    """

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
        self.problem_label = QLabel()
        self.problem_label.setWordWrap(True)
        self.problem_label.hide()
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
        layout.addWidget(self.problem_label)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        context.theme.changed.connect(self._colour)
        self._colour()

    def _colour(self) -> None:
        self.problem_label.setStyleSheet(f"color: {self._context.theme.tokens.critical};")

    def set_editable(self, editable: bool) -> None:
        """Let the value be typed, or show it as on paper: to read and copy, without a frame around it."""
        if isinstance(self.editor, QComboBox):
            self.editor.setEnabled(editable)
        elif isinstance(self.editor, LinesEdit):
            self.editor.setReadOnly(not editable)
            self.editor.setFrameShape(QFrame.Shape.StyledPanel if editable else QFrame.Shape.NoFrame)
        else:
            self.editor.setReadOnly(not editable)
            self.editor.setFrame(editable)
            asks = editable and self.spec.kind == "date"
            self.editor.setPlaceholderText(tr("YYYY-MM-DD") if asks else "")

    def text(self) -> str:
        """What stands in the editor."""
        if isinstance(self.editor, QComboBox):
            return str(self.editor.currentData() or "")
        return self.editor.toPlainText() if isinstance(self.editor, LinesEdit) else self.editor.text()

    def value(self) -> str:
        """What stands in the editor as the case would hold it: of a day, YYYY-MM-DD."""
        typed = self.text().strip()
        if self.spec.kind != "date":
            return typed
        # A time that is stored with a day is not shown whole.
        unchanged = typed == self._context.language.day(self.saved.strip())
        return self.saved.strip() if unchanged else self._context.language.stored_day(typed)

    @property
    def pending(self) -> bool:
        """Whether something was typed here that the case does not hold."""
        return not isinstance(self.editor, QComboBox) and self.value() != self.saved.strip()

    def show_draft(self, text: str) -> None:
        """Show what was typed and could not be saved, with the reason."""
        self._set_text(text)
        self._validate()

    def show_value(self, value: str) -> None:
        """Show what the case holds, unless the person typed something that is not saved yet."""
        unchanged, self.saved = value == self.saved, value
        if self.pending and (unchanged or self.editor.hasFocus()):
            return
        self._set_text(value)
        self._validate()
        self.edited.emit()

    def _set_text(self, value: str) -> None:
        if self.spec.kind == "date":
            value = self._context.language.day(value)
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

    def _validate(self) -> str:
        problem = problem_of(self.spec, self.value()) if self.pending else ""
        self.problem_label.setText(self._context.language.text(problem) if problem else "")
        self.problem_label.setVisible(bool(problem))
        return problem

    def _enter(self) -> None:
        if not self._validate():
            self.entered.emit(self.value())


class FieldsPanel(CaseDetailsPanel):
    """Every shown field; each is in the case file as soon as it is left.

    What cannot be saved stays where it was typed, and is kept as a draft.
    """

    def __init__(self, context: UiContext, controller: ReviewController) -> None:
        super().__init__(context, controller)
        self.rows: dict[str, FieldRow] = {}
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self._build_form())
        self.column.addWidget(scroll)
        # Not the number that the specimen has already: a key that goes astray must not change it.
        first = next((r.editor for n, r in self.rows.items() if n != SPECIMEN_ID_FIELD), None)
        if first is not None:
            self.setFocusProxy(first)
        self.begin()

    def _build_form(self) -> QWidget:
        inner = QWidget()
        form = QFormLayout(inner)
        form.setContentsMargins(16, 12, 16, 16)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for group, title in (("specimen", tr("Specimen")), ("patient", tr("Patient"))):
            specs = [s for s in record_fields(self.session) if s.group == group]
            if not specs:
                continue
            heading = QLabel(title)
            font = QFont(heading.font())
            font.setWeight(QFont.Weight.DemiBold)
            heading.setFont(font)
            form.addRow(heading)
            for spec in specs:
                self._add_row(form, spec)
        return inner

    def _add_row(self, form: QFormLayout, spec: FieldSpec) -> None:
        row = FieldRow(self.context, spec)
        row.entered.connect(lambda value: self._enter(spec.name, value))
        row.edited.connect(self.note_typing)
        text = self.context.language.text
        label = PlainLabel(text(spec.label) + (f" ({text(spec.unit)})" if spec.unit else ""))
        label.setWordWrap(True)  # a field must stay wide enough for a number, however long its label
        label.setBuddy(row.editor)
        form.addRow(label, row)
        self.rows[spec.name] = row

    def _pending_rows(self) -> list[FieldRow]:
        return [row for row in self.rows.values() if row.pending]

    @property
    def pending(self) -> bool:
        return bool(self._pending_rows())

    def unsaved(self) -> str:
        rows = self._pending_rows()
        if not rows:
            return ""
        names = ", ".join(self.context.language.text(row.spec.label) for row in rows)
        return tr("Not saved yet: {fields}").format(fields=names)

    def show_drafts(self) -> None:
        for name, row in self.rows.items():
            if draft := self.session.drafts.text(field_key(name)):
                row.show_draft(draft)

    def keep_drafts(self) -> None:
        self._pause.stop()
        if self.session.state.signed:
            return
        for name, row in self.rows.items():
            if not self.controller.keep_draft(field_key(name), row.text() if row.pending else ""):
                break  # one banner is enough for a full disk

    def refresh(self) -> None:
        for name, row in self.rows.items():
            row.show_value(value_of(self.session, name))
            row.set_editable(self.controller.editable)

    def _enter(self, name: str, value: str) -> None:
        row = self.rows[name]
        new = value != value_of(self.session, name).strip()
        written = new and self.controller.set_field(name, value) is not None
        if written or isinstance(row.editor, QComboBox):
            row.show_value(value_of(self.session, name))  # a choice that was not taken must not look taken
        self.keep_drafts()
