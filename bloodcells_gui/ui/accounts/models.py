"""Rows of the accounts and of their record."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from bloodcells_gui.app.account_management import event_time
from bloodcells_gui.domain.accounts import EVENT_WORDS, Account, AccountEvent
from bloodcells_gui.domain.safe_text import escape_control_chars
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import plain_tip

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class AccountColumn(IntEnum):
    """Columns of the accounts."""

    LOGIN, NAME, ROLE, SIGN_IN, STANDING = range(5)


class _Rows(QAbstractTableModel):
    """Texts in rows and columns."""

    HEADS: tuple[str, ...] = ()

    def __init__(self, context: UiContext, parent: QObject) -> None:
        super().__init__(parent)
        self.context = context
        self.texts: list[list[str]] = []

    def show_texts(self, texts: list[list[str]]) -> None:
        """Show these rows."""
        self.beginResetModel()
        self.texts = texts
        self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.texts)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.HEADS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        text = self.texts[index.row()][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        return plain_tip(text) if role == Qt.ItemDataRole.ToolTipRole else None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self.HEADS[section]
        return None


class AccountsModel(_Rows):
    """The accounts, by name."""

    def __init__(self, context: UiContext, parent: QObject) -> None:
        super().__init__(context, parent)
        self.HEADS = (tr("Account"), tr("Name"), tr("Role"), tr("Signs in by"), tr("State"))
        self.accounts: list[Account] = []

    def show_accounts(self, accounts: Sequence[Account]) -> None:
        """Show these accounts."""
        self.accounts = list(accounts)
        self.show_texts([self._texts(a) for a in self.accounts])

    def _texts(self, account: Account) -> list[str]:
        text = self.context.language.text
        role = text(account.role.value)
        if account.may_sign:
            role = tr("{role}, signs").format(role=role)
        ways = [tr("password")] if account.has_password else []
        if account.os_account:
            ways.append(tr("account of the computer: {name}").format(name=account.os_account))
        state = tr("open") if account.active else tr("closed")
        if account.wait_s:
            state = tr("waits for {minutes} min").format(minutes=-int(-account.wait_s // 60))
        return [account.login, account.name, role, ", ".join(ways) or "–", state]


class EventsModel(_Rows):
    """The record of accounts, newest first."""

    def __init__(self, context: UiContext, parent: QObject) -> None:
        super().__init__(context, parent)
        self.HEADS = (tr("Time"), tr("Station"), tr("Account"), tr("What"), tr("By"), tr("Details"))

    def show_events(self, events: Sequence[AccountEvent]) -> None:
        """Show these lines."""
        language = self.context.language
        self.show_texts(
            [
                [
                    event_time(e, language.lang), escape_control_chars(e.station), e.login or "–",
                    language.text(EVENT_WORDS.get(e.what, e.what)),
                    e.actor if e.actor != e.login else "", escape_control_chars(e.detail),
                ]
                for e in events
            ]
        )  # fmt: skip
