"""What a network answers on a laboratory that it never saw, stored once, so that serving steps are judged without training.

    python -m scripts.training.answers --name without-lisc --site lisc
    python -m scripts.training.answers --network models/classifier-lite0/model.onnx --site lisc --unseen lisc deepbionet chula-rbc --out away-241.npz

Writes into ``CACHE/without-SITE/``: ``away.npz`` (every labelled leukocyte, NRBC and smudge of the site, at most 2,500), ``scales.npz`` (the same
cells taken for 0.83 and 1.2 times their scale), ``tight.npz`` (cut tight around the cell, at 0.83, 1 and 1.2 times the scale) and
``made.npz`` (marrow cells and lymphocytes set into fields of the site).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bloodcells_gui.adaptation.morphometry import COLUMNS
from bloodcells_gui.inference.preprocess import crop_at_scale
from bloodcells_gui.inference.uncertainty import UncertaintyModel
from scripts.training.augment import INPUT_PX, INPUT_UM
from scripts.training.classifier_net import ClassifierNet
from scripts.training.data import CACHE_PX, CACHE_UM, LEAVES, Cache, pictured
from scripts.training.export_classifier import load_net, serve
from scripts.training.metrics import allowed_matrix
from scripts.training.morphometry_fit import measured_crops
from scripts.training.uncertainty_fit import Embedded, distance_arrays, whitened
from scripts.training.views import central_views

SCALES = (0.83, 1.2)
"""Factors by which the scale is taken wrong: above 1 the cell looks larger than it is."""
MOST = 2500
_OUTSIDE = ("ART", "PLT", "WBC")
_SIDES = 1.12


def network_of(path: Path) -> ClassifierNet:
    """A trained network (`final.pt`, a checkpoint) or an exported one (`model.onnx`)."""
    if path.suffix == ".pt":
        return load_net(path)
    net = ClassifierNet(len(LEAVES))
    net.load_imagenet()
    net.load_served(path)
    return net.eval()


def rows_of_site(real: Cache, site: str, sets: Sequence[str], seed: int) -> list[int]:
    """Rows of the labelled nucleated cells of a site (of `sets` alone where given), at most `MOST`."""
    rows = [
        i
        for i, m in enumerate(real.meta)
        if m["site"] == site
        and (m["set"] in sets if sets else m["set"] != "txl_pbc" or site == "bccd")
        and m["leaves"]
        and m["label"] not in _OUTSIDE
    ]
    return sorted(int(i) for i in np.random.default_rng(seed).permutation(rows)[:MOST])


class Distances:
    """Relative distance to the training features of a network, from the sites that it saw."""

    def __init__(self, net: ClassifierNet, real: Cache, unseen: Sequence[str], seed: int) -> None:
        self.net = net
        rng = np.random.default_rng(seed)

        def of(split: str, limit: int) -> Embedded:
            rows = [
                i
                for i, m in enumerate(real.meta)
                if m["split"] == split
                and m["site"] not in unseen
                and m["leaves"]
                and m["use"] == "train+ship"
            ]
            rows = sorted(int(i) for i in rng.permutation(rows)[:limit])
            views = central_views(real.images[rows], [real.meta[i].get("half_um", 99) for i in rows])
            logits, embedding, apart = serve(net, views)
            metas = [real.meta[i] for i in rows]
            keys = [f"{m['site']} {m['label']}" for m in metas]
            unmeasured = np.full((len(rows), len(COLUMNS)), np.nan, np.float32)
            return Embedded(
                embedding, logits, allowed_matrix([m["leaves"] for m in metas]), keys, apart, unmeasured
            )

        self.arrays = distance_arrays(of("train", 3000))
        self._model = UncertaintyModel(
            self.arrays["centre"], self.arrays["whitener"], self.arrays["means"], 1.0, 1.0, 0.0, 1.0, 1e9
        )
        self.reference = float(np.percentile(self._model.relative_distance(of("val", 1200).embedding), 95))

    def __call__(self, embedding: np.ndarray) -> np.ndarray:
        return np.asarray(self._model.relative_distance(embedding)) / self.reference


def views_at(images: np.ndarray, halves: Sequence[float], factor: float) -> np.ndarray:
    """Network inputs (n, 128, 128, 3) of cached crops whose scale is taken for `factor` times what it is."""
    out = np.empty((len(images), INPUT_PX, INPUT_PX, 3), np.uint8)
    for k, image in enumerate(images):
        part = pictured(halves[k])
        window = image[part, part]
        centre = (window.shape[1] / 2, window.shape[0] / 2)
        out[k] = crop_at_scale(window, centre, CACHE_UM * factor, INPUT_PX, INPUT_UM)
    return out


def tight_halves(measurements: np.ndarray, halves: Sequence[float]) -> np.ndarray:
    """(n,) half the side, um, of a crop cut tight around each cell; a cell of unknown size has 6 um."""
    area = measurements[:, COLUMNS.index("cell_area_um2")]
    half = _SIDES * np.sqrt(np.where(np.isfinite(area) & (area > 20), area, 36 * np.pi / _SIDES**2) / np.pi)
    return np.minimum(half, np.asarray(halves))


def answers_of(net: ClassifierNet, views: np.ndarray, distances: Distances) -> dict[str, np.ndarray]:
    """Logits, embedding, view disagreement, relative distance and whitened coordinates of network inputs."""
    logits, embedding, disagreement = serve(net, views)
    return {
        "logits": logits,
        "embedding": embedding.astype(np.float16),
        "disagreement": disagreement,
        "distance": distances(embedding),
        "coordinates": whitened(embedding, distances.arrays).astype(np.float16),
    }


def _named(metas: Sequence[dict]) -> dict[str, np.ndarray]:
    return {
        "allowed": allowed_matrix([m["leaves"] for m in metas]),
        "label": np.array([m["label"] for m in metas]),
        "path": np.array([m["path"] for m in metas]),
        "group": np.array([m["group"] for m in metas]),
        "split": np.array([m["split"] for m in metas]),
    }


def store_answers(
    cache: Path,
    net: ClassifierNet,
    site: str,
    out: Path,
    sets: Sequence[str],
    unseen: Sequence[str],
    seed: int = 1,
    wrong: Sequence[float] = SCALES,
) -> None:
    """Write the four files beside `out` (whose name says the first), all from one network.

    `wrong` are the scales beside the right one; without them nothing is stored of how a wrong scale reads.
    """
    real = Cache(cache, "real")
    distances = Distances(net, real, unseen, seed)
    rows = rows_of_site(real, site, sets, seed)
    metas, images = [real.meta[i] for i in rows], real.images[rows]
    halves = [m.get("half_um", CACHE_PX * CACHE_UM / 2) for m in metas]
    measurements = measured_crops(cache)[rows]
    same = {**_named(metas), "measurements": measurements}
    whole = answers_of(net, central_views(images, halves), distances)
    out.parent.mkdir(parents=True, exist_ok=True)
    arrays = {"centre": distances.arrays["centre"], "whitener": distances.arrays["whitener"]}
    np.savez(out, **whole, **same, **arrays)
    suffix = out.stem.removeprefix("away")
    tight = tight_halves(measurements, halves)
    for name, sizes, factors in (("scales", halves, tuple(wrong)), ("tight", tight, (1.0, *wrong))):
        if not factors:
            continue
        kept = {}
        for factor in factors:
            found = answers_of(net, views_at(images, list(sizes), factor), distances)
            kept |= {f"{key}_{factor}": value for key, value in found.items() if key != "coordinates"}
        np.savez(out.with_name(f"{name}{suffix}.npz"), **kept, **same, half_um=np.asarray(sizes))
    store_made(cache, net, site, out.with_name(f"made{suffix}.npz"), distances, wrong)
    print(site, len(rows), "cells", flush=True)


def store_made(
    cache: Path,
    net: ClassifierNet,
    site: str,
    out: Path,
    distances: Distances,
    wrong: Sequence[float] = SCALES,
) -> None:
    """Answers on the made crops whose ground is the site's, at all scales; nothing where there are none."""
    if not (cache / "made.json").is_file():
        return
    made = Cache(cache, "made")
    rows = [
        i
        for i, m in enumerate(made.meta)
        if m["site"].endswith(f">{site}") and not m["site"].startswith(f"{site}>")
    ]
    if not rows:
        return
    metas, images = [made.meta[i] for i in rows], made.images[rows]
    halves = [CACHE_PX * CACHE_UM / 2] * len(rows)
    kept = answers_of(net, central_views(images, halves), distances)
    for factor in wrong:
        kept |= {f"logits_{factor}": answers_of(net, views_at(images, halves, factor), distances)["logits"]}
    source = np.array([m["site"].split(">")[0] for m in metas])
    small = np.array([bool(m.get("lympho")) for m in metas])
    np.savez(out, **kept, **_named(metas), source=source, lympho=small, rows=np.array(rows))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--site", required=True)
    parser.add_argument("--sets", nargs="*", default=[], help="of the site's sets these alone")
    parser.add_argument(
        "--unseen", nargs="*", default=[], help="all sites that the network never saw (default: the one)"
    )
    parser.add_argument("--name", default="", help="a training in the cache")
    parser.add_argument("--network", type=Path, help="weights or an exported network, instead of --name")
    parser.add_argument("--right-scale", action="store_true", help="nothing at a wrong scale")
    parser.add_argument("--out", default="away.npz")
    parser.add_argument("--folder", default="", help="folder in the cache (default: without-SITE)")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    import torch

    torch.set_num_threads(args.threads)
    net = network_of(args.network or args.cache / args.name / "final.pt")
    folder = args.cache / (args.folder or f"without-{args.site}")
    unseen, wrong = args.unseen or [args.site], () if args.right_scale else SCALES
    store_answers(args.cache, net, args.site, folder / args.out, args.sets, unseen, wrong=wrong)


if __name__ == "__main__":
    main()
