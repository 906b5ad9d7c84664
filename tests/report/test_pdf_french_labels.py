"""Every text that the report puts on paper by itself has its French, however it came there."""

from __future__ import annotations

import pytest

from bloodcells_gui.domain.i18n import is_template, tr
from bloodcells_gui.report import pdf_sheet
from bloodcells_gui.report.pdf import render_pdf
from tests.support.report_case import FONTS, make_report

#: Words of the made-up case, which no catalogue knows.
OF_THE_CASE = {
    "Scale estimated from red cells.",
    "0",
    "1+",
    "2+",
    "3+",
}
#: Titles that are translated before the sheet gets them.
FRENCH_ALREADY = {"Modèle, classement", "Modèle, segmentation", "Analyse 1"}


def test_labels_of_the_french_report_are_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A label that is not marked for translation is in no catalogue, and no test of the sources sees it."""
    shown: set[str] = set()

    def listen(template: str, lang: str = "en", **params: object) -> str:
        shown.add(template)
        return tr(template, lang, **params)

    monkeypatch.setattr(pdf_sheet, "tr", listen)
    render_pdf(make_report(), fonts_dir=FONTS, lang="fr")
    assert "Settings" in shown
    assert {t for t in shown if t and not is_template(t)} == OF_THE_CASE | FRENCH_ALREADY
