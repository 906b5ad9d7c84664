from __future__ import annotations

import math
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from bloodcells_gui.app.calibration import CalibrationController
from bloodcells_gui.app.labelled_folders import label_of, read_labelled
from bloodcells_gui.domain.errors import OutputNotWritable, UserError
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.inference.calibration import Profile, Score
from bloodcells_gui.storage import settings
from bloodcells_gui.storage.calibration_profiles import CalibrationProfileStore
from tests.support.doubles import draw_cell, plain_engine


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
    store = CalibrationProfileStore(tmp_path / "profiles")
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
        CalibrationProfileStore(tmp_path).save({"name": name, "bundle_sha256": "b"})


def test_a_damaged_profile_is_told_and_left_out_of_the_list(tmp_path: Path) -> None:
    store = CalibrationProfileStore(tmp_path)
    store.save({"name": "good", "bundle_sha256": "b"})
    store.save({"name": "bad", "bundle_sha256": "b"})
    (tmp_path / "bad" / "0001.json").write_bytes(np.random.default_rng(0).bytes(50))
    assert [p.name for p in store.all()] == ["good"]
    with pytest.raises(UserError, match="damaged"):
        store.load("bad")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_in_the_place_of_a_profile_or_the_settings_keeps_nobody_waiting(tmp_path: Path) -> None:
    store = CalibrationProfileStore(tmp_path / "profiles")
    store.save({"name": "lab", "bundle_sha256": "b"})
    pipes = [tmp_path / "profiles" / "lab" / "0001.json", tmp_path / "profiles" / "active.json"]
    pipes[0].unlink()
    for pipe in [*pipes, tmp_path / "settings.json"]:
        os.mkfifo(pipe)
    found: list[object] = []

    def look() -> None:
        found.append(store.damaged())
        with pytest.raises(UserError, match="which calibration profile"):
            store.active("b")
        with pytest.raises(OutputNotWritable, match="no regular file"):
            settings.save(tmp_path / "settings.json", LabSettings())
        found.append(settings.load(tmp_path / "settings.json")[0])

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(10)
    assert found == [["lab"], LabSettings()]


def _fitted(name: str = "our lab", bundle: str = "b" * 64) -> Profile:
    """A profile with the figures of the report in the issue: 98.5 before, 99.5 after."""
    head = np.zeros((3, 4), np.float32)
    return Profile(
        name, "2026-11-29T08:00:00Z", bundle, head, head[:, 0], 1.0, 0.5, 1.0,
        before=Score(200, 197, 0.91, 0.2), after=Score(200, 199, 0.97, 0.1), cells={"SNE": 120, "LY": 80},
    )  # fmt: skip


def _tuning(store: CalibrationProfileStore, bundle: str = "b" * 64) -> CalibrationController:
    engine = SimpleNamespace(bundles={"classify": SimpleNamespace(sha256=bundle)})
    return CalibrationController(lambda: engine, store)  # type: ignore[arg-type, return-value]


def test_the_window_shows_the_gain_that_the_profile_says(tmp_path: Path) -> None:
    store = CalibrationProfileStore(tmp_path)
    store.save(_fitted().to_json())
    (row,) = _tuning(store).known()
    shares = (row.before, row.after, row.before_balanced, row.after_balanced)
    assert shares == (0.985, 0.995, 0.91, 0.97)
    assert (row.cells, row.created, row.damaged) == (200, "2026-11-29T08:00:00Z", False)


@pytest.mark.parametrize("spoil", ["{", '{"bundle_sha256": "%s"}' % ("b" * 64), '{"bundle_sha256": 7}'])
def test_a_damaged_profile_is_shown_as_damaged_not_as_zero(tmp_path: Path, spoil: str) -> None:
    store = CalibrationProfileStore(tmp_path)
    store.save(_fitted().to_json())
    next(tmp_path.rglob("0001.json")).write_text(spoil)
    (row,) = _tuning(store).known()
    assert (row.name, row.damaged, math.isnan(row.before)) == ("our lab", True, True)


@pytest.mark.parametrize("spoil", ["{", "[]", '{"x": 3}', "[" * 100_000])
def test_a_choice_that_cannot_be_read_stops_the_analysis_and_can_be_made_anew(
    tmp_path: Path, spoil: str
) -> None:
    store = CalibrationProfileStore(tmp_path)
    store.save(_fitted().to_json())
    store.use("our lab")
    (tmp_path / "active.json").write_text(spoil)
    with pytest.raises(UserError, match="which calibration profile"):
        store.active("b" * 64)
    tuning = _tuning(store)
    assert [row.in_use for row in tuning.known()] == [False]
    assert tuning.unread_choice is not None
    tuning.use("our lab")
    assert [row.in_use for row in tuning.known()] == [True]
    assert tuning.unread_choice is None
