"""Known cells: answers stay, are dated and append-only; a round tells nothing of a cell's class."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.known_cells import KnownAnswer, chosen_cells, scores
from bloodcells_gui.storage.known_cells import KnownCellsFile, NewKnownCell

CODES = ("SNE", "LY", "BL")


@pytest.fixture
def known(tmp_path: Path) -> Iterator[KnownCellsFile]:
    file = KnownCellsFile(tmp_path / "known-cells.bcl")
    cells = [NewKnownCell(CODES[n % 3], n, 0.1, b"jpeg %d" % n) for n in range(30)]
    assert file.add(cells, "Ana") == 30
    assert file.add(cells, "Ana") == 0  # the same entries of the library
    yield file
    file.close()


def test_answers_are_kept_with_reader_and_time_and_the_newest_stands(known: KnownCellsFile) -> None:
    number = known.begin("Bea", [1, 2, 3])
    for cell, code in ((1, "SNE"), (2, "SNE"), (2, "LY"), (3, "LY")):
        known.answer(number, cell, code)
    (found,) = known.rounds()
    assert (found.reader, found.began[-1], len(found.answers)) == ("Bea", "Z", 3)
    assert [(a.truth, a.said) for a in found.answers] == [("SNE", "SNE"), ("LY", "LY"), ("BL", "LY")]


@pytest.mark.parametrize(
    "change", ["UPDATE answers SET code = 'BL'", "DELETE FROM answers", "UPDATE cells SET code = 'LY'"]
)
def test_nothing_is_changed_afterwards(known: KnownCellsFile, change: str) -> None:
    known.answer(known.begin("Bea", [1]), 1, "LY")
    with closing(sqlite3.connect(known.path)) as other, pytest.raises(sqlite3.IntegrityError):
        other.execute(change)


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.bcl"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE cells (id)")
    with pytest.raises(UserError):
        KnownCellsFile(path)


def test_scores_are_exact_shares_by_class() -> None:
    stats = pytest.importorskip("scipy.stats")
    answers = [KnownAnswer("BL", "BL")] * 8 + [KnownAnswer("BL", "LY")] * 2 + [KnownAnswer("LY", "LY")] * 5
    total, *classes = scores(answers)
    assert (total.code, total.cells, total.right) == ("", 15, 13)
    assert {s.code: (s.right, s.cells) for s in classes} == {"BL": (8, 10), "LY": (5, 5)}
    blasts = next(s for s in classes if s.code == "BL")
    limits = stats.binomtest(8, 10).proportion_ci(0.95, "exact")
    assert (blasts.low, blasts.high) == pytest.approx((limits.low, limits.high))
    assert scores([]) == ()


def test_a_round_has_every_class_evenly_in_an_order_that_tells_nothing(known: KnownCellsFile) -> None:
    codes = known.codes()
    found = chosen_cells(codes, 12, "Bea/2026")
    assert len(set(found)) == 12
    assert sorted(codes[c] for c in found) == sorted(CODES * 4)
    assert found != chosen_cells(codes, 12, "Cleo/2026")
    runs = sum(codes[a] != codes[b] for a, b in pairwise(found))
    assert runs > 3  # not one class after the other
    assert set(chosen_cells(codes, 99, "x")) == set(codes)
