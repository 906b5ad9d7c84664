"""Answers of a classifier whose truth is known because they were made."""

from __future__ import annotations

import numpy as np

from bloodcells_gui.adaptation.morphometry import COLUMNS
from scripts.training.data import LEAVES
from scripts.training.serving import Answers

_OF_FIVE = ("SNE", "LY", "MO", "EO", "BA")


def made_answers(
    counts: tuple[int, ...] = (200, 120, 60, 40, 20), *, right: float = 0.8, blasts: int = 0, seed: int = 0
) -> Answers:
    """Cells in groups that lie apart; the network is right for so many, else names any of the five."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(5), counts)
    said = np.where(rng.random(len(truth)) < right, truth, rng.integers(0, 5, len(truth)))
    codes = [LEAVES.index(c) for c in _OF_FIVE]
    leaves = np.concatenate([np.array(codes)[truth], np.full(blasts, LEAVES.index("BL"))])
    taken = np.concatenate([np.array(codes)[said], np.full(blasts, LEAVES.index("BL"))])
    n = len(leaves)
    logits = rng.normal(0, 0.3, (n, len(LEAVES))).astype(np.float32)
    logits[np.arange(n), taken] += 5.5
    allowed = np.zeros((n, len(LEAVES)), bool)
    allowed[np.arange(n), leaves] = True
    at = rng.normal(0, 0.6, (n, 8))
    at[np.arange(n), np.concatenate([truth, np.full(blasts, 6)])] += 4
    nothing = np.full((n, len(COLUMNS)), np.nan, np.float32)
    flat = np.zeros(n, np.float32)
    return Answers("made", logits, allowed, at.astype(np.float32), nothing, flat, flat)
