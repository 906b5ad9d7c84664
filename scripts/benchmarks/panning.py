"""Frames of the slide view: ``python -m scripts.benchmarks.panning SLIDE [--json FILE]`` (offscreen).

The window opens SLIDE, its analysis begins, and the view is dragged and zoomed, while the analysis runs and after it
was stopped. A frame is one painting of the view: seconds on the clock, and the processor time of the window's own
thread, which other load on the machine hardly moves. Between frames the event loop runs, so tiles arrive as they do
for a person.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FRAMES = 200


def frames(canvas: Any, step: Callable[[int], None]) -> dict[str, float]:
    """Median and 95th percentile of `FRAMES` paintings, ms, on the clock and in the thread's processor time."""
    from bloodcells_gui.ui import start
    from scripts.benchmarks.window import percentile

    clock, own = [], []
    for i in range(FRAMES):
        step(i)
        began, used = time.perf_counter(), time.thread_time()
        canvas.repaint()
        clock.append(1000 * (time.perf_counter() - began))
        own.append(1000 * (time.thread_time() - used))
        start.wait_ms(4)
    return {
        "median_ms": percentile(clock, 0.5), "p95_ms": percentile(clock, 0.95),
        "own_median_ms": percentile(own, 0.5), "own_p95_ms": percentile(own, 0.95),
    }  # fmt: skip


def measure(slide: Path, folder: Path) -> dict[str, Any]:
    """All figures of one slide."""
    from bloodcells_gui.app.workspace import OpenOptions, Workspace
    from bloodcells_gui.ui import start
    from bloodcells_gui.ui.main_window import MainWindow
    from bloodcells_gui.ui.slide_view import legend
    from bloodcells_gui.ui.window_memory import WindowMemory
    from scripts.benchmarks.window_child import page_with_cells

    app = start.make_application()
    workspace = Workspace(home=folder / "home", config=folder / "config")
    window = MainWindow(
        start.make_context(app, workspace, "en", "light"), workspace, WindowMemory(folder / "memory.ini")
    )
    window.resize(1440, 900)
    window.opener.ask_options = lambda _path, _intake: OpenOptions(target_cells=0)
    window.show()
    window.opener.open_path(slide)
    page = page_with_cells(window)
    view = page.slide
    assert view is not None
    page.views.setCurrentWidget(view)
    start.wait_ms(500)
    canvas, camera = view.canvas, view.canvas.camera
    left, top, width, height = camera.plane

    def look(zoom: float) -> None:
        camera.look_at(left + width / 2, top + height / 2, zoom)
        canvas.follow_camera()
        start.wait_ms(300)

    def drag(i: int) -> None:
        camera.pan(-23 if i // 50 % 2 else 23, 11 if i // 25 % 2 else -11)
        canvas.follow_camera()

    def zoom(i: int) -> None:
        camera.zoom_at(1.06 if i // 50 % 2 else 1 / 1.06, camera.width / 3, camera.height / 2)
        canvas.follow_camera()

    def series() -> dict[str, Any]:
        found = {}
        for name, start_zoom, step in (
            ("dragging at 100 %", 1.0, drag), ("dragging at 25 %", 0.25, drag), ("zooming", 1.0, zoom),
        ):  # fmt: skip
            look(start_zoom)
            found[name] = frames(canvas, step)
        view.show_map(legend.DENSITY)
        look(0.25)
        found["dragging at 25 % with the density map"] = frames(canvas, drag)
        view.show_map(legend.NOTHING)
        return found

    result: dict[str, Any] = {"while analysing": series()}
    result["still analysing at the end"] = window.analysis.running
    result["cells"] = len(page.session.cells)
    window.analysis.stop()
    start.wait_ms(300)
    result["afterwards"] = series()
    window.close()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("slide", type=Path)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        found = measure(args.slide.absolute(), Path(folder))
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for name, figures in found.items():
        if not isinstance(figures, dict):
            print(f"{name}: {figures}")
            continue
        print(name)
        for what, values in figures.items():
            print(f"  {what:40s}" + "  ".join(f"{k} {v:.1f}" for k, v in values.items()))


if __name__ == "__main__":
    main()
