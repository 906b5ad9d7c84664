"""The one training loop of the study's networks: bfloat16 where the processor computes it, cosine rate, seeded."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scripts.training.precision import autocast

OPTIMISERS = ("adam", "rmsprop", "sgd")


class LeNet(nn.Module):
    """Two convolutions, two dense layers, as in the study (the sizes are ours: its report gives none). 64 px views, 0..255."""

    def __init__(self, channels: int = 3, classes: int = 8) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(channels, 30, 5), nn.Conv2d(30, 16, 3)
        self.c, self.d = nn.Linear(16 * 14 * 14, 128), nn.Linear(128, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = (x - 127.5) / 64
        x = F.max_pool2d(F.relu(self.a(x)), 2)
        x = F.max_pool2d(F.relu(self.b(x)), 2)
        x = F.dropout(x.flatten(1), 0.2, self.training)
        return self.d(F.relu(self.c(x)))


def optimiser_of(name: str, parameters: list[nn.Parameter], rate: float) -> torch.optim.Optimizer:
    """One of `OPTIMISERS`."""
    if name == "adam":
        return torch.optim.Adam(parameters, rate)
    if name == "rmsprop":
        return torch.optim.RMSprop(parameters, rate)
    if name == "sgd":
        return torch.optim.SGD(parameters, rate, momentum=0.9, nesterov=True)
    raise ValueError(f"unknown optimiser {name!r}: one of {', '.join(OPTIMISERS)}")


def as_batch(x: np.ndarray, rows: np.ndarray, pick: np.random.Generator | None = None) -> Tensor:
    """Rows of (n, h, w, c) as float32 (b, c, h, w) in channels-last memory; with `pick`, of (n, v, h, w, c) one view v of each."""
    part = x[rows] if pick is None else x[rows, pick.integers(x.shape[1], size=len(rows))]
    return torch.from_numpy(np.ascontiguousarray(part)).permute(0, 3, 1, 2).float()


def fit(
    net: nn.Module, x: np.ndarray, y: np.ndarray, epochs: int, seed: int, rate: float = 1e-3, optimiser: str = "adam",
    batch: int = 64, views: bool = False, say: str = "",
) -> nn.Module:  # fmt: skip
    """Train the parameters that want gradients by cross-entropy.

    Parameters
    ----------
    x : (n, h, w, c), or (n, v, h, w, c) with `views`: each epoch then draws one of the v views of every image
    y : (n,) class numbers
    """
    net.to(memory_format=torch.channels_last)
    free = [p for p in net.parameters() if p.requires_grad]
    steps = optimiser_of(optimiser, free, rate)
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    total = epochs * -(-len(x) // batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(steps, total)
    net.train()
    for epoch in range(epochs):
        order, losses = rng.permutation(len(x)), []
        for k in range(0, len(x), batch):
            rows = order[k : k + batch]
            with autocast():
                out = net(as_batch(x, rows, rng if views else None))
            loss = F.cross_entropy(out.float(), torch.from_numpy(y[rows]).long())
            steps.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(free, 5.0)
            steps.step()
            schedule.step()
            losses.append(loss.item())
        if say:
            print(f"  {say} epoch {epoch + 1}: loss {np.mean(losses):.4f}", flush=True)
    return net.eval()


@torch.no_grad()
def outputs(net: nn.Module, x: np.ndarray, batch: int = 128) -> np.ndarray:
    """(n, ...) float32 outputs of a network."""
    net.eval()
    out = []
    for k in range(0, len(x), batch):
        with autocast():
            out.append(net(as_batch(x, np.arange(k, min(k + batch, len(x))))).float().numpy())
    return np.concatenate(out)


def classes(net: nn.Module, x: np.ndarray) -> np.ndarray:
    """(n,) most probable class."""
    return outputs(net, x).argmax(1)
