"""Kill the workers of a cluster at random moments and see that every slide is done exactly once.

    python -m scripts.tools.cluster_kill_test --kills 30 [--slides 16] [--side 1024] [--seed 1] [--folder DIR]

Draws small slides, analyses them in one process, then again on a real Dask scheduler with two worker processes,
which are killed (SIGKILL) while they are at a slide: at most twice at the same one, for the third time it would
be left out by rule. Fails unless every slide then has one folder, one case that verifies, one row in the
summary, and the tables of the run without kills, byte for byte.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import dask
import distributed

from bloodcells_gui.app.batch import AnalyzeRequest, analyze_all, verify_case
from bloodcells_gui.app.cluster import LOCAL_OPTIONS
from bloodcells_gui.app.demo import make_demo
from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.domain.distribution import Cluster
from bloodcells_gui.domain.progress import CancelToken

TABLES = ("cells.csv", "differential.csv", "skipped.csv")


def drawn_slides(folder: Path, count: int, side_px: int) -> tuple[Path, ...]:
    """Synthetic slides, each with a seed of its own; those that are there already are kept."""
    slides = []
    for i in range(count):
        slide = folder / f"slide-{i:03d}.tif"
        if not slide.exists():
            made = make_demo("slide", folder / f"drawn-{i:03d}", size_px=(side_px, side_px), seed=i + 1)
            made.rename(slide)
        slides.append(slide)
    return tuple(slides)


def differences(slides: tuple[Path, ...], out: Path, other: Path) -> list[str]:
    """What of the results of `out` is not as in `other`, one line each."""
    found = []
    for slide in slides:
        for name in TABLES:
            a, b = out / slide.name / name, other / slide.name / name
            if not a.is_file() or a.read_bytes() != b.read_bytes():
                found.append(f"{slide.name}: {name} differs")
        ok, lines = verify_case(out / slide.name / "case.bcs")
        found += [] if ok else [f"{slide.name}: {line}" for line in lines]
        cases = list((out / slide.name).glob("*.bcs"))
        found += [] if len(cases) == 1 else [f"{slide.name}: {len(cases)} cases"]
    with (out / "summary.csv").open(encoding="utf-8", newline="") as stream:
        rows = Counter(row["folder"] for row in csv.DictReader(stream))
    found += [f"{s.name}: {rows[s.name]} rows in the summary" for s in slides if rows[s.name] != 1]
    left = [p.name for p in out.iterdir() if p.is_dir() and p.name not in {s.name for s in slides}]
    return found + [f"left behind: {name}" for name in left]


def hunt(out: Path, kills: int, rng: random.Random, over: threading.Event, killed: Counter[str]) -> None:
    """Kill workers, each some time after it began a slide."""
    struck: set[str] = set()
    while not over.wait(0.05) and sum(killed.values()) < kills:
        begun = [p for p in out.glob(".cluster-*/?????-*") if p.suffix != ".whole" and p.name not in struck]
        for attempt in begun:
            number, pid = attempt.name[:5], int(attempt.name.rsplit("-", 2)[1])
            if killed[number] >= 2 or sum(killed.values()) >= kills:
                continue
            struck.add(attempt.name)
            if over.wait(rng.uniform(0, 3)) or not attempt.exists():
                continue
            os.kill(pid, signal.SIGKILL)
            killed[number] += 1


def run(args: argparse.Namespace, folder: Path) -> int:
    slides = drawn_slides(folder, args.slides, args.side)
    alone, out = folder / "alone", folder / "killed"
    out.mkdir()
    quiet: Callable[[Progress], None] = lambda _: None  # noqa: E731
    token = CancelToken()
    if not (alone / "summary.csv").exists():
        analyze_all(AnalyzeRequest(slides, alone), token=token, progress=quiet)
    killed: Counter[str] = Counter()
    over = threading.Event()
    began = time.monotonic()
    with (
        dask.config.set(LOCAL_OPTIONS),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
        ) as cluster,
    ):
        hunter = threading.Thread(target=hunt, args=(out, args.kills, random.Random(args.seed), over, killed))
        hunter.start()
        request = AnalyzeRequest(slides, out, cluster=Cluster(cluster.scheduler_address))
        outcomes = analyze_all(request, token=token, progress=quiet)
        over.set()
        hunter.join()
    wrong = [f"{o.specimen}: {o.error.text()}" for o in outcomes if o.error] + differences(slides, out, alone)
    for line in wrong:
        print(line)
    done = sum(killed.values())
    print(
        f"{done} workers killed at {len(killed)} of {len(slides)} slides in {time.monotonic() - began:.0f} s; ",
        end="",
    )
    print("every slide exactly once" if not wrong else f"{len(wrong)} faults")
    return 1 if wrong or done < args.kills else 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--slides", type=int, default=16)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    if args.folder is not None:
        args.folder.mkdir(parents=True, exist_ok=True)
        return run(args, args.folder)
    with tempfile.TemporaryDirectory() as folder:
        return run(args, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
