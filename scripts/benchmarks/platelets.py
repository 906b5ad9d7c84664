"""Is the platelet density of drawn slides right, do its limits hold the truth, and are drawn clumps seen?

    python -m scripts.benchmarks.platelets --slides 20 --size 8192 --out platelets.jsonl

Each slide is drawn with its truth, with clumps at the feathered edge or without, and analysed to its end with
the shipped models. The density that the program counted on its fields is held against the platelets drawn on
the same fields, and the limits of the ratio of platelets to red cells against the ratio that the slides are
drawn with. A clump is seen where a place of the search lies on it. ``clump_s`` is what the search took, and
``run_s`` the whole analysis. One line of JSON a slide goes into ``--out``; slides that are there already are
not drawn again.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bloodcells_gui.app.analysis import AnalysisJob, AnalysisOptions, new_case, run_to_end
from bloodcells_gui.app.engine import Engine, LazyEngine
from bloodcells_gui.app.intake import take_in
from bloodcells_gui.app.platelets import fields_of_runs, searches_of_runs
from bloodcells_gui.domain.counted_fields import CountedField, field_ratio
from bloodcells_gui.domain.stats import clopper_pearson
from bloodcells_gui.pipeline import slide as slide_source
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.synthetic.slide import SLIDE_NAME, generate_slide
from bloodcells_gui.synthetic.truth import TRUTH_NAME

_MPP = 0.25
_NEAR_UM = 8.0
# What is timed in place of the program's own.
_SEARCH = "search_slide"


def drawn_on(fields: Sequence[CountedField], points: Sequence[tuple[float, float]]) -> list[int]:
    """How many points lie on each field."""
    counts = []
    for field in fields:
        x, y, w, h = field.box_px
        counts.append(sum(x <= px < x + w and y <= py < y + h for px, py in points))
    return counts


def one_slide(
    folder: Path, engine: Engine, seed: int, cells: int, side: int, clumps: int, threads: int
) -> dict[str, Any]:
    """Draw and analyse a slide; returns what is kept of it."""
    generate_slide(folder, (side, side), seed, cells, mpp=_MPP, clumps=clumps)
    truth = json.loads((folder / TRUTH_NAME).read_text(encoding="utf-8"))
    (image,) = truth["images"]
    at = {
        code: [(c["centre_x_px"], c["centre_y_px"]) for c in image["cells"] if c["code"] == code]
        for code in ("PLT", "PLC")
    }
    intake = take_in(folder / SLIDE_NAME, "slide")
    case = folder / "case.bcs"
    new_case(case, intake.specimen, case_id="platelets").close()
    spent = [0.0]
    search = getattr(slide_source, _SEARCH)

    def timed(*args: Any) -> Any:
        began = time.perf_counter()
        found = search(*args)
        spent[0] += time.perf_counter() - began
        return found

    setattr(slide_source, _SEARCH, timed)
    began = time.perf_counter()
    try:
        status = run_to_end(AnalysisJob(case, lambda: engine, AnalysisOptions(_MPP, 0, threads)))
    finally:
        setattr(slide_source, _SEARCH, search)
    run_s = time.perf_counter() - began
    with CaseStore.open(case, read_only=True) as store:
        fields, searches = fields_of_runs(store.runs), searches_of_runs(store.runs)
    places = [c for s in searches for c in s.clumps]
    seen = sum(any(_lies_on(c.box_px, p) for c in places) for p in at["PLC"])
    false = sum(not any(_lies_on(c.box_px, p) for p in at["PLC"]) for c in places)
    drawn = drawn_on(fields, at["PLT"])
    areas = [f.area_mm2 for f in fields]
    density = field_ratio([f.platelets for f in fields], areas)
    return {
        "seed": seed, "status": str(status), "fields": len(fields), "area_mm2": sum(areas),
        "counted": sum(f.platelets for f in fields), "drawn": sum(drawn),
        "density": density and [density.value, density.low, density.high],
        "true_density": sum(drawn) / sum(areas) if areas else math.nan,
        "whole_film": len(at["PLT"]) / max(1, image["red_cells"]),
        "ratio": _ratio(fields), "clumps": len(at["PLC"]), "seen": seen, "false": false,
        "edge_mm2": sum(s.edge_mm2 for s in searches), "film_mm2": sum(s.searched_mm2 for s in searches),
        "clump_s": round(spent[0], 2), "run_s": round(run_s, 2),
    }  # fmt: skip


def _ratio(fields: Sequence[CountedField]) -> list[float] | None:
    found = field_ratio([f.platelets for f in fields], [f.red_cells for f in fields], sizes_counted=True)
    return None if found is None else [found.value, found.low, found.high]


def _lies_on(box: tuple[int, int, int, int], point: tuple[float, float]) -> bool:
    x, y, w, h = box
    near = _NEAR_UM / _MPP
    return x - near < point[0] < x + w + near and y - near < point[1] < y + h + near


def told(kept: Sequence[dict[str, Any]]) -> list[str]:
    """The figures over all slides."""
    used = [k for k in kept if k["density"] and k["drawn"]]
    if not used:
        return ["no slide gave a figure"]
    errors = [100 * (k["density"][0] / k["true_density"] - 1) for k in used]
    inside = sum(k["density"][1] <= k["true_density"] <= k["density"][2] for k in used)
    rates = [k for k in used if k["ratio"]]
    held = sum(k["ratio"][1] <= k["whole_film"] <= k["ratio"][2] for k in rates)
    within = sum(abs(e) <= 5 for e in errors)
    seen, drawn = sum(k["seen"] for k in kept), sum(k["clumps"] for k in kept)
    film = sum(k["film_mm2"] for k in kept)
    share = sum(k["clump_s"] for k in kept) / max(1e-9, sum(k["run_s"] - k["clump_s"] for k in kept))
    return [
        f"{len(used)} slides; counted against drawn on the same fields: mean {sum(errors) / len(errors):+.1f} %, "
        f"from {min(errors):+.1f} to {max(errors):+.1f} %; within 5 %: {_share(within, len(errors))}",
        f"limits of the density hold what was drawn there: {_share(inside, len(used))}",
        f"limits of platelets per red cell hold those of the whole film: {_share(held, len(rates))}",
        f"clumps seen: {_share(seen, drawn) if drawn else 'none drawn'}; false places: "
        f"{sum(k['false'] for k in kept)} on {film:.1f} mm2 of film",
        f"the search for clumps took {100 * share:.0f} % of the rest of the analysis",
    ]


def _share(hits: int, n: int) -> str:
    low, high = clopper_pearson(hits, n)
    return f"{hits}/{n} ({100 * low:.0f} to {100 * high:.0f} %)"


def main() -> None:
    """Draw, analyse, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slides", type=int, default=20)
    parser.add_argument("--cells", type=int, default=150, help="nucleated cells of a slide")
    parser.add_argument("--clumps", type=int, default=5, help="of every second slide")
    parser.add_argument("--size", type=int, default=8192, help="side of the slide, px")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    kept: list[dict[str, Any]] = []
    if args.out and args.out.exists():
        kept = [json.loads(line) for line in args.out.read_text(encoding="utf-8").splitlines()]
    done = {k["seed"] for k in kept}
    engine = LazyEngine(())()
    for seed in range(args.seed, args.seed + args.slides):
        if seed in done:
            continue
        with tempfile.TemporaryDirectory(prefix="platelets-") as folder:
            clumps = args.clumps if seed % 2 else 0
            found = one_slide(Path(folder), engine, seed, args.cells, args.size, clumps, args.threads)
        kept.append(found)
        if args.out:
            with args.out.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(found) + "\n")
    print("\n".join(told(kept)))


if __name__ == "__main__":
    main()
