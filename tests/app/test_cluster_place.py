"""Results of a worker are put into their place whole, and replace no earlier case."""

from __future__ import annotations

import os
import pickle
import time
from pathlib import Path

from bloodcells_gui.app.batch_inputs import PlannedJob
from bloodcells_gui.app.cluster import clear_left_behind, put_into_place
from bloodcells_gui.app.cluster_task import attempts_of
from bloodcells_gui.imaging.io.plain_files import sha256_of


def whole(folder: Path, case: bytes = b"new") -> Path:
    path = folder / ".cluster-1" / "00001-host-7-ab.whole"
    (path / "masks").mkdir(parents=True)
    (path / "case.bcs").write_bytes(case)
    (path / "cells.csv").write_text("new cells")
    (path / "masks" / "a.png").write_bytes(b"mask")
    return path


def test_a_folder_that_is_not_there_appears_at_once(tmp_path: Path) -> None:
    put_into_place(whole(tmp_path), tmp_path / "S1")
    assert sorted(p.name for p in (tmp_path / "S1").iterdir()) == ["case.bcs", "cells.csv", "masks"]
    assert list((tmp_path / ".cluster-1").iterdir()) == []


def test_an_earlier_case_is_kept_under_its_time_with_its_journal(tmp_path: Path) -> None:
    final = tmp_path / "S1"
    (final / "masks").mkdir(parents=True)
    (final / "case.bcs").write_bytes(b"old")
    (final / "case.bcs-journal").write_bytes(b"journal of old")
    (final / "masks" / "gone.png").write_bytes(b"")
    put_into_place(whole(tmp_path), final)
    (kept,) = final.glob("case-until-*.bcs")
    assert kept.read_bytes() == b"old"
    assert Path(f"{kept}-journal").read_bytes() == b"journal of old"
    assert (final / "case.bcs").read_bytes() == b"new"
    assert not (final / "case.bcs-journal").exists()
    assert [p.name for p in (final / "masks").iterdir()] == ["a.png"]


def test_the_case_that_was_continued_is_replaced_unless_somebody_changed_it(tmp_path: Path) -> None:
    final = tmp_path / "S1"
    final.mkdir()
    (final / "case.bcs").write_bytes(b"half")
    continued = sha256_of(final / "case.bcs")
    put_into_place(whole(tmp_path, b"half and more"), final, continued)
    assert not list(final.glob("case-until-*"))
    put_into_place(whole(tmp_path, b"half and other"), final, continued)
    (kept,) = final.glob("case-until-*.bcs")
    assert kept.read_bytes() == b"half and more"


def test_attempts_that_came_to_no_end_are_counted_by_specimen(tmp_path: Path) -> None:
    for name in ("00001-a-1-x", "00001-b-2-y", "00001-b-3-z.whole", "00011-a-1-x", "00002-a-1-x"):
        (tmp_path / name).mkdir()
    assert len(attempts_of(tmp_path, 1)) == 2
    assert len(attempts_of(tmp_path, 11)) == 1
    assert attempts_of(tmp_path, 3) == []


def test_only_folders_of_runs_that_are_long_gone_are_cleared(tmp_path: Path) -> None:
    old, young, other = tmp_path / ".cluster-old", tmp_path / ".cluster-young", tmp_path / "S1"
    for folder in (old, young, other):
        folder.mkdir()
        (folder / "wanted").touch()
    long_ago = time.time() - 2 * 24 * 3600
    for folder in (old, other):
        os.utime(folder / "wanted", (long_ago, long_ago))
    clear_left_behind(tmp_path)
    assert not old.exists()
    assert young.exists()
    assert other.exists()


def test_a_planned_job_travels(tmp_path: Path) -> None:
    job = PlannedJob(tmp_path / "a", tmp_path / "b")
    assert pickle.loads(pickle.dumps(job)) == job
