"""How long a look at the watched folder takes when all that lies in it was taken before.

    python -m scripts.benchmarks.watched_folder [--specimens 1000] [--pictures 10]

Compared in the same run: every name and file once, without which no look can know that a folder changed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from bloodcells_gui.app.analysis_queue import AnalysisQueue, QueuedJob
from bloodcells_gui.app.watched_folder import WatchedFolder
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.settings import WatchSettings
from bloodcells_gui.domain.watching import WatchState
from bloodcells_gui.imaging.io.arrivals import ArrivalLimits, arrival

_LOOKS = 9


class _Idle(AnalysisQueue):
    """Runs nothing."""

    def add(self, path: Path, job: QueuedJob) -> None:
        del path, job


def _fill(folder: Path, specimens: int, pictures: int) -> None:
    image = np.full((80, 80, 3), 230, np.uint8)
    for number in range(specimens * pictures):
        image[:2] = np.frombuffer(f"{number:<480}".encode(), np.uint8).reshape(2, 80, 3)
        place = folder / f"S-{number // pictures}"
        place.mkdir(exist_ok=True)
        (place / f"{number}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def measure(specimens: int, pictures: int) -> dict[str, float]:
    """Seconds to take all specimens, of an idle look, and of a search through every file."""
    with tempfile.TemporaryDirectory(prefix="bloodcells-") as place:
        folder = Path(place) / "scanner"
        folder.mkdir()
        _fill(folder, specimens, pictures)
        now = [0.0]
        workspace = Workspace(home=Path(place) / "home", config=Path(place) / "config")
        cases = WorkList(workspace, _Idle())
        watched = WatchedFolder(workspace, cases, clock=lambda: now[0])
        watched.configure(WatchSettings(on=True, folder=str(folder), settle_s=2))
        first = _seconds(watched.look)
        now[0] += 3
        taking = _seconds(watched.look)
        if len(watched.entries()) != specimens or any(
            e.state is not WatchState.DONE and e.case is None for e in watched.entries()
        ):
            raise RuntimeError("not every specimen was taken")
        idle, every = [], []
        for _ in range(_LOOKS):
            now[0] += 3
            idle.append(_seconds(watched.look))
            every.append(_seconds(lambda: arrival([folder], ArrivalLimits(max_files=10**7), lambda: None)))
        watched.close()
        cases.close()
    return {
        "specimens": specimens, "pictures": specimens * pictures, "first_look_s": first, "taking_s": taking,
        "idle_look_s": median(idle), "every_file_s": median(every),
        "idle_over_every_file": median(idle) / median(every),
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--specimens", type=int, default=1000)
    parser.add_argument("--pictures", type=int, default=10)
    asked = parser.parse_args()
    print(json.dumps(measure(asked.specimens, asked.pictures), indent=1))
