"""Kill a writing program at random moments and see that nothing it acknowledged is lost.

    python scripts/tools/kill_test.py --n 200 [--seed 1] [--folder DIR]

A child opens one case and does everything at once: a thread adds cells, the person's thread decides, undoes,
signs, amends and exports the audit trail. After every call that returned, the child says so on a pipe; the
parent kills it (SIGKILL) at a random moment, opens the case as the next start would, and compares. The same
case goes on through all rounds, so each opening also recovers from the kill before.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus  # noqa: E402
from bloodcells_gui.domain.cell import Box, Cell, CellAssets  # noqa: E402
from bloodcells_gui.domain.errors import UserError  # noqa: E402
from bloodcells_gui.domain.review import EventKind, Status  # noqa: E402
from bloodcells_gui.domain.review_state import ReviewState, fold, make_event, utc_now  # noqa: E402
from bloodcells_gui.domain.run_messages import LOST, remark  # noqa: E402
from bloodcells_gui.domain.run_record import RunRecord  # noqa: E402
from bloodcells_gui.domain.specimen import Specimen, SpecimenKind  # noqa: E402
from bloodcells_gui.storage.audit import export_trail  # noqa: E402
from bloodcells_gui.storage.case import CaseStore  # noqa: E402
from bloodcells_gui.storage.connection import header_version  # noqa: E402

CODES = ("SNE", "LY", "MO", "EO", "BL")
BATCH = 6


def a_cell(cell_id: int, run: int) -> tuple[Cell, CellAssets]:
    import numpy as np

    rng = np.random.default_rng(cell_id)
    scores = rng.dirichlet(np.ones(5)).astype(np.float32)
    cell = Cell(
        cell_id, 0, Box(cell_id, 1, 30, 30), 0.1, CODES[int(scores.argmax())], float(scores.max()),
        cell_id % 9 == 8, 0.5, scores, np.zeros(4, np.float32), run=run,
    )  # fmt: skip
    return cell, CellAssets(rng.bytes(3000), rng.bytes(300), (0.0, 0.0, 30.0), np.zeros(32, np.float16))


# -- the child --------------------------------------------------------------------------------------------


def say(**what: Any) -> None:
    """One line on the pipe, written by one call: what is promised."""
    os.write(1, (json.dumps(what) + "\n").encode())


def child(path: Path, trail: Path, seed: int) -> None:
    rng = random.Random(seed)
    if not path.exists():
        specimen = Specimen("kill", SpecimenKind.CROPS, path.parent)
        CaseStore.create(path, specimen, case_id="kill", created=utc_now(), app_version="0").close()
    say(did="created")
    store = CaseStore.open(path)
    state = ReviewState(store.load_cells())
    for event in store.events():
        state.apply(event)
    for number in store.interrupted_runs:
        store.finish_run(number, RunStatus.CANCELLED, record=RunRecord(remarks=(remark(LOST),)))
    if state.signed:
        state.apply(store.append(make_event(state, EventKind.AMEND, "ana", reason="go on")))
    run = len(store.runs)
    store.start_run(AnalysisRun(run, utc_now(), "0", CODES, ("a", "b", "c", "d")))
    say(did="run", number=run)
    found: queue.Queue[list[Cell]] = queue.Queue()
    threading.Thread(target=analyse, args=(store, run, found), daemon=True).start()
    while True:
        while not found.empty():
            state.add_cells(found.get())
        review_once(store, state, trail, rng)


def analyse(store: CaseStore, run: int, found: queue.Queue[list[Cell]]) -> None:
    while True:
        first = store.next_cell_id()
        pairs = [a_cell(i, run) for i in range(first, first + BATCH)]
        try:
            store.add_cells(run, [p[0] for p in pairs], [p[1] for p in pairs])
        except UserError:  # signed for the moment
            time.sleep(0.002)
            continue
        say(did="cells", first=first, n=BATCH)
        found.put([p[0] for p in pairs])


def review_once(store: CaseStore, state: ReviewState, trail: Path, rng: random.Random) -> None:
    if not len(state):
        time.sleep(0.002)
        return
    what = rng.random()
    cell = rng.randrange(len(state))
    more: dict[str, Any] = {}
    cells: list[int] = []
    if what < 0.1 and state.can_undo:
        kind = EventKind.UNDO
    elif what < 0.15 and state.can_redo:
        kind = EventKind.REDO
    elif what < 0.2:
        kind, more = EventKind.SET_FIELD, {"key": "wbc", "new": str(rng.random())}
    elif what < 0.25:
        export_trail(store.path, trail)
        say(did="export", sha256=sha256(trail.read_bytes()).hexdigest())
        return
    elif what < 0.35:
        waiting = [i for i in range(len(state)) if state.decision(i).status is Status.UNIDENTIFIED]
        if waiting:
            kind, cells = EventKind.CONFIRM, waiting
        else:
            sign_and_amend(store, state)
            return
    else:
        kind, cells, more = EventKind.RELABEL, [cell], {"new": rng.choice(CODES)}
    event = store.append(make_event(state, kind, "ana", cells, **more))
    state.apply(event)
    say(did="event", seq=event.seq, kind=str(kind), cells=cells, new=event.new)


def sign_and_amend(store: CaseStore, state: ReviewState) -> None:
    report = json.dumps({"counts": state.counts, "version": state.version}).encode()
    key = sha256(report).hexdigest()
    event = make_event(state, EventKind.SIGN, "ana", new="reviewed", key=key)
    state.apply(store.sign(event, state.version, report))
    say(did="sign", seq=event.seq, sha256=key)
    event = store.append(make_event(state, EventKind.AMEND, "ana", reason="again"))
    state.apply(event)
    say(did="event", seq=event.seq, kind="amend", cells=[], new="")


# -- the parent -------------------------------------------------------------------------------------------


def round_of(path: Path, trail: Path, seed: int, rng: random.Random) -> tuple[list[dict[str, Any]], bool]:
    """Start the child, kill it at a random moment; what it promised, and whether it died on its own."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve()), "--child", str(path), str(trail), str(seed)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    head = process.stdout.readline() if rng.random() < 0.9 else b""  # sometimes even before it is ready
    try:
        process.wait(rng.uniform(0, 0.6))
    except subprocess.TimeoutExpired:
        process.kill()
    rest = process.stdout.read()
    errors = process.stderr.read().decode()
    process.wait()
    process.stdout.close()
    process.stderr.close()
    if "Traceback" in errors:
        raise AssertionError(errors)
    lines = (head + rest).split(b"\n")[:-1]  # a last line without its end promised nothing
    return [json.loads(line) for line in lines], process.returncode >= 0


