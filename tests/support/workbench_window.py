"""A real case file of drawn cells, a real workspace in a folder of the test, a window with its workbench."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bloodcells_gui.app.analysis import new_case
from bloodcells_gui.app.signing import amend
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus
from bloodcells_gui.domain.cell import CellAssets
from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource, Specimen, SpecimenKind
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.fakes import CODES, MEASUREMENTS, draw_cell, make_cells
from tests.support.old_versions import interrupted_version_3, signed_version_3

CREATED = "2026-11-23T05:00:00Z"
MODEL = "lite0 " + "ab" * 32


def no_models() -> Any:
    raise BundleRefused("There is no model for the task “{task}”.", task="classify")


def a_workspace(folder: Path) -> Workspace:
    workspace = Workspace(no_models, home=folder / "home", config=folder / "config")
    workspace.author = "A. Technician"
    return workspace


@lru_cache(maxsize=2000)
def encoded_cell(cell_id: int, code: str) -> tuple[bytes, bytes]:
    """Return picture (JPEG) and mask (PNG) of a drawn cell; the cases of many tests hold the same cells."""
    image, mask = draw_cell(cell_id, code)
    thumb = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
    return thumb, cv2.imencode(".png", mask)[1].tobytes()


def a_case(path: Path, n: int = 40, *, specimen_id: str = "S-2026-0417", seed: int = 0) -> Path:
    """A finished, unreviewed analysis of `n` cells with pictures, masks and embeddings."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    centres = {code: rng.normal(0, 1, 24) for code in CODES}
    cells = make_cells(n, seed)
    assets = []
    for cell in cells:
        thumb, png = encoded_cell(cell.id, cell.predicted)
        vector = (centres[cell.predicted] + rng.normal(0, 0.35, 24)).astype(np.float16)
        assets.append(CellAssets(thumb, png, (0.0, 0.0, 192.0), vector))
    images = tuple(
        ImageRef(f"field {i}.png", path.parent / f"gone {i}.png", size_px=(192, 192)) for i in range(7)
    )
    specimen = Specimen(specimen_id, SpecimenKind.CROPS, path.parent, images, synthetic=True)
    with new_case(path, specimen, case_id=path.stem, created=CREATED) as store:
        scale = ScaleEstimate(0.105, ScaleSource.RED_CELLS, 0.03, 812)
        store.start_run(
            AnalysisRun(
                0,
                CREATED,
                "0.1",
                CODES,
                MEASUREMENTS,
                bundles={"classify": MODEL},
                provider="cpu",
                scale=scale,
            )
        )
        store.add_cells(0, cells, assets)
        store.finish_run(0, RunStatus.COMPLETE, "2026-11-23T05:00:09Z")
    return path


@contextmanager
def shown_tools(context: UiContext, workspace: Workspace, memory: WindowMemory) -> Iterator[ToolWindows]:
    """The window with its tool windows, shown without a case; closed at the end."""
    window = MainWindow(context, workspace, memory)
    cases = WorkList(workspace)
    tools = ToolWindows(window, context, workspace, cases, memory)
    window.resize(1300, 800)
    window.show()
    yield tools
    window.close()
    cases.close()
    window.deleteLater()


def slides_of_format_3(workspace: Workspace, folder: Path) -> list[Path]:
    """A signed and an interrupted slide of format 3, and one of today whose runs left all that those did."""
    signed = signed_version_3(folder / "signed 3.bcs")
    interrupted = interrupted_version_3(folder / "interrupted 3.bcs")
    today = folder / "slide.bcs"
    shutil.copy(signed, today)
    session = workspace.open_case(today)
    amend(session, "A. Technician", "More cells were found.")
    for run in tuple(session.store.runs):
        number = len(session.store.runs)
        session.store.start_run(replace(run, number=number))
        session.store.finish_run(number, run.status, record=run.record)
    session.close()
    return [signed, interrupted, today]
