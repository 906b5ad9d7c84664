"""Platelets on annotated fields: found by score and stain together, and how loose the detector's boxes are.

    python -m scripts.training.evaluate_platelets           # recall and precision, each laboratory left out in turn
    python -m scripts.training.evaluate_platelets --boxes   # detector's boxes against outlines by stain

The rule of ``imaging.platelet_stain.stained_as_platelets`` (a lowest score that falls with the stain) is fitted by
logistic regression on the fields of all laboratories but one, equally weighted, and judged on that one; ``untouched``
fields are those that the detector was neither trained nor chosen on. The last lines judge the rule as it is shipped.
A found box is right where it overlaps a labelled one by an IoU of 0.3. Labels are taken as published: some platelets
have none, and slivers at the edge of a field have one.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from bloodcells_gui.domain.cell import Box
from bloodcells_gui.domain.detections import NUCLEATED, PLATELET, RED_CELL, Detections
from bloodcells_gui.imaging import platelet_stain as ps
from bloodcells_gui.imaging.light import WHITE
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.detector import Detector
from scripts.training.data import load_items
from scripts.training.evaluate_fields import limits, without_copies
from scripts.training.fields_data import Field, load_txl
from scripts.training.more_fields import in_even_light, load_more
from scripts.training.train_detector import overlaps

LABORATORIES = ("pbc", "bccd", "deepbionet")
_LOOSE = (0.3, 0.35, 0.2)
# Slivers at the edge of a field, less than a third of a platelet, are neither asked for nor wrong.
_SLIVER_UM2 = 5.0 / 3
_IOU = 0.3
_BLANK = np.full(3, WHITE, np.float32)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """Platelets found in the fields of a laboratory: score, share of stain, right or not; labelled cells."""

    site: str
    untouched: bool
    scores: Floats
    shares: Floats
    right: npt.NDArray[np.bool_]
    cells: int
    shipped: npt.NDArray[np.bool_]


def look(detector: Detector, field: Field, untouched: bool) -> Found:
    """What the detector finds in a field, with its stain."""
    view = in_even_light(field).at_scale(detector.um_per_px)
    every = detector.detect(view.image, detector.um_per_px, _LOOSE)
    red, platelets = every.of_class(RED_CELL), every.of_class(PLATELET)
    platelets = platelets.take(~_inside(platelets, every.of_class(NUCLEATED)))
    direction = ps.red_cell_direction(ps.optical_density(view.image, _BLANK))
    usual = np.median([ps.stain_in(view.image, b, direction, _BLANK) for b in red.boxes] or [ps.USUAL_STAIN])
    platelets = platelets.take(np.argsort(-platelets.scores, kind="stable"))
    stain = np.array([ps.stain_in(view.image, b, direction, _BLANK) for b in platelets.boxes], np.float64)
    right, judged, cells = matched(platelets, view)
    kept = ps.stained_as_platelets(
        view.image, platelets.boxes, platelets.scores, red.boxes, detector.thresholds[PLATELET], _BLANK
    ) & (platelets.scores > ps.LOWEST_SCORE)
    shares = (stain + ps.NOISE) / (usual + ps.NOISE)
    return Found(
        field.site, untouched, platelets.scores[judged].astype(np.float64), shares[judged], right[judged], cells,
        kept[judged],
    )  # fmt: skip


def matched(found: Detections, field: Field) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], int]:
    """Which are right, which are judged at all, and the labelled cells asked for; as `train_detector.match`."""
    truth = field.boxes[field.classes == PLATELET]
    sliver = _SLIVER_UM2 / field.mpp**2
    asked = truth[:, 2] * truth[:, 3] > sliver
    judged = found.boxes[:, 2] * found.boxes[:, 3] > sliver
    taken, right = np.zeros(len(truth), bool), np.zeros(len(found), bool)
    for i in range(len(found) if len(truth) else 0):
        overlap = overlaps(found.boxes[i], truth)[0]
        overlap[taken] = 0
        best = int(np.argmax(overlap))
        if overlap[best] >= _IOU:
            taken[best] = right[i] = True
            judged[i] = asked[best]
    return right, judged, int(asked.sum())


def _inside(small: Detections, large: Detections) -> npt.NDArray[np.bool_]:
    """Which of `small` have their middle well inside a box of `large`."""
    out = np.zeros(len(small), bool)
    for i, (x, y, w, h) in enumerate(small.boxes):
        for left, top, width, height in large.boxes:
            across, down = (x + w / 2 - left) / width, (y + h / 2 - top) / height
            out[i] |= bool(0.1 < across < 0.9 and 0.1 < down < 0.9)
    return out


def features(found: Sequence[Found]) -> tuple[Floats, Floats, Floats]:
    """Logit of the score and logarithm of the share of stain (n, 2), right (n,), weight of each (n,)."""
    scores = np.clip(np.concatenate([f.scores for f in found]), 1e-6, 1 - 1e-6)
    x = np.stack([np.log(scores / (1 - scores)), np.log(np.concatenate([f.shares for f in found]))], 1)
    right = np.concatenate([f.right for f in found]).astype(np.float64)
    sites = np.concatenate([[f.site] * len(f.scores) for f in found])
    return x, right, np.array([len(sites) / np.sum(sites == site) for site in sites])


def fit(x: Floats, y: Floats, weights: Floats) -> Callable[[Floats], Floats]:
    """Logistic regression by Newton's steps; gives the log odds."""
    z = np.c_[x, np.ones(len(x))]
    beta = np.zeros(z.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-z @ beta))
        hessian = (z * (weights * p * (1 - p))[:, None]).T @ z + 1e-3 * np.eye(len(beta))
        beta += np.linalg.solve(hessian, z.T @ (weights * (y - p)))
    return lambda q: np.asarray(np.c_[q, np.ones(len(q))] @ beta)


