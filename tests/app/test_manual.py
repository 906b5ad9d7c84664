"""The pages of the manual: links stay inside, translations keep step, words are found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bloodcells_gui.app import manual
from bloodcells_gui.app.data_folders import docs_dir
from bloodcells_gui.domain.i18n import LANGUAGES

DOCS = docs_dir()
TRANSLATED = [
    (lang, name) for lang in ("fr",) for name in manual.PAGES if (DOCS / lang / f"{name}.md").is_file()
]
KEY = re.compile(r"\b(?:Ctrl|Shift|Alt|Maj)\+[^\s,;:.)|]+|\bF\d{1,2}\b")


def links(page: manual.ManualPage) -> list[tuple[str, str]]:
    """Page and anchor of every link."""
    found = re.findall(r"\]\(manual:([\w-]*)(?:#([\w-]+))?\)", page.markdown)
    return [(name or page.name, anchor) for name, anchor in found]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", manual.PAGES)
def test_every_link_of_a_page_leads_somewhere_in_the_manual(name: str, lang: str) -> None:
    page = manual.page(name, lang)
    assert page.headings
    assert page.title
    for target, anchor in links(page):
        assert not anchor or manual.page(target, lang).has(anchor), (target, anchor)
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.markdown):
        assert manual.picture(picture)[:4] == b"\x89PNG", picture


def test_the_pages_of_the_laboratory_are_translated_and_has_links() -> None:
    assert {("fr", "technician"), ("fr", "laboratory"), ("fr", "glossary")} <= set(TRANSLATED)
    assert manual.page("technician", "fr").lang == "fr"
    assert ("technician", "4-what-the-limits-mean") in links(manual.page("technician", "fr"))


@pytest.mark.parametrize(("lang", "name"), TRANSLATED)
def test_every_heading_has_its_counterpart_at_the_same_place(lang: str, name: str) -> None:
    english, other = manual.page(name, "en"), manual.page(name, lang)
    wanted = [(h.level, h.anchor) for h in english.headings]
    assert [(h.level, h.anchor) for h in other.headings] == wanted
    assert [h for h in other.headings if not h.text.strip()] == []


def sections(page: manual.ManualPage) -> dict[str, str]:
    """The Markdown below each heading, by its anchor."""
    pieces = re.split(r"^#{1,6} .*$", page.markdown, flags=re.MULTILINE)[1:]
    return {h.anchor: piece for h, piece in zip(page.headings, pieces, strict=True)}


@pytest.mark.parametrize(("lang", "name"), TRANSLATED)
def test_sections_name_the_same_keys_and_have_as_many_rows(lang: str, name: str) -> None:
    """Whoever changes a section changes its translation: keys, rows of tables and pictures are counted."""

    def facts(text: str) -> tuple[list[str], int, int]:
        keys = sorted({_english_key(k) for k in KEY.findall(text)})
        return keys, len(re.findall(r"^\|", text, re.MULTILINE)), text.count("![")

    english, other = sections(manual.page(name, "en")), sections(manual.page(name, lang))
    assert {a: facts(other[a]) for a in english} == {a: facts(text) for a, text in english.items()}


def _english_key(key: str) -> str:
    for french, english in (("Maj", "Shift"), ("Suppr", "Delete"), ("Entrée", "Enter"), ("Gauche", "Left"),
                            ("Droite", "Right"), ("Retour", "Backspace"), ("Espace", "Space"),
                            ("Alt+S", "Alt+N")):  # fmt: skip
        key = key.replace(french, english)
    return key


def test_a_page_without_translation_is_english(tmp_path: Path) -> None:
    (tmp_path / "offline.md").write_text("# Offline\ntext\n")
    page = manual.page("offline", "fr", tmp_path)
    assert (page.lang, page.title) == ("en", "Offline")
    with pytest.raises(KeyError):
        manual.page("../offline", "en", tmp_path)


def test_links_become_places_of_the_manual_or_text() -> None:
    text, _ = manual.prepare(
        "[a](laboratory.md#backup) [b](#here) [c](../SECURITY.md) [d](https://example.org/x) "
        "![p](images/slide.png) ![q](https://example.org/q.png) ![r](../../etc/r.png) [e](adr/0001-x.md)\n"
    )
    assert text == (
        "[a](manual:laboratory#backup) [b](manual:#here) c d (https://example.org/x) ![p](slide.png) q r e\n"
    )


def test_headings_have_the_anchors_of_the_web_or_those_given() -> None:
    _, headings = manual.prepare('# A `b`, c\n```sh\n# no heading\n```\n<a id="x"></a>\n## Été\n## Été\n')
    assert [(h.level, h.text, h.anchor) for h in headings] == [
        (1, "A b, c", "a-b-c"), (2, "Été", "x"), (2, "Été", "été"),
    ]  # fmt: skip


def test_pictures_come_from_the_manual_alone() -> None:
    assert manual.picture("slide.png")
    assert manual.picture("../benchmarks.json") == b""
    assert manual.picture("no-such.png") == b""


def test_words_are_found_without_case_and_accents_at_their_place() -> None:
    text = "Érythroblaste, l’érythroblaste et\u00a0un ERYTHRO-BLASTE"
    assert [text[at : at + 13] for at in manual.occurrences(text, "erythroblaste")] == [
        "Érythroblaste", "érythroblaste",
    ]  # fmt: skip
    assert list(manual.occurrences(text, "ET  UN"))
    assert list(manual.occurrences(text, "l'é")) == [text.index("l’")]
    assert len(manual.fold(text)) == len(text)
    assert list(manual.occurrences(text, " ")) == []


def test_no_character_of_the_pages_takes_two_places_in_qt() -> None:
    """Positions of hits are the same in Python and in Qt, which counts in UTF-16."""
    for lang in LANGUAGES:
        for name in manual.PAGES:
            assert [c for c in manual.page(name, lang).markdown if ord(c) > 0xFFFF] == []
