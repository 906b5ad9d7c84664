"""Really damaged slide files through the whole program: what is said, what is kept, what is stamped."""

from __future__ import annotations

import csv
import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from bloodcells_gui.app.batch import AnalyzeRequest, Outcome, analyze_all
from bloodcells_gui.domain.analysis import Progress, RunStatus
from bloodcells_gui.domain.flat_record import notice_of
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_messages import LOST, LYING_LEVELS, UNFOCUSED
from bloodcells_gui.storage.case import CaseStore
from tests.support.doubles import PlainEngine, plain_engine
from tests.support.smears import PlainDetector, Smear, empty, fill

MPP = 0.4
LEUKOCYTES = {"SNE", "LY", "EO"}
_WIDTH, _HEIGHT, _COMPRESSION, _TILE_WIDTH = 256, 257, 259, 322


@pytest.fixture(scope="module")
def smear() -> Smear:
    s = empty(2300, 1800, MPP)
    fill(s, (100, 100, 2100, 1600), np.random.default_rng(4), pitch_um=14, leukocytes=40)
    return s


def write(path: Path, rgb: NDArray[np.uint8], small: NDArray[np.uint8] | None = None) -> Path:
    """A tiled slide of two levels, not compressed, so that every byte counts."""
    if small is None:
        small = cv2.resize(rgb, (rgb.shape[1] // 4, rgb.shape[0] // 4), interpolation=cv2.INTER_AREA)
    common = {"tile": (256, 256), "photometric": "rgb", "metadata": None}
    per_cm = 1e4 / MPP
    with tifffile.TiffWriter(path) as tif:
        tif.write(rgb, resolution=(per_cm, per_cm), resolutionunit=3, **common)
        tif.write(small, subfiletype=1, **common)
    return path


def with_tag(path: Path, tag: int, value: int) -> Path:
    """The first directory claims another value for a tag."""
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        found = tif.pages[0].tags[tag]
        at, kind = found.valueoffset, found.dtype
    struct.pack_into("<I" if kind == 4 else "<H", data, at, value)
    path.write_bytes(data)
    return path


def engine() -> PlainEngine:
    plain = plain_engine()
    plain.detector = PlainDetector()  # type: ignore[assignment]
    return plain


def analyze(
    path: Path, out: Path, listen: Callable[[Progress], None] = lambda _: None, target: int = 0
) -> Outcome:
    request = AnalyzeRequest((path,), out, kind="slide", target_cells=target, threads=1)
    (outcome,) = analyze_all(request, token=CancelToken(), progress=listen, engine=engine)
    return outcome


def notice(out: Path) -> str:
    with CaseStore.open(out / "case.bcs") as store:
        return notice_of(store.runs[-1].record.remarks)


def found(out: Path) -> list[str]:
    with (out / "cells.csv").open(newline="", encoding="utf-8") as stream:
        return [r["predicted"] for r in csv.DictReader(stream) if r["predicted"] in LEUKOCYTES]


def reasons(out: Path) -> str:
    return (out / "skipped.csv").read_text(encoding="utf-8")


def test_a_slide_that_disappears_half_way_keeps_what_was_found(tmp_path: Path, smear: Smear) -> None:
    path = write(tmp_path / "slide.tif", np.tile(smear.rgb, (2, 2, 1)))

    def cut_off(progress: Progress) -> None:
        # As a share that is gone: the file is still open, but its bytes do not come any more.
        if progress.cells and path.stat().st_size > 4096:
            with path.open("r+b") as stream:
                stream.truncate(4096)

    outcome = analyze(path, tmp_path / "out", cut_off)
    assert outcome.status is RunStatus.FAILED
    assert outcome.exit_code == 3  # not 0: a script must not take a part for the whole
    assert 0 < len(found(tmp_path / "out")) < 160
    assert LOST in notice(tmp_path / "out")
    assert (tmp_path / "out" / "report.pdf").is_file()
    assert "slide.tif [" in reasons(tmp_path / "out")


@pytest.mark.parametrize(
    ("tag", "value", "says"),
    [
        (_COMPRESSION, 34712, "compression 34712"),  # JPEG 2000 in a plain TIFF
        (_COMPRESSION, 50001, "damaged"),  # what it holds is no WebP
        (_TILE_WIDTH, 60_000, "they end early"),
        (_TILE_WIDTH, 1_024, "they end early"),
        (_WIDTH, 2_000_000_000, "fewer pieces"),
        (_HEIGHT, 2_000_000_000, "fewer pieces"),
    ],
)
def test_what_cannot_be_decoded_is_refused_in_words(
    tmp_path: Path, smear: Smear, tag: int, value: int, says: str
) -> None:
    path = with_tag(write(tmp_path / "slide.tif", smear.rgb), tag, value)
    outcome = analyze(path, tmp_path / "out")
    assert outcome.exit_code == 3
    assert outcome.error is not None
    assert outcome.error.why
    assert outcome.error.what_to_do
    skipped = tmp_path / "out" / "skipped.csv"
    assert says in str(outcome.error) + (skipped.read_text("utf-8") if skipped.exists() else "")


def test_a_truncated_slide_is_refused_in_words(tmp_path: Path, smear: Smear) -> None:
    path = write(tmp_path / "slide.tif", smear.rgb)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    outcome = analyze(path, tmp_path / "out")
    assert outcome.exit_code == 3
    assert "cut off" in str(outcome.error)


def test_levels_that_lie_are_told_and_not_believed(tmp_path: Path, smear: Smear) -> None:
    other = np.ascontiguousarray(cv2.resize(smear.rgb, (575, 450))[::-1, ::-1])
    other[:, :, 1] //= 2
    honest, lying = (write(tmp_path / f"{n}.tif", smear.rgb, s) for n, s in (("a", None), ("b", other)))
    assert analyze(honest, tmp_path / "a").exit_code == 0
    assert analyze(lying, tmp_path / "b").exit_code == 0
    assert LYING_LEVELS in notice(tmp_path / "b")
    assert LYING_LEVELS not in notice(tmp_path / "a")
    assert sorted(found(tmp_path / "a")) == sorted(found(tmp_path / "b"))


def test_empty_glass_is_no_smear(tmp_path: Path) -> None:
    blank = np.random.default_rng(0).normal(243, 1.5, (1800, 2300, 3)).astype(np.uint8)
    outcome = analyze(write(tmp_path / "slide.tif", blank), tmp_path / "out")
    assert outcome.exit_code == 3
    assert "No smear was found" in str(outcome.error)


def test_out_of_focus_and_hardly_any_leukocytes_are_told(tmp_path: Path, smear: Smear) -> None:
    blurred = cv2.GaussianBlur(smear.rgb, (0, 0), 5)
    assert analyze(write(tmp_path / "slide.tif", blurred), tmp_path / "out").exit_code == 0
    assert UNFOCUSED in notice(tmp_path / "out")
    few = write(tmp_path / "few.tif", smear.rgb)
    assert analyze(few, tmp_path / "few", target=200).exit_code == 0
    told = notice(tmp_path / "few")
    assert f"{len(found(tmp_path / 'few'))} leukocytes found: the target of 200 was not reached" in told
