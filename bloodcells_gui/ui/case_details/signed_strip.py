"""What stands over a form that is signed: who, when, and the one way on."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.two_persons import signs_second, waits
from bloodcells_gui.ui.accounts.sign_command import refusal_of
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.labels import PlainLabel, plain_tip


class SignedStrip(QFrame):
    """A stamp and a line over a form; hidden while the case may be changed.

    Signals
    -------
    amend_wanted()
    """

    amend_wanted = Signal()

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context
        self.setObjectName("signed")
        self.stamp = QLabel()
        self.text = PlainLabel()
        self.text.setWordWrap(True)
        self.amend = QPushButton(tr("A&mend the signed report…"))
        self.amend.setAutoDefault(False)
        self.amend.clicked.connect(self.amend_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 14, 8)
        row.setSpacing(12)
        row.addWidget(self.stamp)
        row.addWidget(self.text, 1)
        row.addWidget(self.amend)
        self.hide()
        context.theme.changed.connect(self._colour)
        self._colour()

    def _colour(self) -> None:
        t = self._context.theme.tokens
        self.setStyleSheet(
            f"QFrame#signed {{ background: {t.ok_ground}; border: none;"
            f" border-bottom: 1px solid {t.border}; }} QFrame#signed QLabel {{ background: transparent; }}"
        )
        self.stamp.setStyleSheet(
            f"color: {t.ok}; border: 1px solid {t.ok}; border-radius: 3px; padding: 1px 7px;"
            " font-weight: 600;"
        )

    def show_case(self, session: CaseSession) -> None:
        """Say who signed the version that the form shows, or that the case is open for reading only."""
        state, language = session.state, self._context.language
        current = [s for s in state.signatures if s.version == state.version] if state.signed else []
        self.setVisible(bool(current) or session.read_only)
        self.amend.setVisible(bool(current) and not session.read_only)
        if current:
            last = current[-1]
            self.stamp.setText(tr("SIGNED"))
            said = tr("{name}, {time}: {meaning}").format(
                name=last.author, time=language.when(last.time), meaning=language.text(last.meaning)
            )
            more = len(current) - 1
            if more:
                said += " · " + ngettext("{n} further signature", "{n} further signatures", more)
            if waits(session):
                said += " · " + tr("Waits for the second person")
            self.text.setText(said)
            second = signs_second(session)
            signs, amends = tr("Si&gn as the second person…"), tr("A&mend the signed report…")
            self.amend.setText(signs if second else amends)
            refusal = refusal_of(session)
            self.amend.setEnabled(refusal is None)
            self.amend.setToolTip(plain_tip(refusal.text(language.lang)) if refusal is not None else "")
        else:
            self.stamp.setText(tr("READ ONLY"))
            self.text.setText(tr("This case is open for reading only."))
        self.setAccessibleName(f"{self.stamp.text()}: {self.text.text()}")
