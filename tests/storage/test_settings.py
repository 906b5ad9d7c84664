"""Settings come back as saved; a bad file falls back, says so, and is not lost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import OutputNotWritable, UserError
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.storage import settings


def test_saved_settings_come_back(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "settings.json"
    assert settings.load(path) == (LabSettings(), [])
    mine = replace(LabSettings(), reviewer="Zoë", target_cells=200)
    settings.save(path, mine)
    assert settings.load(path) == (mine, [])
    assert "Zoë" in path.read_text("utf-8")
    settings.save(path, LabSettings())
    previous = path.with_name("settings.previous.json")
    assert settings.load(previous) == (mine, [])


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b" " * (5 * 1024**2)])
def test_a_damaged_file_gives_defaults_and_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    found, problems = settings.load(path)
    assert found == LabSettings()
    assert len(problems) == 1
    assert problems[0].text().startswith("The settings file settings.json cannot be used: ")
    assert not {"char", "codec", "recursion"} & set(problems[0].text().replace(",", " ").split())
    with pytest.raises(UserError, match="cannot be used"):
        settings.load(path, missing_ok=False)
    settings.save(path, found)
    assert settings.load(path) == (found, [])
    if 0 < len(content) < 4 * 1024**2:
        assert path.with_name("settings.previous.json").read_bytes() == content


def test_one_bad_value_falls_back_alone(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    settings.save(path, replace(LabSettings(), target_cells=200))
    content = json.loads(path.read_text("utf-8"))
    content["paper"] = "napkin"
    path.write_text(json.dumps(content), "utf-8")
    found, problems = settings.load(path)
    assert (found.paper, found.target_cells) == ("a4", 200)
    assert [p.key for p in problems] == ["paper"]


def test_a_missing_chosen_file_and_an_unwritable_place_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be used"):
        settings.load(tmp_path / "none.json", missing_ok=False)
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputNotWritable):
        settings.save(tmp_path / "file" / "settings.json", LabSettings())
