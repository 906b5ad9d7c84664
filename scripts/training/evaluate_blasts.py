"""Are blasts named, or at least shown first, among the cells of a laboratory that was left out of training?

    python -m scripts.training.evaluate_blasts --cache .train --sites lisc deepbionet

No labelled blasts of a second laboratory are at hand. So marrow blasts that no network learned from are set into fields of the site left
out (``scripts.training.composites``; `made.npz` beside `away.npz`). Films of 100 cells in a blood film's proportions are drawn from the site,
some of these blasts among them, and served as one specimen by the answers of a network that never saw the site. Told are the share of the
blasts that are named (best guess is a blast and not left unidentified), the share named **or shown** in the queue "look here first", the share
of healthy cells that are shown, and where in the queue the first blast of a film stands. Marrow blasts and those shrunk to lymphoblasts
stand apart.

``--fit`` chooses the queue's limit: the suspicion that 8 % of the cells of healthy films pass, on the mean over the laboratories (a tenth is
allowed). Each laboratory is judged at the limit of the others. The limit belongs to the network: how sharp its answers are decides it.
It also chooses the pool's ``critical``: the largest limit of doubt, in steps of 0.05, at which fewer than 0.5 % of the lymphocytes of the
laboratories, as they are and cut tight, are named a blast.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bloodcells_gui.domain.suspicion import LookFirst
from scripts.training.data import LEAVES
from scripts.training.judge_serving import films_of
from scripts.training.morphometry_fit import morphometry_model
from scripts.training.serving import Answers, Served, Serving, answered, serve
from scripts.training.uncertainty_fit import LOOK_FIRST, POOL

#: Share of the cells of healthy films that may be shown.
SHOWN_HEALTHY = 0.08
#: A blast among the first so many of the queue is found.
FIRST_OF_QUEUE = 20
#: Limits of doubt of a cell named a critical class, and the share of lymphocytes that may be named a blast.
CRITICAL = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
NAMED_LYMPHOCYTES = 0.005
FILMS, BLASTS = 60, (1, 3, 20)
_BLAST = LEAVES.index("BL")


@dataclass(frozen=True, eq=False)
class Site:
    """A laboratory left out: its own cells, and made blasts on its fields.

    Attributes
    ----------
    name : str
    own : Answers
    blasts : mapping of str to Answers
        "marrow" and "lympho"; a kind of which there is none is missing.
    """

    name: str
    own: Answers
    blasts: Mapping[str, Answers]

    @staticmethod
    def load(cache: Path, name: str, stored: str = "") -> Site:
        """Read what was stored of the site; `stored` ("-241") ends the names of the files."""
        folder = cache / f"without-{name}"
        morphometry = morphometry_model(cache, name) if (cache / "measurements.npz").is_file() else None
        own = Answers.load(folder / f"away{stored}.npz", name, morphometry)
        path = folder / f"made{stored}.npz"
        blasts: dict[str, Answers] = {}
        if path.is_file():
            made = Answers.load(path, name, morphometry)
            stored = np.load(path, allow_pickle=False)
            shrunk = stored["lympho"].astype(bool)
            # the cell that was set into the field must be new to the network too, not its surroundings alone
            blast = made.of("BL") & (stored["split"] != "train")
            kinds = {"marrow": blast & ~shrunk, "lympho": blast & shrunk}
            blasts = {kind: made.subset(cells) for kind, cells in kinds.items() if cells.any()}
        return Site(name, own, blasts)


@dataclass(frozen=True, eq=False)
class Film:
    """A served film of n cells: suspicion (n,), which cells are blasts, named, and named a blast, (n,) bool each."""

    suspicion: np.ndarray
    blast: np.ndarray
    named_blast: np.ndarray

    @staticmethod
    def of(cells: Answers, blasts: Answers | None, serving: Serving, rule: LookFirst) -> Film:
        """Serve the cells with the blasts among them as one specimen."""
        every = cells if blasts is None else cells.joined(blasts)
        before, after = answered(every, serving), serve(every, serving)
        is_blast = np.arange(len(every)) >= len(cells)
        return Film(suspicion_of(rule, before, after), is_blast, named_blast(after))

    def place(self) -> float:
        """Where in the queue the first blast stands, from 1; infinite without a blast."""
        if not self.blast.any():
            return float("inf")
        return float(1 + (self.suspicion[~self.blast] >= self.suspicion[self.blast].max()).sum())


def suspicion_of(rule: LookFirst, before: Served, after: Served) -> np.ndarray:
    """Suspicion (n,) of cells, from the classifier's answers and the adapted ones."""
    return rule.suspicion(LEAVES, before.probabilities, after.probabilities)


