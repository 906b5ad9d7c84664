"""The visible part of the specimen's plane, and its magnification."""

from __future__ import annotations

from dataclasses import dataclass

MOST_ZOOM = 12.0
_LEAST_OF_FIT = 0.5


@dataclass(slots=True)
class Camera:
    """Plane px to screen px (device independent).

    Attributes
    ----------
    x, y : float
        The plane's place in the middle of the screen.
    zoom : float
        Screen px per plane px.
    width, height : float
        Of the screen.
    plane : tuple of float
        x, y, width, height of everything there is to see.
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0
    width: float = 1.0
    height: float = 1.0
    plane: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)

    @property
    def fit_zoom(self) -> float:
        """The zoom at which everything is seen."""
        return min(self.width / max(self.plane[2], 1.0), self.height / max(self.plane[3], 1.0))

    @property
    def fitted(self) -> bool:
        """Whether everything is seen."""
        return self.zoom <= self.fit_zoom * 1.001

    def fit(self) -> None:
        """See everything."""
        px, py, pw, ph = self.plane
        self.zoom = self.fit_zoom
        self.x, self.y = px + pw / 2, py + ph / 2

    def resize(self, width: float, height: float) -> None:
        """The screen has another size; a fitted view stays fitted."""
        was_fitted = self.fitted
        self.width, self.height = max(width, 1.0), max(height, 1.0)
        if was_fitted:
            self.fit()
        self._clamp_centre()

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        """Where a place of the plane is on the screen."""
        return (x - self.x) * self.zoom + self.width / 2, (y - self.y) * self.zoom + self.height / 2

    def to_plane(self, sx: float, sy: float) -> tuple[float, float]:
        """Which place of the plane is under a point of the screen."""
        return (sx - self.width / 2) / self.zoom + self.x, (sy - self.height / 2) / self.zoom + self.y

    def visible_rect(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the visible part of the plane."""
        left, top = self.to_plane(0, 0)
        right, bottom = self.to_plane(self.width, self.height)
        return left, top, right, bottom

    def pan(self, dx: float, dy: float) -> None:
        """Move what is seen by screen px, as if dragged."""
        self.x -= dx / self.zoom
        self.y -= dy / self.zoom
        self._clamp_centre()

    def zoom_at(self, factor: float, sx: float, sy: float) -> None:
        """Zoom; the place under the screen point stays where it is."""
        px, py = self.to_plane(sx, sy)
        self.zoom = self._clamp_zoom(self.zoom * factor)
        self.x = px - (sx - self.width / 2) / self.zoom
        self.y = py - (sy - self.height / 2) / self.zoom
        self._clamp_centre()

    def look_at(self, x: float, y: float, zoom: float | None = None) -> None:
        """Put a place of the plane in the middle."""
        if zoom is not None:
            self.zoom = self._clamp_zoom(zoom)
        self.x, self.y = x, y
        self._clamp_centre()

    def _clamp_zoom(self, zoom: float) -> float:
        return min(MOST_ZOOM, max(min(self.fit_zoom * _LEAST_OF_FIT, MOST_ZOOM), zoom))

    def _clamp_centre(self) -> None:
        """The middle of the screen never leaves the plane."""
        px, py, pw, ph = self.plane
        self.x = min(max(self.x, px), px + pw)
        self.y = min(max(self.y, py), py + ph)


def level_for(zoom: float, device_ratio: float, levels: int) -> int:
    """The coarsest pyramid level that still has a pixel for every one of the screen."""
    level = 0
    while level + 1 < levels and zoom * device_ratio * 2 ** (level + 1) <= 1.0:
        level += 1
    return level
