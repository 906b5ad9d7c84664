"""Views of the training crops: which are drawn how often, and how they are varied."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import IterableDataset

from bloodcells_gui.adaptation.morphometry import COLUMNS
from scripts.training.attributes import NAMES, UNKNOWN, Attributes, goals
from scripts.training.augment import INPUT_PX, INPUT_UM, Look, augment, look_of, nothing
from scripts.training.augment_batch import augment_batch
from scripts.training.data import CACHE_PX, CACHE_UM, INDEX, LEAVES, Cache, dropped_paths, pictured

NOTHING = 0.012
"""Share of the views that hold no cell at all."""
SITE_SHARES = {
    "pbc": 0.33, "raabin": 0.14, "bccd": 0.08, "lisc": 0.06, "deepbionet": 0.08, "chula-rbc": 0.01, "mll-marrow": 0.11,
    "lmu": 0.02, "made": 0.17,
}  # fmt: skip
"""Share of the views from each site and from made crops; of those that are left when a site is left out, in proportion.

By number of crops alone the one large site fills the batches, and its look becomes the classes.
"""
OTHER_SITE = 0.16


class Pool:
    """The training crops of both caches with targets, sampling weights and Lab statistics."""

    def __init__(
        self,
        folder: Path,
        leave_out: Sequence[str] = (),
        attributes: Attributes | None = None,
        soft: Mapping[str, np.ndarray] | None = None,
        *,
        only_soft: bool = False,
    ) -> None:
        names = [n for n in ("real", "made") if (folder / f"{n}.json").is_file()]
        self.caches = [Cache(folder, n) for n in names]
        where, targets, keys, halves = [], [], [], []
        dropped = dropped_paths()
        for c, cache in enumerate(self.caches):
            for i, m in enumerate(cache.meta):
                sites = m["site"].split(">")
                if m["use"] != "train+ship" or m["split"] != "train" or not m["leaves"]:
                    continue
                if m.get("path", "") in dropped:
                    continue
                if set(leave_out) & set(sites):
                    continue
                if only_soft and soft is not None and not soft[names[c]][i].any():
                    continue
                target = np.zeros(len(LEAVES), bool)
                target[[INDEX[x] for x in m["leaves"]]] = True
                where.append((c, i))
                targets.append(target)
                keys.append(crop_kind(m))
                halves.append(m.get("half_um", CACHE_PX * CACHE_UM / 2))
        self.where = where
        metas = [self.caches[c].meta[i] for c, i in where]
        known = attributes or Attributes.read(Path())
        self.attributes = goals(
            known, [m.get("path", "") for m in metas], [m["set"] != "made" for m in metas]
        )
        self.targets = np.array(targets)
        #: (n, K) float32 soft labels; zeros where there are none.
        self.soft = np.zeros(self.targets.shape, np.float32)
        if soft is not None:
            self.soft = np.array([soft[names[c]][i] for c, i in where], np.float32)
        self.halves = halves
        self.weights = sampling_weights(keys)
        self.radii = radii_um(folder)[: len(self.caches[0].meta)]
        self.sites = np.array([k[0] for k in keys])
        self.stats, self.fields = np.empty((len(where), 6), np.float32), np.empty((len(where), 3), np.float32)
        for n, (c, i) in enumerate(where):
            look = self.caches[c].meta[i].get("look")
            self.stats[n], self.fields[n] = (
                np.split(np.array(look), [6]) if look else look_of(self.caches[c].images[i], halves[n])
            )
        shares: dict[str, float] = {}
        for k, w in zip(keys, self.weights, strict=True):
            shares[f"{k[0]} {k[1]}"] = shares.get(f"{k[0]} {k[1]}", 0) + float(w)
        self.shares = shares


def radii_um(folder: Path) -> np.ndarray:
    """(n,) radius, um, of the cell in every crop of the cache "real" as far as it was measured, else NaN; empty without measurements."""
    store = folder / "measurements.npz"
    if not store.is_file():
        return np.empty(0, np.float32)
    area = np.load(store, allow_pickle=False)["measurements"][:, COLUMNS.index("cell_area_um2")]
    return np.sqrt(np.where(area > 15, area, np.nan) / np.pi).astype(np.float32)


def crop_kind(meta: Mapping[str, Any]) -> tuple[str, str]:
    """Site and label of a crop, by which it is drawn; made crops are of the site of their ground, apart where the cell is marrow's."""
    if meta["set"] != "made":
        return meta["site"], meta["label"]
    source, ground = meta["site"].split(">")
    return f"made>{ground}" + ("*" if source == "mll-marrow" else ""), meta["label"]


