"""Both languages are complete, in step with the sources, and in force when chosen."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

from bloodcells_gui.ui.i18n import Language
from scripts.tools import translations


@pytest.fixture(scope="module")
def updated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("translations")
    for path in translations.FOLDER.glob("*.ts"):
        shutil.copy(path, folder / path.name)
    translations.collect(folder)
    return folder


def messages(path: Path) -> dict[tuple[str, str], list[str]]:
    found = {}
    for context in ElementTree.parse(path).getroot().iter("context"):
        for message in context.iter("message"):
            forms = [f.text or "" for f in message.iter("numerusform")] or [
                message.findtext("translation") or ""
            ]
            found[context.findtext("name") or "", message.findtext("source") or ""] = forms
    return found


def test_no_string_is_unfinished_after_collecting_anew(updated: Path) -> None:
    assert translations.unfinished(updated) == []


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_nothing_is_left_over_from_earlier_sources(updated: Path, lang: str) -> None:
    name = f"bloodcells_{lang}.ts"
    assert messages(updated / name).keys() == messages(translations.FOLDER / name).keys()


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_compiled_file_is_that_of_the_sources(updated: Path, lang: str) -> None:
    shutil.copy(translations.FOLDER / f"bloodcells_{lang}.ts", updated)
    translations.compile_all(updated)
    assert (updated / f"bloodcells_{lang}.qm").read_bytes() == (
        translations.FOLDER / f"bloodcells_{lang}.qm"
    ).read_bytes()


def test_translations_keep_fields_and_counts() -> None:
    for (_, source), forms in messages(translations.FOLDER / "bloodcells_fr.ts").items():
        for form in filter(None, forms):
            assert sorted(re.findall(r"\{\w*\}|%n", form)) == sorted(re.findall(r"\{\w*\}|%n", source)), (
                source
            )
            assert form.count("\n") == source.count("\n")
            assert ("&" in form) == ("&" in source), source


def test_choosing_a_language_puts_it_in_force(qapp: QApplication) -> None:
    language = Language(qapp, "fr")
    assert (
        QCoreApplication.translate("MainWindow", "Every decision is saved")
        == "Chaque décision est enregistrée"
    )
    assert QCoreApplication.translate("GalleryPanel", "%n cell(s)", "", 1) == "1 cellule"
    assert language.number(12.34) == "12,3"
    assert language.class_name("SNE") != "Segmented neutrophil"
    language.choose("en")
    assert QCoreApplication.translate("GalleryPanel", "%n cell(s)", "", 2) == "2 cells"
    assert language.number(12.34) == "12.3"


def test_every_class_and_measurement_has_a_french_name(qapp: QApplication) -> None:
    from bloodcells_gui.domain.taxonomy import CLASSES, ROLLUPS

    language = Language(qapp, "fr")
    names = {c.name for c in CLASSES} | {r.name for u in ROLLUPS.values() for r in u.rows}
    same = {n for n in names if language.text(n) == n}
    language.choose("en")
    assert same <= {"Lymphocyte", "Monocyte"}


def test_accelerators_of_a_menu_do_not_clash(qapp: QApplication) -> None:
    for lang in ("en", "fr"):
        found = messages(translations.FOLDER / "bloodcells_fr.ts")
        bar = [
            s
            for (c, s) in found
            if c == "Actions" and s in ("&File", "&Review", "&View", "&Settings", "&Help")
        ]
        texts = bar if lang == "en" else [found["Actions", s][0] for s in bar]
        letters = [t[t.index("&") + 1].lower() for t in texts]
        assert len(set(letters)) == len(letters), (lang, letters)


def test_every_flag_of_a_cell_has_its_french() -> None:
    from bloodcells_gui.domain import cell
    from bloodcells_gui.domain.i18n import tr

    flags = [v for k, v in vars(cell).items() if k.startswith("FLAG_")]
    assert len(flags) >= 7
    assert [f for f in flags if tr(f, "fr") == f] == []
