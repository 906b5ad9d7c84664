"""Where a continued scan stops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from bloodcells_gui.app.continuing import leaves_work, next_target
from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus, SkippedFile
from bloodcells_gui.domain.run_messages import REACHED, remark
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.specimen import ImageRef, Specimen, SpecimenKind


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


IMAGES = tuple(ImageRef(f"{i}.png", Path(f"/s/{i}.png"), sha256="a" * 64) for i in range(3))


def ended(status: RunStatus = RunStatus.COMPLETE, **more: Any) -> AnalysisRun:
    return AnalysisRun(0, "", "", (), (), status=status, **more)


def test_a_case_that_was_searched_to_its_end_leaves_no_work() -> None:
    specimen = Specimen("S", SpecimenKind.SLIDE, Path("/s"), IMAGES)
    reached = RunRecord(remarks=(remark(REACHED, found=200, target=200),))
    assert not leaves_work([ended()], specimen)
    assert not leaves_work([ended(RunStatus.CANCELLED), ended()], specimen)
    assert not leaves_work([], replace(specimen, images=()))
    assert leaves_work([], specimen)
    assert leaves_work([ended(RunStatus.CANCELLED)], specimen)
    assert leaves_work([ended(record=reached)], specimen)
    assert not leaves_work([ended(record=reached), ended()], specimen)
    assert leaves_work([ended(parameters={"zones": "0 1 1 9 9"})], specimen)


def test_an_image_that_was_left_out_is_work_and_a_file_that_is_none_is_not() -> None:
    unread = replace(IMAGES[1], sha256="")
    specimen = Specimen("S", SpecimenKind.CROPS, Path("/s"), (IMAGES[0], unread))
    assert leaves_work([ended(skipped=(SkippedFile("1.png", "out of reach"),))], specimen)
    assert not leaves_work([ended(skipped=(SkippedFile("notes.txt", "no image"),))], specimen)
