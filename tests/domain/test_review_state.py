"""Events fold to one state: undo is identity, reload is identity, counts always sum."""

from __future__ import annotations

import time

import pytest
from hypothesis import settings

from bloodcells_gui.domain.review import PROPOSED_BY_HAND, Decision, Event, EventKind, Status
from bloodcells_gui.domain.review_state import ReviewState, make_event
from tests.support.review_machine import NOW, Review, a_cell, act, picture
from tests.support.rounds import rounds


def test_a_proposal_counts_and_an_abstained_cell_waits() -> None:
    state = ReviewState([a_cell(1), a_cell(2, "LY", abstained=True)])
    assert state.counts == {"SNE": 1}
    assert state.unidentified == 1
    assert state.decision(1) == Decision(Status.PROPOSED, "SNE")
    assert state.decision(2) == Decision(Status.UNIDENTIFIED, "")
    assert [state.label(1), state.label(2)] == ["SNE", "UNI"]


def test_confirming_an_unidentified_cell_takes_its_prediction() -> None:
    state = ReviewState([a_cell(2, "LY", abstained=True)])
    act(state, EventKind.CONFIRM, 2)
    assert state.decision(2) == Decision(Status.CONFIRMED, "LY", "ana", NOW)
    assert (state.counts, state.unidentified, state.reviewed) == ({"LY": 1}, 0, 1)


def test_confirming_a_relabelled_cell_keeps_the_label() -> None:
    state = ReviewState([a_cell(1)])
    act(state, EventKind.RELABEL, 1, new="BNE")
    act(state, EventKind.CONFIRM, 1, author="ben")
    assert state.decision(1) == Decision(Status.RELABELLED, "BNE", "ben", NOW)


def test_relabelling_to_the_prediction_is_a_confirmation() -> None:
    state = ReviewState([a_cell(1)])
    act(state, EventKind.RELABEL, 1, new="SNE")
    assert state.decision(1).status is Status.CONFIRMED


def test_exclude_then_restore_gives_back_what_stood() -> None:
    state = ReviewState([a_cell(1), a_cell(2, abstained=True)])
    act(state, EventKind.RELABEL, 1, new="MO")
    act(state, EventKind.EXCLUDE, 1, 2)
    assert (state.excluded, state.unidentified, state.counts) == (2, 0, {})
    assert state.decision(1) == Decision(Status.EXCLUDED, "", "ana", NOW)
    act(state, EventKind.EXCLUDE, 1)  # twice must not forget what stood before
    act(state, EventKind.RESTORE, 1, 2)
    assert state.decision(1).final == "MO"
    assert state.decision(2).status is Status.UNIDENTIFIED
    act(state, EventKind.RESTORE, 1)
    assert state.decision(1) == Decision(Status.PROPOSED, "SNE")


def test_a_cell_outside_the_counting_frame_counts_when_a_person_restores_it() -> None:
    state = ReviewState([a_cell(1, outside=True), a_cell(2, "BL", abstained=True, outside=True), a_cell(3)])
    assert state.decision(1) == Decision(Status.EXCLUDED, "")
    assert (state.counts, state.unidentified, state.excluded, state.reviewed) == ({"SNE": 1}, 0, 2, 0)
    assert state.outside_frame == {"SNE": 1, "BL": 1}
    assert [state.asks_nothing(i) for i in (1, 2, 3)] == [True, True, False]
    assert act(state, EventKind.RESTORE, 1, 2).old == ("EXCLUDED", "EXCLUDED")
    assert state.decision(1) == Decision(Status.PROPOSED, "SNE")
    assert state.decision(2).status is Status.UNIDENTIFIED
    assert (state.counts, state.unidentified, state.excluded) == ({"SNE": 2}, 1, 0)
    assert state.outside_frame == {}
    act(state, EventKind.UNDO)
    assert (state.excluded, state.outside_frame) == (2, {"SNE": 1, "BL": 1})
    act(state, EventKind.REDO)
    act(state, EventKind.EXCLUDE, 1)
    assert state.decision(1).reviewer == "ana"
    act(state, EventKind.RESTORE, 1)
    assert state.decision(1) == Decision(Status.PROPOSED, "SNE")
    act(state, EventKind.RELABEL, 2, new="LY")  # named by a person: it counts
    assert state.counts == {"SNE": 2, "LY": 1}


