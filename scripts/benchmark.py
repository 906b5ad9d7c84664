"""Measure the program against its own bound, against what a user would pick instead, and as it grows.

    .venv/bin/python scripts/benchmark.py                      words on the screen
    .venv/bin/python scripts/benchmark.py --json out.json      the same as JSON ("-": standard output)
    .venv/bin/python scripts/benchmark.py --parts crops --guard    the ratios alone, for continuous integration

Ratios come first, because they travel between machines; absolute figures belong to the machine that is named
with them. Definitions: docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as bloodcells_gui/__main__.py does

PARTS = ("crops", "rivals", "growth", "slides", "startup", "window")
# Continuous integration complains below this ratio of CPU seconds (other load on the machine hardly moves it): far
# below what is reached, above what a stage done twice would leave.
GUARD = {"ratio_bound_cpu_to_end_to_end_cpu": 0.6}
# The scale that the data set's manifest gives for the PBC crops; synthetic crops carry theirs in truth.json.
PBC_MPP = 0.107


def crops(data: Path, n: int, work: Path) -> tuple[list[Path], float, str]:
    """n JPEG crops: real ones where the folder is there, synthetic ones otherwise; with um/px and a name."""
    real = sorted((data / "pbc").glob("*/*.jpg"))
    if real:
        step = max(1, len(real) // n)
        return real[::step][:n], PBC_MPP, f"{n} real PBC crops (JPEG, 264 px)"
    from bloodcells_gui.app.demo import make_demo

    folder = work / "demo"
    make_demo("crops", folder, cells=min(n, 300))
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})
    found = [found[i % len(found)] for i in range(n)]
    return (
        found,
        float(truth.get("mpp") or truth["um_per_px"]),
        f"{n} synthetic crops ({found[0].suffix[1:]})",
    )


def measure(args: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Everything asked for, ratios first."""
    from bloodcells_gui.app.engine import default_threads, load_engine
    from scripts.benchmarks import baselines, stages, system, window

    threads = args.threads or default_threads()
    result: dict[str, Any] = {"machine": system.machine(threads), "ratios": {}}
    paths, mpp, name = crops(args.data, args.cells, work)
    result["images"] = name
    if {"crops", "rivals"} & set(args.parts):
        engine = load_engine()
        result["models"] = engine.identities()
        result["provider"] = engine.provider
        result["precision_because"] = engine.classifier.precision_reason
        found = stages.run(paths, engine, mpp, threads, args.rounds)
        result["crops"] = found
        result["ratios"] |= {key: value for key, value in found.items() if key.startswith("ratio_")}
    if "rivals" in args.parts:
        some = paths[: min(len(paths), 256)]
        _, windows = stages.stages_alone(some, engine, mpp)
        ours = stages.end_to_end(some, engine, mpp, threads)
        result["rivals"] = baselines.run(some, windows.naming, engine, ours, threads)
        result["rivals"]["whole_analysis_by_precision"] = baselines.whole_in_both_precisions(
            some, engine, mpp, threads
        )
        for rival, entry in result["rivals"]["whole_analysis_against"].items():
            if "times_faster_ours" in entry:
                result["ratios"][f"times faster than {rival}"] = entry["times_faster_ours"]
                result["ratios"][f"times less CPU than {rival}"] = entry["times_less_cpu_ours"]
    if "growth" in args.parts:
        result["growth_with_crops"] = system.memory_of_crops(paths, args.growth, mpp, work)
        result["growth_with_threads"] = [
            {"threads": n, **stages.end_to_end(paths, load_engine(), mpp, n)} for n in sorted({1, 2, threads})
        ]
    if "slides" in args.parts:
        result["slides"] = system.slides(args.slide_sides, work)
        per_area = [row["mm2_per_s"] for row in result["slides"]]
        result["ratios"]["slide mm2/s, largest to smallest"] = per_area[-1] / per_area[0]
    if "startup" in args.parts:
        packages = [Path(p) for p in sys.path if p.endswith("site-packages")]
        result["start_up_from_source"] = system.start_up(system.PROGRAM, [*packages, ROOT / "bloodcells_gui"])
        if args.frozen:
            result["start_up_frozen"] = system.start_up([str(args.frozen / "bloodcells")], [args.frozen])
    if "window" in args.parts:
        result["window"] = window.measure(paths)
    result["ratios"] = dict(result["ratios"])
    return {"ratios": result.pop("ratios"), **result}


def guard(ratios: dict[str, float]) -> list[str]:
    """What fell below the guard, in words."""
    return [
        f"{name} is {ratios.get(name, 0.0):.2f}; it must not fall below {least}"
        for name, least in GUARD.items()
        if ratios.get(name, 0.0) < least
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON; - is standard output")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cells", type=int, default=512, help="crops per round (default 512)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--growth", type=int, nargs="+", default=[1000, 5000, 20000], metavar="N")
    parser.add_argument("--slide-sides", type=int, nargs="+", default=[4096, 8192, 16384], metavar="PX")
    parser.add_argument("--frozen", type=Path, metavar="DIR", help="also start the packaged program in DIR")
    parser.add_argument("--guard", action="store_true", help="fail where a ratio falls below its limit")
    args = parser.parse_args()
    # So that the temporary folders go when it is stopped half-way.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bloodcells-bench-") as work:
        os.environ["BLOODCELLS_HOME"] = str(Path(work) / "home")
        result = measure(args, Path(work))
    result["took_s"] = round(time.monotonic() - started, 1)
    text = json.dumps(result, indent=1)
    if args.json == "-" or not args.json:
        print(text)
    else:
        Path(args.json).write_text(text + "\n", encoding="utf-8")
        print(json.dumps(result["ratios"], indent=1))
    if args.guard and (low := guard(result["ratios"])):
        sys.exit("\n".join(low))


if __name__ == "__main__":
    main()
