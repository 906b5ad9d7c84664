"""Contact sheets of contradicted labels: cells of one pair of classes, under typical cells of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

TILE, CAPTION, COLUMNS, ROWS, TYPICAL = 144, 30, 9, 5, 9
Picture = Callable[[str], np.ndarray]
"""The picture (h, w, 3) uint8 RGB of a path."""
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class SheetCell:
    """A labelled picture that the others contradict: two lines to write below it."""

    path: str
    lines: tuple[str, str]


def tile(image: np.ndarray, lines: Sequence[str] = ()) -> np.ndarray:
    """A picture (h, w, 3) uint8 RGB as (TILE + CAPTION, TILE, 3) uint8 BGR with up to two lines below."""
    out = np.full((TILE + CAPTION, TILE, 3), 255, np.uint8)
    factor = (TILE - 4) / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    top, left = (TILE - size[1]) // 2, (TILE - size[0]) // 2
    out[top : top + size[1], left : left + size[0]] = small[:, :, ::-1]
    for k, line in enumerate(lines):
        cv2.putText(out, line, (2, TILE + 11 + 14 * k), _FONT, 0.36, (0, 0, 0), 1, cv2.LINE_AA)
    return out


def _strip(tiles: Sequence[np.ndarray]) -> np.ndarray:
    blank = np.full((TILE + CAPTION, TILE, 3), 255, np.uint8)
    return np.hstack([*tiles, *[blank] * (COLUMNS - len(tiles))])


def _heading(text: str) -> np.ndarray:
    out = np.full((22, TILE * COLUMNS, 3), 235, np.uint8)
    cv2.putText(out, text, (4, 16), _FONT, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return out


def mixed_pages(
    picture: Picture, typical: dict[str, Sequence[str]], cells: Sequence[tuple[str, str, SheetCell]]
) -> Iterator[np.ndarray]:
    """Pages (h, w, 3) uint8 BGR of cells of many pairs of classes (given, other, cell): a strip each, with typical cells of both."""
    for first in range(0, len(cells), ROWS + 1):
        strips = []
        for given, other, cell in cells[first : first + ROWS + 1]:
            beside = [(p, given) for p in typical.get(given, ())[:4]]
            beside += [(p, other) for p in typical.get(other, ())[:4]]
            tiles = [tile(picture(cell.path), cell.lines)]
            tiles += [tile(picture(p), (f"typical {code}",)) for p, code in beside]
            strips += [_heading(f"labelled {given}, looks like {other}"), _strip(tiles)]
        yield np.vstack(strips)


def pages(
    picture: Picture, given: str, other: str, typical: dict[str, Sequence[str]], cells: Sequence[SheetCell]
) -> Iterator[np.ndarray]:
    """Pages (h, w, 3) uint8 BGR of the cells labelled `given` that look like `other`.

    Parameters
    ----------
    picture : callable
        Gives the picture of a path.
    typical : dict
        Paths of typical cells by class.
    """
    head = []
    for code in (given, other):
        head += [
            _heading(f"typical {code}"),
            _strip([tile(picture(p)) for p in typical.get(code, ())[:TYPICAL]]),
        ]
    per_page = COLUMNS * ROWS
    for first in range(0, len(cells), per_page):
        part = cells[first : first + per_page]
        parts = [*head, _heading(f"labelled {given}, look like {other}: {len(cells)}")]
        for k in range(0, len(part), COLUMNS):
            parts.append(_strip([tile(picture(s.path), s.lines) for s in part[k : k + COLUMNS]]))
        yield np.vstack(parts)
