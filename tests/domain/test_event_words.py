"""Acts on a case in words: no key, code or name of the code in a person's sight."""

from __future__ import annotations

import re

import pytest

from bloodcells_gui.domain.counted_fields import LEFT_OUT_FIELD
from bloodcells_gui.domain.event_words import (
    ACTS,
    act_text,
    cells_text,
    key_text,
    new_text,
    old_text,
    turned_text,
)
from bloodcells_gui.domain.findings import CONFIRMED, FindingAnswer
from bloodcells_gui.domain.grading import DEFAULT_GRADING, GRADES
from bloodcells_gui.domain.review import Event, EventKind
from bloodcells_gui.domain.settings import DEFAULT_FIELDS, DEFAULT_RULES, LabSettings
from bloodcells_gui.domain.taxonomy import BY_CODE

SETTINGS = LabSettings()
TOLD = FindingAnswer(
    CONFIRMED, "Dr Weiss", "2026-11-29T09:05:00Z", "by telephone", 4, "Ana", "2026-11-29T09:00:00Z"
)


def event(kind: EventKind, key: str = "", new: str = "", old: tuple[str, ...] = ()) -> Event:
    return Event(1, kind, "Ana", "2026-11-29T09:00:00Z", (1,), new, old, key)


def about(e: Event, lang: str = "en") -> tuple[str, str, str]:
    return key_text(e, SETTINGS, lang), old_text(e, SETTINGS, lang), new_text(e, SETTINGS, lang)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_act_has_words_that_begin_with_a_capital(lang: str) -> None:
    assert set(ACTS) == set(EventKind)
    for kind in EventKind:
        text = act_text(kind, lang)
        assert text[0].isupper()
        assert text != kind.value


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_no_field_or_grade_shows_its_key(lang: str) -> None:
    own = ("specimen_id", "signing_explanation", "analyser_cells", "analyser.NE", "zone", "critical/BL")
    keys = [spec.name for spec in DEFAULT_FIELDS] + list(own)
    keys += [f"critical/rule-{rule.id}" for rule in DEFAULT_RULES] + ["some_field_of_earlier_settings"]
    keys += [f"check/2/{id}" for id in ("unreviewed", "look-first", "second/second reading, Ana", "target",
                                        "incomplete", "clock")]  # fmt: skip
    for key in keys:
        text = key_text(event(EventKind.SET_FIELD, key), SETTINGS, lang)
        assert text[0].isupper()
        assert not re.search(r"_|/|critical|rule-", text), text
    for item in DEFAULT_GRADING:
        text = key_text(event(EventKind.GRADE, item.id), SETTINGS, lang)
        assert text[0].isupper()
        assert text != item.id


@pytest.mark.parametrize(
    ("act", "english", "french"),
    [
        (event(EventKind.SET_FIELD, "wbc_corrected", "yes", ("unknown",)),
         ("Analyser corrected for NRBC", "unknown", "yes"),
         "oui"),
        (event(EventKind.SET_FIELD, "wbc", "12.4", ("",)),
         ("White cell count", "", "12.4 10⁹/L"), "12.4 10⁹/L"),
        (event(EventKind.SET_FIELD, "sex", "F", ("M",)), ("Sex", "male", "female"),
         "féminin"),
        (event(EventKind.SET_FIELD, "birth_date", "1961-07-14", ()), ("Date of birth", "", "1961-07-14"),
         "14/07/1961"),
        (event(EventKind.GRADE, "auer-rods", "present", ("",)), ("Auer rods", "", "present"),
         "présence"),
        (event(EventKind.RELABEL, "", "BL", ("LY", "LY", "UNI")),
         ("", "Lymphocyte ×2, Unidentified", "Blast"),
         "Blaste"),
        (event(EventKind.RESTORE, "", "", ("EXCLUDED",)), ("", "Taken out", ""), ""),
        (event(EventKind.COUNT, "SNE", "12", ("11",)), ("Segmented neutrophil", "11", "12"), None),
        (event(EventKind.SECOND_READ, "second reading, Bea", "MO", ("",)), ("Bea", "", "Monocyte"), None),
        (event(EventKind.SIGN, "ab" * 32, "Reviewed and reported"),
         ("Report sha256 abababababababab…", "", "Reviewed and reported"), None),
        (event(EventKind.SET_FIELD, "critical/BL", TOLD.to_text(), ("",)),
         ("Critical finding: Blast", "",
          "Seen and confirmed; 4 cells; told: Dr Weiss, 2026-11-29 09:05 UTC; by telephone"), None),
        (event(EventKind.SET_FIELD, "zone", '{"0": []}', ("",)), ("Zone to be analysed", "", "drawn"), None),
        (event(EventKind.MEND_OUTLINE, "nucleus", "7", ("3",)), ("Outline of the nucleus", "", "drawn anew"),
         None),
        (event(EventKind.NOTE, "", "Seen twice"), ("", "", "Seen twice"), None),
    ],
)  # fmt: skip
def test_values_before_and_after_are_words(
    act: Event, english: tuple[str, str, str], french: str | None
) -> None:
    assert about(act) == english
    if french is not None:
        assert about(act, "fr")[2] == french


def test_classes_and_grades_are_named_in_both_languages() -> None:
    for code, c in BY_CODE.items():
        assert new_text(event(EventKind.RELABEL, "", code), SETTINGS) == c.name
        assert new_text(event(EventKind.RELABEL, "", code), SETTINGS, "fr") not in ("", code)
    assert [new_text(event(EventKind.GRADE, "auer-rods", g), SETTINGS, "fr") for g in GRADES][-1] != "present"


def test_many_cells_are_counted_not_listed() -> None:
    assert cells_text(()) == ""
    assert cells_text((3, 1)) == "3, 1"
    assert cells_text(tuple(range(1, 31)), most=3) == "1, 2, 3 … (30)"


def test_an_undo_says_what_it_took_back() -> None:
    grade = event(EventKind.GRADE, "schistocytes", "1+")
    assert turned_text(EventKind.UNDO, grade, SETTINGS) == "Taken back: Morphology graded (Schistocytes: 1+)"
    none = event(EventKind.GRADE, "schistocytes", "")
    assert turned_text(EventKind.REDO, none, SETTINGS) == "Done again: Morphology graded (Schistocytes: –)"
    left_out = event(EventKind.SET_FIELD, LEFT_OUT_FIELD, "a b")
    assert turned_text(EventKind.UNDO, left_out, SETTINGS).endswith("(Counted fields left out: 2)")
    comment = event(EventKind.NOTE, new="word " * 100)
    assert turned_text(EventKind.UNDO, comment, SETTINGS).endswith("word…)")
    assert "(" not in turned_text(EventKind.UNDO, event(EventKind.UNTAG), SETTINGS)
