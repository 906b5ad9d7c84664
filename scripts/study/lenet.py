"""LeNet on grey and colour images, 4,000 and all. The study: 74 % grey, 87 % colour, 93 % on all images."""

from __future__ import annotations

import numpy as np
import torch

from scripts.study.common import Log, arguments, four_thousand, load, parts, score
from scripts.study.training import LeNet, classes, fit


def main() -> None:
    """Run it."""
    parser = arguments(__doc__)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--whole-epochs", type=int, default=12)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    log = Log(args.cache, "lenet", args.seed)
    data = load(args.cache, "pbc", 64)
    grey = (data.x @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)[..., None]

    def run(x: np.ndarray, train: np.ndarray, test: np.ndarray, epochs: int, what: str, study: str) -> None:
        torch.manual_seed(args.seed)
        net = fit(LeNet(x.shape[-1]), x[train], data.y[train], epochs, args.seed, say=what)
        log.add(
            what,
            study,
            score(data.y[test], classes(net, x[test])),
            f"64 px, adam 0.001, {epochs} epochs",
            len(train),
        )

    run(grey, *four_thousand(data, args.seed), args.epochs, "LeNet, 4,000 grey", "74 %")
    run(data.x, *four_thousand(data, args.seed), args.epochs, "LeNet, 4,000 colour", "87 %")
    run(data.x, *parts(data), args.whole_epochs, "LeNet, all colour", "93 %")


if __name__ == "__main__":
    main()
