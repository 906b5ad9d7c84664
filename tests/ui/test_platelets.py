"""The window of the platelets: what a person leaves out is an event, and the figures follow."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.analysis import new_case
from bloodcells_gui.app.platelets import platelets_of_case
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.slide_images import SlideImages
from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus
from bloodcells_gui.domain.counted_fields import LEFT_OUT_FIELD, CountedField
from bloodcells_gui.domain.platelet_clumps import REFUTED_FIELD, ClumpSearch, PlateletClump
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.run_record import RunCounts, RunRecord
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource, Specimen, SpecimenKind
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.platelets.window import PlateletsWindow
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.window_memory import WindowMemory
from tests.support.workbench_window import a_workspace, shown_tools

Key = Qt.Key
FIELDS = 6


def a_case_of_fields(folder: Path, *, counted: bool = True) -> Path:
    """Six fields with their counts, and two places that may be clumps in the first."""
    images = []
    for i in range(FIELDS):
        path = folder / f"field {i}.png"
        cv2.imwrite(str(path), np.full((200, 300, 3), 200 + i, np.uint8))
        images.append(ImageRef(path.name, path, size_px=(300, 200)))
    specimen = Specimen("S-7", SpecimenKind.FIELDS, folder, tuple(images))
    fields = tuple(CountedField(i, (0, 0, 300, 200), 0.1, 500, 2, 30 + 5 * i) for i in range(FIELDS))
    clumps = (PlateletClump((20, 30, 60, 50), 180.0, True), PlateletClump((120, 90, 30, 30), 60.0, False))
    record = RunRecord(RunCounts(sampled_mm2=0.6, red_cells=3000, platelets=255))
    if counted:
        search = ClumpSearch(0, 0.6, 0.1, 2, clumps)
        record = RunRecord(record.counts, counted=fields, clumps=(search,))
    case = folder / "case.bcs"
    with new_case(case, specimen, case_id="case", created="2026-11-23T05:00:00Z") as store:
        scale = ScaleEstimate(0.1, ScaleSource.METADATA)
        store.start_run(
            AnalysisRun(0, "2026-11-23T05:00:00Z", "0.1", ("SNE",), (), provider="cpu", scale=scale)
        )
        store.finish_run(0, RunStatus.COMPLETE, "2026-11-23T05:00:09Z", record=record)
    return case


@pytest.fixture
def session(tmp_path: Path) -> Iterator[CaseSession]:
    session = a_workspace(tmp_path).open_case(a_case_of_fields(tmp_path))
    session.author = "A. Technician"
    yield session
    session.close()


@pytest.fixture
def window(
    qtbot: QtBot, context: UiContext, pool: QThreadPool, session: CaseSession
) -> Iterator[PlateletsWindow]:
    window = PlateletsWindow(context, ReviewController(session), pool)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    yield window
    window.close()
    pool.waitForDone()


def choose(qtbot: QtBot, window: PlateletsWindow, row: int) -> None:
    """Choose a row of the table in front, and wait for its picture."""
    table = (window.field_table, window.clump_table)[window.tabs.currentIndex()]
    table.setCurrentIndex(table.model().index(row, 0))
    qtbot.waitUntil(window.seen)


def test_a_field_is_left_out_by_a_key_and_taken_back_by_undo(
    window: PlateletsWindow, session: CaseSession, qtbot: QtBot
) -> None:
    before = platelets_of_case(session)
    assert before is not None
    choose(qtbot, window, 0)
    QTest.keyClick(window.field_table, Key.Key_Delete)
    after = platelets_of_case(session)
    assert after is not None
    assert (after.fields, after.left_out, after.platelets) == (5, 1, before.platelets - 30)
    [event] = session.store.events()
    assert (event.kind, event.key, event.new) == (EventKind.SET_FIELD, LEFT_OUT_FIELD, "0:0:0")
    assert window.fields.rows[0].out
    assert window.fields.data(window.fields.index(0, 0), Qt.ItemDataRole.FontRole).strikeOut()
    assert window.field_table.currentIndex().row() == 1, "the next field comes up"
    QTest.keyClick(window.field_table, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.foot.text().startswith("Taken back: ")
    assert platelets_of_case(session) == before
    assert not window.fields.rows[0].out


def test_shift_delete_takes_a_field_back(window: PlateletsWindow, session: CaseSession, qtbot: QtBot) -> None:
    for modifier in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
        choose(qtbot, window, 2)
        QTest.keyClick(window.field_table, Key.Key_Delete, modifier)
    found = platelets_of_case(session)
    assert found is not None
    assert found.left_out == 0
    assert len(list(session.store.events())) == 2


def test_a_refuted_place_is_no_clump_any_more(
    window: PlateletsWindow, session: CaseSession, qtbot: QtBot
) -> None:
    assert window.warning.isVisible()
    window.tabs.setCurrentIndex(1)
    for row in (0, 1):
        choose(qtbot, window, row)
        QTest.keyClick(window.clump_table, Key.Key_Delete)
    found = platelets_of_case(session)
    assert found is not None
    assert found.clumps is not None
    assert (found.clumps.found, found.clumps.standing) == (2, 0)
    assert session.state.data.fields[REFUTED_FIELD] == "0:120:90 0:20:30"
    assert not window.warning.isVisible()


def test_the_analyser_stands_beside_the_estimate(window: PlateletsWindow, session: CaseSession) -> None:
    window.analyser.setText("60")
    window.analyser.editingFinished.emit()
    found = platelets_of_case(session)
    assert found is not None
    assert (found.analyser, found.agrees) == (60.0, "below")
    assert "60" in window.figures.text()
    window.analyser.setText("many")
    window.analyser.editingFinished.emit()
    assert window.analyser.text() == "60", "what is no number changes nothing"
    assert "no number" in window.foot.text()


def test_the_chosen_field_is_shown(window: PlateletsWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not window.picture.pixmap().isNull())


def pixel(window: PlateletsWindow) -> int:
    """The grey of the middle of the picture: 200 and the number of the field."""
    image = window.picture.pixmap().toImage()
    return int(image.pixelColor(image.width() // 2, image.height() // 2).red())


@pytest.mark.parametrize("tab", [0, 1])
def test_nothing_is_decided_by_the_picture_of_another_row(
    window: PlateletsWindow, session: CaseSession, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tab: int
) -> None:
    window.tabs.setCurrentIndex(tab)
    choose(qtbot, window, 0)
    assert pixel(window) == 200
    slow, shrunk = threading.Event(), SlideImages.shrunk
    monkeypatch.setattr(SlideImages, "shrunk", lambda *a: (slow.wait(10), shrunk(*a))[1])
    table = (window.field_table, window.clump_table)[tab]
    QTest.keyClick(table, Key.Key_Down)
    assert table.currentIndex().row() == 1
    assert window.picture.pixmap().isNull(), "the picture before is gone at once"
    QTest.keyClick(table, Key.Key_Delete)
    window.out_button.click()
    assert list(session.store.events()) == []
    assert "picture" in window.foot.text()
    slow.set()
    qtbot.waitUntil(window.seen)
    assert pixel(window) == (201, 200)[tab]
    assert window.foot.text() == ""
    QTest.keyClick(table, Key.Key_Delete)
    [event] = session.store.events()
    assert event.new == ("1:0:0", "0:120:90")[tab]


def test_a_place_out_of_reach_is_not_decided_on(
    window: PlateletsWindow, session: CaseSession, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SlideImages, "shrunk", lambda *_: None)
    window.field_table.setCurrentIndex(window.fields.index(3, 0))
    qtbot.waitUntil(lambda: "out of reach" in window.picture.text())
    QTest.keyClick(window.field_table, Key.Key_Delete)
    assert list(session.store.events()) == []


def test_a_key_that_does_nothing_says_why(
    window: PlateletsWindow, session: CaseSession, qtbot: QtBot
) -> None:
    choose(qtbot, window, FIELDS - 1)
    shift, control = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(window.field_table, Key.Key_Delete, shift)
    assert "nothing to take back" in window.foot.text()
    QTest.keyClick(window.field_table, Key.Key_Z, control)
    assert "undo" in window.foot.text()
    QTest.keyClick(window.field_table, Key.Key_Y, control)
    assert "redo" in window.foot.text()
    QTest.keyClick(window.field_table, Key.Key_Delete)
    assert (window.out_button.isEnabled(), window.in_button.isEnabled()) == (False, True)
    QTest.keyClick(window.field_table, Key.Key_Delete)
    assert "left out already" in window.foot.text()
    assert len(list(session.store.events())) == 1
    QTest.keyClick(window.field_table, Key.Key_Delete, shift)
    assert (window.out_button.isEnabled(), window.in_button.isEnabled()) == (True, False)


def test_a_button_keeps_the_keyboard_while_it_goes_down_the_rows(
    window: PlateletsWindow, qtbot: QtBot
) -> None:
    choose(qtbot, window, 0)
    window.out_button.setFocus()
    for row in (0, 1):
        qtbot.waitUntil(window.seen)
        QTest.keyClick(window.out_button, Key.Key_Space)
        assert window.fields.rows[row].out
        assert window.focusWidget() is window.out_button


def test_what_was_entered_of_the_analyser_is_not_emptied_by_undo(
    window: PlateletsWindow, session: CaseSession
) -> None:
    window.analyser.setFocus()
    QTest.keyClicks(window.analyser, "60")
    QTest.keyClick(window.analyser, Key.Key_Return)
    QTest.keyClick(window.analyser, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.analyser.text() == "60"
    assert "Ctrl+Z in the table" in window.foot.text()
    QTest.keyClicks(window.analyser, "5")
    QTest.keyClick(window.analyser, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.analyser.text() == "60", "what was typed and not entered goes"
    window.field_table.setFocus()
    found = platelets_of_case(session)
    assert found is not None
    assert found.analyser == 60.0
    assert len(list(session.store.events())) == 1


def test_a_case_that_counted_nothing_by_field_says_so(
    qtbot: QtBot, context: UiContext, pool: QThreadPool, tmp_path: Path
) -> None:
    session = a_workspace(tmp_path).open_case(a_case_of_fields(tmp_path, counted=False))
    window = PlateletsWindow(context, ReviewController(session), pool)
    qtbot.addWidget(window)
    window.show()
    assert "by field" in window.figures.text()
    assert not window.tabs.isVisible()
    window.close()
    session.close()


def test_the_menu_opens_it_once_and_it_goes_with_the_case(
    qtbot: QtBot, context: UiContext, memory: WindowMemory, tmp_path: Path
) -> None:
    with shown_tools(context, a_workspace(tmp_path), memory) as tools:
        films = tools.films
        films.show_platelets()
        assert films.platelets is None  # no case is open
        tools.window.attach(tools.workspace.open_case(a_case_of_fields(tmp_path)))
        films.show_platelets()
        first = films.platelets
        films.show_platelets()
        assert first is not None
        assert films.platelets is first
        tools.window.close_case()
        qtbot.waitUntil(lambda: films.platelets is None)
