"""A watched folder for tests: pictures, a queue that runs nothing, a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from bloodcells_gui.app.analysis_queue import AnalysisQueue, QueuedJob, QueueEntry, QueueState
from bloodcells_gui.app.watched_folder import WatchedFolder
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import WatchSettings
from bloodcells_gui.domain.watching import WatchEntry, WatchState
from tests.support.workbench_window import a_workspace

SETTLE_S = 10


def picture(path: Path, number: int, side: int = 90) -> Path:
    """A picture that no other number has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture_bytes(number, side))
    return path


def picture_bytes(number: int, side: int = 90) -> bytes:
    image = np.full((side, side, 3), 230, np.uint8)
    cv2.circle(image, (side // 2, side // 2), 20, (150, 60 + number % 150, 110), -1)
    cv2.putText(image, str(number), (4, side - 6), cv2.FONT_HERSHEY_PLAIN, 1, (0, 0, 0))
    return cv2.imencode(".png", image)[1].tobytes()


class IdleQueue(AnalysisQueue):
    """Remembers what waits, and runs nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.added: list[Path] = []

    def add(self, path: Path, job: QueuedJob) -> None:
        self.added.append(path)
        self._jobs[path.absolute()] = job
        self._store_entry(QueueEntry(path.absolute(), QueueState.WAITING))

    def finish(self, path: Path, turn: QueueState, error: UserError | None = None) -> None:
        self._jobs.pop(path)
        self._store_entry(replace(self._entries[path], turn=turn, error=error))


class Desk:
    """A program with a watched folder, whose looks and clock the test moves."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.workspace: Workspace = a_workspace(home)
        self.queue = IdleQueue()
        self.cases = WorkList(self.workspace, self.queue)
        self.now = 1000.0
        self.faults: list[BaseException] = []
        self.watched = WatchedFolder(self.workspace, self.cases, self.faults.append, lambda: self.now)
        self.watched.configure(WatchSettings(on=True, folder=str(folder), settle_s=SETTLE_S))

    def look(self, seconds: float = 1.0) -> None:
        self.now += seconds
        self.watched.look()
        assert not self.faults

    def settle(self) -> None:
        """Look, wait until nothing has changed for long enough, and look again."""
        self.look()
        self.look(SETTLE_S + 1)

    def states(self) -> dict[str, WatchState]:
        return {e.name: e.state for e in self.watched.entries()}

    def entry(self, name: str) -> WatchEntry:
        return next(e for e in self.watched.entries() if e.name == name)

    def close(self) -> None:
        assert self.watched.close()
        self.cases.close()


@contextmanager
def a_desk(tmp_path: Path, folder: Path | None = None) -> Iterator[Desk]:
    """A desk that is closed at the end; call it again for a restart of the program."""
    watched = folder or tmp_path / "scanner"
    watched.mkdir(exist_ok=True)
    desk = Desk(watched, tmp_path)
    try:
        yield desk
    finally:
        desk.close()
