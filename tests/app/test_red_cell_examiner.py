"""The examination of red cells goes by what the analysis left in the case, or says why it cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bloodcells_gui.app.analysis import new_case
from bloodcells_gui.app.red_cell_examiner import red_cell_examiner
from bloodcells_gui.app.red_cells import examine
from bloodcells_gui.domain.analysis import RunStatus, SkippedFile
from bloodcells_gui.domain.cell import FLAG_SCALE_CONTRADICTED, Box
from bloodcells_gui.domain.errors import BundleRefused, UserError
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_record import MapTile, QualityMap, RunRecord
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource, Specimen, SpecimenKind
from bloodcells_gui.storage.case import CaseStore
from tests.support.case_tools import cells_of
from tests.support.red_cell_examiner import MPP, whole
from tests.support.red_cell_specimens import FIELDS, SIZE_UM, STATED, Classifier, a_case, engine


def examined(store: CaseStore, **more: Any) -> list[int]:
    examiner = red_cell_examiner(store, engine(), Classifier(), token=CancelToken(), **more)  # type: ignore[arg-type]
    return [len(event.cells) for event in examine(store, examiner, app_version="0.1")]


def test_all_fields_of_a_case_are_examined_once(tmp_path: Path) -> None:
    with a_case(tmp_path) as store:
        assert examined(store, aim=5) == [whole(cells, SIZE_UM) for cells in FIELDS]
        assert examined(store) == []
        run = store.examinations()[-1]
        assert (run.bundle, run.status) == ("red-cells-1 " + "ab" * 32, RunStatus.COMPLETE)
        assert run.scale == STATED
        assert store.verify() == []


def test_left_out_and_contradicted_images_are_not_examined(tmp_path: Path) -> None:
    found, _ = cells_of(1, 1)
    doubted = replace(found[0], image=2, mpp=MPP, flags=(FLAG_SCALE_CONTRADICTED,))
    with a_case(tmp_path, cells=[doubted], skipped=[SkippedFile("0.png", "duplicate of 1.png")]) as store:
        assert examined(store) == [whole(FIELDS[1], SIZE_UM)]


def test_a_slide_is_examined_in_its_monolayer_up_to_the_aim(tmp_path: Path) -> None:
    tiles = QualityMap(1, 0, 0, (MapTile(0, 0, 12, True),))
    with a_case(tmp_path, SpecimenKind.SLIDE, record=RunRecord(maps=(tiles,))) as store:
        assert examined(store, aim=3) == [whole(FIELDS[1], SIZE_UM)]


@pytest.mark.parametrize(
    ("kind", "scale", "why"),
    [
        (SpecimenKind.CROPS, STATED, "cut-outs"),
        (SpecimenKind.SLIDE, STATED, "readable"),
        (SpecimenKind.FIELDS, ScaleEstimate(MPP, ScaleSource.PRIOR, 0.15), "not sure"),
        (SpecimenKind.FIELDS, ScaleEstimate(None, ScaleSource.UNKNOWN), "not sure"),
        (SpecimenKind.FIELDS, ScaleEstimate(MPP, ScaleSource.CONTRADICTED, 0.1), "contradicts"),
    ],
)
def test_why_red_cells_are_not_examined_is_said(
    tmp_path: Path, kind: SpecimenKind, scale: ScaleEstimate, why: str
) -> None:
    with a_case(tmp_path, kind, scale) as store, pytest.raises(UserError) as error:
        examined(store)
    assert why in error.value.text("en")


def test_no_detector_and_no_run_are_said(tmp_path: Path) -> None:
    with a_case(tmp_path) as store, pytest.raises(BundleRefused):
        red_cell_examiner(store, engine("none"), Classifier(), token=CancelToken())  # type: ignore[arg-type]
    specimen = Specimen("b", SpecimenKind.FIELDS, tmp_path, (ImageRef("0.png", tmp_path / "0.png"),))
    with new_case(tmp_path / "b.bcs", specimen, case_id="b") as store, pytest.raises(UserError) as error:
        examined(store)
    assert "not analysed" in error.value.text("en")


def test_leukocytes_sizes_are_held_against_the_red_cells(tmp_path: Path) -> None:
    found, _ = cells_of(1, 12)
    large = [
        replace(c, image=0, mpp=MPP, box_px=Box(0, 0, 100, 100), predicted="SNE", abstained=False, flags=())
        for c in found
    ]
    with a_case(tmp_path, cells=large) as store:
        examined(store)
        assert "leukocytes" in store.examinations()[-1].remarks[0].text
