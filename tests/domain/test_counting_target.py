"""How much of a case is reviewed: of the cells that were found, whatever was counted by hand."""

from __future__ import annotations

import pytest

from bloodcells_gui.domain.counting_target import reviewed_percent


@pytest.mark.parametrize(
    ("cells", "reviewed", "by_hand", "counted", "target", "percent"),
    [
        (100, 10, 0, 100, 200, 10),
        (100, 10, 900, 1000, 200, 10),  # ninety unseen cells stay unseen
        (100, 0, 5, 105, 200, 0),
        (3, 3, 5, 8, 200, 100),
        (0, 0, 50, 50, 200, 25),  # a count by hand alone goes to its target
        (0, 0, 5, 5, 0, 100),
        (0, 0, 0, 0, 200, None),
    ],
)
def test_of_the_cells_found(
    cells: int, reviewed: int, by_hand: int, counted: int, target: int, percent: int | None
) -> None:
    found = reviewed_percent(cells=cells, reviewed=reviewed, by_hand=by_hand, counted=counted, target=target)
    assert found == percent
