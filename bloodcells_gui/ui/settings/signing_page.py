"""The page of the preferences on signing: what is asked before, and when a change needs a reason."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QDoubleSpinBox, QListView

from bloodcells_gui.domain.settings import ALWAYS, ASK, BLOCK, LATER, NEVER, NONE, LabSettings, SigningRules
from bloodcells_gui.domain.taxonomy import CLASSES
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.settings.pages import Page


class SigningPage(Page):
    """Checks, critical classes, reasons."""

    def __init__(self, context: UiContext, s: LabSettings) -> None:
        super().__init__(context, "")
        self.title = self.tr("Signing")
        rules = s.signing
        ways = [
            (self.tr("do not ask"), NONE),
            (self.tr("ask for an answer"), ASK),
            (self.tr("do not let it be signed"), BLOCK),
        ]
        unreviewed = self.combo(self.tr("Cells that nobody &looked at"), ways, rules.unreviewed)
        share = QDoubleSpinBox()
        share.setRange(0, 100)
        share.setDecimals(0)
        share.setSuffix(" %")
        share.setValue(rules.reviewed_percent)
        self.form.addRow(self.tr("… when fewer were looked at &than"), share)
        second = self.combo(self.tr("An open &second reading"), ways, rules.second_reading)
        target = self.combo(self.tr("Fewer leukocytes than the &target"), ways, rules.target)
        incomplete = self.combo(self.tr("An &incomplete analysis"), ways, rules.incomplete)
        critical = self.combo(
            self.tr("&Critical findings"),
            [(self.tr("do not ask"), NONE), (self.tr("ask who was told"), ASK)],
            rules.critical,
        )
        self.classes = QStandardItemModel(self)
        for each in CLASSES:
            item = QStandardItem(context.language.class_name(each.code))
            item.setData(each.code)
            item.setCheckable(True)
            item.setEditable(False)
            chosen = each.code in rules.critical_classes
            item.setCheckState(Qt.CheckState.Checked if chosen else Qt.CheckState.Unchecked)
            self.classes.appendRow(item)
        view = QListView()
        view.setModel(self.classes)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setAccessibleName(self.tr("Critical classes"))
        self.form.addRow(self.tr("Critical cl&asses"), view)
        reason = self.combo(
            self.tr("A &reason for changing a decision"),
            [
                (self.tr("never"), NEVER),
                (self.tr("another person's, a signed one, or after ten minutes"), LATER),
                (self.tr("always"), ALWAYS),
            ],
            rules.reason_on_change,
        )
        self.note(
            self.tr(
                "Answers and critical findings are printed in the report, with who was told and when. Review"
                " rules of critical severity are critical findings too."
            )
        )
        self.reads(
            "signing",
            lambda: SigningRules(
                str(unreviewed.currentData()),
                share.value(),
                str(second.currentData()),
                str(target.currentData()),
                str(incomplete.currentData()),
                str(critical.currentData()),
                self._chosen(),
                str(reason.currentData()),
            ),
        )

    def _chosen(self) -> tuple[str, ...]:
        items = (self.classes.item(row) for row in range(self.classes.rowCount()))
        return tuple(str(i.data()) for i in items if i.checkState() is Qt.CheckState.Checked)
