"""Small cases for the tests of storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.cell import Box, Cell, CellAssets
from bloodcells_gui.domain.review import Event, EventKind
from bloodcells_gui.domain.review_state import ReviewState, make_event
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource, Specimen, SpecimenKind
from bloodcells_gui.storage.case import CaseStore

T0 = "2026-01-01T10:00:00Z"
CLASSES = ("SNE", "LY", "MO")
SCALE = ScaleEstimate(0.1, ScaleSource.RED_CELLS, 0.05, 40, "")


def a_specimen(n_images: int = 3, root: Path = Path("/smears/1")) -> Specimen:
    images = tuple(ImageRef(f"a/{i}.jpg", root / f"a/{i}.jpg") for i in range(n_images))
    return Specimen("S-1", SpecimenKind.CROPS, root, images)


def a_run(number: int = 0) -> AnalysisRun:
    return AnalysisRun(
        number, T0, "0.1", CLASSES, ("cell_area_um2", "focus"), {"classify": "m ab"}, "cpu",
        {"kind": "crops"}, "", SCALE,
    )  # fmt: skip


def cells_of(first: int, n: int, run: int = 0, *, seed: int = 0) -> tuple[list[Cell], list[CellAssets]]:
    rng = np.random.default_rng((seed, first))
    cells, assets = [], []
    for i in range(first, first + n):
        scores = rng.dirichlet(np.ones(3)).astype(np.float32)
        best = int(scores.argmax())
        measured = np.array([rng.random() * 100, np.nan if i % 2 else 1.5], np.float32)
        cells.append(
            Cell(
                i,
                i % 3,
                Box(0.1 * i, 2, 30, 31.5),
                float("nan") if i % 5 == 4 else 0.1,
                CLASSES[best],
                float(scores[best]),
                i % 7 == 6,
                0.25,
                scores,
                measured,
                2.5 if i % 2 else float("nan"),
                ("touching",) if i % 3 == 0 else (),
                run,
            )
        )
        assets.append(
            CellAssets(rng.bytes(300), rng.bytes(60), (1.0, 2.0, 30.5), rng.normal(size=8).astype(np.float16))
        )
    return cells, assets


def a_case(path: Path, n_cells: int = 20, *, root: Path = Path("/smears/1"), **more: Any) -> CaseStore:
    store = CaseStore.create(
        path, a_specimen(root=root), case_id="c-1", created=T0, app_version="0.1", **more
    )
    store.start_run(a_run())
    store.add_cells(0, *cells_of(0, n_cells))
    return store


class Reviewer:
    """Appends to a case and folds, as the session does."""

    def __init__(self, store: CaseStore) -> None:
        self.store = store
        self.state = ReviewState(store.load_cells())
        for event in store.events():
            self.state.apply(event)

    def act(self, kind: EventKind, *cells: int, author: str = "ana", **more: Any) -> Event:
        event = self.store.append(make_event(self.state, kind, author, cells, **more))
        self.state.apply(event)
        return event
