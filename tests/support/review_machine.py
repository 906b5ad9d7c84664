"""Random acts of a review against what must always hold."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
from hypothesis import strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bloodcells_gui.domain.cell import FIRST_RED_CELL_ID, FLAG_EDGE, FLAG_OUTSIDE_FRAME, Box, Cell
from bloodcells_gui.domain.red_cells import NOT_COUNTED
from bloodcells_gui.domain.review import PROPOSED_BY_HAND, Event, EventKind
from bloodcells_gui.domain.review_state import ReviewState, fold, make_event

CODES = ("SNE", "BNE", "LY", "MO", "BL", "ERB", "ART")


RED_CELLS = tuple(FIRST_RED_CELL_ID + i for i in range(3))
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
        "tags": dict(state.tags),
        "red": (dict(state.red_cells), dict(state.red_cell_names)),
        "signatures": list(state.signatures),
        "signed": (state.signed, state.version),
        "second": {k: dict(v) for k, v in state.second_reads.items()},
        "adjudicated": dict(state.adjudicated),
    }


class Review(RuleBasedStateMachine):
    """Random acts against the invariants; the reference is a fresh fold over what was stored."""

    def __init__(self) -> None:
        super().__init__()
        rng = random.Random(7)
        self.cells = [
            a_cell(i, rng.choice(CODES), abstained=i % 4 == 0, outside=i % 3 == 0) for i in range(10)
        ]
        self.cells += [a_cell(100 + i, "LY", run=-1) for i in range(3)]
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

    @rule(cell=strategies.sampled_from([100, 101, 102]))
    def add_as_proposal(self, cell: int) -> None:
        self.do(EventKind.ADD_CELL, [cell], new="LY", key=PROPOSED_BY_HAND)

    @rule(cells=some, tag=strategies.sampled_from(["Auer rod", "Vacuoles"]))
    def tag(self, cells: list[int], tag: str) -> None:
        self.do(EventKind.TAG, cells, new=tag)

    @rule(cells=some, tag=strategies.sampled_from(["Auer rod", "Vacuoles"]))
    def untag(self, cells: list[int], tag: str) -> None:
        self.do(EventKind.UNTAG, cells, new=tag)

    @rule(
        cells=strategies.lists(strategies.sampled_from(RED_CELLS), min_size=1, max_size=3),
        code=strategies.sampled_from(["TEAR", "NORM", NOT_COUNTED, ""]),
    )
    def name_red_cells(self, cells: list[int], code: str) -> None:
        self.do(EventKind.NAME_RED_CELLS, cells, new=code)

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
        assert {i: name.code for i, name in state.red_cell_names.items()} == state.red_cells
        assert not any(i in state for i in RED_CELLS)
        decided = sum(state.decided(i) for i in state._cells)  # noqa: SLF001  # the whole state is compared
        assert state.reviewed == decided
