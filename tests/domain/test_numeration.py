"""What is counted beside the cells, in words."""

from __future__ import annotations

import pytest

from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.numeration import numeration, plain_tallies, with_unlisted

TALLIES = {
    "RBC": 33030.0, "WBC": 256.0, "PLT": 1272.0, "sampled_mm2": 5.07, "scanned_mm2": 6.02,
    "PLT_per_field": 9.53, "PLT_unlisted": 1293.0, "done/0/1x1/0/0": 7.0,
}  # fmt: skip


def test_the_three_counts_stand_on_the_same_area() -> None:
    lines = [tr(t, **v) for t, v in numeration(TALLIES)]
    assert lines[0] == (
        "33030 red cells, 256 nucleated cells and 1272 platelets on 5.07 mm² of readable monolayer "
        "(129 : 1 : 5.0)"
    )
    assert lines[1:] == [
        "9.5 platelets per 100x oil field of 0.038 mm²",
        "6.02 mm² searched",
        "1293 platelets counted but not listed as cells",
    ]
    french = [tr(t, "fr", **v) for t, v in numeration(TALLIES, ",")]
    assert "5,07 mm²" in french[0]
    assert all(a != b for a, b in zip(lines, french, strict=True))


def test_no_leukocyte_and_no_area() -> None:
    [(template, values)] = numeration({"RBC": 12.0, "PLT": 2.0, "sampled_mm2": 0.1})
    assert tr(template, **values).startswith("12 red cells and 2 platelets")
    assert numeration({}) == []


def test_platelets_that_earlier_versions_did_not_list_are_in_their_counts() -> None:
    runs = [TALLIES, {}, {"PLT_unlisted": 7.0}]
    assert with_unlisted({"SNE": 3, "PLT": 200}, runs) == {"SNE": 3, "PLT": 1500}
    assert with_unlisted({"SNE": 3}, [{"PLT_unlisted": 0.0}]) == {"SNE": 3}


@pytest.mark.parametrize("name", ["done/0/1x1/0/0", "field/3"])
def test_bookkeeping_is_not_shown(name: str) -> None:
    assert plain_tallies({name: 1.0, "fields": 3.0}) == {"fields": 3.0}
    assert plain_tallies(TALLIES) == {}
    assert plain_tallies({"RBC": 2140.0, "PLT": 118.0}) == {"RBC": 2140.0, "PLT": 118.0}
