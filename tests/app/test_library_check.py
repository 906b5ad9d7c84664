"""Cells of the reference library that the others contradict, and what becomes of a person's decisions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bloodcells_gui.app.library_check import LibraryCheck
from bloodcells_gui.app.reference_library import LIBRARY_NAME, ReferenceLibraryController
from tests.support.reference_cells import KINDS, planted_library

#: Cell 4 is a neutrophil, cell 9 a lymphocyte.
WRONG = {4: "MO", 9: "EO"}


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[ReferenceLibraryController]:
    shelf = ReferenceLibraryController(tmp_path)
    yield shelf
    shelf.close()


def test_planted_errors_are_named_with_what_the_others_say(
    tmp_path: Path, shelf: ReferenceLibraryController
) -> None:
    planted_library(tmp_path / LIBRARY_NAME, 60, WRONG)
    found = LibraryCheck(shelf).run()
    assert {(s.reference.source_cell, s.reference.code, s.others_say) for s in found.contradicted} == {
        (4, "MO", "SNE"),
        (9, "EO", "LY"),
    }
    assert found.contradicted[0].strength >= found.contradicted[1].strength
    assert all(s.other > s.own for s in found.contradicted)
    assert (found.cells, found.judged, found.looked_at, found.too_few) == (60, 60, 0, ())


def test_a_decision_stands_and_is_not_asked_for_again(
    tmp_path: Path, shelf: ReferenceLibraryController
) -> None:
    planted_library(tmp_path / LIBRARY_NAME, 60, WRONG)
    check = LibraryCheck(shelf)
    first, second = (s.reference for s in check.run().contradicted)
    check.keep(first, "ana")
    check.change(second, "LY" if second.source_cell == 9 else "SNE", "ben")
    again = LibraryCheck(shelf).run()
    assert again.contradicted == ()
    assert again.looked_at == 1  # the kept one is still contradicted
    told = {r.source_cell: r for r in shelf.entries()}
    assert told[second.source_cell].code == KINDS[second.source_cell % 4]
    assert told[first.source_cell].code == first.code
    trail = shelf.library().label_decisions(second.id)
    assert [(d.author, d.checked) for d in trail] == [("ben", True)]


def test_undo_takes_back_every_kind_of_decision(tmp_path: Path, shelf: ReferenceLibraryController) -> None:
    planted_library(tmp_path / LIBRARY_NAME, 60, WRONG)
    check = LibraryCheck(shelf)
    before = check.run()
    first, second = (s.reference for s in before.contradicted)
    check.change(first, "BL", "ana")
    check.keep(second, "ana")
    check.remove(second, "ana")
    assert len(shelf.entries()) == 59
    assert check.undo("ben") == second
    assert len(shelf.entries()) == 60
    assert check.undo("ben") == second
    assert check.undo("ben") == first
    assert check.undo("ben") is None
    assert LibraryCheck(shelf).run().contradicted == before.contradicted
    # What was done and taken back stays readable.
    assert [(d.code, d.author, d.checked) for d in shelf.library().label_decisions(first.id)] == [
        ("BL", "ana", True),
        (first.code, "ben", False),
    ]


def test_neighbours_are_of_the_class_and_not_contradicted(
    tmp_path: Path, shelf: ReferenceLibraryController
) -> None:
    planted_library(tmp_path / LIBRARY_NAME, 60, {4: "MO", 8: "MO"})
    check = LibraryCheck(shelf)
    doubted = next(s for s in check.run().contradicted if s.reference.source_cell == 4)
    assert len(check.alike(doubted.reference, "MO", 5)) == 5
    for code in ("MO", "SNE"):
        for cell in check.alike(doubted.reference, code, 20):
            assert cell.code == code
            assert cell.source_cell not in (4, 8)
    assert check.alike(doubted.reference, "BL") == []
    check.change(doubted.reference, "SNE", "ana")
    assert len(check.alike(doubted.reference, "SNE", 99)) == 13  # 15 of the kind, without the two


def test_cells_of_another_model_are_checked_among_themselves(
    tmp_path: Path, shelf: ReferenceLibraryController
) -> None:
    path = planted_library(tmp_path / LIBRARY_NAME, 40, {4: "MO"})
    planted_library(path, 40, {9: "EO"}, model="another model")
    found = LibraryCheck(shelf).run()
    assert {(s.reference.model[:7], s.reference.source_cell) for s in found.contradicted} == {
        ("lite0 a", 4),
        ("another", 9),
    }
    assert found.judged == 80


@pytest.mark.parametrize(("n", "kind"), [(0, {}), (2, {}), (12, dict.fromkeys(range(12), "LY"))])
def test_too_few_cells_or_one_class_are_said(
    tmp_path: Path, shelf: ReferenceLibraryController, n: int, kind: dict[int, str]
) -> None:
    planted_library(tmp_path / LIBRARY_NAME, n, kind)
    found = LibraryCheck(shelf).run()
    assert (found.cells, found.judged, found.contradicted) == (n, 0, ())


def test_a_rare_class_is_named(tmp_path: Path, shelf: ReferenceLibraryController) -> None:
    planted_library(tmp_path / LIBRARY_NAME, 40, {4: "BL"})
    found = LibraryCheck(shelf).run()
    assert found.too_few == ("BL",)
    assert found.judged == 39
