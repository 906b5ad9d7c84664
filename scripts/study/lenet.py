"""LeNet on grey and colour images, 4,000 and all. The study: 74 % grey, 87 % colour, 93 % on all images."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from scripts.study.common import Log, arguments, four_thousand, load, parts, score


class LeNet(nn.Module):
    """Two convolutions, two dense layers, as in the study (the sizes are ours: its report gives none)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(channels, 30, 5), nn.Conv2d(30, 16, 3)
        self.c, self.d = nn.Linear(16 * 14 * 14, 128), nn.Linear(128, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.a(x)), 2)
        x = F.max_pool2d(F.relu(self.b(x)), 2)
        x = F.dropout(x.flatten(1), 0.2, self.training)
        return self.d(F.relu(self.c(x)))


def fit(x: np.ndarray, y: np.ndarray, test: np.ndarray, epochs: int, seed: int) -> np.ndarray:
    """Train with Adam; returns the classes of `test`."""
    torch.manual_seed(seed)
    net = LeNet(x.shape[1])
    optimiser = torch.optim.Adam(net.parameters(), 1e-3)
    a, b = torch.from_numpy(x), torch.from_numpy(y).long()
    for _ in range(epochs):
        net.train()
        for rows in torch.randperm(len(a)).split(64):
            loss = F.cross_entropy(net(a[rows].float() / 255), b[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    net.eval()
    with torch.no_grad():
        return np.concatenate([net(t.float() / 255).argmax(1).numpy() for t in torch.from_numpy(test).split(256)])


def main() -> None:
    """Run it."""
    parser = arguments(__doc__)
    parser.add_argument("--epochs", type=int, default=15)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    log = Log(args.cache, "lenet", args.seed)
    data = load(args.cache, "pbc", 64)
    colour = np.ascontiguousarray(data.x.transpose(0, 3, 1, 2))
    grey = np.ascontiguousarray((data.x @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)[:, None])
    train, test = four_thousand(data, args.seed)
    for name, x, study in (("grey", grey, "74 %"), ("colour", colour, "87 %")):
        found = fit(x[train], data.y[train], x[test], args.epochs, args.seed)
        log.add(f"LeNet, 4,000 {name} images (64 px), {args.epochs} epochs", study, score(data.y[test], found))
    big, fifth = parts(data)
    found = fit(colour[big], data.y[big], colour[fifth], args.epochs, args.seed)
    log.add(f"LeNet, all colour images (64 px), {args.epochs} epochs, untouched fifth", "93 %", score(data.y[fifth], found))


if __name__ == "__main__":
    main()
