"""What networks answer on laboratories that they never saw, as those are and as another stain, lamp, focus or scale shows them.

    python -m scripts.training.site_copies --cache .train

A copy is another laboratory: one change, the same for all its pictures. Each is measured anew and answered by a network that never saw the
laboratory; ``scripts.training.fit_site_check`` learns from them what a new laboratory may expect. Writes ``CACHE/site-check/SITE-COPY.npz``;
what is there already stays.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np

from bloodcells_gui.adaptation.morphometry import COLUMNS
from bloodcells_gui.app.specimen_adaptation import select_measurements
from bloodcells_gui.imaging.measure import measure
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.preprocess import crop_at_scale
from bloodcells_gui.inference.segmenter import Segmenter
from scripts.training import degrade, stain_jitter
from scripts.training.answers import Distances, answers_of, network_of, rows_of_site, views_at
from scripts.training.data import CACHE_PX, CACHE_UM, FIVE, Cache, pictured
from scripts.training.metrics import allowed_matrix, true_rows
from scripts.training.morphometry_fit import SEGMENTER

#: Laboratory -> a network that never saw it, in the cache ("": the shipped one), and all that the network never saw.
NETWORKS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "pbc": ("without-pbc/final.pt", ("pbc",)),
    "raabin": ("without-raabin/final.pt", ("raabin",)),
    "lisc": ("without-new/final.pt", ("lisc", "deepbionet", "chula-rbc")),
    "deepbionet": ("without-new/final.pt", ("lisc", "deepbionet", "chula-rbc")),
    "tecom": ("", ("tecom",)),
}
#: The shipped network, which never saw the site `tecom`.
SHIPPED = Path("models/classifier-lite0/model.onnx")
#: Cells of each five-part class taken at most, and of all others together.
MOST = (200, 140, 100, 90, 50, 80)
Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _stain(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return stain_jitter.jitter_stain(image, rng, 1.0)


#: Copy -> its change of the picture, and what its scale is taken for. Every picture of a copy gets the same draw.
COPIES: Mapping[str, tuple[Change | None, float]] = {
    "plain": (None, 1.0),
    "stain-1": (_stain, 1.0),
    "stain-2": (_stain, 1.0),
    "stain-3": (_stain, 1.0),
    "cast-1": (degrade.cast, 1.0),
    "cast-2": (degrade.cast, 1.0),
    "dim": (degrade.dim, 1.0),
    "flat": (degrade.flat, 1.0),
    "blurred": (degrade.defocus, 1.0),
    "coarse": (stain_jitter.coarsen, 1.0),
    "small": (None, 0.83),
    "large": (None, 1.2),
}


def copy_path(cache: Path, site: str, copy: str) -> Path:
    """Where the answers on a copy are kept; those of the shipped network by its hash, for another may ship."""
    shipped = "" if NETWORKS.get(site, ("x",))[0] else f"-{sha256(SHIPPED.read_bytes()).hexdigest()[:8]}"
    return cache / "site-check" / f"{site}-{copy}{shipped}.npz"


def rows_drawn(real: Cache, site: str, seed: int = 5) -> list[int]:
    """Rows of a laboratory's cells: at most `MOST` of each five-part class."""
    rows = rows_of_site(real, site, (), seed)
    five = true_rows([real.meta[i]["leaves"] for i in rows], FIVE)
    rng = np.random.default_rng(seed)
    drawn: list[int] = []
    for k, most in enumerate(MOST):
        of = np.flatnonzero(five == (k if k < len(FIVE) else -1))
        drawn += [rows[i] for i in rng.permutation(of)[:most]]
    return sorted(drawn)


def changed(images: np.ndarray, change: Change | None, seed: str) -> np.ndarray:
    """Every picture (n, h, w, 3) with the same draw of a change."""
    if change is None:
        return images
    number = int.from_bytes(seed.encode(), "little") % (2**63)
    return np.stack([change(image, np.random.default_rng(number)) for image in images])


def measured(images: np.ndarray, halves: Sequence[float], factor: float, network: Segmenter) -> np.ndarray:
    """(n, M) measurements of the central cells, the scale taken for `factor` times what it is."""
    out = np.empty((len(images), len(COLUMNS)), np.float32)
    for start in range(0, len(images), 64):
        windows = []
        for image, half in zip(images[start : start + 64], halves[start : start + 64], strict=True):
            part = pictured(half)
            window = image[part, part]
            middle = (window.shape[1] / 2, window.shape[0] / 2)
            windows.append(
                crop_at_scale(window, middle, CACHE_UM * factor, network.size_px, network.um_per_px)
            )
        together = np.stack(windows)
        for k, (window, mask) in enumerate(zip(together, network.segment(together), strict=True)):
            out[start + k] = select_measurements(measure(window, mask, network.um_per_px))[0]
    return out


def store_copy(
    real: Cache, site: str, copy: str, target: Path, distances: Distances, segmenter: Segmenter
) -> None:
    """Answer and measure one copy of one laboratory."""
    rows = rows_drawn(real, site)
    metas = [real.meta[i] for i in rows]
    halves = [m.get("half_um", CACHE_PX * CACHE_UM / 2) for m in metas]
    change, factor = COPIES[copy]
    images = changed(np.asarray(real.images[rows]), change, f"{site}-{copy}")
    answers = answers_of(distances.net, views_at(images, halves, factor), distances)
    target.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        target,
        **{key: answers[key] for key in ("logits", "coordinates", "disagreement", "distance")},
        measurements=measured(images, halves, factor, segmenter),
        allowed=allowed_matrix([m["leaves"] for m in metas]),
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--sites", nargs="+", default=list(NETWORKS))
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    import torch

    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    real, segmenter = Cache(args.cache, "real"), Segmenter(load_bundle(SEGMENTER))
    known: dict[str, Distances] = {}
    for site in args.sites:
        name, unseen = NETWORKS[site]
        for copy in COPIES:
            target = copy_path(args.cache, site, copy)
            if target.is_file():
                continue
            if name not in known:
                network = network_of(args.cache / name if name else SHIPPED)
                known[name] = Distances(network, real, unseen, 1)
            store_copy(real, site, copy, target, known[name], segmenter)
            print(target, flush=True)


if __name__ == "__main__":
    main()
