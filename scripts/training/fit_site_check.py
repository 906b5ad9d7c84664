"""Fit what a new laboratory may expect (``bloodcells_gui/domain/site_check.py``) on laboratories that the networks never saw.

    python -m scripts.training.stored_networks && python -m scripts.training.site_copies && python -m scripts.training.fit_site_check

Every laboratory, and every copy of it in another stain, light, focus or scale (``scripts.training.site_copies``), is cut in two halves. From the
first, sets of 50 to 200 cells are drawn, as they come and in a blood's proportions, and read as the program reads them; the second tells the
truth about sets of the same sort: what share is named, and what share of the named is right (five-part).

What is expected is what the program itself reads: the share that it names, and the mean probability that it gives the named. Lines fitted through
these and further readings did worse on laboratories left out, which `off by` shows. What is learned is how far the truth was from that: limits
wide enough for every laboratory with its copies. Each is judged by the limits of the others. Writes the expectation for the bundle into
``resources/site_check``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bloodcells_gui.adaptation.morphometry import COLUMNS
from bloodcells_gui.app.site_check_store import expectation_file
from bloodcells_gui.app.site_readings import answers_in, light_in, stain_and_size_in
from bloodcells_gui.domain.site_advice import BLANK_LEVEL, BLANK_SEEN
from bloodcells_gui.domain.site_check import LEAST_CELLS
from bloodcells_gui.domain.site_expectation import SCHEMA, Line, expectation_from
from bloodcells_gui.domain.site_expectation import Answers as Read
from scripts.training.data import CACHE_PX, CACHE_UM, LEAVES, Cache, pictured
from scripts.training.judge_serving import films_of
from scripts.training.morphometry_fit import measured_crops, morphometry_model
from scripts.training.serving import Answers, Serving, answered, serve, serving_of
from scripts.training.site_copies import COPIES, NETWORKS, copy_path, rows_drawn

#: Laboratories whose own answers are stored; `tecom` is a sixth, answered by the shipped network.
STORED = ("pbc", "raabin", "bccd", "lisc", "deepbionet")
SIZES = (50, 100, 200)
#: What the program itself reads of each share. Further readings made neither nearer to laboratories left out.
READING = {"named": "named", "right": "probability"}
#: A fitted line is held towards the reading itself as by so many sets.
HOLD = 3.0
_NO_LIMITS = ((0, 0.0, 0.0),)
LEVEL = 0.95
POINTS = 0.05
_SETS = 4
_FILMS = 6
_PICTURES = 80
_FIELD_UM = 27.0


@dataclass(frozen=True)
class Drawn:
    """A set of cells as it was read, and the truth of the other half of its laboratory.

    Attributes
    ----------
    laboratory, copy : str
    read : Read
    named, right : float
        True shares, 0 to 1.
    """

    laboratory: str
    copy: str
    read: Read
    named: float
    right: float

    def truth(self, what: str) -> float:
        """One of both shares by name."""
        return self.named if what == "named" else self.right


def read_set(answers: Answers, serving: Serving) -> Read:
    """A set of cells as the program reads it."""
    before, after = answered(answers, serving), serve(answers, serving)
    return answers_in(
        LEAVES, before.probabilities, after.probabilities, after.uncertainty, after.unidentified
    )  # fmt: skip


def truth_of(half: Answers, drawn: Sequence[np.ndarray], serving: Serving) -> tuple[float, float] | None:
    """Share named, and right of the named five-part cells, over sets of cells of a half; None where none is named."""
    cells = named = judged = right = 0
    for part in (half.subset(d) for d in drawn):
        served = serve(part, serving)
        said, known = ~served.unidentified, part.five >= 0
        cells += len(part)
        named += int(said.sum())
        judged += int((said & known).sum())
        right += int((said & known & (served.five == part.five)).sum())
    return (named / cells, right / judged) if judged else None


def sets_of(half: Answers, seed: int) -> dict[str, list[np.ndarray]]:
    """Cells of sets drawn from a half: as they come, in every size that it has, and films of a blood's proportions."""
    rng = np.random.default_rng(seed)
    sizes = [n for n in SIZES if n <= len(half)] or [len(half)]
    as_they_come = [rng.permutation(len(half))[:n] for n in sizes for _ in range(_SETS)]
    films = list(films_of(half, 2 * _SETS, seed).cells)
    return {"as they come": as_they_come, "films": films}


