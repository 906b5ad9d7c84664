"""Pictures for the tiles: the outline stands on cells that overlap, and on no others."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.ui.pictures import decoded
from bloodcells_gui.ui.red_cells.tile_pictures import TilePictures


def test_the_outline_lies_on_the_rim_of_the_cell_that_is_meant(session: CaseSession) -> None:
    red_cells, pictures = session.red_cells, TilePictures(session.red_cells)
    parted = np.flatnonzero(red_cells.cells.parted)
    assert 0 < len(parted) < len(red_cells)
    cell_id = int(red_cells.cells.ids[parted[0]])
    drawn, plain = pictures(cell_id), decoded(red_cells.picture_of(cell_id).jpeg)
    assert drawn.width() == 2 * plain.width()
    before = plain.scaled(drawn.size())
    x, y, width, height = (2 * v for v in red_cells.picture_of(cell_id).box)
    inked = [
        (px, py)
        for py in range(drawn.height())
        for px in range(drawn.width())
        if _far(QColor(drawn.pixel(px, py)), QColor(before.pixel(px, py)))
    ]
    xs, ys = [p[0] for p in inked], [p[1] for p in inked]
    assert abs(min(xs) - x) <= 4
    assert abs(max(xs) - (x + width)) <= 4
    assert abs(min(ys) - y) <= 4
    assert abs(max(ys) - (y + height)) <= 4
    middle = (x + width / 2, y + height / 2)
    assert not any(abs(px - middle[0]) < width / 6 and abs(py - middle[1]) < height / 6 for px, py in inked)


def test_a_cell_that_stands_alone_has_its_plain_picture(session: CaseSession) -> None:
    red_cells = session.red_cells
    alone = int(red_cells.cells.ids[np.flatnonzero(~red_cells.cells.parted)[0]])
    assert TilePictures(red_cells)(alone) == decoded(red_cells.picture_of(alone).jpeg)


def _far(a: QColor, b: QColor) -> bool:
    return abs(a.red() - b.red()) + abs(a.green() - b.green()) + abs(a.blue() - b.blue()) > 120
