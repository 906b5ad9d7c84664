"""VGG16 by transfer and fine-tuning: layers to unfreeze, optimisers, deep features + SVC.

The study: 96 % with a frozen trunk, 98 % fine-tuned, 98.5 % with the tuned features and an SVC (ImageNet weights, 11,000 images).
Ours starts from a VGG16 trunk that was tuned for finding edges (HED on BSDS500): these are NOT ImageNet class weights, and
what its last blocks knew of object classes is gone. Without such a file (``scripts.study.convert_vgg``) it starts at random and says so.

    python -m scripts.study.vgg --weights .train/study/vgg16-hed.npz
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scripts.study.common import Labelled, Log, arguments, four_thousand, load, parts, score
from scripts.study.training import as_batch, classes, fit, outputs
from scripts.training.precision import autocast

#: Channels of the convolutions of each block; a 2x2 maximum follows every block.
BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
SIDE = 96
#: What Caffe's VGG16 was fed: minus these means (R, G, B).
MEAN = (122.67892, 116.66877, 104.00699)


class Trunk(nn.Module):
    """The thirteen convolutions of VGG16 (Simonyan and Zisserman 2014) from block `first` to `last` (numbered from 0)."""

    mean: Tensor

    def __init__(self, first: int = 0, last: int = 4) -> None:
        super().__init__()
        self.first = first
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        cin = BLOCKS[first - 1][-1] if first else 3
        self.blocks = nn.ModuleList()
        for widths in BLOCKS[first : last + 1]:
            layers: list[nn.Module] = []
            for cout in widths:
                layers += [nn.Conv2d(cin, cout, 3, 1, 1), nn.ReLU()]
                nn.init.kaiming_normal_(layers[-2].weight, nonlinearity="relu")
                nn.init.zeros_(layers[-2].bias)
                cin = cout
            self.blocks.append(nn.Sequential(*layers, nn.MaxPool2d(2)))

    def load(self, path: Path | None) -> Trunk:
        """Take the weights of an npz file (``conv1_1.weight`` ...; BGR order, as Caffe had it); random ones without a file."""
        if path is None:
            return self
        with np.load(path, allow_pickle=False) as held:
            for b, block in enumerate(self.blocks, self.first + 1):
                for i, conv in enumerate(m for m in block if isinstance(m, nn.Conv2d)):
                    weight = held[f"conv{b}_{i + 1}.weight"]
                    if weight.shape[1] == 3:
                        weight = np.ascontiguousarray(weight[:, ::-1])
                    conv.weight.data = torch.from_numpy(weight).clone()
                    conv.bias.data = torch.from_numpy(held[f"conv{b}_{i + 1}.bias"]).clone()
        return self

    def forward(self, x: Tensor) -> Tensor:
        x = x - self.mean if self.first == 0 else x
        for block in self.blocks:
            x = block(x)
        return x


class Tail(nn.Module):
    """The trainable end: blocks from `first` on (none when 5), then two dense layers on the flattened 3x3 map."""

    def __init__(self, first: int, weights: Path | None, hidden: int = 256, kinds: int = 8) -> None:
        super().__init__()
        self.trunk = Trunk(first).load(weights) if first < 5 else nn.Identity()
        self.scale = 1.0
        self.hidden = nn.Linear(512 * (SIDE // 32) ** 2, hidden)
        self.head = nn.Linear(hidden, kinds)

    def features(self, x: Tensor) -> Tensor:
        """(n, hidden) activations before the last layer."""
        x = self.trunk(x) * self.scale
        return F.relu(self.hidden(F.dropout(x.flatten(1), 0.3, self.training)))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.dropout(self.features(x), 0.3, self.training))

    def settle(self, x: np.ndarray) -> Tail:
        """Scale the untrained trunk's output to unit spread, so that the dense layers start well."""
        with torch.no_grad(), autocast():
            self.scale = 1.0 / float(self.trunk(as_batch(x, np.arange(min(64, len(x))))).float().std() + 1e-6)
        return self


class _Features(nn.Module):
    def __init__(self, tail: Tail) -> None:
        super().__init__()
        self.tail = tail

    def forward(self, x: Tensor) -> Tensor:
        return self.tail.features(x)


def maps(net: nn.Module, x: np.ndarray) -> np.ndarray:
    """Outputs of a frozen trunk as (n, h, w, c) float16, computed once so that only what is trained costs time."""
    out = [
        outputs(net, x[k : k + 256], 64).transpose(0, 2, 3, 1).astype(np.float16)
        for k in range(0, len(x), 256)
    ]
    return np.concatenate(out)


