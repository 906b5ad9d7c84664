"""Headers and classes of tables, as keys or in words."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bloodcells_gui.domain.csv_text import csv_dialect
from bloodcells_gui.report import csv_out
from bloodcells_gui.report.table_names import KEYS, table_names
from tests.support.report_case import make_cells, make_report, make_run, make_specimen, make_state

CELLS = make_cells()


def cells_table(path: Path, wish: str, lang: str, dialect: str = "rfc4180") -> list[list[str]]:
    rules = csv_dialect(dialect, lang)
    csv_out.write_cells_csv(
        path,
        make_specimen(len(CELLS)),
        [make_run()],
        CELLS,
        make_state(CELLS),
        rules,
        table_names(wish, lang),
    )
    text = path.read_text("utf-8-sig")
    return list(csv.reader(text.splitlines(), delimiter=rules.separator))


def test_keys_stay_to_the_letter(tmp_path: Path) -> None:
    table = cells_table(tmp_path / "c.csv", "codes", "fr")
    assert tuple(table[0][:13]) == csv_out.CELL_HEAD
    assert "p_SNE" in table[0]
    assert "nucleus_cell_ratio" in table[0]
    assert {"SNE", "LY", "MO"} <= {row[7] for row in table[1:]}
    assert {row[9] for row in table[1:]} >= {"confirmed", "proposed", "relabelled", "excluded"}
    plain = cells_table(tmp_path / "p.csv", "codes", "en")
    assert plain == table


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_words_name_columns_classes_and_states(lang: str, tmp_path: Path) -> None:
    table = cells_table(tmp_path / "c.csv", "words", lang)
    head = table[0]
    assert not [h for h in head if "_" in h]
    assert len(set(head)) == len(head)
    classes = {row[7] for row in table[1:]}
    assert {"en": "Band neutrophil", "fr": "Neutrophile non segmenté"}[lang] in classes
    states = {row[9] for row in table[1:]}
    assert {"en": "confirmed", "fr": "confirmée"}[lang] in states
    if lang == "fr":
        assert not states & {"confirmed", "proposed", "relabelled", "excluded"}
        assert "Cell area (um²)" not in head
    # The same figures, in the same places.
    keys = cells_table(tmp_path / "k.csv", "codes", lang)
    for words, codes in zip(table[1:], keys[1:], strict=True):
        assert words[:7] == codes[:7]
        assert words[8] == codes[8]


def test_the_differential_names_its_classes_in_the_language_and_keeps_its_codes(tmp_path: Path) -> None:
    d = make_report().differential
    english = csv_out.write_differential_csv(tmp_path / "e.csv", d).read_text("utf-8").splitlines()
    french = csv_out.write_differential_csv(
        tmp_path / "f.csv", d, names=table_names("codes", "fr")
    ).read_text("utf-8").splitlines()  # fmt: skip
    assert english[0] == french[0] == ",".join(csv_out.DIFFERENTIAL_HEAD)
    assert any(line.startswith("BL,Blast,") for line in english)
    assert any(line.startswith("BL,Blaste,") for line in french)
    words = csv_out.write_differential_csv(tmp_path / "w.csv", d, names=table_names("words", "fr"))
    assert words.read_text("utf-8").startswith("Code,Classe,")


def test_a_french_spreadsheet_reads_words_and_decimal_commas(tmp_path: Path) -> None:
    table = cells_table(tmp_path / "x.csv", "words", "fr", "excel")
    assert (tmp_path / "x.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert all(len(row) == len(table[0]) for row in table)
    assert table[1][6] == "0,0985"


def test_every_column_of_every_table_has_words() -> None:
    names = table_names("words", "en")
    for head in (
        csv_out.CELL_HEAD,
        csv_out.DIFFERENTIAL_HEAD,
        csv_out.SKIPPED_HEAD,
        csv_out.CONTRADICTED_HEAD,
    ):
        assert not [w for k, w in zip(head, names.head(head), strict=True) if w == k]
    assert names.head(["SNE_count", "ERB_per_100_wbc", "LY_percent", "p_BL"]) == [
        "Segmented neutrophil, count", "Erythroblast (NRBC), per 100 WBC", "Lymphocyte, %",
        "Probability of Blast",
    ]  # fmt: skip
    assert KEYS.head(["SNE_count"]) == ["SNE_count"]
    with pytest.raises(ValueError, match="english"):
        table_names("english", "en")