def test_events_carry_the_old_values() -> None:
    state = ReviewState([a_cell(1), a_cell(2, abstained=True), a_cell(3)])
    act(state, EventKind.EXCLUDE, 3)
    assert act(state, EventKind.RELABEL, 1, 2, 3, new="LY").old == ("SNE", "UNI", "EXCLUDED")
    act(state, EventKind.SET_FIELD, key="wbc", new="7.1")
    assert act(state, EventKind.SET_FIELD, key="wbc", new="7.2").old == ("7.1",)
    assert state.data.number("wbc") == 7.2
    act(state, EventKind.GRADE, key="anisocytosis", new="2+")
    assert act(state, EventKind.GRADE, key="anisocytosis", new="").old == ("2+",)
    assert state.grades == {}


def test_undo_and_redo_walk_the_whole_history_and_a_new_act_clears_redo() -> None:
    state = ReviewState([a_cell(i) for i in range(3)])
    first = act(state, EventKind.RELABEL, 0, new="LY")
    second = act(state, EventKind.EXCLUDE, 1)
    undo = act(state, EventKind.UNDO)
    assert (undo.target, undo.cells, undo.old) == (second.seq, (1,), ("EXCLUDED",))
    assert act(state, EventKind.UNDO).target == first.seq
    assert not state.can_undo
    assert act(state, EventKind.REDO).target == first.seq
    assert state.decision(0).final == "LY"
    assert state.next_redo() == second.seq
    act(state, EventKind.CONFIRM, 2)
    assert state.next_redo() is None
    with pytest.raises(ValueError, match="nothing to redo"):
        act(state, EventKind.REDO)


def test_the_change_names_what_an_undo_touched() -> None:
    state = ReviewState([a_cell(1), a_cell(2)])
    act(state, EventKind.RELABEL, 2, 1, new="LY")
    change = state.apply(make_event(state, EventKind.UNDO, "ana"))
    assert change.cells == (2, 1)
    act(state, EventKind.COUNT, key="PC", new="1")
    assert state.apply(make_event(state, EventKind.UNDO, "ana")).fields == ("PC",)


def test_hand_counts_step_and_never_fall_below_zero() -> None:
    state = ReviewState([a_cell(1)])
    act(state, EventKind.COUNT, key="SNE", new="2")
    event = act(state, EventKind.COUNT, key="SNE", new="-1")
    assert (event.old, event.new) == (("2",), "1")
    assert (state.counts, state.hand_counts) == ({"SNE": 2}, {"SNE": 1})
    with pytest.raises(ValueError, match="below zero"):
        act(state, EventKind.COUNT, key="SNE", new="-2")
    act(state, EventKind.COUNT, key="SNE", new="=40")
    assert state.hand_counts == {"SNE": 40}
    for bad in ("=-1", "=²", "x", "", "=9999999999"):
        with pytest.raises(ValueError, match=r"no (count|step)"):
            act(state, EventKind.COUNT, key="SNE", new=bad)


def test_a_cell_added_by_hand_stands_from_its_event_on() -> None:
    state = ReviewState([a_cell(1)])
    state.add_cells([a_cell(7, "PC", run=-1)])
    assert (state.counts, state.absent) == ({"SNE": 1}, 1)
    with pytest.raises(ValueError, match="removed"):
        act(state, EventKind.RELABEL, 7, new="LY")
    act(state, EventKind.ADD_CELL, 7, new="PC")
    assert state.counts == {"SNE": 1, "PC": 1}
    act(state, EventKind.REMOVE_CELL, 7)
    assert (state.counts, state.absent) == ({"SNE": 1}, 1)
    act(state, EventKind.UNDO)
    assert state.decision(7).final == "PC"
    with pytest.raises(ValueError, match="exclude it"):
        act(state, EventKind.REMOVE_CELL, 1)