def drawn_from(answers: Answers, copy: str, serving: Serving, seed: int) -> list[Drawn]:
    """Sets of one laboratory or copy: each half is read and told the truth by the other, in the same proportions."""
    order = np.random.default_rng(seed).permutation(len(answers))
    halves = [answers.subset(np.sort(order[k::2])) for k in range(2)]
    sets = [sets_of(half, seed + k) for k, half in enumerate(halves)]
    found = []
    for k in range(2):
        for name, drawn in sets[k].items():
            others = sets[1 - k][name][-_FILMS:]
            truth = truth_of(halves[1 - k], others, serving) if others else None
            if truth is not None:
                read = [read_set(halves[k].subset(cells), serving) for cells in drawn]
                found += [Drawn(answers.name, copy, r, *truth) for r in read if r.cells >= LEAST_CELLS]
    return found


def load_sets(cache: Path, serving: Serving) -> list[Drawn]:
    """Sets of all laboratories and copies whose answers are there."""
    found: list[Drawn] = []
    for site in dict.fromkeys((*STORED, *NETWORKS)):
        morphometry = morphometry_model(cache, site)
        plain = cache / f"without-{site}" / "away.npz"
        for number, copy in enumerate(COPIES):
            path = copy_path(cache, site, copy)
            if copy == "plain" and plain.is_file():
                path = plain
            if path.is_file():
                answers = Answers.load(path, site, morphometry)
                found += drawn_from(answers, copy, serving, 100 * number + 7)
    return found


# ---- the line


def _columns(sets: Sequence[Drawn], names: Sequence[str]) -> np.ndarray:
    return np.array([[1.0, *(d.read.features()[n] for n in names)] for d in sets])


def _weights(sets: Sequence[Drawn]) -> np.ndarray:
    """Every laboratory counts the same, in it every copy, in it every set."""
    labs = {d.laboratory: len({e.copy for e in sets if e.laboratory == d.laboratory}) for d in sets}
    same: dict[tuple[str, str], int] = {}
    for d in sets:
        same[d.laboratory, d.copy] = same.get((d.laboratory, d.copy), 0) + 1
    return np.array([1 / (len(labs) * labs[d.laboratory] * same[d.laboratory, d.copy]) for d in sets])


def fitted(sets: Sequence[Drawn], what: str) -> Line:
    """Logistic regression of the true shares on their reading, held towards the reading itself."""
    x, y = _columns(sets, (READING[what],)), np.array([d.truth(what) for d in sets])
    w = _weights(sets) * len(sets)
    start, hold = np.array([0.0, 1.0]), np.array([HOLD, HOLD])
    beta = start.copy()
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        gradient = x.T @ (w * (y - p)) - hold * (beta - start)
        hessian = (x * (w * np.maximum(p * (1 - p), 1e-4))[:, None]).T @ x + np.diag(hold)
        step = np.linalg.solve(hessian, gradient)
        beta += step
        if np.abs(step).max() < 1e-8:
            break
    return Line(float(beta[0]), {READING[what]: float(beta[1])}, _NO_LIMITS)


def as_read(what: str) -> Line:
    """The reading itself: nothing is fitted."""
    return Line(0.0, {READING[what]: 1.0}, _NO_LIMITS)


def off(sets: Sequence[Drawn], what: str) -> dict[str, float]:
    """What both lines are off by on laboratories left out, on the mean."""
    found = {"as read": 0.0, "fitted": 0.0}
    weights = dict(zip(map(id, sets), _weights(sets), strict=True))
    for lab in dict.fromkeys(d.laboratory for d in sets):
        mine, others = ([d for d in sets if (d.laboratory == lab) == own] for own in (True, False))
        for name, line in (("as read", as_read(what)), ("fitted", fitted(others, what))):
            found[name] += sum(weights[id(d)] * abs(d.truth(what) - expected(line, d)) for d in mine)
    return {name: round(float(value), 4) for name, value in found.items()}


def expected(line: Line, drawn: Drawn) -> float:
    """What a line expects of a set."""
    limits = line.at(drawn.read)
    if limits is None:
        raise ValueError("a reading is missing")
    return limits.value


