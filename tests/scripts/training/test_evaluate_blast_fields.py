"""What became of cells that were set into fields: counted from a case, by their places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from bloodcells_gui.domain.cell import FLAG_LOOK_FIRST, FLAG_OUTSIDE_FRAME, Box, Cell
from scripts.training.blast_fields import BLAST, LYMPHOCYTE, Pasted
from scripts.training.evaluate_blast_fields import found_at, is_named, tell_healthy, tell_made, tell_weak

NOTHING = np.zeros(0, np.float32)


def a_cell(id: int, x: float, code: str, image: int = 0, **more: object) -> Cell:
    cell = Cell(id, image, Box(x - 40, 60, 80, 80), 0.1, code, 0.9, False, 0.1, NOTHING, NOTHING)
    return replace(cell, **more)


def test_the_nearest_cell_within_five_micrometres_is_the_one_that_was_set() -> None:
    cells = [a_cell(0, 100, "BL"), a_cell(1, 130, "LY")]
    assert found_at(cells, Pasted(BLAST, 122, 100, 12), 0.1) is cells[1]
    assert found_at(cells, Pasted(BLAST, 190, 100, 12), 0.1) is None


def test_a_blast_counts_when_it_is_named_or_shown_and_a_missed_one_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cells = [
        a_cell(0, 100, "BL"),
        a_cell(1, 300, "LY", flags=(FLAG_LOOK_FIRST,)),
        a_cell(2, 500, "LY"),
        a_cell(3, 700, "BL", abstained=True),
        a_cell(4, 100, "LY", image=1),
    ]
    truth = {
        "a.png": [Pasted(BLAST, x, 100, 12) for x in (100, 300, 500, 700, 900)],
        "b.png": [Pasted(LYMPHOCYTE, 100, 100, 9)],
    }
    tell_made(cells, ["in/a.png", "in/b.png"], 0.1, truth)
    told = capsys.readouterr().out.splitlines()
    assert "5 set, 4 listed; of these named a blast 0.250, named or shown 0.500" in told[0]
    assert "1 set, 1 listed; of these named a blast 0.000, named or shown 0.000" in told[-1]
    assert [is_named(c) for c in cells] == [True, False, False, False, False]


def test_healthy_cells_are_counted_without_platelets_and_cells_outside_the_frame(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cells = [
        a_cell(0, 100, "SNE"),
        a_cell(1, 100, "LY", flags=(FLAG_LOOK_FIRST,)),
        a_cell(2, 100, "PLT"),
        a_cell(3, 100, "BL", flags=(FLAG_OUTSIDE_FRAME,)),
    ]
    tell_healthy("x", cells)
    assert "2 nucleated cells, named a blast 0, named or shown 1 (0.500)" in capsys.readouterr().out


def test_a_field_counts_once_however_many_of_its_cells_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    cells = [
        a_cell(0, 100, "BL", 0),
        a_cell(1, 300, "BL", 0),
        a_cell(2, 100, "LY", 1, flags=(FLAG_LOOK_FIRST,)),
        a_cell(3, 100, "LY", 2),
    ]
    tell_weak("x", cells, ["a", "b", "c"])
    assert "3 fields, 4 nucleated cells, 1 shown" in (out := capsys.readouterr().out)
    assert "with a blast named 1, named or in the queue 2" in out
