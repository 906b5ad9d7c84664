"""The main job without a window, end to end on drawn cells with plain networks."""

from __future__ import annotations

import csv
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.app.batch import AnalyzeRequest, analyze_all, report_again, verify_case
from bloodcells_gui.domain.analysis import CellsFound, Progress, RunStatus
from bloodcells_gui.domain.errors import OutputNotWritable
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_messages import LOST, remark
from bloodcells_gui.domain.settings import LabSettings, Privacy
from tests.support.doubles import PlainEngine, draw_cell, plain_engine
from tests.support.smears import PlainDetector, empty, fill

CODES = ("SNE", "LY", "EO", "LY")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    folder = tmp_path / "specimen"
    (folder / "sub folder").mkdir(parents=True)
    for i in range(24):
        where = folder / "sub folder" if i % 2 else folder
        cv2.imwrite(str(where / f"cell {i}.png"), draw_cell(CODES[i % 4])[..., ::-1])
    return folder


def analyze(*inputs: Path, out: Path, token: CancelToken | None = None, progress=lambda _: None, **options):
    options = {"mpp": 0.107, "one_specimen": True, **options}
    request = AnalyzeRequest(inputs, out, kind="crops", **options)
    return analyze_all(request, token=token or CancelToken(), progress=progress, engine=plain_engine)


