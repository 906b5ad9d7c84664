"""Where a continued scan stops."""

from __future__ import annotations

from bloodcells_gui.app.continuing import next_target
from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.specimen import SpecimenKind


def run(target: str) -> AnalysisRun:
    return AnalysisRun(0, "", "", (), (), parameters={"target_cells": target})


def test_an_interrupted_run_goes_on_to_its_target() -> None:
    assert next_target(SpecimenKind.SLIDE, [run("200")], 120, 200) == 200
    assert next_target(SpecimenKind.SLIDE, [run("")], 0, 200) == 200


def test_a_reached_target_is_raised_by_as_many_again() -> None:
    assert next_target(SpecimenKind.SLIDE, [run("200")], 200, 200) == 400
    assert next_target(SpecimenKind.SLIDE, [run("100"), run("200")], 200, 200) == 300
    assert next_target(SpecimenKind.SLIDE, [run("100")], 530, 200) == 600


def test_all_means_all() -> None:
    assert next_target(SpecimenKind.SLIDE, [run("0")], 50, 200) is None
    assert next_target(SpecimenKind.FIELDS, [run("200")], 50, 200) is None
