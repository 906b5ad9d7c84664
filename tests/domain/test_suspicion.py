"""Which cells are shown first: by what is counted, in what order, and what is told of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.domain.cell import (
    FLAG_BLURRED,
    FLAG_LOOK_FIRST,
    FLAG_OUTSIDE_FRAME,
    FLAG_POOR_PICTURE,
    Box,
    Cell,
)
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import ReviewState, make_event
from bloodcells_gui.domain.suspicion import (
    DEFAULT,
    LookFirst,
    is_flagged,
    queue,
    queue_remark,
    rule_of,
    with_flag,
)

CLASSES = ("SNE", "LY", "BL", "PMY")
NOTHING = np.zeros(0, np.float32)


def a_cell(id: int, scores: tuple[float, ...], **more: object) -> Cell:
    best = int(np.argmax(scores))
    cell = Cell(
        id, 0, Box(0, 0, 9, 9), 0.1, CLASSES[best], scores[best], False, 0.1, np.array(scores, "f4"), NOTHING
    )
    return replace(cell, **more)


def reviewed(cells: list[Cell], *acts: tuple[EventKind, int, str]) -> ReviewState:
    state = ReviewState(cells)
    for kind, cell_id, code in acts:
        state.apply(make_event(state, kind, "Ada", (cell_id,), code))
    return state


def test_a_lymphocyte_that_resembles_a_blast_a_little_is_shown_and_keeps_its_name() -> None:
    sure, alike = a_cell(0, (0.0, 0.999, 0.001, 0.0)), a_cell(1, (0.0, 0.97, 0.03, 0.0))
    shown = DEFAULT.marked([sure, alike], CLASSES)
    assert [is_flagged(c) for c in shown] == [False, True]
    assert [c.predicted for c in shown] == ["LY", "LY"]
    assert shown[1].suspicion == pytest.approx(0.03)


def test_a_promyelocyte_is_shown_behind_a_blast() -> None:
    cells = [a_cell(0, (0.0, 0.1, 0.0, 0.9)), a_cell(1, (0.0, 0.1, 0.9, 0.0))]
    shown = DEFAULT.marked(cells, CLASSES)
    assert queue(shown, ReviewState(shown)) == [1, 0]


probabilities = st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4)


@given(found=probabilities, adapted=probabilities, more=st.floats(0, 1, width=32))
def test_suspicion_never_falls_with_the_adaptation_nor_with_a_larger_probability(
    found: list[float], adapted: list[float], more: float
) -> None:
    a, b = np.array([found], np.float32), np.array([adapted], np.float32)
    alone, both = DEFAULT.suspicion(CLASSES, a), DEFAULT.suspicion(CLASSES, a, b)
    assert 0 <= alone[0] <= both[0] <= 1
    raised = a.copy()
    raised[0, 2] = min(1.0, raised[0, 2] + more)
    assert DEFAULT.suspicion(CLASSES, raised)[0] >= alone[0]


def test_a_run_keeps_the_rule_it_was_made_with() -> None:
    rule = LookFirst({"BL": 1.0, "PMY": 0.25}, 0.0125)
    assert rule_of({"threads": "2", **rule.to_parameters()}) == rule
    assert rule_of(DEFAULT.to_parameters()) == DEFAULT
    assert rule_of({}) == DEFAULT
    tiny = LookFirst({"BL": 1e-05}, 2e-07)
    assert rule_of(tiny.to_parameters()) == tiny


@pytest.mark.parametrize(
    "text",
    ["", "BL 1", "limit 0.1", "BL 1; limit", "BL nan; limit 0.1", "XX 1; limit 0.1", "BL 2; limit 0.1"],
)
def test_a_rule_that_no_version_wrote_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="look_first"):
        rule_of({"look_first": text})


def test_a_card_gives_weights_and_a_limit_or_nothing() -> None:
    assert LookFirst.from_card(None) == DEFAULT
    card = {"weights": {"BL": 1, "PMY": 0.5}, "limit": 0.05}
    assert LookFirst.from_card(card) == LookFirst({"BL": 1.0, "PMY": 0.5}, 0.05)
    for wrong in ({"weights": {}, "limit": 0.1}, {"weights": {"BL": 1}, "limit": float("nan")}):
        with pytest.raises(ValueError, match="out of range"):
            LookFirst.from_card(wrong)


def test_the_flag_is_there_once_or_not_at_all() -> None:
    assert with_flag(("touching",), True) == ("touching", FLAG_LOOK_FIRST)
    assert with_flag(("touching", FLAG_LOOK_FIRST), True) == ("touching", FLAG_LOOK_FIRST)
    assert with_flag((FLAG_LOOK_FIRST, "touching"), False) == ("touching",)


def test_who_was_looked_at_leaves_the_queue_and_stays_in_the_remark() -> None:
    cells = list(
        DEFAULT.marked([a_cell(i, (0.0, 0.9 - i / 100, 0.1 + i / 100, 0.0)) for i in range(4)], CLASSES)
    )
    assert queue(cells, ReviewState(cells)) == [3, 2, 1, 0]
    acts = (EventKind.RELABEL, 3, "BL"), (EventKind.CONFIRM, 1, ""), (EventKind.EXCLUDE, 0, "")
    state = reviewed(cells, *acts)
    assert queue(cells, state) == [2]
    (remark,) = queue_remark(cells, state)
    assert dict(remark.params) == {"n_flagged": "4", "n_seen": "3", "n_blasts": "1"}
    assert remark.severity == "warning"
    state.apply(make_event(state, EventKind.CONFIRM, "Ada", (2,)))
    (done,) = queue_remark(cells, state)
    assert done.severity == "info"
    assert "4 cells that may be blasts; looked at by a person: 4, named a blast: 1" in remark_text(done, "en")


def test_a_cut_cell_that_may_be_a_blast_is_shown_first_too() -> None:
    """Whether it counts is one question, whether there is a blast another."""
    (cell,) = DEFAULT.marked([a_cell(0, (0.0, 0.5, 0.5, 0.0), flags=(FLAG_OUTSIDE_FRAME,))], CLASSES)
    state = ReviewState([cell])
    assert is_flagged(cell)
    assert queue([cell], state) == [0]
    (said,) = queue_remark([cell], state)
    assert dict(said.params)["n_flagged"] == "1"
    state.apply(make_event(state, EventKind.EXCLUDE, "ana", (0,)))
    assert queue([cell], state) == []
    assert dict(queue_remark([cell], state)[0].params)["n_seen"] == "1"


def test_a_picture_of_which_nothing_can_be_told_raises_no_suspicion() -> None:
    dark, blurred = DEFAULT.marked(
        [
            a_cell(0, (0.0, 0.5, 0.5, 0.0), flags=(FLAG_POOR_PICTURE,)),
            a_cell(1, (0.0, 0.5, 0.5, 0.0), flags=(FLAG_BLURRED,)),
        ],
        CLASSES,
    )
    assert not is_flagged(dark)
    assert is_flagged(blurred)


def test_without_a_flagged_cell_nothing_is_said() -> None:
    cells = DEFAULT.marked([a_cell(0, (0.99, 0.01, 0.0, 0.0))], CLASSES)
    assert queue_remark(cells, ReviewState(cells)) == ()
