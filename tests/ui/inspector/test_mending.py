"""Outlines mended in the inspector: with the mouse, with the keys alone, kept, taken back and left."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QThreadPool
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.cell_views import decode_mask
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import sign
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import NUCLEUS_OUTLINE, EventKind
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.inspector.panel import InspectorPanel
from bloodcells_gui.ui.review import ReviewController
from tests.support.signed_cases import opened
from tests.support.workbench_window import a_case

Key = Qt.Key


@pytest.fixture
def session(tmp_path: Path) -> Iterator[CaseSession]:
    session = opened(a_case(tmp_path / "case.bcs", 4))
    yield session
    session.close()


@pytest.fixture
def panel(
    qtbot: QtBot, context: UiContext, pool: QThreadPool, session: CaseSession
) -> Iterator[InspectorPanel]:
    panel = InspectorPanel(context, ReviewController(session), pool)
    qtbot.addWidget(panel)
    panel.resize(420, 760)
    panel.show()
    panel.show_cell(session.cells[0].id)
    qtbot.waitUntil(lambda: panel.image.has_picture)
    yield panel
    panel.close_case()
    pool.waitForDone()


def mask(session: CaseSession, cell_id: int) -> np.ndarray:
    return decode_mask(session.assets(cell_id).mask)


def spot(panel: InspectorPanel, x: float, y: float) -> QPoint:
    """The place in the widget of a place of the mask, px."""
    assert panel.view is not None
    scale = panel.view.image.shape[0] / panel.view.mask.shape[0]
    corner = panel.image.to_picture(QPointF(0, 0))
    return ((QPointF(x, y) * scale - corner) * panel.image.zoom).toPoint()


def draw(panel: InspectorPanel, *points: tuple[float, float]) -> None:
    image = panel.image
    QTest.mousePress(image, Qt.MouseButton.LeftButton, pos=spot(panel, *points[0]))
    for start, end in pairwise(points):
        for t in np.linspace(0.1, 1, 10):
            QTest.mouseMove(image, spot(panel, *(np.array(start) + t * (np.array(end) - start))))
    QTest.mouseRelease(image, Qt.MouseButton.LeftButton, pos=spot(panel, *points[-1]))


def area_um2(session: CaseSession, cell_id: int) -> float:
    return next(value for name, value, _ in session.measurements(cell_id) if name == "cell_area_um2")


def middle_of(part: np.ndarray) -> tuple[float, float, float]:
    """x, y and the right end of a mask's part."""
    ys, xs = np.nonzero(part)
    return float(xs.mean()), float(ys.mean()), float(xs.max())


def test_a_stroke_is_kept_at_once_and_undo_brings_the_outline_back(
    qtbot: QtBot, panel: InspectorPanel, session: CaseSession
) -> None:
    one = session.cells[0].id
    before = mask(session, one)
    _, y, right = middle_of(before > 0)
    area = area_um2(session, one)
    panel.mend_outline()
    assert panel.mending.isVisible()
    draw(panel, (right - 6, y - 8), (right + 20, y - 8), (right + 20, y + 8), (right - 6, y + 8))
    after = mask(session, one)
    assert np.count_nonzero(after) - np.count_nonzero(before) == pytest.approx(16 * 20, rel=0.4)
    assert np.array_equal(after == 2, before == 2)
    [event] = session.store.events()
    assert (event.kind, event.cells, event.key) == (EventKind.MEND_OUTLINE, (one,), "cell")
    panel.tabs.setCurrentIndex(1)
    assert area_um2(session, one) > area
    qtbot.waitUntil(lambda: panel.mending.draft.mask is not after and panel.view is not None)
    qtbot.waitUntil(lambda: np.array_equal(panel.view.mask, after))  # type: ignore[union-attr]
    assert panel.mending.program_button.isVisible()
    session.undo()
    assert np.array_equal(mask(session, one), before)
    qtbot.waitUntil(lambda: np.array_equal(panel.mending.draft.mask, before))
    assert not panel.mending.program_button.isVisible()
    session.redo()
    panel.mending.program_button.click()
    assert np.array_equal(mask(session, one), before)
    panel.tabs.setCurrentIndex(2)
    texts = [panel.history.index(i, 0).data() for i in range(panel.history.rowCount())]
    assert texts[0] == "The program's own outline again"
    assert "Outline of the cell mended" in texts


