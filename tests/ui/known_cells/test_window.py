"""A blinded round by keyboard: no class is seen, every key is kept, the results come at the end."""

from __future__ import annotations

import threading
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
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.jobs import UnawaitedThreads
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
    window = KnownCellsWindow(context, known, "Bea", pool, UnawaitedThreads())
    qtbot.addWidget(window)
    QAbstractItemModelTester(window.model, QAbstractItemModelTester.FailureReportingMode.Fatal, window.model)
    window.show()
    assert not window.begin_button.isEnabled()
    qtbot.waitUntil(window.take_button.isEnabled)
    assert not window.begin_button.isEnabled()
    window.take_button.click()
    qtbot.waitUntil(window.begin_button.isEnabled)
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
    qtbot.waitUntil(lambda: window.model.rowCount() > 0)
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
    window = KnownCellsWindow(context, known, "", pool, UnawaitedThreads())
    qtbot.addWidget(window)
    window.show()
    QTest.keyClick(window.reader, Qt.Key.Key_Tab)
    qtbot.waitUntil(window.begin_button.isEnabled)
    window.begin_button.click()
    assert window.banners.banners
    assert known.rounds() == []


def test_a_library_that_does_not_answer_is_waited_for_in_the_background(
    qtbot: QtBot, context: UiContext, known: KnownCells, pool: QThreadPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, entries = threading.Event(), ReferenceLibraryController.entries

    def blocked(self: ReferenceLibraryController, text: str = "") -> object:
        assert threading.current_thread() is not threading.main_thread()
        assert gate.wait(60)
        return entries(self, text)

    monkeypatch.setattr(ReferenceLibraryController, "entries", blocked)
    window = KnownCellsWindow(context, known, "Bea", pool, UnawaitedThreads())
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(window.take_button.isEnabled)
    window.take_button.click()
    assert window.lead.text() == "Copying the cells of the reference library…"
    assert not window.take_button.isEnabled()
    gate.set()
    qtbot.waitUntil(window.begin_button.isEnabled)
    assert window.banners.banners[0].texts[0] == "4 cells were added to the set."
    window.close()


def test_a_library_that_cannot_be_read_leaves_the_set_as_it_was(
    qtbot: QtBot, context: UiContext, known: KnownCells, pool: QThreadPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    known.take_from_library("Ana")

    def fails(*_: object) -> None:
        raise UserError("The library cannot be read.")

    monkeypatch.setattr(ReferenceLibraryController, "entries", fails)
    window = KnownCellsWindow(context, known, "Bea", pool, UnawaitedThreads())
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(window.take_button.isEnabled)
    window.take_button.click()
    qtbot.waitUntil(lambda: bool(window.banners.banners))
    assert window.banners.banners[0].texts[0] == "The library cannot be read."
    qtbot.waitUntil(window.begin_button.isEnabled)
    assert window.lead.text().startswith("The set has 4 known cells.")
    window.close()