def compare(path: Path, trail: Path, promised: list[dict[str, Any]]) -> None:
    """AssertionError unless everything promised is there and whole."""
    if not path.exists():
        assert not promised, "the case is gone"
        return
    header_version(path)
    with CaseStore.open(path) as store:
        problems = store.verify()
        assert not problems, problems
        cells = {c.id: c for c in store.load_cells()}
        events = {e.seq: e for e in store.events()}
        fold(list(cells.values()), events.values())
        assert sorted(cells) == list(range(len(cells)))
        assert len(cells) % BATCH == 0, "half a batch"
        frozen = {f.sha256 for f in store.frozen_reports()}
        runs = len(store.runs)
        for what in promised:
            if what["did"] == "cells":
                for cell_id in range(what["first"], what["first"] + what["n"]):
                    assert (cells[cell_id].scores == a_cell(cell_id, 0)[0].scores).all()
                last = what["first"] + what["n"] - 1
                assert store.assets(last).thumbnail == a_cell(last, 0)[1].thumbnail
            elif what["did"] == "event":
                event = events[what["seq"]]
                assert str(event.kind) == what["kind"]
                assert event.new == what["new"]
            elif what["did"] == "sign":
                assert what["sha256"] in frozen
                assert events[what["seq"]].key == what["sha256"]
            elif what["did"] == "run":
                assert what["number"] < runs
    beside = {p.name for p in path.parent.iterdir()} - {path.name, trail.name}
    assert all(name.endswith(".part") for name in beside), beside
    if trail.exists():
        text = trail.read_bytes()
        assert text.endswith(b"\n"), "the export is half written"
        for line in text.splitlines():
            json.loads(line)


def kill_test(folder: Path, n: int, seed: int, report: bool = False) -> dict[str, int]:
    """Do `n` rounds in `folder`; AssertionError at the first loss. Returns how much was promised and kept."""
    path, trail = folder / "kill.bcs", folder / "trail.jsonl"
    rng = random.Random(seed)
    totals: dict[str, int] = {}
    kept: list[dict[str, Any]] = []
    for i in range(n):
        promised, ended = round_of(path, trail, seed * 10_000 + i, rng)
        assert not ended, "the child ended on its own"
        kept += promised
        compare(path, trail, kept)
        for what in promised:
            totals[what["did"]] = totals.get(what["did"], 0) + 1
        if report:
            print(f"\r{i + 1}/{n} kills, kept {totals}", end="", flush=True)
        if len(kept) > 4000:  # a fresh case now and then keeps the rounds quick
            for old in (path, trail):
                old.unlink(missing_ok=True)
            kept = []
    return totals


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Kill a writing program at random moments; nothing may be lost."
    )
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(Path(options.child[0]), Path(options.child[1]), int(options.child[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        totals = kill_test(options.folder or Path(folder), options.n, options.seed, report=True)
    print(f"\n{options.n} kills, nothing lost: {totals}")


if __name__ == "__main__":
    main()
