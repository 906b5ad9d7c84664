"""100,000 cells in one case: the figures the gallery has to reach, in processor time of the window's thread.

Processor time, so that a busy machine does not fail the test; ``-s`` prints the figures.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.review import ReviewController
from tests.support.fakes import FakeSession, make_cells

CELLS = 100_000


@pytest.fixture(scope="module")
def session() -> FakeSession:
    session = FakeSession(make_cells(CELLS))
    pictures = [session.thumbnail(c.id) for c in session.cells[:60]]
    session.thumbnail = lambda cell_id: pictures[cell_id % 60]  # type: ignore[method-assign]
    return session


@pytest.fixture
def page(qtbot: QtBot, context: UiContext, session: FakeSession, pool: QThreadPool) -> Iterator[CasePage]:
    page = CasePage(context, ReviewController(session), pool)
    qtbot.addWidget(page)
    page.resize(1440, 860)
    page.show()
    yield page
    page.close_case()
    pool.waitForDone()


def p95_ms(act: Callable[[int], None], times: int) -> float:
    spent = []
    for i in range(times):
        start = time.thread_time()
        act(i)
        spent.append(1000 * (time.thread_time() - start))
        QApplication.processEvents()
    return sorted(spent)[int(0.95 * (times - 1))]


@pytest.mark.slow
def test_the_gallery_opens_within_a_second(
    qtbot: QtBot, context: UiContext, session: FakeSession, pool: QThreadPool
) -> None:
    start = time.thread_time()
    page = CasePage(context, ReviewController(session), pool)
    qtbot.addWidget(page)
    page.resize(1440, 860)
    page.show()
    page.gallery.view.viewport().repaint()
    spent = time.thread_time() - start
    print(f"open {CELLS} cells: {spent:.2f} s")
    assert sum(page.gallery.model.counts()) == CELLS
    assert spent < 1.0
    page.close_case()
    pool.waitForDone()


@pytest.mark.slow
def test_scrolling_never_takes_longer_than_a_frame(page: CasePage) -> None:
    view = page.gallery.view
    bar = view.verticalScrollBar()
    rng = random.Random(1)

    def roll(_: int) -> None:
        bar.setValue(bar.value() + 90)
        view.viewport().repaint()

    def jump(_: int) -> None:
        bar.setValue(rng.randrange(bar.maximum()))
        view.viewport().repaint()

    rolling, jumping = p95_ms(roll, 150), p95_ms(jump, 100)
    print(f"scroll p95 {rolling:.1f} ms, jump p95 {jumping:.1f} ms")
    assert rolling < 33
    assert jumping < 33


@pytest.mark.slow
def test_a_key_reaches_the_table_as_fast_as_the_page_is_drawn(page: CasePage) -> None:
    """Against drawing the whole page in the same run, the machine's own yardstick.

    `scripts.benchmarks.large_case` measures the milliseconds.
    """
    view = page.gallery.view
    view.select_ids(list(page.gallery.model.ids(1)[:1]))
    keys = ["BL", "MO", "LY", "EO"]

    def decide(i: int) -> None:
        page.confirm() if i % 2 else page.relabel(keys[i // 2 % 4])
        page.differential.table.viewport().repaint()

    decided, drawn = p95_ms(decide, 100), p95_ms(lambda _: page.grab(), 20)
    print(f"decision to table p95 {decided:.1f} ms at {CELLS} cells, whole page {drawn:.1f} ms")
    assert decided < 3 * drawn


@pytest.mark.slow
def test_a_class_of_tens_of_thousands_moves_at_once(page: CasePage, session: FakeSession) -> None:
    view = page.gallery.view
    ids = list(page.gallery.model.ids(3))
    view.select_ids(ids[:1])
    start = time.thread_time()
    view.selectAll()
    QTest.keyClick(view, Qt.Key.Key_Home)
    view.selectAll()
    page.relabel("VLY")  # says how many are out of sight
    page.relabel("VLY")
    page.undo()
    spent = time.thread_time() - start
    print(f"relabel and undo {len(ids)} cells: {spent:.2f} s")
    assert len(view.selected_ids()) == len(ids)
    assert spent < 10
