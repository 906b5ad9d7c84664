"""Two sites together against each alone, every model tested on both: PBC and Raabin, five classes.

The study added a second laboratory to its training and lost five points on the whole (LeNet, 93 to 88 %, eight classes).
"""

from __future__ import annotations

import numpy as np
import torch

from scripts.study.common import (
    NAMES_FIVE,
    ROW_FIVE,
    Labelled,
    Log,
    arguments,
    imagenet_features_of,
    load,
    score,
)
from scripts.study.training import LeNet, classes, fit
from scripts.study.vgg import svc


def rows_of(sites: dict[str, Labelled], which: tuple[str, ...]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Training rows of each site and the classes of all of them together."""
    rows = {s: np.flatnonzero(sites[s].split != "test") for s in which}
    return rows, np.concatenate([sites[s].y[rows[s]] for s in which])


def main() -> None:
    """Run it."""
    parser = arguments(__doc__)
    parser.add_argument("--epochs", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    log = Log(args.cache, "two_sites", args.seed)
    small = {s: load(args.cache, s, 64, row=ROW_FIVE) for s in ("pbc", "raabin")}
    deep = {s: imagenet_features_of(args.cache, s, data.path, args.threads) for s, data in small.items()}
    for which in (("pbc",), ("raabin",), ("pbc", "raabin")):
        rows, y = rows_of(small, which)
        x = np.concatenate([small[s].x[rows[s]] for s in which])
        # Raabin has a ninth of the images: five times the epochs, or it would see too few steps.
        epochs = args.epochs * (5 if which == ("raabin",) else 1)
        torch.manual_seed(args.seed)
        net = fit(LeNet(classes=5), x, y, epochs, args.seed, say=" + ".join(which))
        z = np.concatenate([deep[s][rows[s]] for s in which])
        for site, data in small.items():
            test = np.flatnonzero(data.split == "test")
            study = (
                {1: "93 % (its first set)", 2: "88 % (both)"}[len(which)]
                if site in which
                else "45 % (another set)"
            )
            log.add(f"LeNet trained on {' + '.join(which)}, tested on {site}, five classes", study,
                    score(data.y[test], classes(net, data.x[test]), NAMES_FIVE), f"64 px, adam 0.001, {epochs} epochs", len(y))  # fmt: skip
            found = svc(z, y, deep[site][test])
            log.add(
                f"Lite0 features + SVC trained on {' + '.join(which)}, tested on {site}, five classes",
                "-",
                score(data.y[test], found, NAMES_FIVE),
                "128 px",
                len(y),
            )


if __name__ == "__main__":
    main()
