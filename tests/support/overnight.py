"""Cases of a work list on a cluster: handed over, waited for, held against each other; workers killed."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bloodcells_gui.app.analysis_queue import QueueState
from bloodcells_gui.app.export import ExportOptions, export
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import OpenOptions, Workspace

TABLES = ("cells.csv", "differential.csv", "skipped.csv")
OPTIONS = OpenOptions(kind="crops", mpp=0.107)


def until(condition: Callable[[], object], limit_s: float = 120) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def handed(workspace: Workspace, cases: WorkList, specimens: list[Path]) -> list[Path]:
    return [cases.enqueue(workspace.look_at(p), OPTIONS, on_cluster=True) for p in specimens]


def turns(cases: WorkList, paths: list[Path]) -> list[QueueState | None]:
    return [entry.turn if (entry := cases.queued(path)) else None for path in paths]


def tables(workspace: Workspace, case: Path, out: Path) -> list[bytes]:
    session = workspace.open_case(case, read_only=True)
    export(session, out, ExportOptions())
    session.close()
    return [(out / name).read_bytes() for name in TABLES]


@contextlib.contextmanager
def killing(folder: Path, number: int, times: int) -> Iterator[list[int]]:
    """Kill the worker that is at one case or specimen of the run below `folder`, `times` times."""
    killed: list[int] = []
    over = threading.Event()

    def hunt() -> None:
        seen: set[Path] = set()
        while len(killed) < times and not over.wait(0.01):
            for attempt in set(folder.glob(f".cluster-*/{number:05d}-*")) - seen:
                if attempt.suffix != ".whole":
                    seen.add(attempt)
                    pid = int(attempt.name.rsplit("-", 2)[1])
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    thread = threading.Thread(target=hunt)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()
