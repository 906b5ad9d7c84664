"""Dialog for a signature: open points, who signs, and what the signature means."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
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

from bloodcells_gui.app.account import os_account_name
from bloodcells_gui.app.signing import MEANINGS, SigningCheck
from bloodcells_gui.app.signing_checks import LONGEST_ANSWER
from bloodcells_gui.domain.accounts import plain_name
from bloodcells_gui.domain.bidi import isolated
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.findings import Finding
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.ui.accounts.fields import PinEdit
from bloodcells_gui.ui.accounts.sign_in import AccountForm
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form, NoTypeAheadComboBox
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import PlainLabel

# Keeps the whole dialog below the 768 pixels of a small screen.
_MAX_LIST_HEIGHT_PX = 320
# As wide as the list is in the dialog before that is shown.
_LIST_WIDTH_PX = 580

#: Tries what was asked for: gets what shows a refusal in the dialog; False when it was not done.
Attempt = Callable[[Callable[[UserError], object]], bool]


class ActForm(AccountForm):
    """A form whose OK signs or amends while it is open: what is refused, as a wrong PIN, is said here.

    A key that is typed after a wrong PIN must never reach the window behind.

    Attributes
    ----------
    attempt : callable or None
        What OK does.
    """

    attempt: Attempt | None = None

    def do(self) -> bool | None:
        errors: list[UserError] = []
        done = self.attempt is None or self.attempt(errors.append)
        if errors:
            raise errors[0]
        return done


class SignDialog(ActForm):
    """Ask for the name of the person who signs, and for the meaning of the signature (21 CFR 11.50).

    Parameters
    ----------
    author : str
        Who has been reviewing; proposed as a hint, never filled in. Another name is asked about.
    checks : sequence of SigningCheck
        Open points: blocking ones disable "Sign", each of the others needs an answer.
    reviewed : str
        One sentence on how much of the case a person reviewed; "" for none.
    drafts : mapping
        Answers that were begun before, by id of the check.
    account : str
        How the record names who is signed in; then that name is printed, and the PIN is asked for.
    first : str
        Who has signed already, where this is the second of two persons; "" otherwise.

    Signals
    -------
    cells_wanted(tuple)
        The person wants to see the cells of a check; the dialog has closed.
    unsaved_wanted(str)
        The person wants to see what is typed and not saved (`SigningCheck.unsaved`); the dialog has closed.
    finding_chosen(object)
        The person wants to answer a critical finding (Finding).
    """

    cells_wanted = Signal(tuple)
    unsaved_wanted = Signal(str)
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
        account: str = "",
        first: str = "",
    ) -> None:
        title = tr("Sign the report")
        lead = tr("The report is frozen as it is now. Later changes make a new version; this one is kept.")
        if first:
            title = tr("Sign as the second person")
            lead = tr("You sign the very report that {name} signed. It is final then.").format(
                name=isolated(first)
            )
        super().__init__(context, title, lead, parent, accept=tr("Sign"))
        self._context = context
        self._author = author
        self._review_summary = reviewed
        self._drafts = dict(drafts or {})
        self._blocked = False
        self.fields: dict[str, QLineEdit] = {}
        self._to_answer: list[QPushButton] = []
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.outer.insertWidget(2, self._scroll)
        self.films_label = PlainLabel()
        self.films_label.setWordWrap(True)
        self.form.addRow(self.films_label)
        self.tell_films("")
        self.meaning = NoTypeAheadComboBox()
        for meaning in MEANINGS:
            self.meaning.addItem(context.language.text(meaning), meaning)
        self.form.addRow(tr("&Meaning"), self.meaning)
        self.name = QLineEdit()
        self.name.setMaxLength(80)
        self.name.setPlaceholderText(author)
        self._add_signer(account)
        for field in (self.name, self.pin):
            field.textChanged.connect(self._update_sign_button)
        self.setMinimumWidth(640)
        self.amends = False
        if first:
            self.meaning.setCurrentIndex(1)
            amend = self.buttons.addButton(tr("A&mend it instead…"), QDialogButtonBox.ButtonRole.ResetRole)
            amend.clicked.connect(self._amend_instead)
        self.show_checks(checks)
        self._focus_next()

    def show_checks(self, checks: Sequence[SigningCheck]) -> None:
        """Show the open points anew; answers that were typed stay."""
        self._drafts |= self.answers()
        self._blocked = any(c.blocking for c in checks)
        self.fields = {}
        self._to_answer = []
        inner = QWidget()
        rows = QVBoxLayout(inner)
        rows.setContentsMargins(0, 0, 6, 0)
        rows.setSpacing(6)
        for check in checks:
            rows.addLayout(self._check_row(check))
            if not check.blocking:
                rows.addLayout(self._answer_row(check))
        if not checks:
            rows.addLayout(self._icon_row("confirm", "ok", tr("All checks passed.")))
        if self._review_summary:
            rows.addLayout(self._icon_row("info", "info", self._review_summary))
        rows.addStretch(1)
        self._scroll.setWidget(inner)
        # The size hint counts a wrapped text at some width of its own: it left gaps between the lines.
        width = self._scroll.viewport().width() if self.isVisible() else _LIST_WIDTH_PX
        self._scroll.setFixedHeight(min(rows.totalHeightForWidth(width) + 4, _MAX_LIST_HEIGHT_PX))
        self._update_sign_button()
        # New widgets come last in the order of Tab; these belong before the meaning and the name.
        last = [w for w in inner.findChildren(QWidget) if w.focusPolicy() & Qt.FocusPolicy.TabFocus][-1:]
        for widget in (self.meaning, self._last_field, *self.buttons.buttons()):
            for before in last:
                QWidget.setTabOrder(before, widget)
            last = [widget]
        if self.isVisible():
            self.fit_height()
            self.resize(self.width(), self.minimumHeight())  # of a line that is gone no gap stays
            self._focus_next(findings=True)

    def _add_signer(self, account: str) -> None:
        """Rows for the name that is typed again; for an account its name, and the PIN."""
        self.pin = PinEdit()
        self._needs_pin = bool(account)
        if account:
            self.name.setText(plain_name(account))  # what is signed under, and nothing to type
            self.form.addRow(tr("Name"), PlainLabel(self.name.text()))
            self.name.setParent(self)
            self.name.hide()
            self.form.addRow(tr("Your &PIN"), self.pin)
        else:
            self.form.addRow(tr("Your &name, again"), self.name)
            self.form.addRow("", self._other_name())
            self.pin.setParent(self)
            self.pin.hide()
        account_name = os_account_name()
        if account_name and not account:
            account_label = QLabel(
                tr("The account of this computer is printed beside it: {name}").format(name=account_name)
            )
            account_label.setTextFormat(Qt.TextFormat.PlainText)
            account_label.setObjectName("muted")
            account_label.setWordWrap(True)
            self.form.addRow("", account_label)

    def _other_name(self) -> QWidget:
        """The question whether a name that is not the reviewer's is meant; not seen before it is needed."""
        self.question = PlainLabel()
        self.question.setWordWrap(True)
        self.meant = QCheckBox(tr("&Yes, sign under this other name"))
        self._asking = QWidget()
        rows = QVBoxLayout(self._asking)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.question)
        rows.addWidget(self.meant)
        self._asking.hide()
        self.meant.toggled.connect(self._update_sign_button)
        self.name.textChanged.connect(self._ask_no_more)
        return self._asking

    def _ask_no_more(self) -> None:
        self.meant.setChecked(False)
        self._asking.hide()

    def _name_is_settled(self) -> bool:
        """Whether the name is the reviewer's, or was said to be meant; else asks."""
        name = self.answer()[0]
        if self._needs_pin or not self._author or _same(name, self._author) or self.meant.isChecked():
            return True
        asked = tr("You review as {reviewer}. Sign as {name}?")
        self.question.setText(asked.format(reviewer=isolated(self._author), name=isolated(name)))
        self.meant.setAccessibleName(self.question.text())
        self._asking.show()
        self.fit_height()
        self._update_sign_button()
        self.meant.setFocus()
        return False

    def do(self) -> bool | None:
        return self._name_is_settled() and super().do()

    def _amend_instead(self) -> None:
        self.amends = True
        self.reject()

    @property
    def _last_field(self) -> QLineEdit:
        return self.pin if self._needs_pin else self.name

    def tell_films(self, text: str) -> None:
        """Say how the search for earlier films stands; "" says nothing."""
        self.films_label.setText(text)
        self.form.setRowVisible(self.films_label, bool(text))
        if self.isVisible():
            self.fit_height()

    def _focus_next(self, *, findings: bool = False) -> None:
        """Focus what is missing next; what had the focus may have been deleted.

        An empty answer, else the name; with `findings` a critical finding that nobody answered comes before.
        """
        empty = [field for field in self.fields.values() if not field.text().strip()]
        missing = [*(self._to_answer if findings else []), *empty, self._last_field]
        missing[0].setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        entered = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if entered and isinstance(self.focusWidget(), QLineEdit) and not ok.isEnabled():
            self._focus_next()  # what is still missing, instead of a key that does nothing
            return
        super().keyPressEvent(event)

    def _check_row(self, check: SigningCheck) -> QHBoxLayout:
        language = self._context.language
        text = remark_text(Remark(check.text, check.params), language.lang)
        row = self._icon_row(*(("critical", "critical") if check.blocking else ("warning", "warning")), text)
        if check.finding is not None:
            self._to_answer.append(self._button(tr("Answer…"), text, self._finding_handler(check.finding)))
            row.addWidget(self._to_answer[-1])
        if check.cells:
            row.addWidget(self._button(tr("Show"), text, lambda: self._go_to(check.cells)))
        if check.unsaved:
            row.addWidget(self._button(tr("Show"), text, lambda: self._go_to_unsaved(check.unsaved)))
        return row

    def _finding_handler(self, finding: Finding) -> Callable[[], None]:
        return lambda: self.finding_chosen.emit(finding)

    def _button(self, text: str, about: str, on_click: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.setAccessibleName(tr("{label}: {value}").format(label=text.rstrip("…"), value=about))
        button.clicked.connect(lambda _=False: on_click())
        return button

    def _answer_row(self, check: SigningCheck) -> QHBoxLayout:
        field = QLineEdit(check.answer or self._drafts.get(check.id, ""))
        field.setMaxLength(LONGEST_ANSWER)
        field.setPlaceholderText(tr("Why it may be signed all the same; printed in the report"))
        field.setAccessibleName(remark_text(Remark(check.text, check.params), self._context.language.lang))
        field.textChanged.connect(self._update_sign_button)
        self.fields[check.id] = field
        row = QHBoxLayout()
        row.setContentsMargins(24, 0, 0, 4)
        row.addWidget(field)
        return row

    def _icon_row(self, icon_name: str, tint: str, text: str) -> QHBoxLayout:
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

    def _go_to_unsaved(self, place: str) -> None:
        self.reject()
        self.unsaved_wanted.emit(place)

    def _update_sign_button(self) -> None:
        answered = all(field.text().strip() for field in self.fields.values())
        entered = len(self.pin.text()) >= 4 if self._needs_pin else bool(self.name.text().strip())
        asked = not self._needs_pin and not self._asking.isHidden() and not self.meant.isChecked()
        self.set_accept_enabled(entered and answered and not asked and not self._blocked)

    def answers(self) -> dict[str, str]:
        """Answers typed so far, by id of the check."""
        return {id: field.text().strip() for id, field in self.fields.items()}

    def answer(self) -> tuple[str, str, dict[str, str]]:
        """Name, meaning (an English template) and the answers."""
        name = " ".join(self.name.text().split())
        return name, str(self.meaning.currentData()), self.answers()


class UnsavedCommentDialog(Form):
    """Ask before signing whether a comment that was typed but not added is added or discarded."""

    def __init__(self, text: str, parent: QWidget | None = None, *, typed_by: str = "") -> None:
        lead = tr("It would be missing in the signed report.")
        if typed_by:
            lead = f"{tr('{name} typed it.').format(name=isolated(typed_by))} {lead}"
        super().__init__(
            tr("A comment is not added yet"),
            lead,
            parent,
            accept=tr("&Add it to the report"),
        )
        self.to_be_added = True
        text_view = QPlainTextEdit(text.strip())
        text_view.setReadOnly(True)
        text_view.setAccessibleName(tr("The comment"))
        text_view.setTabChangesFocus(True)
        text_view.setFixedHeight(6 * self.fontMetrics().height())
        self.form.addRow(text_view)
        discard = self.buttons.addButton(tr("&Discard it"), QDialogButtonBox.ButtonRole.DestructiveRole)
        discard.clicked.connect(self.discard)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Back to the case"))

    def discard(self) -> None:
        """Leave the comment out of the report, and go on to the signature."""
        self.to_be_added = False
        self.accept()


def _same(name: str, other: str) -> bool:
    """Whether two names are one, case and blanks apart."""
    first, second = (unicodedata.normalize("NFKC", n).casefold().split() for n in (name, other))
    return first == second


class AmendDialog(ActForm):
    """Ask why a signed report is opened again."""

    def __init__(self, context: UiContext, parent: QWidget | None = None, *, pin: bool = False) -> None:
        super().__init__(
            context,
            tr("Amend the signed report"),
            tr("A new version begins; the signed one is kept and can be printed at any time."),
            parent,
            accept=tr("Amend"),
        )
        self.reason = QLineEdit()
        self.reason.setMaxLength(400)
        self.form.addRow(tr("&Reason"), self.reason)
        self.pin = PinEdit()
        self._needs_pin = pin
        if pin:
            self.form.addRow(tr("Your &PIN"), self.pin)
        else:
            self.pin.setParent(self)
            self.pin.hide()
        for field in (self.reason, self.pin):
            field.textChanged.connect(lambda _: self.set_accept_enabled(self._complete()))
        self.set_accept_enabled(False)

    def _complete(self) -> bool:
        return bool(self.reason.text().strip()) and (not self._needs_pin or len(self.pin.text()) >= 4)

    def answer(self) -> str:
        """The reason."""
        return self.reason.text().strip()
