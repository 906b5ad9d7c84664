"""Pictures of red cells for the gallery; where cells overlap, the outline says which one is meant."""

from __future__ import annotations

import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from bloodcells_gui.app.red_cells import CaseRedCells, RedCellPicture
from bloodcells_gui.ui.pictures import decoded

_FIELDS_KEPT = 8
# Small pictures are drawn larger by so much before the outline is laid over them, so that it is fine.
_LARGER = 2


class TilePictures:
    """Called with the id of a cell, in threads of a pool; KeyError for an unknown one."""

    def __init__(self, red_cells: CaseRedCells) -> None:
        self._red_cells = red_cells
        self._lock = threading.Lock()
        self._contours: OrderedDict[int, list[NDArray[np.float32]]] = OrderedDict()

    def __call__(self, cell_id: int) -> QImage:
        picture = self._red_cells.picture_of(cell_id)
        image = decoded(picture.jpeg)
        cells = self._red_cells.cells
        row = self._red_cells.row(cell_id)
        if image.isNull() or not cells.parted[row]:
            return image
        outline = self._outline(cell_id, int(cells.fields[row]))
        return image if len(outline) < 3 else _outlined(image, picture, outline, cells.boxes[row])

    def _outline(self, cell_id: int, field_id: int) -> NDArray[np.float32]:
        """Outline of a cell in px of its image; empty where there is none."""
        first = next((f.first for f in self._red_cells.fields if f.id == field_id), None)
        with self._lock:
            found = self._contours.get(field_id)
            if found is None:
                found = self._contours[field_id] = self._red_cells.contours(field_id)
                while len(self._contours) > _FIELDS_KEPT:
                    self._contours.popitem(last=False)
        at = -1 if first is None else cell_id - first
        return found[at] if 0 <= at < len(found) else np.zeros((0, 2), np.float32)


def _outlined(
    image: QImage, picture: RedCellPicture, outline: NDArray[np.float32], box: NDArray[np.float32]
) -> QImage:
    """The picture with the outline of its cell; `outline` and `box` in px of the image of the field."""
    larger = image.scaled(image.size() * _LARGER).convertToFormat(QImage.Format.Format_RGB32)
    scale = picture.box[2] / max(float(box[2]), 1e-6)
    points = [
        QPointF(
            _LARGER * ((float(x) - float(box[0])) * scale + picture.box[0]),
            _LARGER * ((float(y) - float(box[1])) * scale + picture.box[1]),
        )
        for x, y in outline
    ]
    painter = QPainter(larger)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for colour, width in ((QColor(255, 255, 255, 150), 3.2), (QColor(20, 60, 110, 220), 1.4)):
        painter.setPen(QPen(colour, width))
        painter.drawPolygon(QPolygonF(points))
    painter.end()
    return larger
