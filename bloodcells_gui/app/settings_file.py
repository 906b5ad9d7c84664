"""Read and write the settings as a file, and check what a dialog changed."""

from __future__ import annotations

import json
from pathlib import Path

from bloodcells_gui.domain.settings import LabSettings, parse, to_json_obj
from bloodcells_gui.domain.validation import SettingProblem
from bloodcells_gui.storage import settings as store


def validate_round_trip(settings: LabSettings) -> tuple[LabSettings, list[SettingProblem]]:
    """The settings as they would be read back, and what would fall back to its default."""
    return parse(json.loads(json.dumps(to_json_obj(settings))))


def export_settings(settings: LabSettings, path: Path) -> None:
    """Write one readable file; UserError when that is not possible."""
    store.save(path, settings)


def read_settings(path: Path) -> tuple[LabSettings, list[SettingProblem]]:
    """Settings of a file that a person chose, and what fell back; UserError when it cannot be used."""
    return store.load(path, missing_ok=False)
