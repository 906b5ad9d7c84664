"""Filter and order of the gallery, the number on the tile, and what may be confirmed at once."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from bloodcells_gui.domain.review import EventKind, Status
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.order import TAG, CellOrder, Shown, Sorting, filter_of, flags_and_tags
from tests.support.desk import CTRL, SHIFT, Desk
from tests.support.fakes import FakeSession, make_cells


@pytest.fixture
def session() -> FakeSession:
    return FakeSession(make_cells(60))


def ordered(order: CellOrder, session: FakeSession) -> list[int]:
    return [c.id for c in sorted(session.cells, key=lambda c: (order.rank(c), c.id))]


def test_each_order_and_its_reverse(context: UiContext, session: FakeSession) -> None:
    areas = {c.id: float(c.measurements[0]) for c in session.cells}
    by_size = ordered(CellOrder(session, context.language, Sorting.SIZE), session)
    assert by_size == sorted(areas, key=lambda i: -areas[i])
    turned = CellOrder(session, context.language, Sorting.SIZE, reverse=True)
    assert ordered(turned, session) == by_size[::-1]
    unsure = ordered(CellOrder(session, context.language, Sorting.PROBABILITY), session)
    assert session.cell(unsure[0]).probability == min(c.probability for c in session.cells)


def test_the_tile_shows_what_it_is_sorted_by_and_no_old_probability(
    context: UiContext, session: FakeSession
) -> None:
    cell = next(c for c in session.cells if c.predicted == "LY" and not c.abstained)
    figure = lambda by: CellOrder(session, context.language, by).figure(cell, session.decision(cell.id))  # noqa: E731
    assert figure(Sorting.PROBABILITY) == f"{100 * cell.probability:.0f} %"
    assert figure(Sorting.UNCERTAINTY) == f"{cell.uncertainty:.2f}"
    assert figure(Sorting.SIZE) == f"{cell.measurements[0]:.0f} µm²"
    session.relabel([cell.id], "MO")
    assert figure(Sorting.PROBABILITY) == figure(Sorting.UNCERTAINTY) == "← LY"
    assert figure(Sorting.SIZE).endswith("µm²")


def test_filters(session: FakeSession) -> None:
    def shown(key: str) -> set[int]:
        passes = filter_of(key, session)
        return {c.id for c in session.cells if passes is None or passes(c.id)}

    everything = {c.id for c in session.cells}
    assert shown(Shown.ALL) == everything
    changed = next(c.id for c in session.cells if c.predicted == "SNE")
    session.relabel([changed], "BNE")
    assert shown(Shown.CHANGED) == {changed}
    assert shown(Shown.OPEN) == everything - {changed}
    session.act(EventKind.TAG, [changed], "Vacuoles")
    session.act(EventKind.NOTE, [3], "look again")
    assert shown(Shown.TAGGED) == {changed, 3}
    assert shown(TAG + "Vacuoles") == {changed}
    assert TAG + "Vacuoles" in flags_and_tags(session)


def test_the_filter_of_open_cells_empties_as_they_are_confirmed(desk: Desk) -> None:
    choice = desk.page.gallery.choice
    choice.choose_filter(Shown.OPEN)
    cell = desk.go("LY")
    desk.press(Qt.Key.Key_Space)
    assert cell not in desk.ids("LY")
    assert desk.view.current_id() == desk.ids("LY")[0]
    desk.press(Qt.Key.Key_Z, modifier=CTRL)
    assert cell in desk.ids("LY")
    assert choice.shown == Shown.OPEN


def _seen_when_loaded(desk: Desk) -> list[int]:
    """The cells of the screen once all their pictures are there."""
    view = desk.view
    area = view.viewport().rect().adjusted(0, view._grid.metrics.heading, 0, 0)  # noqa: SLF001  # below the heading
    whole = {c.id for c in desk.session.cells if area.contains(view.tile_rect(c.id))}
    assert len(whole) > 3
    for _ in range(200):
        QTest.qWait(50)
        view.viewport().repaint()
        found = view.seen()
        if whole <= set(found):
            return found
    raise AssertionError("no pictures")


def test_the_screen_is_confirmed_in_one_step_without_what_needs_a_look_of_its_own(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bloodcells_gui.ui.gallery.view.SEEN_AFTER_S", 0.0)
    desk.go("SNE")
    view, session = desk.view, desk.session
    seen = _seen_when_loaded(desk)
    open_ones = {i for i in seen if session.decision(i).status is Status.PROPOSED} - set(session.look_first())
    before = len(session.events)
    desk.press(Qt.Key.Key_Space, modifier=SHIFT)
    assert len(session.events) == before + 1
    assert set(session.events[-1].cells) == open_ones
    assert session.state.unidentified
    unseen = [c.id for c in session.cells if c.id not in seen]
    assert not any(session.state.decided(i) for i in unseen)
    current = view.current_id()
    assert current in unseen
    desk.press(Qt.Key.Key_Z, modifier=CTRL)
    assert not any(session.state.decided(c.id) for c in session.cells)


def test_what_was_not_on_the_screen_long_enough_is_not_confirmed(desk: Desk) -> None:
    desk.go("SNE")
    _seen_when_loaded(desk)
    desk.view.verticalScrollBar().setValue(desk.view.verticalScrollBar().maximum())
    desk.view.viewport().repaint()
    before = set(desk.view.seen())
    assert not any(desk.view.tile_rect(i).top() < 0 for i in before)
    new = [i for i in desk.view._wanted if i not in before]  # noqa: SLF001  # what was painted just now
    assert new
    desk.press(Qt.Key.Key_Space, modifier=SHIFT)
    assert not any(desk.session.state.decided(i) for i in new)
