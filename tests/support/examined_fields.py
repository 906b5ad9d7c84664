"""A case of drawn fields with examined red cells: shapes of every class, their outlines known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.analysis import new_case
from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus
from bloodcells_gui.domain.cell import CellAssets
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.examination import FieldFindings, FieldPlace
from bloodcells_gui.domain.red_cells import RED_CELL_CLASSES, RED_CELL_CODES, RED_CELL_MEASURES, RedCells
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource, Specimen, SpecimenKind
from bloodcells_gui.storage.case import CaseStore
from tests.support.fakes import CODES, MEASUREMENTS, make_cells
from tests.support.workbench_window import CREATED, MODEL, encoded_cell

MPP = 0.2
WIDTH, HEIGHT = 640, 480
STEP = 44
#: Share of each class, by its place in RED_CELL_CODES; the rest is normal.
SHARES = {1: 0.03, 3: 0.06, 4: 0.04, 6: 0.05, 7: 0.03, 9: 0.02, 10: 0.05}


def drawn_field(seed: int, place: FieldPlace) -> FieldFindings:
    """A field of cells on a grid, each an ellipse with a pale middle, and what an examination says of it."""
    rng = np.random.default_rng(seed)
    image = np.full((HEIGHT, WIDTH, 3), 232, np.uint8)
    chance = np.zeros(len(RED_CELL_CLASSES))
    for row, share in SHARES.items():
        chance[row] = share
    chance[0] = 1 - chance.sum()
    boxes, measures, probabilities, contours = [], [], [], []
    for y in range(STEP // 2 + 6, HEIGHT - STEP // 2, STEP):
        for x in range(STEP // 2 + 6, WIDTH - STEP // 2, STEP):
            row = int(rng.choice(len(chance), p=chance))
            contour, values = _draw(image, rng, row, x, y)
            left, top, width, height = cv2.boundingRect(contour)
            certain = float(rng.uniform(0.4, 0.99))
            scores = np.full(len(RED_CELL_CODES), (1 - certain) / (len(RED_CELL_CODES) - 1), np.float32)
            scores[row] = certain
            boxes.append((left + place.x, top + place.y, width, height))
            measures.append(values)
            probabilities.append(scores)
            contours.append(contour.reshape(-1, 2).astype(np.float32) + np.float32([place.x, place.y]))
    n = len(boxes)
    doubt = 1 - np.array(probabilities).max(1)
    # Doubtful cells hold a grade back (tests/domain/test_red_cells.py); here only normal ones are doubtful.
    doubtful = (doubt > 0.5) & (np.array(probabilities).argmax(1) == RED_CELL_CODES.index("NORM"))
    cells = RedCells(
        np.zeros(n, np.int64), np.zeros(n, np.int32), np.zeros(n, np.int32), np.array(boxes, np.float32),
        np.array(measures, np.float32), np.array(probabilities, np.float32), doubt.astype(np.float32),
        doubtful, rng.random(n) < 0.05,
    )  # fmt: skip
    jpeg = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
    return FieldFindings(place, cells, contours, jpeg, 3)


def _draw(
    image: NDArray[np.uint8], rng: np.random.Generator, row: int, x: int, y: int
) -> tuple[NDArray[np.int32], list[float]]:
    code = RED_CELL_CODES[row]
    radius = float(rng.normal(3.65, 0.25)) * {1: 1.28, 3: 0.86}.get(row, 1.0) / MPP
    stretch = {6: 1.25, 7: 1.3, 9: 0.7}.get(row, 1.0)
    axes = (radius * stretch**0.5, radius / stretch**0.5)
    angle = float(rng.uniform(0, 180))
    contour = cv2.ellipse2Poly((x, y), (round(axes[0]), round(axes[1])), round(angle), 0, 360, 12)
    if RED_CELL_CLASSES[row].grade_item == "schistocytes":
        contour = contour[: len(contour) // 2 + 1]
    cv2.fillPoly(image, [contour], (196, 120, 128), cv2.LINE_AA)
    pallor = 0.0 if code == RED_CELL_CODES[3] else float(rng.normal(0.45, 0.06)) * (1.5 if row == 10 else 1)
    if pallor > 0:
        inner = (max(1, round(axes[0] * pallor)), max(1, round(axes[1] * pallor)))
        cv2.ellipse(image, (x, y), inner, angle, 0, 360, (220, 176, 180), -1, cv2.LINE_AA)
    if row == 4:
        cv2.circle(image, (x, y), round(radius * 0.25), (186, 100, 110), -1, cv2.LINE_AA)
    area, perimeter = cv2.contourArea(contour) * MPP**2, cv2.arcLength(contour, True) * MPP
    values = {
        "diameter_um": 2 * (area / np.pi) ** 0.5,
        "area_um2": area,
        "perimeter_um": perimeter,
        "circularity": min(1.0, 4 * np.pi * area / perimeter**2),
        "elongation": 1 - min(axes) / max(axes),
        "pallor": pallor,
        "pallor_depth": 0.4 if pallor else 0.0,
        "density": 0.22,
    }
    return contour, [float(values[name]) for name in RED_CELL_MEASURES]


def a_fields_case(path: Path, fields: int = 3, *, specimen_id: str = "S-2026-0901") -> Path:
    """A finished analysis of drawn fields whose red cells are not examined."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = tuple(
        ImageRef(f"field {i + 1}.png", path.parent / f"gone {i}.png", size_px=(WIDTH, HEIGHT), mpp=MPP)
        for i in range(fields)
    )
    specimen = Specimen(specimen_id, SpecimenKind.FIELDS, path.parent, images, synthetic=True)
    cells = make_cells(6)
    assets = [CellAssets(*encoded_cell(c.id, c.predicted), (0.0, 0.0, 192.0), None) for c in cells]
    with new_case(path, specimen, case_id=path.stem, created=CREATED) as store:
        scale = ScaleEstimate(MPP, ScaleSource.RED_CELLS, 0.03, 812)
        run = AnalysisRun(
            0, CREATED, "0.1", CODES, MEASUREMENTS, bundles={"classify": MODEL}, provider="cpu", scale=scale
        )
        store.start_run(run)
        store.add_cells(0, cells, assets)
        store.finish_run(0, RunStatus.COMPLETE, "2026-11-23T05:00:09Z")
    return path


def places(fields: int) -> list[FieldPlace]:
    """The whole of each image."""
    return [FieldPlace(i, 0, 0, WIDTH, HEIGHT, MPP) for i in range(fields)]


def examine_drawn(
    store: CaseStore, fields: int = 3, *, whole: bool = True, remarks: Sequence[Remark] = ()
) -> None:
    """Put an examination of drawn fields into a case; `whole` says whether it came to its end."""
    run = store.start_examination(
        CREATED, app_version="0.1", bundle="red-cells-1 " + "ab" * 32,
        scale=ScaleEstimate(MPP, ScaleSource.RED_CELLS, 0.03, 812),
    )  # fmt: skip
    for n, place in enumerate(places(fields)):
        store.add_examined_field(run.number, drawn_field(n, place))
    status = RunStatus.COMPLETE if whole else RunStatus.CANCELLED
    store.stop_examination(run.number, status, "2026-11-23T05:01:00Z", remarks)
