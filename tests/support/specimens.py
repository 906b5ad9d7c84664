"""Answers of a classifier and a mix of a specimen, for the tests of what a specimen says as a whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bloodcells_gui.adaptation.prior_shift import ClassPrior, PriorShift

CLASSES = (
    "SNE", "BNE", "MMY", "MY", "PMY", "BL", "EO", "BA", "LY", "MO", "ERB", "PLT", "SMU", "ART",
)  # fmt: skip
PRIOR = ClassPrior(0.1, 15)


def answers(n: int, seed: int = 0, spread: float = 0.2) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(len(CLASSES), spread), n).astype(np.float32)


def vector(weights: dict[str, float]) -> np.ndarray:
    return np.array([weights[c] for c in CLASSES])


def a_prior_shift(**changes: object) -> PriorShift:
    weights = dict.fromkeys(CLASSES, 1.0) | {"LY": 3.0, "MO": 0.5, "BL": 1.0}
    return replace(PriorShift(weights, 100, PRIOR, 0.4), **changes)