def svc(x: np.ndarray, y: np.ndarray, test: np.ndarray, c: float = 10) -> np.ndarray:
    """Classes of `test` by standardised features and support vectors with a Gaussian kernel."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    return make_pipeline(StandardScaler(), SVC(C=c)).fit(x, y).predict(test)


def small(
    log: Log, data: Labelled, weights: Path | None, start: str, epochs: tuple[int, int, int], seed: int
) -> None:
    """The sweep on 4,000 images: unfrozen blocks 0, 1, 2 and all; three optimisers on one unfrozen block."""
    train, test = four_thousand(data, seed)
    y, truth, rows = data.y[train], data.y[test], np.r_[train, test]
    middle = maps(Trunk(0, 2).load(weights), data.x[rows])
    fourth = maps(Trunk(3, 3).load(weights), middle)
    fifth = maps(Trunk(4, 4).load(weights), fourth)
    n = len(train)
    means = np.hstack([m.astype(np.float32).mean((1, 2)) for m in (middle, fourth, fifth)])
    found = svc(means[:n], y, means[n:])
    log.add(
        "VGG16 frozen, means of blocks 3 to 5 + SVC, 4,000",
        "-",
        score(truth, found),
        f"{SIDE} px, {start}",
        n,
    )

    def run(what: str, first: int, x: np.ndarray, optimiser: str, rate: float, rounds: int) -> None:
        torch.manual_seed(seed)
        net = fit(Tail(first, weights).settle(x), x[:n], y, rounds, seed, rate, optimiser, say=what)
        log.add(what, "96 % (all)" if first == 5 else "up to 98 % (all)", score(truth, classes(net, x[n:])),
                f"{SIDE} px, {start}, {optimiser} {rate:g}, {rounds} epochs", n)  # fmt: skip

    run("VGG16 frozen, dense layers trained, 4,000", 5, fifth, "adam", 1e-3, 15)
    run("VGG16, block 5 unfrozen, Adam, 4,000", 4, fourth, "adam", 2e-4, epochs[0])
    run("VGG16, block 5 unfrozen, RMSprop, 4,000", 4, fourth, "rmsprop", 1e-4, epochs[0])
    run("VGG16, block 5 unfrozen, SGD with momentum, 4,000", 4, fourth, "sgd", 1e-2, epochs[0])
    run("VGG16, blocks 4 and 5 unfrozen, Adam, 4,000", 3, middle, "adam", 2e-4, epochs[1])
    run("VGG16, all blocks unfrozen, Adam, 4,000", 0, data.x[rows], "adam", 1e-4, epochs[2])


def whole(log: Log, data: Labelled, weights: Path | None, start: str, epochs: int, seed: int) -> None:
    """All images: blocks 4 and 5 unfrozen (chosen beforehand, not by the sweep), then its features with an SVC."""
    big, fifth = parts(data)
    middle = maps(Trunk(0, 2).load(weights), data.x)
    torch.manual_seed(seed)
    net = fit(
        Tail(3, weights).settle(middle), middle[big], data.y[big], epochs, seed, 2e-4, say="VGG16 on all"
    )
    settings = f"{SIDE} px, {start}, adam 0.0002, {epochs} epochs"
    log.add(
        "VGG16, blocks 4 and 5 unfrozen, all",
        "98 %",
        score(data.y[fifth], classes(net, middle[fifth])),
        settings,
        len(big),
    )
    tuned = outputs(_Features(net), middle)
    log.add(
        "the same, tuned features + SVC, all",
        "98.5 %",
        score(data.y[fifth], svc(tuned[big], data.y[big], tuned[fifth], 3)),
        settings,
        len(big),
    )


def main() -> None:
    """Run it."""
    parser = arguments(__doc__)
    parser.add_argument("--weights", type=Path, help="default: study/vgg16-hed.npz of the cache")
    parser.add_argument(
        "--epochs", type=int, nargs=3, default=(5, 4, 3), help="block 5; blocks 4 and 5; all (4,000 images)"
    )
    parser.add_argument("--whole-epochs", type=int, default=3, help="0: only the 4,000 images")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    weights = args.weights or args.cache / "study" / "vgg16-hed.npz"
    if args.weights and not weights.is_file():
        raise SystemExit(f"there is no file {weights} (python -m scripts.study.convert_vgg makes one)")
    weights = weights if weights.is_file() else None
    start = "start: HED edge weights, not ImageNet classes" if weights else "start: random (no weights file)"
    log = Log(args.cache, "vgg", args.seed)
    data = load(args.cache, "pbc", SIDE)
    small(log, data, weights, start, tuple(args.epochs), args.seed)
    if args.whole_epochs:
        whole(log, data, weights, start, args.whole_epochs, args.seed)


if __name__ == "__main__":
    main()
