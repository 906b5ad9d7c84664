"""Analysed cases whose stain, sharpness and naming are chosen, one a day."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.analysis import new_case
from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus
from bloodcells_gui.domain.cell import CellAssets
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource, Specimen, SpecimenKind
from tests.support.fakes import CODES, MEASUREMENTS, make_cells

FIRST = date(2026, 9, 1)
GLASS = 240.0
SIDE = 64


def surroundings(red_cell_od: float) -> tuple[bytes, bytes]:
    """A dark nucleus in the middle of red cells of this density in green, with its mask."""
    rgb = np.full((SIDE, SIDE, 3), GLASS, np.float32)
    rgb[:, :20] = [GLASS, (GLASS + 1) * 10**-red_cell_od - 1, (GLASS + 1) * 10**-red_cell_od - 1]
    rgb[26:38, 30:42] = (70, 40, 120)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[25:39, 29:43] = 1
    picture: NDArray[np.uint8] = rgb.round().astype(np.uint8)
    jpeg = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()
    return jpeg, cv2.imencode(".png", mask)[1].tobytes()


def analysed(
    folder: Path,
    day: int,
    *,
    red_cell_od: float = 0.25,
    nucleus_od: float = 0.6,
    focus: float = 5.0,
    waiting: int = 2,
    specimen: str = "",
    model: str = "lite0 " + "ab" * 32,
    cells: int = 40,
    synthetic: bool = False,
) -> Path:
    """A case of that day (from the first of September on) with these figures."""
    folder.mkdir(parents=True, exist_ok=True)
    when = f"{(FIRST + timedelta(days=day)).isoformat()}T09:00:00Z"
    path = folder / f"{when[:10]} {specimen or 'film'}.bcs"
    names = ("nucleus_od_red", *MEASUREMENTS[1:])
    found = [
        replace(
            c, predicted="SNE", abstained=i < waiting, focus=focus,
            measurements=np.array([nucleus_od, *c.measurements[1:]], np.float32),
        )
        for i, c in enumerate(make_cells(cells))
    ]  # fmt: skip
    thumb, mask = surroundings(red_cell_od)
    assets = [CellAssets(thumb, mask, (0.0, 0.0, float(SIDE)), np.zeros(4, np.float16)) for _ in found]
    images = (ImageRef("a.jpg", folder / "a.jpg", sha256=f"{day:064d}", size_px=(SIDE, SIDE)),)
    case = Specimen(specimen or f"26-{day:03d}", SpecimenKind.CROPS, folder, images, synthetic)
    with new_case(path, case, case_id=path.stem, created=when) as store:
        scale = ScaleEstimate(0.105, ScaleSource.RED_CELLS, 0.03, 812)
        store.start_run(
            AnalysisRun(
                0, when, "0.1", CODES, names, bundles={"classify": model}, provider="cpu", scale=scale
            )
        )
        store.add_cells(0, found, assets)
        store.finish_run(0, RunStatus.COMPLETE, when)
    return path


def wobble(day: int, size: float) -> float:
    """What films differ by from day to day: no chance, so that a test is the same every time."""
    return size * math.sin(2.4 * day)
