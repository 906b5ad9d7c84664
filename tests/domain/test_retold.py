"""Reasons that a case keeps as finished sentences are told in the language of whoever reads them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bloodcells_gui
import bloodcells_gui.app.arrival_check  # its counted sentences are known once it is imported
from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import counted_templates, is_template, tr
from bloodcells_gui.domain.left_out import first_reasons
from bloodcells_gui.domain.retold import retold
from bloodcells_gui.domain.watching import WatchWords
from bloodcells_gui.imaging.io.formats import ADVICE, RAW, RAW_ADVICE

PACKAGE = Path(bloodcells_gui.__file__).parent
FIELD = re.compile(r"\{(\w+)\}")
#: Modules that say why a file is left out, refused or not read.
SOURCES = (*sorted((PACKAGE / "imaging/io").rglob("*.py")), PACKAGE / "domain/left_out.py",
           *(PACKAGE / "app" / f"{n}.py" for n in ("arrival_check", "copies", "intake", "labelled_folders",
                                                    "reference_pictures")))  # fmt: skip


def texts(source: Path) -> Iterator[str]:
    """Every text of a module that is a template of the catalogue, its docstrings aside."""
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_template(node.value):
            yield node.value


COUNTED = {many: field for _, many, field in counted_templates()}
ONES = {one for one, _, _ in counted_templates()}
REASONS = sorted({text for source in SOURCES for text in texts(source) if " " in text} - ONES)


def filled(template: str, lang: str) -> tuple[str, str]:
    """The sentence in English and in `lang`, with the same values."""
    values = {name: f"7-{n}" for n, name in enumerate(FIELD.findall(template))}
    if template in COUNTED:
        values[COUNTED[template]] = "3"
    return tr(template, "en", **values), tr(template, lang, **values)


def test_there_are_reasons_to_walk() -> None:
    assert len(REASONS) > 60
    assert RAW in REASONS


@pytest.mark.parametrize("template", REASONS)
def test_every_reason_of_the_package_is_told_in_french_and_back(template: str) -> None:
    english, french = filled(template, "fr")
    if len(FIELD.sub("", template)) < 8:
        pytest.skip("no words of its own")
    assert retold(english, "fr") == french
    assert retold(french, "en") == english
    assert retold(english, "en") == english


@pytest.mark.parametrize("advice", sorted(ADVICE))
def test_a_reason_with_what_to_do_is_told_whole(advice: str) -> None:
    english = f"{tr(RAW, kind='NEF')} {tr(advice)}"
    assert retold(english, "fr") == f"{tr(RAW, 'fr', kind='NEF')} {tr(advice, 'fr')}"


def test_the_raw_photograph_of_a_camera_by_its_french_words() -> None:
    assert retold(f"{tr(RAW, kind='NEF')} {RAW_ADVICE}", "fr").startswith("C'est une photographie brute")


@pytest.mark.parametrize(
    "text", ["", "a.png", "IMG 0017 (kopie)", "Nothing of this program. Nor this.", "7: 8", "x" * 5000]
)
def test_what_is_no_sentence_of_the_program_stays(text: str) -> None:
    assert retold(text, "fr") == text


def test_values_are_never_taken_for_templates() -> None:
    said = tr(RAW, kind="{kind} Sign.")
    assert "{kind} Sign." in retold(said, "fr")


def test_hostile_values_cost_no_time() -> None:
    assert retold("It belongs " + ", ( of: ) " * 200, "fr").startswith("It belongs ")


def test_the_first_reasons_in_an_error_follow_its_language() -> None:
    error = UserError("{reasons}", reasons=first_reasons([SkippedFile("a.nef", tr(RAW, kind="NEF"))] * 5))
    assert error.text("fr") == "; ".join(["a.nef : " + tr(RAW, "fr", kind="NEF")] * 3)
    assert error.text() == "; ".join(["a.nef: " + tr(RAW, kind="NEF")] * 3)


def test_the_watched_folder_tells_its_reasons_in_the_language_of_the_window() -> None:
    words = WatchWords("{file} is not complete.", "", "", (("file", "a"), ("reason", tr(RAW, kind="NEF"))))
    assert WatchWords("{reason}", "", "", words.params).text("fr") == tr(RAW, "fr", kind="NEF")