def named_blast(served: Served) -> np.ndarray:
    """(n,) bool: named a blast."""
    return (served.leaf == _BLAST) & ~served.unidentified


def films(
    site: Site, kind: str, count: int, serving: Serving, rule: LookFirst, repeats: int = FILMS, seed: int = 3
) -> list[Film]:
    """Films of the site with `count` blasts of `kind` among the cells; healthy ones where `count` is 0."""
    rng = np.random.default_rng(seed)
    drawn = films_of(site.own, repeats, seed).cells
    found = []
    for cells in drawn:
        chosen = None
        if count:
            pool = site.blasts[kind]
            chosen = pool.subset(rng.choice(len(pool), count, replace=count > len(pool)))
        found.append(Film.of(site.own.subset(cells), chosen, serving, rule))
    return found


def fitted_limit(healthy: Mapping[str, Sequence[Film]], share: float = SHOWN_HEALTHY) -> float:
    """The suspicion that `share` of the cells of healthy films pass, on the mean over the sites."""
    suspicion = [np.concatenate([f.suspicion for f in of]) for of in healthy.values() if of]
    weight = np.concatenate([np.full(len(s), 1 / len(s) / len(suspicion)) for s in suspicion])
    every = np.concatenate(suspicion)
    order = np.argsort(-every, kind="stable")
    passed = np.cumsum(weight[order])
    at = int(np.searchsorted(passed, share, side="right"))
    return float(every[order][min(at, len(every) - 1)])


def share(found: Sequence[Film], limit: float, *, blasts: bool) -> tuple[float, float]:
    """Share of the blasts (or of the other cells) that are named a blast; that are named so or shown."""
    named = np.concatenate([f.named_blast[f.blast == blasts] for f in found])
    shown = np.concatenate([f.suspicion[f.blast == blasts] >= limit for f in found])
    return float(named.mean()), float((named | shown).mean())


def other_views(site: Site, folder: Path, stored: str) -> dict[str, Answers]:
    """The site's cells as they are, and as far as it was stored with the scale taken wrong and cut tight."""
    found = {"as they are": site.own}
    frame = np.load(folder / f"away{stored}.npz", allow_pickle=False)
    for name in ("scales", "tight"):
        path = folder / f"{name}{stored}.npz"
        if not path.is_file():
            continue
        data = np.load(path, allow_pickle=False)
        for key in (k for k in data.files if k.startswith("logits_")):
            factor = key.removeprefix("logits_")
            n, width = len(data[key]), site.own.measurements.shape[1]
            # measured at the right scale only; a wrong one would change what is measured too
            measured = data["measurements"] if float(factor) == 1 else np.full((n, width), np.nan)
            embedding = data[f"embedding_{factor}"].astype(np.float32)
            found[f"{name} {factor}"] = Answers(
                site.name, data[key].astype(np.float32), data["allowed"],
                np.asarray((embedding - frame["centre"]) @ frame["whitener"], np.float32),
                np.asarray(measured, np.float32), data[f"distance_{factor}"].astype(np.float32),
                np.zeros(n, np.float32), site.own.morphometry,
            )  # fmt: skip
    return found


def _on_lymphocytes(cells: Answers, serving: Serving) -> str:
    lymphocytes = cells.of("LY")
    alone, whole = (
        int(named_blast(s)[lymphocytes].sum()) for s in (answered(cells, serving), serve(cells, serving))
    )
    return f"{whole} of {int(lymphocytes.sum())} (cell by cell {alone})"


