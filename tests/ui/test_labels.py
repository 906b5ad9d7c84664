"""Labels that fit."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from bloodcells_gui.ui.labels import ElidedLabel


def test_long_names_are_shortened_not_clipped(qtbot: QtBot) -> None:
    label = ElidedLabel("specimen\n" + "x" * 400)
    qtbot.addWidget(label)
    label.resize(120, 20)
    label.show()
    assert "…" in label.text()
    assert label.fontMetrics().horizontalAdvance(label.text()) <= 120
    assert label.toolTip() == "specimen " + "x" * 400
