"""Events fold to one state: undo is identity, reload is identity, counts always sum."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bloodcells_gui.domain.cell import FLAG_EDGE, FLAG_OUTSIDE_FRAME, Box, Cell
from bloodcells_gui.domain.review import Decision, Event, EventKind, Status
from bloodcells_gui.domain.review_state import ReviewState, fold, make_event
from tests.support.rounds import rounds

CODES = ("SNE", "BNE", "LY", "MO", "BL", "ERB", "ART")
NOW = "2026-01-01T10:00:00Z"


def a_cell(
    cell_id: int, predicted: str = "SNE", *, abstained: bool = False, run: int = 0, outside: bool = False
) -> Cell:
    none, flags = np.zeros(0, np.float32), (FLAG_EDGE, FLAG_OUTSIDE_FRAME) if outside else ()
    return Cell(
        cell_id, 0, Box(0, 0, 9, 9), 0.1, predicted, 0.9, abstained, 0.1, none, none, flags=flags, run=run
    )


def act(state: ReviewState, kind: EventKind, *cells: int, **more: Any) -> Event:
    event = make_event(state, kind, more.pop("author", "ana"), cells, clock=lambda: NOW, **more)
    state.apply(event)
    return event


def picture(state: ReviewState) -> dict[str, Any]:
    """Everything a screen shows, without the stacks behind it."""
    return {
        "decisions": {i: (state.decision(i), state.present(i)) for i in sorted(state._cells)},  # noqa: SLF001  # the whole state is compared
        "counts": dict(state.counts),
        "numbers": (state.unidentified, state.excluded, state.reviewed, state.absent),
        "outside": dict(state.outside_frame),
        "hand": dict(state.hand_counts),
        "data": dict(state.data.fields),
        "grades": dict(state.grades),
        "notes": list(state.notes),
        "signatures": list(state.signatures),
        "signed": (state.signed, state.version),
        "second": {k: dict(v) for k, v in state.second_reads.items()},
        "adjudicated": dict(state.adjudicated),
    }


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


class Review(RuleBasedStateMachine):
    """Random acts against the invariants; the reference is a fresh fold over what was stored."""

    def __init__(self) -> None:
        super().__init__()
        rng = random.Random(7)
        self.cells = [
            a_cell(i, rng.choice(CODES), abstained=i % 4 == 0, outside=i % 3 == 0) for i in range(10)
        ]
        self.cells += [a_cell(100 + i, "", run=-1) for i in range(3)]
        self.state = ReviewState(self.cells)
        self.events: list[Event] = []

    def do(self, kind: EventKind, cells: Any = (), **more: Any) -> None:
        before = picture(self.state)
        try:
            event = make_event(self.state, kind, "ana", tuple(cells), clock=lambda: NOW, **more)
        except ValueError:
            assert picture(self.state) == before
            return
        self.state.apply(event)
        self.events.append(event)

    some = strategies.lists(strategies.sampled_from([*range(10), 100, 101, 102]), min_size=1, max_size=4)
    code = strategies.sampled_from(CODES)

    @rule(cells=some)
    def confirm(self, cells: list[int]) -> None:
        self.do(EventKind.CONFIRM, cells)

    @rule(cells=some, code=code)
    def relabel(self, cells: list[int], code: str) -> None:
        self.do(EventKind.RELABEL, cells, new=code)

    @rule(cells=some)
    def exclude(self, cells: list[int]) -> None:
        self.do(EventKind.EXCLUDE, cells)

    @rule(cells=some)
    def restore(self, cells: list[int]) -> None:
        self.do(EventKind.RESTORE, cells)

    @rule(cell=strategies.sampled_from([100, 101, 102]), code=code)
    def add_by_hand(self, cell: int, code: str) -> None:
        self.do(EventKind.ADD_CELL, [cell], new=code)

    @rule(cell=strategies.sampled_from([1, 100, 101, 102]))
    def remove(self, cell: int) -> None:
        self.do(EventKind.REMOVE_CELL, [cell])

    @rule(code=code, step=strategies.sampled_from(["1", "-1", "=5"]))
    def count(self, code: str, step: str) -> None:
        self.do(EventKind.COUNT, key=code, new=step)

    @rule(key=strategies.sampled_from("ab"), value=strategies.sampled_from(["", "1", "2"]))
    def fill_in(self, key: str, value: str) -> None:
        self.do(EventKind.SET_FIELD, key=key, new=value)
        self.do(EventKind.GRADE, key=key, new=value)

    @rule(text=strategies.sampled_from(["x", "y"]))
    def note(self, text: str) -> None:
        self.do(EventKind.NOTE, new=text)

    @rule(cells=some, code=code)
    def second_read(self, cells: list[int], code: str) -> None:
        self.do(EventKind.SECOND_READ, cells, key="2", new=code)

    @rule(cells=some, code=code)
    def adjudicate(self, cells: list[int], code: str) -> None:
        self.do(EventKind.ADJUDICATE, cells, new=code)

    @rule()
    def undo(self) -> None:
        self.do(EventKind.UNDO)

    @rule()
    def redo(self) -> None:
        self.do(EventKind.REDO)

    @precondition(lambda self: len(self.events) > 5)
    @rule()
    def sign_and_amend(self) -> None:
        self.do(EventKind.SIGN, new="reviewed", key="aa")
        if self.state.signed:
            shown = picture(self.state)
            self.do(EventKind.RELABEL, [1], new="LY")
            self.do(EventKind.UNDO)
            assert picture(self.state) == shown
            self.do(EventKind.AMEND, reason="why not")

    @rule(code=code, cell=strategies.sampled_from(range(10)))
    def undo_after_do_is_identity(self, code: str, cell: int) -> None:
        before = picture(self.state)
        n = len(self.events)
        self.do(EventKind.RELABEL, [cell], new=code)
        if len(self.events) == n + 1:
            after = picture(self.state)
            self.do(EventKind.UNDO)
            assert picture(self.state) == before
            self.do(EventKind.REDO)
            assert picture(self.state) == after
            self.do(EventKind.UNDO)
            assert picture(self.state) == before

    @rule()
    def undo_everything_and_redo_it(self) -> None:
        after = picture(self.state)
        steps = 0
        while self.state.can_undo:
            self.do(EventKind.UNDO)
            steps += 1
        for _ in range(steps):
            self.do(EventKind.REDO)
        assert picture(self.state) == after

    @rule()
    def reload(self) -> None:
        again = fold(self.cells, self.events)
        assert picture(again) == picture(self.state)
        assert (again.next_undo(), again.next_redo()) == (self.state.next_undo(), self.state.next_redo())
        self.state = again

    @invariant()
    def counts_sum(self) -> None:
        state = self.state
        hand = sum(state.hand_counts.values())
        assert len(state) == (
            sum(state.counts.values()) - hand + state.unidentified + state.excluded + state.absent
        )
        finals = Counter(d.final for i in state._cells if (d := state.decision(i)).final)  # noqa: SLF001  # the whole state is compared
        assert finals + Counter(state.hand_counts) == Counter(state.counts)
        assert all(n > 0 for n in state.counts.values())
        decided = sum(state.decided(i) for i in state._cells)  # noqa: SLF001  # the whole state is compared
        assert state.reviewed == decided


Review.TestCase.settings = settings(max_examples=rounds(30), stateful_step_count=40)
TestReview = Review.TestCase
