"""Prove the outbox against kills and faulty peers: nothing lost, nothing twice, nothing under two ids.

    .venv/bin/python -m scripts.benchmarks.outbox_faults [--kills 200] [--conversations 1000] [--lab URL] [--json FILE]

With --lab, three stations share the outbox of an empty database (`bloodcells lab init URL`), and after every tenth
kill all connections to a PostgreSQL server are cut.

Kills: a process signs, amends and sends, and is killed at a moment by chance; then the next one goes on with the same
folder. Conversations: a peer behaves in a way by chance each time. At the end every signed report must have arrived
under exactly one id with the same bytes, or be in the list of what did not arrive. Exit code 1 where one was not.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bloodcells_gui.app.outgoing import places_of
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import amend, sign
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.connect.hl7_text import parse_message
from bloodcells_gui.domain.connecting import TCP, Connections, Destination, SendState, is_withdrawal
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.taxonomy import SEGMENTED
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.outbox import CLAIM_S
from scripts.tools.scripted_peer import ARRIVES, FAULTS, REFUSES, ScriptedPeer

NAME = "LIS"
HOLD_S = 1.3
#: Long floods would be all that is measured; `tests/connect` has them.
QUICK_FAULTS = tuple(f for f in FAULTS if not f.startswith("huge"))


def no_engine() -> Any:
    """There are no models here."""
    raise UserError("There is no model.")


def workstation(home: Path, port: int, lab: str = "") -> Workspace:
    """The workspace of a folder with one destination on this computer, of the laboratory `lab` where given."""
    workspace = Workspace(no_engine, home=home, config=home)
    if workspace.settings.lab_database != lab:
        workspace.change_settings(lab_database=lab, target_cells=0)
    workspace.notice_settings()
    if not lab:
        workspace.change_settings(target_cells=0)
    destination = Destination(NAME, transport=TCP, host="127.0.0.1", port=port, timeout_s=1)
    workspace.outbox.save_connections(
        Connections((destination,)).confirm("A. Dupont", "2026-03-02T11:00:00Z")
    )
    return workspace


def signed(session: CaseSession, meaning: str = "Reviewed and reported") -> None:
    """Count a cell and sign."""
    session.count(SEGMENTED, 1)
    sign(session, "A. Dupont", meaning, "Short count.")


def report(session: CaseSession, chance: random.Random, patient: str) -> None:
    """Sign, by chance amend, by chance for another patient."""
    session.set_field("patient_id", patient)
    signed(session)
    if chance.random() < 0.6:
        amend(session, "A. Dupont", "one more")
        if chance.random() < 0.5:  # the former result went to a wrong patient
            session.set_field("patient_id", f"{patient}-right")
        signed(session, "Amended report")


# -- kills ---------------------------------------------------------------------------------------------


def work(home: Path, port: int, seed: int, begins: Any, lab: str = "") -> None:
    """Sign, amend and send until killed, as the window does: signing here, sending in a thread.

    The event `begins` is set before the first signature.
    """
    chance = random.Random(seed)
    workspace = workstation(home, port, lab)

    def send() -> None:
        while True:
            with contextlib.suppress(UserError):
                workspace.outbox.send(anyway=True)
            time.sleep(0.01)

    threading.Thread(target=send, daemon=True).start()
    for n in range(10_000):
        session = workspace.new_counter_case(f"S-{seed}-{n}")
        begins.set()
        with contextlib.suppress(UserError) if lab else contextlib.nullcontext():  # a cut connection
            report(session, chance, f"P-{seed}-{n}")
        session.close()


@dataclass
class Found:
    """What is in the folder and what the peer has.

    `reports` are (examination, version) -> control id of every signature, `withdrawals` of every withdrawal by
    the version that shows it; `arrived` control id -> bytes of each message that the peer acknowledged or might
    have.
    """

    reports: dict[tuple[str, int], str] = field(default_factory=dict)
    withdrawals: dict[tuple[str, int], str] = field(default_factory=dict)
    arrived: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))


def found_in(workspace: Workspace) -> Found:
    """Control ids of every signature and withdrawal in the folder of cases."""
    found = Found()
    for path in sorted(workspace.cases_dir.glob("*.bcs")):
        session = workspace.open_to_look(path)
        for place in places_of(session):
            found.reports[str(path), place.version] = place.control_id
            if place.wrong is not None:
                found.withdrawals[str(path), place.version] = place.replaces
        session.close()
    return found


def judge(found: Found, workspace: Workspace) -> list[str]:
    """What is wrong: lost, unknown, under two ids, or repeated with other bytes."""
    wrong = []
    visible = {line.control_id: line for line in workspace.outbox.lines()}
    for place, control in (*found.reports.items(), *found.withdrawals.items()):
        line = visible.get(control)
        if line is None:
            wrong.append(f"{place}: signed, and not in the outbox")
        elif line.state is SendState.SENT and control not in found.arrived:
            wrong.append(f"{place}: called sent, and the peer never had it")
    for (case, version), control in found.withdrawals.items():
        place = (case, max(v for c, v in found.reports if c == case and v < version))
        if found.reports[place] in found.arrived and control not in found.arrived:
            wrong.append(f"{place}: went to a wrong patient, and was not taken back")
    known = {*found.reports.values(), *found.withdrawals.values()}
    wrong += [
        f"{control}: arrived, and nobody signed it" for control in found.arrived if control not in known
    ]
    wrong += [f"{c}: repeats differ" for c, messages in found.arrived.items() if len(set(messages)) > 1]
    twice = Counter(found.reports.values())
    wrong += [f"{control}: id of two reports" for control, n in twice.items() if n > 1]
    by_report = defaultdict(set)
    for control, messages in found.arrived.items():
        message = parse_message(messages[0])
        if is_withdrawal(control):
            continue
        by_report[message.get("OBR", 3), _without_ids(messages[0])].add(control)
    wrong += [
        f"{place[0]}: one result under {len(ids)} ids" for place, ids in by_report.items() if len(ids) > 1
    ]
    return wrong


def _without_ids(message: bytes) -> str:
    """A message without its head: two of one result would be alike but for the id there."""
    return hashlib.sha256(message.split(b"\r", 1)[1]).hexdigest()


def kills(n: int, folder: Path, seed: int, span_s: float, lab: str = "") -> dict[str, Any]:
    """`n` processes that are killed, one after another, over one folder, or in turn over three with one `lab`.

    Each within `span_s` seconds of its first signature's begin, at a moment by chance.
    """
    context = multiprocessing.get_context("fork")
    log = folder / "peer.jsonl"
    ports = context.Queue()
    # Each fork below is of a process without threads: the peer has one of its own.
    server = context.Process(target=_peer_process, args=(log, ports, seed), daemon=True)
    server.start()
    port = int(ports.get())
    chance = random.Random(seed)
    homes = [folder / f"home{number or ''}" for number in range(3 if lab else 1)]
    for i in range(n):
        begins = context.Event()
        child = context.Process(target=work, args=(homes[i % len(homes)], port, i, begins, lab))
        child.start()
        begins.wait(120)
        time.sleep(chance.uniform(0, span_s))
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        if i % 10 == 9 and lab.startswith("postgres"):
            cut(lab)
        if i % 20 == 19:
            print(f"{i + 1} of {n} kills", file=sys.stderr, flush=True)
    found = Found()
    for home in homes:
        workspace = workstation(home, port, lab)
        _empty(workspace)
        there = found_in(workspace)
        found.reports |= there.reports
        found.withdrawals |= there.withdrawals
        if home is not homes[-1]:
            workspace.outbox.close()
            workspace.lab.close()
    server.terminate()
    server.join()
    for line in log.read_text(encoding="utf-8").splitlines():
        message = json.loads(line)["message"].encode()
        found.arrived[parse_message(message).get("MSH", 10)].append(message)
    wrong = judge(found, workspace)
    lines = workspace.outbox.lines()
    workspace.outbox.close()
    workspace.lab.close()
    return {
        "kills": n,
        "stations": len(homes),
        "signed_reports": len(found.reports),
        "withdrawals": len(found.withdrawals),
        "arrived": len(found.arrived),
        "repeats_under_the_same_id": sum(len(m) - 1 for m in found.arrived.values()),
        "states": dict(Counter(line.state.value for line in lines)),
        "wrong": wrong,
    }


def _peer_process(log: Path, ports: Any, seed: int) -> None:
    chance = random.Random(seed)
    with log.open("a", encoding="utf-8") as file, ScriptedPeer(hold_s=HOLD_S) as peer:

        def act(_control: str) -> str:
            return chance.choice(("accept",) * 8 + ("close after", "twice", "fragments"))

        peer.does = act
        ports.put(peer.port)
        written = 0
        while True:
            time.sleep(0.005)
            for message in peer.messages[written:]:
                file.write(json.dumps({"message": message.decode()}) + "\n")
                written += 1
            file.flush()


def cut(lab: str) -> None:
    """Cut every connection to a laboratory's database but this one."""
    with LabDatabase(lab) as database:
        database.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )


