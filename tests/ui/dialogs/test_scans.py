"""A bar code scanner in a dialog: each scan lands in the number and starts nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QWidget
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.orders import Order
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.open_options import OpenOptionsDialog
from bloodcells_gui.ui.watched.assign import AssignDialog
from tests.support.order_lists import ListedOrders

ORDERS = {
    "26-0815": Order("26-0815", "O-1", (("patient_name", "First, Ann"), ("patient_id", "1"))),
    "CD-0815": Order("CD-0815", "O-2", (("patient_name", "Second, Bo"), ("patient_id", "2"))),
}


def scan(dialog: QDialog, number: str) -> None:
    """As a scanner types: to whatever has the focus, sign by sign, then Enter."""
    for sign in number:
        QTest.keyClick(focus(dialog), sign)
    QTest.keyClick(focus(dialog), Qt.Key.Key_Return)


def focus(dialog: QDialog) -> QWidget:
    found = dialog.focusWidget()
    assert found is not None
    return found


def opened(
    qtbot: QtBot, context: UiContext, orders: Callable[[str], Order | None] = ORDERS.get
) -> OpenOptionsDialog:
    dialog = OpenOptionsDialog(
        context, Path("/x/folder"), orders=ListedOrders(orders), fields=["patient_name", "patient_id"]
    )
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def answered(qtbot: QtBot, dialog: OpenOptionsDialog) -> None:
    line = dialog.order
    assert line is not None
    qtbot.waitUntil(lambda: not line.pending, timeout=5_000)


FIELDS = ("specimen_id", "kind", "mpp", "wbc", "corrected", "target")


@pytest.mark.parametrize("where", FIELDS)
def test_a_second_scan_replaces_the_first_wherever_the_focus_is(
    qtbot: QtBot, context: UiContext, where: str
) -> None:
    dialog = opened(qtbot, context)
    dialog.wbc.setText("6.2")
    scan(dialog, "26-0815")
    answered(qtbot, dialog)
    assert dialog.specimen_id.text() == "26-0815"
    assert focus(dialog) is dialog.specimen_id
    getattr(dialog, where).setFocus()
    QTest.qWait(60)
    scan(dialog, "CD-0815")
    assert dialog.specimen_id.text() == "CD-0815"
    answered(qtbot, dialog)
    assert dialog.order is not None
    assert "Second, Bo" in dialog.order.words.text()
    assert dict(dialog.options().fields)["patient_id"] == "2"
    assert (dialog.mpp.text(), dialog.wbc.text()) == ("", "6.2")
    assert dialog.kind.currentIndex() == 0
    assert dialog.isVisible()
    QTest.qWait(60)
    QTest.keyClick(focus(dialog), Qt.Key.Key_Return)  # a person's own Enter
    assert dialog.result() == QDialog.DialogCode.Accepted
    dialog.stop()


def test_a_slow_scanner_starts_nothing_either(qtbot: QtBot, context: UiContext) -> None:
    dialog = opened(qtbot, context)
    for number in ("26-0815", "CD-0815"):
        for sign in number:
            QTest.keyClick(focus(dialog), sign)
            QTest.qWait(60)
        QTest.keyClick(focus(dialog), Qt.Key.Key_Return)
        assert dialog.specimen_id.text() == number
        assert dialog.isVisible()
        answered(qtbot, dialog)
        dialog.kind.setFocus()
    dialog.stop()


def test_the_same_number_is_asked_for_again(qtbot: QtBot, context: UiContext) -> None:
    """Somebody mended the order meanwhile."""
    orders = dict(ORDERS)
    dialog = opened(qtbot, context, orders.get)
    scan(dialog, "26-0815")
    answered(qtbot, dialog)
    orders["26-0815"] = ORDERS["CD-0815"]
    QTest.qWait(60)
    scan(dialog, "26-0815")
    answered(qtbot, dialog)
    assert dialog.order is not None
    assert "Second, Bo" in dialog.order.words.text()
    dialog.stop()


def test_what_a_person_types_stays_where_it_was_typed(qtbot: QtBot, context: UiContext) -> None:
    dialog = opened(qtbot, context)
    dialog.wbc.setFocus()
    for sign in "12.5":
        QTest.keyClick(dialog.wbc, sign)
        QTest.qWait(60)
    QTest.keyClick(dialog.wbc, Qt.Key.Key_Return)
    assert dialog.wbc.text() == "12.5"
    assert dialog.result() == QDialog.DialogCode.Accepted
    dialog.stop()


def test_an_enter_that_comes_twice_starts_nothing(qtbot: QtBot, context: UiContext) -> None:
    dialog = opened(qtbot, context, lambda _: None)
    scan(dialog, "26-0815")
    QTest.keyClick(focus(dialog), Qt.Key.Key_Enter)  # carriage return and line feed
    answered(qtbot, dialog)
    assert dialog.isVisible()
    dialog.stop()


def test_pictures_go_to_the_number_that_was_scanned_last(qtbot: QtBot, context: UiContext) -> None:
    dialog = AssignDialog(["a.png"], [])
    qtbot.addWidget(dialog)
    dialog.show()
    for number in ("26-0815", "CD-0815"):
        QTest.qWait(60)
        scan(dialog, number)
        assert dialog.isVisible()
        assert dialog.answer() == number
