"""Shape classes of red cells: counts, exact limits and proposed grades."""

from __future__ import annotations

import numpy as np
import pytest

from bloodcells_gui.domain.grading import DEFAULT_GRADING, GradeItem
from bloodcells_gui.domain.red_cells import (
    FEWEST_FOR_GRADE,
    NOT_COUNTED,
    RED_CELL_CLASSES,
    RED_CELL_CODES,
    RED_CELL_MEASURES,
    RedCells,
    propose_grade,
    propose_grades,
    shares,
)

ITEMS = {item.id: item for item in DEFAULT_GRADING}


def codes(**counts: int) -> list[str]:
    return [code for code, n in counts.items() for _ in range(n)]


def table(n: int, first: int = 1) -> RedCells:
    probabilities = np.zeros((n, len(RED_CELL_CODES)), np.float32)
    probabilities[:, 0] = 1
    zeros = np.zeros(n, np.float32)
    return RedCells(
        np.arange(first, first + n), np.zeros(n, np.int32), np.ones(n, np.int32),
        np.zeros((n, 4), np.float32), np.zeros((n, len(RED_CELL_MEASURES)), np.float32),
        probabilities, zeros, np.zeros(n, np.bool_), np.zeros(n, np.bool_),
    )  # fmt: skip


def test_doubtful_cells_alone_make_no_grade() -> None:
    final = codes(NORM=900, TARGET=100)
    item = ITEMS["target-cells"]
    of = lambda unsure: {s.code: s for s in shares(final, (), ["TARGET"] * unsure)}["TARGET"]  # noqa: E731
    open_ = propose_grade(of(0), item)
    assert open_ is not None
    assert open_.grade
    # As many may be doubtful as leave the grade what it is; one more, and none is proposed.
    least = next(n for n in range(101) if item.grade(100 * (100 - n) / 1000) != open_.grade)
    kept, held = propose_grade(of(least - 1), item), propose_grade(of(least), item)
    assert kept is not None
    assert held is not None
    assert (kept.grade, kept.held) == (open_.grade, 0)
    assert (held.grade, held.held) == ("", least)


def test_every_class_has_its_own_code_key_and_an_item_that_exists():
    assert len({c.code for c in RED_CELL_CLASSES}) == len({c.key for c in RED_CELL_CLASSES}) == 13
    assert {c.grade_item for c in RED_CELL_CLASSES} - {""} <= set(ITEMS)


def test_shares_are_of_the_counted_cells_with_exact_limits():
    found = {s.code: s for s in shares([*codes(NORM=190, TARGET=10), NOT_COUNTED], ["TARGET"])}
    target = found["TARGET"]
    assert (target.count, target.total, target.by_person) == (10, 200, 1)
    assert target.percent == pytest.approx(5.0)
    # Clopper and Pearson for 10 of 200.
    assert (target.low, target.high) == pytest.approx((2.42, 9.00), abs=0.01)
    assert sum(s.count for s in found.values()) == 200


def test_no_cell_gives_shares_without_figures():
    assert {s.total for s in shares([])} == {0}
    assert propose_grades(shares([]), DEFAULT_GRADING) == {}


def test_no_grade_from_under_200_cells_nor_for_an_item_that_is_off():
    few = {s.code: s for s in shares(codes(NORM=FEWEST_FOR_GRADE - 51, TARGET=50))}["TARGET"]
    assert propose_grade(few, ITEMS["target-cells"]) is None
    enough = {s.code: s for s in shares(codes(NORM=150, TARGET=50))}["TARGET"]
    assert propose_grade(enough, GradeItem("target-cells", "Target cells", enabled=False)) is None


def test_a_grade_is_settled_where_both_limits_give_it_and_else_says_how_many_more_cells_may_settle_it():
    sure = propose_grade(
        {s.code: s for s in shares(codes(NORM=900, TARGET=100))}["TARGET"], ITEMS["target-cells"]
    )
    assert sure is not None
    assert sure.grade == "2+"
    assert sure.settled
    assert sure.more == 0
    near = propose_grade(
        {s.code: s for s in shares(codes(NORM=468, TARGET=32))}["TARGET"], ITEMS["target-cells"]
    )
    assert near is not None
    assert near.grade == "2+"
    assert not near.settled
    assert (near.lowest, near.highest) == ("", "2+")
    assert near.more == 1000


def test_none_and_a_few_cross_no_threshold():
    none = propose_grade(shares(codes(NORM=500))[RED_CELL_CODES.index("TARGET")], ITEMS["target-cells"])
    assert none is not None
    assert none.grade == ""
    assert none.settled


def test_what_a_person_named_holds_before_the_proposal():
    cells = table(3)
    assert cells.final({2: "SPHERO"}) == ["NORM", "SPHERO", "NORM"]


def test_tables_join_and_are_taken_apart():
    joined = RedCells.join([table(2), table(3, 10)])
    assert joined.ids.tolist() == [1, 2, 10, 11, 12]
    assert joined.take(joined.ids > 9).ids.tolist() == [10, 11, 12]
    assert RedCells.join([]).ids.dtype == np.int64


def test_few_cells_are_graded_of_schistocytes_alone():
    found = shares(codes(NORM=990, TARGET=5, SCHISTO=5))
    proposals = propose_grades(found, DEFAULT_GRADING)
    assert proposals["SCHISTO"].grade == "1+"
    assert proposals["TARGET"].grade == ""
    assert proposals["TARGET"].settled
    # Limits 0.16 to 1.16 %: more cells may bring 2+, which begins at 1 %.
    assert not proposals["SCHISTO"].settled
