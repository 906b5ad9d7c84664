"""Settings: one readable file, sound values taken, the rest falling back and saying so."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.domain import validation
from bloodcells_gui.domain.i18n import is_template
from bloodcells_gui.domain.ranges import PUBLISHED, Range, best_matching_range
from bloodcells_gui.domain.rules import DEFAULT_RULES
from bloodcells_gui.domain.setting_names import NAMES
from bloodcells_gui.domain.settings import (
    DEFAULT_FIELDS,
    FieldSpec,
    LabSettings,
    Privacy,
    ReportHeader,
    parse,
    to_json_obj,
)
from bloodcells_gui.domain.taxonomy import CLASSES

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def through_file(settings: LabSettings) -> tuple[LabSettings, list[validation.SettingProblem]]:
    return parse(json.loads(json.dumps(to_json_obj(settings))))


def test_defaults_and_changes_survive_the_file() -> None:
    changed = LabSettings(
        paper="letter",
        keys=tuple((c.code, CLASSES[i - 1].key) for i, c in enumerate(CLASSES)),
        range_set="own",
        own_ranges=(
            Range("NEUTROPHIL", 1.5, 7.5, sex="F", age_from=18, age_to=60),
            Range("IG", None, 1, unit="%"),
        ),
        header=ReportHeader("Laboratoire « Ω »", ("rue 1",), "/tmp/logo.png"),
        privacy=Privacy(365, True),
        abstention=0.7,
        rules=(dataclasses.replace(DEFAULT_RULES[0], threshold=3.5, enabled=False), *DEFAULT_RULES[1:]),
        fields=(*DEFAULT_FIELDS, FieldSpec("ward", "Ward")),
    )
    for settings in (LabSettings(), changed):
        assert through_file(settings) == (settings, [])


def test_every_setting_declares_its_check() -> None:
    assert all(validation.PARSER_KEY in f.metadata for f in dataclasses.fields(LabSettings))


@pytest.mark.parametrize(
    ("key", "bad"),
    [
        ("paper", "a5"),
        ("target_cells", -1),
        ("target_cells", 1.5),
        ("target_cells", True),
        ("abstention", 2),
        ("nrbc_threshold", float("nan")),
        ("count_sound", "yes"),
        ("reviewer", "x\0y"),
        ("rollup", ["full"]),
        ("keys", {"SNE": "S"}),
        ("keys", {"SNE": " "}),
        ("target_counts", "100"),
        ("header", 7),
        ("rules", {}),
        ("range_set", None),
    ],
)
def test_a_bad_value_falls_back_and_says_so(key: str, bad: Any) -> None:
    obj = to_json_obj(LabSettings(theme="dark"))
    obj[key] = bad
    settings, problems = parse(obj)
    assert settings == LabSettings(theme="dark")
    assert [p.key for p in problems] == [key]
    assert key in problems[0].text()
    assert problems[0].text("fr").startswith("Réglage")
    assert problems[0].text("fr").split(" : ")[1] != problems[0].text().split(": ")[1]


@pytest.mark.parametrize(
    ("typed", "day"), [("2026-11-01", "2026-11-01"), (" 20261101 ", "2026-11-01"), ("", "")]
)
def test_days_of_a_baseline_are_days(typed: str, day: str) -> None:
    settings, problems = parse({"quality": {"since": typed, "controls": ["CONTROL-A"]}})
    assert (settings.quality.since, settings.quality.controls) == (day, ("CONTROL-A",))
    assert problems == []


def test_what_is_no_day_is_told_and_does_not_switch_the_alarms_off() -> None:
    # "01/11/2026" sorts before every day: no film would be of the baseline, and no chart would have limits.
    settings, problems = parse({"quality": {"until": "01/11/2026"}})
    assert settings.quality == LabSettings().quality
    assert [p.key for p in problems] == ["quality.until"]
    assert "YYYY-MM-DD" in problems[0].text()
    assert "AAAA-MM-JJ" in problems[0].text("fr")


def test_a_damaged_rule_comes_back_as_the_default_never_disappears() -> None:
    obj = to_json_obj(LabSettings())
    blasts = next(r for r in obj["rules"] if r["id"] == "blasts")
    blasts["threshold"] = "one"
    obj["rules"] = [blasts, {"id": "mine", "name": "x"}, 3]
    settings, problems = parse(obj)
    assert set(settings.rules) == set(DEFAULT_RULES)
    assert [p.key for p in problems] == ["rules[blasts]", "rules[mine]", "rules[2]"]


@pytest.mark.parametrize(
    ("obj", "english", "french_text"),
    [
        (
            {"target_cells": "many"},
            "Setting “Leukocytes to count (target_cells)”: not a number. The default is used.",
            "Réglage « Leucocytes à compter (target_cells) » : n'est pas un nombre. "
            "La valeur par défaut est utilisée.",
        ),
        (
            {"nrbc_threshold": 2000},
            "Setting “NRBC from which the white cell count is corrected (nrbc_threshold)”: "
            "not between 0 and 1000. The default is used.",
            "Réglage « Érythroblastes à partir desquels les leucocytes sont corrigés (nrbc_threshold) » : "
            "n'est pas compris entre 0 et 1000. La valeur par défaut est utilisée.",
        ),
        (
            {"rules": [{**to_json_obj(LabSettings())["rules"][9], "threshold": []}]},
            "Setting “Review rules (rules[blasts])”: threshold: not a number. The default is used.",
            "Réglage « Règles de relecture (rules[blasts]) » : threshold : n'est pas un nombre. "
            "La valeur par défaut est utilisée.",
        ),
        (
            {"keys": {"BL": "n"}},
            "Setting “Keys of the classes (keys.BL)”: N is a key of the review. The default is used.",
            "Réglage « Touches des classes (keys.BL) » : N est une touche de la révision. "
            "La valeur par défaut est utilisée.",
        ),
        (
            [],
            "The settings file settings.json cannot be used: not a record. Defaults are used.",
            "Le fichier de réglages settings.json est inutilisable : n'est pas un enregistrement. "
            "Les valeurs par défaut sont utilisées.",
        ),
    ],
)
def test_a_problem_is_told_in_words_of_both_languages(obj: Any, english: str, french_text: str) -> None:
    _, (problem,) = parse(obj)
    assert (problem.text(), problem.text("fr")) == (english, french_text)


def test_every_setting_has_a_name_in_both_languages() -> None:
    assert set(NAMES) == {f.name for f in dataclasses.fields(LabSettings)}
    assert not [n for n in NAMES.values() if not is_template(n)]


def test_own_records_are_taken_and_unknown_keys_told() -> None:
    obj: dict[str, Any] = {
        "own_ranges": [{"item": "MONOCYTE", "low": 0.3, "high": 0.1}],
        "colour": 1,
        "header": {"laboratory": "L", "phone": "1"},
    }
    settings, problems = parse(obj)
    assert settings.header.laboratory == "L"
    assert settings.own_ranges == ()
    assert [p.key for p in problems] == ["own_ranges[0]", "colour", "header.phone"]


def test_a_file_of_a_newer_program_is_read_as_far_as_possible() -> None:
    settings, problems = parse({"version": 99, "paper": "letter"})
    assert settings.paper == "letter"
    assert any(p.key == "version" for p in problems)


@given(st.dictionaries(st.sampled_from([f.name for f in dataclasses.fields(LabSettings)]), JSON))
def test_no_file_breaks_the_settings(obj: dict[str, Any]) -> None:
    settings, _ = parse(obj)
    assert through_file(settings)[0] == dataclasses.replace(settings, version=1)


@pytest.mark.parametrize("obj", [None, 3, "x", [], [1]])
def test_not_even_something_else_altogether(obj: Any) -> None:
    settings, problems = parse(obj)
    assert settings == LabSettings()
    assert len(problems) == 1


def test_what_a_person_reads_in_settings_has_its_french() -> None:
    settings = LabSettings()
    words = [f.label for f in settings.fields] + [r.name for r in settings.rules] + list(settings.comments)
    words += [g.name for g in settings.grading] + [s.name for s in PUBLISHED.values()]
    assert not [w for w in words if not is_template(w)]


def test_ranges_fit_sex_and_age_and_the_narrowest_wins() -> None:
    everyone = Range("MONOCYTE", 0.2, 1.0)
    children = Range("MONOCYTE", 0.3, 1.5, age_to=16)
    women = Range("MONOCYTE", 0.25, 0.9, sex="F", age_from=16)
    every = (everyone, children, women)
    assert best_matching_range(every, "MONOCYTE", "10^9/L") is everyone
    assert best_matching_range(every, "MONOCYTE", "10^9/L", "F") is everyone  # age unknown
    assert best_matching_range(every, "MONOCYTE", "10^9/L", "F", 30) is women
    assert best_matching_range(every, "MONOCYTE", "10^9/L", "M", 30) is everyone
    assert best_matching_range(every, "MONOCYTE", "10^9/L", "F", 15.9) is children
    assert best_matching_range(every, "MONOCYTE", "%", "F", 30) is None
    assert (everyone.side(0.2), everyone.side(0.19), everyone.side(1.01)) == ("", "L", "H")


@pytest.mark.parametrize(
    ("name", "item", "low", "high"),
    [
        ("oxford", "NEUTROPHIL", 2.0, 7.0),
        ("oxford", "WBC", 4.0, 11.0),
        ("oxford", "BASOPHIL", 0.02, 0.1),
        ("uk", "NEUTROPHIL", 1.47, 8.0),
        ("uk", "LYMPHOCYTE", 0.65, 4.5),
        ("labcorp", "LYMPHOCYTE", 1.0, 4.8),
        ("labcorp", "EOSINOPHIL", 0.0, 0.45),
        ("oxford", "BL", 0.0, 0.0),
    ],
)
def test_published_ranges_are_as_published(name: str, item: str, low: float, high: float) -> None:
    found = best_matching_range(PUBLISHED[name].ranges, item, "10^9/L")
    assert found is not None
    assert (found.low, found.high) == (low, high)
