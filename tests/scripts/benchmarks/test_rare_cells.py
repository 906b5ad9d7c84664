"""The benchmark of the search for rare cells: exact numbers of drawn blasts, and their places."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from bloodcells_gui.domain.cell import Box
from bloodcells_gui.synthetic.smear import Smear
from bloodcells_gui.synthetic.stain import laboratory
from scripts.benchmarks.rare_cells import ranks, told
from tests.support.report_case import make_cells


@pytest.mark.parametrize("blasts", [0, 1, 3])
def test_a_slide_holds_exactly_so_many_blasts(blasts: int) -> None:
    smear = Smear((2048, 2048), 0.25, 1, laboratory(1, 4), cells=60, blasts=blasts)
    codes = Counter(p.sprite.code for p in smear.nucleated)
    assert (codes["BL"], sum(codes.values())) == (blasts, 60)


def test_a_blast_has_the_place_of_the_cell_that_lies_on_it() -> None:
    cells = [replace(cell, box_px=Box(100.0 * i, 0, 40, 40)) for i, cell in enumerate(make_cells({"SNE": 3}))]
    first, second, third = (c.id for c in cells)
    assert ranks(cells, [third, first], [(221, 19), (20, 20), (120, 20), (500, 500)]) == [1, 2, 0, 0]
    assert second not in (first, third)


def test_the_table_counts_films_with_a_blast_among_the_first_twenty() -> None:
    kept = [{"blasts": 3, "ranks": [1, 44, 0]}, {"blasts": 3, "ranks": [21, 22, 23]}]
    assert "1/2" in told(kept)[1]
    assert "5/6" in told(kept)[1]
