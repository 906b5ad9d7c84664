"""CSV as other programs rely on it: columns, RFC 4180, numbers, no formulas, whole or not at all."""

from __future__ import annotations

import csv
import io
import math
import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.csv_text import csv_dialect, safe_text
from bloodcells_gui.domain.differential import differential
from bloodcells_gui.domain.errors import OutputNotWritable
from bloodcells_gui.domain.review import SpecimenData
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.specimen import ImageRef
from bloodcells_gui.domain.taxonomy import ORDER
from bloodcells_gui.report import csv_out
from tests.support.report_case import CLASSES, MEASURES, SHA, make_cells, make_run, make_specimen, make_state


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def write_cells(tmp_path: Path, **changes: object) -> list[dict[str, str]]:
    cells = make_cells()
    state = make_state(cells)
    path = csv_out.write_cells_csv(
        tmp_path / "cells.csv", make_specimen(len(cells), **changes), [make_run()], cells, state
    )
    return read(path)


def test_cells_have_the_contracts_columns_in_order(tmp_path: Path) -> None:
    rows = write_cells(tmp_path)
    assert list(rows[0]) == [
        "cell_id",
        "image",
        "x_px",
        "y_px",
        "width_px",
        "height_px",
        "mpp",
        "predicted",
        "probability",
        "status",
        "final",
        "reviewer",
        "reviewed_at",
        *(
            f"p_{c}"
            for c in ("SNE", "BNE", "LY", "MO", "EO", "BA", "MMY", "MY", "PMY", "BL", "ERB", "PLT", "ART")
        ),
        *MEASURES,
        "focus",
        "flags",
        "model_sha256",
    ]
    assert len(rows) == len(make_cells())
    assert {r["model_sha256"] for r in rows} == {SHA}
    for r in rows:
        assert sum(float(r[f"p_{c}"]) for c in CLASSES) == pytest.approx(1.0, abs=1e-5)
        assert float(r["x_px"]) == 12.5


def test_tags_have_a_last_column_only_where_there_are_any(tmp_path: Path) -> None:
    cells = make_cells()
    specimen, state = make_specimen(len(cells)), make_state(cells)
    for tags in ({}, {cells[1].id: ()}):
        path = csv_out.write_cells_csv(tmp_path / "c.csv", specimen, [make_run()], cells, state, tags=tags)
        assert list(read(path)[0])[-1] == "model_sha256"
    tags = {cells[1].id: ("Auer rod", "vacuoles")}
    rows = read(csv_out.write_cells_csv(tmp_path / "c.csv", specimen, [make_run()], cells, state, tags=tags))
    assert list(rows[0])[-2:] == ["model_sha256", "tags"]
    assert {r["cell_id"]: r["tags"] for r in rows if r["tags"]} == {str(cells[1].id): "Auer rod; vacuoles"}


def test_status_and_final_say_what_counts(tmp_path: Path) -> None:
    rows = write_cells(tmp_path)
    by_status = {
        s: [r for r in rows if r["status"] == s] for s in ("confirmed", "relabelled", "excluded", "proposed")
    }
    assert all(by_status.values())
    assert all(r["final"] == "" for r in by_status["excluded"])
    assert all(r["final"] == r["predicted"] and r["reviewer"] for r in by_status["confirmed"])
    assert all(r["final"] != r["predicted"] for r in by_status["relabelled"])
    assert all(r["final"] == r["predicted"] and not r["reviewer"] for r in by_status["proposed"])


def test_a_second_run_with_other_classes_leaves_its_gaps_empty(tmp_path: Path) -> None:
    import dataclasses

    cells = make_cells({"SNE": 2})
    later = dataclasses.replace(
        cells[1], run=1, scores=np.array([0.9, 0.1], np.float32), measurements=np.array([7.0], np.float32)
    )
    runs = [
        make_run(),
        make_run(number=1, classes=("LY", "SMU"), measurement_names=("nucleus_cell_ratio",), bundles={}),
    ]
    cells = [cells[0], later]
    path = csv_out.write_cells_csv(
        tmp_path / "c.csv", make_specimen(2), runs, cells, make_state(cells, reviewed=False)
    )
    first, second = read(path)
    assert first["p_SMU"] == ""
    assert float(second["p_LY"]) == pytest.approx(0.9)
    assert (second["p_SNE"], second["cell_area_um2"], second["nucleus_cell_ratio"]) == ("", "", "7")
    assert second["model_sha256"] == ""


def test_differential_has_the_contracts_columns(tmp_path: Path) -> None:
    d = differential({"SNE": 60, "LY": 40, "ERB": 3}, 0, 0, SpecimenData({"wbc": "5"}), LabSettings())
    path = csv_out.write_differential_csv(tmp_path / "differential.csv", d)
    assert path.read_bytes().splitlines()[0] == (
        b"code,name,count,percent,low95,high95,per_100_wbc,absolute_10e9_per_l,"
        b"ref_low_10e9_per_l,ref_high_10e9_per_l,flag"
    )
    rows = {r["code"]: r for r in read(path)}
    assert list(rows) == list(ORDER)
    assert (rows["SNE"]["percent"], rows["SNE"]["per_100_wbc"]) == ("60", "")
    assert (rows["ERB"]["percent"], rows["ERB"]["per_100_wbc"]) == ("", "3")
    assert (rows["LY"]["absolute_10e9_per_l"], rows["LY"]["ref_high_10e9_per_l"]) == ("2", "3")
    assert float(rows["SNE"]["low95"]) == pytest.approx(49.72, abs=0.01)


