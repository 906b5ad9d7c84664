"""Each picture is counted once, whatever files it lies in."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bloodcells_gui.app import copies
from bloodcells_gui.app.batch import AnalyzeRequest, Outcome, analyze_all
from bloodcells_gui.app.copies import find_copies
from bloodcells_gui.domain.analysis import Progress, RunStatus
from bloodcells_gui.domain.image_messages import WIDE_CROP
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_messages import ALIKE, COUNTED_ONCE, remark, remarks_text, run_remarks
from bloodcells_gui.domain.specimen import ImageRef, SpecimenKind
from bloodcells_gui.storage.case import CaseStore
from tests.support.doubles import draw_cell
from tests.support.drawn_images import engine, put_field, put_slide, slide_pixels

Picture = NDArray[np.uint8]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def picture(code: str = "LY", seed: int = 0) -> Picture:
    """A cell on a ground of its own, in RGB."""
    ground = np.random.default_rng(seed).integers(-45, 46, (8, 8, 3)).astype(np.float32)
    spots = cv2.resize(ground, (256, 256), interpolation=cv2.INTER_CUBIC)
    cell = draw_cell(code).astype(np.float32)
    cell[0, 0] = cell[0, 1]  # drawn again it is equal
    return np.clip(np.where(cell.min(axis=2, keepdims=True) > 200, cell - 40 + spots, cell), 0, 255).astype(
        np.uint8
    )


def save(path: Path, rgb: Picture, quality: int = 90) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return path


def analyze(
    folder: Path, out: Path, kind: str = "crops", *, cancel: bool = False, **options: object
) -> Outcome:
    token = CancelToken()

    def listen(progress: Progress) -> None:
        if cancel and progress.cells:
            token.cancel()

    wishes = {"mpp": 0.107 if kind == "crops" else 0.4, "threads": 2, "one_specimen": True, **options}
    request = AnalyzeRequest((folder,), out, kind=kind, **wishes)  # type: ignore[arg-type]
    (outcome,) = analyze_all(request, token=token, progress=listen, engine=engine)
    return outcome


def counted(out: Path) -> list[str]:
    return [row["image"] for row in rows(out / "cells.csv")]


def told(out: Path) -> dict[str, str]:
    return {row["path"]: row["reason"] for row in rows(out / "skipped.csv")}


def test_equal_pixels_count_once_whatever_the_file_is_called(tmp_path: Path) -> None:
    folder, out = tmp_path / "x", tmp_path / "out"
    cell, other = picture("LY", 1), picture("LY", 2)
    save(folder / "1.png", cell)
    save(folder / "1.bmp", cell)
    save(folder / "9.tif", cell)
    shutil.copy(folder / "1.png", folder / "1 - Copy.png")
    save(folder / "deep" / "1.png", cell)
    save(folder / "2.png", other)
    outcome = analyze(folder, out)
    assert outcome.exit_code == 0
    assert counted(out) == ["1.bmp", "2.png"]
    assert told(out) == {
        "1.png": "duplicate of 1.bmp",
        "1 - Copy.png": "duplicate of 1.bmp",
        "9.tif": "duplicate of 1.bmp",
        "deep/1.png": "duplicate of 1.bmp",
    }
    assert remark(COUNTED_ONCE, n=4) in outcome.remarks
    table = {r["code"]: r for r in rows(out / "differential.csv")}
    assert table["LY"]["count"] == "2"


def test_one_shot_in_two_formats_is_the_better_one(tmp_path: Path) -> None:
    folder, out = tmp_path / "x", tmp_path / "out"
    for i in range(3):
        save(folder / f"{i}.jpg", picture(seed=i), quality=60)
        save(folder / f"{i}.png", picture(seed=i))
    small = cv2.resize(picture(seed=7), (100, 100), interpolation=cv2.INTER_AREA)
    save(folder / "7.png", small)
    save(folder / "7.jpeg", picture(seed=7))
    outcome = analyze(folder, out)
    assert counted(out) == ["0.png", "1.png", "2.png", "7.jpeg"]
    assert told(out) == {
        **{f"{i}.jpg": f"duplicate of {i}.png, the same picture in another format" for i in range(3)},
        "7.png": "duplicate of 7.jpeg, the same picture in another format",
    }
    assert remark(COUNTED_ONCE, n=4) in outcome.remarks
    assert "une fois" in remarks_text(outcome.remarks, "fr")


def test_a_picture_drawn_over_is_not_taken_for_the_better_one(tmp_path: Path) -> None:
    folder, out = tmp_path / "x", tmp_path / "out"
    save(folder / "1.jpg", picture(seed=1))
    drawn = picture(seed=1).copy()
    cv2.circle(drawn, (128, 128), 60, (0, 255, 0), 2)
    save(folder / "1.png", drawn)
    analyze(folder, out)
    assert counted(out) == ["1.jpg"]
    assert set(told(out)) == {"1.png"}


def test_a_box_and_a_label_drawn_on_a_picture_leave_it_the_same_picture(tmp_path: Path) -> None:
    folder, out = tmp_path / "x", tmp_path / "out"
    drawn = picture(seed=1).copy()
    cv2.rectangle(drawn, (40, 40), (216, 216), (0, 255, 0), 4)
    cv2.putText(drawn, "SNE 0.98", (40, 34), 0, 0.9, (255, 0, 0), 2)
    save(folder / "1.jpg", picture(seed=1))
    save(folder / "1.png", drawn)
    # Drawn on another picture it is another.
    other = picture("SNE", 2).copy()
    cv2.rectangle(other, (40, 40), (216, 216), (0, 255, 0), 4)
    save(folder / "1.bmp", other)
    analyze(folder, out)
    assert counted(out) == ["1.bmp", "1.jpg"]
    assert told(out) == {"1.png": "duplicate of 1.jpg, the same picture in another format"}


def test_the_pictures_of_one_file_are_no_formats_of_each_other() -> None:
    refs = [ImageRef(name, Path(name)) for name in ("s.tif#1", "s.tif#2", "s.tif", "s.png", "S#2.jpeg")]
    assert [copies._stem(ref) for ref in refs] == ["s#1", "s#2", "s", "s", "s#2"]  # noqa: SLF001  # a rule of its own
    assert [copies._format(ref) for ref in refs] == [".tif", ".tif", ".tif", ".png", ".jpg"]  # noqa: SLF001  # a rule of its own


def test_relations_stay_few_where_many_folders_use_the_same_names() -> None:
    cells = [f"p{folder}/{n}" for folder in range(400) for n in range(10)]
    names = [cell + suffix for cell in cells for suffix in (".jpg", ".png")]
    images = [(i, ImageRef(name, Path(name))) for i, name in enumerate(names)]
    related = copies._related(images)  # noqa: SLF001  # a rule of its own
    assert related[0] == {1}
    assert sum(map(len, related.values())) == len(names)
    few = [(i, ref) for i, ref in images if i < 60]
    assert related[0] < copies._related(few)[0]  # noqa: SLF001  # a rule of its own


def test_other_pictures_of_the_same_name_count(tmp_path: Path) -> None:
    folder, out = tmp_path / "x", tmp_path / "out"
    save(folder / "1.jpg", picture("LY", 1))
    save(folder / "1.png", picture("SNE", 2))
    save(folder / "1.bmp", picture("LY", 3))
    outcome = analyze(folder, out)
    assert counted(out) == ["1.bmp", "1.jpg", "1.png"]
    assert told(out) == {}
    assert COUNTED_ONCE not in [r.text for r in outcome.remarks]


def test_similar_pictures_of_related_names_count_and_are_remarked_on(tmp_path: Path) -> None:
    folder, out = tmp_path / "x", tmp_path / "out"
    drawn = picture(seed=1).copy()
    cv2.circle(drawn, (128, 128), 60, (0, 255, 0), 2)
    save(folder / "1.png", picture(seed=1))
    save(folder / "1_overlay.png", drawn)
    save(folder / "thumb_1.png", cv2.resize(picture(seed=1), (128, 128), interpolation=cv2.INTER_AREA))
    save(folder / "1_b.png", picture(seed=5))
    outcome = analyze(folder, out)
    assert len(counted(out)) == 4
    assert told(out) == {}
    assert remark(ALIKE, n=2) in outcome.remarks
    with CaseStore.open(out / "case.bcs", read_only=True) as store:
        (alike,) = [r for r in run_remarks(store.runs) if r.text == ALIKE]
    assert (alike.severity, alike.params) == ("warning", (("n", "2"),))


def test_which_one_counts_does_not_hang_on_the_threads(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    for i in range(90):
        save(folder / f"{i:03d}.png", picture(("LY", "SNE", "EO")[i % 3], i // 3))
    for i in range(0, 90, 2):
        shutil.copy(folder / f"{i:03d}.png", folder / f"{i + 1:03d} again.png")
    seen = []
    for threads in (1, 4):
        out = tmp_path / f"out {threads}"
        analyze(folder, out, threads=threads)
        seen.append((counted(out), told(out)))
    assert seen[0] == seen[1]
    assert seen[0][0] == [f"{i:03d}.png" for i in range(90)]
    assert seen[0][1] == {f"{i + 1:03d} again.png": f"duplicate of {i:03d}.png" for i in range(0, 90, 2)}


def test_a_run_that_goes_on_knows_the_pictures_of_the_one_before(tmp_path: Path) -> None:
    folder, out = tmp_path / "x", tmp_path / "out"
    for i in range(120):
        save(folder / f"{i:03d}.png", picture(seed=i))
        save(folder / f"z{i:03d}.bmp", picture(seed=i))
        save(folder / f"{i:03d}.jpg", picture(seed=i), quality=70)
    assert analyze(folder, out, cancel=True).exit_code == 130
    first = counted(out)
    assert 0 < len(first) < 120
    outcome = analyze(folder, out, resume=True)
    assert outcome.exit_code == 0
    assert sorted(counted(out)) == [f"{i:03d}.png" for i in range(120)]
    assert len(told(out)) == 240


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_a_field_twice_counts_once(tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / "x"
    one, two = put_field(folder / "1.png", 4), put_field(folder / "2.png", 5)
    alone = analyze(folder, tmp_path / "alone", "fields")
    save(folder / f"again{suffix}", cv2.imread(str(two))[..., ::-1])
    outcome = analyze(folder, tmp_path / "out", "fields")
    assert outcome.cells == alone.cells
    assert told(tmp_path / "out") == {f"again{suffix}": "duplicate of 2.png"} or told(tmp_path / "out") == {
        "2.png": f"duplicate of again{suffix}"
    }
    assert one.is_file()


@pytest.mark.parametrize("kind", ["fields", "slide"])
def test_what_counted_once_still_does_when_the_analysis_goes_on(tmp_path: Path, kind: str) -> None:
    folder, out = tmp_path / "x", tmp_path / "out"
    if kind == "fields":
        first = put_field(folder / "1.png", 4)
    else:
        first = put_slide(folder / "1.tif", slide_pixels(4))
    shutil.copy(first, folder / f"2{first.suffix}")
    once = analyze(folder, out, kind, target_cells=0)
    assert once.cells
    again = analyze(folder, out, kind, target_cells=0, resume=True)
    assert again.cells == once.cells
    assert set(counted(out)) == {first.name}
    assert told(out) == {f"2{first.suffix}": f"duplicate of {first.name}"}


def test_what_was_counted_twice_before_is_not_called_left_out(tmp_path: Path) -> None:
    for name in ("1.png", "2.png", "1.bmp", "3.png"):
        save(tmp_path / name, picture())
    images = list(enumerate(ImageRef(p.name, p, size_px=(256, 256)) for p in sorted(tmp_path.iterdir())))
    names = {ref.name: i for i, ref in images}
    found = find_copies(images, SpecimenKind.FIELDS, {names["1.png"], names["2.png"], names["1.bmp"]})
    assert {file.path: file.reason for file in found.skipped.values()} == {"3.png": "duplicate of 1.bmp"}


def test_a_slide_twice_counts_once(tmp_path: Path) -> None:
    slide = put_slide(tmp_path / "x" / "1.tif", slide_pixels(4))
    shutil.copy(slide, tmp_path / "x" / "2.tif")
    outcome = analyze(tmp_path / "x", tmp_path / "out", "slide", target_cells=0)
    assert outcome.exit_code == 0
    assert set(counted(tmp_path / "out")) == {"1.tif"}
    assert told(tmp_path / "out") == {"2.tif": "duplicate of 1.tif"}
    assert remark(COUNTED_ONCE, n=1) in outcome.remarks


def test_cancelling_while_copies_are_looked_for_keeps_the_case(tmp_path: Path) -> None:
    put_field(tmp_path / "x" / "1.png", 4)
    put_field(tmp_path / "x" / "2.png", 5)
    token = CancelToken()
    request = AnalyzeRequest((tmp_path / "x",), tmp_path / "out", kind="fields", mpp=0.4)
    from bloodcells_gui.app import analysis

    def cancelled(*args: object) -> None:
        token.cancel()
        token.check()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analysis, "find_copies", cancelled)
        (outcome,) = analyze_all(request, token=token, progress=lambda _: None, engine=engine)
    assert outcome.exit_code == 130
    assert (tmp_path / "out" / "case.bcs").is_file()
    assert analyze(tmp_path / "x", tmp_path / "out", "fields", resume=True).exit_code == 0


def kill(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on no run comes to say how it ended, as when the program is killed."""
    monkeypatch.setattr(CaseStore, "finish_run", lambda *_, **__: None)


