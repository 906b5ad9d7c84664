"""The workbench on one case file of many cells: opening, scrolling, deciding, and the peak of memory.

``python -m scripts.benchmarks.large_case [--cells 100000]``: the file is made of fabricated cells (60 pictures in
turn), then opened in a process of its own by the window with all views of the workbench, so that the peak is
the program's alone. Reported are wall time and processor time of the window's thread.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QAbstractItemView

ROOT = Path(__file__).resolve().parents[2]
BATCH = 2_000
PICTURES = 60
DIMENSIONS = 320  # as the shipped classifier's


def make_case(path: Path, n: int) -> None:
    """A finished, unreviewed analysis of `n` cells, with the mix of the specimen."""
    import cv2
    import numpy as np

    from bloodcells_gui.adaptation.label_propagation import CoarsePosteriors, PropagationSettings
    from bloodcells_gui.adaptation.prior_shift import ClassPrior, PriorShift, estimate_class_weights
    from bloodcells_gui.adaptation.reproposal import coarse_rows
    from bloodcells_gui.app.analysis import new_case
    from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus
    from bloodcells_gui.domain.cell import CellAssets
    from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource, Specimen, SpecimenKind
    from tests.support.fakes import CODES, MEASUREMENTS, draw_cell, make_cells
    from tests.support.workbench_window import CREATED, MODEL

    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = []
    for i in range(PICTURES):
        image, mask = draw_cell(i, CODES[i % len(CODES)])
        jpeg = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
        pictures.append((jpeg, cv2.imencode(".png", mask)[1].tobytes()))
    rng = np.random.default_rng(0)
    images = tuple(
        ImageRef(f"field {i}.png", path.parent / f"gone {i}.png", size_px=(192, 192)) for i in range(7)
    )
    specimen = Specimen("LARGE", SpecimenKind.CROPS, path.parent, images, synthetic=True)
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
        cells = make_cells(n)
        for first in range(0, n, BATCH):
            part = cells[first : first + BATCH]
            vectors = rng.normal(size=(len(part), DIMENSIONS)).astype(np.float16)
            assets = [
                CellAssets(*pictures[c.id % PICTURES], (0.0, 0.0, 192.0), v)
                for c, v in zip(part, vectors, strict=True)
            ]
            store.add_cells(0, part, assets)
        prior = ClassPrior(0.1, 15)
        weights, nucleated = estimate_class_weights(store.answers([0], len(CODES), 0).scores, CODES, prior)
        propagation = PropagationSettings(0.5, strength=1.0, damping=1.0, own_share=0.1)
        prior_shift = PriorShift(
            weights, nucleated, prior, threshold=0.45, propagation=propagation, propagated_cells=n
        )
        kinds = rng.dirichlet(np.ones(int(coarse_rows(CODES).max()) + 1), n).astype(np.float32)
        posteriors = CoarsePosteriors(np.arange(n), kinds)
        store.finish_run(
            0, RunStatus.COMPLETE, CREATED, adaptation=prior_shift.to_record(), posteriors=posteriors
        )


def peak_mb() -> float:
    """Largest resident size of this process so far, MB of 10^6 bytes (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def timed(acts: list[Callable[[], object]]) -> dict[str, float]:
    """Median and 95th percentile of wall time and of the thread's processor time, ms."""
    from PySide6.QtWidgets import QApplication

    wall, own = [], []
    for act in acts:
        t, c = time.perf_counter(), time.thread_time()
        act()
        wall.append(1000 * (time.perf_counter() - t))
        own.append(1000 * (time.thread_time() - c))
        QApplication.processEvents()
    at = int(0.95 * (len(acts) - 1))
    return {
        "n": len(acts),
        "wall_p95_ms": round(sorted(wall)[at], 1), "own_median_ms": round(sorted(own)[len(own) // 2], 1),
        "own_p95_ms": round(sorted(own)[at], 1),
    }  # fmt: skip


def scrolling(view: QAbstractItemView) -> dict[str, object]:
    """How long the gallery takes for places far apart, and for steps of one row."""
    import random

    bar, chance = view.verticalScrollBar(), random.Random(1)

    def scroll(value: int) -> None:
        bar.setValue(value)
        view.viewport().repaint()

    places = [chance.randrange(bar.maximum()) for _ in range(60)]
    return {
        "scroll by jumps": timed([partial(scroll, v) for v in places]),
        "scroll by steps": timed([partial(scroll, 2000 + 120 * i) for i in range(120)]),
    }


def use(home: Path) -> dict[str, object]:
    """Open the case, scroll, decide, look at the other views; run in a process of its own."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from bloodcells_gui.app.worklist import WorkList
    from bloodcells_gui.ui.main_window import MainWindow
    from bloodcells_gui.ui.start import make_application, make_context, wait_ms
    from bloodcells_gui.ui.window_memory import WindowMemory
    from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
    from tests.support.workbench_window import a_workspace

    app = make_application()
    workspace = a_workspace(home)
    memory, cases = WindowMemory(home / "window.ini"), WorkList(workspace)
    window = MainWindow(make_context(app, workspace, "en", "light"), workspace, memory)
    bench = ToolWindows(window, window.context, workspace, cases, memory)
    window.resize(1440, 900)
    window.show()
    wait_ms(200)
    found: dict[str, object] = {"empty window, MB": round(peak_mb())}
    found["open file"] = timed([lambda: window.opener.open_path(workspace.cases_dir / "large.bcs")])
    page = window.page
    assert page is not None
    found["gallery drawn"] = timed([lambda: page.gallery.view.viewport().repaint()])
    wait_ms(1500)
    found["opened, MB"] = round(peak_mb())
    view = page.gallery.view
    found |= scrolling(view)
    wait_ms(1500)
    found["scrolled, MB"] = round(peak_mb())
    view.select_ids([page.session.cells[0].id])
    view.setFocus()

    def press(key: Qt.Key) -> None:
        QTest.keyClick(view, key)
        view.viewport().repaint()

    keys = (Qt.Key.Key_Space, Qt.Key.Key_Q, Qt.Key.Key_S)
    found["decision"] = timed([partial(press, keys[i % 3]) for i in range(60)])
    for number in range(4):
        bench.show_case_details(number)
        wait_ms(100)
    bench.show_counter()
    wait_ms(100)
    found["record and counter seen, MB"] = round(peak_mb())
    page.views.setCurrentWidget(page.views.map_place)
    wait_ms(8000)
    found["map seen, MB"] = round(peak_mb())
    audit = bench.show_audit()
    wait_ms(500)
    assert audit is not None
    audit.close()
    found["audit trail seen, MB"] = round(peak_mb())
    window.close()
    cases.close()
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside is not None:
        print(json.dumps(use(options.inside)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        make_case(home / "home" / "cases" / "large.bcs", options.cells)
        done = subprocess.run(
            [sys.executable, "-m", "scripts.benchmarks.large_case", "--inside", folder], cwd=ROOT, check=True,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, capture_output=True, text=True,
        )  # fmt: skip
    for name, value in json.loads(done.stdout.splitlines()[-1]).items():
        text = "  ".join(f"{k} {v:g}" for k, v in value.items()) if isinstance(value, dict) else value
        print(f"{name:32s}{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
