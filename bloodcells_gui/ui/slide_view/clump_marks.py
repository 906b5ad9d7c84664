"""Places that may be clumps of platelets, over the picture: a dashed ring that stays visible from afar."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from bloodcells_gui.domain.platelet_clumps import ClumpSearch
from bloodcells_gui.domain.taxonomy import BY_CODE, PLATELET_CLUMP
from bloodcells_gui.ui.slide_view.camera import Camera

# Radius of the smallest ring, and how far a ring stands off its place, px of the screen.
_LEAST, _OFF = 9.0, 5.0


class ClumpMarks:
    """Rings around the places that nobody refuted."""

    def __init__(self) -> None:
        self.rings: tuple[tuple[float, float, float], ...] = ()

    def show(
        self,
        searches: Iterable[ClumpSearch],
        refuted: Collection[str],
        origins: Mapping[int, tuple[float, float]],
    ) -> None:
        """Take these places; `origins` is where each image begins in the plane, px."""
        rings = []
        for search in searches:
            left, top = origins.get(search.image, (0.0, 0.0))
            for clump in search.clumps if search.image in origins else ():
                if clump.key(search.image) not in refuted:
                    x, y, w, h = clump.box_px
                    rings.append((left + x + w / 2, top + y + h / 2, max(w, h) / 2))
        self.rings = tuple(rings)

    def paint(self, painter: QPainter, camera: Camera) -> None:
        """Draw the rings that touch the screen."""
        if not self.rings:
            return
        left, top, right, bottom = camera.visible_rect()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        colour = QColor(*BY_CODE[PLATELET_CLUMP].rgb)
        for x, y, radius in self.rings:
            if not (
                left <= x + radius and x - radius <= right and top <= y + radius and y - radius <= bottom
            ):
                continue
            sx, sy = camera.to_screen(x, y)
            across = max(_LEAST, radius * camera.zoom + _OFF)
            for pen in (QPen(QColor(255, 255, 255, 170), 4.0), QPen(colour, 2.0, Qt.PenStyle.DashLine)):
                painter.setPen(pen)
                painter.drawEllipse(QPointF(sx, sy), across, across)
