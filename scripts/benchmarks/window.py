"""How long the window's event loop is blocked while an analysis runs (offscreen, in a child process).

A timer beats every 5 ms; what a beat comes late is what a key or a mouse would have waited. Also: seconds from the
start of the process to the painted empty window, and from a key to the loop being idle again after a decision.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BEAT_MS = 5
DECISIONS = 50
PATIENCE_S = 180


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(paths: Sequence[Path]) -> dict[str, Any]:
    """Run the child below on a folder of these images and return its figures."""
    from scripts.benchmarks.system import many_crops

    with tempfile.TemporaryDirectory() as folder:
        many_crops(paths, len(paths), Path(folder) / "crops")
        environment = {
            **os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT), "BENCH_STARTED": repr(time.time()),
            "BLOODCELLS_HOME": str(Path(folder) / "home"),
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, __file__, str(Path(folder) / "crops")], env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    from PySide6.QtCore import Qt, QTimer

    from bloodcells_gui.app.workspace import OpenOptions, Workspace
    from bloodcells_gui.ui import start
    from bloodcells_gui.ui.main_window import MainWindow
    from bloodcells_gui.ui.window_memory import Memory

    app = start.make_application()
    workspace = Workspace()
    with tempfile.TemporaryDirectory() as folder:
        window = MainWindow(
            start.make_context(app, workspace, "en", "light"), workspace, Memory(Path(folder) / "memory.ini")
        )
        window.resize(*start.SCREENSHOT_SIZE)
        window.opener.ask_options = lambda _path, _intake: OpenOptions()
        window.show()
        window.grab()
        started = time.time() - float(os.environ["BENCH_STARTED"])

        late: list[float] = []
        last = time.perf_counter()

        def beat() -> None:
            nonlocal last
            now = time.perf_counter()
            late.append(max(0.0, 1000 * (now - last) - BEAT_MS))
            last = now

        timer = QTimer()
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.setInterval(BEAT_MS)
        timer.timeout.connect(beat)
        opened = time.perf_counter()
        timer.start()
        window.opener.open_path(Path(sys.argv[1]))
        first_cells = 0.0
        while not first_cells or window.analysis.running:
            start.wait_ms(50)
            if time.perf_counter() - opened > PATIENCE_S:
                raise SystemExit(
                    f"the window showed no cells: {[b.text() if hasattr(b, 'text') else b for b in window.banners.banners]}"
                )
            if not first_cells and window.page is not None and window.page.session.cells:
                first_cells = time.perf_counter() - opened
        analysed = time.perf_counter() - opened
        start.wait_ms(300)
        timer.stop()

        page = window.page
        assert page is not None
        workspace.author = "benchmark"
        ids = [cell.id for cell in page.session.cells][:DECISIONS]
        waits = []
        for cell in ids:
            page.gallery.view.select_ids([cell])
            start.wait_ms(20)
            pressed = time.perf_counter()
            page.confirm()
            start.wait_ms(0)
            waits.append(1000 * (time.perf_counter() - pressed))
        print(json.dumps({
            "start_to_painted_window_s": started,
            "open_to_first_cells_s": first_cells,
            "open_to_all_cells_s": analysed,
            "cells": len(page.session.cells),
            "event_loop_late_ms": {
                "median": percentile(late, 0.5), "p99": percentile(late, 0.99), "largest": max(late),
                "share_over_50_ms": sum(x > 50 for x in late) / len(late),
            },
            "decision_ms": {"median": percentile(waits, 0.5), "p99": percentile(waits, 0.99)},
        }))  # fmt: skip
        window.close()


if __name__ == "__main__":
    main()
