"""The scale that a person gives: it settles crops or fields, and a run that goes on keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bloodcells_gui.app.analysis import AnalysisOptions, with_given_scale
from bloodcells_gui.app.intake import Intake, at_scale
from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource, Specimen, SpecimenKind

CROPS, FIELDS = SpecimenKind.CROPS, SpecimenKind.FIELDS


def intake(kind: SpecimenKind, mpp: float | None, side: int = 264) -> Intake:
    images = tuple(ImageRef(f"{i}.tif", Path(f"{i}.tif"), "", (side, side), mpp) for i in range(4))
    return Intake(Specimen("s", kind, Path("s"), images), (), "")


def test_crops_that_a_wrong_unit_made_fields_are_crops_again() -> None:
    assert at_scale(intake(FIELDS, 0.272), 0.107).specimen.kind is CROPS
    assert at_scale(intake(CROPS, 0.1), 0.254).specimen.kind is FIELDS


@pytest.mark.parametrize("mpp", [None, 0.0])
def test_without_a_persons_scale_nothing_changes(mpp: float | None) -> None:
    assert at_scale(intake(FIELDS, 0.272), mpp).specimen.kind is FIELDS


def test_where_the_files_did_not_decide_a_scale_decides_nothing() -> None:
    assert at_scale(intake(CROPS, None, 600), 0.2).specimen.kind is CROPS
    slide = intake(SpecimenKind.SLIDE, 0.25)
    assert at_scale(slide, 0.1) is slide


def run(scale: ScaleEstimate | None) -> AnalysisRun:
    return AnalysisRun(0, "", "", (), (), scale=scale)


def test_a_run_that_goes_on_keeps_the_scale_a_person_gave() -> None:
    given = run(ScaleEstimate(0.11, ScaleSource.PERSON))
    assert with_given_scale(AnalysisOptions(), [given]).mpp == 0.11
    assert with_given_scale(AnalysisOptions(mpp=0.2), [given]).mpp == 0.2
    for other in (run(None), run(ScaleEstimate(0.3, ScaleSource.METADATA))):
        assert with_given_scale(AnalysisOptions(), [given, other]).mpp is None
    assert with_given_scale(AnalysisOptions(), []) == AnalysisOptions()