def _empty(workspace: Workspace) -> None:
    """Send until nothing waits; what a killed station of a laboratory held is free after a minute."""
    until = time.monotonic() + 2 * CLAIM_S
    while time.monotonic() < until:
        try:
            workspace.outbox.send(anyway=True)
        except UserError:
            time.sleep(0.05)
        if not any(line.state is SendState.WAITING for line in workspace.outbox.lines()):
            time.sleep(0.1)  # the peer writes its log
            return
        time.sleep(0.05)


# -- conversations ---------------------------------------------------------------------------------------


def conversations(n: int, folder: Path, seed: int) -> dict[str, Any]:
    """`n` conversations with a peer that behaves in a way by chance, over as many reports as it takes."""
    chance = random.Random(seed)
    acts: Counter[str] = Counter()

    def act(_control: str) -> str:
        found = chance.choice((*QUICK_FAULTS, "accept", "accept"))
        acts[found] += 1
        return found

    with ScriptedPeer(act, hold_s=HOLD_S) as peer:
        workspace = workstation(folder / "home", peer.port)
        number = 0
        while sum(acts.values()) < n:
            while sum(x.state is SendState.WAITING for x in workspace.outbox.lines()) < 25:
                number += 1
                session = workspace.new_counter_case(f"S-{number}")
                signed(session)
                session.close()
            workspace.outbox.send(anyway=True, stop=lambda: sum(acts.values()) >= n)
        faulty = Counter(acts)
        peer.does = lambda _: "accept"
        _empty(workspace)
        refused = [x for x in workspace.outbox.lines() if x.state is SendState.REFUSED]
        for line in refused:
            workspace.outbox.retry(line.destination, line.control_id)
        _empty(workspace)
    found = found_in(workspace)
    for message in peer.messages:
        found.arrived[parse_message(message).get("MSH", 10)].append(message)
    wrong = judge(found, workspace)
    states = dict(Counter(line.state.value for line in workspace.outbox.lines()))
    workspace.outbox.close()
    return {
        "conversations": sum(faulty.values()),
        "faulty": sum(v for k, v in faulty.items() if k not in ARRIVES and k not in REFUSES),
        "by_kind": dict(sorted(faulty.items())),
        "signed_reports": len(found.reports),
        "refused_and_repeated_by_hand": len(refused),
        "repeats_under_the_same_id": sum(len(m) - 1 for m in found.arrived.values()),
        "states": states,
        "wrong": wrong,
    }


