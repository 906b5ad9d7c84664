"""The search for rare cells: its order, the exact statement, and what counts in it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.domain import rare_cells as rare
from bloodcells_gui.domain.cell import FLAG_LOOK_FIRST, FLAG_OUTSIDE_FRAME, FLAG_PLASMA_LOOK, Cell
from bloodcells_gui.domain.rare_search import DEFAULT_SEARCH, RARE_FIELD, RareSearch, search_of
from bloodcells_gui.domain.review import EventKind, SpecimenData
from bloodcells_gui.domain.review_state import ReviewState, make_event
from bloodcells_gui.domain.settings import LabSettings, parse, to_json_obj
from tests.support.report_case import CLASSES, make_cells

SEARCH = RareSearch(("BL", "ERB"), 400)


def cells_of(**numbers: int) -> list[Cell]:
    return [replace(c, abstained=False) for c in make_cells(numbers)]


def flagged(cell: Cell, suspicion: float) -> Cell:
    return replace(cell, flags=(*cell.flags, FLAG_LOOK_FIRST), suspicion=suspicion)


def act(state: ReviewState, kind: EventKind, ids: list[int], new: str = "") -> None:
    state.apply(make_event(state, kind, "A", ids, new, clock=lambda: "2026-11-30T10:00:00Z"))


def result(cells: list[Cell], state: ReviewState, *, whole_film: bool = True) -> rare.RareCells:
    return rare.rare_cells(cells, state, SEARCH, whole_film=whole_film)


@pytest.mark.parametrize(
    ("found", "cells", "said"), [(0, 1204, 402), (0, 1197, 400), (0, 1196, 399), (0, 59, 20), (3, 612, 79),
                                 (0, 0, 0), (1, 1, 0), (0, 3, 0), (0, 28, 0), (0, 29, 10)]
)  # fmt: skip
def test_the_bound_is_the_exact_one_sided_limit(found: int, cells: int, said: int) -> None:
    """With none found it is 1 - 0.05 ** (1 / n)."""
    assert rare.bound(found, cells) == said
    if said and not found:
        assert said == int(1 / (1 - 0.05 ** (1 / cells)) + 1e-9)


@pytest.mark.parametrize("one_in", [10, 59, 100, 400, 1000, 12345])
def test_so_many_cells_are_needed_and_no_fewer(one_in: int) -> None:
    needed = rare.cells_needed(one_in)
    assert rare.bound(0, needed) >= one_in > rare.bound(0, needed - 1)


def test_the_statement_counts_only_what_a_person_looked_at() -> None:
    cells = cells_of(SNE=1204, LY=4, SMU=0)
    state = ReviewState(cells)
    before = result(cells, state)
    assert (before.looked_at, before.unseen) == (0, 1208)
    assert rare.person_lines(before) == [rare.NONE_LOOKED_AT]
    act(state, EventKind.CONFIRM, [c.id for c in cells if c.predicted == "SNE"])
    after = result(cells, state)
    assert (
        rare.row_text(after.rows[0], after)
        == "0 of 1,204 cells looked at: fewer than 1 in 402, one-sided 95 %"
    )
    assert rare.row_text(after.rows[0], after, "fr").startswith("0 ")
    assert after.reached
    said = " ".join(rare.program_lines(after))
    assert "4 further cells with a nucleus. This excludes nothing." in said


def test_what_the_program_alone_proposes_stands_apart_and_waits() -> None:
    cells = cells_of(SNE=1204, BL=4)
    state = ReviewState(cells)
    act(state, EventKind.CONFIRM, [c.id for c in cells if c.predicted == "SNE"])
    found = result(cells, state)
    assert (found.waiting, found.rows[0].proposed, found.rows[0].bound) == (4, 4, 0)
    assert "4 Blast" in " ".join(rare.program_lines(found))


def test_what_was_found_has_an_upper_limit_and_ends_the_search_for_its_class() -> None:
    cells = cells_of(SNE=609, BL=3)
    state = ReviewState(cells)
    act(state, EventKind.CONFIRM, [c.id for c in cells])
    found = result(cells, state)
    assert [(row.found, row.bound) for row in found.rows] == [(3, 79), (0, 204)]
    assert not found.reached  # of erythroblasts not enough is known
    assert found.exhausted
    assert rare.end_text(found) == rare.EXHAUSTED
    partial = rare.end_text(result(cells, state, whole_film=False))
    assert "585 more cells" in partial
    assert "not searched to its end" in partial


def test_while_a_suspicious_cell_waits_no_limit_is_given() -> None:
    cells = cells_of(SNE=1300)
    cells[7] = flagged(cells[7], 0.3)
    state = ReviewState(cells)
    act(state, EventKind.CONFIRM, [c.id for c in cells if c.id != cells[7].id])
    found = result(cells, state)
    assert (found.waiting, found.reached, {row.bound for row in found.rows}) == (1, False, {0})
    assert "1 suspicious cell waits" in rare.end_text(found)
    act(state, EventKind.CONFIRM, [cells[7].id])
    assert result(cells, state).reached


@pytest.mark.parametrize(
    ("codes", "waiting"), [(("ERB",), 2), (("PC",), 1), (("BL", "MY"), 0), (("ERB", "PC"), 3)]
)
def test_no_class_is_rare_while_the_program_itself_proposes_it(codes: tuple[str, ...], waiting: int) -> None:
    """Who reviews the lymphocytes alone has not excluded the erythroblasts that nobody looked at."""
    cells = cells_of(SNE=1300, ERB=2)
    cells[1301] = replace(cells[1301], abstained=True)  # its best guess
    cells[7] = replace(cells[7], flags=(FLAG_PLASMA_LOOK,))
    state = ReviewState(cells)
    act(state, EventKind.CONFIRM, [c.id for i, c in enumerate(cells) if i < 1300 and i != 7])
    found = rare.rare_cells(cells, state, RareSearch(codes, 400), whole_film=True)
    assert found.waiting == waiting
    assert found.reached == (not waiting)
    assert all(bool(row.bound) == (not waiting) for row in found.rows)


def test_a_cell_outside_the_counting_frame_is_shown_only_where_it_is_suspicious() -> None:
    cells = cells_of(SNE=2, BL=1)
    outside = [replace(c, flags=(FLAG_OUTSIDE_FRAME,)) for c in cells]
    state = ReviewState([outside[0], flagged(outside[2], 0.9), cells[1]])
    found = rare.rare_cells([outside[0], flagged(outside[2], 0.9), cells[1]], state, SEARCH, whole_film=True)
    assert (found.unseen, found.waiting) == (2, 1)


def test_artefacts_smudges_and_cells_taken_out_are_no_cells_looked_at() -> None:
    cells = cells_of(SNE=6, PLT=2, ART=1)
    state = ReviewState(cells)
    ids = [c.id for c in cells]
    act(state, EventKind.EXCLUDE, ids[:1])
    act(state, EventKind.RELABEL, ids[1:2], "SMU")
    act(state, EventKind.CONFIRM, ids[2:])
    assert result(cells, state).looked_at == 4
    assert result(cells, state).unseen == 0


def test_the_suspicious_come_first_then_what_is_proposed_then_the_likeliest() -> None:
    cells = cells_of(SNE=5, BL=1, LY=1)
    scores = np.zeros(len(CLASSES), np.float32)
    scores[CLASSES.index("ERB")] = 0.4
    cells[0] = replace(cells[0], scores=scores)  # a neutrophil by name, perhaps an erythroblast
    cells[1] = flagged(cells[1], 0.05)
    cells[2] = flagged(cells[2], 0.9)
    cells[6] = replace(cells[6], flags=(FLAG_PLASMA_LOOK,))
    state = ReviewState(cells)
    columns = {0: CLASSES}
    order = rare.to_look_at(cells, state, columns, SEARCH)
    assert order[:4] == [cells[2].id, cells[1].id, cells[5].id, cells[0].id]
    with_plasma = rare.to_look_at(cells, state, columns, RareSearch(("PC",), 400))
    assert with_plasma[:3] == [cells[2].id, cells[1].id, cells[6].id]
    act(state, EventKind.CONFIRM, order[:1])
    assert rare.to_look_at(cells, state, columns, SEARCH) == order[1:]


def test_a_case_keeps_its_search_and_a_stranger_s_words_are_none() -> None:
    assert search_of(SpecimenData({RARE_FIELD: SEARCH.written()})) == SEARCH
    for text in ("", "BL", "BL; 0", "bl; 400", "BL; 400; x", "PLT; 400", "X" * 9 + "; 400", "BL; 4000000"):
        assert search_of(SpecimenData({RARE_FIELD: text})) is None
    assert search_of(SpecimenData({RARE_FIELD: "BL XX BL; 50"})) == RareSearch(("BL",), 50)


def test_the_settings_say_what_is_searched_for() -> None:
    settings = LabSettings(rare_cells=RareSearch(("BL", "PC"), 1000))
    assert parse(to_json_obj(settings) | {})[0].rare_cells.one_in == 1000
    wrong, problems = parse({"rare_cells": {"codes": ["PLT"], "one_in": 3}})
    assert (wrong.rare_cells, len(problems)) == (DEFAULT_SEARCH, 3)


def test_the_sensitivity_is_that_of_the_documents() -> None:
    """Range of "named or shown" over laboratories and both kinds of blasts, in the table of models.md."""
    text = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    head = next(line for line in text.splitlines() if line.startswith("| site left out | named, 20 in 100"))
    at = [i for i, name in enumerate(head.split("|")) if "named or shown" in name]
    below = text[text.index(head) :].split("\n\n")[0].splitlines()[2:]
    figures = [float(x) for row in below for x in re.findall(r"\d\.\d+", row.split("|")[at[0]])]
    assert (len(below), min(figures), max(figures)) == (
        rare.SENSITIVITY_SITES, rare.SENSITIVITY_LEAST / 100, rare.SENSITIVITY_MOST / 100,
    )  # fmt: skip
