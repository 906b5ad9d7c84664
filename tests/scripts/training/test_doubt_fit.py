"""The doubt is fitted on what the program would show; its rule binds rare cells and every laboratory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from scripts.training.doubt_fit import Choice, Doubt, Specimen, Table, chosen, keeps_rare
from scripts.training.serving import Answers, Serving, serve
from tests.support.made_answers import made_answers

POOL = {"adapted": 0.925, "own": 0.075, "change": 4.0, "unfamiliar": 0.056}
CARD = Choice(Doubt(1.5, 0.6, (0.925, 0.075, 1.0)), 0.2)


def some_cells() -> Answers:
    answers = made_answers()
    rng = np.random.default_rng(4)
    return replace(
        answers,
        disagreement=rng.random(len(answers)).astype(np.float32),
        distance=(2 * rng.random(len(answers))).astype(np.float32),
    )


@pytest.mark.parametrize("disagreement", [0.0, 0.3])
@pytest.mark.parametrize("unlike", [1.2, 3.0])
def test_a_table_holds_what_the_program_would_name(disagreement: float, unlike: float) -> None:
    cells = some_cells()
    card = Serving(threshold=0.2, pool={**POOL, "threshold": 0.2})
    doubt = Doubt(unlike, disagreement, (0.925, 0.075, 4.0))
    specimen = Specimen.of(cells, np.arange(len(cells)), card, unlike)
    table = Table.of([specimen], doubt, card)
    for threshold, critical in ((0.1, 0.2), (0.2, 0.2), (0.3, 0.3)):
        pool = {**POOL, "threshold": threshold, "critical": critical}
        wanted = serve(cells, replace(card, unlike=unlike, disagreement=disagreement, pool=pool))
        np.testing.assert_array_equal(table.named(threshold, critical), ~wanted.unidentified)
        np.testing.assert_array_equal(table.right, wanted.five == cells.five)
        assert 0.05 < table.shares(threshold, critical)[0] <= 1


def test_limits_lie_around_the_share_and_shrink_with_more_cells() -> None:
    def width(copies: int) -> float:
        n = 40 * copies
        right = np.arange(n) % 4 > 0
        yes, no = np.ones(n, bool), np.zeros(n, bool)
        table = Table(np.arange(n), np.zeros(n), yes, right, no, no, no)
        low, high = table.limits(0.2, 0.2)
        assert low[1] < 0.75 < high[1]
        assert low[0] == high[0] == 1
        return high[1] - low[1]

    assert width(8) < 0.6 * width(1)


def figures_of(named: float, right: float, lost: float = 0.1, found: float = 0.5) -> dict[str, float]:
    return {"named": named, "right": right, "BA found": found, "BA lost": lost}


def test_the_rule_names_most_and_holds_every_laboratory_and_rare_cells_to_it() -> None:
    present = {"a": figures_of(0.6, 0.99), "b": figures_of(0.8, 0.99)}
    other = Doubt(1.5, 0.0, (0.925, 0.075, 1.0))
    table = {
        CARD: present,
        Choice(other, 0.1): {"a": figures_of(0.7, 0.98), "b": figures_of(0.9, 0.98)},
        Choice(other, 0.2): {"a": figures_of(0.8, 0.98, lost=0.2), "b": figures_of(0.95, 0.98)},
        Choice(other, 0.3): {"a": figures_of(0.9, 0.96), "b": figures_of(0.99, 0.98)},
    }
    assert chosen(table, present, ["a", "b"], CARD) == Choice(other, 0.1)
    assert chosen(table, present, ["b"], CARD) == Choice(other, 0.3)  # a has no say of itself
    assert not keeps_rare(table[Choice(other, 0.2)], present, ["a", "b"])
    assert keeps_rare(table[Choice(other, 0.2)], present, ["b"])
    none = {c: {n: figures_of(0.9, 0.9) for n in "ab"} for c in table}
    assert chosen(none, present, ["a", "b"], CARD) is None


def test_of_nearly_as_good_choices_the_one_that_changes_least_is_taken() -> None:
    present = {"a": figures_of(0.6, 0.99)}
    little, much = (
        Choice(replace(CARD.doubt, disagreement=0.0), 0.2),
        Choice(Doubt(2.0, 0.0, (1.05, 0.0, 0.8)), 0.3),
    )
    assert (little.changes(CARD), much.changes(CARD)) == (1, 4)
    near = {little: {"a": figures_of(0.895, 0.98)}, much: {"a": figures_of(0.9, 0.98)}}
    assert chosen(near, present, ["a"], CARD) == little
    far = {little: {"a": figures_of(0.88, 0.98)}, much: {"a": figures_of(0.9, 0.98)}}
    assert chosen(far, present, ["a"], CARD) == much
