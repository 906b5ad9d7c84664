"""Which earlier film a film is compared with, and what counts as a change."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from bloodcells_gui.domain.differential import Differential, differential
from bloodcells_gui.domain.earlier_films import (
    BY_PATIENT,
    BY_SPECIMEN,
    NO_FILM,
    EarlierFilm,
    Film,
    FilmIdentity,
    compared,
    conflicts,
    earlier_films,
    film_to_compare,
    identity_of,
    match,
)
from bloodcells_gui.domain.film_messages import film_remark
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.domain.review import SpecimenData
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.stats import fisher_p, holm

MARIE = FilmIdentity(
    "P-77812", "S-1", "Marie Dupont", "1961-07-14", "F", "2026-10-01", "2026-10-01T09:00:00Z"
)


def film(seed: str, **changes: object) -> Film:
    return Film(Path(f"{seed}.bcs"), seed, replace(MARIE, **changes), signed=True)  # type: ignore[arg-type]


def table(counts: dict[str, int], rollup: str = "full") -> Differential:
    return differential(counts, 0, 0, SpecimenData(), LabSettings(), rollup)


def against(now: dict[str, int], before: dict[str, int]) -> EarlierFilm:
    return compared(MARIE, film("old"), table(now), table(before))


@pytest.mark.parametrize(
    ("a", "b", "by"),
    [
        (("P-1", ""), ("p-1 ", ""), BY_PATIENT),
        (("Ｐ-１", ""), ("P-1", ""), BY_PATIENT),  # full-width letters of an East Asian keyboard
        (("P 1", ""), ("P1", ""), BY_PATIENT),
        (("P-1", ""), ("P-2", ""), ""),
        (("", ""), ("", ""), ""),
        (("", "26-0147"), ("", "26-0147"), BY_SPECIMEN),
        (("P-1", "26-0147"), ("", "26-0147"), BY_SPECIMEN),
        (("", "images"), ("", "images"), ""),  # the folder's name, which nobody replaced
    ],
)
def test_cases_belong_together_by_their_numbers(a: tuple[str, str], b: tuple[str, str], by: str) -> None:
    assert match(FilmIdentity(*a), FilmIdentity(*b)) == by


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"name": "DUPONT, Marie"}, ()),
        ({"name": "Marie Dupònt"}, ()),
        ({"name": "Marie Durand"}, ("name",)),
        ({"name": ""}, ()),
        ({"birth_date": "1961-07-15"}, ("date of birth",)),
        ({"sex": "femme"}, ()),
        ({"sex": "M"}, ("sex",)),
        ({"sex": "M", "name": "Jean Roux"}, ("name", "sex")),
        ({"patient_id": "P-2"}, ("patient number",)),
    ],
)
def test_another_name_birth_date_or_sex_is_a_conflict(
    change: dict[str, str], differs: tuple[str, ...]
) -> None:
    assert conflicts(MARIE, replace(MARIE, **change)) == differs
    assert conflicts(replace(MARIE, **change), MARIE) == differs


def test_the_newest_signed_film_before_this_one_is_compared_in_whatever_order_they_come() -> None:
    own = film("own", collected="2026-10-20", created="2026-10-20T09:00:00Z")
    others = [
        film("first", collected="2026-09-01"),
        film("second", collected="2026-10-12", created="2026-10-30T09:00:00Z"),  # begun later, taken before
        replace(film("unsigned", collected="2026-10-15"), signed=False),
        film("later", collected="2026-10-21", created="2026-10-01T09:00:00Z"),
        film("another patient", patient_id="P-2", specimen_id="S-2"),
    ]
    for order in permutations([own, *others]):
        found = earlier_films(own, order)
        assert [f.seed for f in found] == ["unsigned", "second", "first"]
        chosen = film_to_compare(found, "")
        assert chosen is not None
        assert chosen.seed == "second"


def test_without_a_day_of_sampling_the_day_of_the_case_counts() -> None:
    own = film("own", collected="", created="2026-10-20T09:00:00Z")
    before = film("before", collected="about noon", created="2026-10-20T08:00:00Z")
    after = film("after", collected="", created="2026-10-20T10:00:00Z")
    assert [f.seed for f in earlier_films(own, [before, after])] == ["before"]


def test_a_film_is_not_compared_with_itself() -> None:
    own = replace(film("own", created="2026-10-20T09:00:00Z"), images="ab" * 32)
    again = replace(film("analysed before"), images="ab" * 32)
    copy = replace(film("own"), path=Path("copy.bcs"))
    assert earlier_films(own, [again, copy]) == ()


def test_a_person_chooses_another_or_none_and_gets_no_substitute() -> None:
    own = film("own", created="2026-10-20T09:00:00Z", collected="2026-10-20")
    found = earlier_films(own, [film("a", collected="2026-01-01"), film("b", collected="2026-02-01")])
    assert film_to_compare(found, "a") == found[1]
    assert film_to_compare(found, NO_FILM) is None
    assert film_to_compare(found, "removed") is None
    assert film_to_compare((replace(found[1], signed=False), found[0]), "a") is None


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ({"SNE": 60, "LY": 30, "BL": 10}, {"SNE": 62, "LY": 38}),
        ({"SNE": 20, "LY": 80}, {"SNE": 60, "LY": 35, "MO": 5}),
        ({"SNE": 90, "LY": 10, "ERB": 12}, {"SNE": 92, "LY": 8}),
    ],
)
def test_p_is_that_of_scipy(now: dict[str, int], before: dict[str, int]) -> None:
    fisher_exact = pytest.importorskip("scipy.stats").fisher_exact
    total, total_before = (sum(n for c, n in t.items() if c != "ERB") for t in (now, before))
    compared_ = {row.code: row for row in against(now, before).rows}
    for code in {*now, *before}:
        x, y = now.get(code, 0), before.get(code, 0)
        n, m = (total, total_before) if code != "ERB" else (total + x, total_before + y)
        expected = fisher_exact([[x, n - x], [y, m - y]])[1]
        assert compared_[code].p == pytest.approx(expected, rel=1e-9), code


def test_ten_blasts_of_a_hundred_are_a_change_and_two_are_not() -> None:
    ten = against({"SNE": 60, "LY": 30, "BL": 10}, {"SNE": 65, "LY": 35})
    assert [(r.code, r.change) for r in ten.changed] == [("BL", "higher")]
    assert ten.total == 100
    two = against({"SNE": 60, "LY": 38, "BL": 2}, {"SNE": 63, "LY": 37})
    assert two.changed == ()


def test_the_rows_are_corrected_for_their_number() -> None:
    # P = 0.03 alone: a table of five rows marks it only without a correction.
    film_ = against(
        {"SNE": 50, "LY": 29, "MO": 15, "EO": 5, "BA": 1}, {"SNE": 55, "LY": 34, "MO": 5, "EO": 5, "BA": 1}
    )
    monocytes = next(r for r in film_.rows if r.code == "MO")
    assert monocytes.p == pytest.approx(fisher_p(15, 100, 5, 100))
    assert 0.01 < monocytes.p < 0.05  # type: ignore[operator]
    assert film_.changed == ()


def test_holm_is_the_step_down_procedure() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005], 0.05) == [
        True,
        False,
        False,
        True,
    ]  # Holm's own way: 0.03 > 0.05/2
    assert holm([0.02, 0.02], 0.05) == [True, True]
    assert holm([0.03, 0.02], 0.05) == [True, True]
    assert holm([], 0.05) == []


def test_of_films_of_one_blood_at_most_five_percent_have_a_mark() -> None:
    numpy = pytest.importorskip("numpy")
    rng = numpy.random.default_rng(7)
    codes, shares = ("SNE", "BNE", "LY", "MO", "EO", "BA"), (0.55, 0.05, 0.28, 0.08, 0.03, 0.01)
    marked = 0
    for _ in range(600):
        a, b = (dict(zip(codes, map(int, rng.multinomial(200, shares)), strict=True)) for _ in range(2))
        marked += bool(against(a, b).changed)
    assert marked <= 0.05 * 600


def test_rows_of_an_area_are_not_compared() -> None:
    codes = {r.code for r in against({"SNE": 100, "PLT": 40, "ERB": 3}, {"SNE": 100}).rows}
    assert "ERB" in codes
    assert "PLT" not in codes


def test_tables_of_two_roll_ups_are_refused() -> None:
    with pytest.raises(ValueError, match="compared"):
        compared(MARIE, film("old"), table({"SNE": 1}), table({"SNE": 1}, "five"))


def test_an_empty_count_compares_nothing() -> None:
    assert {r.p for r in against({}, {"SNE": 100}).rows} == {None}


def test_the_sentence_names_what_changed() -> None:
    both = film_remark(against({"SNE": 20, "LY": 80}, {"SNE": 65, "LY": 35}))
    assert remark_text(both) == (
        "Changed beyond sampling error since the film of 2026-10-01: "
        "higher Lymphocyte; lower Segmented neutrophil."
    )
    assert both.severity == "warning"
    none = film_remark(against({"SNE": 60, "LY": 40}, {"SNE": 65, "LY": 35}))
    assert remark_text(none) == "No class has changed beyond sampling error since the film of 2026-10-01."


def test_the_identity_is_what_was_typed_without_needless_blanks() -> None:
    fields = {"patient_id": " P-1 ", "patient_name": "Marie  Dupont", "collected_at": "2026-10-01 08:30"}
    found = identity_of(" S-1", fields, "2026-10-02T00:00:00Z")
    assert (found.patient_id, found.name, found.specimen_id, found.day) == (
        "P-1", "Marie Dupont", "S-1", "2026-10-01",
    )  # fmt: skip
