"""The window speaks the language that is chosen."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QDialogButtonBox

from bloodcells_gui.domain.formatting import bound_spaces
from bloodcells_gui.domain.i18n import catalogue
from bloodcells_gui.ui.i18n import Language, ngettext, pgettext, tr


def test_choosing_a_language_puts_it_in_force(qapp: QApplication) -> None:
    language = Language(qapp, "fr")
    assert tr("Every decision is saved") == "Chaque décision est enregistrée"
    assert ngettext("{n} cell", "{n} cells", 1) == "1 cellule"
    assert pgettext("cell", "unidentified") == "non identifiée"
    assert language.number(12.34) == "12,3"
    assert language.class_name("SNE") != "Segmented neutrophil"
    language.choose("en")
    assert tr("Every decision is saved") == "Every decision is saved"
    assert ngettext("{n} cell", "{n} cells", 2) == "2 cells"
    assert language.number(12.34) == "12.3"


def test_the_buttons_of_qt_speak_it_too(qapp: QApplication) -> None:
    language = Language(qapp, "fr")
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    assert "Annuler" in box.button(QDialogButtonBox.StandardButton.Cancel).text()
    language.choose("en")


def test_every_class_and_measurement_has_a_french_name(qapp: QApplication) -> None:
    from bloodcells_gui.domain.taxonomy import CLASSES, ROLLUPS

    language = Language(qapp, "fr")
    names = {c.name for c in CLASSES} | {r.name for u in ROLLUPS.values() for r in u.rows}
    same = {n for n in names if language.text(n) == n}
    language.choose("en")
    assert same <= {"Lymphocyte", "Monocyte"}


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_accelerators_of_the_menu_bar_do_not_clash(lang: str) -> None:
    bar = ("&File", "&Review", "&View", "&Settings", "&Help")
    texts = [catalogue(lang).gettext(text) for text in bar]
    letters = [t[t.index("&") + 1].lower() for t in texts]
    assert len(set(letters)) == len(letters), letters


def test_every_flag_of_a_cell_has_its_french() -> None:
    from bloodcells_gui.domain import cell
    from bloodcells_gui.domain.i18n import tr

    flags = [v for k, v in vars(cell).items() if k.startswith("FLAG_")]
    assert len(flags) >= 7
    assert [f for f in flags if tr(f, "fr") == f] == []


def test_no_french_line_of_the_window_begins_with_a_high_sign(qapp: QApplication) -> None:
    Language(qapp, "fr")
    assert tr("Reviewer: {name}") == "Relecteur\N{NO-BREAK SPACE}: {name}"
    assert bound_spaces("« Blaste » : 3 ; oui ? :-)", "fr") == (
        "«\N{NO-BREAK SPACE}Blaste\N{NO-BREAK SPACE}»\N{NO-BREAK SPACE}: 3\N{NO-BREAK SPACE};"
        " oui\N{NO-BREAK SPACE}? :-)"
    )
    assert bound_spaces("a : b", "en") == "a : b"
