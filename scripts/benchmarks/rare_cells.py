"""Are single blasts of a drawn slide found, and shown among the first twenty of the search for rare cells?

    python -m scripts.benchmarks.rare_cells --blasts 1 3 10 --slides 6 --cells 2000 --out rare.jsonl

Each slide is drawn with so many blasts among its nucleated cells, analysed to its end with the shipped
models, and put into the order in which a person is shown its cells. A blast is found where a listed cell lies
on it. One line of JSON a slide goes into ``--out``; slides that are there already are not drawn again.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bloodcells_gui.app.analysis import AnalysisJob, AnalysisOptions, new_case, run_to_end
from bloodcells_gui.app.engine import Engine, LazyEngine
from bloodcells_gui.app.intake import take_in
from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.rare_cells import to_look_at
from bloodcells_gui.domain.rare_search import RareSearch
from bloodcells_gui.domain.review_state import ReviewState
from bloodcells_gui.domain.stats import clopper_pearson
from bloodcells_gui.domain.taxonomy import BLAST
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.synthetic.slide import SLIDE_NAME, generate_slide
from bloodcells_gui.synthetic.truth import TRUTH_NAME

FIRST = 20
_NEAR_UM = 5.0
_MPP = 0.25
SEARCH = RareSearch((BLAST,), 400)


def ranks(cells: Sequence[Cell], order: Sequence[int], blasts: Sequence[tuple[float, float]]) -> list[int]:
    """Place of each drawn blast (its middle, px) in the order, from 1 on; 0 where it was not found."""
    place = {cell_id: i + 1 for i, cell_id in enumerate(order)}
    found = []
    for x, y in blasts:
        near = [
            (math.dist(c.box_px.centre, (x, y)), place.get(c.id, 0))
            for c in cells
            if math.dist(c.box_px.centre, (x, y)) * _MPP < _NEAR_UM
        ]
        found.append(min(near)[1] if near else 0)
    return found


def one_slide(
    folder: Path, engine: Engine, blasts: int, seed: int, cells: int, size: tuple[int, int]
) -> dict[str, Any]:
    """Draw and analyse a slide; returns what is kept of it."""
    generate_slide(folder, size, seed, cells, mpp=_MPP, blasts=blasts)
    truth = json.loads((folder / TRUTH_NAME).read_text(encoding="utf-8"))
    (image,) = truth["images"]
    drawn = [c for c in image["cells"] if c["code"] == BLAST]
    intake = take_in(folder / SLIDE_NAME, "slide")
    case = folder / "case.bcs"
    new_case(case, intake.specimen, case_id="rare").close()
    status = run_to_end(AnalysisJob(case, lambda: engine, AnalysisOptions(_MPP, 0, 1)))
    with CaseStore.open(case, read_only=True) as store:
        listed = store.load_cells()
        columns = {run.number: run.classes for run in store.runs}
    order = to_look_at(listed, ReviewState(listed), columns, SEARCH)
    places = ranks(listed, order, [(c["centre_x_px"], c["centre_y_px"]) for c in drawn])
    named = sum(c.predicted == BLAST and not c.abstained for c in listed)
    return {
        "blasts": blasts, "seed": seed, "status": str(status), "drawn": len(drawn), "listed": len(listed),
        "to_look_at": len(order), "named_blast": named, "ranks": sorted(places),
    }  # fmt: skip


def told(kept: Sequence[dict[str, Any]]) -> list[str]:
    """The table, a line for each number of blasts.

    In how many films one was among the first twenty, how many were listed at all, and how many would be among
    the first twenty if it were the only blast of its film.
    """
    titles = ("one among the first 20", "blasts listed", "each alone among the first 20")
    lines = [f"{'blasts':>6} {'slides':>6} " + " ".join(f"{title:>30}" for title in titles)]
    for blasts in sorted({k["blasts"] for k in kept}):
        films = [k for k in kept if k["blasts"] == blasts]
        places = [[r for r in sorted(k["ranks"]) if r] for k in films]
        drawn = sum(len(k["ranks"]) for k in films)
        figures = (
            _share(sum(any(r <= FIRST for r in found) for found in places), len(films)),
            _share(sum(map(len, places)), drawn),
            _share(sum(r - i <= FIRST for found in places for i, r in enumerate(found)), drawn),
        )
        lines.append(f"{blasts:6} {len(films):6} " + " ".join(f"{figure:>30}" for figure in figures))
    return lines


def _share(hits: int, n: int) -> str:
    low, high = clopper_pearson(hits, n)
    return f"{hits}/{n} ({100 * low:.0f} to {100 * high:.0f} %)"


def main() -> None:
    """Draw, analyse, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--blasts", type=int, nargs="+", default=[1, 3, 10])
    parser.add_argument("--slides", type=int, default=6)
    parser.add_argument("--cells", type=int, default=2000)
    parser.add_argument("--size", type=int, default=8192, help="side of the slide, px")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    kept = []
    if args.out and args.out.exists():
        kept = [json.loads(line) for line in args.out.read_text(encoding="utf-8").splitlines()]
    done = {(k["blasts"], k["seed"]) for k in kept}
    engine = LazyEngine(())()
    for seed in range(args.seed, args.seed + args.slides):
        for blasts in args.blasts:
            if (blasts, seed) in done:
                continue
            with tempfile.TemporaryDirectory(prefix="rare-") as folder:
                kept.append(one_slide(Path(folder), engine, blasts, seed, args.cells, (args.size, args.size)))
            if args.out:
                with args.out.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(kept[-1]) + "\n")
    print("\n".join(told(kept)))


if __name__ == "__main__":
    main()
