"""How much of a tile is film: bare glass in it has no cells to count, and its area counts for nothing.

A tile at the rim of a film, or with a scratch, may be half empty glass. Cells per mm2 are asked of the film,
so the tile's area is multiplied by its share of film, and what lies on bare glass is no counted platelet.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.zones import RectPx

# Holes between cells up to twice this wide are film: the side of the squares in which the search for clumps
# tells film from glass.
_REACH_UM = 20.0
# Film is drawn at this scale, um per px: a red cell is 3 to 4 px across.
_DRAWN_UM = 2.0


def film_of(
    cells: NDArray[np.float32], platelets: NDArray[np.float32], core: RectPx, mpp: float
) -> tuple[float, NDArray[np.float32]]:
    """The share of a tile's core that is film, and the platelets that lie on it.

    Film is what the red cells and nucleated cells cover, closed (a morphological closing by a disc of 20 um):
    holes up to 40 um wide belong to it, bare glass beyond its outermost cells does not. At the borders of the
    core, cells of the next tile are not known, so a strip of glass up to 20 um wide may pass for film there.
    It depends on the tile alone, so it is the same whatever the threads and interruptions.

    Parameters
    ----------
    cells, platelets : ndarray of float32, shape (n, 4)
        x, y, width, height of boxes with their middle in the core, full-resolution px.
    core : tuple of int
        x, y, width, height, px.
    mpp : float
        um per px.

    Returns
    -------
    share : float
        0 to 1.
    platelets : ndarray of float32, shape (m, 4)
    """
    x, y, width, height = core
    scale = mpp / _DRAWN_UM
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    film = np.zeros((down, across), np.uint8)
    for left, top, w, h in cells.tolist():
        a, b = np.floor((left - x) * scale), np.floor((top - y) * scale)
        c, d = np.ceil((left + w - x) * scale), np.ceil((top + h - y) * scale)
        film[max(0, int(b)) : max(0, int(d)), max(0, int(a)) : max(0, int(c))] = 1
    side = 2 * round(_REACH_UM / _DRAWN_UM) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    film = np.asarray(cv2.morphologyEx(film, cv2.MORPH_CLOSE, disc), np.uint8)
    columns = np.clip((platelets[:, 0] + platelets[:, 2] / 2 - x) * scale, 0, across - 1).astype(int)
    rows = np.clip((platelets[:, 1] + platelets[:, 3] / 2 - y) * scale, 0, down - 1).astype(int)
    return float(film.mean()), platelets[film[rows, columns] > 0]
