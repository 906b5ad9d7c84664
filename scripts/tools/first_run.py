"""The first thing a newcomer sees: the synthetic specimen, analysed, in the window or as files.

Called by ``scripts/bootstrap.sh run``. Where a display can be opened the window shows the analysed specimen;
otherwise (or with ``--headless``) the same job runs without one, and this says where the report and a
screenshot of the window, rendered offscreen, lie.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "bloodcells_gui"]
PROBE = "from PySide6.QtGui import QGuiApplication; QGuiApplication([])"


def display_works() -> bool:
    """Whether a window can be opened: a display is named and Qt can connect to it."""
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    if os.environ.get("QT_QPA_PLATFORM") in {"offscreen", "minimal"}:
        return False
    try:
        done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def step(words: str, *arguments: str | Path, env: dict[str, str] | None = None) -> None:
    """Say what comes, run the program's verb, stop with its exit code where it fails."""
    print(f"\n== {words}", flush=True)
    done = subprocess.run(
        [*PROGRAM, *map(str, arguments)], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        print(f"\nThis step failed (exit code {done.returncode}); its own words are above.", file=sys.stderr)
        sys.exit(done.returncode)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--headless", action="store_true", help="files only, even where there is a display")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "demo-out", metavar="DIR", help="default: demo-out"
    )
    parser.add_argument(
        "--cells", type=int, default=120, metavar="N", help="size of the specimen (default 120)"
    )
    args = parser.parse_args()
    out = args.out.resolve()
    specimen, results = out / "specimen", out / "results"

    step("Drawing the synthetic specimen (seeded: the same cells every time)",
         "demo", "--out", specimen, "--kind", "crops", "--cells", str(args.cells))  # fmt: skip
    step("Analysing it: find, segment, measure, classify, report",
         "analyze", specimen, "--out", results, "--specimen-id", "SYNTHETIC-1", "--save-masks")  # fmt: skip

    if not args.headless and display_works():
        print("\n== Opening the window (close it to end)", flush=True)
        sys.exit(subprocess.run([*PROGRAM, "gui", str(results / "case.bcs")], check=False).returncode)

    screenshot = out / "window.png"
    step("Drawing the window offscreen", "gui", results / "case.bcs", "--screenshot", screenshot,
         env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})  # fmt: skip
    print("\nThere is no display here, so the same job ran without a window. All cells are synthetic.")
    for name, path in (
        ("screenshot of the window", screenshot),
        ("report", results / "report.pdf"),
        ("differential", results / "differential.csv"),
        ("every cell", results / "cells.csv"),
        ("the case, to open later", results / "case.bcs"),
    ):
        if not path.is_file():
            sys.exit(f"expected {path}, but it was not written")
        print(f"  {name:26} {path}")


if __name__ == "__main__":
    main()
