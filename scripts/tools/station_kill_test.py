"""Kill stations of a laboratory and its database at random, and see that no case is open twice, no decision lost.

    python -m scripts.tools.station_kill_test URL [--kills 200] [--stations 4] [--cases 60] [--seed 1]

URL is an empty PostgreSQL database (`postgresql://USER@HOST/DATABASE`). Stations are processes that open cases of one
folder, decide, and say on a pipe what the disk has. The lock beside a case is switched off, as on a share that does
not show it: what keeps the stations apart is the lease alone. Every tenth kill ends all connections of the
database instead, as a restart of the server or a cut network does.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from itertools import pairwise
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from bloodcells_gui.app.case_lease import CaseLease
from bloodcells_gui.app.lab_database import init
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import ReviewState, make_event, utc_now
from bloodcells_gui.domain.specimen import Specimen, SpecimenKind
from bloodcells_gui.storage import database as case_database
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.pool import LabPool

EXPIRES_S = 15.0
Said = tuple[str, str, float, str]  # what, case, monotonic time, text


class UnseenLock:
    """The lock beside a case on a share that shows it to nobody."""

    after_crash = False

    def __init__(self, *_: object, **__: object) -> None: ...

    def held(self) -> bool:
        return True

    def note_lease(self) -> None: ...

    def release(self) -> None: ...


def _timed(pool: LabPool, path: Path, seed: str, name: str, took: list[float]) -> CaseLease:
    began = time.monotonic()
    lease = CaseLease(pool, path, seed, name, station=name, expires_s=EXPIRES_S)
    took.append(time.monotonic() - began)
    return lease


def station(url: str, folder: Path, name: str, seed: int, pipe: Connection) -> None:
    """Open, decide, close, for ever."""
    setattr(case_database, "CaseLock", UnseenLock)  # noqa: B010
    rng = random.Random(seed)
    cases = sorted(folder.glob("*.bcs"))
    pool = LabPool(url)
    while True:
        path = rng.choice(cases)
        took: list[float] = []
        try:
            store = CaseStore.open(path, ask=lambda seed: _timed(pool, path, seed, name, took))  # noqa: B023
        except UserError as error:
            pipe.send(("refused", path.stem, time.monotonic(), type(error).__name__))
            continue
        try:
            pipe.send(("opened", path.stem, time.monotonic(), f"{took[0]:.6f}"))
            state = ReviewState(store.load_cells())
            for event in store.events():
                state.apply(event)
            for _ in range(rng.randint(1, 4)):
                text = f"{name} {seed} {rng.random()}"
                state.apply(store.append(make_event(state, EventKind.NOTE, name, new=text)))
                pipe.send(("decided", path.stem, time.monotonic(), text))
            pipe.send(("closing", path.stem, time.monotonic(), ""))
        except UserError as error:
            pipe.send(("refused", path.stem, time.monotonic(), type(error).__name__))
        store.close()


class Judge:
    """What the stations said, held against each other and against the files."""

    def __init__(self) -> None:
        self.open_at: dict[str, tuple[str, float]] = {}
        self.spans: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
        self.decisions: dict[str, list[str]] = defaultdict(list)
        self.lease_s: list[float] = []
        self.refused: dict[str, int] = defaultdict(int)

    def hear(self, station: str, said: Said) -> None:
        what, case, at, text = said
        if what == "opened":
            self.open_at[station] = case, at
            self.lease_s.append(float(text))
        elif what == "decided":
            self.decisions[case].append(text)
        else:
            self.ended(station, at)
            if what == "refused":
                self.refused[text] += 1

    def ended(self, station: str, at: float) -> None:
        if station in self.open_at:
            case, since = self.open_at.pop(station)
            self.spans[case].append((since, at, station))

    def double_openings(self) -> int:
        twice = 0
        for spans in self.spans.values():
            spans.sort()
            twice += sum(a[1] > b[0] and a[2] != b[2] for a, b in pairwise(spans))
        return twice

    def lost(self, folder: Path) -> int:
        lost = 0
        for case, texts in self.decisions.items():
            with CaseStore.open(
                folder / f"{case}.bcs"
            ) as store:  # as the next start would: rolled back first
                there = [event.new for event in store.events()]
            lost += sum(there.count(text) != 1 for text in texts)
        return lost


class Stations:
    """The processes, and the pipes on which they speak."""

    def __init__(self, url: str, folder: Path, judge: Judge) -> None:
        self._url, self._folder, self._judge = url, folder, judge
        self._begun = 0
        self.running: dict[str, tuple[BaseProcess, Connection]] = {}

    def start(self, name: str) -> None:
        self._begun += 1
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe(duplex=False)
        what = (self._url, self._folder, name, self._begun, theirs)
        process = context.Process(target=station, args=what, daemon=True)
        process.start()
        theirs.close()
        self.running[name] = process, ours

    def listen(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            names = {pipe: name for name, (_, pipe) in self.running.items()}
            for pipe in wait(list(names), left):
                assert isinstance(pipe, Connection)
                self._judge.hear(names[pipe], pipe.recv())

    def kill(self, name: str) -> None:
        process, pipe = self.running.pop(name)
        at = time.monotonic()
        process.kill()
        process.join()
        with contextlib.suppress(EOFError, OSError):
            while True:  # what it had said before
                self._judge.hear(name, pipe.recv())
        self._judge.ended(name, at)


def cut_connections(url: str) -> None:
    with LabDatabase(url) as database:
        database.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def run(args: argparse.Namespace, folder: Path) -> int:
    init(args.url)
    for i in range(args.cases):
        path = folder / f"case-{i:03d}.bcs"
        specimen = Specimen(path.stem, SpecimenKind.COUNTER, folder)
        CaseStore.create(path, specimen, case_id=path.stem, created=utc_now(), app_version="0").close()
    rng, judge = random.Random(args.seed), Judge()
    stations = Stations(args.url, folder, judge)
    for i in range(args.stations):
        stations.start(f"bench {i + 1}")
    for n in range(1, args.kills + 1):
        stations.listen(rng.uniform(0.2, 2.0))
        if n % 10 == 0:
            cut_connections(args.url)
        else:
            name = rng.choice(sorted(stations.running))
            stations.kill(name)
            stations.start(name)
    for name in sorted(stations.running):
        stations.kill(name)
    twice, lost, took = judge.double_openings(), judge.lost(folder), judge.lease_s
    cuts, decisions = args.kills // 10, sum(map(len, judge.decisions.values()))
    print(
        f"{args.kills - cuts} stations killed, {cuts} times all connections cut; {len(took)} openings,",
        end=" ",
    )
    print(f"{decisions} decisions, refused {dict(judge.refused)}")
    print(
        f"lease of a case: median {statistics.median(took) * 1000:.0f} ms,"
        f" 95 % within {statistics.quantiles(took, n=20)[-1] * 1000:.0f} ms; load {os.getloadavg()[0]:.1f}"
    )
    print(f"{twice} double openings, {lost} lost decisions")
    return 1 if twice or lost else 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--stations", type=int, default=4)
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return run(args, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
