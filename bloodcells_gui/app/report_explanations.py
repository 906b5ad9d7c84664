"""Explanation maps of a few cells for the report, drawn over their pictures.

A signed report keeps its maps in the case (8-bit PNG at the map's own resolution), so that it shows the same
explanations when the models are gone or have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.cell_views import decode_jpeg, decode_mask
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.domain.explanation import MapKind
from bloodcells_gui.domain.map_colours import AGAINST_RGB, FOR_RGB
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.pipeline.encoding import encode_jpeg, encode_png
from bloodcells_gui.report.build import cells_to_explain

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession

_OPACITY = 0.45
_QUALITY = 88
# Grey value of a signed map's 0, and of its range on either side.
_ZERO, _RANGE = 128, 127
# Share of the colour over the picture where a map is 1 or -1.
_STRONGEST = 0.75


@dataclass(frozen=True, slots=True)
class ReportMap:
    """An occlusion map as a signed report keeps it, and the leaf that it weighs the proposal against."""

    png: bytes
    rival: str


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


def evidence_overlay(rgb: NDArray[np.uint8], values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """An occlusion map (h, w) of -1 to 1 drawn over `rgb` (s, s, 3): what says nothing stays as it is."""
    size = (rgb.shape[1], rgb.shape[0])
    smooth = np.clip(cv2.resize(values, size, interpolation=cv2.INTER_CUBIC), -1.0, 1.0)[..., None]
    colour = np.where(smooth > 0, np.array(FOR_RGB), np.array(AGAINST_RGB))
    weight = np.abs(smooth) * _STRONGEST
    return np.asarray((rgb * (1 - weight) + colour * weight).round(), np.uint8)


def explanation_maps(session: CaseSession) -> dict[int, ReportMap]:
    """By cell, what the proposal of a few doubtful cells hinges on.

    Empty when the models are out of reach; without cells of a class that the classifier does not know.
    """
    if not session.explainer.available:
        return {}
    maps = {}
    ids = cells_to_explain(session.cells, session.state, session.settings)
    there = session.store.thumbnails(ids)
    for cell_id in ids:
        if cell_id in there:
            try:
                found = session.explain(cell_id, session.cell(cell_id).predicted)
            except UserError:  # another model named it, which knew a class that this one does not
                continue
            grey = np.clip(np.rint(found.values * _RANGE) + _ZERO, 0, 255).astype(np.uint8)
            maps[cell_id] = ReportMap(encode_png(grey), found.rival)
    return maps


def map_preparation(session: CaseSession, cancel: CancelToken) -> Callable[[], None]:
    """What computes ahead, in another thread, the maps that :func:`explanation_maps` then finds ready.

    Making it belongs on the session's thread.
    """
    ids = cells_to_explain(session.cells, session.state, session.settings)
    wanted = [(cell_id, session.cell(cell_id).predicted) for cell_id in ids]

    def prepare() -> None:
        if not session.explainer.available:
            return
        for cell_id, code in wanted:
            try:
                session.explain(cell_id, code, MapKind.OCCLUSION, cancel)
            except UserError:
                continue
            except Cancelled:
                return

    return prepare


def overlay_heatmaps(
    thumbnails: Mapping[int, bytes], maps: Mapping[int, bytes], kind: MapKind
) -> dict[int, bytes]:
    """JPEG by cell: its picture with its map drawn over; cells without a picture are left out."""
    return {
        cell: encode_jpeg(_drawn(decode_jpeg(thumbnails[cell]), decode_mask(data), kind), _QUALITY)
        for cell, data in maps.items()
        if thumbnails.get(cell)
    }


def _drawn(rgb: NDArray[np.uint8], grey: NDArray[np.uint8], kind: MapKind) -> NDArray[np.uint8]:
    if kind is MapKind.GRAD_CAM:
        return heat_overlay(rgb, np.divide(grey, 255, dtype=np.float32))
    return evidence_overlay(rgb, np.asarray((grey.astype(np.float32) - _ZERO) / _RANGE, np.float32))
