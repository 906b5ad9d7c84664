"""Which cells a case shows first: from what was found and what the specimen makes of it, never stored."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.adaptation.prior_shift import ClassPrior, PriorShift
from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.cell import FIRST_HAND_ID, FLAG_LOOK_FIRST
from bloodcells_gui.domain.review_state import BY_HAND_RUN
from bloodcells_gui.domain.suspicion import LookFirst, is_flagged
from bloodcells_gui.storage.case import CaseStore
from tests.support.case_tools import T0, a_run, a_specimen, cells_of

CLASSES = ("LY", "BL", "MO")
RARE = PriorShift({"LY": 3.0, "BL": 0.01, "MO": 1.0}, 20, ClassPrior(0.1, 15), 0.4, protects_critical=False)


def case_with(path: Path, blast: list[float], **parameters: str) -> CaseStore:
    """Cells of these probabilities of a blast, the rest a lymphocyte; `parameters` are those of the run."""
    store = CaseStore.create(path, a_specimen(), case_id="S-1", created=T0, app_version="0.1")
    store.start_run(replace(a_run(0), classes=CLASSES, parameters=parameters))
    cells, assets = cells_of(0, len(blast))
    cells = [
        replace(c, flags=(), scores=np.array([1 - p, p, 0], np.float32), predicted="LY" if p < 0.5 else "BL")
        for c, p in zip(cells, blast, strict=True)
    ]
    store.add_cells(0, cells, assets)
    return store


def test_a_case_of_an_older_version_shows_suspicious_cells_first_too(tmp_path: Path) -> None:
    with case_with(tmp_path / "c.bcs", [0.001, 0.05, 0.9]) as store:
        assert [is_flagged(c) for c in store.load_cells()] == [False, True, True]
        assert [c.suspicion for c in store.load_cells()] == pytest.approx([0.001, 0.05, 0.9])


def test_the_rule_of_the_run_counts_whatever_rule_the_program_has_today(tmp_path: Path) -> None:
    rule = LookFirst({"BL": 0.5}, 0.3)
    with case_with(tmp_path / "c.bcs", [0.05, 0.5, 0.9], **rule.to_parameters()) as store:
        assert [is_flagged(c) for c in store.load_cells()] == [False, False, True]
    with CaseStore.open(tmp_path / "c.bcs", read_only=True) as again:
        assert [c.suspicion for c in again.load_cells()] == pytest.approx([0.025, 0.25, 0.45])


def test_no_adaptation_makes_a_cell_less_suspicious(tmp_path: Path) -> None:
    with case_with(tmp_path / "c.bcs", [0.05, 0.6]) as store:
        store.finish_run(0, RunStatus.COMPLETE, adaptation=RARE.to_record())
        cells = store.load_cells()
        assert [c.predicted for c in cells] == ["LY", "LY"]
        assert max(float(c.scores[1]) for c in cells) < 0.01
        assert [c.suspicion for c in cells] == pytest.approx([0.05, 0.6])
        assert all(is_flagged(c) for c in cells)


def test_the_flag_is_not_stored_and_an_analysis_that_goes_on_does_not_see_it(tmp_path: Path) -> None:
    with case_with(tmp_path / "c.bcs", [0.9]) as store:
        assert store.load_cells(as_found=True)[0].flags == ()
        assert FLAG_LOOK_FIRST in store.load_cells()[0].flags
        assert store.verify() == []
    with sqlite3.connect(tmp_path / "c.bcs") as connection:
        ((text,),) = connection.execute("SELECT flags FROM cells").fetchall()
    connection.close()
    assert json.loads(text) == []


def test_a_cell_that_a_person_added_is_shown_to_nobody(tmp_path: Path) -> None:
    with case_with(tmp_path / "c.bcs", [0.1]) as store:
        cells, assets = cells_of(FIRST_HAND_ID, 1)
        store.add_cells(BY_HAND_RUN, cells, assets)
        assert [is_flagged(c) for c in store.load_cells()] == [True, False]
