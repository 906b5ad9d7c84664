"""What several networks say together about every training crop: soft labels, from which one network of the same size learns.

    python -m scripts.training.soft_labels --networks models/classifier-lite0/model.int8.onnx before/model.int8.onnx --out soft.npz
    python -m scripts.training.train_classifier --name student --start models/classifier-lite0/model.onnx --soft soft.npz

Each network sees the crop as it is served (with its pale mirror image) and in a window a fifth wider; the label is the mean of
all probabilities (Hinton et al. 2015, "Distilling the knowledge in a neural network"). It is stored once a crop; the student sees the
crop turned, recoloured and degraded, and is to say the same. A trial on a laboratory left out takes networks that never saw it.
An exported network is asked through onnxruntime, which takes a fraction of torch's time; weights (.pt) are asked through torch.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from scripts.training.answers import network_of, views_at
from scripts.training.data import CACHE_PX, CACHE_UM, LEAVES, Cache, dropped_paths
from scripts.training.export_classifier import onnx_session, serve
from scripts.training.views import crop_kind, sampling_weights

#: Factors of the scale at which the teachers see a crop: below 1 the window shows more around the cell.
SCALES = (1.0, 0.83)
#: Both answers are made softer before they are compared, so that what is unlikely counts too.
TEMPERATURE = 2.0
_PIECE = 256
_BATCH = 8

#: Logits (n, K) float32 of network inputs (n, 128, 128, 3) uint8.
Teacher = Callable[[np.ndarray], np.ndarray]
_SEED = 20211


def taught_rows(cache: Cache, leave_out: Sequence[str]) -> list[int]:
    """Rows of a cache that training draws from, without the sites of `leave_out`."""
    dropped, out = dropped_paths(), set(leave_out)
    return [
        i
        for i, m in enumerate(cache.meta)
        if m["use"] == "train+ship"
        and m["split"] == "train"
        and m["leaves"]
        and m.get("path", "") not in dropped
        and not out & set(m["site"].split(">"))
    ]


def drawn_rows(caches: Sequence[Cache], leave_out: Sequence[str], most: int) -> list[list[int]]:
    """Rows of each cache that get a soft label: all that training draws from, or `most` of them drawn as often as training draws them."""
    rows = [taught_rows(cache, leave_out) for cache in caches]
    where = [(c, i) for c, part in enumerate(rows) for i in part]
    if not 0 < most < len(where):
        return rows
    weights = sampling_weights([crop_kind(caches[c].meta[i]) for c, i in where])
    picked = np.random.default_rng(_SEED).choice(len(where), most, replace=False, p=weights)
    chosen = [where[n] for n in sorted(picked)]
    return [[i for c, i in chosen if c == number] for number in range(len(caches))]


def teacher_of(path: Path, threads: int = 1) -> Teacher:
    """A network as it is served: weights (.pt) or an exported network (.onnx)."""
    if path.suffix == ".pt":
        net = network_of(path)
        return lambda views: np.asarray(serve(net, views)[0])
    session = onnx_session(path, threads)

    def ask(views: np.ndarray) -> np.ndarray:
        parts = [views[k : k + _BATCH] for k in range(0, len(views), _BATCH)]
        return np.concatenate([session.run(["logits"], {"image": part})[0] for part in parts])

    return ask


def mean_probabilities(
    teachers: Iterable[Teacher], images: np.ndarray, halves: Sequence[float]
) -> np.ndarray:
    """(n, K) float32 mean over networks and scales of what they say of (n, 208, 208, 3) cached crops."""
    views = [views_at(images, halves, factor) for factor in SCALES]
    found = [torch.softmax(torch.from_numpy(ask(view)), 1) for ask in teachers for view in views]
    return np.asarray(torch.stack(found).mean(0).numpy(), np.float32)


def soft_loss(logits: torch.Tensor, soft: torch.Tensor) -> torch.Tensor:
    """Mean cross entropy between softened answers (n, K) and soft labels; rows of zeros have no soft label and count as 0."""
    known = soft.sum(1) > 0
    if not bool(known.any()):
        return logits.new_zeros(())
    softer = soft[known].clamp_min(1e-6) ** (1 / TEMPERATURE)
    softer = softer / softer.sum(1, keepdim=True)
    log_p = F.log_softmax(logits.float()[known] / TEMPERATURE, 1)
    return -(softer * log_p).sum() * TEMPERATURE**2 / len(soft)


def read_soft(path: Path) -> dict[str, np.ndarray]:
    """Soft labels (crops, K) float32 of each cache by its name; zeros where a crop has none."""
    data = np.load(path, allow_pickle=False)
    return {name: np.asarray(data[name], np.float32) for name in data.files}


def main() -> None:
    """Ask the networks about both caches."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument(
        "--networks", type=Path, nargs="+", required=True, help="weights (.pt) or exported networks (.onnx)"
    )
    parser.add_argument("--leave-out", nargs="*", default=[], help="sites without soft labels")
    parser.add_argument("--most", type=int, default=0, help="so many crops alone, for a trial (0: all)")
    parser.add_argument("--out", required=True, help="file in the cache")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    teachers = [teacher_of(path, args.threads) for path in args.networks]
    kept = {}
    caches = {name: Cache(args.cache, name) for name in ("real", "made")}
    chosen = drawn_rows(list(caches.values()), args.leave_out, args.most)
    for (name, cache), rows in zip(caches.items(), chosen, strict=True):
        kept[name] = np.zeros((len(cache.meta), len(LEAVES)), np.float16)
        for k in range(0, len(rows), _PIECE):
            part = rows[k : k + _PIECE]
            halves = [cache.meta[i].get("half_um", CACHE_PX * CACHE_UM / 2) for i in part]
            kept[name][part] = mean_probabilities(teachers, cache.images[part], halves)
            print(name, k + len(part), "of", len(rows), flush=True)
    np.savez_compressed(args.cache / args.out, **kept)


if __name__ == "__main__":
    main()