@pytest.mark.parametrize("opened_between", [False, True])
def test_what_a_killed_run_left_out_and_remarked_is_told_by_the_one_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened_between: bool
) -> None:
    """The order of the files is that of the analysis: all that is told of lies before the kill."""
    folder, out = tmp_path / "x", tmp_path / "out"
    save(folder / "000 wide.png", cv2.copyMakeBorder(picture(seed=900), 0, 0, 200, 200, cv2.BORDER_REFLECT))
    (folder / "001 bad.png").write_bytes(b"no picture")
    save(folder / "001 cell.png", picture(seed=901))
    shutil.copy(folder / "001 cell.png", folder / "002 again.png")
    for i in range(120):
        save(folder / f"{i + 100:03d}.png", picture(seed=i))
    whole = analyze(folder, tmp_path / "whole")
    assert set(told(tmp_path / "whole")) == {"001 bad.png", "002 again.png"}
    wide, once = remark(WIDE_CROP, count=1), remark(COUNTED_ONCE, n=1)
    assert {wide, once} <= set(whole.remarks)
    with monkeypatch.context() as patch:
        kill(patch)
        analyze(folder, out, cancel=True)
    with CaseStore.open(out / "case.bcs") as store:
        assert store.interrupted_runs == (0,)
        assert store.runs[0].record.remarks == ()
        assert {file.path for file in store.runs[0].skipped} == {"001 bad.png", "002 again.png"}
        assert 0 < len(store.load_cells()) < 122
        if opened_between:  # the window gives it an end
            store.finish_run(0, RunStatus.CANCELLED)
        assert store.verify() == []
    resumed = analyze(folder, out, resume=True)
    assert resumed.exit_code == 0
    assert told(out) == told(tmp_path / "whole")
    assert {wide, once} <= set(resumed.remarks)
    assert sorted(counted(out)) == sorted(counted(tmp_path / "whole"))


def test_what_a_stopped_run_remarked_is_not_remarked_twice(tmp_path: Path) -> None:
    folder, out = tmp_path / "x", tmp_path / "out"
    save(folder / "000 wide.png", cv2.copyMakeBorder(picture(seed=900), 0, 0, 200, 200, cv2.BORDER_REFLECT))
    for i in range(120):
        save(folder / f"{i + 100:03d}.png", picture(seed=i))
    assert analyze(folder, out, cancel=True).exit_code == 130
    analyze(folder, out, resume=True)
    with CaseStore.open(out / "case.bcs") as store:
        said = [r for run in store.runs for r in run.record.remarks if r.text == WIDE_CROP]
    assert said == [remark(WIDE_CROP, count=1)]
