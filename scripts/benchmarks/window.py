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
CHILD = ROOT / "scripts/benchmarks/window_child.py"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(paths: Sequence[Path]) -> dict[str, Any]:
    """Run the child on a folder of these images and return its figures."""
    from scripts.benchmarks.system import many_crops

    with tempfile.TemporaryDirectory() as folder:
        many_crops(paths, len(paths), Path(folder) / "crops")
        environment = {
            **os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT), "BENCH_STARTED": repr(time.time()),
            "BLOODCELLS_HOME": str(Path(folder) / "home"),
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, str(CHILD), str(Path(folder) / "crops")], env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
