"""One folder for each patient: never one specimen unless a person says so."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import cv2
import pytest

from bloodcells_gui.app.batch import GATHERED, AnalyzeRequest, Outcome, analyze_all
from bloodcells_gui.app.intake import parts_of, take_in
from bloodcells_gui.domain import left_out
from bloodcells_gui.domain.errors import EXIT_USAGE, UserError
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.progress import CancelToken
from tests.support.doubles import draw_cell, plain_engine


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def put(path: Path, code: str = "LY", count: int = 1) -> None:
    path.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        cell = draw_cell(code)
        # No two images are copies of each other.
        cell[:4, :4] = (i * 5, len(path.name), ord(path.name[-1]) % 256)
        cv2.imwrite(str(path / f"{i}.png"), cell[..., ::-1])


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    for name, code, count in (("A", "LY", 3), ("B", "SNE", 2), ("C", "EO", 1)):
        put(tmp_path / "patients" / name, code, count)
    return tmp_path / "patients"


def analyze(*inputs: Path, out: Path, **options: object) -> list[Outcome]:
    request = AnalyzeRequest(inputs, out, kind="crops", mpp=0.107, **options)  # type: ignore[arg-type]
    return analyze_all(request, token=CancelToken(), progress=lambda _: None, engine=plain_engine)


def test_images_in_several_places_are_refused_with_their_numbers(patients: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        analyze(patients, out=tmp_path / "out")
    assert refused.value.exit_code == EXIT_USAGE
    text = refused.value.text()
    for word in ("A: 3", "B: 2", "C: 1", "--one-specimen", "--each-folder"):
        assert word in text
    assert "3 endroits" in refused.value.text("fr")
    assert not (tmp_path / "out" / "case.bcs").exists()


def test_a_folder_and_one_sub_folder_are_two_places(tmp_path: Path) -> None:
    put(tmp_path / "x")
    put(tmp_path / "x" / "again")
    with pytest.raises(UserError, match=r"\.: 1; again: 1"):
        analyze(tmp_path / "x", out=tmp_path / "out")


def test_one_specimen_reads_them_all(patients: Path, tmp_path: Path) -> None:
    (outcome,) = analyze(patients, out=tmp_path / "out", one_specimen=True)
    assert (outcome.exit_code, outcome.cells) == (0, 6)
    assert {r["image"] for r in rows(tmp_path / "out" / "cells.csv")} >= {"A/0.png", "B/1.png", "C/0.png"}


def test_each_folder_is_a_specimen_of_its_own(patients: Path, tmp_path: Path) -> None:
    put(patients / "B" / "more", "EO")
    put(patients / "D" / "only below", "LY", 2)
    shutil.copy(patients / "A" / "0.png", patients / "loose.png")
    (patients / "notes.txt").write_text("hello")
    (patients / "papers").mkdir()
    (patients / "papers" / "letter.txt").write_text("hello")
    (patients / "E").mkdir()
    (patients / "E" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    (patients / ".hidden").mkdir()
    (patients / ".hidden" / "x.png").write_bytes(b"x")
    out = tmp_path / "out"
    outcomes = analyze(patients, out=out, each_folder=True)
    assert [(o.specimen, o.cells, o.exit_code) for o in outcomes] == [
        ("A", 3, 0), ("B", 3, 0), ("C", 1, 0), ("D", 2, 0), ("E", 0, 3),
    ]  # fmt: skip
    assert {r["image"] for r in rows(out / "B" / "cells.csv")} == {"0.png", "1.png", "more/0.png"}
    assert [(r["specimen_id"], r["cells"]) for r in rows(out / "summary.csv")] == [
        ("A", "3"), ("B", "3"), ("C", "1"), ("D", "2"),
    ]  # fmt: skip
    told = {r["path"]: r["reason"] for r in rows(out / "skipped.csv")}
    assert told["loose.png"] == left_out.LOOSE
    assert set(told) == {"loose.png", "notes.txt", "papers/letter.txt", ".hidden/x.png", "E"}
    assert [r["path"] for r in rows(out / "E" / "skipped.csv")] == ["broken.jpg"]


def test_images_beside_the_folders_are_told(
    patients: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from bloodcells_gui import cli
    from bloodcells_gui.app import batch

    put(patients, "LY", 2)
    (patients / "notes.txt").write_text("no image")
    monkeypatch.setattr(batch, "LazyEngine", lambda _: plain_engine)
    arguments = ["analyze", str(patients), "--out", str(tmp_path / "out"), "--each-folder", "--quiet"]
    assert cli.run([*arguments, "--mpp", "0.107"]) == 0
    assert "Not analysed: 2 images" in capsys.readouterr().err
    assert cli.run([*arguments, "--mpp", "0.107", "--lang", "fr"]) == 0
    assert "Non analysées : 2 images" in capsys.readouterr().err


def test_each_folder_of_a_folder_without_folders_is_the_folder(tmp_path: Path) -> None:
    put(tmp_path / "x", count=2)
    (outcome,) = analyze(tmp_path / "x", out=tmp_path / "out", each_folder=True)
    assert (outcome.specimen, outcome.cells) == ("x", 2)


def test_masks_and_an_earlier_output_inside_do_not_count(patients: Path, tmp_path: Path) -> None:
    one = patients / "A"
    (first,) = analyze(one, out=one / "results", save_masks=True)
    (again,) = analyze(one, out=one / "results", save_masks=True)
    assert (first.cells, again.cells) == (3, 3)
    told = rows(one / "results" / "skipped.csv")
    written = ("case.bcs", "cells.csv", "differential.csv", "skipped.csv", "report.pdf")
    assert {r["path"] for r in told if r["reason"] == left_out.OWN} == {f"results/{w}" for w in written}
    assert sum(r["path"].startswith("results/masks/") for r in told) == 4  # three masks and their marker
    everything = {p.relative_to(one).as_posix() for p in one.rglob("*") if p.is_file()}
    assert everything - {r["path"] for r in told} == {
        "0.png", "1.png", "2.png", *(p for p in everything if "case-until" in p),
    }  # fmt: skip
    outcomes = analyze(patients, out=patients / "out", each_folder=True, save_masks=True)
    assert [o.specimen for o in outcomes] == ["A", "B", "C"]
    outcomes = analyze(patients, out=patients / "out", each_folder=True, save_masks=True)
    assert [o.specimen for o in outcomes] == ["A", "B", "C"]


@pytest.mark.parametrize("second", ["A", ".", "A/../A", "A/0.png", "link"])
def test_an_input_twice_or_inside_another_is_refused(patients: Path, tmp_path: Path, second: str) -> None:
    (patients / "link").symlink_to(patients / "A", target_is_directory=True)
    with pytest.raises(UserError, match="same images") as refused:
        analyze(patients / "A", patients / second, out=tmp_path / "out")
    assert refused.value.exit_code == EXIT_USAGE


@pytest.mark.parametrize("details", [{"specimen_id": "26-1"}, {"wbc": 7.0}])
def test_details_of_one_person_are_not_given_to_several(
    patients: Path, tmp_path: Path, details: dict[str, object]
) -> None:
    with pytest.raises(UserError, match="describes one specimen"):
        analyze(patients, out=tmp_path / "out", each_folder=True, **details)
    with pytest.raises(UserError, match="describes one specimen"):
        analyze(patients / "A", patients / "B", out=tmp_path / "out", **details)


def test_folders_that_differ_in_letter_case_alone_get_outputs_of_their_own(tmp_path: Path) -> None:
    names = ["Case", "CASE", "case-2", "summary.csv", "e\u0301", "\u00e9"]
    for i, name in enumerate(names):
        put(tmp_path / str(i) / name)
    outcomes = analyze(*(tmp_path / str(i) / n for i, n in enumerate(names)), out=tmp_path / "out")
    assert [o.exit_code for o in outcomes] == [0] * len(names)
    folders = [o.out.name.casefold() for o in outcomes]
    assert len(set(folders)) == len(folders)
    assert len(rows(tmp_path / "out" / "summary.csv")) == len(names)


def test_a_folder_of_links_alone_is_no_specimen(tmp_path: Path) -> None:
    put(tmp_path / "x" / "A")
    (tmp_path / "x" / "B").mkdir()
    (tmp_path / "x" / "B" / "0.png").symlink_to("../../elsewhere.png")
    intake = take_in(tmp_path / "x")
    assert [p.name for p in parts_of(intake).paths] == ["A"]
    assert [f.path for f in parts_of(intake).skipped] == ["B/0.png"]


def test_several_places_within_a_first_folder_are_told(tmp_path: Path) -> None:
    for name in ("2026-01/A", "2026-01/B", "2026-02/C"):
        put(tmp_path / "x" / name)
    told: list[Reason] = []
    request = AnalyzeRequest((tmp_path / "x",), tmp_path / "out", kind="crops", mpp=0.107, each_folder=True)
    done = analyze_all(
        request, token=CancelToken(), progress=lambda _: None, engine=plain_engine, remark=told.append
    )
    assert [o.specimen for o in done] == ["2026-01", "2026-02"]
    assert [t.template for t in told] == [GATHERED]
    assert "2026-01: 2." in told[0].text()
    assert "2026-02" not in told[0].text("fr")


def test_one_picture_in_two_specimens_is_told(patients: Path, tmp_path: Path) -> None:
    shutil.copy(patients / "A" / "1.png", patients / "C" / "z.png")
    told: list[Reason] = []
    request = AnalyzeRequest((patients,), tmp_path / "out", kind="crops", mpp=0.107, each_folder=True)
    analyze_all(
        request, token=CancelToken(), progress=lambda _: None, engine=plain_engine, remark=told.append
    )
    assert [t.text() for t in told] == ["The same picture lies in two specimens: A/1.png and C/z.png."]


def test_a_folder_of_pictures_that_are_not_read_is_a_specimen(patients: Path) -> None:
    raw = {"D/x.cr3": b"\0\0\0\x18ftypcrx \0\0\0\0crx isom", "E/x": b"\xff\x0a" + bytes(200)}
    others = {"F/x.txt": b"a note", "G/x.pdf": b"%PDF-1.7 ..."}
    for name, data in {**raw, **others}.items():
        (patients / name).parent.mkdir()
        (patients / name).write_bytes(data)
    for lang in ("en", "fr"):
        parts = parts_of(take_in(patients, lang=lang), lang)
        assert [p.name for p in parts.paths] == ["A", "B", "C", "D", "E"]
        assert [s.path for s in parts.skipped] == ["F/x.txt", "G/x.pdf"]


def test_specimens_that_a_cancellation_left_are_listed(patients: Path, tmp_path: Path) -> None:
    token = CancelToken()
    request = AnalyzeRequest((patients,), tmp_path / "out", kind="crops", mpp=0.107, each_folder=True)
    done = analyze_all(request, token=token, progress=lambda _: token.cancel(), engine=plain_engine)
    assert [o.specimen for o in done] == ["A"]
    assert [(r["path"], r["reason"]) for r in rows(tmp_path / "out" / "skipped.csv")] == [
        (name, "It was not begun: the analysis was stopped before.") for name in ("B", "C")
    ]
