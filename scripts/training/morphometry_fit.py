"""Fit the morphometry model (measurements of cells by class) on labelled crops of several sites.

    python -m scripts.training.morphometry_fit            # measure the cached crops with the shipped segmenter, once

The measurements stand in ``measurements.npz`` of the cache; :func:`fit` is called by ``scripts.training.export_classifier`` and, without a site,
by ``scripts.training.leave_one_out``. The model is that of ``bloodcells_gui/adaptation/morphometry.py``.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from functools import partial
from multiprocessing import Pool
from pathlib import Path

import numpy as np

from bloodcells_gui.adaptation.morphometry import (
    COLUMNS,
    FEATURES,
    MAX_DEVIATION,
    MorphometryModel,
    coarse_names,
    features,
)
from bloodcells_gui.adaptation.reproposal import coarse_rows
from bloodcells_gui.app.specimen_adaptation import select_measurements
from bloodcells_gui.imaging.measure import measure
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.preprocess import crop_at_scale
from bloodcells_gui.inference.segmenter import Segmenter
from scripts.training.data import CACHE_UM, INDEX, LEAVES, Cache, pictured

SEGMENTER = Path("models/segmenter-1")
#: Degrees of freedom, weight of a cell and log of the limit (odds of 55 to 1) were chosen with Raabin, PBC and BCCD left out (docs/models-history.md).
DEGREES_OF_FREEDOM, CELL_WEIGHT, MAX_LOG_RATIO = 5.0, 0.3, 4.0
#: Cells that spread more widely are not of one slide. On laboratories left out and at home single slides and sessions reach 1.8 (BCCD), Deep Bio-Net's
#: images of many cameras, taken as one specimen, 3.7 to 4.4; there measurements did harm.
MAX_DISPERSION = 2.5
#: Augmented images, sheared and with smeared edges, measure like no cells.
AUGMENTED = ("lmu",)
#: Classes that are no cells, or platelets, are left out.
OUTSIDE = ("PLT", "ART")
#: Immature granulocytes are measured but not fitted: their stages pass from large to small, and with them in it PBC's validation lost 0.3 points of
#: eight classes and left twice as many cells unidentified, for nothing gained on laboratories left out.
UNFITTED = ("MMY", "MY", "PMY")
#: A class with fewer cells on a site is left out there.
MIN_CELLS = 8
#: A class that fewer sites teach is left out: how it differs between laboratories is not known then. Left in, blasts (learned from one site's
#: marrow) took 12 % of the lymphocytes of PBC left out.
MIN_SITES = 2
_ROUNDS = 50


def measure_crops(cache: Cache, rows: list[int]) -> np.ndarray:
    """(n, len(COLUMNS)) float32 measurements of the central cells of cached crops."""
    network = Segmenter(load_bundle(SEGMENTER))
    out = np.empty((len(rows), len(COLUMNS)), np.float32)
    for start in range(0, len(rows), 64):
        part = rows[start : start + 64]
        windows = np.stack([_window(cache, i, network) for i in part])
        for k, (window, mask) in enumerate(zip(windows, network.segment(windows), strict=True)):
            out[start + k] = select_measurements(measure(window, mask, network.um_per_px))[0]
    return out


def _window(cache: Cache, row: int, network: Segmenter) -> np.ndarray:
    part = pictured(cache.meta[row].get("half_um", 99))
    image = cache.images[row][part, part]
    return crop_at_scale(
        image, (image.shape[1] / 2, image.shape[0] / 2), CACHE_UM, network.size_px, network.um_per_px
    )


def _measure_part(folder: Path, rows: list[int]) -> np.ndarray:
    return measure_crops(Cache(folder, "real"), rows)


def measured_crops(folder: Path, processes: int = 2) -> np.ndarray:
    """(n, len(COLUMNS)) measurements of every crop of the cache "real"; made once; NaN for platelets and artefacts."""
    cache = Cache(folder, "real")
    stamp = hashlib.sha256(
        (folder / "real.json").read_bytes()
        + (SEGMENTER / "card.json").read_bytes()
        + " ".join(COLUMNS).encode()
    ).hexdigest()
    store = folder / "measurements.npz"
    if store.is_file():
        kept = np.load(store, allow_pickle=False)
        if str(kept["stamp"]) == stamp:
            return kept["measurements"]
    rows = [i for i, m in enumerate(cache.meta) if m["label"] not in OUTSIDE]
    parts = [rows[k::32] for k in range(32)]
    out = np.full((len(cache.meta), len(COLUMNS)), np.nan, np.float32)
    run: Callable[[list[int]], np.ndarray] = partial(_measure_part, folder)
    with Pool(processes) as pool:
        for part, values in zip(parts, pool.imap(run, parts), strict=True):
            out[part] = values
    np.savez(store, measurements=out, stamp=np.array(stamp))
    return out


def coarse_rows_of(leaves: list[list[str]]) -> np.ndarray:
    """Return the coarse row (n,) of each label; -1 where its leaves belong to several or to none that is measured."""
    rows = coarse_rows(LEAVES)
    outside = {int(rows[INDEX[code]]) for code in (*OUTSIDE, *UNFITTED)}
    found = [{int(rows[INDEX[x]]) for x in labels} for labels in leaves]
    return np.array([next(iter(r)) if len(r) == 1 and not r & outside else -1 for r in found])


def fit(folder: Path, leave_out: str = "") -> tuple[dict, dict[str, np.ndarray]] | None:
    """The card's "measured" and its arrays, from the training crops of the cache but for the site `leave_out`.

    None with fewer than two sites of two classes each, which do not show how laboratories differ.
    """
    meta = Cache(folder, "real").meta
    kinds = coarse_rows_of([m["leaves"] for m in meta])
    sites = np.array([m["site"] for m in meta])
    usable = np.array([m["use"] == "train+ship" and m["split"] == "train" for m in meta])
    x = features(measured_crops(folder))
    use = (
        usable & (kinds >= 0) & (sites != leave_out) & ~np.isin(sites, AUGMENTED) & np.isfinite(x).all(axis=1)
    )
    return fit_classes(x[use], kinds[use], sites[use])


def fit_classes(
    x: np.ndarray, kinds: np.ndarray, sites: np.ndarray
) -> tuple[dict, dict[str, np.ndarray]] | None:
    """As :func:`fit`, from features (n, F), coarse rows `kinds` (n,) and names of sites (n,)."""
    several = [
        s
        for s in np.unique(sites)
        if sum((kinds[sites == s] == k).sum() >= MIN_CELLS for k in np.unique(kinds)) > 1
    ]
    if len(several) < 2:
        return None
    location, scale = scale_of(x, sites)
    x = np.clip((x - location) / scale, 1 - MAX_DEVIATION, MAX_DEVIATION - 1)
    groups = {
        g: x[(sites == g[0]) & (kinds == g[1])]
        for g in sorted({(str(s), int(k)) for s, k in zip(sites, kinds, strict=True)})
    }
    groups = {g: cells for g, cells in groups.items() if len(cells) >= MIN_CELLS}
    taught = [k for _, k in groups]
    groups = {g: cells for g, cells in groups.items() if taught.count(g[1]) >= MIN_SITES}
    means = {g: cells.mean(axis=0) for g, cells in groups.items()}
    rows, places = sorted({k for _, k in groups}), sorted({s for s, _ in groups})
    shift = {s: np.zeros(x.shape[1]) for s in places}
    for _ in range(_ROUNDS):  # least squares of mean = kind + site, the sites' shifts summing to zero
        of_kind = {k: np.mean([m - shift[s] for (s, j), m in means.items() if j == k], axis=0) for k in rows}
        shift = {
            s: np.mean([m - of_kind[k] for (t, k), m in means.items() if t == s], axis=0) for s in places
        }
        centre = np.mean(list(shift.values()), axis=0)
        shift = {s: v - centre for s, v in shift.items()}
    inside = np.concatenate([cells - means[g] for g, cells in groups.items()])
    weight = np.concatenate([np.full(len(cells), 1 / len(cells)) for cells in groups.values()])
    within = (inside * (weight / weight.sum())[:, None]).T @ inside
    left = np.array([m - shift[s] - of_kind[k] for (s, k), m in means.items()])
    freedom = max(len(means) - len(rows) - len(places) + 1, 1)
    covariances = np.stack(
        [within, _shrunk(left.T @ left / freedom), _shrunk(np.cov(np.array(list(shift.values())).T))]
    )
    covariances[2] += 1e-3 * np.eye(x.shape[1])
    names = coarse_names(LEAVES)
    card = {
        "features": list(FEATURES), "kinds": [names[k] for k in rows], "sites": [sum(j == k for _, j in groups) for k in rows],
        "tails": DEGREES_OF_FREEDOM, "trust": CELL_WEIGHT, "most": MAX_LOG_RATIO, "widest": MAX_DISPERSION, "cells": int(sum(map(len, groups.values()))),
    }  # fmt: skip
    return card, {
        "means": np.array([of_kind[k] for k in rows]),
        "scale": np.stack([location, scale]),
        "covariances": covariances,
    }


def scale_of(x: np.ndarray, sites: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute centre and scale (F,) of features; every site counts the same, since their ranges differ."""
    each = [x[sites == s] for s in np.unique(sites)]
    medians = np.array([np.median(part, axis=0) for part in each])
    widths = np.array(
        [(np.percentile(part, 84, axis=0) - np.percentile(part, 16, axis=0)) / 2 for part in each]
    )
    return medians.mean(axis=0), np.maximum(np.sqrt((widths**2).mean(axis=0) + medians.var(axis=0)), 1e-6)