def test_a_cell_added_as_a_proposal_waits_for_a_person() -> None:
    state = ReviewState([a_cell(1)])
    state.add_cells([a_cell(7, "PC", run=-1)])
    act(state, EventKind.ADD_CELL, 7, new="PC", key=PROPOSED_BY_HAND)
    assert state.decision(7).status is Status.PROPOSED
    assert (state.counts, state.reviewed, state.asks_nothing(7)) == ({"SNE": 1, "PC": 1}, 0, False)
    act(state, EventKind.UNDO)
    assert not state.present(7)
    act(state, EventKind.REDO)
    act(state, EventKind.RELABEL, 7, new="LY")
    assert state.decision(7).status is Status.RELABELLED
    act(state, EventKind.REMOVE_CELL, 7)
    assert (state.counts, state.absent) == ({"SNE": 1}, 1)


def test_tags_come_and_go_with_undo_and_stay_when_the_class_changes() -> None:
    state = ReviewState([a_cell(1), a_cell(2)])
    act(state, EventKind.TAG, 1, 2, new="Auer rod")
    tagged = act(state, EventKind.TAG, 1, new="Vacuoles")
    assert tagged.old == ("Auer rod",)
    assert state.tags == {1: ("Auer rod", "Vacuoles"), 2: ("Auer rod",)}
    act(state, EventKind.RELABEL, 1, new="BL")
    assert state.tags[1] == ("Auer rod", "Vacuoles")
    gone = act(state, EventKind.UNTAG, 1, new="Auer rod")
    assert gone.old == ("Auer rod; Vacuoles",)
    assert state.tags == {1: ("Vacuoles",), 2: ("Auer rod",)}
    act(state, EventKind.UNDO)
    assert state.tags[1] == ("Auer rod", "Vacuoles")
    for cell, tag in ((1, "Auer rod"), (2, " "), (2, "x" * 61)):
        with pytest.raises(ValueError, match="tag"):
            act(state, EventKind.TAG, cell, new=tag)
    with pytest.raises(ValueError, match="tag"):
        act(state, EventKind.UNTAG, 2, new="Vacuoles")


def test_a_signature_blocks_changes_until_amended_and_is_a_border_of_undo() -> None:
    state = ReviewState([a_cell(1)])
    act(state, EventKind.RELABEL, 1, new="LY")
    act(state, EventKind.SIGN, new="reviewed", key="aa")
    assert state.signed
    assert not state.can_undo
    for kind in (EventKind.CONFIRM, EventKind.EXCLUDE, EventKind.SECOND_READ):
        with pytest.raises(ValueError, match="signed"):
            act(state, kind, 1, key="2")
    with pytest.raises(ValueError, match="same report"):
        act(state, EventKind.SIGN, author="ben", new="approved", key="bb")
    act(state, EventKind.SIGN, author="ben", new="approved", key="aa")
    act(state, EventKind.AMEND, reason="wrong specimen id")
    assert (state.signed, state.version, state.can_undo) == (False, 2, False)
    assert [(a.version, a.reason) for a in state.amendments] == [(2, "wrong specimen id")]
    with pytest.raises(ValueError, match="only a signed"):
        act(state, EventKind.AMEND)
    act(state, EventKind.RELABEL, 1, new="MO")
    act(state, EventKind.SIGN, new="reviewed", key="cc")
    assert [(s.author, s.version, s.report_sha256) for s in state.signatures] == [
        ("ana", 1, "aa"), ("ben", 1, "aa"), ("ana", 2, "cc")]  # fmt: skip


def test_unidentified_cells_block_the_signature() -> None:
    state = ReviewState([a_cell(1, abstained=True)])
    with pytest.raises(ValueError, match="still unidentified"):
        act(state, EventKind.SIGN, new="reviewed")


