"""Convert the drawn zone between the plane of the view, the px of each image, and the field of the case."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from bloodcells_gui.app.slide_images import PlacedImage
from bloodcells_gui.domain.zones import ZONE_FIELD, Zones, zones_to_json_obj
from bloodcells_gui.ui.review import ReviewController

_MAX_POINTS = 10_000

Outline = list[tuple[float, float]]


def image_zones_of(outline: Sequence[tuple[float, float]], images: Sequence[PlacedImage]) -> Zones:
    """Convert an outline in the plane to the px of each image it touches; {} means no restriction."""
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


def zones_to_json(zones: Zones) -> str:
    """Write zones as JSON for the case; "" when there are none."""
    return json.dumps(zones_to_json_obj(zones)) if zones else ""


def outline_from_json(text: str, images: Sequence[PlacedImage]) -> Outline:
    """Read what :func:`zones_to_json` wrote, in the plane; [] where the text is no valid zone."""
    origins = {str(image.index): image.origin_px for image in images}
    try:
        stored = json.loads(text) if text else {}
        for name, polygons in stored.items():
            if name in origins and 3 <= len(polygons[0]) <= _MAX_POINTS:
                left, top = origins[name]
                points = [(left + float(x), top + float(y)) for x, y in polygons[0]]
                return points if all(math.isfinite(v) for p in points for v in p) else []
    except (ValueError, TypeError, LookupError, AttributeError):
        pass  # case files are untrusted: an invalid zone is ignored
    return []


class StoredZone:
    """Load and save the zone of a case."""

    def __init__(self, controller: ReviewController) -> None:
        self._controller = controller
        self._last_synced = ""

    def _stored_text(self) -> str:
        return self._controller.session.state.data.fields.get(ZONE_FIELD, "")

    def save(self, zones: Zones) -> None:
        """Save the drawn zone; does nothing when the case is signed or read-only."""
        self._last_synced = zones_to_json(zones)
        if self._controller.editable and self._last_synced != self._stored_text():
            self._controller.set_field(ZONE_FIELD, self._last_synced)

    def changed_outline(self, images: Sequence[PlacedImage]) -> Outline | None:
        """Return the outline if the case has another one than was last loaded or saved, else None."""
        if self._stored_text() == self._last_synced:
            return None
        self._last_synced = self._stored_text()
        return outline_from_json(self._last_synced, images)
