"""The page of the preferences on signing: checks before it, and when a change needs a reason."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QDoubleSpinBox, QListView

from bloodcells_gui.domain.settings import ALWAYS, ASK, BLOCK, LATER, NEVER, NONE, LabSettings, SigningRules
from bloodcells_gui.domain.taxonomy import CLASSES
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.settings.pages import Page


class SigningPage(Page):
    """Checks, critical classes, reasons."""

    def __init__(self, context: UiContext, s: LabSettings) -> None:
        super().__init__(context, "")
        self.title = tr("Signing")
        rules = s.signing
        ways = [
            (tr("do not ask"), NONE),
            (tr("ask for an answer"), ASK),
            (tr("do not let it be signed"), BLOCK),
        ]
        unreviewed = self.combo(tr("Cells that nobody &looked at"), ways, rules.unreviewed)
        share = QDoubleSpinBox()
        share.setRange(0, 100)
        share.setDecimals(0)
        share.setSuffix(" %")
        share.setValue(rules.reviewed_percent)
        self.form.addRow(tr("… when fewer were looked at &than"), share)
        look_first = self.combo(tr("Cells to look at &first"), ways, rules.look_first)
        second = self.combo(tr("An open &second reading"), ways, rules.second_reading)
        target = self.combo(tr("Fewer leukocytes than the &target"), ways, rules.target)
        incomplete = self.combo(tr("An &incomplete analysis"), ways, rules.incomplete)
        critical = self.combo(
            tr("&Critical findings"),
            [(tr("do not ask"), NONE), (tr("ask who was told"), ASK)],
            rules.critical,
        )
        self.classes = QStandardItemModel(self)
        self._list_classes(context, rules.critical_classes)
        reason = self.combo(
            tr("A &reason for changing a decision"),
            [
                (tr("never"), NEVER),
                (tr("another person's, a signed one, or after ten minutes"), LATER),
                (tr("always"), ALWAYS),
            ],
            rules.reason_on_change,
        )
        self.note(
            tr(
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
                str(look_first.currentData()),
            ),
        )

    def _list_classes(self, context: UiContext, critical: Collection[str]) -> None:
        for each in CLASSES:
            item = QStandardItem(context.language.class_name(each.code))
            item.setData(each.code)
            item.setCheckable(True)
            item.setEditable(False)
            chosen = each.code in critical
            item.setCheckState(Qt.CheckState.Checked if chosen else Qt.CheckState.Unchecked)
            self.classes.appendRow(item)
        view = QListView()
        view.setModel(self.classes)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setAccessibleName(tr("Critical classes"))
        self.form.addRow(tr("Critical cl&asses"), view)

    def _chosen(self) -> tuple[str, ...]:
        items = (self.classes.item(row) for row in range(self.classes.rowCount()))
        return tuple(str(i.data()) for i in items if i.checkState() is Qt.CheckState.Checked)
