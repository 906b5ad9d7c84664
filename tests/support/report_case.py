"""A small fabricated case: cells, runs, a reviewed state and pictures, without any model or image file."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus, SkippedFile
from bloodcells_gui.domain.cell import Box, Cell
from bloodcells_gui.domain.differential import differential
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import ReviewState, make_event
from bloodcells_gui.domain.run_record import RunCounts, RunRecord
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource, Specimen, SpecimenKind
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.report.build import build_report, cells_to_explain
from bloodcells_gui.report.model import ReportModel

FONTS = Path(__file__).parents[2] / "resources" / "fonts"
CLASSES = ("SNE", "BNE", "LY", "MO", "EO", "BA", "MMY", "MY", "PMY", "BL", "ERB", "PLT", "ART")
MEASURES = ("cell_area_um2", "nucleus_area_um2", "nucleus_cell_ratio")
MIX = {
    "SNE": 48,
    "BNE": 12,
    "LY": 22,
    "MO": 7,
    "EO": 3,
    "BA": 1,
    "MMY": 3,
    "MY": 1,
    "BL": 3,
    "ERB": 6,
    "PLT": 4,
}
SHA = "0123456789abcdef" * 4


def make_run(**changes: object) -> AnalysisRun:
    values: dict[str, object] = {
        "number": 0,
        "started": "2026-03-02T08:15:00Z",
        "finished": "2026-03-02T08:15:09Z",
        "app_version": "0.1.0",
        "classes": CLASSES,
        "measurement_names": MEASURES,
        "provider": "CPUExecutionProvider",
        "bundles": {"classify": f"lite0-leaves {SHA}", "segment": f"unet-small {SHA[::-1]}"},
        "parameters": {"kind": "crops", "target_cells": "0"},
        "status": RunStatus.COMPLETE,
        "scale": ScaleEstimate(0.0985, ScaleSource.RED_CELLS, 0.04, 212, "Scale estimated from red cells."),
        "skipped": (
            SkippedFile("notes.txt", "not an image"),
            SkippedFile("broken.jpg", "the file is damaged"),
        ),
        "record": RunRecord(RunCounts(red_cells=2140, platelets=118)),
    }
    values.update(changes)
    return AnalysisRun(**values)  # type: ignore[arg-type]


def make_cells(mix: Mapping[str, int] = MIX, seed: int = 3) -> list[Cell]:
    rng = np.random.default_rng(seed)
    cells = []
    for code in (c for c, n in mix.items() for _ in range(n)):
        p = float(rng.beta(9, 1.2))
        scores = np.full(len(CLASSES), (1 - p) / (len(CLASSES) - 1), np.float32)
        scores[CLASSES.index(code)] = p
        i = len(cells)
        cells.append(
            Cell(
                id=i + 1,
                image=i,
                box_px=Box(12.5, 20, 80, 84),
                mpp=0.0985,
                predicted=code,
                probability=p,
                abstained=p < 0.5,
                uncertainty=1 - p,
                scores=scores,
                measurements=np.array([180.5, 90.25, 0.5], np.float32),
                focus=1.25,
            )
        )
    return cells


def make_specimen(n: int, name: str = "S-2026-0142", **changes: object) -> Specimen:
    images = tuple(ImageRef(f"smear/cell_{i:04d}.jpg", Path(f"/x/{i}"), SHA, (360, 363)) for i in range(n))
    values: dict[str, object] = {"id": name, "kind": SpecimenKind.CROPS, "root": Path("/x"), "images": images}
    values.update(changes)
    return Specimen(**values)  # type: ignore[arg-type]


@lru_cache(maxsize=64)
def picture(code: str, heat: bool = False) -> bytes:
    image = Image.new("RGB", (128, 128), (236, 214, 214))
    draw = ImageDraw.Draw(image)
    draw.ellipse((22, 22, 106, 106), fill=(206, 190, 216))
    draw.ellipse((40, 38, 88, 92), fill=BY_CODE[code].rgb)
    if heat:
        draw.ellipse((50, 46, 80, 80), fill=(250, 140, 40))
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


class Clock:
    """Five seconds a call, so that reviews have a duration."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        seconds = self.calls * 5
        return f"2026-03-02T09:{seconds // 60:02d}:{seconds % 60:02d}Z"


def make_state(cells: Sequence[Cell], *, reviewed: bool = True) -> ReviewState:
    state = ReviewState(cells)
    clock = Clock()

    def act(
        kind: EventKind, ids: Sequence[int] = (), new: str = "", key: str = "", who: str = "A. Dupont"
    ) -> None:
        state.apply(make_event(state, kind, who, ids, new, key, clock=clock))

    if not reviewed:
        return state
    for name, value in {
        "patient_name": "Émilie Lefèvre-Nowak",
        "patient_id": "P-77812",
        "birth_date": "1961-07-14",
        "sex": "F",
        "collected_at": "2026-03-01",
        "wbc": "12.4",
        "wbc_corrected": "no",
        "requester": "Dr M. Schultz",
        "stain": "May-Grünwald-Giemsa",
        "clinical_information": "Fever for two weeks, splenomegaly.",
        "platelets_per_field": "14",
    }.items():
        act(EventKind.SET_FIELD, new=value, key=name)
    waiting = [c.id for c in cells if c.abstained]
    if waiting:
        act(EventKind.CONFIRM, waiting)
    act(EventKind.CONFIRM, [c.id for c in cells[: len(cells) // 2] if not c.abstained])
    metas = [c.id for c in cells if c.predicted == "MMY"]
    if metas:
        act(EventKind.RELABEL, metas[:1], "MY", who="B. Moreau")
    lymphs = [c.id for c in cells if c.predicted == "LY"]
    act(EventKind.RELABEL, lymphs[:4], "VLY", who="B. Moreau")
    act(EventKind.EXCLUDE, [cells[-1].id])
    act(EventKind.GRADE, new="2+", key="anisocytosis")
    act(EventKind.GRADE, new="1+", key="schistocytes")
    act(EventKind.GRADE, new="3+", key="toxic-granulation")
    act(EventKind.NOTE, [cells[0].id], "Blasts seen: urgent haematologist review. Auer rods not found.")
    return state


def make_report(
    mix: Mapping[str, int] = MIX,
    *,
    settings: LabSettings | None = None,
    lang: str = "en",
    taxonomy: str = "full",
    reviewed: bool = True,
    pictures: Callable[[str], bytes] | None = None,
    specimen: Specimen | None = None,
    run: AnalysisRun | None = None,
    with_cams: bool = True,
    with_rivals: bool = False,
    state: ReviewState | None = None,
) -> ReportModel:
    cells = make_cells(mix)
    settings = settings or LabSettings()
    state = state or make_state(cells, reviewed=reviewed and bool(cells))
    by_id = {c.id: c for c in cells}
    source = pictures or picture
    explained = cells_to_explain(cells, state, settings) if with_cams else []
    d = differential(state.counts, state.unidentified, state.excluded, state.data, settings, taxonomy)
    return build_report(
        specimen or make_specimen(len(cells)),
        [run or make_run()],
        cells,
        state,
        d,
        settings,
        app_version="0.1.0",
        thumbnails=lambda ids: {i: source(by_id[i].predicted) for i in ids},
        cams={i: picture(by_id[i].predicted, True) for i in explained},
        rivals=dict.fromkeys(explained, "MO") if with_rivals else None,
        lang=lang,
        created="2026-03-02T10:00:00Z",
    )