def delay(folder: Path, n: int = 20) -> dict[str, float]:
    """Seconds from the call that signs to the acknowledgment in the outbox, on the loopback; and of CPU."""
    times, cpu = [], []
    with ScriptedPeer() as peer:
        workspace = workstation(folder / "home", peer.port)
        for i in range(n):
            session = workspace.new_counter_case(f"S-{i}")
            session.count(SEGMENTED, 1)
            began, used = time.monotonic(), time.process_time()
            sign(session, "A. Dupont", "Reviewed and reported", "Short count.")
            workspace.outbox.send()
            times.append(time.monotonic() - began)
            cpu.append(time.process_time() - used)
            session.close()
        workspace.outbox.close()
    return {"median_s": sorted(times)[n // 2], "most_s": max(times), "cpu_s": sorted(cpu)[n // 2]}


def main() -> int:
    """Run the proofs; 1 where a report was lost, doubled or had two ids."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--conversations", type=int, default=1000)
    parser.add_argument("--lab", default="", metavar="URL")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("kills", "conversations", "delay"):
            (folder / part / "home").mkdir(parents=True)
        result["sign_to_acknowledged"] = took = delay(folder / "delay")
        if args.kills:
            result["kills"] = kills(args.kills, folder / "kills", args.seed, 6 * took["median_s"], args.lab)
        if args.conversations:
            result["conversations"] = conversations(args.conversations, folder / "conversations", args.seed)
    text = json.dumps(result, indent=1)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")
    return int(any(part.get("wrong") for part in result.values()))


if __name__ == "__main__":
    sys.exit(main())
