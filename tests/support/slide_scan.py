"""A scan of a drawn slide with stand-in models, and its cells held against the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bloodcells_gui.domain.analysis import (
    AnalysisEvent,
    CellsFound,
    Done,
)
from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, Specimen, SpecimenKind
from bloodcells_gui.pipeline.cell_analyzer import CellAnalyzer
from bloodcells_gui.pipeline.scan import ScanOptions
from bloodcells_gui.pipeline.scan_specimen import scan_specimen
from tests.support.doubles import PlainClassifier, PlainSegmenter
from tests.support.smears import MemoryReader, PlainDetector, unknown_scale

MEASUREMENTS = np.zeros(1, np.float32)


def work() -> CellAnalyzer:
    return CellAnalyzer(PlainClassifier(), PlainSegmenter(), lambda *_: MEASUREMENTS)


def scan(
    reader: MemoryReader,
    *,
    token: CancelToken | None = None,
    estimate: Callable[[Any, float | None], ScaleEstimate] = unknown_scale,
    done: RunRecord | None = None,
    known: list[Cell] | None = None,
    **options: Any,
) -> Iterator[AnalysisEvent]:
    ref = ImageRef("slide.tif", Path("slide.tif"), size_px=reader.size_px)
    return scan_specimen(
        Specimen("s", SpecimenKind.SLIDE, Path("s"), (ref,)),
        work(),
        PlainDetector(),
        lambda _: reader,
        estimate,
        ScanOptions(**options),
        token or CancelToken(),
        earlier=[done] if done else (),
        known=known or (),
    )


def run(reader: MemoryReader, **kwargs: Any) -> tuple[list[Cell], Done, list[Any]]:
    events = list(scan(reader, **kwargs))
    cells = [c for e in events if isinstance(e, CellsFound) for c in e.cells]
    assert isinstance(events[-1], Done)
    return cells, events[-1], events


def matched(cells: list[Cell], truth: list[tuple[float, float]], within: float) -> tuple[int, int]:
    """Truth that was found exactly once, and cells that match no truth or a found one again."""
    left, wrong = list(truth), 0
    for cell in cells:
        x, y = cell.box_px.centre
        near = [t for t in left if np.hypot(t[0] - x, t[1] - y) < within]
        if near:
            left.remove(near[0])
        else:
            wrong += 1
    return len(truth) - len(left), wrong


LEUKOCYTES = ("SNE", "LY", "EO")
