"""The judge of killed stations sees a case that is open twice, and a decision that is gone."""

from __future__ import annotations

from pathlib import Path

from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import ReviewState, make_event
from scripts.tools.station_kill_test import Judge
from tests.support.case_tools import a_case


def test_a_case_that_two_stations_have_at_once_is_a_double_opening() -> None:
    judge = Judge()
    judge.hear("bench 1", ("opened", "S-1", 1.0, "0.01"))
    judge.hear("bench 2", ("opened", "S-2", 2.0, "0.01"))
    judge.hear("bench 1", ("closing", "S-1", 3.0, ""))
    judge.hear("bench 1", ("opened", "S-2", 4.0, "0.01"))
    judge.ended("bench 2", 3.5)  # killed before
    judge.ended("bench 1", 5.0)
    assert judge.double_openings() == 0
    judge.hear("bench 3", ("opened", "S-2", 4.5, "0.01"))
    judge.ended("bench 3", 6.0)
    assert judge.double_openings() == 1


def test_a_decision_that_was_said_and_is_not_in_the_case_is_lost(tmp_path: Path) -> None:
    judge = Judge()
    with a_case(tmp_path / "S-1.bcs") as store:
        state = ReviewState(store.load_cells())
        store.append(make_event(state, EventKind.NOTE, "Anna", new="there"))
    judge.hear("bench 1", ("decided", "S-1", 1.0, "there"))
    assert judge.lost(tmp_path) == 0
    judge.hear("bench 1", ("decided", "S-1", 1.0, "gone"))
    assert judge.lost(tmp_path) == 1