@pytest.mark.parametrize("key", ["2", "reader", "count"])
def test_the_second_reader_stays_apart_until_adjudicated(key: str) -> None:
    state = ReviewState([a_cell(1), a_cell(2)])
    act(state, EventKind.RELABEL, 1, new="LY")
    act(state, EventKind.SECOND_READ, 1, 2, author="ben", key=key, new="VLY")
    assert state.second_reads == {key: {1: "VLY", 2: "VLY"}}
    assert state.second_readers == {key: "ben"}
    assert state.counts == {"LY": 1, "SNE": 1}
    assert state.can_undo  # the first reader's act, untouched by the second's
    act(state, EventKind.SECOND_READ, 2, author="ben", key=key, new="")
    assert state.second_reads == {key: {1: "VLY"}}
    act(state, EventKind.ADJUDICATE, 1, author="cleo", new="VLY")
    assert state.decision(1) == Decision(Status.RELABELLED, "VLY", "cleo", NOW)
    assert state.adjudicated == {1: "VLY"}
    assert not state.can_undo


@pytest.mark.parametrize(
    "event",
    [
        Event(2, EventKind.CONFIRM, "a", NOW, (1,)),
        Event(0, EventKind.CONFIRM, "a", NOW, (1,)),
        Event(1, EventKind.CONFIRM, "a", NOW, ()),
        Event(1, EventKind.CONFIRM, "a", NOW, (9,)),
        Event(1, EventKind.CONFIRM, "a", NOW, (1, 1)),
        Event(1, EventKind.RELABEL, "a", NOW, (1,), "XYZ"),
        Event(1, EventKind.RELABEL, "a", NOW, (1,), "UNI"),
        Event(1, EventKind.ADD_CELL, "a", NOW, (1,), "LY"),
        Event(1, EventKind.UNDO, "a", NOW, target=1),
        Event(1, EventKind.REDO, "a", NOW, target=0),
        Event(1, EventKind.COUNT, "a", NOW, key="XYZ", new="1"),
        Event(1, EventKind.COUNT, "a", NOW, key="LY", new="-1"),
        Event(1, EventKind.SET_FIELD, "a", NOW, new="x"),
        Event(1, EventKind.NOTE, "a", NOW, new="  "),
        Event(1, EventKind.SECOND_READ, "a", NOW, (1,), "LY"),
        Event(1, EventKind.AMEND, "a", NOW),
    ],
)
def test_an_impossible_event_is_refused_and_changes_nothing(event: Event) -> None:
    state = ReviewState([a_cell(1)])
    before = picture(state)
    with pytest.raises(ValueError):
        state.apply(event)
    assert picture(state) == before
    assert state.last_seq == 0


def test_adding_a_known_cell_is_refused_whole() -> None:
    state = ReviewState([a_cell(1)])
    with pytest.raises(ValueError, match="already"):
        state.add_cells([a_cell(2), a_cell(1)])
    assert 2 not in state


def test_an_event_needs_a_name_and_never_goes_back_in_time() -> None:
    state = ReviewState([a_cell(1)])
    with pytest.raises(ValueError, match="author"):
        make_event(state, EventKind.CONFIRM, "  ", [1])
    act(state, EventKind.CONFIRM, 1)
    assert make_event(state, EventKind.CONFIRM, "ana", [1], clock=lambda: "2025-12-31T00:00:00Z").time == NOW


def test_an_event_costs_its_cells_not_the_case() -> None:
    def one(n: int) -> float:
        state = ReviewState([a_cell(i) for i in range(n)])
        start = time.process_time()
        for i in range(200):
            act(state, EventKind.RELABEL, i, new="LY")
        return time.process_time() - start

    small, large = min(one(300) for _ in range(3)), min(one(30_000) for _ in range(2))
    assert large < 10 * small  # a fold that walked all cells would need 100 times as long


Review.TestCase.settings = settings(max_examples=rounds(30), stateful_step_count=40)
TestReview = Review.TestCase
