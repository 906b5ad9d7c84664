"""A site check on paper, as JSON and as a table."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from bloodcells_gui.app.data_folders import resources_dir
from bloodcells_gui.app.site_check import check_case
from bloodcells_gui.app.site_check_files import with_cells, write_all
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.review import Signature
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.site_check import NO_EXPECTATION, Found
from bloodcells_gui.domain.site_expectation import Limits
from bloodcells_gui.domain.specimen import ScaleSource
from bloodcells_gui.report.pdf_site_check import write_site_check_pdf
from bloodcells_gui.report.site_check import (
    FIRST_HEAD,
    ListedCell,
    WrittenCheck,
    found_rows,
    share_text,
    to_json_obj,
    write_first_cells_csv,
)
from tests.support.pdf_text import needs_poppler, text_of
from tests.support.site_cases import an_expectation, site_case

KEYS = {
    "schema", "app_version", "created", "laboratory", "specimen", "kind", "images", "analysed", "model",
    "profile", "cells", "answers", "proposed", "scale", "readings", "advice", "remarks", "expected",
    "why_not", "validation", "first", "decided", "drawn_open", "found", "chain_head", "signatures",
}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> WrittenCheck:
    path = site_case(tmp_path_factory.mktemp("site") / "a.bcs", source=ScaleSource.PRIOR, spread=0.2)
    check = check_case(path, expectation=lambda _: an_expectation())
    return with_cells(path, check, LabSettings())


def named(written: WrittenCheck) -> WrittenCheck:
    """The same once its cells are named, and signed."""
    signed = (Signature("Ana (ana)", "2026-12-01T10:00:00Z", "reviewed", "f" * 64, 1),)
    found = Found(cells=46, named=40, right=20, others=4, all_cells=False)
    check = replace(written.check, found=found, decided=100, drawn_open=0, signatures=signed)
    return replace(written, check=check)


def test_the_json_says_all_and_nothing_is_nan(written: WrittenCheck) -> None:
    told = json.loads(json.dumps(to_json_obj(written), allow_nan=False))
    assert set(told) == KEYS
    assert told["schema"] == 1
    assert (
        told["expected"]["right"]["low"]
        < told["expected"]["right"]["value"]
        <= told["expected"]["right"]["high"]
    )
    assert told["expected"]["level"] == 0.95
    assert told["scale"] == {"mpp": 0.105, "source": "cell size prior", "spread": 0.2}
    assert "no scale" in told["advice"]
    assert len(told["first"]) == 100
    assert set(told["first"][0]) == set(FIRST_HEAD)
    assert {r["code"] for r in told["readings"]} >= {"blank_level", "nucleus_od", "blurred", "scale_spread"}
    assert told["found"] is None
    assert told["validation"]["laboratories"] == 6


def test_the_json_says_what_became_of_it(written: WrittenCheck) -> None:
    told = to_json_obj(named(written))
    assert told["found"]["right"]["verdict"] == "below"
    assert told["found"]["right"]["value"] == pytest.approx(0.5)
    assert told["found"]["named"]["verdict"] == "as expected"
    assert told["signatures"][0]["report_sha256"] == "f" * 64


def test_the_table_holds_the_cells_in_their_order(written: WrittenCheck, tmp_path: Path) -> None:
    path = write_first_cells_csv(tmp_path / "c.csv", written.cells)
    with path.open(newline="", encoding="utf-8") as handle:
        table = list(csv.DictReader(handle))
    assert [int(row["cell_id"]) for row in table] == [f.id for f in written.check.first]
    assert {row["why"] for row in table} <= {"drawn", "look first", "telling"}


def test_no_field_of_the_table_begins_a_formula(tmp_path: Path) -> None:
    cell = ListedCell(1, "=1+1.jpg", 0, 0, "LY", 0.5, 0.5, "proposed", "", "drawn")
    assert ",=1" not in write_first_cells_csv(tmp_path / "c.csv", [cell]).read_text("utf-8")


def test_expected_and_found_stand_side_by_side(written: WrittenCheck) -> None:
    rows = found_rows(named(written).check)
    assert [row[0] for row in rows] == ["Share named", "Right of the named"]
    assert rows[1][2] == "50 % (34 to 66)"
    assert rows[1][3] == "below what was expected"
    assert found_rows(written.check) == []
    assert share_text(Limits(0.925, 0.9, 0.955), "en") == "92 % (90 to 96)"
    assert share_text(None) == "–"


@needs_poppler
@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_the_page_is_one_page_and_says_what_counts(
    written: WrittenCheck, tmp_path: Path, lang: str, paper: str
) -> None:
    full = named(replace(written, laboratory="Charité, Berlin"))
    path = tmp_path / "p.pdf"
    write_site_check_pdf(full, path, fonts_dir=resources_dir() / "fonts", paper=paper, lang=lang)
    text = text_of(path.read_bytes(), tmp_path)
    assert text.count("\f") == 1
    said = {
        "en": ("What to expect", "Right of the named", "below what was expected", "Signature", "is a guess"),
        "fr": ("À quoi s’attendre", "Justes parmi les nommées", "au-dessous de l’attendu", "est supposée"),
    }
    for part in (*said[lang], "Charité, Berlin", "50", "Ana (ana)", "f" * 24):
        assert part in text


@needs_poppler
def test_the_page_says_why_nothing_is_expected(written: WrittenCheck, tmp_path: Path) -> None:
    check = replace(written.check, expectation=None, named=None, right=None, why_not=Reason(NO_EXPECTATION))
    path = tmp_path / "p.pdf"
    write_site_check_pdf(replace(written, check=check), path, fonts_dir=resources_dir() / "fonts")
    text = text_of(path.read_bytes(), tmp_path)
    assert "No expectation is known for these models." in text
    assert "laboratories left out, also" not in text


def test_another_paper_is_refused(written: WrittenCheck, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="paper"):
        write_site_check_pdf(written, tmp_path / "p.pdf", fonts_dir=resources_dir() / "fonts", paper="a5")


def test_all_files_are_written(written: WrittenCheck, tmp_path: Path) -> None:
    files = write_all(written, tmp_path, LabSettings(), lang="fr", paper=None, csv="excel")
    assert [f.name for f in files] == ["site_check.json", "site_check.csv", "site_check.pdf"]
    assert all(f.stat().st_size > 100 for f in files)
