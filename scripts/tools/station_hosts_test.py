"""Kill stations on hosts of their own, cut their cables, kill their server; see that no case is written by two.

    python -m scripts.tools.station_hosts_test [--kills 200] [--stations 3] [--cases 40] [--seed 1]

Needs root, `ip` (iproute2) and a PostgreSQL that is installed; says so and ends with 77 elsewhere. Each station is a
process in a network namespace of its own, with a cable (veth) to a bridge on which a real PostgreSQL listens. Of the
kills, six in ten end a station (SIGKILL), three cut a cable for up to 25 s, one kills the server and starts it anew.
The lock beside a case is switched off, as on a share that shows it to nobody: the lease and the chain keep stations
apart. Some sittings are long, so that a lease expires while its station is cut off.

The judgement is made on the files alone, read by sqlite3: no case holds decisions of two sittings in turns
(each sitting's decisions stand together), and what a station said that the disk has is there exactly once.
Beside it, openings that overlap are counted: a station that was cut off goes on with its case while another one
takes it (what it decides then is refused); between stations that reach the server no two are ever open.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from bloodcells_gui.app.case_lease import CaseLease
from bloodcells_gui.app.lab_database import init
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import ReviewState, make_event, utc_now
from bloodcells_gui.domain.specimen import Specimen, SpecimenKind
from bloodcells_gui.storage import database as case_database
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.leases import Leases
from bloodcells_gui.storage.lab.pool import LabPool
from scripts.tools.station_kill_test import UnseenLock

EXPIRES_S = 6.0
SKIPPED = 77
_LONG_SITTINGS = 0.04
_LONGEST_CUT_S = 25.0
_NETWORK = "10.213.87"


# ---- a station, in its own process


def station(url: str, folder: Path, name: str, seed: int) -> None:
    """Open, decide, close, for ever; a line of JSON for whatever the disk has."""
    setattr(case_database, "CaseLock", UnseenLock)  # noqa: B010
    rng, pool, cases = random.Random(seed), LabPool(url), sorted(folder.glob("*.bcs"))
    sitting = 0
    while True:
        path, sitting = rng.choice(cases), sitting + 1
        began, took = time.monotonic(), [0.0]

        def ask(key: str, path: Path = path, took: list[float] = took) -> CaseLease:
            asked = time.monotonic()
            lease = CaseLease(pool, path, key, name, station=name, expires_s=EXPIRES_S)
            took[0] = time.monotonic() - asked
            return lease

        try:
            store = CaseStore.open(path, ask=ask)
        except UserError as error:
            _say("refused", path, type(error).__name__)
            time.sleep(0.1)
            continue
        try:
            _say("opened", path, f"{took[0]:.6f}")
            state = ReviewState(store.load_cells())
            for event in store.events():
                state.apply(event)
            long = rng.random() < _LONG_SITTINGS
            for n in range(30 if long else rng.randint(1, 4)):
                text = f"{name} {seed} {sitting} {n}"
                state.apply(store.append(make_event(state, EventKind.NOTE, name, new=text)))
                _say("decided", path, text)
                time.sleep(1.0 if long else 0.02)
            _say("closing", path, f"{time.monotonic() - began:.3f}")
        except UserError as error:
            _say("stopped", path, type(error).__name__)
        store.close()


def _say(what: str, path: Path, text: str) -> None:
    sys.stdout.write(json.dumps([what, path.stem, time.monotonic(), text]) + "\n")
    sys.stdout.flush()


# ---- hosts


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextlib.contextmanager
def hosts(count: int) -> Iterator[list[str]]:
    """Namespaces with a cable each to one bridge; gone at the end."""
    tag = f"bc{os.getpid() % 100_000}"
    bridge, names = f"{tag}b", [f"{tag}n{i}" for i in range(1, count + 1)]
    try:
        _ip("link", "add", bridge, "type", "bridge")
        _ip("addr", "add", f"{_NETWORK}.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for i, name in enumerate(names, 1):
            _ip("netns", "add", name)
            _ip("link", "add", f"{tag}c{i}", "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", f"{tag}c{i}", "master", bridge, "up")
            _ip("-n", name, "addr", "add", f"{_NETWORK}.{i + 1}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
            _ip("-n", name, "link", "set", "lo", "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", bridge], check=False, capture_output=True)


def cable_of(host: str) -> str:
    """The end of a host's cable at the bridge."""
    return host.replace("n", "c")


