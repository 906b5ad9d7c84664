"""Explanation maps of a few cells for the report, drawn over their pictures.

A signed report keeps its maps in the case (8-bit PNG at the map's own resolution), so that it shows the same
explanations when the models are gone or have changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.cell_views import decode_jpeg, decode_mask
from bloodcells_gui.pipeline.encoding import encode_jpeg, encode_png
from bloodcells_gui.report.build import cells_to_explain

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession

_OPACITY = 0.45
_QUALITY = 88


def heat_overlay(
    rgb: NDArray[np.uint8], heat: NDArray[np.float32], opacity: float = _OPACITY
) -> NDArray[np.uint8]:
    """`heat` (h, w) float32 0 to 1 drawn over `rgb` (s, s, 3) in a perceptually even colour map.

    Cold regions stay as they are: the overlay's opacity is proportional to the heat.
    """
    size = (rgb.shape[1], rgb.shape[0])
    smooth = np.clip(cv2.resize(heat, size, interpolation=cv2.INTER_CUBIC), 0.0, 1.0)
    coloured = cv2.applyColorMap((smooth * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)
    weight = (smooth * opacity / 0.6).clip(0, 1)[..., None]
    mixed = rgb * (1 - weight) + coloured[..., ::-1] * weight
    return np.asarray(mixed.round(), np.uint8)


def explanation_maps(session: CaseSession) -> dict[int, bytes]:
    """8-bit PNG (h, w) by cell: why the model proposed what it did, for a few doubtful cells.

    Empty when the models are out of reach.
    """
    if not session.can_explain():
        return {}
    maps = {}
    ids = cells_to_explain(session.cells, session.state, session.settings)
    there = session.store.thumbnails(ids)
    for cell_id in ids:
        if cell_id in there:
            heat = session.explain(cell_id, session.cell(cell_id).predicted)
            maps[cell_id] = encode_png((np.clip(heat, 0, 1) * 255).round().astype(np.uint8))
    return maps


def overlay_heatmaps(thumbnails: Mapping[int, bytes], maps: Mapping[int, bytes]) -> dict[int, bytes]:
    """JPEG by cell: its picture with its map drawn over; cells without a picture are left out."""
    return {
        cell: encode_jpeg(
            heat_overlay(decode_jpeg(thumbnails[cell]), np.divide(decode_mask(data), 255, dtype=np.float32)),
            _QUALITY,
        )
        for cell, data in maps.items()
        if thumbnails.get(cell)
    }
