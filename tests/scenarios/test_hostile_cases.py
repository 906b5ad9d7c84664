"""Well-formed nonsense in case files (a sample of `scripts.tools.hostile_cases`), settings and profiles."""

from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path

import numpy as np

from bloodcells_gui.app import batch
from bloodcells_gui.app.engine import LazyEngine
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import LabSettings, to_json_obj
from bloodcells_gui.inference.calibration import Profile, Score
from bloodcells_gui.storage import settings as settings_store
from bloodcells_gui.storage.calibration_profiles import CalibrationProfileStore
from scripts.tools import hostile_cases
from scripts.tools.hostile_cases import spoil_json
from tests.support.rounds import rounds
from tests.support.workbench_window import a_workspace

PROFILE = Profile(
    "west", "2026-01-01T10:00:00Z", "ab" * 32, np.ones((2, 3), np.float32), np.zeros(2, np.float32),
    1.2, 0.4, 1.0, Score(10, 8, 0.8, 0.1), Score(10, 9, 0.9, 0.1), {"SNE": 4, "LY": 6},
).to_json()  # fmt: skip


def test_hostile_cases_give_words_and_leave_no_lock() -> None:
    count = rounds(8)
    found, outcomes = hostile_cases.run(count, seed=1)
    assert found == []
    assert sum(outcomes.values()) == count * 6
    assert sum(n for name, n in outcomes.items() if name.endswith("refused")) > count / 2
    assert batch.LazyEngine is LazyEngine  # the drawn models are gone: other tests need the real ones


def test_every_step_of_a_hostile_case_counts(tmp_path: Path) -> None:
    """The harness itself sees a traceback, and a lock that stays."""
    workspace = a_workspace(tmp_path)
    (tmp_path / "x.bcs.lock").touch()
    trouble, _ = hostile_cases.try_case(tmp_path / "x.bcs", tmp_path, workspace, "read-only")
    assert [t.what for t in trouble] == ["a lock stays"]


def test_settings_of_nonsense_fall_back_in_words(tmp_path: Path) -> None:
    path, good = tmp_path / "settings.json", json.dumps(to_json_obj(LabSettings()))
    for number in range(rounds(120)):
        path.write_text(spoil_json(random.Random(number), good), "utf-8", "surrogatepass")
        settings, problems = settings_store.load(path)
        assert isinstance(settings, LabSettings)
        for problem in problems:
            str(problem)
        settings_store.save(path, settings)
        try:
            path.write_text(spoil_json(random.Random(number), good), "utf-8", "surrogatepass")
            settings_store.load(path, missing_ok=False)
        except UserError as error:
            error.text("fr").encode("utf-8")


def test_recent_cases_of_nonsense_are_left_out(tmp_path: Path) -> None:
    workspace = a_workspace(tmp_path)
    workspace.home.mkdir(parents=True)
    for number in range(rounds(100)):
        text = spoil_json(random.Random(number), json.dumps(["/a/b.bcs", "c.bcs", "\u00e9.bcs"]))
        (workspace.home / "recent.json").write_text(text, "utf-8", "surrogatepass")
        assert workspace.recent() == []
        workspace.remember(tmp_path / "x.bcs")


def test_profiles_of_nonsense_are_refused_in_words(tmp_path: Path) -> None:
    folder = tmp_path / "west"
    folder.mkdir()
    for number in range(rounds(100)):
        text = spoil_json(random.Random(number), json.dumps(PROFILE))
        (folder / "0001.json").write_text(text, "utf-8", "surrogatepass")
        active = spoil_json(random.Random(number), json.dumps({"ab" * 32: "west"}))
        (tmp_path / "active.json").write_text(active, "utf-8", "surrogatepass")
        store = CalibrationProfileStore(tmp_path)
        with contextlib.suppress(UserError):
            assert isinstance(store.active("ab" * 32), str)
        for profile in store.all():
            with contextlib.suppress(UserError):
                Profile.from_json(profile.data)
