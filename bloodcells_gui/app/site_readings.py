"""What a site check reads of cells and pictures, from arrays: the same for a case and for the fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.opinion_pool import specimen_change
from bloodcells_gui.adaptation.prior_shift import is_nucleated
from bloodcells_gui.adaptation.reproposal import coarse_rows, coarse_sums
from bloodcells_gui.domain.site_advice import (
    BLANK_LEVEL,
    BLANK_SEEN,
    BLANK_TINT,
    CELL_DIAMETER,
    NUCLEUS_DENSITY,
)
from bloodcells_gui.domain.site_expectation import Answers
from bloodcells_gui.imaging.light import estimate_light

Floats = NDArray[np.float32]
# Fewer say nothing of a laboratory.
_LEAST = 10


def answers_in(
    classes: Sequence[str],
    own: Floats,
    adapted: Floats,
    uncertainty: Floats,
    unidentified: NDArray[np.bool_],
) -> Answers:
    """What the models say of the n cells of a specimen, in figures of those with a nucleus.

    Parameters
    ----------
    classes : sequence of str
        Leaf codes of the K columns.
    own, adapted : (n, K) float32
        Probabilities as the classifier found them, and as the specimen as a whole makes them.
    uncertainty : (n,) float32
    unidentified : (n,) bool
        After the adaptation.
    """
    part = is_nucleated(own, classes)
    n = int(part.sum())
    if not n:
        return Answers(0, 0.0, float("nan"), float("nan"), float("nan"), float("nan"), 0.0)
    rows = coarse_rows(classes)
    before, after = (coarse_sums(p[part], rows) for p in (own, adapted))
    certain, named = 1 - uncertainty[part], ~unidentified[part]
    return Answers(
        n,
        float(named.mean()),
        float(after.max(axis=1)[named].mean()) if named.any() else float("nan"),
        float(certain[named].mean()) if named.any() else float("nan"),
        float(certain.mean()),
        float((before.argmax(axis=1) == after.argmax(axis=1)).mean()),
        specimen_change(before, after),
    )


def light_in(pictures: Iterable[NDArray[np.uint8]]) -> dict[str, float]:
    """How pictures (h, w, 3) uint8 RGB are lit: level and tint of the blank field, and how many show one.

    The level is 0 to 255, the tint the strongest channel over the weakest.
    """
    lights = [estimate_light(rgb) for rgb in pictures]
    levels = np.array([light.level for light in lights if light.trust > 0], np.float64).reshape(-1, 3)
    found = {BLANK_SEEN: len(levels) / len(lights)} if lights else {}
    if len(levels) >= _LEAST:
        found[BLANK_LEVEL] = float(np.median(levels.mean(axis=1)))
        found[BLANK_TINT] = float(np.median(levels.max(axis=1) / np.maximum(levels.min(axis=1), 1.0)))
    return found


def stain_and_size_in(nucleus_od: Floats, cell_area_um2: Floats) -> dict[str, float]:
    """Median density of nuclei in red, and median diameter of cells in um, of (n,) measurements with NaN."""
    diameter = 2 * np.sqrt(np.maximum(cell_area_um2, 0) / np.pi)
    found = {}
    for code, values in ((NUCLEUS_DENSITY, nucleus_od), (CELL_DIAMETER, diameter)):
        known = values[np.isfinite(values)]
        if len(known) >= _LEAST:
            found[code] = float(np.median(known))
    return found
