"""Measurements of made-up cells of five kinds, and what a card would say of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bloodcells_gui.adaptation.morphometry import COLUMNS, FEATURES, MorphometryModel, coarse_names, features

FIVE_LEAVES = ("SNE", "LY", "MO", "EO", "BA")
KINDS = ("NEUTROPHIL", "LYMPHOCYTE", "MONOCYTE", "EOSINOPHIL", "BASOPHIL")
_PLAIN = dict.fromkeys(COLUMNS, 0.5)
_PLAIN |= {"cell_area_um2": 120.0, "nucleus_area_um2": 60.0, "nucleus_lobes": 2.0}
MIDDLE = np.array([_PLAIN[name] for name in COLUMNS], np.float32)
#: Cell area, nuclear area, nucleus:cell, cytoplasm's red and blue OD by kind, in multiples of the middle.
_BY_KIND = {
    "cell_area_um2": (1.0, 0.4, 1.9, 1.1, 0.9), "nucleus_area_um2": (0.6, 0.5, 2.0, 0.8, 1.2),
    "nucleus_cell_ratio": (0.7, 1.7, 1.0, 0.8, 1.7), "cytoplasm_od_red": (0.8, 1.3, 1.1, 0.4, 0.9),
    "cytoplasm_od_blue": (0.9, 1.0, 0.9, 1.8, 0.7),
}  # fmt: skip


def measurements_of(kinds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n, M) float32 in the order of COLUMNS for kinds (n,), 0..4 as in KINDS."""
    out = np.tile(MIDDLE, (len(kinds), 1)).astype(np.float64)
    for name, factors in _BY_KIND.items():
        out[:, COLUMNS.index(name)] *= np.array(factors)[kinds]
    return (out * np.exp(rng.normal(0, 0.05, out.shape))).astype(np.float32)


def five_classes(classes: Sequence[str]) -> MorphometryModel:
    """The model of such cells."""
    rng = np.random.default_rng(0)
    kinds = np.repeat(np.arange(5), 200)
    middle = features(MIDDLE[None])[0]
    x = features(measurements_of(kinds, rng)) - middle
    means = np.array([x[kinds == k].mean(0) for k in range(5)])
    within = np.cov((x - means[kinds]).T) + 1e-4 * np.eye(len(FEATURES))
    rows = np.array([coarse_names(classes).index(name) for name in KINDS])
    return MorphometryModel(
        rows, np.full(5, 3), middle, np.ones(len(FEATURES)), means,
        within, 0.5 * within, 2 * within, degrees_of_freedom=5.0, cell_weight=0.3, max_log_ratio=8.0,
    )  # fmt: skip
