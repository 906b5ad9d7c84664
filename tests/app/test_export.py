"""Masks are written below their folder, whatever the images of a case are called."""

from __future__ import annotations

import os
from pathlib import Path, PureWindowsPath

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.app import export
from bloodcells_gui.app.batch import AnalyzeRequest, analyze_all, report_again
from bloodcells_gui.app.export import mask_name, safe_folder_name
from bloodcells_gui.domain.progress import CancelToken
from tests.support.doubles import draw_cell, plain_engine

HOSTILE = (
    "..\\..\\..\\evil.png", "a/..\\..\\evil.png", "C:\\evil.png", "C:evil.png", "a/D:/evil.png",
    "\\\\host\\share\\x.png", "//host/share/x.png", "/etc/x.png", "../../x.png", "a/../../x.png", "..",
    "a/..", ".", "", "x\0y.png", "..png", ".. /x.png",
)  # fmt: skip


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_leads_out_of_the_folder(name: str, windows: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_WINDOWS", windows)
    found = mask_name(name, set())
    assert found.endswith(".png")
    assert not found.startswith("/")
    for separator in ("/", "\\"):
        assert ".." not in [part.strip() for part in found.split(separator)]
    assert not PureWindowsPath(found).drive
    assert not PureWindowsPath(found).root
    assert "\\" not in found
    assert "\0" not in found


@pytest.mark.parametrize("name", ["CON.png", "com1.tif", "a/aux.jpg", "x?.png", "end. /1.png"])
def test_names_that_windows_takes_for_something_else(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_WINDOWS", True)
    for part in mask_name(name, set()).split("/"):
        assert part.split(".")[0].upper() not in {"CON", "COM1", "AUX"}
        assert not set(part) & set('<>:"|?*')
        assert not part.endswith((".", " "))
    assert safe_folder_name("LPT1") == "_LPT1"


@given(st.lists(st.text(max_size=20), max_size=12))
def test_names_stay_apart(names: list[str]) -> None:
    taken: set[str] = set()
    assert len({mask_name(name, taken) for name in names}) == len(names)


def test_plain_names_keep_their_path() -> None:
    taken: set[str] = set()
    assert mask_name("sub folder/cell 1.jpg", taken) == "sub folder/cell 1.png"
    assert mask_name("sub folder/cell 1.png", taken) == "sub folder/cell 1.png.png"
    assert mask_name("a: b.tif", taken) == "a_ b.png"


def test_letter_case_alone_does_not_keep_names_apart_where_the_system_sees_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "_CASELESS", True)
    taken: set[str] = set()
    assert mask_name("A.jpg", taken).casefold() != mask_name("a.jpg", taken).casefold()


@pytest.mark.skipif(os.name == "nt", reason="names that only other systems have")
def test_the_masks_of_a_case_stay_below_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    (folder / "sub").mkdir(parents=True)
    names = ["x\\..\\..\\..\\evil.png", "C:\\evil.png", "sub/1.png"]
    for name in names:
        cv2.imwrite(str(folder / name), draw_cell("LY")[..., ::-1])
    out = tmp_path / "deep" / "er" / "out"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (out / "masks").mkdir(parents=True)
    (out / "masks" / "sub").symlink_to(elsewhere, target_is_directory=True)
    request = AnalyzeRequest((folder,), out, "crops", 0.107, save_masks=True, one_specimen=True)
    (outcome,) = analyze_all(request, token=CancelToken(), progress=lambda _: None, engine=plain_engine)
    assert outcome.exit_code == 0
    again = tmp_path / "again"
    report_again(out / "case.bcs", again, taxonomy="full", paper="a4", lang="en", save_masks=True)
    for where in (out, again):
        assert sum(p.suffix == ".png" for p in (where / "masks").rglob("*")) == 3
    assert not list(elsewhere.iterdir())
    assert not (tmp_path / "evil.png").exists()
