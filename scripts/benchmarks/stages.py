"""Our own analysis: every stage measured alone, the whole from files to the case, and the ratio of the two.

The bound is threads / (CPU seconds of decode + preprocess + inference + measurement per cell). A stage's CPU
seconds are those of its process, so that what else runs on the machine disturbs the figures little. Stages and
end-to-end runs alternate in rounds, and medians are taken.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bloodcells_gui.app.analysis import AnalysisJob, AnalysisOptions, new_case, run_to_end
from bloodcells_gui.app.engine import Engine
from bloodcells_gui.domain.analysis import CellsFound
from bloodcells_gui.domain.specimen import ImageRef, Specimen, SpecimenKind
from bloodcells_gui.imaging.io.decode import load_image
from bloodcells_gui.imaging.io.sandbox import images
from bloodcells_gui.imaging.measure import measure
from bloodcells_gui.inference.preprocess import crop_at_scale
from bloodcells_gui.pipeline.windows import View, Windows
from scripts.benchmarks.processes import cpu_now

BATCH = 16


def cpu_seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of this process (all threads) that `work` costs, and what it returns."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def batches(n: int) -> list[slice]:
    """Slices of `BATCH` items over n."""
    return [slice(i, min(n, i + BATCH)) for i in range(0, n, BATCH)]


@dataclass(frozen=True)
class Ready:
    """Crops in memory, as each network wants them: (n, size, size, 3) uint8."""

    outlining: np.ndarray
    naming: np.ndarray


def cut(images: Sequence[np.ndarray], engine: Engine, mpp: float) -> Ready:
    """The windows of both networks around the middles of images; one serves both where they are alike."""
    windows = Windows.of(engine.classifier, engine.segmenter)

    def crops(view: View) -> np.ndarray:
        middles = [(im.shape[1] / 2, im.shape[0] / 2) for im in images]
        found = [
            crop_at_scale(im, at, mpp, view.size_px, view.um_per_px)
            for im, at in zip(images, middles, strict=True)
        ]
        return np.stack(found)

    outlining = crops(windows.outlining)
    return Ready(outlining, outlining if windows.alike else crops(windows.naming))


def stages_alone(paths: Sequence[Path], engine: Engine, mpp: float) -> tuple[dict[str, float], Ready]:
    """CPU seconds per cell of each stage over `paths`, on this thread; also the windows, ready to classify."""
    n = len(paths)
    parts: dict[str, float] = {}
    parts["decode"], images = cpu_seconds(lambda: [load_image(p).rgb for p in paths])
    parts["preprocess"], crops = cpu_seconds(lambda: cut(images, engine, mpp))

    def infer() -> np.ndarray:
        masks = np.concatenate([engine.segmenter.segment(crops.outlining[s]) for s in batches(n)])
        for s in batches(n):
            engine.classifier.predict(crops.naming[s])
        return masks

    parts["inference"], masks = cpu_seconds(infer)
    um_per_px = Windows.of(engine.classifier, engine.segmenter).outlining.um_per_px
    parts["measurement"], _ = cpu_seconds(
        lambda: [measure(crop, mask, um_per_px) for crop, mask in zip(crops.outlining, masks, strict=True)]
    )
    return {name: value / n for name, value in parts.items()}, crops


def end_to_end(paths: Sequence[Path], engine: Engine, mpp: float, threads: int) -> dict[str, float]:
    """The whole analysis from files to the case on disk, as both the window and the command line run it.

    Its CPU seconds include those of the decoder children, which the stages, decoding in this process, do without.
    """
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case.bcs"
        refs = tuple(ImageRef(p.name, p) for p in paths)
        specimen = Specimen("benchmark", SpecimenKind.CROPS, Path(folder), refs)
        new_case(case, specimen, case_id="benchmark").close()
        job = AnalysisJob(case, lambda: engine, AnalysisOptions(mpp=mpp, threads=threads))
        cells = 0

        def count(event: object) -> None:
            nonlocal cells
            if isinstance(event, CellsFound):
                cells += len(event.cells)

        images.isolation_available()  # starts the first decoder child, as opening the specimen does
        cpu, wall = cpu_now(), time.perf_counter()
        run_to_end(job, count)
        wall, cpu = time.perf_counter() - wall, cpu_now() - cpu
    if cells != len(paths):
        raise SystemExit(f"the analysis found {cells} cells in {len(paths)} images")
    return {"cells_per_s": cells / wall, "cpu_s_per_cell": cpu / cells, "cores_busy": cpu / wall}


def ready_crops(crops: Ready, engine: Engine, threads: int) -> dict[str, float]:
    """Inference alone on windows that lie ready in memory: its bound and what `threads` threads reach.

    Also with Grad-CAM of every cell's best class on top.
    """
    n = len(crops.naming)
    work = batches(n)

    def one(s: slice) -> None:
        engine.segmenter.segment(crops.outlining[s])
        engine.classifier.predict(crops.naming[s])

    cpu, _ = cpu_seconds(lambda: list(map(one, work)))
    with ThreadPoolExecutor(threads) as pool:
        started = time.perf_counter()
        list(pool.map(one, work))
        wall = time.perf_counter() - started
        started = time.perf_counter()
        list(pool.map(lambda s: explained(engine, crops, s), work))
        with_maps = time.perf_counter() - started
    bound, reached = threads * n / cpu, n / wall
    return {
        "bound_cells_per_s": bound, "cells_per_s": reached, "ratio": reached / bound,
        "with_grad_cam_cells_per_s": n / with_maps,
    }  # fmt: skip


def explained(engine: Engine, crops: Ready, s: slice) -> None:
    """Segment, classify, and explain the best class of each cell of a batch."""
    engine.segmenter.segment(crops.outlining[s])
    found = engine.classifier.predict(crops.naming[s], maps=True)
    assert found.feature_map is not None
    for i, best in enumerate(found.probabilities.argmax(axis=1)):
        one = replace(found, feature_map=found.feature_map[i : i + 1], logits=found.logits[i : i + 1])
        engine.classifier.activation_maps(one, [engine.classifier.classes[best]])


def run(paths: Sequence[Path], engine: Engine, mpp: float, threads: int, rounds: int) -> dict[str, Any]:
    """Alternate stages, ready crops and end-to-end runs; medians over the rounds, ratios first."""
    alone: list[dict[str, float]] = []
    whole: list[dict[str, float]] = []
    ready: list[dict[str, float]] = []
    end_to_end(paths[: 4 * BATCH], engine, mpp, threads)  # warm caches
    for _ in range(rounds):
        stage, crops = stages_alone(paths, engine, mpp)
        alone.append(stage)
        ready.append(ready_crops(crops, engine, threads))
        whole.append(end_to_end(paths, engine, mpp, threads))
    cost = {name: median(s[name] for s in alone) for name in alone[0]}
    total = sum(cost.values())
    ratios = [w["cells_per_s"] / (threads / sum(s.values())) for s, w in zip(alone, whole, strict=True)]
    shares = [sum(s.values()) / w["cpu_s_per_cell"] for s, w in zip(alone, whole, strict=True)]
    return {
        "ratio_end_to_end_to_bound": median(ratios),
        "ratio_bound_cpu_to_end_to_end_cpu": median(shares),
        "ratio_ready_crops_to_bound": median(r["ratio"] for r in ready),
        "bound_cells_per_s": threads / total,
        "end_to_end_cells_per_s": median(w["cells_per_s"] for w in whole),
        "cores_busy_end_to_end": median(w["cores_busy"] for w in whole),
        "cpu_ms_per_cell": {name: 1000 * value for name, value in cost.items()}
        | {"end_to_end": 1000 * median(w["cpu_s_per_cell"] for w in whole)},
        "ready_crops": {name: median(r[name] for r in ready) for name in ready[0]},
        "cells": len(paths), "threads": threads, "rounds": rounds,
        "ratios_of_rounds": [round(r, 3) for r in ratios],
    }  # fmt: skip
