"""An order in New analysis: shown before anything is begun, used where a person may rely on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from PySide6.QtWidgets import QDialog, QDialogButtonBox
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.orders import Order, checked, merged
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.open_options import OpenOptionsDialog
from bloodcells_gui.ui.dialogs.order_line import OrderLine
from tests.support.order_lists import ListedOrders

FIELDS = (("patient_name", "Doe, Jo"), ("patient_id", "42"), ("birth_date", "1990-01-31"), ("sex", "F"))
ORDER = Order("S-1", "O-1", FIELDS, ("Differential",), 12.4, 4.1, (("neutrophils", 61.5),))


def shown(
    qtbot: QtBot, context: UiContext, orders: Callable[[str], Order | None]
) -> tuple[OpenOptionsDialog, OrderLine]:
    dialog = OpenOptionsDialog(
        context, Path("/x/folder"), orders=ListedOrders(orders),
        fields=["patient_name", "patient_id", "birth_date", "rbc", "platelet_count", "analyser_flags"],
    )  # fmt: skip
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.order is not None
    return dialog, dialog.order


def scan(dialog: OpenOptionsDialog, line: OrderLine, qtbot: QtBot, number: str) -> None:
    dialog.specimen_id.setText(number)
    dialog.specimen_id.editingFinished.emit()
    qtbot.waitUntil(lambda: not line.pending, timeout=5_000)


def test_an_order_is_shown_and_fills_the_case(qtbot: QtBot, context: UiContext) -> None:
    dialog, line = shown(qtbot, context, {"S-1": ORDER}.get)
    scan(dialog, line, qtbot, "S-1")
    assert "Doe, Jo" in line.words.text()
    assert "Differential" in line.words.text()
    assert line.use.isChecked()
    fields = dict(dialog.options().fields)
    assert fields["patient_id"] == "42"
    assert (fields["wbc"], fields["rbc"], fields["analyser.neutrophils"]) == ("12.4", "4.1", "61.5")
    assert "sex" not in fields  # the laboratory has no such field
    line.use.setChecked(False)
    assert dialog.options().fields == ()
    dialog.stop()


def test_an_order_with_a_problem_is_used_only_where_a_person_says_so(
    qtbot: QtBot, context: UiContext
) -> None:
    doubtful = replace(ORDER, problems=(Reason("the order has only one identifier of the patient"),))
    dialog, line = shown(qtbot, context, lambda _: doubtful)
    scan(dialog, line, qtbot, "S-1")
    assert "only one identifier" in line.words.text()
    assert not line.use.isChecked()
    assert dialog.options().fields == ()
    line.use.setChecked(True)
    assert dict(dialog.options().fields)["patient_id"] == "42"
    dialog.stop()


def test_another_number_takes_the_first_order_back(qtbot: QtBot, context: UiContext) -> None:
    dialog, line = shown(qtbot, context, {"S-1": ORDER}.get)
    scan(dialog, line, qtbot, "S-1")
    scan(dialog, line, qtbot, "S-2")
    assert "no order" in line.words.text()
    assert dialog.options().fields == ()
    assert dialog.wbc.text() == ""
    scan(dialog, line, qtbot, "")
    assert line.words.text() == ""
    dialog.stop()


def test_nothing_is_begun_before_the_answer(qtbot: QtBot, context: UiContext) -> None:
    def slow(_number: str) -> Order:
        time.sleep(0.4)
        return ORDER

    dialog, line = shown(qtbot, context, slow)
    dialog.specimen_id.setText("S-1")
    dialog.accept()  # by Enter in another field
    assert dialog.result() != QDialog.DialogCode.Accepted
    assert not dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()
    qtbot.waitUntil(lambda: not line.pending, timeout=5_000)
    assert dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()
    dialog.accept()
    assert dialog.result() == QDialog.DialogCode.Accepted
    dialog.stop()


def test_a_folder_that_cannot_be_read_is_said_and_stops_nothing(qtbot: QtBot, context: UiContext) -> None:
    def gone(_number: str) -> Order:
        raise UserError("The folder of orders is away.")

    dialog, line = shown(qtbot, context, gone)
    scan(dialog, line, qtbot, "S-1")
    assert "away" in line.words.text()
    dialog.accept()
    assert dialog.result() == QDialog.DialogCode.Accepted
    dialog.stop()


def test_without_a_folder_of_orders_the_form_is_as_it_was(qtbot: QtBot, context: UiContext) -> None:
    dialog = OpenOptionsDialog(context, Path("/x"))
    qtbot.addWidget(dialog)
    assert dialog.order is None
    dialog.stop()


def test_platelets_and_flags_are_shown_and_kept(qtbot: QtBot, context: UiContext) -> None:
    flagged = replace(ORDER, platelets=98.0, flags=("PLT L", "PLT clumps?"), requester="77^Schultz^Maria")
    dialog, line = shown(qtbot, context, lambda _: flagged)
    scan(dialog, line, qtbot, "S-1")
    assert "PLT 98 10⁹/L" in line.words.text()
    assert "PLT L, PLT clumps?" in line.words.text()
    assert "O-1" in line.words.text()
    fields = dict(dialog.options().fields)
    assert (fields["platelet_count"], fields["analyser_flags"]) == ("98", "PLT L; PLT clumps?")
    assert fields["order.requester"] == "77^Schultz^Maria"
    dialog.stop()


def test_a_person_need_not_wait_for_a_source(qtbot: QtBot, context: UiContext) -> None:
    going = threading.Event()

    def hangs(_number: str) -> Order:
        going.wait(5)
        return ORDER

    dialog, line = shown(qtbot, context, hangs)
    orders = line._orders  # noqa: SLF001
    assert isinstance(orders, ListedOrders)
    assert not line.stop_button.isVisible()
    dialog.specimen_id.setText("S-1")
    dialog.specimen_id.editingFinished.emit()
    assert line.stop_button.isVisible()
    qtbot.waitUntil(lambda: bool(orders.stops), timeout=5_000)
    assert not orders.stops[-1]()
    line.stop_button.click()
    assert orders.stops[-1]()
    assert not line.pending
    assert "did not wait" in line.words.text()
    going.set()
    qtbot.wait(100)
    assert line.order is None
    dialog.accept()
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.options().fields == ()
    dialog.stop()


def test_what_gave_no_answer_is_said_beside_what_did(qtbot: QtBot, context: UiContext) -> None:
    silent = [Reason("LIS gave no order: the peer closed the connection.")]
    dialog = OpenOptionsDialog(context, Path("/x"), orders=ListedOrders({"S-1": ORDER}.get, silent))
    qtbot.addWidget(dialog)
    assert dialog.order is not None
    for number, words in (("S-1", "Doe, Jo"), ("S-2", "not known whether")):
        scan(dialog, dialog.order, qtbot, number)
        assert words in dialog.order.words.text()
        assert "LIS gave no order" in dialog.order.words.text()
    dialog.stop()


def test_what_nobody_knows_is_not_called_no_order(qtbot: QtBot, context: UiContext) -> None:
    silent = [Reason("LIS gave no order: the peer did not answer within 2 s.")]
    dialog = OpenOptionsDialog(context, Path("/x"), orders=ListedOrders(lambda _: None, silent))
    qtbot.addWidget(dialog)
    assert dialog.order is not None
    scan(dialog, dialog.order, qtbot, "S-2")
    first, why, *_ = dialog.order.words.text().splitlines()
    assert "not known whether" in first
    assert "did not answer" in why
    assert "There is no order" not in dialog.order.words.text()
    dialog.stop()


def test_a_long_name_leaves_the_window_its_size(qtbot: QtBot, context: UiContext) -> None:
    long = replace(
        ORDER, fields=(("patient_name", "X" * 300), ("patient_id", "Y" * 300)), tests=("T" * 300,) * 6,
        problems=(Reason("Z" * 2_000),) * 40,
    )  # fmt: skip
    dialog, line = shown(qtbot, context, lambda _: long)
    before = dialog.width()
    scan(dialog, line, qtbot, "S-1")
    qtbot.wait(50)
    assert dialog.width() == before
    assert dialog.minimumWidth() <= before
    assert dialog.height() <= dialog.screen().availableGeometry().height()
    assert line.words.height() <= 40 * line.fontMetrics().height()
    assert "X" * 300 in line.words.toolTip()
    assert dialog.rect().contains(dialog.buttons.geometry())
    dialog.stop()


def test_two_patients_under_a_number_are_not_called_none(qtbot: QtBot, context: UiContext) -> None:
    other = replace(ORDER, fields=(("patient_name", "Roe, Al"), ("patient_id", "43")))
    both = merged([ORDER, other])
    assert both is not None
    dialog, line = shown(qtbot, context, lambda _: checked(both, date(2026, 1, 1)))
    scan(dialog, line, qtbot, "S-1")
    assert "Doe, Jo" in line.words.text()
    assert "Roe, Al" in line.words.text()
    assert "names no patient" not in line.words.text()
    assert "Order: –" not in line.words.text()
    dialog.stop()
