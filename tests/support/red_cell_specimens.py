"""Cases of drawn fields whose leukocytes were analysed and whose red cells were not examined yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2

from bloodcells_gui.app.analysis import new_case
from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus, SkippedFile
from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource, Specimen, SpecimenKind
from bloodcells_gui.storage.case import CaseStore
from tests.support.case_tools import CLASSES, cells_of
from tests.support.red_cell_examiner import MPP, DensityDetector, OneName, drawn_images, scattered

SIZE_UM = (70.0, 60.0)
FIELDS = [scattered(25, SIZE_UM, seed) for seed in range(3)]
STATED = ScaleEstimate(MPP, ScaleSource.METADATA, 0.0)


class Detector(DensityDetector):
    def terminate(self) -> None:
        pass


class Classifier(OneName):
    bundle = SimpleNamespace(id="red-cells-1", sha256="ab" * 32)

    def terminate(self) -> None:
        pass


def engine(detector: object | None = None) -> Any:
    return SimpleNamespace(detector=Detector() if detector is None else None)


def a_case(
    folder: Path,
    kind: SpecimenKind = SpecimenKind.FIELDS,
    scale: ScaleEstimate = STATED,
    cells: Sequence[Cell] = (),
    skipped: Sequence[SkippedFile] = (),
    record: RunRecord | None = None,
) -> CaseStore:
    refs = []
    for i, rgb in drawn_images(FIELDS, SIZE_UM).items():
        path = folder / f"{i}.png"
        cv2.imwrite(str(path), rgb[..., ::-1])
        refs.append(ImageRef(path.name, path, size_px=(rgb.shape[1], rgb.shape[0]), mpp=MPP))
    store = new_case(folder / "a.bcs", Specimen("a", kind, folder, tuple(refs)), case_id="a")
    now = "2026-11-30T05:00:00Z"
    store.start_run(AnalysisRun(0, now, "0.1", CLASSES, (), bundles={"classify": "x"}, scale=scale))
    if cells:
        store.add_cells(0, cells, [cells_of(1, 1)[1][0]] * len(cells))
    store.finish_run(0, RunStatus.COMPLETE, now, skipped=list(skipped), record=record or RunRecord())
    return store
