"""What is counted beside the cells, in words."""

from __future__ import annotations

from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.numeration import numeration, other_counts, with_unlisted
from bloodcells_gui.domain.run_record import RunCounts

COUNTS = RunCounts(
    searched_mm2=6.02, sampled_mm2=5.07, red_cells=33030, nucleated=256, platelets=1272,
    platelets_per_field=9.53, listed_platelets=200, unlisted_platelets=1293,
)  # fmt: skip


def test_the_three_counts_stand_on_the_same_area() -> None:
    lines = [tr(t, **v) for t, v in numeration(COUNTS)]
    assert lines[0] == (
        "33030 red cells, 256 nucleated cells and 1272 platelets on 5.07 mm² of readable monolayer "
        "(129 : 1 : 5.0)"
    )
    assert lines[1:] == [
        "9.5 platelets per 100x oil field of 0.038 mm²",
        "6.02 mm² searched",
        "1293 platelets counted but not listed as cells",
    ]
    french = [tr(t, "fr", **v) for t, v in numeration(COUNTS, ",")]
    assert "5,07 mm²" in french[0]
    assert all(a != b for a, b in zip(lines, french, strict=True))


def test_no_leukocyte_and_no_area() -> None:
    [(template, values)] = numeration(RunCounts(red_cells=12, platelets=2, sampled_mm2=0.1))
    assert tr(template, **values).startswith("12 red cells and 2 platelets")
    assert numeration(RunCounts()) == []


def test_platelets_that_earlier_versions_did_not_list_are_in_their_counts() -> None:
    runs = [COUNTS, RunCounts(), RunCounts(unlisted_platelets=7)]
    assert with_unlisted({"SNE": 3, "PLT": 200}, runs) == {"SNE": 3, "PLT": 1500}
    assert with_unlisted({"SNE": 3}, [RunCounts(unlisted_platelets=0)]) == {"SNE": 3}


def test_counts_without_an_area_are_told_by_name() -> None:
    assert other_counts(RunCounts(fields=3, searched_mm2=0.5)) == {"fields": 3.0, "scanned_mm2": 0.5}
    assert other_counts(COUNTS) == {}
    assert list(other_counts(RunCounts(red_cells=2140, platelets=118))) == ["PLT", "RBC"]
