"""Going back to an earlier calibration, and what cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import OutputNotWritable, UserError
from bloodcells_gui.storage.calibration_profiles import CalibrationProfileStore

DATA = {"name": "our lab", "bundle_sha256": "b" * 64, "x": 1}


def test_reverting_keeps_the_earlier_version_as_the_newest(tmp_path: Path) -> None:
    store = CalibrationProfileStore(tmp_path)
    store.save(DATA)
    with pytest.raises(UserError, match="no earlier version"):
        store.revert("our lab")
    store.save({**DATA, "x": 2})
    assert store.revert("our lab") == 3
    assert [store.load("our lab", v).data["x"] for v in store.versions("our lab")] == [1, 2, 1]
    assert store.revert("our lab", 2) == 4
    assert store.load("our lab").data["x"] == 2
    with pytest.raises(UserError, match="no earlier version"):
        store.revert("our lab", 77)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 61, "end.", "new\nline"])
def test_a_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="cannot be the name"):
        CalibrationProfileStore(tmp_path / "p").save({**DATA, "name": name})
    assert not (tmp_path / "p").exists()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputNotWritable):
        CalibrationProfileStore(tmp_path / "file" / "p").save(DATA)
