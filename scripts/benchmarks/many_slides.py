"""How many slides one and two workers of this computer do, and whether both give the same files.

    python -m scripts.benchmarks.many_slides [--slides 40] [--side 1024] [--folder DIR] [--json FILE]

Workers have one thread each. `ready_s` is until the first worker asked for work; the speed-up is of the time after
it, for a night has one start. The load of the computer before the run is printed, for it decides the speed-up.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from bloodcells_gui.app.batch import AnalyzeRequest, analyze_all
from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.domain.distribution import Cluster
from bloodcells_gui.domain.progress import CancelToken
from scripts.tools.cluster_kill_test import differences, drawn_slides


def measured(slides: tuple[Path, ...], out: Path, workers: int) -> dict[str, float]:
    """Wall time, and the most memory that a worker and its decoders held."""
    out.mkdir()
    ready: list[float] = []
    peak_mb, over = [0.0], threading.Event()

    def watch() -> None:
        me = psutil.Process()
        while not over.wait(0.25):
            if not ready and any(out.glob(".cluster-*/?????-*")):
                ready.append(time.monotonic())
            sizes = {}
            for child in me.children(recursive=True):
                try:
                    sizes[child.pid] = child.memory_info().rss / 1e6
                except psutil.NoSuchProcess:
                    continue
            peak_mb[0] = max([peak_mb[0], *sizes.values()])

    def quiet(_: Progress) -> None:
        pass

    load = os.getloadavg()[0]
    began = time.monotonic()
    watcher = threading.Thread(target=watch)
    watcher.start()
    request = AnalyzeRequest(slides, out, cluster=Cluster(workers=workers), threads=1)
    outcomes = analyze_all(request, token=CancelToken(), progress=quiet)
    ended = time.monotonic()
    over.set()
    watcher.join()
    begun = ready[0] if ready else began
    return {
        "workers": workers, "done": sum(o.exit_code == 0 for o in outcomes), "wall_s": ended - began,
        "ready_s": begun - began, "s_per_slide": (ended - begun) / len(slides), "cells": sum(o.cells for o in outcomes),
        "largest_process_mb": peak_mb[0], "load_before": load,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slides", type=int, default=40)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        slides = drawn_slides(folder, args.slides, args.side)
        rows = [measured(slides, folder / f"workers-{n}", n) for n in (1, 2)]
        different = differences(slides, folder / "workers-2", folder / "workers-1")
    for row in rows:
        print("  ".join(f"{name} {value:.4g}" for name, value in row.items()))
    speed_up = rows[0]["s_per_slide"] / rows[1]["s_per_slide"]
    print(f"speed-up {speed_up:.2f}; {different or 'tables equal byte for byte'}")
    if args.json:
        args.json.write_text(
            json.dumps({"runs": rows, "speed_up": speed_up, "different": different}, indent=1)
        )
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
