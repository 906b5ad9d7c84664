"""Convert a drawn zone between the plane of the view, the px of each image, and the case."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from bloodcells_gui.app.slide_images import PlacedImage
from bloodcells_gui.domain.zones import Zones, rounded
from bloodcells_gui.ui.review import ReviewController

#: The case's field that keeps it; drawing is an event like any other, so it can be undone and is audited.
ZONE_FIELD = "zone"
_MOST_POINTS = 10_000

Outline = list[tuple[float, float]]


def zones_of(outline: Sequence[tuple[float, float]], images: Sequence[PlacedImage]) -> Zones:
    """An outline in the plane, in the px of each image it touches; empty for everywhere."""
    if len(outline) < 3:
        return {}
    xs, ys = [p[0] for p in outline], [p[1] for p in outline]
    out = {}
    for image in images:
        x, y = image.origin_px
        w, h = image.size_px
        if min(xs) < x + w and max(xs) > x and min(ys) < y + h and max(ys) > y:
            out[image.index] = [[(px - x, py - y) for px, py in outline]]
    return out


def zone_text(zones: Zones) -> str:
    """As the case keeps it; empty when there is none."""
    return json.dumps(rounded(zones)) if zones else ""


def outline_of(text: str, images: Sequence[PlacedImage]) -> Outline:
    """The outline in the plane that `zone_text` kept; empty for what is none."""
    places = {str(image.index): image.origin_px for image in images}
    try:
        kept = json.loads(text) if text else {}
        for name, polygons in kept.items():
            if name in places and 3 <= len(polygons[0]) <= _MOST_POINTS:
                left, top = places[name]
                points = [(left + float(x), top + float(y)) for x, y in polygons[0]]
                return points if all(math.isfinite(v) for p in points for v in p) else []
    except (ValueError, TypeError, LookupError, AttributeError):
        pass  # a case may come from anywhere: what is no zone is none
    return []


class KeptZone:
    """The zone as the case keeps it."""

    def __init__(self, controller: ReviewController) -> None:
        self._controller = controller
        self._shown = ""

    def _kept(self) -> str:
        return self._controller.session.state.data.fields.get(ZONE_FIELD, "")

    def keep(self, zones: Zones) -> None:
        """What was drawn goes into the case; a signed one does not change any more."""
        self._shown = zone_text(zones)
        if self._controller.editable and self._shown != self._kept():
            self._controller.set_field(ZONE_FIELD, self._shown)

    def news(self, images: Sequence[PlacedImage]) -> Outline | None:
        """The outline to be shown from now on: after opening, or when drawing was undone; else None."""
        if self._kept() == self._shown:
            return None
        self._shown = self._kept()
        return outline_of(self._shown, images)