class Stations:
    """The processes on their hosts, and what they said."""

    def __init__(self, url: str, folder: Path, names: list[str]) -> None:
        self._url, self._folder = url, folder
        self._begun = 0
        self._lock = threading.Lock()
        self.running: dict[str, subprocess.Popen[str]] = {}
        self._open: dict[subprocess.Popen[str], tuple[str, float]] = {}
        self.sittings: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
        self.decisions: dict[str, list[str]] = defaultdict(list)
        self.lease_s: list[float] = []
        self.said: Counter[str] = Counter()
        for name in names:
            self.start(name)

    def start(self, host: str) -> None:
        """A station on a host."""
        self._begun += 1
        command = [
            "ip", "netns", "exec", host, sys.executable, "-m", "scripts.tools.station_hosts_test", "--station",
            self._url, str(self._folder), host, str(self._begun),
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.running[host] = process
        threading.Thread(target=self._hear, args=(process, host), daemon=True).start()

    def _hear(self, process: subprocess.Popen[str], host: str) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            try:
                what, case, at, text = json.loads(line)
            except ValueError:  # a kill cut it off: it said nothing then
                continue
            with self._lock:
                self.said[what if what not in ("refused", "stopped") else f"{what} {text}"] += 1
                if what == "decided":
                    self.decisions[case].append(text)
                elif what == "opened":
                    self.lease_s.append(float(text))
                    self._open[process] = case, float(at)
                elif what != "refused":
                    self._closed(process, host, float(at))
        with self._lock:
            self._closed(process, host, time.monotonic())  # killed

    def _closed(self, process: subprocess.Popen[str], host: str, at: float) -> None:
        if process in self._open:
            case, since = self._open.pop(process)
            self.sittings[case].append((since, at, host))

    def kill(self, host: str) -> None:
        """End a station at once, whatever it is at."""
        process = self.running.pop(host)
        process.kill()  # ip has become the station
        process.wait()


# ---- the judgement


def judged(folder: Path, decisions: dict[str, list[str]]) -> tuple[int, int, int, list[str]]:
    """Decisions in the files, cases written by two in turns, decisions lost or doubled, and broken chains."""
    there = mixed = lost = 0
    broken = []
    for path in sorted(folder.glob("*.bcs")):
        with contextlib.closing(sqlite3.connect(path)) as connection:
            texts = [str(row[0]) for row in connection.execute("SELECT new FROM events ORDER BY seq")]
        texts = [text if not text.startswith('"') else json.loads(text) for text in texts]
        sittings = [key for key, _ in groupby(" ".join(text.split()[:3]) for text in texts)]
        there += len(texts)
        mixed += len(sittings) != len(set(sittings))
        counts = Counter(texts)
        lost += sum(counts[text] != 1 for text in decisions[path.stem]) + sum(n != 1 for n in counts.values())
        with CaseStore.open(path, read_only=True) as store:
            broken += [f"{path.stem}: {problem}" for problem in store.verify()]
    return there, mixed, lost, broken


def overlaps(
    sittings: dict[str, list[tuple[float, float, str]]], cut: dict[str, list[tuple[float, float]]]
) -> tuple[int, int]:
    """Cases that two stations had open at once: while the first could be reached, and while it was cut off.

    `cut` holds from when to when each host, or the server (""), was out of reach.
    """
    reached = cut_off = 0
    for spans in sittings.values():
        ordered = sorted(spans)
        for i, (_, until, host) in enumerate(ordered):
            for since, _, other in ordered[i + 1 :]:
                if since >= until or other == host:
                    continue
                silent_since = since - 2 * EXPIRES_S
                apart = any(
                    a < since and b > silent_since for name in (host, "") for a, b in cut.get(name, ())
                )
                cut_off += apart
                reached += not apart
    return reached, cut_off


def leases_left(url: str) -> int:
    """Leases that have not expired although no station runs any more and a lease's time is over."""
    time.sleep(EXPIRES_S + 1)
    with LabDatabase(url) as database:
        return sum(not lease.expired for lease in Leases(database).all())


class Hunter:
    """Kills stations, cables and the server, and remembers what was out of reach from when to when."""

    def __init__(self, server: Any, stations: Stations, seed: int) -> None:
        self._server, self._stations = server, stations
        self._rng = random.Random(seed)
        self._hosts = sorted(stations.running)
        self._mending: list[threading.Timer] = []
        self.done: Counter[str] = Counter()
        self.cut: dict[str, list[tuple[float, float]]] = defaultdict(list)

    def strike(self) -> None:
        """One kill, some time from now."""
        rng = self._rng
        time.sleep(rng.uniform(0.3, 2.5))
        what, host = rng.choices(("station", "cable", "server"), (6, 3, 1))[0], rng.choice(self._hosts)
        self.done[what] += 1
        began = time.monotonic()
        if what == "station":
            self._stations.kill(host)
            self._stations.start(host)
        elif what == "cable":
            seconds = rng.uniform(1, _LONGEST_CUT_S)
            _ip("link", "set", cable_of(host), "down")
            self.cut[host].append((began, began + seconds + 1))
            mend = threading.Timer(seconds, _ip, ("link", "set", cable_of(host), "up"))
            mend.daemon = True
            mend.start()
            self._mending.append(mend)
        else:
            self._server.stop()  # immediate: as a kill of all its processes
            time.sleep(rng.uniform(0, 3))
            self._server.start()
            self.cut[""].append((began, time.monotonic()))

    def mend(self) -> None:
        """Wait until every cable is whole again, and stations had a moment with it."""
        for timer in self._mending:
            timer.join()
        time.sleep(3)


def run(args: argparse.Namespace, server: Any, folder: Path, names: list[str]) -> int:
    init(server.url)
    for i in range(args.cases):
        path = folder / f"case-{i:03d}.bcs"
        specimen = Specimen(path.stem, SpecimenKind.COUNTER, folder)
        CaseStore.create(path, specimen, case_id=path.stem, created=utc_now(), app_version="0").close()
    began = time.monotonic()
    stations = Stations(server.url_of_the_network, folder, names)
    hunter = Hunter(server, stations, args.seed)
    for _ in range(args.kills):
        hunter.strike()
    hunter.mend()
    for host in list(stations.running):
        stations.kill(host)
    time.sleep(0.5)
    there, mixed, lost, broken = judged(folder, stations.decisions)
    left = leases_left(server.url)
    reached, cut_off = overlaps(stations.sittings, hunter.cut)
    done, said, took = hunter.done, stations.said, stations.lease_s
    print(
        *broken,
        f"{done['station']} stations killed, {done['cable']} cables cut, {done['server']} times the server killed,"
        f" in {time.monotonic() - began:.0f} s; {said['opened']} openings, {there} decisions in the files",
        "else: " + ", ".join(f"{n} {what}" for what, n in sorted(said.items()) if " " in what),
        f"lease of a case: median {statistics.median(took) * 1000:.0f} ms,"
        f" 95 % within {statistics.quantiles(took, n=20)[-1] * 1000:.0f} ms; load {os.getloadavg()[0]:.1f}",
        f"{cut_off} cases opened elsewhere while their station was cut off, {reached} double openings otherwise",
        f"{mixed} cases written by two in turns, {lost} decisions lost or doubled, {len(broken)} broken chains,"
        f" {left} leases that did not end",
        sep="\n",
    )
    return 1 if mixed or lost or broken or left or reached else 0


def refusal() -> str:
    """Why it cannot run here; "" where it can."""
    from tests.support.postgres import programs

    if os.name != "posix" or os.getuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "the program ip (iproute2) is not installed"
    if programs() is None:
        return "no PostgreSQL server is installed"
    try:
        with hosts(1):
            return ""
    except (subprocess.CalledProcessError, OSError) as error:
        return f"network namespaces are not allowed here ({error})"


def main() -> int:
    if sys.argv[1:2] == ["--station"]:
        url, folder, name, seed = sys.argv[2:]
        station(url, Path(folder), name, int(seed))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--stations", type=int, default=3)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    why_not = refusal()
    if why_not:
        print(f"skipped: {why_not}")
        return SKIPPED
    from tests.support.postgres import Server, programs

    binaries = programs()
    assert binaries is not None
    home = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    home.chmod(0o755)
    with tempfile.TemporaryDirectory() as folder, hosts(args.stations) as names:
        server = Server(home, binaries, listen=f"{_NETWORK}.1", network=f"{_NETWORK}.0/24")
        try:
            return run(args, server, Path(folder), names)
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):
                server.stop()
            shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