def test_a_folder_of_crops_gives_every_file_of_the_contract(crops: Path, tmp_path: Path) -> None:
    (outcome,) = analyze(crops, out=tmp_path / "out", save_masks=True, wbc=6.0, specimen_id="S-1")
    assert outcome.exit_code == 0
    assert outcome.cells == 24
    out = tmp_path / "out"
    cells = rows(out / "cells.csv")
    assert [c["image"] for c in cells[:3]] == ["cell 0.png", "cell 2.png", "cell 4.png"]
    assert sum(c["predicted"] == "LY" for c in cells) == 12
    for cell in cells:
        assert sum(float(v) for k, v in cell.items() if k.startswith("p_")) == pytest.approx(1, abs=1e-4)
    table = {r["code"]: r for r in rows(out / "differential.csv")}
    assert table["LY"]["count"] == "12"
    assert float(table["LY"]["percent"]) == pytest.approx(50)
    assert float(table["LY"]["absolute_10e9_per_l"]) == pytest.approx(3.0)
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")
    assert rows(out / "skipped.csv") == []
    mask = cv2.imread(str(out / "masks" / "sub folder" / "cell 1.png"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == (256, 256)
    assert set(np.unique(mask)) == {0, 1, 2}
    ok, lines = verify_case(out / "case.bcs")
    assert ok, lines


def test_rollups_change_the_table_but_not_the_cells(crops: Path, tmp_path: Path) -> None:
    analyze(crops, out=tmp_path / "out", taxonomy="five")
    table = {r["code"]: r for r in rows(tmp_path / "out" / "differential.csv")}
    assert table["NEUTROPHIL"]["count"] == "6"
    assert {c["predicted"] for c in rows(tmp_path / "out" / "cells.csv")} == {"SNE", "LY", "EO"}


def test_bad_files_are_listed_and_the_rest_goes_on(crops: Path, tmp_path: Path) -> None:
    (crops / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not really")
    (crops / "notes.txt").write_text("hello")
    (crops / "empty.png").touch()
    (outcome,) = analyze(crops, out=tmp_path / "out")
    assert outcome.exit_code == 0
    assert outcome.cells == 24
    skipped = {r["path"]: r["reason"] for r in rows(tmp_path / "out" / "skipped.csv")}
    assert set(skipped) == {"broken.jpg", "notes.txt", "empty.png"}
    assert all(skipped.values())


def test_nothing_readable_is_exit_3_and_still_says_why(tmp_path: Path) -> None:
    folder = tmp_path / "nothing"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"no")
    (outcome,) = analyze(folder, out=tmp_path / "out")
    assert outcome.exit_code == 3
    assert [r["path"] for r in rows(tmp_path / "out" / "skipped.csv")] == ["a.jpg"]
    (missing,) = analyze(tmp_path / "not there", out=tmp_path / "out2")
    assert missing.exit_code == 3


def test_an_unwritable_output_is_told_before_any_work(crops: Path, tmp_path: Path) -> None:
    blocker = tmp_path / "a file"
    blocker.touch()
    with pytest.raises(OutputNotWritable) as caught:
        analyze(crops, out=blocker / "out")
    assert caught.value.exit_code == 5


def test_cancelling_keeps_and_stamps_what_was_found(crops: Path, tmp_path: Path) -> None:
    token = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.cells:
            token.cancel()

    (outcome,) = analyze(crops, out=tmp_path / "out", token=token, progress=stop)
    assert outcome.exit_code == 130
    assert 0 < len(rows(tmp_path / "out" / "cells.csv")) < 24
    (again,) = analyze(crops, out=tmp_path / "out", resume=True)
    assert again.status is RunStatus.COMPLETE
    names = [r["image"] for r in rows(tmp_path / "out" / "cells.csv")]
    assert len(names) == len(set(names)) == 24


def test_a_case_that_goes_on_takes_the_number_it_is_given(crops: Path, tmp_path: Path) -> None:
    (first,) = analyze(crops, out=tmp_path / "out", specimen_id="S-123")
    (kept,) = analyze(crops, out=tmp_path / "out", resume=True)
    (corrected,) = analyze(crops, out=tmp_path / "out", resume=True, specimen_id="S-132")
    assert [o.specimen for o in (first, kept, corrected)] == ["S-123", "S-123", "S-132"]


def test_an_earlier_case_in_the_folder_is_kept(crops: Path, tmp_path: Path) -> None:
    analyze(crops, out=tmp_path / "out")
    first = (tmp_path / "out" / "case.bcs").read_bytes()
    analyze(crops, out=tmp_path / "out")
    kept = list((tmp_path / "out").glob("case-until-*.bcs"))
    assert [k.read_bytes() for k in kept] == [first]


def test_several_inputs_get_a_folder_each_and_a_summary(crops: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "specimen"
    other.mkdir(parents=True)
    cv2.imwrite(str(other / "x.png"), draw_cell("EO")[..., ::-1])
    outcomes = analyze(crops, other, tmp_path / "missing", out=tmp_path / "out")
    assert [o.exit_code for o in outcomes] == [0, 0, 3]
    assert (tmp_path / "out" / "specimen" / "cells.csv").is_file()
    assert (tmp_path / "out" / "specimen-2" / "cells.csv").is_file()
    summary = rows(tmp_path / "out" / "summary.csv")
    assert [r["cells"] for r in summary] == ["24", "1"]


@pytest.mark.parametrize("several", [True, False])
def test_a_workbook_has_the_rows_of_the_summary(crops: Path, tmp_path: Path, several: bool) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the reader of workbooks is not installed")
    inputs = (crops, tmp_path / "missing") if several else (crops,)
    analyze(*inputs, out=tmp_path / "out", xlsx=True)
    book = openpyxl.load_workbook(tmp_path / "out" / "summary.xlsx")
    head, *found = [[cell.value for cell in row] for row in book["Cases"].rows]
    assert [dict(zip(head, row, strict=True))["cells"] for row in found] == [24]
    assert (tmp_path / "out" / "summary.csv").exists() == several
    if several:
        (row,) = rows(tmp_path / "out" / "summary.csv")
        assert list(row) == head
        assert book["Left out"]["A2"].value == "missing"


def test_reports_again_from_the_case_agree(crops: Path, tmp_path: Path) -> None:
    analyze(crops, out=tmp_path / "out")
    case, out = tmp_path / "out" / "case.bcs", tmp_path / "again"
    report_again(case, out, taxonomy="full", paper="letter", lang="fr", save_masks=False)
    assert rows(tmp_path / "again" / "cells.csv") == rows(tmp_path / "out" / "cells.csv")
    first, second = (rows(tmp_path / d / "differential.csv") for d in ("out", "again"))
    assert [r["count"] for r in first] == [r["count"] for r in second]


ODD_NAMES = ("it's.png", "a b  c.png", "😀.png", "=cmd|'x'!A1.png", "n" * 200 + ".png", "new\nline.png")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_come_through(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    if os.name == "nt" and any(c in name for c in "\n|"):
        pytest.skip("this system has no such names")
    ok, data = cv2.imencode(".png", draw_cell("LY")[..., ::-1])
    assert ok
    (folder / name).write_bytes(data.tobytes())
    (outcome,) = analyze(folder, out=tmp_path / "out", save_masks=True)
    assert outcome.exit_code == 0
    (row,) = rows(tmp_path / "out" / "cells.csv")
    assert row["image"].lstrip("'").replace("\n", "") != ""
    assert not row["image"].startswith(("=", "+", "-", "@"))


def test_cells_are_in_the_case_before_anyone_hears_of_them(crops: Path, tmp_path: Path) -> None:
    from bloodcells_gui.app.analysis import AnalysisJob, AnalysisOptions, new_case
    from bloodcells_gui.app.intake import take_in
    from bloodcells_gui.storage.case import CaseStore

    path = tmp_path / "c.bcs"
    new_case(path, take_in(crops, "crops").specimen, case_id="c").close()
    seen = 0
    for event in AnalysisJob(path, plain_engine, AnalysisOptions(mpp=0.107)).events():
        if isinstance(event, CellsFound):
            seen += len(event.cells)
            with CaseStore.open(path, read_only=True) as reader:
                assert len(reader.load_cells()) >= seen
    assert seen == 24


def test_a_share_that_goes_away_under_crops_is_told_kept_stamped_and_can_be_continued(
    crops: Path, tmp_path: Path
) -> None:
    away = tmp_path / "away"

    def unplug(progress: Progress) -> None:
        if progress.cells and crops.exists():
            crops.rename(away)

    for i in range(24, 200):
        cv2.imwrite(str(crops / f"cell {i}.png"), draw_cell("LY")[..., ::-1])
    out = tmp_path / "out"
    (outcome,) = analyze(crops, out=out, progress=unplug, threads=1)
    assert outcome.status is RunStatus.FAILED
    assert outcome.exit_code == 3
    assert remark(LOST) in outcome.remarks
    kept = len(rows(out / "cells.csv"))
    assert 0 < kept < 200
    assert len(rows(out / "skipped.csv")) == 200 - kept
    assert (out / "report.pdf").is_file()
    away.rename(crops)
    (again,) = analyze(crops, out=out, resume=True)
    assert again.exit_code == 0
    assert len(rows(out / "cells.csv")) == 200
    assert rows(out / "skipped.csv") == []


def test_an_anonymised_summary_names_neither_patients_nor_files(
    crops: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "bloodcells_gui.app.batch.load_settings", lambda: LabSettings(privacy=Privacy(0, True))
    )
    named = crops.rename(tmp_path / "Lefèvre Anne 1961")
    (named / "Lefèvre.txt").write_text("no image")
    empty = tmp_path / "Nowak Jan"
    empty.mkdir()
    (empty / "Nowak.jpg").write_bytes(b"no image")
    analyze(named, empty, tmp_path / "Gone Peter", out=tmp_path / "out", xlsx=True)
    found = "".join((tmp_path / "out" / name).read_text("utf-8") for name in ("summary.csv", "skipped.csv"))
    with zipfile.ZipFile(tmp_path / "out" / "summary.xlsx") as book:
        found += "".join(book.read(name).decode() for name in book.namelist())
    assert not [n for n in ("Lefèvre", "Anne", "Nowak", "Jan", "Gone", "Peter") if n in found]
    (row,) = rows(tmp_path / "out" / "summary.csv")
    assert row["specimen_id"].startswith("anonymous-")
    assert row["cells"] == "24"
    assert [r["path"] for r in rows(tmp_path / "out" / "skipped.csv")] == ["file-000001", "file-000002"]


def test_a_share_that_goes_away_under_fields_can_be_continued_too(tmp_path: Path) -> None:
    def engine() -> PlainEngine:
        plain = plain_engine()
        plain.detector = PlainDetector()  # type: ignore[assignment]
        return plain

    folder, out = tmp_path / "fields", tmp_path / "out"
    folder.mkdir()
    smear = empty(700, 500, 0.4)
    fill(smear, (0, 0, 700, 500), np.random.default_rng(2), pitch_um=16, leukocytes=3)
    for i in range(9):
        smear.rgb[0, 0] = 200 + i  # copies would count once
        cv2.imwrite(str(folder / f"field {i}.png"), smear.rgb[..., ::-1])

    def unplug(progress: Progress) -> None:
        if progress.cells and folder.exists():
            folder.rename(tmp_path / "away")

    request = AnalyzeRequest((folder,), out, kind="fields", mpp=0.4, threads=1)
    (lost,) = analyze_all(request, token=CancelToken(), progress=unplug, engine=engine)
    assert (lost.status, lost.exit_code) == (RunStatus.FAILED, 3)
    assert remark(LOST) in lost.remarks
    assert rows(out / "skipped.csv")
    found = len(rows(out / "cells.csv"))
    (tmp_path / "away").rename(folder)
    (whole,) = analyze_all(
        replace(request, resume=True), token=CancelToken(), progress=lambda _: None, engine=engine
    )
    assert whole.exit_code == 0
    assert len(rows(out / "cells.csv")) > found
    assert {r["image"] for r in rows(out / "cells.csv")} == {f"field {i}.png" for i in range(9)}
    assert rows(out / "skipped.csv") == []
