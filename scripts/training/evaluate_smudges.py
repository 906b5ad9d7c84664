"""Are made smudge cells found in the look of a laboratory that was left out of training?

    python -m scripts.training.evaluate_smudges --cache .train --sites raabin pbc bccd lisc deepbionet

For every site the network that never saw it (``without-SITE/final.pt``) names the made smudge cells of the validation split on that site's
fields, by kind (``scripts.training.smudges`` and the older torn, bare and compact nuclei of ``scripts.training.composites``), cell by cell:
the share called smudge cell or artefact, and smudge cell alone, with exact 95 % limits. Below it, what else they are called. The kinds are
the same that it learned on other looks: these are no photographs, and say whether a look carries over, not whether real smudges do.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from bloodcells_gui.domain.stats import clopper_pearson
from scripts.training.data import CACHE_PX, CACHE_UM, LEAVES, Cache
from scripts.training.export_classifier import load_net, serve
from scripts.training.views import central_views


def named(made: Cache, rows: list[int], network: Path) -> list[str]:
    """Leaf codes that a network gives made crops."""
    halves = [CACHE_PX * CACHE_UM / 2] * len(rows)
    logits, _, _ = serve(load_net(network), central_views(made.images[rows], halves))
    return [LEAVES[i] for i in np.argmax(logits, axis=1)]


def figures(names: list[str]) -> str:
    """Shares of smudge cells that are called so."""
    n = len(names)
    parts = []
    for title, right in (("smudge or artefact", ("SMU", "ART")), ("smudge", ("SMU",))):
        hits = sum(name in right for name in names)
        low, high = clopper_pearson(hits, n)
        parts.append(f"{title} {hits / n:.2f} ({low:.2f}-{high:.2f})")
    others = Counter(name for name in names if name not in ("SMU", "ART"))
    return f"n {n}, {', '.join(parts)}; else {dict(others.most_common())}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--sites", nargs="+", default=["raabin", "pbc", "bccd", "lisc", "deepbionet"])
    parser.add_argument("--network", type=Path, help="one network for every site, in place of those left out")
    args = parser.parse_args()
    made = Cache(args.cache, "made")
    by_kind: dict[str, list[str]] = {}
    for site in args.sites:
        rows = [
            i
            for i, m in enumerate(made.meta)
            if m["label"] == "SMU" and m["split"] == "val" and m["site"].split(">")[1] == site
        ]
        if not rows:
            continue
        found = named(made, rows, args.network or args.cache / f"without-{site}" / "final.pt")
        print(f"{site}: {figures(found)}", flush=True)
        for i, name in zip(rows, found, strict=True):
            by_kind.setdefault(made.meta[i].get("smudge", "not told"), []).append(name)
    for kind, names in sorted(by_kind.items()):
        print(f"{kind}: {figures(names)}")
    print(f"all: {figures([name for names in by_kind.values() for name in names])}")


if __name__ == "__main__":
    main()
