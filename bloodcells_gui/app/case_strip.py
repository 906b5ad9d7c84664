"""A few cells of a case as one small picture, by which a person knows it again in the work list."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.review_state import ReviewState, fold
from bloodcells_gui.domain.taxonomy import BY_CODE, NUCLEATED, ORDER
from bloodcells_gui.imaging.io.own_pictures import validated_jpeg
from bloodcells_gui.pipeline.encoding import encode_jpeg
from bloodcells_gui.storage.case import CaseStore

SIDE_PX = 48
MOST = 5
_QUALITY = 82


def draw_strip(store: CaseStore) -> bytes:
    """JPEG of up to `MOST` cells side by side, `SIDE_PX` high; b"" for a case without pictures.

    Raises
    ------
    UserError
        When the case cannot be read.
    """
    cells = store.load_cells()
    with store.decoding("events"):
        state = fold(cells, store.events())
    chosen = _chosen(cells, state)
    pictures = store.thumbnails(chosen)
    tiles = [t for i in chosen if (t := _tile(pictures.get(i, b""))) is not None]
    return encode_jpeg(np.ascontiguousarray(np.hstack(tiles)), _QUALITY) if tiles else b""


def _chosen(cells: Iterable[Cell], state: ReviewState) -> list[int]:
    """One cell of as many classes as there is room for, the gravest first, then further ones of them."""
    by_class: dict[str, list[int]] = {}
    for cell in sorted(cells, key=lambda c: (-c.suspicion, c.uncertainty, c.id)):
        code = state.decision(cell.id).final
        if state.present(cell.id) and code in NUCLEATED:
            by_class.setdefault(code, []).append(cell.id)
    classes = sorted(by_class, key=lambda code: (-BY_CODE[code].significance, ORDER[code]))
    rounds = max((len(ids) for ids in by_class.values()), default=0)
    found = [
        by_class[code][n] for n in range(min(rounds, MOST)) for code in classes if n < len(by_class[code])
    ]
    return found[:MOST]


def _tile(data: bytes) -> NDArray[np.uint8] | None:
    """A thumbnail (`SIDE_PX`, `SIDE_PX`, 3) RGB; None for one that cannot be shown."""
    checked = validated_jpeg(data)
    if not checked:
        return None
    bgr = cv2.imdecode(np.frombuffer(checked, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        return None
    small = cv2.resize(bgr, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8)
