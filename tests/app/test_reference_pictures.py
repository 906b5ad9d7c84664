"""A folder of named pictures: what names mean, what must be said, what is left out and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.app.library_check import LibraryCheck
from bloodcells_gui.app.reference_library import ReferenceLibraryController
from bloodcells_gui.app.reference_pictures import (
    LEAVE_OUT,
    PicturePlan,
    PicturesAdded,
    add_pictures,
    plan_pictures,
)
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.domain.progress import CancelToken
from tests.support.watching import picture


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[ReferenceLibraryController]:
    shelf = ReferenceLibraryController(tmp_path / "home")
    yield shelf
    shelf.close()


def meant(plan: PicturePlan) -> dict[str, tuple[str, ...]]:
    return {g.label: g.leaves for g in plan.groups}


def add(shelf: ReferenceLibraryController, plan: PicturePlan, **codes: str) -> PicturesAdded:
    said = {g.label: g.clear or LEAVE_OUT for g in plan.groups} | codes
    return add_pictures(shelf, plan, said, source="Atlas of ours", licence="CC0 1.0", author="ana")


def test_folders_and_names_say_the_class(tmp_path: Path) -> None:
    folder = tmp_path / "atlas"
    for number, name in enumerate(
        ("Monocytes/a1.png", "LY_01.png", "LY_02.png", "NEU_01.png", "SNE 3.png", "blast/x.png", "IMG_7.png",
         "neutrophils/BNE_5.png", "monocytes 2/LY_9.png", "Lymphocyte/LY_9.png")
    ):  # fmt: skip
        picture(folder / name, number)
    assert meant(plan_pictures(folder)) == {
        "IMG…": (),
        "Lymphocyte/": ("LY",),
        "LY…": ("LY",),
        "Monocytes/": ("MO",),
        "NEU…": ("SNE", "BNE"),
        "SNE…": ("SNE",),
        "blast/": ("BL",),
        "neutrophils/ BNE…": ("BNE",),
        "monocytes 2/ LY…": ("MO", "LY"),
    }


def test_a_name_against_its_folder_is_for_a_person(tmp_path: Path) -> None:
    picture(tmp_path / "atlas" / "monocyte" / "LY_1.png", 1)
    (group,) = plan_pictures(tmp_path / "atlas").groups
    assert (group.label, group.clear) == ("monocyte/ LY…", "")
    assert set(group.leaves) == {"MO", "LY"}


def test_pictures_come_with_source_licence_and_scale(
    tmp_path: Path, shelf: ReferenceLibraryController
) -> None:
    picture(tmp_path / "atlas" / "MO" / "a.png", 1, side=400)
    picture(tmp_path / "atlas" / "NEU_1.png", 2)
    plan = plan_pictures(tmp_path / "atlas")
    codes = {"MO/": "MO", "NEU…": "BNE"}
    added = add_pictures(
        shelf, plan, codes, source=" Atlas  of ours ", licence="CC0 1.0", author="ana", mpp=0.1
    )
    assert added.skipped == ()
    (found,) = shelf.of_class("MO")
    assert (found.source, found.licence, found.file) == ("Atlas of ours", "CC0 1.0", "MO/a.png")
    assert found.width_um == pytest.approx(40)
    image = cv2.imdecode(np.frombuffer(shelf.thumbnail(found.id), np.uint8), cv2.IMREAD_COLOR)
    assert max(image.shape) == 256
    assert {r.code for r in shelf.entries("atlas")} == {"BNE", "MO"}


@pytest.mark.parametrize("lacking", [{"source": "  "}, {"licence": ""}])
def test_source_and_licence_are_required(
    tmp_path: Path, shelf: ReferenceLibraryController, lacking: dict[str, str]
) -> None:
    picture(tmp_path / "atlas" / "MO" / "a.png", 1)
    plan = plan_pictures(tmp_path / "atlas")
    said = {"source": "Atlas", "licence": "CC0", "author": "ana"} | lacking
    with pytest.raises(UserError, match="Source and licence"):
        add_pictures(shelf, plan, {"MO/": "MO"}, **said)
    assert shelf.entries() == []


def test_what_nobody_named_is_not_guessed(tmp_path: Path, shelf: ReferenceLibraryController) -> None:
    picture(tmp_path / "atlas" / "NEU_1.png", 1)
    plan = plan_pictures(tmp_path / "atlas")
    with pytest.raises(UserError, match="NEU"):
        add_pictures(shelf, plan, {}, source="a", licence="b", author="ana")
    assert add(shelf, plan).ids == ()
    assert shelf.entries() == []


def test_wrong_formats_and_copies_are_said(tmp_path: Path, shelf: ReferenceLibraryController) -> None:
    folder = tmp_path / "atlas" / "MO"
    picture(folder / "a.png", 1)
    picture(folder / "again.png", 1)
    (folder / "half.png").write_bytes((folder / "a.png").read_bytes()[:-40])
    (folder / "text.pdf").write_bytes(b"%PDF-1.7 something")
    (folder / "Thumbs.db").write_bytes(b"x")
    plan = plan_pictures(tmp_path / "atlas")
    assert {f.path: f.reason.split(".")[0] for f in plan.skipped} == {
        "MO/half.png": "The file is cut off: its end is missing",
        "MO/text.pdf": "It is a PDF document",
    }
    added = add(shelf, plan)
    assert [(f.path, f.reason) for f in added.skipped] == [("MO/again.png", "duplicate of MO/a.png")]
    twice = add(shelf, plan)
    assert twice.ids == ()
    assert len(twice.skipped) == 2
    shelf.remove(added.ids[0], "ana")
    assert len(add(shelf, plan).ids) == 1  # taken out before: it may come back


def test_an_empty_folder_says_what_is_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There are no pictures"):
        plan_pictures(tmp_path)


def test_stopped_half_way_keeps_what_was_added(tmp_path: Path, shelf: ReferenceLibraryController) -> None:
    for number in range(40):
        picture(tmp_path / "atlas" / "MO" / f"{number}.png", number)
    plan, token = plan_pictures(tmp_path / "atlas"), CancelToken()
    with pytest.raises(Cancelled):
        add_pictures(
            shelf, plan, {"MO/": "MO"}, source="a", licence="b", author="ana", token=token,
            progress=lambda _: token.cancel(),
        )  # fmt: skip
    assert len(shelf.entries()) == 32


def test_no_model_saw_them_so_labels_are_not_checked(
    tmp_path: Path, shelf: ReferenceLibraryController
) -> None:
    picture(tmp_path / "atlas" / "MO" / "a.png", 1)
    add(shelf, plan_pictures(tmp_path / "atlas"))
    found = LibraryCheck(shelf).run()
    assert (found.cells, found.too_few) == (0, ())