def test_without_a_mouse_the_keys_push_keep_and_leave(
    qtbot: QtBot, panel: InspectorPanel, session: CaseSession
) -> None:
    one = session.cells[0].id
    before = mask(session, one)
    panel.mend_outline()
    panel.mend_outline()  # F12 again
    assert panel.mending.nucleus
    image = panel.image
    QTest.keyClick(image, Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    for _ in range(4):
        QTest.keyClick(image, Key.Key_Right)
    QTest.keyClick(image, Key.Key_PageUp)
    for _ in range(3):
        QTest.keyClick(image, Key.Key_Up)
    assert session.store.events() == []  # nothing is written before Enter
    assert panel.mending.keep_button.isEnabled()
    QTest.keyClick(image, Key.Key_Return)
    after = mask(session, one)
    assert np.count_nonzero(after == 2) > np.count_nonzero(before == 2)
    assert np.array_equal(after > 0, before > 0)
    assert [e.key for e in session.store.events()] == [NUCLEUS_OUTLINE]
    QTest.keyClick(image, Key.Key_Down)
    QTest.keyClick(image, Key.Key_Escape)  # the push is taken back first
    assert panel.mending.on
    assert not panel.mending.keep_button.isEnabled()
    QTest.keyClick(image, Key.Key_Escape)
    assert not panel.mending.on
    assert not panel.mending.button.isChecked()
    assert len(session.store.events()) == 1


def test_what_is_pushed_before_the_kept_outline_is_back_is_not_lost(
    qtbot: QtBot, panel: InspectorPanel, session: CaseSession
) -> None:
    panel.mend_outline()
    shift = Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(panel.image, Key.Key_Up, shift)
    QTest.keyClick(panel.image, Key.Key_Return)
    kept = mask(session, session.cells[0].id)
    QTest.keyClick(panel.image, Key.Key_Up, shift)
    pushed = panel.mending.draft.mask
    assert np.count_nonzero(pushed) > np.count_nonzero(kept)
    qtbot.waitUntil(lambda: panel.view is not None and np.array_equal(panel.view.mask, kept))
    assert np.array_equal(panel.mending.draft.mask, pushed)
    assert panel.mending.keep_button.isEnabled()
    QTest.keyClick(panel.image, Key.Key_Return)
    assert np.array_equal(mask(session, session.cells[0].id), pushed)


def test_a_stroke_that_says_nothing_is_not_kept_and_is_told(
    panel: InspectorPanel, session: CaseSession
) -> None:
    panel.mend_outline()
    QTest.mouseClick(panel.image, Qt.MouseButton.LeftButton, pos=spot(panel, 20, 20))
    draw(panel, (2, 2), (3, 2))
    assert session.store.events() == []
    usual = panel.mending.hint.text()
    assert usual


def test_another_cell_ends_the_mending_and_keeps_what_was_pushed(
    qtbot: QtBot, panel: InspectorPanel, session: CaseSession
) -> None:
    one, two = session.cells[0].id, session.cells[1].id
    before = mask(session, one)
    panel.mend_outline()
    QTest.keyClick(panel.image, Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    panel.show_cell(two)
    assert not panel.mending.on
    assert [(e.kind, e.cells) for e in session.store.events()] == [(EventKind.MEND_OUTLINE, (one,))]
    assert np.count_nonzero(mask(session, one)) > np.count_nonzero(before)
    assert session.state.can_undo
    panel.mend_outline()
    panel.show_cell(one)  # nothing was pushed
    assert len(session.store.events()) == 1
    qtbot.waitUntil(lambda: panel.view is not None)
    panel.ruler_button.setChecked(True)
    panel.mend_outline()
    assert not panel.ruler_button.isChecked()
    panel.ruler_button.setChecked(True)
    assert not panel.mending.on


def test_a_signed_case_says_why_no_outline_can_be_mended(
    qtbot: QtBot, panel: InspectorPanel, session: CaseSession
) -> None:
    session.relabel([c.id for c in session.cells], "LY")
    sign(session, "ana", "Reviewed and reported", "Short smear.")
    said: list[UserError] = []
    panel.mending.controller.failed.connect(said.append)
    panel.mend_outline()
    assert not panel.mending.on
    assert "signed" in said[0].text()


def test_class_keys_and_other_shortcuts_are_not_the_tools(panel: InspectorPanel) -> None:
    panel.mend_outline()
    tool = panel.mending
    for key, modifiers, own in (
        (Key.Key_L, Qt.KeyboardModifier.NoModifier, False),
        (Key.Key_Space, Qt.KeyboardModifier.NoModifier, False),
        (Key.Key_Delete, Qt.KeyboardModifier.NoModifier, False),
        (Key.Key_Up, Qt.KeyboardModifier.ControlModifier, False),
        (Key.Key_Escape, Qt.KeyboardModifier.NoModifier, True),
        (Key.Key_Up, Qt.KeyboardModifier.ShiftModifier, True),
    ):
        assert tool.key(QKeyEvent(QEvent.Type.KeyPress, key, modifiers), act=False) is own
