"""The child of `scripts.benchmarks.window`: opens the specimen of its first argument and prints its figures."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer

from bloodcells_gui.app.workspace import OpenOptions, Workspace
from bloodcells_gui.ui import start
from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from scripts.benchmarks.window import percentile

BEAT_MS = 5
DECISIONS = 50
PATIENCE_S = 180


def make_window(app: Any, workspace: Workspace, folder: Path) -> MainWindow:
    """The window, shown and painted once, that opens files without asking."""
    context = start.make_context(app, workspace, "en", "light")
    window = MainWindow(context, workspace, WindowMemory(folder / "memory.ini"))
    window.resize(*start.SCREENSHOT_SIZE)
    window.opener.ask_options = lambda _path, _intake: OpenOptions()
    window.show()
    window.grab()
    return window


class Heartbeat:
    """How late the event loop comes to a timer that should fire every BEAT_MS."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self.stop = self._timer.stop

    def start(self) -> None:
        """Begin to listen."""
        self._last = time.perf_counter()
        self._timer.start()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.late_ms.append(max(0.0, 1000 * (now - self._last) - BEAT_MS))
        self._last = now


def page_with_cells(window: MainWindow) -> CasePage:
    """Wait until the window shows cells."""
    began = time.perf_counter()
    while window.page is None or not window.page.session.cells:
        start.wait_ms(50)
        if time.perf_counter() - began > PATIENCE_S:
            shown = [b.text() if hasattr(b, "text") else b for b in window.banners.banners]
            raise SystemExit(f"the window showed no cells: {shown}")
    return window.page


def decisions_ms(page: CasePage) -> list[float]:
    """How long the window takes for each of the first decisions."""
    waits = []
    for cell in [cell.id for cell in page.session.cells][:DECISIONS]:
        page.gallery.view.select_ids([cell])
        start.wait_ms(20)
        pressed = time.perf_counter()
        page.confirm()
        start.wait_ms(0)
        waits.append(1000 * (time.perf_counter() - pressed))
    return waits


def main() -> None:
    """Open the specimen of the first argument and print what was measured as JSON."""
    app = start.make_application()
    workspace = Workspace()
    with tempfile.TemporaryDirectory() as folder:
        window = make_window(app, workspace, Path(folder))
        started = time.time() - float(os.environ["BENCH_STARTED"])
        heartbeat = Heartbeat()
        opened = time.perf_counter()
        heartbeat.start()
        window.opener.open_path(Path(sys.argv[1]))
        page = page_with_cells(window)
        first_cells = time.perf_counter() - opened
        while window.analysis.running:
            start.wait_ms(50)
        analysed = time.perf_counter() - opened
        start.wait_ms(300)
        heartbeat.stop()
        workspace.author = "benchmark"
        waits, late = decisions_ms(page), heartbeat.late_ms
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
