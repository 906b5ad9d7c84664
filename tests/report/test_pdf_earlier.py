"""The comparison with an earlier film on paper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bloodcells_gui.domain.differential import differential
from bloodcells_gui.domain.earlier_films import EarlierFilm, Film, FilmIdentity, compared, not_compared
from bloodcells_gui.domain.review import SpecimenData
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.report.model import ReportModel, from_json, to_json
from bloodcells_gui.report.pdf import render_pdf
from tests.support.pdf_text import needs_poppler, text_of
from tests.support.report_case import FONTS, make_report

OWN = FilmIdentity("P-1", "S-2026-0142", created="2026-03-02T08:00:00Z")
EARLIER = Film(
    Path("old.bcs"), "ab", FilmIdentity("P-1", "S-2026-0099", "", collected="2026-01-15"), True, 2,
    "2026-01-15T10:00:00Z", "cd" * 32,
)  # fmt: skip


def against(model: ReportModel) -> EarlierFilm:
    before = differential({"SNE": 60, "LY": 40}, 0, 0, SpecimenData({"wbc": "7.5"}), LabSettings(), "full")
    return compared(OWN, EARLIER, model.differential, before)


@needs_poppler
def test_both_films_stand_side_by_side_with_what_changed(tmp_path: Path) -> None:
    model = make_report()
    model = replace(model, earlier=against(model))
    text = " ".join(text_of(render_pdf(model, fonts_dir=FONTS), tmp_path).split())
    assert "Earlier film" in text
    assert "Specimen S-2026-0099, 2026-01-15, 100 leukocytes; signed" in text
    assert "version 2, sha256 cdcdcdcdcdcdcdcd…" in text
    assert "beyond sampling error" in text
    lymphocytes = text[text.index("Earlier film") :].split("Lymphocyte ")[1].split("Variant")[0]
    assert "40 40.0 3.00" in lymphocytes
    assert "lower" in lymphocytes


@needs_poppler
def test_another_persons_film_is_named_and_not_shown(tmp_path: Path) -> None:
    other = replace(EARLIER, identity=replace(EARLIER.identity, name="Other Person"))
    found = not_compared(replace(OWN, name="Marie Dupont"), other, False)
    text = text_of(render_pdf(replace(make_report(), earlier=found), fonts_dir=FONTS), tmp_path)
    assert "Make sure whose blood this is" in " ".join(text.split())
    assert "Other Person" not in text


def test_the_comparison_is_part_of_what_is_signed() -> None:
    model = make_report()
    with_film = replace(model, earlier=against(model))
    assert with_film.sha256() != model.sha256()
    assert from_json(to_json(with_film)).earlier is not None
    assert from_json(to_json(with_film)).canonical() == with_film.canonical()
