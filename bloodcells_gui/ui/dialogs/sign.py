"""Dialog for a signature: open points, who signs, and what the signature means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.account import account
from bloodcells_gui.app.signing import MEANINGS, SigningCheck
from bloodcells_gui.app.signing_checks import LONGEST_ANSWER
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.findings import Finding
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form, SteadyCombo
from bloodcells_gui.ui.i18n import tr

# The dialog fits a screen of 768 pixels.
_MOST_HEIGHT = 320


class SignDialog(Form):
    """The name is typed anew and the meaning chosen (21 CFR 11.50).

    Parameters
    ----------
    author : str
        Who has been reviewing; proposed as a hint, never filled in.
    checks : sequence of SigningCheck
        What stands against a signature: blocking ones keep OK off, the others ask for an answer each.
    reviewed : str
        How much of the case a person looked at, in words.
    drafts : mapping
        Id of a check -> an answer that was begun before.

    Signals
    -------
    cells_wanted(tuple)
        The person wants to see the cells of a check; the dialog has closed.
    finding_chosen(object)
        The person wants to answer a critical finding (Finding).
    """

    cells_wanted = Signal(tuple)
    finding_chosen = Signal(object)

    def __init__(
        self,
        context: UiContext,
        author: str,
        checks: Sequence[SigningCheck] = (),
        parent: QWidget | None = None,
        *,
        reviewed: str = "",
        drafts: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            tr("Sign the report"),
            tr("The report is frozen as it is now. Later changes make a new version; this one is kept."),
            parent,
            accept=tr("Sign"),
        )
        self._context = context
        self._reviewed = reviewed
        self._drafts = dict(drafts or {})
        self._blocked = False
        self.fields: dict[str, QLineEdit] = {}
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.outer.insertWidget(2, self._scroll)
        self.meaning = SteadyCombo()
        for meaning in MEANINGS:
            self.meaning.addItem(context.language.text(meaning), meaning)
        self.form.addRow(tr("&Meaning"), self.meaning)
        self.name = QLineEdit()
        self.name.setMaxLength(80)
        self.name.setPlaceholderText(author)
        self.form.addRow(tr("Your &name, again"), self.name)
        known = account()
        if known:
            beside = QLabel(
                tr("The account of this computer is printed beside it: {name}").format(name=known)
            )
            beside.setTextFormat(Qt.TextFormat.PlainText)
            beside.setObjectName("muted")
            beside.setWordWrap(True)
            self.form.addRow("", beside)
        self.name.textChanged.connect(self._check)
        self.setMinimumWidth(640)
        self.show_checks(checks)
        self._focus_next()

    def show_checks(self, checks: Sequence[SigningCheck]) -> None:
        """Show what stands against a signature now; answers that were typed stay."""
        self._drafts |= self.answers()
        self._blocked = any(c.blocking for c in checks)
        self.fields = {}
        inner = QWidget()
        lines = QVBoxLayout(inner)
        lines.setContentsMargins(0, 0, 6, 0)
        lines.setSpacing(6)
        for check in checks:
            lines.addLayout(self._line(check))
            if not check.blocking:
                lines.addLayout(self._answer_line(check))
        if not checks:
            lines.addLayout(self._row("confirm", "ok", tr("All checks passed.")))
        if self._reviewed:
            lines.addLayout(self._row("info", "info", self._reviewed))
        lines.addStretch(1)
        self._scroll.setWidget(inner)
        wanted = max(lines.totalHeightForWidth(580), inner.sizeHint().height())
        self._scroll.setFixedHeight(min(wanted + 4, _MOST_HEIGHT))
        self._check()
        # The lines are newer than the rest: without this Tab goes from an answer to Cancel.
        last = [w for w in inner.findChildren(QWidget) if w.focusPolicy() & Qt.FocusPolicy.TabFocus][-1:]
        for widget in (self.meaning, self.name, *self.buttons.buttons()):
            for before in last:
                QWidget.setTabOrder(before, widget)
            last = [widget]
        if self.isVisible():
            self._focus_next()

    def _focus_next(self) -> None:
        """Put the focus where the next answer goes: what had it may be gone."""
        empty = (field for field in self.fields.values() if not field.text().strip())
        next(empty, self.name).setFocus()

    def _line(self, check: SigningCheck) -> QHBoxLayout:
        language = self._context.language
        text = remark_text(Remark(check.text, check.params), language.lang)
        row = self._row(*(("critical", "critical") if check.blocking else ("warning", "warning")), text)
        if check.finding is not None:
            row.addWidget(self._button(tr("Answer…"), text, self._finding_act(check.finding)))
        if check.cells:
            row.addWidget(self._button(tr("Show"), text, lambda: self._go_to(check.cells)))
        return row

    def _finding_act(self, finding: Finding) -> Callable[[], None]:
        return lambda: self.finding_chosen.emit(finding)

    def _button(self, text: str, about: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.setAccessibleName(tr("{label}: {value}").format(label=text.rstrip("…"), value=about))
        button.clicked.connect(lambda _=False: act())
        return button

    def _answer_line(self, check: SigningCheck) -> QHBoxLayout:
        field = QLineEdit(check.answer or self._drafts.get(check.id, ""))
        field.setMaxLength(LONGEST_ANSWER)
        field.setPlaceholderText(tr("Why it may be signed all the same; printed in the report"))
        field.setAccessibleName(remark_text(Remark(check.text, check.params), self._context.language.lang))
        field.textChanged.connect(self._check)
        self.fields[check.id] = field
        row = QHBoxLayout()
        row.setContentsMargins(24, 0, 0, 4)
        row.addWidget(field)
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
        answered = all(field.text().strip() for field in self.fields.values())
        self.can_accept(bool(self.name.text().strip()) and answered and not self._blocked)

    def answers(self) -> dict[str, str]:
        """Id of each open check and what was answered to it."""
        return {id: field.text().strip() for id, field in self.fields.items()}

    def answer(self) -> tuple[str, str, dict[str, str]]:
        """Name, meaning (an English template) and the answers."""
        name = " ".join(self.name.text().split())
        return name, str(self.meaning.currentData()), self.answers()


class CommentDialog(Form):
    """What becomes of a comment that was typed but not added, before the report is signed."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(
            tr("A comment is not added yet"),
            tr("It would be missing in the signed report."),
            parent,
            accept=tr("&Add it to the report"),
        )
        self.to_be_added = True
        words = QPlainTextEdit(text.strip())
        words.setReadOnly(True)
        words.setAccessibleName(tr("The comment"))
        words.setTabChangesFocus(True)
        words.setFixedHeight(6 * self.fontMetrics().height())
        self.form.addRow(words)
        discard = self.buttons.addButton(tr("&Discard it"), QDialogButtonBox.ButtonRole.DestructiveRole)
        discard.clicked.connect(self.discard)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Back to the case"))

    def discard(self) -> None:
        """Leave the comment out of the report, and go on to the signature."""
        self.to_be_added = False
        self.accept()


class AmendDialog(Form):
    """Why a signed report is opened again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Amend the signed report"),
            tr("A new version begins; the signed one is kept and can be printed at any time."),
            parent,
            accept=tr("Amend"),
        )
        self.reason = QLineEdit()
        self.reason.setMaxLength(400)
        self.form.addRow(tr("&Reason"), self.reason)
        self.reason.textChanged.connect(lambda t: self.can_accept(bool(t.strip())))
        self.can_accept(False)

    def answer(self) -> str:
        """The reason."""
        return self.reason.text().strip()
