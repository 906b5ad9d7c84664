"""A scripted technician at a real case file: from key press to the table being drawn.

``python -m scripts.benchmarks.review [--cells 200] [--json]``: makes a case of fabricated cells in a temporary
folder, opens it in the window with all views of the workbench, reviews every cell by real key events
(Space and class keys, then N and U, undo and redo) and counts 100 cells at the counter. Reported are wall
time and this process's processor time, which a busy machine does not distort.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest

from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.start import make_application, make_context
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.workbench_window import a_case, a_workspace


def timed(acts: list[Callable[[], None]]) -> dict[str, float]:
    """Median and 95th percentile of wall and processor time, ms."""
    wall, own = [], []
    for act in acts:
        t, c = time.perf_counter(), time.process_time()
        act()
        wall.append(1000 * (time.perf_counter() - t))
        own.append(1000 * (time.process_time() - c))
    return {
        "n": len(acts),
        "wall_median_ms": round(statistics.median(wall), 1),
        "wall_p95_ms": round(statistics.quantiles(wall, n=20)[-1], 1),
        "own_median_ms": round(statistics.median(own), 1),
        "own_p95_ms": round(statistics.quantiles(own, n=20)[-1], 1),
    }


def wait(ms: int) -> None:
    """Let the event loop run."""
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


def measure(cells: int, folder: Path) -> dict[str, dict[str, float]]:
    """Review a case of `cells` cells in `folder`."""
    app = make_application()
    workspace = a_workspace(folder)
    context = make_context(app, workspace, "en", "light")
    memory, cases = WindowMemory(folder / "window.ini"), WorkList(workspace)
    window = MainWindow(context, workspace, memory)
    bench = ToolWindows(window, context, workspace, cases, memory)
    window.resize(1440, 900)
    window.show()
    path = a_case(workspace.cases_dir / "case.bcs", cells)
    opened = timed([lambda: window.opener.open_path(path)] * 2)
    page = window.page
    assert page is not None
    wait(300)
    view, table = page.gallery.view, page.differential.table.viewport()
    view.select_ids([next(c.id for c in page.session.cells if c.abstained)])

    def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(view, key, modifier)
        table.repaint()

    keys = (Qt.Key.Key_Space, Qt.Key.Key_Space, Qt.Key.Key_Q, Qt.Key.Key_Space, Qt.Key.Key_S)
    view.setFocus()
    found = {"open": opened}
    found["decision"] = timed([partial(press, keys[i % 5]) for i in range(cells)])
    found["next unreviewed"] = timed([lambda: press(Qt.Key.Key_U)] * 20)
    control = Qt.KeyboardModifier.ControlModifier
    found["undo"] = timed([lambda: press(Qt.Key.Key_Z, control)] * 40)
    found["redo"] = timed([lambda: press(Qt.Key.Key_Y, control)] * 40)
    bench.show_counter()
    wait(100)
    assert bench.counter is not None
    bench.counter.bell.on = False
    tiles = bench.counter.tiles

    def count() -> None:
        QTest.keyClick(tiles, Qt.Key.Key_Q)
        table.repaint()

    found["count at the microscope"] = timed([count] * 100)
    assert page.session.state.reviewed
    window.close()
    cases.close()
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options.cells, Path(folder))
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        for name, figures in found.items():
            print(f"{name:24s}" + "  ".join(f"{k} {v:g}" for k, v in figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
