"""One picture of ``scripts/benchmark.py --json``: ``plot.py benchmarks.json benchmarks.png`` (needs matplotlib)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

OURS, OTHERS, LIMIT = "#1f5a8a", "#9aa7b5", "#c0392b"


def speeds(ax: Axes, found: dict[str, Any]) -> None:
    """CPU time a cell, ours beside the alternatives': what else runs on the machine hardly moves it."""
    rows = [("whole analysis", found["crops"]["cpu_ms_per_cell"]["end_to_end"], OURS)]
    for name, entry in found.get("rivals", {}).get("whole_analysis_against", {}).items():
        if "cpu_s_per_cell" in entry:
            rows.append((name, 1000 * entry["cpu_s_per_cell"], OTHERS))
    rows.reverse()
    ax.barh([r[0] for r in rows], [r[1] for r in rows], color=[r[2] for r in rows])
    for i, (_, value, _) in enumerate(rows):
        ax.text(value, i, f" {value:.0f}", va="center")
    ax.set_title("CPU time per cell from JPEG files, ms")
    ax.margins(x=0.15)


def cost(ax: Axes, found: dict[str, Any]) -> None:
    """CPU milliseconds per cell by stage beside the whole."""
    parts = dict(found["crops"]["cpu_ms_per_cell"])
    whole, left = parts.pop("end_to_end"), 0.0
    for (name, value), shade in zip(parts.items(), ("#7fb3d5", "#5499c7", OURS, "#154360"), strict=False):
        ax.barh("stages", value, left=left, color=shade, label=name)
        left += value
    ax.barh("end to end", whole, color=OTHERS)
    ax.set_ylim(-0.6, 2.8)
    ax.legend(loc="upper left", ncols=2, fontsize=8)
    ax.set_title("CPU time per cell, ms")


def memory(ax: Axes, found: dict[str, Any]) -> None:
    """Peak memory as crops grow."""
    rows = found["growth_with_crops"]
    ax.plot([r["crops"] for r in rows], [r["peak_mb"] for r in rows], "o-", color=OURS)
    ax.axhline(700, color=LIMIT, linestyle="--", linewidth=1)
    ax.set_ylim(0, 800)
    ax.set_title("Peak memory of `analyze`, MB (limit 700)")
    ax.set_xlabel("crops")


def slide(ax: Axes, found: dict[str, Any]) -> None:
    """Scan speed as the slide grows."""
    rows = found["slides"]
    ax.plot([r["mm2"] for r in rows], [r["mm2_per_s"] for r in rows], "o-", color=OURS)
    ax.set_ylim(0, None)
    ax.set_title("Slides, mm² per second")
    ax.set_xlabel("mm² of the slide")


def main() -> None:
    source, target = map(Path, sys.argv[1:3])
    found = json.loads(source.read_text(encoding="utf-8"))
    charts = [speeds, cost]
    charts += [memory] if len(found.get("growth_with_crops", [])) > 1 else []
    charts += [slide] if found.get("slides") else []
    figure, axes = plt.subplots(
        (len(charts) + 1) // 2, 2, figsize=(11, 3.2 * ((len(charts) + 1) // 2)), squeeze=False
    )
    for ax, chart in zip(axes.flat, charts, strict=False):
        chart(ax, found)
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes.flat[len(charts) :]:
        ax.set_visible(False)
    where = found["machine"]
    figure.suptitle(f"{where['cpu']}, {where['threads_used']} threads; {found['images']}", fontsize=10)
    figure.tight_layout()
    figure.savefig(target, dpi=110)


if __name__ == "__main__":
    main()
