"""Whose a setting is, and the document of those that are the laboratory's."""

from __future__ import annotations

from dataclasses import replace

from bloodcells_gui.domain.settings import LabSettings, Privacy, ReportHeader, WatchSettings
from bloodcells_gui.domain.shared_settings import (
    WORKSTATION_NAMES,
    changed_names,
    document_sha256,
    document_text,
    is_newer,
    lab_document,
    names_in_words,
    on_top,
    with_document,
)

HERE = LabSettings(
    language="fr", theme="dark", reviewer="Zelda", lab_database="sqlite:///a.db", count_sound=False,
    watch=WatchSettings(on=True, folder="/in"), header=ReportHeader("Mine", (), "/here/logo.png"),
)  # fmt: skip
THERE = LabSettings(
    paper="letter", range_set="uk", target_cells=400, header=ReportHeader("The laboratory", ("1 Street",)),
    reviewer="Bo", lab_database="sqlite:///b.db",
)  # fmt: skip


def test_whose_a_setting_is() -> None:
    here = {"language", "theme", "reviewer", "count_sound", "watch", "cell_pictures", "lab_database"}
    assert here <= WORKSTATION_NAMES
    result = {"range_set", "own_ranges", "rules", "grading", "signing", "privacy", "rollup", "csv"}
    assert not result & WORKSTATION_NAMES
    document = lab_document(HERE)
    assert not WORKSTATION_NAMES & document.keys()
    text = document_text(document)
    assert "Zelda" not in text
    assert "/here" not in text


def test_a_workstation_takes_the_laboratorys_part_and_keeps_its_own() -> None:
    merged, problems = with_document(HERE, lab_document(THERE))
    assert not problems
    assert (merged.paper, merged.range_set, merged.target_cells) == ("letter", "uk", 400)
    assert (merged.language, merged.reviewer, merged.lab_database) == ("fr", "Zelda", "sqlite:///a.db")
    assert merged.watch == HERE.watch
    assert merged.header == ReportHeader("The laboratory", ("1 Street",), "/here/logo.png")
    assert not changed_names(merged, THERE)


def test_a_document_sets_nothing_of_the_workstation() -> None:
    """Who can write the document cannot make a workstation read a folder or go to another database."""
    hostile = lab_document(THERE) | {
        "lab_database": "sqlite:///evil.db", "watch": {"on": True, "folder": "/etc"}, "reviewer": "Eve",
    }  # fmt: skip
    hostile["header"]["logo"] = "/etc/passwd"
    merged, _ = with_document(HERE, hostile)
    assert (merged.lab_database, merged.watch, merged.reviewer) == (HERE.lab_database, HERE.watch, "Zelda")
    assert merged.header.logo == "/here/logo.png"


def test_what_a_document_does_not_name_has_its_default_at_every_workstation() -> None:
    document = lab_document(THERE)
    del document["range_set"], document["header"]
    merged, problems = with_document(replace(HERE, range_set="uk"), document)
    assert (merged.range_set, merged.header.laboratory, problems) == ("oxford", "", [])


def test_a_newer_document_is_told_from_a_wrong_one() -> None:
    document = lab_document(THERE)
    assert is_newer(with_document(HERE, document | {"of_later": 3})[1])
    signing = document["signing"] | {"two_person": True}
    assert is_newer(with_document(HERE, document | {"signing": signing})[1])
    assert is_newer(with_document(HERE, document | {"version": 2})[1])
    assert not is_newer(with_document(HERE, document | {"paper": 7})[1])
    assert not is_newer(with_document(HERE, document | {"of_later": 3, "rules": "none"})[1])
    assert not is_newer(with_document(HERE, document)[1])


def test_a_hash_is_of_what_a_document_says() -> None:
    one = lab_document(THERE)
    other = dict(reversed(one.items()))
    assert document_sha256(document_text(one)) == document_sha256(document_text(other))


def test_a_change_on_top_of_another_keeps_both_for_a_person_to_see() -> None:
    seen = THERE
    wanted = replace(seen, paper="a4", theme="dark", privacy=Privacy(30))
    newest = replace(seen, target_cells=200, privacy=Privacy(60))
    merged = on_top(seen, wanted, newest)
    assert (merged.paper, merged.target_cells, merged.theme) == ("a4", 200, "dark")
    assert merged.privacy == Privacy(30)
    assert changed_names(seen, newest) == ("target_cells", "privacy")


def test_settings_are_named_in_words() -> None:
    assert names_in_words(("range_set", "logo")) == "Set of reference ranges, Logo"
