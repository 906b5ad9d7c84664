"""Analysed cases of a laboratory's crops, with an expectation for their made-up classifier."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bloodcells_gui.app.analysis import new_case
from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus
from bloodcells_gui.domain.cell import CellAssets
from bloodcells_gui.domain.site_expectation import Expectation, expectation_from
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource, Specimen, SpecimenKind
from tests.support.fakes import CODES, MEASUREMENTS, make_cells
from tests.support.quality_cases import SIDE, surroundings

SHA = "ab" * 32
WHEN = "2026-11-30T09:00:00Z"
#: An expectation as `scripts.training.fit_site_check` writes it.
TOLD = {
    "schema": 1,
    "bundle_sha256": SHA,
    "level": 0.95,
    "named": {
        "intercept": 0.0, "weights": {"named": 1.0},
        "left": [[30, -0.2, 0.15], [75, -0.15, 0.1], [150, -0.08, 0.07]],
    },
    "right": {
        "intercept": 0.0, "weights": {"probability": 1.0},
        "left": [[30, -0.12, 0.04], [75, -0.11, 0.04], [150, -0.1, 0.03]],
    },
    "familiar": {"blank_level": [170.0, 250.0], "blank_tint": [0.9, 1.6], "nucleus_od": [0.1, 0.5]},
    "validation": {
        "laboratories": 6, "copies": 49, "sets": 1500, "within": {"named": 0.9, "right": 0.91},
        "covered": {"named": 0.95, "right": 0.85},
    },
}  # fmt: skip


def an_expectation() -> Expectation:
    return expectation_from(TOLD)


def site_case(
    path: Path,
    *,
    cells: int = 260,
    source: ScaleSource = ScaleSource.METADATA,
    spread: float = 0.0,
    profile: str = "",
    sha: str = SHA,
    status: RunStatus = RunStatus.COMPLETE,
    twins: int = 0,
) -> Path:
    """A case of so many cells; the last `twins` of them have the embedding of the first."""
    found = make_cells(cells)
    names = ("nucleus_od_red", *MEASUREMENTS[1:])
    rng = np.random.default_rng(3)
    embeddings = rng.normal(size=(cells, 16)).astype(np.float16)
    if twins:
        embeddings[-twins:] = embeddings[0]
    thumb, mask = surroundings(0.25)
    assets = [CellAssets(thumb, mask, (0.0, 0.0, float(SIDE)), e) for e in embeddings]
    images = tuple(
        ImageRef(f"{i}.jpg", path.parent / f"{i}.jpg", sha256=f"{i:064d}", size_px=(SIDE, SIDE))
        for i in range(7)
    )
    case = Specimen("26-777", SpecimenKind.CROPS, path.parent, images)
    with new_case(path, case, case_id="site", created=WHEN) as store:
        store.start_run(
            AnalysisRun(
                0, WHEN, "0.1", CODES, names, bundles={"classify": f"lite0 {sha}"}, provider="cpu",
                scale=ScaleEstimate(0.105, source, spread, 7), profile=profile,
            )
        )  # fmt: skip
        store.add_cells(0, found, assets)
        store.finish_run(0, status, WHEN)
    return path
