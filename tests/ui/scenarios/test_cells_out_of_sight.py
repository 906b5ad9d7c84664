"""One view with cells in front: what is out of sight is shown first, and the cursor stays with its cell."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.review import Change, EventKind
from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.taxonomy import UNIDENTIFIED
from bloodcells_gui.ui.gallery.dragging import pack_ids, unpack_ids
from bloodcells_gui.ui.gallery.model import GROUPS
from bloodcells_gui.ui.main_window import MainWindow
from tests.support.desk import Desk
from tests.support.slide_window import SIZE, PictureReader, SlideSession, cells, placed

Key = Qt.Key


def press(key: Qt.Key) -> None:
    """A key goes where the focus is."""
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, key)


def test_a_cell_that_is_scrolled_away_is_shown_before_it_is_decided_on(desk: Desk) -> None:
    cell_id = desk.go("SNE")
    bar = desk.view.verticalScrollBar()
    bar.setValue(bar.maximum())
    desk.press(Key.Key_T)
    assert desk.session.events == []
    assert desk.view.shows([cell_id])
    desk.press(Key.Key_T)
    assert desk.session.decision(cell_id).final == "BL"


def test_a_banner_that_comes_leaves_the_cell_in_sight(qtbot: QtBot, desk: Desk) -> None:
    desk.view.set_side(48)
    cell_id = desk.ids("SNE")[-1]
    desk.view.verticalScrollBar().setValue(0)
    desk.view.select_ids([cell_id])  # at the lower edge
    before = desk.view.viewport().height()
    desk.view.setFixedHeight(desk.view.height() - 60)
    qtbot.waitUntil(lambda: desk.view.viewport().height() < before - 50)
    assert desk.view.shows([cell_id])
    desk.view.setFocus()
    desk.press(Key.Key_T)
    assert desk.session.decision(cell_id).final == "BL"


def test_a_cell_of_a_folded_group_is_shown_before_it_is_decided_on(desk: Desk) -> None:
    cell_id = desk.go("SNE")
    desk.view.toggle_group(GROUPS.index("SNE"))
    desk.press(Key.Key_Space)
    assert desk.session.events == []
    assert desk.view.shows([cell_id])


def test_space_at_the_end_of_a_group_goes_on_in_the_next_one(desk: Desk) -> None:
    """It swung between the last two cells for ever."""
    order = [i for code in GROUPS if code not in (UNIDENTIFIED, EXCLUDED_LABEL) for i in desk.ids(code)]
    desk.session.confirm(desk.ids(UNIDENTIFIED))
    undecided = [i for i in order if not desk.session.state.decided(i)]
    desk.view.select_ids([undecided[0]])
    visited = []
    for _ in undecided:
        visited.append(desk.view.current_id())
        desk.press(Key.Key_Space)
    assert visited == undecided
    assert desk.session.state.reviewed == len(desk.session.cells)
    last = desk.view.current_id()
    assert last == visited[-1]
    written = len(desk.session.events)
    desk.press(Key.Key_Space)
    assert desk.view.current_id() == last  # nothing is open any more: it stays
    assert len(desk.session.events) == written  # and says nothing twice, so that one undo takes it back


def test_a_menu_acts_on_the_cells_it_was_opened_on(desk: Desk) -> None:
    """The selection may change under an open menu: an analysis goes on, cells move."""
    chosen = [desk.go("LY"), desk.ids("LY")[1]]
    desk.view.select_ids(chosen)
    desk.view.customContextMenuRequested.emit(QPoint(5, 5))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    desk.view.select_ids([desk.ids("LY")[5]])
    confirm = desk.window.actions_.get("confirm")
    menu.close()
    confirm.trigger()  # Qt closes a menu before it runs the command
    assert [list(e.cells) for e in desk.session.events] == [chosen]
    QApplication.sendPostedEvents(None, 0)
    QApplication.processEvents()
    assert desk.page.views.asked_about is None


def test_cells_that_arrive_leave_the_cursor_and_the_screen_where_they_are(desk: Desk) -> None:
    cell_id = desk.go("LY", 3)
    place = desk.view.tile_rect(cell_id).top()
    moved = desk.ids(UNIDENTIFIED)[:1]
    desk.session.events.clear()
    desk.page.gallery.refresh(Change(cells=(*moved, cell_id), event=None))
    assert desk.view.current_id() == cell_id
    assert desk.view.tile_rect(cell_id).top() == place


def test_cells_dragged_from_another_program_are_refused() -> None:
    """Their numbers name other cells here."""
    mine = pack_ids([3, 1])
    assert unpack_ids(mine) == [3, 1]
    mine.setData("application/x-bloodcells-program", b"another one")
    assert unpack_ids(mine) == []


def test_the_slide_decides_on_the_ringed_cell_alone_and_only_in_sight(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "bloodcells_gui.ui.slide_view.panel.SlideImages", lambda *_, **__: PictureReader(placed(0, SIZE))
    )
    session = SlideSession(cells())
    window.attach(session)
    page = window.page
    assert page is not None
    slide = page.slide
    assert slide is not None
    ids = [c.id for c in session.cells[:3]]
    page.gallery.view.select_ids(ids)
    page.views.setCurrentWidget(slide)
    assert QApplication.focusWidget() is slide.canvas
    assert page.views.targets() == [ids[0]]
    press(Key.Key_T)
    assert [list(e.cells) for e in session.events] == [[ids[0]]]
    current = slide.canvas.chosen
    assert current is not None
    slide.canvas.camera.look_at(-1e6, -1e6, 1.0)
    press(Key.Key_T)
    assert len(session.events) == 1  # it was out of sight
    assert slide.shows(current)
    slide.canvas.camera.look_at(-1e6, -1e6, 1.0)
    slide.remove_chosen()
    assert len(session.events) == 1
    press(Key.Key_T)
    assert list(session.events[-1].cells) == [current]


def told(desk: Desk) -> list[str]:
    return [b.texts[0] for b in desk.window.banners.banners]


def choose_a_group_that_is_not_all_in_sight(desk: Desk) -> list[int]:
    desk.view.set_side(128)
    desk.go("SNE")
    desk.press(Key.Key_A, modifier=Qt.KeyboardModifier.ControlModifier)
    ids = desk.view.selected_ids()
    assert sorted(ids) == sorted(desk.ids("SNE"))
    assert 0 < len(desk.view.in_sight(ids)) < len(ids)
    return ids


@pytest.mark.parametrize(
    ("key", "kind"),
    [(Key.Key_T, EventKind.RELABEL), (Key.Key_Space, EventKind.CONFIRM), (Key.Key_Delete, EventKind.EXCLUDE)],
)
def test_of_a_group_that_is_partly_out_of_sight_the_first_key_only_says_so(
    desk: Desk, key: Qt.Key, kind: EventKind
) -> None:
    ids = choose_a_group_that_is_not_all_in_sight(desk)
    hidden = len(ids) - len(desk.view.in_sight(ids))
    desk.press(key)
    assert desk.session.events == []
    assert told(desk) == [f"{hidden} of the {len(ids)} chosen cells are out of sight; nothing was decided."]
    desk.press(key)
    (event,) = desk.session.events
    assert (event.kind, sorted(event.cells)) == (kind, sorted(ids))


def test_another_key_or_another_choice_is_asked_about_anew(desk: Desk) -> None:
    ids = choose_a_group_that_is_not_all_in_sight(desk)
    desk.press(Key.Key_T, Key.Key_Space)
    assert desk.session.events == []
    desk.view.select_ids(ids[1:])
    desk.press(Key.Key_Space)
    assert desk.session.events == []
    desk.view.select_ids(ids)
    desk.press(Key.Key_Space)
    assert desk.session.events == []
    desk.press(Key.Key_Space)
    assert [sorted(e.cells) for e in desk.session.events] == [sorted(ids)]


def test_cells_that_are_all_in_sight_need_one_key(desk: Desk) -> None:
    ids = desk.ids("SNE")[:2]
    desk.go("SNE")
    desk.view.select_ids(ids)
    desk.press(Key.Key_T)
    assert [sorted(e.cells) for e in desk.session.events] == [sorted(ids)]
    assert told(desk) == []


def test_cells_that_were_dropped_say_how_many_were_out_of_sight(desk: Desk) -> None:
    ids = choose_a_group_that_is_not_all_in_sight(desk)
    hidden = len(ids) - len(desk.view.in_sight(ids))
    desk.page.gallery.dropped.emit(ids, "LY")
    assert [sorted(e.cells) for e in desk.session.events] == [sorted(ids)]
    assert told(desk) == [f"{hidden} of the {len(ids)} cells that were dropped were out of sight."]
