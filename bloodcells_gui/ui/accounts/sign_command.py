"""What the command "Sign" says and does at the moment: sign, sign as the second person, or amend."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from bloodcells_gui.app.accounts import SignInWanted
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.two_persons import signs_second
from bloodcells_gui.domain.accounts import Right
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.accounts.sign_in import PinDialog
from bloodcells_gui.ui.actions import Actions
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import plain_tip
from bloodcells_gui.ui.reading import is_refused


def refusal_of(session: CaseSession) -> UserError | None:
    """Why who is signed in may not do it; None also where somebody may still sign in."""
    if session.accounts is None:
        return None
    amends = session.state.signed and not signs_second(session)
    refusal = session.accounts.refusal(Right.AMEND if amends else Right.SIGN)
    return None if isinstance(refusal, SignInWanted) else refusal


def has_pin(context: UiContext, session: CaseSession, window: QWidget) -> bool:
    """Whether who is signed in has a PIN; who has none chooses it now. True without accounts."""
    accounts = session.accounts
    if accounts is None or not accounts.in_force or accounts.acting is None or accounts.acting.has_pin:
        return True
    dialog = PinDialog(context, accounts, window)
    done = dialog.exec()
    dialog.deleteLater()
    return bool(done)


def show_sign_command(actions: Actions, session: CaseSession | None, lang: str) -> None:
    """Set text and tool tip of the command; disabled with the reason where the right is lacking."""
    sign = actions.get("sign")
    if session is not None and signs_second(session):
        sign.setText(tr("Si&gn as the second person…"))
        sign.setIconText(tr("Sign"))
    else:
        signed = session is not None and session.state.signed
        sign.setText(tr("A&mend the signed report…") if signed else tr("Si&gn…"))
        sign.setIconText(tr("Amend") if signed else tr("Sign"))
    refusal = None if session is None else refusal_of(session)
    refused = session is not None and is_refused(session)
    sign.setEnabled(session is not None and refusal is None and not refused)
    keys = sign.shortcut().toString(sign.shortcut().SequenceFormat.NativeText)
    plain = sign.text().replace("&", "").rstrip("…")
    tip = tr("This case is open for reading only.") if refused else f"{plain} ({keys})"
    sign.setToolTip(plain_tip(refusal.text(lang)) if refusal is not None else tip)
