"""The work list of a laboratory: stations as processes on one folder of cases and one database.

``python -m scripts.benchmarks.shared_list --lab URL [--cases 2000] [--stations 4] [--distinct 40]``: the database at URL
is emptied. Case files are made as for ``scripts.benchmarks.work_list``. Then all stations look at the folder at once
and share the reading of every file; each starts again; one more joins, which has never been there; and what one
decides is awaited at another. A start is measured from the program's list being made to the painted window, offscreen;
connecting to the database is in it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

if TYPE_CHECKING:
    from bloodcells_gui.app.worklist import WorkList
    from bloodcells_gui.app.workspace import Workspace


class Station:
    """A process that does what it is told, a line each."""

    def __init__(self, place: Path, url: str, name: str) -> None:
        command = [sys.executable, "-m", "scripts.benchmarks.shared_list"]
        self._process = subprocess.Popen(
            [*command, "--lab", url, "--place", str(place), "--name", name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._in = cast("IO[str]", self._process.stdin)
        self._out = cast("IO[str]", self._process.stdout)
        self.answer()

    def tell(self, *words: str) -> None:
        self._in.write(json.dumps(words) + "\n")
        self._in.flush()

    def answer(self) -> dict[str, float]:
        """What it says of the last thing that it was told."""
        return json.loads(self._out.readline())  # type: ignore[no-any-return]

    def ask(self, *words: str) -> dict[str, float]:
        self.tell(*words)
        return self.answer()

    def end(self) -> None:
        self._in.close()
        self._process.wait(60)
        self._out.close()


def joined(place: Path, url: str) -> Workspace:
    """A station of the laboratory, whose own data lie at `place`."""
    from tests.support.workbench_window import a_workspace

    workspace = a_workspace(place)
    if workspace.settings.lab_database != url:
        workspace.save_settings(replace(workspace.settings, lab_database=url))
    return workspace


def be_a_station(place: Path, url: str, name: str) -> int:
    """Do what standard input says."""
    from bloodcells_gui.app import case_index
    from bloodcells_gui.app.worklist import WorkList
    from bloodcells_gui.ui.start import make_application

    setattr(case_index, "station_name", lambda: name)  # noqa: B010  # one computer plays several
    make_application()
    print(json.dumps({}), flush=True)
    acts: dict[str, Callable[..., dict[str, float]]] = {
        "look": look,
        "start": start,
        "lines": lines_in_memory,
        "decide": decide,
        "await": hear,
    }
    for line in sys.stdin:
        what, *words = json.loads(line)
        workspace = joined(place, url)
        with contextlib.closing(WorkList(workspace)) as cases:
            print(json.dumps(acts[what](workspace, cases, *words)), flush=True)
        workspace.lab.close()
    return 0


def look(_: Workspace, cases: WorkList) -> dict[str, float]:
    """Read what no other station reads."""
    begun = time.perf_counter()
    return {"read": cases.refresh(), "s": time.perf_counter() - begun}


def start(workspace: Workspace, cases: WorkList, expected: str) -> dict[str, float]:
    """Show the page until all is painted; type into the search."""
    from PySide6.QtCore import QThreadPool

    from bloodcells_gui.ui.start import make_application, make_context, wait_ms
    from bloodcells_gui.ui.worklist.page import WorklistPage

    context = make_context(make_application(), workspace, "en", "light")
    page = WorklistPage(context, cases, workspace.look_at, QThreadPool())
    page.resize(1366, 768)
    found, took, begun, own = {}, [], time.perf_counter(), time.process_time()
    page.show()
    while page.model.rowCount() < int(expected):
        wait_ms(2)
    page.table.viewport().repaint()
    found["painted, ms"] = 1000 * (time.perf_counter() - begun)
    found["painted, ms of the processor"] = 1000 * (time.process_time() - own)
    while page.is_reading:
        wait_ms(10)
    found["folder compared, ms"] = 1000 * (time.perf_counter() - begun)
    for text in ("s", "s-0", "s-00", "s-0001", "p-1", "nothing", "") * 3:
        begun = time.perf_counter()
        page.text.setText(text)
        page.table.viewport().repaint()
        took.append(1000 * (time.perf_counter() - begun))
    found["search, a key, ms"] = statistics.median(took)
    page.close()
    page.stop()
    return found


def lines_in_memory(workspace: Workspace, cases: WorkList) -> dict[str, float]:
    """The lines from the database, and a question for news."""
    from bloodcells_gui.app.worklist import Query

    begun = time.perf_counter()
    cases.search(Query())
    found = {"lines in memory, ms": 1000 * (time.perf_counter() - begun)}
    kept, begun = workspace.index.kept(), time.perf_counter()
    for _ in range(20):
        kept.news()
    return {**found, "a question for news, ms": 1000 * (time.perf_counter() - begun) / 20}


def decide(workspace: Workspace, cases: WorkList, path: str) -> dict[str, float]:
    """Confirm a cell of a case, and leave it open for a while."""
    from bloodcells_gui.app.worklist import Query

    cases.search(Query())
    session = workspace.open_case(Path(path), remembered=False)
    session.confirm([session.cells[0].id])
    at = time.time()
    time.sleep(8)
    session.close()
    return {"at": at}


def hear(_: Workspace, cases: WorkList, path: str) -> dict[str, float]:
    """Wait until the list says that the case is open elsewhere, and that a cell is decided."""
    from bloodcells_gui.app.worklist import Query

    found: dict[str, float] = {}
    until = time.time() + 60
    for mark, wanted in (("open", "open_at"), ("decided", "reviewed")):
        while not any(e.path == Path(path) and getattr(e, wanted) for e in cases.search(Query())):
            if time.time() > until:
                raise TimeoutError(mark)
            time.sleep(0.02)
        found[mark] = time.time()
    return found


def empty(url: str) -> None:
    """No laboratory at `url`."""
    from bloodcells_gui.storage.lab.database import SQLITE, LabDatabase

    with LabDatabase(url, make=True) as database:
        listed = "SELECT tablename FROM pg_tables WHERE tablename LIKE 'bloodcells_%'"
        if database.engine == SQLITE:
            listed = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'bloodcells_%'"
        for (table,) in database.query(listed):
            database.query(f"DROP TABLE {table}" + " CASCADE" * (database.engine != SQLITE))


def median(found: list[dict[str, float]], name: str) -> dict[str, float]:
    values = sorted(one[name] for one in found)
    return {"median": round(statistics.median(values), 1), "most": round(values[-1], 1)}


def hear_of_decisions(decides: Station, hears: Station, folder: Path) -> dict[str, object]:
    """How long after a decision another station shows that the case is open, and what was decided."""
    heard = []
    for number in range(3):
        path = str(folder / f"2026-{number * 3:05} S-{number * 3:05}.bcs")
        hears.tell("await", path)
        time.sleep(3)
        decided = decides.ask("decide", path)
        said = hears.answer()
        heard.append({mark: said[mark] - decided["at"] for mark in said})
    return {
        f"shown at another station after a decision: {name}, s": median(heard, name)
        for name in ("open", "decided")
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab", required=True, metavar="URL")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--distinct", type=int, default=40)
    parser.add_argument("--stations", type=int, default=4)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--name", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.place is not None:
        return be_a_station(asked.place, asked.lab, asked.name)
    from bloodcells_gui.app.lab_database import init
    from scripts.benchmarks.work_list import make_cases
    from tests.support.workbench_window import a_workspace

    empty(asked.lab)
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        share = a_workspace(place / "maker")
        make_cases(share, asked.cases, asked.distinct)
        init(asked.lab, cases=share.cases_dir)
        stations = [Station(place / f"bench-{i}", asked.lab, f"bench-{i}") for i in range(asked.stations + 1)]
        *benches, new = stations
        for one in benches:
            one.tell("look")
        looked = [one.answer() for one in benches]
        found: dict[str, object] = {
            "cases": asked.cases, "stations": asked.stations,
            "files read, by station": [round(one["read"]) for one in looked],
            "all files read, s": round(max(one["s"] for one in looked), 1),
        }  # fmt: skip
        alone = [one.ask("start", str(asked.cases)) for one in benches]
        first = [new.ask("start", str(asked.cases))]
        for one in benches:
            one.tell("start", str(asked.cases))
        together = [one.answer() for one in benches]
        lines = [one.ask("lines") for one in benches]
        print(json.dumps(found), flush=True, file=sys.stderr)
        for name in (
            "painted, ms",
            "painted, ms of the processor",
            "folder compared, ms",
            "search, a key, ms",
        ):
            found[f"a start, {name}"] = median(alone, name)
            found[f"first start of a new station, {name}"] = round(first[0][name], 1)
            found[f"all starts at once, {name}"] = median(together, name)
        for name in lines[0]:
            found[name] = median(lines, name)
        print(json.dumps(found), flush=True, file=sys.stderr)
        found |= hear_of_decisions(benches[0], benches[1], share.cases_dir)
        for one in stations:
            one.end()
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
