"""Measure the slide pipeline: time, area, memory, growth, and recall against a synthetic slide's truth.

    .venv/bin/python -m scripts.benchmarks.slide SLIDE [SLIDE ...] --target 200 --threads 2 --json out.json

A `truth.json` beside the slide (as `bloodcells demo --kind slide` writes it) gives recall and precision.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from bloodcells_gui.app.analysis_wiring import cell_analyzer, scan_analysis
from bloodcells_gui.domain.analysis import AnalysisEvent, CellsFound, Done, Skipped
from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.flat_record import counts_by_name, notice_of
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.specimen import ImageRef, Specimen, SpecimenKind
from bloodcells_gui.domain.taxonomy import COUNTED
from bloodcells_gui.domain.zones import TileScanned
from bloodcells_gui.imaging.io.opening import open_image
from bloodcells_gui.pipeline.scan import ScanOptions

_SAME_UM = 4.0


def scan_slide(path: Path, *, target: int, threads: int, mpp: float | None = None) -> dict[str, Any]:
    """Run the whole analysis of one slide and time it, case file left out."""
    from bloodcells_gui.app.engine import load_engine

    begun = time.perf_counter()
    engine = load_engine()
    loaded = time.perf_counter()
    specimen = Specimen(path.stem, SpecimenKind.SLIDE, path.parent, (ImageRef(path.name, path),))
    events = scan_analysis(
        engine,
        cell_analyzer(engine),
        specimen,
        lambda ref: open_image(ref.path),
        ScanOptions(mpp=mpp, threads=threads, target=target),
        CancelToken(),
    )
    cpu = time.process_time()
    found = _Found(events)
    ended = time.perf_counter()
    cpu = time.process_time() - cpu
    done = found.done
    area = done.record.counts.searched_mm2 or 0.0
    seconds = ended - loaded
    return {
        "slide": path.name,
        "status": done.status.value,
        "notice": notice_of(done.record.remarks),
        "load_models_s": round(loaded - begun, 2),
        "first_cells_s": round((found.first or ended) - loaded, 2),
        "scan_s": round(seconds, 2),
        "cpu_s": round(cpu, 2),
        "threads": threads,
        "tiles": len(found.tiles),
        "scanned_mm2": round(area, 3),
        "mm2_per_s": round(area / seconds, 4),
        "leukocytes": sum(c.predicted in COUNTED and not c.abstained for c in found.cells),
        "cells": len(found.cells),
        "skipped": found.skipped,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "tallies": counts_by_name(done.record.counts),
        "_cells": found.cells,
        "_tiles": [t.tile for t in found.tiles],
    }


class _Found:
    """What the events of a run, read to their end, brought; `first` is when the first cells came."""

    def __init__(self, events: Iterable[AnalysisEvent]) -> None:
        self.cells: list[Cell] = []
        self.tiles: list[TileScanned] = []
        self.skipped, self.first = 0, 0.0
        for event in events:
            if isinstance(event, CellsFound):
                self.first = self.first or time.perf_counter()
                self.cells += event.cells
            elif isinstance(event, TileScanned):
                self.tiles.append(event)
            elif isinstance(event, Skipped):
                self.skipped += 1
            elif isinstance(event, Done):
                self.done = event


def bare_reading(path: Path, tiles: list[Any], threads: int) -> tuple[float, float]:
    """Seconds and CPU seconds for nothing but reading the same tiles at full resolution, same threads."""
    from concurrent.futures import ThreadPoolExecutor

    from bloodcells_gui.imaging.io.opening import open_image

    with open_image(path) as reader, ThreadPoolExecutor(threads) as pool:
        begun, cpu = time.perf_counter(), time.process_time()
        list(pool.map(lambda t: reader.read_region(*t.box_px), tiles))
        return time.perf_counter() - begun, time.process_time() - cpu


def against_truth(cells: list[Any], tiles: list[Any], truth: dict[str, Any]) -> dict[str, Any]:
    """Recall and precision of nucleated cells in the scanned tiles; cells that the image's edge cuts left out.

    `found` counts a cell that was found and then named something else (platelet, artefact) as well.
    """
    mpp = float(truth["mpp"])
    nucleated = [
        c
        for c in truth["images"][0]["cells"]
        if c["code"] not in {"PLT", "GPLT", "PLC", "ART", "SMU"} and not c["cut_by_edge"]
    ]
    boxes = np.array([t.box_px for t in tiles], float)

    def scanned(x: float, y: float) -> bool:
        inside = (boxes[:, 0] <= x) & (x < boxes[:, 0] + boxes[:, 2])
        inside &= (boxes[:, 1] <= y) & (y < boxes[:, 1] + boxes[:, 3])
        return bool(inside.any())

    asked = [c for c in nucleated if scanned(c["centre_x_px"], c["centre_y_px"])]
    found = [c for c in cells if c.predicted not in {"PLT", "GPLT", "PLC", "ART", "SMU"}]
    every = truth["images"][0]["cells"]
    places = np.array([[c["centre_x_px"], c["centre_y_px"]] for c in every])
    at = np.array([c.box_px.centre for c in found]).reshape(-1, 2)
    everything = np.array([c.box_px.centre for c in cells]).reshape(-1, 2)
    hits, doubles, right, missed = 0, 0, 0, []
    for c in asked:
        near = np.hypot(*(at - (c["centre_x_px"], c["centre_y_px"])).T) * mpp < _SAME_UM if len(at) else []
        n = int(np.sum(near))
        hits += n > 0
        doubles += max(0, n - 1)
        if n == 0:
            away = np.hypot(*(everything - (c["centre_x_px"], c["centre_y_px"])).T) * mpp
            named = (
                cells[int(away.argmin())].predicted if len(away) and away.min() < _SAME_UM else "not found"
            )
            missed.append((c["code"], named, c["centre_x_px"], c["centre_y_px"]))
    codes_of: dict[str, int] = {}
    for cell, (x, y) in zip(found, at, strict=True):
        near = np.hypot(*(places - (x, y)).T) * mpp
        k = int(near.argmin())
        if near[k] < _SAME_UM and every[k]["code"] not in {"PLT", "GPLT", "PLC"}:
            right += 1
        else:
            code = f"{cell.predicted} beside {every[k]['code']} at {near[k]:.0f} um"
            codes_of[code] = codes_of.get(code, 0) + 1
    return {
        "asked": len(asked),
        "found": round((hits + sum(m[1] != "not found" for m in missed)) / max(1, len(asked)), 4),
        "recall": round(hits / max(1, len(asked)), 4),
        "precision": round(right / max(1, len(found)), 4),
        "doubles": doubles,
        "missed": missed[:20],
        "wrong": dict(sorted(codes_of.items(), key=lambda i: -i[1])[:12]),
    }


def main() -> None:
    """Print the figures of every slide; several slides of growing size show the growth."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("slides", nargs="+", type=Path)
    parser.add_argument("--target", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--mpp", type=float, default=None)
    parser.add_argument("--json", type=Path, default=None)
    args = parser.parse_args()
    rows = []
    for path in args.slides:
        row = scan_slide(path, target=args.target, threads=args.threads, mpp=args.mpp)
        cells, tiles = row.pop("_cells"), row.pop("_tiles")
        bare_s, bare_cpu_s = bare_reading(path, tiles, args.threads)
        row["bare_reading_s"], row["bare_reading_cpu_s"] = round(bare_s, 2), round(bare_cpu_s, 2)
        row["ratio_to_bare_reading"] = round(row["scan_s"] / max(bare_s, 1e-3), 2)
        # Unlike seconds, CPU seconds do not depend on what else the machine does.
        row["cpu_ratio_to_bare_reading"] = round(row["cpu_s"] / max(bare_cpu_s, 1e-3), 2)
        truth = path.parent / "truth.json"
        if truth.is_file():
            row["truth"] = against_truth(cells, tiles, json.loads(truth.read_text(encoding="utf-8")))
        rows.append(row)
        print(json.dumps(row, indent=1), flush=True)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