def sampling_weights(keys: Sequence[tuple[str, str]]) -> np.ndarray:
    """(n,) how often each crop is drawn, of its (site, class); sums to 1.

    Sites get their SITE_SHARES (made crops together one, a site that has none as much as a small one); within a site the
    inverse square root of the class's size, where classless cells and what is no leukocyte count half.
    """
    sizes = Counter(keys)
    weights = np.array(
        [
            (0.5 if label in ("WBC", "ART", "PLT") else 1.0) / np.sqrt(sizes[site, label])
            for site, label in keys
        ]
    )
    kinds = np.array([site.split(">")[0] for site, _ in keys])
    for kind in np.unique(kinds):
        weights[kinds == kind] *= SITE_SHARES.get(str(kind), OTHER_SITE) / weights[kinds == kind].sum()
    return weights / weights.sum()


class Batch(NamedTuple):
    """Views to learn from.

    Attributes
    ----------
    image : (b, 3, 128, 128) tensor
    allowed : (b, K) bool tensor
        Leaves that each label allows.
    attributes : (b, A) int64 tensor
        Words of each attribute, UNKNOWN where nobody said.
    soft : (b, K) float32 tensor
        Soft labels; a row of zeros where there is none.
    """

    image: torch.Tensor
    allowed: torch.Tensor
    attributes: torch.Tensor
    soft: torch.Tensor


class Views(IterableDataset):
    """An endless stream of augmented views, made by loader processes; a piece of it is repeatable by (seed, first)."""

    def __init__(self, pool: Pool, seed: int, first: int, batch: int, look: Look | None = None) -> None:
        self.pool, self.seed, self.first, self.batch, self.look = pool, seed, first, batch, look

    def __iter__(self) -> Iterator[Batch]:
        import cv2

        cv2.setNumThreads(1)
        info = torch.utils.data.get_worker_info()
        worker = info.id if info else 0
        rng = np.random.default_rng((self.seed, self.first, worker))
        pool = self.pool
        cumulative = np.cumsum(pool.weights)
        photos = photographs()
        empty = np.zeros(len(LEAVES), bool)
        empty[INDEX["ART"]] = True
        site_names = np.unique(pool.sites)
        by_site = {s: np.flatnonzero(pool.sites == s) for s in site_names}
        for step in itertools.count(self.first + worker, info.num_workers if info else 1):
            seen = step * self.batch
            x = np.empty((self.batch, INPUT_PX, INPUT_PX, 3), np.uint8)
            y = np.empty((self.batch, len(LEAVES)), bool)
            a = np.full((self.batch, len(NAMES)), UNKNOWN, np.int64)
            s = np.zeros((self.batch, len(LEAVES)), np.float32)
            for b in range(self.batch):
                if rng.random() < NOTHING:
                    x[b], y[b] = nothing(rng, photos), empty
                    continue
                n = min(int(np.searchsorted(cumulative, rng.random())), len(cumulative) - 1)
                c, i = pool.where[n]
                other = int(rng.choice(by_site[str(rng.choice(site_names))]))
                x[b] = augment(
                    pool.caches[c].images[i],
                    CACHE_UM,
                    pool.halves[n],
                    pool.stats[n],
                    pool.stats[other],
                    rng,
                    self.look,
                    seen,
                    float(pool.radii[i]) if c == 0 and len(pool.radii) else np.nan,
                )
                y[b], a[b], s[b] = pool.targets[n], pool.attributes[n], pool.soft[n]
            image = torch.from_numpy(x).permute(0, 3, 1, 2)
            yield Batch(image, torch.from_numpy(y), torch.from_numpy(a), torch.from_numpy(s))


