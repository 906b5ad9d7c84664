"""Limits that include the reader: what they hold for, when they are refused, what they cover."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bloodcells_gui.domain.errors import InvalidValue
from bloodcells_gui.domain.reader_limits import (
    ALL_DECIDED,
    NOT_EVALUATED,
    OTHER_MODEL,
    OTHER_PROFILE,
    ReaderMatrix,
    ReaderRow,
    matrix_from_json,
    pooled_limits,
    reader_limits,
)
from bloodcells_gui.domain.settings import LabSettings, parse, to_json_obj
from bloodcells_gui.domain.stats import clopper_pearson
from scripts.benchmarks import reader_limits as simulation

MODELS = {"classify": "lite0 " + "ab" * 32, "segment": "unet " + "cd" * 32}
RUN = (MODELS, "")
# One lymphocyte in five is named a monocyte; no monocyte, and no neutrophil, is misnamed.
MATRIX = ReaderMatrix(
    "ten",
    ("NEUTROPHIL", "LYMPHOCYTE", "MONOCYTE", "ERYTHROBLAST", "PLATELET"),
    ((200, 0, 0, 0, 0), (0, 160, 40, 0, 0), (0, 0, 200, 0, 0), (0, 0, 0, 200, 0), (0, 0, 0, 0, 90)),
    tuple(sorted(MODELS.items())),
    day="2026-11-29",
)
NAMED = {"SNE": 60, "LY": 32, "MO": 8}


def of(decided: dict[str, int], named: dict[str, int], matrix: ReaderMatrix = MATRIX) -> dict[str, ReaderRow]:
    return {row.code: row for row in reader_limits(matrix, decided, named, [RUN]).rows}


def test_misnaming_is_corrected_and_widens_the_limits() -> None:
    rows = of({}, NAMED)
    lymphocytes, monocytes = rows["LYMPHOCYTE"], rows["MONOCYTE"]
    assert lymphocytes.percent == pytest.approx(39.5, abs=1.5)
    assert monocytes.percent < 2
    assert monocytes.low95 == 0  # all eight may be lymphocytes
    low, high = (100 * limit for limit in clopper_pearson(32, 100))
    assert lymphocytes.high95 - lymphocytes.low95 > high - low
    assert (lymphocytes.count, monocytes.count) == (32, 8)


def test_they_are_the_same_whenever_they_are_computed() -> None:
    assert reader_limits(MATRIX, {}, NAMED, [RUN]) == reader_limits(MATRIX, {}, NAMED, [RUN])


def test_what_a_person_decided_carries_no_misnaming() -> None:
    """Monocytes that a person confirmed are no lymphocytes, so nothing is corrected by them."""
    rows = of({"MO": 8}, {"SNE": 60, "LY": 32})
    assert rows["MONOCYTE"].low95 > 2
    assert of({}, NAMED)["MONOCYTE"].high95 < rows["MONOCYTE"].high95


def test_with_every_cell_decided_on_the_limits_of_the_table_hold() -> None:
    found = reader_limits(MATRIX, NAMED, {}, [RUN])
    assert (found.refused, found.rows, found.decided) == (ALL_DECIDED, (), 100)


def test_without_misnaming_they_are_those_of_sampling() -> None:
    sure = replace(MATRIX, counts=tuple(tuple(5_000_000 * (i == j) for j in range(5)) for i in range(5)))
    row = of({}, NAMED, sure)["LYMPHOCYTE"]
    low, high = clopper_pearson(32, 100)  # the mid-P limits lie within half a cell of the exact ones
    assert row.low95 == pytest.approx(100 * low, abs=0.7)
    assert row.high95 == pytest.approx(100 * high, abs=0.7)


def test_erythroblasts_are_per_hundred_leukocytes_and_platelets_stay_out() -> None:
    rows = of({}, NAMED | {"ERB": 10, "PLT": 50})
    assert rows["ERYTHROBLAST"].percent == pytest.approx(10, abs=1.5)
    assert rows["ERYTHROBLAST"].high95 < 25
    assert "PLATELET" not in rows
    assert sum(r.percent for r in rows.values() if r.counts) == pytest.approx(100, abs=2)


def test_a_proposal_of_a_class_that_was_not_evaluated_must_be_decided_on_first() -> None:
    found = reader_limits(MATRIX, {}, NAMED | {"BL": 1}, [RUN])
    assert (found.refused, dict(found.params)["names"]) == (NOT_EVALUATED, "Blast")
    rows = of({"BL": 1}, NAMED)
    assert rows["BLAST"].count == 1
    assert rows["BLAST"].low95 < 1 < rows["BLAST"].high95


def test_a_class_of_few_evaluated_cells_is_as_one_of_none() -> None:
    few = replace(MATRIX, counts=(MATRIX.counts[0], MATRIX.counts[1], (0, 0, 19, 0, 0), *MATRIX.counts[3:]))
    assert reader_limits(few, {}, NAMED, [RUN]).refused == NOT_EVALUATED


def test_another_model_or_profile_is_refused_by_name() -> None:
    other = MODELS | {"classify": "lite0 " + "ef" * 32}
    found = reader_limits(MATRIX, {}, NAMED, [RUN, (other, "")])
    assert (found.refused, found.rows) == (OTHER_MODEL, ())
    assert dict(found.params) == {"there": "lite0 abababababab", "here": "lite0 efefefefefef"}
    assert reader_limits(MATRIX, {}, NAMED, [(MODELS, "ours v2")]).refused == OTHER_PROFILE


def test_a_matrix_of_another_taxonomy_is_none() -> None:
    for broken in (
        {"taxonomy": "ours"},
        {"codes": ["NEUTROPHIL", "LYMPHOCYTE", "MONOCYTE", "ERYTHROBLAST", "SNE"]},
        {"rows_true_columns_named": [[1]]},
        {"rows_true_columns_named": [[-1] * 5] * 5},
        {"rows_true_columns_named": [[10**9] * 5] * 5},
        {"rows_true_columns_named": [[1.5] * 5] * 5},
        {"models": None},
        {"day": "2026\n"},
        {"origin": "<b>"},
    ):
        with pytest.raises(InvalidValue, match="taxonomy"):
            matrix_from_json(MATRIX.to_json_obj() | broken)
    with pytest.raises(InvalidValue, match="taxonomy"):
        matrix_from_json([])


def test_the_settings_keep_it() -> None:
    kept = json.loads(json.dumps(to_json_obj(LabSettings(reader_matrix=MATRIX))))
    assert parse(kept) == (LabSettings(reader_matrix=MATRIX), [])
    kept["reader_matrix"]["taxonomy"] = "ours"
    settings, problems = parse(kept)
    assert settings.reader_matrix is None
    assert [p.key for p in problems] == ["reader_matrix"]
    assert parse(json.loads(json.dumps(to_json_obj(LabSettings())))) == (LabSettings(), [])


def test_a_ratio_to_no_leukocyte_is_open_and_no_error() -> None:
    none = np.zeros(4, np.int64)
    share, low, high = pooled_limits(none + 3, none, np.random.default_rng(1), inside=False)
    assert low < share < high
    assert pooled_limits(none, none + 50, np.random.default_rng(1), inside=True)[:2] == (0.0, 0.0)


def test_in_simulation_they_cover_the_truth_where_limits_of_sampling_do_not() -> None:
    covered, shares = simulation.measure(60, seed=11)
    above = simulation.GROUPS[1:]
    n = sum(shares[g] for g in above)
    of_reader, of_sampling = (sum(covered[g, kind] for g in above) / n for kind in ("reader", "sampling"))
    assert 0.93 <= of_reader <= 0.99  # measured over thousands of shares: 93 to 97 of 100
    assert of_sampling < 0.88