def figures(found: Sequence[Found], kept: Sequence[npt.NDArray[np.bool_]]) -> tuple[int, int, int]:
    """Right, found, labelled."""
    hits = sum(int(f.right[k].sum()) for f, k in zip(found, kept, strict=True))
    return hits, sum(int(k.sum()) for k in kept), sum(f.cells for f in found)


def said(name: str, counts: tuple[int, int, int]) -> str:
    """Recall and precision with limits."""
    hits, seen, cells = counts
    recall, precision = hits / max(1, cells), hits / max(1, seen)
    return (
        f"{name:34} recall {recall:.3f} {limits(hits, cells)} precision {precision:.3f} "
        f"{limits(hits, max(1, seen))} F1 {2 * hits / max(1, cells + seen):.3f} ({cells} labelled)"
    )


def mean_f1(
    found: Sequence[Found], odds: Callable[[Floats], Floats], columns: list[int], limit: float
) -> float:
    """Mean over the laboratories of the F1 at a limit of the log odds."""
    scores = []
    for site in {f.site for f in found}:
        mine = [f for f in found if f.site == site]
        hits, seen, cells = figures(mine, [odds(features([f])[0][:, columns]) > limit for f in mine])
        scores.append(2 * hits / max(1, seen + cells))
    return float(np.mean(scores))


def left_out(found: Sequence[Found]) -> None:
    """Score alone, and score with stain, fitted without each laboratory in turn."""
    for site in LABORATORIES:
        others = [f for f in found if f.site in LABORATORIES and f.site != site and len(f.scores)]
        judged = [f for f in found if f.site == site and f.untouched]
        x, y, weights = features(others)
        for name, columns in (("score", [0]), ("score and stain", [0, 1])):
            odds = fit(x[:, columns], y, weights)

            limits_tried = np.linspace(-3, 3, 61)
            best = limits_tried[int(np.argmax([mean_f1(others, odds, columns, t) for t in limits_tried]))]
            kept = [
                odds(features([f])[0][:, columns]) > best if len(f.scores) else np.zeros(0, bool)
                for f in judged
            ]
            print(said(f"{site} left out, {name}", figures(judged, kept)), flush=True)


def boxes(detector: Detector, fields: Sequence[Field]) -> None:
    """Sides of the detector's boxes over those of the outline by stain, at the fields' own resolution."""
    for site in (*LABORATORIES, "raabin"):
        ratios: list[float] = []
        seen = 0
        for field in (f for f in fields if f.site == site):
            view = in_even_light(field).at_scale(detector.um_per_px)
            found = detector.detect(view.image, detector.um_per_px).of_class(PLATELET)
            scale = field.image.shape[1] / view.image.shape[1]
            for x, y, w, h in (found.boxes * scale).tolist():
                seen += 1
                outline = ps.outline_platelet(field.image, Box(x, y, w, h), field.mpp)
                if outline is not None:
                    ratios.append(float(np.sqrt(w * h / (outline.box.width * outline.box.height))))
        if ratios:
            low, middle, high = np.percentile(ratios, [10, 50, 90])
            print(
                f"{site}: {seen} boxes, {len(ratios) / seen:.2f} outlined, box over outline {middle:.2f} "
                f"(10 % to 90 %: {low:.2f} to {high:.2f})",
                flush=True,
            )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--bundle", type=Path, default=Path("models/detector-1"))
    parser.add_argument("--boxes", action="store_true")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    items = load_items(args.data, args.work)
    fields = load_txl(args.data, items) + [f for f in load_more(args.data, items) if f.site == "deepbionet"]
    detector = Detector(load_bundle(args.bundle))
    if args.boxes:
        boxes(detector, fields)
        return
    held = {i.path for i in without_copies(args.data, items)}
    found = [
        look(detector, f, f.split == "test" if f.site == "deepbionet" else f.path in held) for f in fields
    ]
    left_out(found)
    for site in (*LABORATORIES, "raabin"):
        mine = [f for f in found if f.site == site and f.untouched]
        card = [f.scores > detector.thresholds[PLATELET] for f in mine]
        print(said(f"{site}, card's limit alone", figures(mine, card)))
        print(said(f"{site}, as shipped", figures(mine, [f.shipped for f in mine])))


if __name__ == "__main__":
    main()
