"""What the tags of a case say together."""

from __future__ import annotations

from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import ReviewState
from bloodcells_gui.domain.settings import LabSettings, parse
from bloodcells_gui.domain.tag_counts import AUER_ELSEWHERE, tag_counts, tag_remarks
from bloodcells_gui.domain.tags import AUER_ROD, DEFAULT_TAGS
from tests.support.review_machine import a_cell, act


def tagged() -> ReviewState:
    state = ReviewState([a_cell(i, code) for i, code in enumerate(("SNE", "SNE", "BNE", "BL", "LY"))])
    act(state, EventKind.TAG, 0, 1, 2, new="Toxic granulation")
    act(state, EventKind.TAG, 3, new=AUER_ROD)
    act(state, EventKind.TAG, 4, new="own words")
    return state


def test_tags_are_counted_by_class_in_the_order_of_the_list() -> None:
    state = tagged()
    found = tag_counts(state)
    assert [(t.tag, t.count, t.classes, t.cells) for t in found] == [
        ("Toxic granulation", 3, (("SNE", 2), ("BNE", 1)), (0, 1, 2)),
        (AUER_ROD, 1, (("BL", 1),), (3,)),
        ("own words", 1, (("LY", 1),), (4,)),
    ]
    act(state, EventKind.EXCLUDE, 1)
    assert tag_counts(state)[0].classes == (("SNE", 1), ("BNE", 1))


def test_an_auer_rod_in_a_cell_that_has_none_is_remarked() -> None:
    state = tagged()
    assert tag_remarks(state) == ()
    act(state, EventKind.TAG, 4, new=AUER_ROD)
    (said,) = tag_remarks(state)
    assert (said.text, dict(said.params), said.severity, said.codes) == (
        AUER_ELSEWHERE,
        {"n": "1"},
        "warning",
        ("LY",),
    )
    act(state, EventKind.RELABEL, 4, new="PMY")
    assert tag_remarks(state) == ()


def test_a_laboratory_has_its_own_list() -> None:
    assert LabSettings().cell_tags == DEFAULT_TAGS
    settings, problems = parse({"cell_tags": ["Pelger", " Smudged ", "a; b", "", 3]})
    assert settings.cell_tags == ("Pelger", "Smudged")
    assert len(problems) == 3
