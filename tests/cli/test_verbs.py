"""The command line as scripts see it: verbs, exit codes, files, with the shipped models."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.app.workspace import settings_path
from bloodcells_gui.cli import run
from bloodcells_gui.domain.errors import Cancelled
from bloodcells_gui.domain.scale_messages import NO_SCALE


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def specimen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "crops"
    assert run(["demo", "--out", str(out), "--cells", "16", "--seed", "3", "--quiet"]) == 0
    return out


@pytest.fixture(scope="module")
def results(specimen: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    arguments = ["analyze", str(specimen), "--out", str(out), "--wbc", "7.5", "--wbc-corrected", "no"]
    assert run([*arguments, "--specimen-id", "=S 1", "--save-masks", "--quiet"]) == 0
    return out


def test_analyze_writes_what_the_contract_names(specimen: Path, results: Path) -> None:
    assert {p.name for p in results.iterdir()} == {
        "cells.csv", "differential.csv", "skipped.csv", "report.pdf", "case.bcs", "masks",
    }  # fmt: skip
    cells = rows(results / "cells.csv")
    assert len(cells) == 16
    head = list(cells[0])
    assert head[:13] == [
        "cell_id", "image", "x_px", "y_px", "width_px", "height_px", "mpp", "predicted", "probability",
        "status", "final", "reviewer", "reviewed_at",
    ]  # fmt: skip
    assert head[-3:] == ["focus", "flags", "model_sha256"]
    assert len(head) == len(set(head))
    assert (results / "cells.csv").read_bytes().count(b"\r\n") == 17
    differential = rows(results / "differential.csv")
    assert list(differential[0]) == [
        "code", "name", "count", "percent", "low95", "high95", "per_100_wbc", "absolute_10e9_per_l",
        "ref_low_10e9_per_l", "ref_high_10e9_per_l", "flag",
    ]  # fmt: skip
    inside = [r for r in differential if r["percent"]]
    assert sum(float(r["percent"]) for r in inside) == pytest.approx(100, abs=0.01)
    masks = sorted(p.name for p in (results / "masks").glob("*.png"))
    assert masks == sorted(Path(c["image"]).with_suffix(".png").name for c in cells)


def test_masks_beside_the_crops_are_not_called_left_out(
    specimen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    shutil.copytree(specimen, folder)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    assert run(["analyze", str(folder), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    listed = len(rows(tmp_path / "out" / "skipped.csv"))
    assert f"1 file left out, and {listed - 1} that are no photographs" in said


def test_a_synthetic_specimen_says_so(results: Path) -> None:
    from bloodcells_gui.storage.case import CaseStore

    with CaseStore.open(results / "case.bcs", read_only=True) as store:
        assert store.specimen.synthetic


def test_verify_and_report_read_the_case(results: Path, tmp_path: Path, capsys) -> None:
    assert run(["verify", str(results / "case.bcs"), "--trail", str(tmp_path / "t.csv")]) == 0
    assert "ok" in capsys.readouterr().out
    assert (tmp_path / "t.csv").is_file()
    again = ["report", str(results / "case.bcs"), "--out", str(tmp_path / "r"), "--taxonomy", "five"]
    assert run([*again, "--lang", "fr"]) == 0
    assert rows(tmp_path / "r" / "cells.csv") == rows(results / "cells.csv")


def test_json_progress_is_one_object_a_line(specimen: Path, tmp_path: Path, capsys) -> None:
    assert run(["analyze", str(specimen), "--out", str(tmp_path), "--json-progress", "--quiet"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert set(lines[-1]) == {"done", "total", "unit", "cells", "rate", "eta_s"}
    assert lines[-1]["done"] == lines[-1]["total"] == 16


def test_evaluate_writes_its_three_files(
    specimen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = json.loads((specimen / "truth.json").read_text("utf-8"))
    assert truth["synthetic"]
    sorted_out = tmp_path / "by class"
    for image in truth["images"]:
        code = image["cells"][0]["code"]  # the central cell stands first
        (sorted_out / code).mkdir(parents=True, exist_ok=True)
        (sorted_out / code / image["file"]).write_bytes((specimen / image["file"]).read_bytes())
    assert run(["evaluate", str(sorted_out), "--out", str(tmp_path / "e"), "--lang", "fr"]) == 0
    said = capsys.readouterr().out
    assert "16 cellules, regroupement" in said
    assert "exactitude des autres" in said
    found = json.loads((tmp_path / "e" / "evaluation.json").read_text("utf-8"))
    assert found["n"] == 16
    assert (tmp_path / "e" / "evaluation.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "e" / "evaluation.csv").is_file()


def test_site_check_analyses_and_says_what_it_knows(
    specimen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "s"
    assert run(["site-check", str(specimen), "--out", str(out), "--mpp", "0.1"]) == 0
    said = capsys.readouterr().out
    assert "cells to name first" in said
    assert "nothing is expected of fewer than 30" in said
    assert {p.name for p in out.iterdir()} >= {
        "site_check.json",
        "site_check.csv",
        "site_check.pdf",
        "case.bcs",
    }
    told = json.loads((out / "site_check.json").read_text("utf-8"))
    assert told["expected"] is None
    assert told["validation"]["laboratories"] >= 6
    assert told["images"] == 16
    assert run(["verify", str(out / "case.bcs")]) == 0


def test_site_check_of_a_case_reads_it_and_changes_nothing(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (results / "case.bcs").read_bytes()
    assert run(["site-check", str(results / "case.bcs"), "--out", str(tmp_path / "s"), "--lang", "fr"]) == 0
    assert "cellules à nommer d’abord" in capsys.readouterr().out
    assert (results / "case.bcs").read_bytes() == before
    assert not (tmp_path / "s" / "case.bcs").exists()


@pytest.mark.parametrize(("content", "code"), [(b"no case", 2), (b"SQLite format 3\0" + bytes(200), 2)])
def test_site_check_refuses_what_is_no_case(tmp_path: Path, content: bytes, code: int) -> None:
    path = tmp_path / "x.bcs"
    path.write_bytes(content)
    assert run(["site-check", str(path), "--out", str(tmp_path / "s")]) == code


def test_site_check_writes_where_it_may(results: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert run(["site-check", str(results / "case.bcs"), "--out", str(tmp_path / "file" / "s")]) == 5


def test_evaluate_names_in_its_headline_what_no_class_name_covers(
    specimen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crops = sorted(p for p in specimen.iterdir() if p.suffix in (".png", ".jpg"))[:9]
    for k, crop in enumerate(crops):
        folder = tmp_path / "by-class" / ("Polynucléaires neutrophiles", "granulocytes", "divers")[k % 3]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(crop, folder / crop.name)
    assert run(["evaluate", str(tmp_path / "by-class"), "--out", str(tmp_path / "e"), "--mpp", "0.1"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("Only 3 of 9 images count.")
    assert "granulocytes (3)" in first
    assert "divers (3)" in first
    found = json.loads((tmp_path / "e" / "evaluation.json").read_text("utf-8"))
    assert found["unnamed_folders"] == {"granulocytes": 3, "divers": 3}
    assert found["data"][0]["classes"] == {"Polynucléaires neutrophiles": 3}


def test_a_folder_without_any_scale_is_said_first_and_gives_no_profile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(1)
    for code in ("LY", "MO"):
        (tmp_path / "by-class" / code).mkdir(parents=True)
        for k in range(3):
            pixels = noise.integers(180, 190, (40, 40, 3), np.uint8)
            cv2.imwrite(str(tmp_path / "by-class" / code / f"{k}.png"), pixels)
    assert run(["evaluate", str(tmp_path / "by-class"), "--out", str(tmp_path / "e"), "--lang", "fr"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Les fichiers n’indiquent aucune échelle")
    assert any(line.startswith("6 ") for line in lines[1:])
    found = json.loads((tmp_path / "e" / "evaluation.json").read_text("utf-8"))
    assert found["abstained"] == 6
    assert found["scale_remarks"] == [NO_SCALE]
    assert run(["calibrate", str(tmp_path / "by-class"), "--name", "x"]) != 0
    assert "The scale of these crops is not known" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["analyze", "{tmp}/missing", "--out", "{tmp}/o"], 3),
        (["analyze", "{tmp}/empty", "--out", "{tmp}/o"], 3),
        (["analyze", "{tmp}/empty", "--out", "{tmp}/file/o"], 5),
        (["analyze", "{tmp}/empty", "--out", "{tmp}/o", "--bundle", "{tmp}/empty"], 0),
        (["models", "verify", "{tmp}/empty"], 4),
        (["verify", "{tmp}/file"], 2),
        (["calibrate", "{tmp}/empty"], 2),
    ],
)
def test_exit_codes(arguments: list[str], code: int, tmp_path: Path, capsys) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    found = run([a.format(tmp=tmp_path) for a in arguments])
    if code:
        assert found == code
        assert capsys.readouterr().err.startswith("bloodcells: ")
    else:
        assert found in (3, 4)


def test_a_tampered_bundle_is_exit_4(specimen: Path, tmp_path: Path, capsys) -> None:
    import shutil

    from bloodcells_gui.app.data_folders import models_dir

    shutil.copytree(models_dir(), tmp_path / "models")
    network = next((tmp_path / "models").glob("classifier*/*.onnx"))
    data = bytearray(network.read_bytes())
    data[len(data) // 2] ^= 1
    network.write_bytes(data)
    arguments = ["analyze", str(specimen), "--out", str(tmp_path / "o")]
    assert run([*arguments, "--bundle", str(tmp_path / "models")]) == 4
    assert "changed or damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["analyze"], ["analyze", "x"], ["nonsense"], ["analyze", "x", "--out", "o", "--mpp", "-1"]]
)
def test_usage_errors_are_exit_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(arguments)
    assert caught.value.code == 2


def test_models_and_self_test(capsys) -> None:
    assert run(["models", "list"]) == 0
    listed = capsys.readouterr().out
    assert "    PC    Plasma cell: by hand;" in listed
    assert "Never proposes: variant lymphocyte, plasma cell" in listed
    assert run(["models", "verify"]) == 0
    verified = capsys.readouterr().out
    assert "FAIL" not in verified
    assert "note  Never proposes: variant lymphocyte, plasma cell" in verified


@pytest.mark.parametrize(("lang", "word"), [("en", "--resume"), ("fr", "inaccessibles")])
def test_images_out_of_reach_half_way_are_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lang: str, word: str
) -> None:
    from bloodcells_gui.app import batch
    from bloodcells_gui.domain.analysis import RunStatus

    half = batch.Outcome("S-1", tmp_path, RunStatus.FAILED, cells=12, skipped=30)
    monkeypatch.setattr(batch, "analyze_all", lambda *_, **__: [half])
    assert run(["analyze", str(tmp_path), "--out", str(tmp_path), "--lang", lang, "--quiet"]) == 3
    assert word in capsys.readouterr().err


def test_settings_that_are_not_used_are_named_in_words(
    results: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BLOODCELLS_HOME", str(tmp_path / "home"))
    path = settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"target_cells": "many"}', "utf-8")
    case = str(results / "case.bcs")
    assert run(["report", case, "--out", str(tmp_path / "a"), "--lang", "fr"]) == 0
    assert "Réglage « Leucocytes à compter (target_cells) » : n'est pas un nombre" in capsys.readouterr().err
    path.write_text("{", "utf-8")
    assert run(["report", case, "--out", str(tmp_path / "b")]) == 0
    assert "The settings file settings.json cannot be used: it is damaged at line 1." in (
        capsys.readouterr().err
    )


def test_tables_for_a_french_spreadsheet_and_numbers_with_a_comma(specimen: Path, tmp_path: Path) -> None:
    out = tmp_path / "fr"
    analyze = ["analyze", str(specimen), "--out", str(out), "--mpp", "0,1", "--wbc", "7,5", "--quiet"]
    assert run([*analyze, "--csv", "excel", "--lang", "fr"]) == 0
    for name in ("cells.csv", "differential.csv", "skipped.csv"):
        assert (out / name).read_bytes().startswith(b"\xef\xbb\xbf"), name
    with (out / "cells.csv").open(encoding="utf-8-sig", newline="") as stream:
        first = next(csv.DictReader(stream, delimiter=";"))
    assert first["mpp"] == "0,1"
    assert "." not in first["probability"]
    with (out / "differential.csv").open(encoding="utf-8-sig", newline="") as stream:
        table = list(csv.DictReader(stream, delimiter=";"))
    total = sum(float(r["absolute_10e9_per_l"].replace(",", ".")) for r in table if r["percent"])
    assert total == pytest.approx(7.5, abs=0.01)
    assert run(["report", str(out / "case.bcs"), "--out", str(out / "r"), "--csv", "excel"]) == 0
    assert (out / "r" / "differential.csv").read_text("utf-8-sig").startswith("code,name,count")


@pytest.mark.parametrize("text", ["1,234.5", "O,1", "nan", "0", "-1", "1_0"])
def test_numbers_that_could_be_read_in_two_ways_are_refused(text: str, tmp_path: Path, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["analyze", str(tmp_path), "--out", str(tmp_path / "o"), f"--mpp={text}"])
    assert ended.value.code == 2
    assert "not a positive number" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["analyze", "evaluate", "lab"])
def test_a_stop_before_there_is_anything_to_keep_is_said_in_words(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from bloodcells_gui.app import backup, batch_inputs, labelled_folders

    def stopped(*_: object, **__: object) -> None:
        raise Cancelled

    monkeypatch.setattr(batch_inputs, "take_in", stopped)
    monkeypatch.setattr(labelled_folders, "take_in", stopped)
    monkeypatch.setattr(backup, "back_up", stopped)
    arguments = ["lab", "backup", str(tmp_path / "b.zip"), "--lang", "fr"]
    if verb != "lab":
        arguments = [verb, str(tmp_path), "--out", str(tmp_path / "out"), "--lang", "fr"]
    assert run(arguments) == 130
    assert capsys.readouterr().err == "Arrêté : rien n'a été écrit.\n"


@pytest.mark.parametrize("text", ["1,5", "1_0", "many", "1e2"])
def test_what_is_no_whole_number_is_refused_in_words(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["analyze", str(tmp_path), "--out", str(tmp_path / "out"), "--target-cells", text])
    assert ended.value.code == 2
    assert f"{text} is not a whole number" in capsys.readouterr().err
