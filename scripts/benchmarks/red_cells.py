"""How fast red cells are examined: a thousand of them on drawn fields, by step, and alike on any number of threads.

``python -m scripts.benchmarks.red_cells [--cells 1000] [--threads 2] [--json]``. Seconds are of the processor (all threads
together), so that what else runs on the machine counts little; the wall's are given beside them. Models load before.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from bloodcells_gui.app.engine import default_threads, load_engine, load_red_cell_classifier
from bloodcells_gui.domain.examination import FieldFindings
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource
from bloodcells_gui.imaging.io.opening import open_image
from bloodcells_gui.pipeline.red_cell_places import places_of_fields
from bloodcells_gui.pipeline.red_cells import RedCellExaminer
from bloodcells_gui.synthetic import generate
from bloodcells_gui.synthetic.photographs import FIELD_SIZE_PX, MPP

# Whole red cells on one drawn field.
_A_FIELD = 95


def digest(found: list[FieldFindings]) -> str:
    """Hash of where the cells lie and what was measured and said of them."""
    parts = (part for f in found for part in (f.cells.boxes, f.cells.measures, f.cells.probabilities))
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def run(folder: Path, threads: int, engine: Any, namer: Any) -> tuple[list[FieldFindings], float, float]:
    """Findings of all fields in a folder, seconds of the processor and of the wall."""
    paths = sorted(folder.glob("*.jpg"))
    sizes = dict.fromkeys(range(len(paths)), FIELD_SIZE_PX)
    images = {i: ImageRef(path.name, path, size_px=FIELD_SIZE_PX, mpp=MPP) for i, path in enumerate(paths)}
    examiner = RedCellExaminer(
        places_of_fields(sizes, dict.fromkeys(sizes, MPP)), images, lambda ref: open_image(ref.path),
        engine.detector, namer, bundle="benchmark", scale=ScaleEstimate(MPP, ScaleSource.METADATA),
        token=CancelToken(), threads=threads,
    )  # fmt: skip
    began, wall = time.process_time(), time.monotonic()
    found = list(examiner.findings(()))
    return found, time.process_time() - began, time.monotonic() - wall


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=default_threads())
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    engine, namer = load_engine(), load_red_cell_classifier()
    with tempfile.TemporaryDirectory() as folder:
        fields = -(-args.cells // _A_FIELD)
        generate("fields", Path(folder), cells=5 * fields, every_red_cell=True)
        found, cpu, wall = run(Path(folder), args.threads, engine, namer)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        alone, _, _ = run(Path(folder), 1, engine, namer)
    cells = sum(len(f.cells) for f in found)
    result = {
        "cells": cells,
        "fields": len(found),
        "threads": args.threads,
        "cpu_s_per_1000": round(1000 * cpu / cells, 2),
        "on_two_cores_s_per_1000": round(500 * cpu / cells, 2),
        "wall_s_per_1000": round(1000 * wall / cells, 2),
        "peak_memory_mb": round(before / 1024),
        "same_on_one_thread": digest(found) == digest(alone),
    }
    for name, value in result.items():
        if not args.json:
            print(f"{name}: {value}")
    if args.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
