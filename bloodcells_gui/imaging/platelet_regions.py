"""Regions of platelet-stained material larger than a platelet, in a picture of about half a um per px.

A clump is told from its neighbours by what it is made of: it is stained as platelets are
(:mod:`.platelet_stain`); it is larger than a giant platelet, or as large and not compact; it is grainy, for
it is made of platelets with gaps between; and it has no even dense body as a nucleus has. Grains of stain
deposit are denser than any platelet. A small clump looks much like the lobes of a neutrophil's nucleus; only
a large ragged one cannot be a leukocyte.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.cell import Box
from bloodcells_gui.imaging.platelet_stain import Floats, Pixels, optical_density, stain_density

#: Stained material of fewer um2 is a platelet or two, or a giant one.
LEAST_UM2 = 60.0
#: A compact region is called a clump from this area on: giant platelets measure up to 11 um across.
COMPACT_UM2 = 100.0
#: Area over that of the convex hull from which on a region is compact.
COMPACT = 0.86
#: Pixels belong to a region from this stain density on, at least.
STAINED = 0.055
# Platelets of a clump lie so near to each other, um.
_GAP_UM = 1.3
# What is nearly as dense as the densest of a region, over a disc of this radius, um, is one even body; a
# nucleus holds more than this share of its region in one.
_BODY_OF_DENSEST, _BODY_UM, _NUCLEUS_SHARE = 0.70, 1.3, 0.28
# A region so large, so ragged and so grainy is no single cell, whatever the detector says.
_RAGGED_UM2, _RAGGED, _ROUGH = 90.0, 0.82, 0.22
# Share of a region denser than this in green: grains of stain deposit.
_GRAIN_OD, _MOST_GRAINS = 0.95, 0.12
_SMOOTH_UM = 0.4
# Regions larger than this are folds of the film, ink, or a thick drop, um2.
_MOST_UM2 = 8000.0


@dataclass(frozen=True, slots=True)
class StainedRegion:
    """One region, px of the picture.

    `area_um2` is what of it is stained; `solidity` its share of the convex hull; `body` the share of it that
    is one even dense body; `grains` the share that is as dense as stain deposit; `rough` the standard
    deviation of the green density over its mean.
    """

    box: Box
    centre: tuple[float, float]
    area_um2: float
    solidity: float
    body: float
    grains: float
    rough: float

    @property
    def clump(self) -> bool:
        """Whether it may be a clump of platelets."""
        large = self.area_um2 >= (COMPACT_UM2 if self.solidity >= COMPACT else LEAST_UM2)
        return large and self.body < _NUCLEUS_SHARE and self.grains < _MOST_GRAINS

    @property
    def no_single_cell(self) -> bool:
        """Whether it is too large and ragged for a leukocyte or a smudge cell."""
        return self.area_um2 >= _RAGGED_UM2 and self.solidity < _RAGGED and self.rough > _ROUGH


def stained_regions(
    rgb: Pixels, mpp: float, red: Floats, blank: Floats, stained_from: float = STAINED
) -> list[StainedRegion]:
    """Regions of `LEAST_UM2` and more.

    Parameters
    ----------
    rgb : (h, w, 3) uint8 RGB
        In even light.
    mpp : float
        um per px of `rgb`.
    red : (3,) float32
        Direction of the red cells (``platelet_stain.red_cell_direction``).
    blank : (3,) float32
        Level of the blank field.
    stained_from : float
        Stain density from which a pixel belongs to a region.
    """
    density = optical_density(rgb, blank)
    stained = (stain_density(density, red) > stained_from).astype(np.uint8)
    if cv2.countNonZero(stained) * mpp**2 < LEAST_UM2:
        return []
    side = 2 * max(1, round(_GAP_UM / mpp / 2)) + 1
    joined = cv2.morphologyEx(
        stained, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    )
    count, labels, stats, centres = cv2.connectedComponentsWithStats(joined)
    out = []
    for i in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[i])
        if not LEAST_UM2 <= area * mpp**2 <= _MOST_UM2:
            continue
        part = slice(y, y + h), slice(x, x + w)
        mask = labels[part] == i
        found = _measured(mask, mask & (stained[part] > 0), density[part][..., 1], mpp)
        if found is None:
            continue
        out.append(StainedRegion(Box(x, y, w, h), (float(centres[i][0]), float(centres[i][1])), *found))
    return out


def _measured(
    mask: NDArray[np.bool_], stained: NDArray[np.bool_], green: Floats, mpp: float
) -> tuple[float, float, float, float, float] | None:
    """Area, solidity, body, grains and roughness of a region."""
    area = float(np.count_nonzero(stained))
    if area * mpp**2 < LEAST_UM2:
        return None
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(max(contours, key=cv2.contourArea)), 1)
    values = green[stained]
    smooth = cv2.GaussianBlur(green, (0, 0), _SMOOTH_UM / mpp)
    dense = (stained & (smooth > _BODY_OF_DENSEST * np.percentile(smooth[stained], 95))).astype(np.uint8)
    side = 2 * max(1, round(_BODY_UM / mpp)) + 1
    framed = cv2.copyMakeBorder(dense, side, side, side, side, cv2.BORDER_CONSTANT)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    n, _, sizes, _ = cv2.connectedComponentsWithStats(cv2.morphologyEx(framed, cv2.MORPH_OPEN, disc))
    body = float(sizes[1:, cv2.CC_STAT_AREA].max()) if n > 1 else 0.0
    return (
        area * mpp**2,
        float(np.count_nonzero(mask)) / max(1.0, float(cv2.countNonZero(hull))),
        body / area,
        float(np.mean(values > _GRAIN_OD)),
        float(values.std() / max(1e-6, float(values.mean()))),
    )