def photographs() -> list[np.ndarray]:
    """Pictures of no microscope, for views without a cell; none where scikit-learn does not bring them (a bonus)."""
    try:
        from sklearn.datasets import load_sample_images

        return list(load_sample_images().images)
    except Exception:
        return []


class DeviceViews:
    """The same stream made on the device, where all crops lie; each step is repeatable by (seed, step)."""

    def __init__(
        self, pool: Pool, seed: int, first: int, batch: int, device: torch.device, look: Look
    ) -> None:
        self.pool, self.seed, self.first, self.batch, self.device, self.look = (
            pool,
            seed,
            first,
            batch,
            device,
            look,
        )
        # Room for the crops: 0.13 MB each, 2.6 GB for twenty thousand.
        self.images = torch.empty((len(pool.where), 3, CACHE_PX, CACHE_PX), dtype=torch.uint8, device=device)
        for n in range(0, len(pool.where), 512):
            some = np.stack([pool.caches[c].images[i] for c, i in pool.where[n : n + 512]])
            self.images[n : n + 512] = torch.from_numpy(some).to(device).permute(0, 3, 1, 2)
        rng, photos = np.random.default_rng((seed, 1)), photographs()
        blank = np.stack([nothing(rng, photos) for _ in range(1500)])
        self.blanks = torch.from_numpy(blank).to(device).permute(0, 3, 1, 2).float()

    def __iter__(self) -> Iterator[Batch]:
        pool, n, device = self.pool, self.batch, self.device
        halves, targets, fields = (
            np.array(pool.halves),
            torch.from_numpy(pool.targets).to(device),
            torch.from_numpy(pool.fields).to(device),
        )
        attributes = torch.from_numpy(pool.attributes).to(device)
        soft = torch.from_numpy(pool.soft).to(device)
        empty = torch.zeros(len(LEAVES), dtype=torch.bool, device=device)
        empty[INDEX["ART"]] = True
        cumulative = np.cumsum(pool.weights)
        by_site = [np.flatnonzero(pool.sites == s) for s in np.unique(pool.sites)]
        noise = torch.Generator(device)
        for step in itertools.count(self.first):
            rng = np.random.default_rng((self.seed, step))
            noise.manual_seed(self.seed * 1_000_003 + step)
            picked = np.minimum(np.searchsorted(cumulative, rng.random(n)), len(cumulative) - 1)
            site = rng.integers(0, len(by_site), n)
            other = np.array(
                [by_site[s][int(u * len(by_site[s]))] for s, u in zip(site, rng.random(n), strict=True)]
            )
            at = torch.from_numpy(picked).to(device)
            x = augment_batch(
                self.images[at],
                halves[picked],
                pool.stats[picked],
                pool.stats[other],
                fields[at],
                rng,
                noise,
                self.look,
            )
            y, a, s = targets[at], attributes[at], soft[at]
            none = np.flatnonzero(rng.random(n) < NOTHING)
            if len(none):
                rows = torch.from_numpy(none).to(device)
                x[rows] = self.blanks[
                    torch.from_numpy(rng.integers(0, len(self.blanks), len(none))).to(device)
                ]
                y[rows], a[rows], s[rows] = empty, UNKNOWN, 0.0
            yield Batch(x, y, a, s)


def central_views(images: np.ndarray, halves: list[float]) -> np.ndarray:
    """The plain network inputs (n, 128, 128, 3) of cached crops, as serving makes them at the right scale."""
    from bloodcells_gui.inference.preprocess import crop_at_scale

    out = np.empty((len(images), INPUT_PX, INPUT_PX, 3), np.uint8)
    for k, image in enumerate(images):
        part = pictured(halves[k])
        window = image[part, part]
        out[k] = crop_at_scale(
            window, (window.shape[1] / 2, window.shape[0] / 2), CACHE_UM, INPUT_PX, INPUT_UM
        )
    return out
