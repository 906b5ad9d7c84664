"""New analysis on a small screen: nothing is cut off, nothing lies over another thing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.orders import Order
from bloodcells_gui.domain.specimen import ImagePlace
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.open_options import OpenOptionsDialog
from tests.support.order_lists import ListedOrders

PROBLEMS = tuple(Reason(f"{n}: the birth date lies in the future, which no patient's does") for n in range(4))
ORDER = Order("S-1", "O-1", (("patient_name", "Doe, Jo"), ("patient_id", "42")), ("Differential",), 12.4)
SKIPPED = [Reason("Skipped file huge.hl7: the file is larger than 2 MB.")]


def placed(widget: QWidget, of: QWidget) -> QRect:
    return QRect(widget.mapTo(of, widget.rect().topLeft()), widget.size())


def shown(qtbot: QtBot, context: UiContext, places: int = 0) -> OpenOptionsDialog:
    found = [ImagePlace(f"slide {n}", Path(f"slide {n}"), 3, ()) for n in range(places)]
    doubtful = replace(ORDER, problems=PROBLEMS)
    dialog = OpenOptionsDialog(
        context, Path("/x/folder"), places=found, orders=ListedOrders(lambda _: doubtful, SKIPPED),
    )  # fmt: skip
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def whole(dialog: OpenOptionsDialog) -> None:
    """Every text has the height that it needs, and no two rows share a place."""
    line = dialog.order
    assert line is not None
    words = line.words
    assert words.height() >= words.heightForWidth(words.width())
    assert line.use.width() >= line.use.sizeHint().width()
    assert dialog.area.horizontalScrollBar().maximum() == 0
    rows = [r for r in (dialog.found, dialog.specimen_id, line, dialog.kind, dialog.mpp) if r.isVisible()]
    for above, below in pairwise(placed(r, dialog) for r in rows):
        assert above.bottom() < below.top()


def test_what_is_to_be_checked_is_seen_whole(qtbot: QtBot, context: UiContext) -> None:
    dialog = shown(qtbot, context)
    low = dialog.height()
    dialog.specimen_id.setText("S-1")
    dialog.specimen_id.editingFinished.emit()
    line = dialog.order
    assert line is not None
    qtbot.waitUntil(lambda: not line.pending and dialog.height() > low, timeout=5_000)
    qtbot.wait(20)
    whole(dialog)
    assert "Skipped file huge.hl7" in line.words.text()
    assert not line.use.isChecked()
    assert dialog.area.viewport().rect().contains(placed(line, dialog.area.viewport()))
    dialog.stop()


def test_on_a_low_screen_it_scrolls(qtbot: QtBot, context: UiContext) -> None:
    context.language.choose("fr")
    try:
        dialog = shown(qtbot, context, places=5)
        dialog.specimen_id.setText("S-1")
        dialog.specimen_id.editingFinished.emit()
        line = dialog.order
        assert line is not None
        qtbot.waitUntil(lambda: not line.pending, timeout=5_000)
        qtbot.wait(50)
        whole(dialog)
        assert dialog.height() <= dialog.screen().availableGeometry().height()
        found = (dialog.found.view, dialog.found.one, dialog.found.each)
        for above, below in pairwise(placed(w, dialog) for w in found):
            assert above.bottom() < below.top()
        assert dialog.found.each.width() >= dialog.found.each.sizeHint().width()
        dialog.stop()
    finally:
        context.language.choose("en")
