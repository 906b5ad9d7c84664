"""Where the cursor goes after a decision, and what stays out of decisions on many cells."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest

from bloodcells_gui.domain.cell import FLAG_LOOK_FIRST, FLAG_OUTSIDE_FRAME
from bloodcells_gui.domain.counted_fields import LEFT_OUT_FIELD
from bloodcells_gui.domain.platelet_clumps import REFUTED_FIELD
from bloodcells_gui.domain.review import EventKind, Status
from bloodcells_gui.ui.main_window import MainWindow
from tests.support.desk import CTRL, Desk
from tests.support.fakes import FakeSession, FakeWorkshop, make_cells

Key = Qt.Key


def flagged(window: MainWindow, workshop: FakeWorkshop, *, outside: bool = False) -> Desk:
    """A desk on which every ninth cell may be a blast, the more so the later it was found."""
    more = (FLAG_OUTSIDE_FRAME,) if outside else ()
    cells = [
        replace(c, flags=(*more, FLAG_LOOK_FIRST), suspicion=c.id / 1000) if c.id % 9 == 0 else c
        for c in make_cells(90)
    ]
    session = FakeSession(cells)
    window.attach(session)
    return Desk(window, session, workshop)


def test_a_class_key_in_the_queue_goes_to_the_next_cell_of_the_queue(
    window: MainWindow, workshop: FakeWorkshop
) -> None:
    desk = flagged(window, workshop)
    waiting = desk.session.look_first()
    desk.press(Key.Key_F7)
    assert desk.view.current_id() == waiting[0]
    desk.press(Key.Key_S)
    assert desk.view.current_id() == waiting[1]
    desk.press(Key.Key_Space)
    assert desk.view.current_id() == waiting[2]
    other = desk.go("SNE", 3)
    desk.press(Key.Key_Space)
    assert desk.session.decision(other).status is Status.CONFIRMED
    assert desk.view.current_id() != desk.session.look_first()[0]  # the cursor had left the queue


def test_a_possible_blast_outside_the_frame_is_shown_and_can_be_left_out(
    window: MainWindow, workshop: FakeWorkshop
) -> None:
    desk = flagged(window, workshop, outside=True)
    waiting = desk.session.look_first()
    assert len(waiting) == 10
    before = dict(desk.session.state.counts)
    desk.press(Key.Key_F7)
    desk.press(Key.Key_Delete)
    assert desk.session.state.decided(waiting[0])
    assert desk.session.state.counts == before
    assert desk.session.look_first() == waiting[1:]
    assert desk.view.current_id() == waiting[1]


def test_chosen_cells_stand_alone_in_the_gallery(window: MainWindow, workshop: FakeWorkshop) -> None:
    desk = flagged(window, workshop)
    chosen = [desk.ids("SNE")[0], desk.ids("LY")[0]]
    desk.view.select_ids(chosen)
    desk.press(Key.Key_G, modifier=CTRL)
    assert sum(desk.page.gallery.model.counts()) == 2
    assert sorted(desk.view.selected_ids()) == sorted(chosen)
    desk.page.gallery.show_all()
    assert sum(desk.page.gallery.model.counts()) == 90


def test_no_tool_tip_covers_the_loupe(window: MainWindow, workshop: FakeWorkshop) -> None:
    desk = flagged(window, workshop)
    loupe, viewport = desk.page.gallery.loupe, desk.view.viewport()

    tip = QHelpEvent(QHelpEvent.Type.ToolTip, QPoint(40, 60), QPoint(40, 60))
    assert not loupe.eventFilter(viewport, tip)
    loupe.switch(True)
    assert loupe.eventFilter(viewport, tip)
    loupe.switch(False)
    QTest.qWait(10)


@pytest.mark.parametrize(
    ("kind", "key", "new", "said"),
    [
        (EventKind.GRADE, "schistocytes", "1+", "Morphology graded (Schistocytes: 1+)"),
        (EventKind.SET_FIELD, LEFT_OUT_FIELD, "a b", "Field filled in (Counted fields left out: 2)"),
        (EventKind.SET_FIELD, REFUTED_FIELD, "a", "Field filled in (Places found to be no clump: 1)"),
        (EventKind.NOTE, "", "Seen.", "Comment added (Seen.)"),
    ],
)
def test_what_no_view_shows_is_taken_back_in_words(
    window: MainWindow, workshop: FakeWorkshop, kind: EventKind, key: str, new: str, said: str
) -> None:
    desk = flagged(window, workshop)
    desk.session.act(kind, (), new, key=key)
    desk.press(Key.Key_Z, modifier=CTRL)
    assert not desk.session.state.can_undo
    texts = [b.texts for b in window.banners.banners]
    assert any(t[0] == f"Taken back: {said}." and "Ctrl+Y" in t[2] for t in texts)
    desk.press(Key.Key_Y, modifier=CTRL)
    assert desk.session.state.can_undo
    texts = [b.texts for b in window.banners.banners]
    assert any(t[0] == f"Done again: {said}." and "Ctrl+Z" in t[2] for t in texts)


def test_a_decision_on_a_cell_that_is_shown_is_taken_back_without_words(
    window: MainWindow, workshop: FakeWorkshop
) -> None:
    desk = flagged(window, workshop)
    desk.go("SNE", 3)
    desk.press(Key.Key_Space)
    desk.press(Key.Key_Z, modifier=CTRL)
    assert not desk.session.state.can_undo
    assert not any(b.texts[0].startswith("Taken back") for b in window.banners.banners)
