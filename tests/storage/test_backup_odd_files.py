"""A backup says what it could not save, whatever stands in the place of a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bloodcells_gui.storage.archive import decoded
from bloodcells_gui.storage.backup import Places, back_up
from bloodcells_gui.storage.worklist import INDEX_NAME
from tests.support.workbench_window import a_case

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pipes and links")


def test_pipes_devices_and_dead_links_are_named_and_cost_nothing_else(tmp_path: Path) -> None:
    data = tmp_path / "home"
    a_case(data / "cases" / "a.bcs", 4)
    (data / "cases" / "dead.bcs").symlink_to(tmp_path / "gone.bcs")
    os.mkfifo(data / "cases" / INDEX_NAME)
    (data / "reference.bcl").symlink_to("/dev/zero")
    os.mkfifo(data / "settings.json")
    made = back_up(Places(data, data / "settings.json"), tmp_path / "b.zip", app_version="0")
    assert [m.name for m in made.manifest.files] == ["data/cases/a.bcs"]
    assert sorted(p.name for p, _ in made.left_out) == ["dead.bcs", "reference.bcl", "settings.json"]
    assert {why for _, why in made.left_out} == {"it is no regular file"}


def test_a_name_of_thousands_of_folders_is_refused() -> None:
    assert decoded("data/cases/" + "d/" * 90 + "x.bcs").name == "x.bcs"
    with pytest.raises(ValueError, match="too long"):
        decoded("data/cases/" + "d/" * 2000 + "x.bcs")
