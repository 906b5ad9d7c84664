"""Names that persons give to red cells: in the one stack, and never an act on cells of the differential."""

from __future__ import annotations

import pytest

from bloodcells_gui.domain.cell import FIRST_HAND_ID, FIRST_RED_CELL_ID, cell_number
from bloodcells_gui.domain.event_words import act_text, cells_text, new_text, old_text
from bloodcells_gui.domain.red_cells import NOT_COUNTED, RED_CELL_CODES
from bloodcells_gui.domain.review import Change, EventKind
from bloodcells_gui.domain.review_state import ReviewState, make_event
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.taxonomy import BY_CODE
from tests.support.review_machine import a_cell

R = FIRST_RED_CELL_ID
KIND = EventKind.NAME_RED_CELLS


def act(state: ReviewState, kind: EventKind, *cells: int, new: str = "") -> Change:
    return state.apply(make_event(state, kind, "ana", cells, new))


@pytest.fixture
def state() -> ReviewState:
    return ReviewState([a_cell(1), a_cell(2, "LY")])


def test_a_name_stands_for_the_red_cell_alone(state: ReviewState) -> None:
    before = dict(state.counts), state.label(1)
    change = act(state, KIND, R, R + 7, new="TEAR")
    assert (change.cells, change.red_cells, change.fields) == ((), (R, R + 7), ())
    assert state.red_cells == {R: "TEAR", R + 7: "TEAR"}
    assert (dict(state.counts), state.label(1)) == before
    act(state, KIND, R, new=NOT_COUNTED)
    act(state, KIND, R + 7, new="")
    assert state.red_cells == {R: NOT_COUNTED}


def test_undo_and_redo_lie_on_the_one_stack_and_tell_red_cells(state: ReviewState) -> None:
    act(state, KIND, R, new="TEAR")
    act(state, EventKind.RELABEL, 1, new="MO")
    act(state, KIND, R, R + 1, new="OVALO")
    undone = act(state, EventKind.UNDO)
    assert (undone.cells, undone.red_cells) == ((), (R, R + 1))
    assert undone.event is not None
    assert undone.event.old == ("OVALO", "OVALO")
    assert state.red_cells == {R: "TEAR"}
    assert act(state, EventKind.UNDO).cells == (1,)
    assert act(state, EventKind.UNDO).red_cells == (R,)
    assert state.red_cells == {}
    assert act(state, EventKind.REDO).red_cells == (R,)
    assert act(state, EventKind.REDO).cells == (1,)
    assert act(state, EventKind.REDO).red_cells == (R, R + 1)
    assert state.red_cells == {R: "OVALO", R + 1: "OVALO"}


@pytest.mark.parametrize(
    ("kind", "cells", "new"),
    [(KIND, (), "TEAR"), (KIND, (1,), "TEAR"), (KIND, (R, 1), "TEAR"), (KIND, (FIRST_HAND_ID,), "TEAR"),
     (KIND, (R,), "LY"), (KIND, (R,), "nonsense"), (EventKind.RELABEL, (R,), "LY"),
     (EventKind.CONFIRM, (R,), ""), (EventKind.EXCLUDE, (R,), ""), (EventKind.NOTE, (R,), "x"),
     (EventKind.TAG, (R,), "x"), (EventKind.SECOND_READ, (R,), "LY")],
)  # fmt: skip
def test_red_cells_and_other_cells_are_never_mixed(
    state: ReviewState, kind: EventKind, cells: tuple[int, ...], new: str
) -> None:
    with pytest.raises(ValueError):
        make_event(state, kind, "ana", cells, new, "pass" if kind is EventKind.SECOND_READ else "")


def test_an_undo_that_names_red_cells_takes_back_an_act_on_red_cells(state: ReviewState) -> None:
    act(state, EventKind.RELABEL, 1, new="MO")
    undo = make_event(state, EventKind.UNDO, "ana")
    forged = type(undo)(undo.seq, undo.kind, "ana", undo.time, (R,), target=undo.target)
    with pytest.raises(ValueError):
        state.apply(forged)


def test_shape_codes_are_no_codes_of_the_differential() -> None:
    assert not {*RED_CELL_CODES, NOT_COUNTED} & set(BY_CODE)


def test_acts_on_red_cells_have_words(state: ReviewState) -> None:
    settings = LabSettings()
    act(state, KIND, R, R + 1, new="TEAR")
    event = make_event(state, KIND, "ana", (R, R + 1), NOT_COUNTED)
    assert act_text(event.kind) == "Red cells named"
    assert (new_text(event, settings), old_text(event, settings)) == ("Not counted", "Teardrop cell ×2")
    assert new_text(make_event(state, KIND, "ana", (R,), ""), settings) == "As the program proposes"
    undo = make_event(state, EventKind.UNDO, "ana")
    assert old_text(undo, settings) == "Teardrop cell ×2"
    assert cells_text(event.cells) == "R1, R2"
    assert [cell_number(i) for i in (7, FIRST_HAND_ID, R + 11)] == ["7", "H1", "R12"]