def blasts_by_limit(cells: Answers, serving: Serving) -> np.ndarray:
    """(len(CRITICAL),) how many lymphocytes are named a blast at each limit of doubt; served as one specimen."""
    served = serve(cells, serving)
    doubt = served.uncertainty[(served.leaf == _BLAST) & cells.of("LY")]
    least = float((serving.pool or {}).get("threshold", serving.threshold))
    return np.array([(doubt <= max(limit, least)).sum() for limit in CRITICAL])


def fitted_critical(named: np.ndarray, lymphocytes: int) -> float:
    """The largest limit at which fewer than `NAMED_LYMPHOCYTES` of the lymphocytes are named; the least where none does."""
    good = [limit for limit, n in zip(CRITICAL, named, strict=True) if n < NAMED_LYMPHOCYTES * lymphocytes]
    return max(good, default=CRITICAL[0])


def told(site: Site, healthy: Sequence[Film], limit: float, serving: Serving, rule: LookFirst) -> None:
    """Print the figures of one site at a limit."""
    cells = sum(len(f.suspicion) for f in healthy)
    named, shown = share(healthy, limit, blasts=False)
    print(
        f"{site.name}: limit {limit:.4f}; healthy: {len(healthy)} films, {cells} cells, named a blast {named:.4f}, shown {shown:.3f}"
    )
    for kind in site.blasts:
        for count in BLASTS:
            found = films(site, kind, count, serving, rule)
            named, shown = share(found, limit, blasts=True)
            places = np.array([f.place() for f in found])
            first = (places <= FIRST_OF_QUEUE) & np.array(
                [f.suspicion[f.blast].max() >= limit for f in found]
            )
            print(
                f"  {kind:7s} {count:2d} of {len(site.blasts[kind])} blasts a film: named {named:.3f}, named or shown {shown:.3f}; "
                f"films with one named or among the first {FIRST_OF_QUEUE}: "
                f"{np.mean(first | np.array([(f.named_blast & f.blast).any() for f in found])):.3f}",
                flush=True,
            )  # fmt: skip


def main() -> None:
    """Print the figures of each site."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--sites", nargs="+", default=["pbc", "raabin", "bccd", "lisc", "deepbionet"])
    parser.add_argument(
        "--limit", type=float, default=LOOK_FIRST["limit"], help="of the queue, without --fit"
    )
    parser.add_argument("--stored", default="", help="ends the names of the stored answers, such as -241")
    parser.add_argument(
        "--fit", action="store_true", help="choose the limit, each site judged at that of the others"
    )
    args = parser.parse_args()
    serving, rule = Serving(pool=POOL), LookFirst(LOOK_FIRST["weights"], args.limit)
    sites = [Site.load(args.cache, name, args.stored) for name in args.sites]
    healthy = {site.name: films(site, "", 0, serving, rule) for site in sites}
    named, lymphocytes = np.zeros(len(CRITICAL), int), 0
    for site in sites:
        others = {name: of for name, of in healthy.items() if name != site.name}
        limit = fitted_limit(others) if args.fit and any(others.values()) else rule.limit
        told(site, healthy[site.name], limit, serving, rule)
        for name, cells in other_views(site, args.cache / f"without-{site.name}", args.stored).items():
            print(f"  lymphocytes named a blast, {name}: {_on_lymphocytes(cells, serving)}")
            if name in ("as they are", "tight 1.0"):
                named += blasts_by_limit(cells, serving)
                lymphocytes += int(cells.of("LY").sum())
    print(f"lymphocytes named a blast at {CRITICAL}: {named.tolist()} of {lymphocytes}")
    if args.fit:
        print(f"limit of all sites: {fitted_limit(healthy):.4f}; new cards: {rule.limit}")
        print(f"critical: {fitted_critical(named, lymphocytes)}; new cards: {POOL['critical']}")


if __name__ == "__main__":
    main()
