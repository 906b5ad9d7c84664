"""Measure whether the window waits while the outbox sends to a peer that hangs.

    .venv/bin/python -m scripts.benchmarks.outbox_window [--rounds 15] [--seconds 4] [--json FILE]

The real window with a case of 300 drawn cells, in which a scripted person confirms a cell every 60 ms. Turn about,
in one run: with nothing to send, with a message on its way to a peer that accepts it and never answers, and with
messages that are answered at once, one after another. How late the event loop comes to a timer of 5 ms tells how
long the window was held. Last, the time from the signature in the window to the answer of the peer.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from bloodcells_gui.app.signing import sign
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.connecting import TCP, Connections, Destination
from bloodcells_gui.domain.taxonomy import SEGMENTED
from bloodcells_gui.ui import start
from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from scripts.benchmarks.outbox_faults import no_engine
from scripts.benchmarks.window import percentile
from scripts.benchmarks.window_child import Heartbeat
from scripts.tools.scripted_peer import ScriptedPeer
from tests.support.workbench_window import a_case

CELLS = 300
STEP_MS = 60
NAME = "LIS"
#: What the outbox does meanwhile.
IDLE, HANGS, BUSY = "nothing to send", "a peer that hangs", "a peer that answers"


@dataclass
class Measured:
    """How late the event loop was while a person decided and while nobody did, and how long decisions took, ms."""

    late: list[float] = field(default_factory=list)
    late_resting: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)


def figures(phases: Sequence[Measured]) -> dict[str, float]:
    """The figures of one kind.

    Of each phase the 99th percentile, and of these the median: other processes load the machine at times.
    """
    late = [x for phase in phases for x in phase.late]
    waits = [x for phase in phases for x in phase.waits]
    return {
        "late_median_ms": round(percentile(late, 0.5), 2),
        "late_p99_ms": round(statistics.median(percentile(p.late, 0.99) for p in phases), 1),
        "resting_late_p99_ms": round(statistics.median(percentile(p.late_resting, 0.99) for p in phases), 2),
        "resting_late_largest_ms": round(statistics.median(max(p.late_resting) for p in phases), 1),
        "decisions": len(waits),
        "decision_median_ms": round(percentile(waits, 0.5), 1),
        "decision_p99_ms": round(statistics.median(percentile(p.waits, 0.99) for p in phases), 1),
    }


class Bench:
    """The window, its workspace, and a person at work in it."""

    def __init__(self, folder: Path) -> None:
        app = start.make_application()
        self.workspace = Workspace(no_engine, home=folder, config=folder)
        self.workspace.author = "A. Dupont"
        self.workspace.change_settings(target_cells=0)
        context = start.make_context(app, self.workspace, "en", "light")
        memory = WindowMemory(folder / "memory.ini")
        self.window = MainWindow(context, self.workspace, memory)
        cases = WorkList(self.workspace)
        self.tools = ToolWindows(self.window, context, self.workspace, cases, memory)
        self.window.resize(*start.SCREENSHOT_SIZE)
        self.window.show()
        self._case = a_case(self.workspace.cases_dir / "bench.bcs", CELLS)
        self._signed = 0
        self._cell = 0

    def open(self) -> CasePage:
        """Show the case of cells."""
        self.window.opener.opened.emit(self.workspace.open_case(self._case), None)
        start.wait_ms(500)
        assert self.window.page is not None
        return self.window.page

    def send_to(self, port: int, timeout_s: int, *, on: bool = True) -> None:
        """Set the destination; the table of codes counts as confirmed."""
        destination = Destination(
            NAME, transport=TCP, host="127.0.0.1", port=port, timeout_s=timeout_s, on=on
        )
        connections = Connections((destination,)).confirm("A. Dupont", "2026-03-02T11:00:00Z")
        self.workspace.outbox.save_connections(connections)

    def sign_one(self) -> None:
        """Put one more signed report into the outbox, as another window would."""
        self._signed += 1
        session = self.workspace.new_counter_case(f"S-{self._signed}")
        session.count(SEGMENTED, 1)
        sign(session, "A. Dupont", "Reviewed and reported", "Short count.")
        session.close()

    def work(self, page: CasePage, seconds: float, step: Callable[[], None]) -> Measured:
        """Half the time decisions, half the time nothing but the event loop."""
        ids = [cell.id for cell in page.session.cells]
        found, heartbeat = Measured(), Heartbeat()
        heartbeat.start()
        until = time.monotonic() + seconds / 2
        while time.monotonic() < until:
            self._cell = (self._cell + 1) % len(ids)
            page.gallery.view.select_ids([ids[self._cell]])
            pressed = time.perf_counter()
            page.confirm()
            start.wait_ms(0)
            found.waits.append(1000 * (time.perf_counter() - pressed))
            step()
            start.wait_ms(STEP_MS)
        heartbeat.stop()
        resting = Heartbeat()
        resting.start()
        until = time.monotonic() + seconds / 2
        while time.monotonic() < until:
            step()
            start.wait_ms(STEP_MS)
        resting.stop()
        found.late += heartbeat.late_ms
        found.late_resting += resting.late_ms
        return found

    def phase(self, page: CasePage, kind: str, seconds: float) -> Measured:
        """Work while the outbox does what `kind` says."""
        does = "hang" if kind == HANGS else "accept"
        with ScriptedPeer(lambda _: does, hold_s=10 * seconds) as peer:
            self.send_to(peer.port, min(120, int(2 * seconds) + 5), on=kind != IDLE)
            for _ in range({HANGS: 1, BUSY: 8}.get(kind, 0)):
                self.sign_one()
            if kind != IDLE:
                self.tools.connections.sending.send(anyway=True)
                start.wait_ms(300)
            asked = self.tools.connections.sending.send
            found = self.work(page, seconds, lambda: asked(anyway=True))
            if kind == HANGS and not peer.messages:
                raise SystemExit("no message was on its way")
        start.wait_ms(600)  # what hung is closed upon, and the sender says so
        return found

    def seconds_to_answer(self, n: int) -> list[float]:
        """From the signature in the window to the answer of a peer on the loopback, `n` times."""
        times = []
        with ScriptedPeer() as peer:
            self.send_to(peer.port, 10)
            for _ in range(n):
                self._signed += 1
                session = self.workspace.new_counter_case(f"S-{self._signed}")
                session.count(SEGMENTED, 1)
                self.window.opener.opened.emit(session, None)
                start.wait_ms(300)
                before, began = len(peer.accepted), time.monotonic()
                sign(session, "A. Dupont", "Reviewed and reported", "Short count.")
                self.window.reporter.signed.emit()
                while len(peer.accepted) == before and time.monotonic() < began + 30:
                    start.wait_ms(2)
                times.append(time.monotonic() - began)
        return times


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        page = bench.open()
        bench.work(page, 3, lambda: None)  # what is loaded at first use
        found: dict[str, list[Measured]] = {kind: [] for kind in (IDLE, HANGS, BUSY)}
        for n in range(args.rounds):
            for kind in (IDLE, HANGS, BUSY) if n % 2 == 0 else (BUSY, HANGS, IDLE):
                found[kind].append(bench.phase(page, kind, args.seconds))
            print(f"{n + 1} of {args.rounds} rounds", file=sys.stderr, flush=True)
        result: dict[str, Any] = {kind: figures(phases) for kind, phases in found.items()}
        times = bench.seconds_to_answer(20)
        result["signature_to_answer"] = {
            "median_s": round(percentile(times, 0.5), 3), "longest_s": round(max(times), 3),
        }  # fmt: skip
        bench.window.close()
    text = json.dumps(result, indent=1)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