def test_lines_end_as_rfc_4180_says_and_the_last_one_too(tmp_path: Path) -> None:
    data = csv_out.write_skipped_csv(
        tmp_path / "s.csv", [SkippedFile("a\nb.jpg", 'no "image", truly')]
    ).read_bytes()
    assert data == b'path,reason\r\n"a\nb.jpg","no ""image"", truly"\r\n'
    assert csv_out.write_skipped_csv(tmp_path / "t.csv", []).read_bytes() == b"path,reason\r\n"


@pytest.mark.parametrize(
    "start", ["=1+1", "+1", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n@x", "＝1", "\u00a0=1"]
)
def test_no_text_can_start_a_formula(tmp_path: Path, start: str) -> None:
    path = csv_out.write_skipped_csv(tmp_path / "s.csv", [SkippedFile(start, start)])
    (row,) = read(path)
    assert row["path"] == row["reason"] == "'" + start


@given(st.text(max_size=12))
def test_safe_text_never_starts_a_formula_and_keeps_the_rest(text: str) -> None:
    safe = safe_text(text)
    for part in re.split(r"[,;\t|]", safe):
        assert part.strip()[:1] not in ("=", "+", "-", "@")
    assert safe.replace("'", "") == text.replace("\0", "\ufffd").replace("'", "")
    if not re.search(r"[=+\-@＝＋－＠]", text) and text[:1] not in ("\t", "\r", "\n"):
        assert safe == text.replace("\0", "\ufffd")


@pytest.mark.parametrize("text", ["a;=1+1", "a, @x", "Dr;\t-1+cmd", "x|+1"])
def test_a_spreadsheet_that_splits_elsewhere_meets_no_formula_either(text: str) -> None:
    assert safe_text(text) == re.sub(r"([=+@-])", r"'\1", text, count=1)


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    path = csv_out.write_rows(tmp_path / "n.csv", ["a"], [[-1.5], [math.nan], [None], [float("inf")], [3]])
    assert path.read_bytes() == b'a\r\n-1.5\r\n""\r\n""\r\ninf\r\n3\r\n'


def test_hostile_names_come_back_as_they_were(tmp_path: Path) -> None:
    import dataclasses

    names = ['a "b", c.jpg', "e\u0301 \U0001f9ec.png", "line\nbreak.png", "\udcff.png"]
    cells = make_cells({"SNE": 4})
    specimen = make_specimen(4)
    specimen = dataclasses.replace(specimen, images=tuple(ImageRef(n, Path("/x")) for n in names))
    path = csv_out.write_cells_csv(
        tmp_path / "c.csv", specimen, [make_run()], cells, make_state(cells, reviewed=False)
    )
    assert [r["image"] for r in read(path)] == [*names[:3], "?.png"]


def test_an_export_replaces_the_old_file_at_once_or_leaves_it(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    csv_out.write_skipped_csv(path, [SkippedFile("old", "")])

    def breaks() -> list[SkippedFile]:
        raise OSError(28, os.strerror(28))

    class Bad:
        def __iter__(self) -> object:
            yield SkippedFile("new", "")
            breaks()

    with pytest.raises(OutputNotWritable, match="no space left"):
        csv_out.write_skipped_csv(path, Bad())  # type: ignore[arg-type]
    assert read(path)[0]["path"] == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["s.csv"]


def test_a_missing_folder_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(OutputNotWritable) as caught:
        csv_out.write_skipped_csv(tmp_path / "none" / "s.csv", [])
    assert "s.csv" in caught.value.text("en")
    assert "n'a pas pu être écrit" in caught.value.text("fr")


def test_summary_has_one_row_per_specimen(tmp_path: Path) -> None:
    d1 = differential({"SNE": 60, "LY": 40}, 1, 2, SpecimenData(), LabSettings(), "five")
    d2 = differential({"BL": 10}, 0, 0, SpecimenData({"wbc": "80"}), LabSettings(), "five")
    path = csv_out.write_summary_csv(
        tmp_path / "summary.csv",
        [("=A", d1, {"status": "complete", "images": 103}), ("B", d2, {"skipped": 1})],
    )
    first, second = read(path)
    assert first["specimen_id"] == "'=A"
    assert (first["status"], first["images"], first["skipped"]) == ("complete", "103", "")
    assert (first["leukocytes"], first["unidentified"], first["excluded"]) == ("100", "1", "2")
    assert (first["NEUTROPHIL_percent"], first["LYMPHOCYTE_count"]) == ("60", "40")
    assert second["OTHER_percent"] == "100"
    assert "OTHER:!" in second["flags"]
    assert io.StringIO(path.read_text()).readline().startswith("specimen_id,status,images,skipped,leukocytes")


@pytest.mark.parametrize(
    ("name", "lang", "expected"),
    [
        ("rfc4180", "fr", b"name,x,n\r\na;b,1.5,7\r\n"),
        ("excel", "en", b"\xef\xbb\xbfname,x,n\r\na;b,1.5,7\r\n"),
        ("excel", "fr", b'\xef\xbb\xbfname;x;n\r\n"a;b";1,5;7\r\n'),
    ],
)
def test_dialects_write_the_signs_that_their_readers_expect(
    tmp_path: Path, name: str, lang: str, expected: bytes
) -> None:
    dialect = csv_dialect(name, lang)
    path = csv_out.write_rows(tmp_path / "d.csv", ["name", "x", "n"], [["a;b", 1.5, 7]], dialect)
    assert path.read_bytes().endswith(expected)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf") == (name == "excel")


def test_a_dialect_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="ods"):
        csv_dialect("ods", "en")
