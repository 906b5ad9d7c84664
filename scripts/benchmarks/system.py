"""What the whole program costs as a process: memory, start-up, slides, and the machine it ran on."""

from __future__ import annotations

import csv
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "bloodcells_gui"]


class Memory(threading.Thread):
    """Watches what a process and all that it starts hold in memory together (Linux).

    The kernel's own peak (`ru_maxrss`) also counts what the process that started it held: here PyTorch.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(name="memory", daemon=True)
        self.pid, self.peak_mb = pid, float("nan")
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.05):
            held = sum(self._resident_mb(pid) for pid in self._family(self.pid))
            if held:
                self.peak_mb = held if math.isnan(self.peak_mb) else max(held, self.peak_mb)

    def stop(self) -> float:
        """Stop watching; the peak in MB (10^6 bytes), NaN where there is no /proc."""
        self._over.set()
        self.join()
        return self.peak_mb

    @classmethod
    def _family(cls, pid: int) -> list[int]:
        try:
            lines = [p.read_text() for p in Path(f"/proc/{pid}/task").glob("*/children")]
        except OSError:
            return [pid]
        return [pid, *(one for line in lines for child in line.split() for one in cls._family(int(child)))]

    @staticmethod
    def _resident_mb(pid: int) -> float:
        try:
            return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        except (OSError, IndexError, ValueError):
            return 0.0


def child(command: Sequence[str | Path]) -> dict[str, float]:
    """Run a child to its end: wall seconds, CPU seconds, peak memory in MB (10^6 bytes) with all it starts."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(c) for c in command], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    memory = Memory(process.pid)
    memory.start()
    words = process.stderr.read() if process.stderr else b""
    peak_mb = memory.stop()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{words.decode()[-2000:]}")
    return {
        "wall_s": time.perf_counter() - started,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mb": peak_mb,
    }


def forget(folders: Sequence[Path]) -> None:
    """Ask the kernel to drop these files from its cache, so that the next start is a cold one (Linux)."""
    if not hasattr(os, "posix_fadvise"):
        return
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def many_crops(paths: Sequence[Path], n: int, folder: Path) -> None:
    """A folder of n images: hard links (copies across file systems) of the given ones, in turn."""
    folder.mkdir(parents=True)
    for i in range(n):
        source = paths[i % len(paths)]
        target = folder / f"{i:06}{source.suffix}"
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)


def memory_of_crops(
    paths: Sequence[Path], counts: Sequence[int], mpp: float, work: Path
) -> list[dict[str, float]]:
    """Peak memory and speed of `analyze` (report included) as the number of crops grows."""
    rows = []
    for n in counts:
        folder, out = work / f"crops{n}", work / f"out{n}"
        many_crops(paths, n, folder)
        found = child([*PROGRAM, "analyze", folder, "--out", out, "--mpp", str(mpp), "--quiet"])
        rows.append({"crops": n, "peak_mb": found["peak_mb"], "wall_s": found["wall_s"], "per_s": n / found["wall_s"],
                     "case_mb": (out / "case.bcs").stat().st_size / 1e6})  # fmt: skip
        shutil.rmtree(folder)
        shutil.rmtree(out)
    return rows


def slides(sides: Sequence[int], work: Path) -> list[dict[str, float]]:
    """mm2/s and peak memory of a whole scan of synthetic slides as their area grows."""
    rows = []
    for side in sides:
        folder, out = work / f"slide{side}", work / f"slide{side}-out"
        child([*PROGRAM, "demo", "--kind", "slide", "--size", f"{side}x{side}", "--out", folder, "--quiet"])
        slide = next(p for p in sorted(folder.iterdir()) if p.suffix.lower() in {".tif", ".tiff"})
        truth = json.loads(next(folder.glob("*truth*.json")).read_text(encoding="utf-8"))
        mpp = float(truth.get("mpp") or truth["um_per_px"])
        found = child([*PROGRAM, "analyze", slide, "--out", out, "--target-cells", "0", "--quiet"])
        with (out / "cells.csv").open(encoding="utf-8", newline="") as file:
            cells = sum(1 for _ in csv.reader(file)) - 1
        mm2 = (side * mpp / 1000) ** 2
        rows.append({"side_px": side, "mm2": mm2, "wall_s": found["wall_s"], "mm2_per_s": mm2 / found["wall_s"],
                     "peak_mb": found["peak_mb"], "cells": cells})  # fmt: skip
        shutil.rmtree(folder)
        shutil.rmtree(out)
    return rows


def start_up(program: Sequence[str], files: Sequence[Path], repeats: int = 5) -> dict[str, float]:
    """Seconds from starting the process to a window painted once (it closes by itself), cold and warm."""

    def once() -> float:
        with tempfile.TemporaryDirectory() as folder:
            return child([*program, "gui", "--screenshot", Path(folder) / "empty.png"])["wall_s"]

    once()
    warm = median(once() for _ in range(repeats))
    forget(files)
    return {"cold_s": once(), "warm_s": warm}


def machine(threads: int) -> dict[str, Any]:
    """Where the figures come from."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [
            line.split(":", 1)[1].strip()
            for line in cpuinfo.read_text().splitlines()
            if line.startswith("model name")
        ]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9 if hasattr(os, "sysconf") else 0.0
    packages = ("numpy", "onnxruntime", "opencv-python-headless", "PySide6-Essentials", "torch")
    versions = {}
    for name in packages:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "cpu": model, "cores": os.cpu_count(), "threads_used": threads, "memory_gb": round(memory, 1),
        "system": platform.platform(), "python": platform.python_version(), "packages": versions,
        "load_average_before": [round(x, 2) for x in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }  # fmt: skip
