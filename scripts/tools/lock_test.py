"""Let another SQLite program write beside this one and see that no acknowledged decision is lost.

    python scripts/tools/lock_test.py --runs 10 --seconds 20 [--folder DIR]

A child opens one case as the window does: one thread decides, another looks at the work list, verifies, hashes
and offers the case as an image, again and again. Beside it a plain SQLite tool writes into the same file. Once
both have ended, the file must be whole and hold every decision that was acknowledged, and every row the tool
wrote. DIR should lie on a disk: in memory, writes are too short to meet.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bloodcells_gui.domain.errors import UserError  # noqa: E402
from bloodcells_gui.domain.review import EventKind  # noqa: E402
from bloodcells_gui.domain.review_state import ReviewState, make_event, utc_now  # noqa: E402
from bloodcells_gui.domain.specimen import Specimen, SpecimenKind  # noqa: E402
from bloodcells_gui.imaging.io.decode import probe  # noqa: E402
from bloodcells_gui.imaging.io.plain_files import sha256_of  # noqa: E402
from bloodcells_gui.imaging.io.refusal import ImageRefused  # noqa: E402
from bloodcells_gui.storage.audit import verify  # noqa: E402
from bloodcells_gui.storage.case import CaseStore  # noqa: E402
from bloodcells_gui.storage.worklist import Worklist  # noqa: E402


def program(path: Path, seconds: float) -> None:
    """Decide and look for a while; print each decision that was acknowledged."""
    end = time.monotonic() + seconds
    with CaseStore.open(path) as store, Worklist(path.parent) as worklist:
        state = ReviewState(store.load_cells())

        def look() -> None:
            while time.monotonic() < end:
                worklist.refresh()
                with contextlib.suppress(UserError):
                    verify(path, images=False)
                sha256_of(path)
                with contextlib.suppress(ImageRefused):
                    probe(path)

        looking = threading.Thread(target=look)
        looking.start()
        while time.monotonic() < end:
            text = f"{state.last_seq + 1} {os.urandom(400).hex()}"
            try:
                event = store.append(make_event(state, EventKind.NOTE, "ana", new=text))
            except UserError as error:  # busy: not acknowledged, a person would repeat it
                print(json.dumps({"refused": error.text()}), flush=True)
                continue
            state.apply(event)
            time.sleep(0.001)
            print(json.dumps({"seq": event.seq, "text": text}), flush=True)
        looking.join()


def tool(path: Path, seconds: float) -> None:
    """What any SQLite tool does: one row, one transaction, again and again."""
    end = time.monotonic() + seconds
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    n = 0
    while time.monotonic() < end:
        n += 1
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO meta VALUES (?, ?)", (f"tool {n}", os.urandom(2000).hex()))
        connection.execute("COMMIT")
        print(n, flush=True)
        time.sleep(0.001)
    connection.close()


def one_run(folder: Path, seconds: float) -> dict[str, int]:
    """Both side by side; how many decisions were kept, refused and lost, and rows of the tool lost."""
    path = folder / "case.bcs"
    specimen = Specimen("locks", SpecimenKind.CROPS, folder)
    CaseStore.create(path, specimen, case_id="locks", created=utc_now(), app_version="0").close()
    children = [
        subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), "--child", who, str(path), str(seconds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for who in ("program", "tool")
    ]
    # read side by side: a full pipe would stop the other's writing
    texts: list[tuple[bytes, bytes]] = [(b"", b"")] * 2

    def drain(i: int) -> None:
        texts[i] = children[i].communicate()

    readers = [threading.Thread(target=drain, args=(i,)) for i in range(2)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    faults = sum("Traceback" in err.decode() for _, err in texts)
    said = [json.loads(line) for line in texts[0][0].splitlines()]
    acknowledged = {line["seq"]: line["text"] for line in said if "seq" in line}
    found = {"kept": 0, "refused": len(said) - len(acknowledged), "lost": 0, "tool_lost": 0, "broken": faults}
    connection = sqlite3.connect(path)
    try:
        found["broken"] += connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]
        there = dict(connection.execute("SELECT seq, new FROM events"))
        found["kept"] = sum(there.get(seq) == text for seq, text in acknowledged.items())
        found["lost"] = len(acknowledged) - found["kept"]
        rows = connection.execute("SELECT count(*) FROM meta WHERE key LIKE 'tool %'").fetchone()[0]
        found["tool_rows"] = len(texts[1][0].splitlines())
        found["tool_lost"] = found["tool_rows"] - rows
    except sqlite3.Error:
        found["broken"] += 1
    finally:
        connection.close()
    if faults:
        print(texts[0][1].decode()[-2000:], texts[1][1].decode()[-2000:], file=sys.stderr)
    return found


def main() -> int:
    """Run it; exit code 1 when anything was lost or broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"))
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        who, path, seconds = options.child
        {"program": program, "tool": tool}[who](Path(path), float(seconds))
        return 0
    bad = 0
    for run in range(options.runs):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            found = one_run(Path(folder), options.seconds)
        bad += found["lost"] + found["tool_lost"] + found["broken"]
        print(f"run {run + 1}: {found}", flush=True)
    print("nothing lost" if not bad else f"{bad} lost or broken")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
