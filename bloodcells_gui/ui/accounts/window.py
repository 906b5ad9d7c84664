"""The window of the accounts: who there is, the rules about them, and the record."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.account_management import AccountDesk
from bloodcells_gui.app.accounts import Accounts
from bloodcells_gui.domain.accounts import Account, AccountRules, Right, TwoPersons
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.accounts.forms import AccountDialog, ResetDialog
from bloodcells_gui.ui.accounts.models import AccountColumn, AccountsModel, EventsModel
from bloodcells_gui.ui.accounts.sign_in import SignInDialog
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import NoTypeAheadComboBox, NumberEdit
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import PlainLabel, plain_tip
from bloodcells_gui.ui.list_table import list_table
from bloodcells_gui.ui.screen_fit import resize_within_screen


class AccountsWindow(QDialog):
    """Three pages; what the person may not do is disabled, with the reason.

    Parameters
    ----------
    accounts : Accounts
        Says who is signed in.
    """

    def __init__(self, context: UiContext, accounts: Accounts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Accounts"))
        self._context, self._accounts, self._desk = context, accounts, AccountDesk(accounts)
        self._rules = AccountRules()
        self.banners = BannerStack(context)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self._accounts_page(), tr("Accounts"))
        self.tabs.addTab(self._rules_page(), tr("Rules"))
        self.tabs.addTab(self._record_page(), tr("Record"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addWidget(self.tabs, 1)
        resize_within_screen(self, 960, 560)
        self.refresh()
        self.table.setFocus()

    # -- pages -----------------------------------------------------------------------------------------

    def _accounts_page(self) -> QWidget:
        self.lead = PlainLabel()
        self.lead.setWordWrap(True)
        self.lead.setObjectName("muted")
        self.model = AccountsModel(self._context, self)
        self.table = list_table(self.model, AccountColumn.NAME, tr("Accounts"))
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._enable())
        self.table.doubleClicked.connect(lambda _: self.change())
        self.add_button = self._button(tr("&New account…"), self.add)
        self.change_button = self._button(tr("&Change…"), self.change)
        self.reset_button = self._button(tr("&Reset the password…"), self.reset)
        self.close_button = self._button(tr("C&lose the account"), self.close_or_open)
        buttons = (self.add_button, self.change_button, self.reset_button, self.close_button)
        return _page(self.lead, self.table, buttons)

    def _rules_page(self) -> QWidget:
        self.technicians = QCheckBox(tr("&Technicians may sign"))
        self.two = NoTypeAheadComboBox()
        for rule in TwoPersons:
            self.two.addItem(_capital(self._context.language.text(rule.value)), rule)
        self.percent = NumberEdit(self._context.language, tr("From the first blast on"))
        self.idle = QSpinBox()
        self.idle.setRange(1, 480)
        self.idle.setSuffix(tr(" min"))
        self.keep_button = self._button(tr("&Keep the rules"), self.keep_rules)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(9)
        form.addRow(self.technicians)
        form.addRow(tr("Two persons &sign"), self.two)
        form.addRow(tr("Blasts from this &share on, %"), self.percent)
        form.addRow(tr("A window &locks after"), self.idle)
        note = PlainLabel(
            tr(
                "A report that needs two persons is marked on every page until the second one signs, and"
                " nothing is sent before. What is signed stays as it is when a rule changes."
            )
        )
        note.setWordWrap(True)
        note.setObjectName("muted")
        self.two.currentIndexChanged.connect(lambda _: self._enable())
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(note)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.keep_button)
        layout.addLayout(row)
        layout.addStretch(1)
        return page

    def _record_page(self) -> QWidget:
        lead = PlainLabel(tr("The newest thousand lines. The record is only added to."))
        lead.setObjectName("muted")
        self.events = EventsModel(self._context, self)
        return _page(lead, list_table(self.events, 5, tr("Record")), ())

    def _button(self, text: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _=False: act())
        return button

    # -- showing ---------------------------------------------------------------------------------------

    @property
    def refusal(self) -> UserError | None:
        """Why the person who is signed in may not change anything here."""
        return self._accounts.refusal(Right.MANAGE_ACCOUNTS)

    def refresh(self) -> None:
        """Read everything anew."""
        chosen = self.chosen.login if self.chosen is not None else ""
        try:
            self.model.show_accounts(self._desk.all())
            self._rules = self._desk.rules()
            self.events.show_events(self._desk.events() if self.refusal is None else ())
        except UserError as error:
            self.banners.error(error)
        self._show_rules()
        logins = [a.login for a in self.model.accounts]
        if logins:
            self.table.selectRow(logins.index(chosen) if chosen in logins else 0)
        self._enable()

    def _show_rules(self) -> None:
        rules = self._rules
        self.technicians.setChecked(rules.technicians_sign)
        self.two.setCurrentIndex(list(TwoPersons).index(rules.two_persons))
        number = self._context.language.number(rules.blast_percent, 2).rstrip("0").rstrip(".,")
        self.percent.setText(number if rules.blast_percent else "")
        self.idle.setValue(rules.idle_minutes)

    @property
    def chosen(self) -> Account | None:
        """The chosen account."""
        rows = self.table.selectionModel().selectedRows()
        return self.model.accounts[rows[0].row()] if rows else None

    def _enable(self) -> None:
        refusal, chosen = self.refusal, self.chosen
        why = "" if refusal is None else refusal.text(self._context.language.lang)
        none_yet = tr("There are no accounts: everybody may sign and change rules.")
        self.lead.setText(why or ("" if self.model.accounts else none_yet))
        self.lead.setVisible(bool(self.lead.text()))
        self.close_button.setText(
            tr("&Open the account again") if chosen and not chosen.active else tr("C&lose the account")
        )
        for button in (self.change_button, self.reset_button, self.close_button):
            button.setEnabled(refusal is None and chosen is not None)
        rules = (self.keep_button, self.technicians, self.two, self.percent, self.idle)
        for widget in (self.add_button, *rules):
            widget.setEnabled(refusal is None)
            widget.setToolTip(plain_tip(why))
        blasts = list(TwoPersons)[self.two.currentIndex()] is TwoPersons.BLASTS
        self.percent.setEnabled(refusal is None and blasts)
        self.tabs.setTabEnabled(2, refusal is None)
        self.tabs.setTabToolTip(2, plain_tip(why))

    # -- acts ------------------------------------------------------------------------------------------

    def add(self) -> None:
        """Make an account."""
        self._ask(AccountDialog(self._context, self._desk, None, self))
        if self._accounts.in_force and self._accounts.acting is None:  # that was the first one
            self._ask(SignInDialog(self._context, self._accounts, self))

    def change(self) -> None:
        """Change the chosen account."""
        if self.chosen is not None and self.refusal is None:
            self._ask(AccountDialog(self._context, self._desk, self.chosen, self))

    def reset(self) -> None:
        """Give the chosen account another password."""
        if self.chosen is not None:
            self._ask(ResetDialog(self._context, self._desk, self.chosen, self))

    def _ask(self, dialog: QDialog) -> None:
        dialog.exec()
        dialog.deleteLater()
        self.refresh()

    def close_or_open(self) -> None:
        """Close the chosen account, or open it again."""
        chosen = self.chosen
        if chosen is not None:
            self._do(lambda: self._desk.change(chosen, active=not chosen.active))

    def keep_rules(self) -> None:
        """Keep the rules as they are shown."""
        if not self.percent.acceptable:
            self.percent.setFocus()
            return
        rules = AccountRules(
            self.technicians.isChecked(), list(TwoPersons)[self.two.currentIndex()],
            self.percent.value() or 0.0, self.idle.value(), self._rules.revision,
        )  # fmt: skip
        if self._do(lambda: self._desk.change_rules(rules)):
            self.banners.show_banner("ok", tr("The rules are kept."), vanish_ms=4000)

    def _do(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except UserError as error:
            self.banners.error(error)
            self.refresh()
            return False
        self.refresh()
        return True


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _page(lead: PlainLabel, table: QWidget, buttons: tuple[QPushButton, ...]) -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(14, 12, 14, 12)
    layout.setSpacing(10)
    layout.addWidget(lead)
    layout.addWidget(table, 1)
    row = QHBoxLayout()
    row.addStretch(1)
    for button in buttons:
        row.addWidget(button)
    layout.addLayout(row)
    return page
