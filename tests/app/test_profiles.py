from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.app.labelled import label_of, read_labelled
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.storage.profiles import ProfileStore
from tests.doubles import draw_cell, plain_engine


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("SNE/a.png", ("", "SNE", ("SNE",))),
        ("site one/monocyte/a.png", ("site one", "monocyte", ("MO",))),
        ("ig/x/a.png", ("", "ig", ("MMY", "MY", "PMY"))),
        ("neutrophils/a.png", ("", "neutrophils", ("SNE", "BNE"))),
        ("whatever/a.png", None),
        ("a.png", None),
    ],
)
def test_the_innermost_folder_that_names_a_class_is_the_label(path, found) -> None:
    label = label_of(path)
    assert (None if label is None else (label.set, label.name, label.leaves)) == found


def test_labelled_crops_are_read_set_by_set(tmp_path: Path) -> None:
    for site in ("one", "two"):
        for code in ("LY", "EO"):
            folder = tmp_path / site / code
            folder.mkdir(parents=True)
            for i in range(3):
                cv2.imwrite(str(folder / f"{i}.png"), draw_cell(code)[..., ::-1])
    (tmp_path / "stray.png").write_bytes((tmp_path / "one" / "LY" / "0.png").read_bytes())
    found = read_labelled(tmp_path, plain_engine(), mpp=0.107, threads=2, token=CancelToken())
    assert len(found.cells) == 12
    assert all(c.predicted == label.name for c, label in zip(found.cells, found.labels, strict=True))
    assert {label.set for label in found.labels} == {"one", "two"}
    assert [s.path for s in found.skipped] == ["stray.png"]


def test_a_folder_that_names_no_class_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), draw_cell("LY"))
    with pytest.raises(UserError, match="no labelled crops"):
        read_labelled(tmp_path, plain_engine(), mpp=0.1, threads=1, token=CancelToken())


def test_profiles_are_versioned_chosen_and_removed_without_loss(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path / "profiles")
    data = {"name": "our lab", "bundle_sha256": "b" * 64, "x": 1}
    assert store.save(data) == 1
    assert store.save({**data, "x": 2}) == 2
    assert store.load("our lab").data["x"] == 2
    assert store.load("our lab", 1).data["x"] == 1
    assert store.active("b" * 64) == ""
    store.use("our lab")
    assert store.active("b" * 64) == "our lab"
    store.remove("our lab")
    assert store.active("b" * 64) == ""
    assert store.all() == []
    assert len(list((tmp_path / "profiles" / ".removed").rglob("*.json"))) == 2
    with pytest.raises(UserError):
        store.load("our lab")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 61, "a\nb", "con\x00"])
def test_a_profile_name_cannot_leave_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="cannot be the name"):
        ProfileStore(tmp_path).save({"name": name, "bundle_sha256": "b"})


def test_a_damaged_profile_is_told_and_left_out_of_the_list(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path)
    store.save({"name": "good", "bundle_sha256": "b"})
    store.save({"name": "bad", "bundle_sha256": "b"})
    (tmp_path / "bad" / "0001.json").write_bytes(np.random.default_rng(0).bytes(50))
    assert [p.name for p in store.all()] == ["good"]
    with pytest.raises(UserError, match="damaged"):
        store.load("bad")
