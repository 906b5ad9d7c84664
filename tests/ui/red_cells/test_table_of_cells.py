"""What the views read of the red cells: rows, orders, shares, proposals."""

from __future__ import annotations

import numpy as np

from bloodcells_gui.domain.grading import DEFAULT_GRADING
from bloodcells_gui.domain.red_cells import NOT_COUNTED, RED_CELL_MEASURES, RedCells
from bloodcells_gui.ui.red_cells.table_of_cells import ROWS, CellTable, Order
from tests.support.examined_fields import drawn_field, places

SPHERO = ROWS[3]


def some_cells() -> RedCells:
    cells = drawn_field(1, places(1)[0]).cells
    object.__setattr__(cells, "ids", np.arange(len(cells), dtype=np.int64) + 2**44)
    return cells


def table(named: dict[int, str] | None = None, cells: RedCells | None = None) -> CellTable:
    return CellTable(some_cells() if cells is None else cells, named or {}, DEFAULT_GRADING)


def test_rows_hold_every_cell_once_and_the_most_doubtful_come_first() -> None:
    found = table()
    ids = [i for code in ROWS for i in found.ids_of(code)]
    assert sorted(ids) == sorted(found.cells.ids.tolist())
    of_class = found.ids_of(SPHERO)
    assert len(of_class) == found.count(SPHERO) > 1
    doubts = [float(found.cells.doubt[found.row(i)]) for i in of_class]
    assert doubts == sorted(doubts, reverse=True)
    assert found.ids_of(SPHERO, Order.DOUBT, reverse=True) == of_class[::-1]
    assert found.ids_of(SPHERO, Order.FOUND) == sorted(of_class)


def test_sizes_sort_the_largest_first_and_what_was_not_measured_last_either_way() -> None:
    cells = some_cells()
    unknown = table(cells=cells).ids_of(SPHERO)[0]
    cells.measures[table(cells=cells).row(unknown), RED_CELL_MEASURES.index("diameter_um")] = np.nan
    found = table(cells=cells)
    for reverse in (False, True):
        ids = found.ids_of(SPHERO, Order.SIZE, reverse=reverse)
        sizes = [float(found.cells.measure("diameter_um")[found.row(i)]) for i in ids[:-1]]
        assert sizes == sorted(sizes, reverse=not reverse)
        assert ids[-1] == unknown
    assert len(found.values("diameter_um")) == len(found) - 1


def test_a_name_moves_a_cell_and_not_counted_leaves_the_count() -> None:
    before = table()
    first, second = before.ids_of(SPHERO)[:2]
    after = table({first: ROWS[8], second: NOT_COUNTED, 5: ROWS[0]})
    assert after.code(first) == ROWS[8]
    assert after.ids_of(NOT_COUNTED) == [second]
    assert after.counted == len(before) - 1
    assert after.count(SPHERO) == before.count(SPHERO) - 2
    share = after.share(ROWS[8])
    assert share is not None
    assert (share.count, share.by_person, share.total) == (1, 1, len(before) - 1)
    assert after.share(NOT_COUNTED) is None
    assert after.decided(first)
    assert set(after.named) == {first, second}  # a cell of another examination is none of these
    assert second not in [i for code in ROWS[:-1] for i in after.ids_of(code)]
    assert len(after.values("diameter_um", SPHERO)) == after.count(SPHERO)


def test_a_grade_comes_back_once_a_person_named_the_doubtful_cells() -> None:
    cells = RedCells.join([some_cells(), drawn_field(2, places(1)[0]).cells])
    object.__setattr__(cells, "ids", np.arange(len(cells), dtype=np.int64))
    doubtful = np.array([code == SPHERO for code in cells.predicted()], np.bool_)
    object.__setattr__(cells, "doubtful", doubtful)
    held = table(cells=cells).proposals[SPHERO]
    assert (held.grade, held.held) == ("", doubtful.sum())
    named = dict.fromkeys(cells.ids[doubtful].tolist(), SPHERO)
    assert (table(named, cells).proposals[SPHERO].grade, table(named, cells).proposals[SPHERO].held) == (
        "2+",
        0,
    )


def test_no_grade_is_proposed_from_few_cells_and_one_of_enough() -> None:
    assert table().proposals == {}  # 140 cells
    cells = RedCells.join([some_cells(), drawn_field(2, places(1)[0]).cells])
    object.__setattr__(cells, "ids", np.arange(len(cells), dtype=np.int64))
    found = table(cells=cells)
    assert found.counted >= 200
    assert found.proposals[SPHERO].item == "spherocytes"
    assert found.proposals[SPHERO].grade == "2+"
