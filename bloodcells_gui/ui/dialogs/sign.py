"""Signing: what stands in the way, who signs, and what the signature means."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.signing import MEANINGS, SigningCheck
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form


class SignDialog(Form):
    """The name is typed anew and the meaning chosen (21 CFR 11.50).

    Parameters
    ----------
    author : str
        Who has been reviewing; proposed as a hint, never filled in.
    checks : sequence of SigningCheck
        What stands against a signature: blocking ones keep OK off, the others ask for an explanation.

    Signals
    -------
    cells_wanted(tuple)
        The person wants to see the cells of a check; the dialog has closed.
    """

    cells_wanted = Signal(tuple)

    def __init__(
        self,
        context: UiContext,
        author: str,
        checks: Sequence[SigningCheck] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(
            self.tr("Sign the report"),
            self.tr(
                "The report is frozen as it stands now. Later changes make a new version; this one is kept."
            ),
            parent,
            accept=self.tr("Sign"),
        )
        self._context = context
        self._blocked = any(c.blocking for c in checks)
        lines = QVBoxLayout()
        lines.setSpacing(6)
        for check in checks:
            lines.addLayout(self._line(check))
        if not checks:
            lines.addLayout(self._row("confirm", "ok", self.tr("All checks passed.")))
        self.outer.insertLayout(2, lines)
        self.explanation = QLineEdit()
        self.explanation.setMaxLength(400)
        self._needs_words = bool(checks) and not self._blocked
        if self._needs_words:
            self.form.addRow(self.tr("&Why it may be signed"), self.explanation)
        self.meaning = QComboBox()
        for meaning in MEANINGS:
            self.meaning.addItem(context.language.text(meaning), meaning)
        self.form.addRow(self.tr("&Meaning"), self.meaning)
        self.name = QLineEdit()
        self.name.setMaxLength(80)
        self.name.setPlaceholderText(author)
        self.form.addRow(self.tr("Your &name, again"), self.name)
        self.name.textChanged.connect(self._check)
        self.explanation.textChanged.connect(self._check)
        self._check()
        self.setMinimumWidth(560)
        (self.explanation if self._needs_words else self.name).setFocus()

    def _line(self, check: SigningCheck) -> QHBoxLayout:
        text = self._context.language.text(check.text, **dict(check.params))
        row = self._row(*(("critical", "critical") if check.blocking else ("warning", "warning")), text)
        if check.cells:
            button = QPushButton(self.tr("Show"))
            button.setAccessibleName(self.tr("Show the cells: {text}").format(text=text))
            button.clicked.connect(lambda: self._go_to(check.cells))
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _row(self, icon_name: str, tint: str, text: str) -> QHBoxLayout:
        icon = QLabel()
        icon.setPixmap(self._context.icons.pixmap(icon_name, 16, self.devicePixelRatioF(), tint))
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(label, 1)
        return row

    def _go_to(self, cells: tuple[int, ...]) -> None:
        self.reject()
        self.cells_wanted.emit(cells)

    def _check(self) -> None:
        explained = bool(self.explanation.text().strip()) or not self._needs_words
        self.can_accept(bool(self.name.text().strip()) and explained and not self._blocked)

    def answer(self) -> tuple[str, str, str]:
        """Name, meaning (an English template) and explanation."""
        name = " ".join(self.name.text().split())
        return name, str(self.meaning.currentData()), self.explanation.text().strip()


class CommentDialog(Form):
    """What becomes of a comment that was typed but not added, before the report is signed."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("A comment is not added yet"),
            self.tr("It would be missing in the signed report."),
            parent,
            accept=self.tr("&Add it to the report"),
        )
        self.to_be_added = True
        words = QPlainTextEdit(text.strip())
        words.setReadOnly(True)
        words.setAccessibleName(self.tr("The comment"))
        words.setTabChangesFocus(True)
        words.setFixedHeight(6 * self.fontMetrics().height())
        self.form.addRow(words)
        discard = self.buttons.addButton(self.tr("&Discard it"), QDialogButtonBox.ButtonRole.DestructiveRole)
        discard.clicked.connect(self._discard)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(self.tr("Back to the case"))

    def _discard(self) -> None:
        self.to_be_added = False
        self.accept()


class AmendDialog(Form):
    """Why a signed report is opened again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("Amend the signed report"),
            self.tr("A new version begins; the signed one is kept and can be printed at any time."),
            parent,
            accept=self.tr("Amend"),
        )
        self.reason = QLineEdit()
        self.reason.setMaxLength(400)
        self.form.addRow(self.tr("&Reason"), self.reason)
        self.reason.textChanged.connect(lambda t: self.can_accept(bool(t.strip())))
        self.can_accept(False)

    def answer(self) -> str:
        """The reason."""
        return self.reason.text().strip()
