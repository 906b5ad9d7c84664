"""What a worker does with a case that is not for it."""

from __future__ import annotations

from pathlib import Path

from bloodcells_gui.app.analysis import AnalysisOptions
from bloodcells_gui.app.cluster_case import CaseTask, analyze_case


def a_task(folder: Path, version: str) -> CaseTask:
    return CaseTask(0, "S-1", folder, AnalysisOptions(), (), {}, folder, version)


def test_a_worker_of_another_version_refuses_in_words(tmp_path: Path) -> None:
    (tmp_path / "wanted").touch()
    done = analyze_case(a_task(tmp_path, "0.0"))
    assert done.error is not None
    assert "has no version 0.0 of this program" in done.error.text()
    assert [p.name for p in tmp_path.iterdir()] == ["wanted"]


def test_a_worker_that_does_not_see_the_folder_says_so(tmp_path: Path) -> None:
    from bloodcells_gui import __version__

    done = analyze_case(a_task(tmp_path / "elsewhere", __version__))
    assert done.error is not None
    assert "does not see" in done.error.text()