def quantiles(left: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Lower and upper limit that hold `LEVEL` of what was left over, an equal share beyond either."""
    order = np.argsort(left)
    total = np.cumsum(weights[order]) / weights.sum()
    tail = (1 - LEVEL) / 2
    low = left[order][np.searchsorted(total, tail)]
    high = left[order][min(np.searchsorted(total, 1 - tail), len(left) - 1)]
    return float(min(low, 0.0)), float(max(high, 0.0))


def of_size(sets: Sequence[Drawn], least: int, most: int) -> list[Drawn]:
    """The sets of so many cells; of a laboratory that has none, its largest smaller ones: it must not be forgotten."""
    found = [d for d in sets if least <= d.read.cells < most]
    for lab in {d.laboratory for d in sets} - {d.laboratory for d in found}:
        mine = [d for d in sets if d.laboratory == lab and d.read.cells < most]
        largest = max((d.read.cells for d in mine), default=0)
        found += [d for d in mine if d.read.cells >= 0.8 * largest]
    return found


def limits_of(sets: Sequence[Drawn], what: str) -> tuple[tuple[int, float, float], ...]:
    """Limits by number of cells, wide enough for every laboratory: never narrower with fewer cells.

    A laboratory without sets of a size counts with smaller ones where laboratories are off by something of their own. The share named is off
    by chance alone (on the mean by about a point, in the few films of `tecom` by four), which fewer cells would make look larger.
    """
    found, low, high = [], 0.0, 0.0
    for least, most in ((150, 10**9), (75, 150), (LEAST_CELLS, 75)):
        part = of_size(sets, least, most)
        if what == "named":
            part = [d for d in part if d.read.cells >= least]
        for lab in {d.laboratory for d in part}:
            mine = [d for d in part if d.laboratory == lab]
            left = np.array([d.truth(what) - expected(as_read(what), d) for d in mine])
            a, b = quantiles(left, _weights(mine))
            low, high = min(low, a), max(high, b)
        found.append((least, round(low, 4), round(high, 4)))
    return tuple(reversed(found))


# ---- how it does on laboratories left out


def judged(sets: Sequence[Drawn], what: str) -> list[tuple[Drawn, float, bool]]:
    """Each set with truth less expectation and whether the limits hold it, which are of the other laboratories."""
    out = []
    for lab in dict.fromkeys(d.laboratory for d in sets):
        others = [d for d in sets if d.laboratory != lab]
        line = replace(as_read(what), left=limits_of(others, what))
        for d in sets:
            if d.laboratory == lab and (found := line.at(d.read)) is not None:
                inside = found.low - 1e-9 <= d.truth(what) <= found.high + 1e-9
                out.append((d, d.truth(what) - found.value, inside))
    return out


def _share(rows: Sequence[tuple[Drawn, float, bool]], good: Sequence[bool]) -> float:
    weights = _weights([d for d, _, _ in rows])
    return round(float((weights * np.array(good)).sum() / weights.sum()), 4)


def summary(sets: Sequence[Drawn]) -> tuple[dict[str, float], dict[str, float]]:
    """Shares of the sets within five points and inside the limits, every laboratory and copy the same; prints a table."""
    within, covered = {}, {}
    for what in READING:
        every = judged(sets, what)
        large = set(map(id, of_size(sets, 150, 10**9)))
        rows = [row for row in every if id(row[0]) in large]
        within[what] = _share(rows, [abs(error) <= POINTS for _, error, _ in rows])
        covered[what] = _share(rows, [inside for _, _, inside in rows])
        print(
            f"\n{what}: within five points {within[what]:.3f}, inside the limits {covered[what]:.3f}; off by, on the mean: {off(sets, what)}"
        )
        for name, test in _PARTS.items():
            part = [row for row in (rows if name in _OF_LARGE else every) if test(row[0])]
            if part:
                good = [abs(error) <= POINTS for _, error, _ in part]
                print(
                    f"  {name:28s} n={len(part):4d} within {_share(part, good):.3f}, inside {_share(part, [i for _, _, i in part]):.3f}"
                )
        for lab in dict.fromkeys(d.laboratory for d, _, _ in rows):
            for name, own in (("as it is", True), ("copies", False)):
                _print_part(
                    f"{lab} {name}",
                    what,
                    [r for r in rows if r[0].laboratory == lab and (r[0].copy == "plain") == own],
                )
        for copy in COPIES:
            _print_part(copy, what, [r for r in rows if r[0].copy == copy])
    return within, covered


#: Parts of the sets that are told apart; the first are of sets of 150 cells, or as many as a laboratory has.
_OF_LARGE = ("without tecom", "laboratories as they are", "the same without tecom")
_PARTS: Mapping[str, Callable[[Drawn], bool]] = {
    "without tecom": lambda d: d.laboratory != "tecom",
    "laboratories as they are": lambda d: d.copy == "plain",
    "the same without tecom": lambda d: d.copy == "plain" and d.laboratory != "tecom",
    "all sizes": lambda _: True,
    "fewer than 75 cells": lambda d: d.read.cells < 75,
}


def _print_part(name: str, what: str, rows: Sequence[tuple[Drawn, float, bool]]) -> None:
    if not rows:
        return
    error, truth = np.array([e for _, e, _ in rows]), np.array([d.truth(what) for d, _, _ in rows])
    print(
        f"  {name:28s} n={len(rows):4d} truth {truth.min():.3f} to {truth.max():.3f}, off by {error.mean():+.3f} (mean), "
        f"{np.abs(error).mean():.3f} (mean size), within {(np.abs(error) <= POINTS).mean():.3f}, inside {np.mean([i for _, _, i in rows]):.3f}"
    )


def familiar(cache: Path) -> dict[str, list[float]]:
    """Ranges of light, stain and size over the laboratories as they are, a tenth of the range wider at either end."""
    real, measurements = Cache(cache, "real"), measured_crops(cache)
    found: dict[str, list[float]] = {}
    for site in dict.fromkeys((*STORED, *NETWORKS, "mll-marrow")):
        rows = np.random.default_rng(1).permutation(rows_drawn(real, site))
        for part in np.array_split(rows, max(1, len(rows) // _PICTURES)):
            halves = [min(_FIELD_UM / 2, real.meta[i].get("half_um", CACHE_PX * CACHE_UM)) for i in part]
            pictures = [
                np.ascontiguousarray(real.images[i][pictured(h), pictured(h)])
                for i, h in zip(part, halves, strict=True)
            ]
            od, area = (measurements[part, COLUMNS.index(n)] for n in ("nucleus_od_red", "cell_area_um2"))
            for code, value in {**light_in(pictures), **stain_and_size_in(od, area)}.items():
                found.setdefault(code, []).append(value)
    found.pop(BLANK_SEEN, None)
    wide = {code: (min(v), max(v), 0.1 * (max(v) - min(v))) for code, v in found.items()}
    ranges = {code: [round(low - more, 4), round(high + more, 4)] for code, (low, high, more) in wide.items()}
    ranges[BLANK_LEVEL][1] = min(ranges[BLANK_LEVEL][1], 255.0)
    return ranges


def main() -> None:
    """Fit, print how laboratories left out did, and write the expectation."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--bundle", type=Path, default=Path("models/classifier-lite0"))
    parser.add_argument("--dry", action="store_true", help="print only")
    args = parser.parse_args()
    raw = (args.bundle / "card.json").read_bytes()
    card, sha256 = json.loads(raw), hashlib.sha256(raw).hexdigest()
    sets = load_sets(args.cache, serving_of(card))
    within, covered = summary(sets)
    copies = {(d.laboratory, d.copy) for d in sets}
    lines = {}
    for what in READING:
        line = as_read(what)
        weights = {name: round(weight, 4) for name, weight in line.weights.items()}
        left = [list(row) for row in limits_of(sets, what)]
        lines[what] = {"intercept": round(line.intercept, 4), "weights": weights, "left": left}
    told = {
        "schema": SCHEMA, "bundle": card["id"], "version": card["version"], "bundle_sha256": sha256, "level": LEVEL,
        **lines, "familiar": familiar(args.cache),
        "validation": {
            "laboratories": len({lab for lab, _ in copies}), "copies": len(copies), "sets": len(of_size(sets, 150, 10**9)),
            "names": sorted({lab for lab, _ in copies}), "within": within, "covered": covered,
        },
    }  # fmt: skip
    expectation_from(told)
    print(json.dumps(told, indent=1))
    if not args.dry:
        target = expectation_file(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(told, indent=1) + "\n")
        print(target)


if __name__ == "__main__":
    main()
