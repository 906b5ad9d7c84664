"""A blinded round by keyboard: no class is seen, every key is kept, the results come at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.known_cells import KnownCells
from bloodcells_gui.app.reference_library import ReferenceLibraryController
from bloodcells_gui.domain.cell import CellAssets
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.known_cells.model import ScoreColumn
from bloodcells_gui.ui.known_cells.window import KnownCellsWindow
from tests.support.workbench_window import encoded_cell


@pytest.fixture
def known(tmp_path: Path) -> Iterator[KnownCells]:
    library = ReferenceLibraryController(tmp_path)
    for n, code in enumerate(("LY", "MO", "LY", "MO")):
        thumb, mask = encoded_cell(n, code)
        assets = CellAssets(thumb, mask, (0.0, 0.0, 192.0), np.zeros(4, np.float16))
        library.library().add(code, assets, author="Ana", model="m", mpp=0.1)
    known = KnownCells(tmp_path, library)
    yield known
    known.close()
    library.close()


def test_a_round_is_read_by_keyboard_and_scored(
    qtbot: QtBot, context: UiContext, known: KnownCells, pool: QThreadPool
) -> None:
    window = KnownCellsWindow(context, known, "Bea", pool)
    qtbot.addWidget(window)
    QAbstractItemModelTester(window.model, QAbstractItemModelTester.FailureReportingMode.Fatal, window.model)
    window.show()
    assert not window.begin_button.isEnabled()
    window.take_button.click()
    assert known.size == 4
    window.begin_button.click()
    assert window.stage is not None
    key = context.keymap.key("LY")
    names = {context.language.class_name(code) for code in ("LY", "MO")}
    for _ in range(4):
        said = {label.text() for label in window.findChildren(QLabel) if label.isVisible()}
        assert not names & said
        QTest.keyClicks(window.stage, key.lower())
    assert window.stage is None
    (found,) = known.rounds()
    assert (found.reader, len(found.answers)) == ("Bea", 4)
    shares = {
        window.model.index(r, ScoreColumn.CLASS).data(): window.model.index(r, ScoreColumn.SHARE).data()
        for r in range(window.model.rowCount())
    }
    assert shares == {"all cells": "50.0", "Lymphocyte": "100.0", "Monocyte": "0.0"}
    window.close()


def test_without_a_name_no_round_begins(
    qtbot: QtBot, context: UiContext, known: KnownCells, pool: QThreadPool
) -> None:
    known.take_from_library("Ana")
    window = KnownCellsWindow(context, known, "", pool)
    qtbot.addWidget(window)
    window.show()
    QTest.keyClick(window.reader, Qt.Key.Key_Tab)
    window.begin_button.click()
    assert window.banners.banners
    assert known.rounds() == []
