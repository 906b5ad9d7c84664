"""The line below the picture: position under the mouse, and magnification."""

from __future__ import annotations

import math

from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from bloodcells_gui.domain.zones import ranked_reasons
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import ElidedLabel
from bloodcells_gui.ui.slide_view.canvas import SlideCanvas


class SlideStatusLine(QWidget):
    """Place, quality and zoom of one canvas, in words."""

    def __init__(self, context: UiContext, canvas: SlideCanvas) -> None:
        super().__init__()
        self._context = context
        self._canvas = canvas
        self.where = ElidedLabel()
        self.where.setObjectName("muted")
        self.zoom = QLabel()
        self.zoom.setObjectName("muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 3, 12, 3)
        row.addWidget(self.where, 1)
        row.addWidget(self.zoom)

    def show_zoom(self) -> None:
        """Percent, and with a scale um per px of the screen."""
        mpp, zoom = self._canvas.mpp, self._canvas.camera.zoom
        text = f"{100 * zoom:.0f} %" if zoom >= 0.095 else f"{100 * zoom:.1f} %"
        if math.isfinite(mpp):
            text += f"   {mpp / zoom:.3g} µm/px"
        self.zoom.setText(text)

    def show_place(self, place: tuple[float, float] | None) -> None:
        """What lies at a place of the plane; None for nothing."""
        image = None if place is None else self._canvas.image_at(*place)
        if place is None or image is None:
            self.where.show_text("")
            return
        mpp = self._canvas.mpp
        x, y = place[0] - image.origin_px[0], place[1] - image.origin_px[1]
        parts = [image.name, f"x {x:.0f}, y {y:.0f} px"]
        if math.isfinite(mpp):
            parts.append(f"{x * mpp / 1000:.3f}, {y * mpp / 1000:.3f} mm")
        tile = self._canvas.zones.tile_at(image.index, x, y)
        if tile is not None:
            reasons = [self._context.language.text(r) for r in ranked_reasons(tile.reasons)]
            quality = tr("quality {percent} %").format(percent=round(100 * tile.score))
            parts.append(", ".join([quality, *reasons]))
        self.where.show_text("  ·  ".join(parts))