def _shrunk(covariance: np.ndarray) -> np.ndarray:
    """Shrink a covariance half-way to its diagonal: there are hardly more groups than features."""
    return 0.5 * covariance + 0.5 * np.diag(np.diag(covariance))


def morphometry_model(folder: Path, leave_out: str = "") -> MorphometryModel | None:
    """Return what :func:`fit` finds as the program reads it from a card."""
    found = fit(folder, leave_out)
    return None if found is None else MorphometryModel.from_card(*found, LEAVES)


def main() -> None:
    """Measure, and print the means of the classes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=Path(".train"))
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    measured_crops(args.cache, args.processes)
    found = fit(args.cache)
    if found is None:
        print("fewer than two sites with two classes each: measurements will not count")
        return
    card, arrays = found
    print(f"{card['cells']} cells")
    within = np.sqrt(np.diag(arrays["covariances"][0]))
    between, offset = (np.sqrt(np.diag(m)) for m in arrays["covariances"][1:])
    print(f"{'feature':42s}" + "".join(f"{k:>7s}" for k in card["kinds"]) + "   within between offset")
    for i, name in enumerate(FEATURES):
        numbers = "".join(f"{v:7.2f}" for v in arrays["means"][:, i])
        print(f"{name:42s}{numbers}   {within[i]:6.2f} {between[i]:7.2f} {offset[i]:6.2f}")
    print(f"{'sites':42s}" + "".join(f"{n:7d}" for n in card["sites"]))


if __name__ == "__main__":
    main()
