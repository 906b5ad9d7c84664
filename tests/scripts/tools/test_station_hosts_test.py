"""The judge of stations on hosts of their own finds what it looks for; a short run finds nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import ReviewState, make_event, utc_now
from bloodcells_gui.domain.specimen import Specimen, SpecimenKind
from bloodcells_gui.storage.case import CaseStore
from scripts.tools.station_hosts_test import judged, overlaps, refusal


def case_of(folder: Path, *texts: str) -> Path:
    path = folder / "case-000.bcs"
    specimen = Specimen(path.stem, SpecimenKind.COUNTER, folder)
    with CaseStore.create(path, specimen, case_id=path.stem, created=utc_now(), app_version="0") as store:
        state = ReviewState([])
        for text in texts:
            state.apply(store.append(make_event(state, EventKind.NOTE, "x", new=text)))
    return path


def test_sittings_one_after_another_are_fine(tmp_path: Path) -> None:
    texts = ("n1 1 1 0", "n1 1 1 1", "n2 2 1 0", "n1 1 2 0")
    case_of(tmp_path, *texts)
    assert judged(tmp_path, {"case-000": list(texts)}) == (4, 0, 0, [])


def test_two_sittings_in_turns_are_found(tmp_path: Path) -> None:
    texts = ("n1 1 1 0", "n2 2 1 0", "n1 1 1 1")
    case_of(tmp_path, *texts)
    assert judged(tmp_path, {"case-000": list(texts)}) == (3, 1, 0, [])


def test_a_decision_that_is_gone_or_there_twice_is_found(tmp_path: Path) -> None:
    case_of(tmp_path, "n1 1 1 0", "n1 1 1 0")
    assert judged(tmp_path, {"case-000": ["n1 1 1 1"]})[2] == 2


def test_overlaps_are_told_apart_by_whether_the_first_could_be_reached() -> None:
    sittings = {"c": [(0.0, 100.0, "n1"), (50.0, 60.0, "n2")]}
    assert overlaps(sittings, {}) == (1, 0)
    assert overlaps(sittings, {"n1": [(40.0, 49.0)]}) == (0, 1)
    assert overlaps(sittings, {"": [(40.0, 49.0)]}) == (0, 1)
    assert overlaps(sittings, {"n2": [(40.0, 49.0)]}) == (1, 0)
    assert overlaps({"c": [(0.0, 50.0, "n1"), (50.0, 60.0, "n2")]}, {}) == (0, 0)
    assert overlaps({"c": [(0.0, 50.0, "n1"), (40.0, 60.0, "n1")]}, {}) == (0, 0)


def test_a_short_run_on_hosts_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("psycopg", reason="the extra `lab` is not installed")
    why_not = refusal()
    if why_not:
        pytest.skip(why_not)
    command = [sys.executable, "-m", "scripts.tools.station_hosts_test", "--kills", "6", "--cases", "6"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "0 cases written by two in turns, 0 decisions lost" in done.stdout
