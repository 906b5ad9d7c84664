"""Signing: what stands in the way, who signs, and what the signature means."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form


class SignDialog(Form):
    """The name is typed anew, and the meaning chosen (21 CFR 11.50).

    Parameters
    ----------
    author : str
        Who has been reviewing; the typed name must be this one.
    obstacles : sequence of str
        What forbids signing (in the person's language); with any, OK stays off.
    doubts : sequence of str
        What must be explained by a tick before signing.
    """

    def __init__(
        self,
        context: UiContext,
        author: str,
        obstacles: Sequence[str] = (),
        doubts: Sequence[str] = (),
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
        self._author = author
        self._obstacles = tuple(obstacles)
        checks = QVBoxLayout()
        checks.setSpacing(5)
        for text in obstacles:
            checks.addLayout(self._line(context, "critical", text))
        self._ticks = [QCheckBox(text) for text in doubts]
        for tick in self._ticks:
            tick.toggled.connect(self._check)
            checks.addWidget(tick)
        if not obstacles and not doubts:
            checks.addLayout(self._line(context, "ok", self.tr("All checks passed.")))
        self.outer.insertLayout(2, checks)
        self.meaning = QComboBox()
        for name, value in (
            (self.tr("I reviewed these results"), "reviewed"),
            (self.tr("I approve these results"), "approved"),
            (self.tr("I wrote this report"), "authored"),
        ):
            self.meaning.addItem(name, value)
        self.form.addRow(self.tr("&Meaning"), self.meaning)
        self.name = QLineEdit()
        self.name.setPlaceholderText(author)
        self.form.addRow(self.tr("Your &name, again"), self.name)
        self.name.textChanged.connect(self._check)
        self._check()
        self.setMinimumWidth(520)

    def _line(self, context: UiContext, severity: str, text: str) -> QHBoxLayout:
        icon = QLabel()
        name = {"critical": "critical", "ok": "confirm"}[severity]
        icon.setPixmap(context.icons.pixmap(name, 16, self.devicePixelRatioF(), severity))
        label = QLabel(text)
        label.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(label, 1)
        return row

    def _check(self) -> None:
        same = " ".join(self.name.text().split()).casefold() == self._author.casefold()
        self.can_accept(same and not self._obstacles and all(t.isChecked() for t in self._ticks))

    def answer(self) -> str:
        """The meaning: "reviewed", "approved" or "authored"."""
        return str(self.meaning.currentData())
