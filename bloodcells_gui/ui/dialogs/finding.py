"""Dialog for a critical finding: confirmed or refuted, who was informed and when."""

from __future__ import annotations

from PySide6.QtCore import QDateTime
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QLineEdit, QWidget

from bloodcells_gui.domain.findings import CONFIRMED, REFUTED, Finding, FindingAnswer
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form, NoTypeAheadComboBox
from bloodcells_gui.ui.i18n import ngettext, tr

#: How a time is written, by language; the first is read in every language.
_FORMS = {"en": "yyyy-MM-dd HH:mm", "fr": "dd/MM/yyyy HH:mm"}


class FindingDialog(Form):
    """Seen and confirmed, or refuted; who was told, and when."""

    def __init__(self, context: UiContext, finding: Finding, parent: QWidget | None = None) -> None:
        self._language = context.language
        text = context.language.text
        name = text(finding.name)
        super().__init__(
            tr("Critical finding"),
            ngettext("{name}: {n} cell", "{name}: {n} cells", finding.count, name=name)
            if finding.count
            else tr("{name}: {value} {unit}").format(name=name, value=finding.value, unit=text(finding.unit)),
            parent,
            accept=tr("Keep the answer"),
        )
        self._finding = finding
        self.verdict = NoTypeAheadComboBox()
        self.verdict.addItem(tr("Seen and confirmed"), CONFIRMED)
        self.verdict.addItem(tr("Seen and refuted"), REFUTED)
        self.form.addRow(tr("&Result"), self.verdict)
        self.told = QLineEdit()
        self.told.setMaxLength(200)
        self.told.setPlaceholderText(tr("Name, or why nobody was told"))
        self.setMinimumWidth(560)  # room for the whole of that in French
        self.form.addRow(tr("&Who was told"), self.told)
        self.told_at = QLineEdit(QDateTime.currentDateTime().toString(_FORMS[context.language.lang]))
        self.told_at.setMaxLength(16)
        self.told_at.setPlaceholderText(tr("YYYY-MM-DD HH:MM, or nothing"))
        self.form.addRow(tr("&When (local time)"), self.told_at)
        self.note = QLineEdit()
        self.note.setMaxLength(400)
        self.form.addRow(tr("&Remark"), self.note)
        self.hint = QLabel(
            tr(
                "Give the cells their right class, or take them out: the finding is gone then, and the report"
                " says that it was refuted."
            )
        )
        self.hint.setObjectName("muted")
        self.hint.setWordWrap(True)
        self.outer.insertWidget(self.outer.indexOf(self.buttons), self.hint)
        self.verdict.currentIndexChanged.connect(lambda _: self._update_ok_button())
        self.told.textChanged.connect(lambda _: self._update_ok_button())
        self.told_at.textChanged.connect(lambda _: self._update_ok_button())
        self.told.setFocus()
        self._update_ok_button()

    def _notified_at(self) -> QDateTime:
        typed = self._language.stored_day(self.told_at.text())
        return QDateTime.fromString(typed, _FORMS["en"])

    def _update_ok_button(self) -> None:
        cells_first = self.verdict.currentData() == REFUTED and self._finding.count > 0
        self.hint.setVisible(cells_first)
        dated = not self.told_at.text().strip() or self._notified_at().isValid()
        self.set_accept_enabled(bool(self.told.text().strip()) and dated and not cells_first)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setToolTip(
            "" if dated else tr("The time is not one: YYYY-MM-DD HH:MM")
        )

    def answer(self) -> FindingAnswer:
        """What was answered."""
        at = self._notified_at()
        told_at = at.toUTC().toString("yyyy-MM-ddTHH:mm:ssZ") if at.isValid() else ""
        return FindingAnswer(
            str(self.verdict.currentData()),
            " ".join(self.told.text().split()),
            told_at,
            " ".join(self.note.text().split()),
        )
