"""Measure what a case says of stain, camera and naming, from what it holds already."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus
from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.measurements import today_name
from bloodcells_gui.domain.quality import AGREED, FOCUS, NUCLEUS, RED_COLOUR, RED_SIZE, SECOND, UNNAMED
from bloodcells_gui.domain.ranges import ITEMS
from bloodcells_gui.domain.review import Status
from bloodcells_gui.domain.review_state import ReviewState
from bloodcells_gui.domain.specimen import ScaleSource, Specimen, SpecimenKind
from bloodcells_gui.domain.taxonomy import COUNTED
from bloodcells_gui.imaging.io.own_pictures import own_jpegs, own_png
from bloodcells_gui.imaging.red_cell_colour import red_cell_densities
from bloodcells_gui.imaging.scale import RED_CELL_DIAMETER_UM
from bloodcells_gui.storage.case import CaseStore

# Fewer say nothing.
_LEAST_CELLS = 10
_LEAST_PIXELS = 2000
# So many pictures are looked at for the colour of red cells.
_PICTURES = 24
_NEUTROPHILS = frozenset(ITEMS["NEUTROPHIL"].leaves)


def figures_in(store: CaseStore, state: ReviewState) -> dict[str, float]:
    """Every figure of :data:`domain.quality.FIGURES` that the case's newest run and its review give."""
    run = _newest(store.runs)
    if run is None:
        return {}
    cells = [c for c in store.load_cells() if c.run == run.number and c.predicted in COUNTED]
    density = [v for c in cells if c.predicted in _NEUTROPHILS for v in _measured(c, run, "nucleus_od_red")]
    found = {
        RED_COLOUR: _red_cells(store, cells),
        RED_SIZE: _red_cell_px(run),
        NUCLEUS: _median(density),
        FOCUS: _median(c.focus for c in cells),
        UNNAMED: _percent(sum(c.abstained for c in cells), len(cells)),
        AGREED: _agreement(cells, state),
        SECOND: _second_readers(state),
    }
    return {code: round(value, 6) for code, value in found.items() if math.isfinite(value)}


def model_of(runs: Sequence[AnalysisRun]) -> str:
    """The classifier of the newest run, with the laboratory's profile."""
    run = _newest(runs)
    if run is None:
        return ""
    name, _, sha = run.bundles.get("classify", "").rpartition(" ")
    return " ".join(part for part in (name, sha[:12], run.profile) if part)


def camera_of(specimen: Specimen, runs: Sequence[AnalysisRun]) -> str:
    """What the files tell of the camera: format, commonest size (not of crops), scale where a file or person
    gives it.
    """
    if not specimen.images:
        return ""
    suffix = Counter(PurePosixPath(i.name).suffix.lower() for i in specimen.images).most_common(1)[0][0]
    parts = [str(specimen.kind), suffix.lstrip(".")]
    if specimen.kind is SpecimenKind.FIELDS:
        width, height = Counter(i.size_px for i in specimen.images).most_common(1)[0][0]
        parts.append(f"{width}x{height}")
    run = _newest(runs)
    scale = None if run is None else run.scale
    if scale is not None and scale.mpp and scale.source in (ScaleSource.METADATA, ScaleSource.PERSON):
        parts.append(f"{scale.mpp:.3g} um/px")
    return " ".join(parts)


def _newest(runs: Sequence[AnalysisRun]) -> AnalysisRun | None:
    return next((r for r in reversed(runs) if r.status is RunStatus.COMPLETE), None)


def analysed_at(store: CaseStore) -> str:
    """When the newest complete run began (UTC); "" where there is none."""
    run = _newest(store.runs)
    return "" if run is None else run.started


def _measured(cell: Cell, run: AnalysisRun, name: str) -> list[float]:
    names = [today_name(n) for n in run.measurement_names]
    if name not in names or len(cell.measurements) != len(names):
        return []
    return [float(cell.measurements[names.index(name)])]


def _median(values: Iterable[float]) -> float:
    known = [v for v in values if math.isfinite(v)]
    return float(np.median(known)) if len(known) >= _LEAST_CELLS else math.nan


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole >= _LEAST_CELLS else math.nan


def _red_cell_px(run: AnalysisRun) -> float:
    """Median diameter of red cells in px, where the scale is of them: it was computed from that diameter."""
    scale = run.scale
    if scale is None or not scale.mpp or scale.source is not ScaleSource.RED_CELLS:
        return math.nan
    return RED_CELL_DIAMETER_UM / scale.mpp


def _agreement(cells: Sequence[Cell], state: ReviewState) -> float:
    """Share of the proposals that a person decided on and left as they were."""
    decided = [c for c in cells if not c.abstained and state.present(c.id) and state.decided(c.id)]
    kept = sum(state.decision(c.id).status is Status.CONFIRMED for c in decided)
    return _percent(kept, len(decided))


def _second_readers(state: ReviewState) -> float:
    same = total = 0
    for labels in state.second_reads.values():
        for cell_id, code in labels.items():
            if not (state.present(cell_id) and state.decided(cell_id)):  # taken back since
                continue
            total += 1
            # An adjudicated cell shows the settled class by now: it counts as the disagreement that it was.
            same += cell_id not in state.adjudicated and state.label(cell_id) == code
    return _percent(same, total)


def _red_cells(store: CaseStore, cells: Sequence[Cell]) -> float:
    """Median optical density in green of red cells around leukocytes."""
    step = max(1, len(cells) // _PICTURES)
    ids = [c.id for c in cells[::step][:_PICTURES]]
    pictures, masks = own_jpegs(store.thumbnails(ids)), store.masks(ids)
    found = []
    for cell_id in ids:
        rgb = _decoded(pictures.get(cell_id, b""), cv2.IMREAD_COLOR)
        mask = _decoded(own_png(masks.get(cell_id, b"")), cv2.IMREAD_GRAYSCALE)
        if rgb is not None and mask is not None:
            found.append(red_cell_densities(np.ascontiguousarray(rgb[..., ::-1]), mask))
    together = np.concatenate(found) if found else np.zeros(0, np.float32)
    return float(np.median(together)) if together.size >= _LEAST_PIXELS else math.nan


def _decoded(data: bytes, flags: int) -> NDArray[np.uint8] | None:
    """A picture of the case, BGR or grey; None where it cannot be decoded."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    return None if image is None else np.asarray(image, np.uint8)
