"""Judge one change of the training on laboratories left out: two networks that differ in it alone, cell for cell.

    python -m scripts.training.paired_trial --pair plain-new:soft-new=lisc,deepbionet --pair plain-raabin:soft-raabin=raabin

Each pair names a training without the change, one with it, and the laboratories that neither saw. They are served by the program's steps, as
one specimen and in films of a blood's proportions (``scripts.training.judge_serving``), cell by cell, with the scale taken wrong and cut tight.
The change wins where it gains on the mean over the laboratories and harms none, by the rule of ``judge_serving``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scripts.training.answers import SCALES, network_of, rows_of_site, tight_halves, views_at
from scripts.training.classifier_net import ClassifierNet
from scripts.training.data import CACHE_PX, CACHE_UM, Cache
from scripts.training.export_classifier import serve as ask
from scripts.training.judge_serving import Gain, Judged, Laboratory, balanced_gain, verdict
from scripts.training.metrics import allowed_matrix
from scripts.training.morphometry_fit import measured_crops, morphometry_model
from scripts.training.serving import Answers, Serving, answered
from scripts.training.uncertainty_fit import POOL

#: Views of each cell: factor of its scale, and whether it is cut tight.
VIEWS: Mapping[str, tuple[float, bool]] = {
    "as it is": (1.0, False),
    f"scale {SCALES[0]}": (SCALES[0], False),
    f"scale {SCALES[1]}": (SCALES[1], False),
    "cut tight": (1.0, True),
}


@dataclass(frozen=True)
class Cells:
    """The labelled nucleated cells of one laboratory: crops at the cache's scale with what is known of them."""

    site: str
    images: np.ndarray
    halves: list[float]
    allowed: np.ndarray
    measurements: np.ndarray

    @staticmethod
    def of(cache: Path, site: str) -> Cells:
        """Read them from the cache."""
        real = Cache(cache, "real")
        rows = rows_of_site(real, site, (), 1)
        metas = [real.meta[i] for i in rows]
        halves = [float(m.get("half_um", CACHE_PX * CACHE_UM / 2)) for m in metas]
        allowed = allowed_matrix([m["leaves"] for m in metas])
        return Cells(site, real.images[rows], halves, allowed, measured_crops(cache)[rows])

    def answers(self, net: ClassifierNet, cache: Path, factor: float, *, tight: bool) -> Answers:
        """What a network says of them."""
        halves = tight_halves(self.measurements, self.halves) if tight else self.halves
        logits, _, disagreement = ask(net, views_at(self.images, list(halves), factor))
        nothing = np.zeros(len(logits), np.float32)
        return Answers(
            self.site, logits, self.allowed, nothing[:, None], self.measurements, nothing, disagreement,
            morphometry_model(cache, self.site),
        )  # fmt: skip


def gain_on(plain: Answers, changed: Answers, films: int, seed: int) -> tuple[Gain, Judged, Judged]:
    """What the changed network gains on a laboratory, and both with all figures."""
    serving = Serving(pool=POOL, threshold=POOL["threshold"])
    pair = [Laboratory.of(answers, None, films, seed) for answers in (plain, changed)]
    off, on = (laboratory.judge(serving) for laboratory in pair)
    return pair[1].gain(off, on), off, on


def _percent(gain: tuple[float, float, float]) -> str:
    return "{:+.1f} ({:+.1f} to {:+.1f})".format(*(100 * v for v in gain))


def judged(
    cache: Path, names: Sequence[str], site: str, films: int, seed: int, views: Sequence[str] = tuple(VIEWS)
) -> tuple[Gain, dict[str, object]]:
    """Print and return what the second of two networks gains over the first on a laboratory."""
    cells = Cells.of(cache, site)
    nets = [network_of(cache / name / "final.pt") for name in names]
    kept: dict[str, object] = {}
    found = {}
    for view in dict.fromkeys(("as it is", *views)):
        factor, tight = VIEWS[view]
        pair = found[view] = [cells.answers(net, cache, factor, tight=tight) for net in nets]
        alone = [answered(answers, Serving()).five for answers in pair]
        gain = balanced_gain(pair[0].five, alone[0], alone[1])
        kept[f"cell by cell, {view}"] = gain
        print(f"{site:10s} cell by cell, {view:10s} {_percent(gain)}", flush=True)
    plain, changed = found["as it is"]
    gain, off, on = gain_on(plain, changed, films, seed)
    print(f"{site:10s} one specimen {_percent(gain.balanced)}; films {_percent(gain.films)}")
    for name, one in zip(names, (off, on), strict=True):
        kept[name] = one.figures()
        for what, figures in one.figures().items():
            print(
                f"  {name:16s} {what:14s}",
                " ".join(f"{k} {100 * v:.1f}" for k, v in figures.items() if k != "n"),
            )
    kept |= {"balanced": gain.balanced, "films": gain.films, "rare": dict(gain.rare)}
    return gain, kept


def main() -> None:
    """Judge every pair, then the change."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument(
        "--pair", action="append", required=True, help="WITHOUT:WITH=SITE,SITE (trainings in the cache)"
    )
    parser.add_argument(
        "--views", nargs="*", default=list(VIEWS), choices=list(VIEWS), help="beside the cells as they are"
    )
    parser.add_argument("--films", type=int, default=60)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    gains, kept = [], {}
    for pair in args.pair:
        names, sites = pair.split("=")
        for site in sites.split(","):
            gain, kept[site] = judged(args.cache, names.split(":"), site, args.films, args.seed, args.views)
            gains.append(gain)
    wins, why = verdict(gains)
    means = {n: float(np.nanmean([getattr(g, n)[0] for g in gains])) for n in ("balanced", "films")}
    print(
        "on the mean", {n: round(100 * v, 2) for n, v in means.items()}, "wins" if wins else f"loses: {why}"
    )
    if args.json:
        args.json.write_text(json.dumps({"wins": wins, "why": why, "mean": means, **kept}, indent=1))


if __name__ == "__main__":
    main()
