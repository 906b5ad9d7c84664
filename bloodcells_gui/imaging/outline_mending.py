"""Redraw a stretch of an outline: from a stroke, from a push at one place, or all around by a step.

Only what a person redrew changes: every pixel of the mask away from the stretch stays as it was.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.contours import outlines

#: A part of fewer px is no outline any more.
SMALLEST_PX = 12
_FINE = 4
_SHIFT = 4
# A stroke whose ends lie so far from the outline and so near to each other (px, share of its length) is a
# ring around a part that the outline missed.
_OFF_PX = 5.0
_CLOSED_PX, _CLOSED_SHARE = 2.0, 0.15
# An end of a stroke so near to the outline lies on it.
_ON_PX = 2.0
# A stroke goes the longer way where it is at least half as long, and runs beside it within this share of the
# part's diameter.
_BESIDE = 0.15

Points = NDArray[np.float32]


def redrawn(mask: NDArray[np.uint8], stroke: Points, *, nucleus: bool) -> NDArray[np.uint8]:
    """The mask with the stretch of an outline replaced that the stroke spans.

    The stretch lies between the outline's points nearest to the two ends. Of the two ways around the shorter
    one is replaced, unless the stroke runs along the longer one. A stroke that closes itself away from the
    outline draws a part anew: the cell's whole outline, or the pieces of the nucleus that it meets. The
    nucleus stays inside the cell, whichever of the two is redrawn.

    Parameters
    ----------
    mask : (s, s) uint8
        0 background, 1 cytoplasm, 2 nucleus.
    stroke : (n, 2) float32
        x, y in px of the mask, (0, 0) being the top left corner of its first pixel.
    nucleus : bool
        Which outline: the nucleus's or the cell's.

    Returns
    -------
    (s, s) uint8
        Equal to `mask` where the stroke says nothing.
    """
    stroke = np.asarray(stroke, np.float32).reshape(-1, 2)
    if len(stroke) < 2:
        return mask
    part = _part(mask, nucleus)
    pieces = outlines(part)
    ends = stroke[[0, -1]]
    if not pieces or _is_ring(stroke, pieces):
        return _joined(mask, _ringed(part, stroke, nucleus), nucleus)
    piece = min(pieces, key=lambda p: float(_distances(ends, p).sum()))
    return _joined(mask, _reshaped(part, piece, _with_stroke(piece, stroke)), nucleus)


def pushed(
    mask: NDArray[np.uint8], at: float, step_px: float, reach_px: float, *, nucleus: bool
) -> NDArray[np.uint8]:
    """The mask with an outline pushed outwards (`step_px` above 0) or inwards around one of its places.

    Parameters
    ----------
    mask, nucleus
        As in :func:`redrawn`.
    at : float
        The place, as in :func:`place_on`.
    step_px : float
        How far the outline moves there; to both sides less and less, nothing beyond `reach_px`.
    """
    part = _part(mask, nucleus)
    pieces = outlines(part)
    if not pieces:
        return mask
    piece, place = _piece_at(pieces, at)
    along = _along(piece)
    whole = along[-1]
    apart = np.abs(along[:-1] - place * whole)
    apart = np.minimum(apart, whole - apart)
    weight = np.where(apart < reach_px, np.cos(np.pi / 2 * np.minimum(apart / reach_px, 1)) ** 2, 0)
    moved = piece + (_outward(piece) * (step_px * weight)[:, None]).astype(np.float32)
    return _joined(mask, _reshaped(part, piece, moved), nucleus)


def grown(mask: NDArray[np.uint8], step_px: int, *, nucleus: bool) -> NDArray[np.uint8]:
    """The mask with an outline moved by whole px all around, inwards for a negative `step_px`.

    `mask` itself where nothing would be left.
    """
    new = mask
    for _ in range(abs(step_px)):
        before = new
        part = _part(before, nucleus)
        for piece in outlines(part):
            # Along the outline's own normals: px by px in four directions a circle would grow to a diamond.
            moved = (piece + np.sign(step_px) * _outward(piece)).astype(np.float32)
            part = _reshaped(part, piece, moved)
        new = _joined(before, part if step_px > 0 else part & _part(before, nucleus), nucleus)
        if new is before:
            return mask
    return new


def place_on(mask: NDArray[np.uint8], at: float, *, nucleus: bool) -> tuple[float, float] | None:
    """x, y in px of the mask of a place of an outline; None where there is none.

    Parameters
    ----------
    at : float
        0 to 1 leads once around all pieces, the largest first, clockwise as one sees them.
    """
    pieces = outlines(_part(mask, nucleus))
    if not pieces:
        return None
    piece, place = _piece_at(pieces, at)
    along = _along(piece)
    index = min(int(np.searchsorted(along, place * along[-1])), len(piece) - 1)
    return float(piece[index, 0]), float(piece[index, 1])


def length_px(mask: NDArray[np.uint8], *, nucleus: bool) -> float:
    """Length of an outline with all its pieces, px."""
    return sum(float(_along(p)[-1]) for p in outlines(_part(mask, nucleus)))


# -- which pixels --------------------------------------------------------------------------------------------


def _part(mask: NDArray[np.uint8], nucleus: bool) -> NDArray[np.uint8]:
    return np.asarray(mask == 2 if nucleus else mask > 0, np.uint8)


def _joined(mask: NDArray[np.uint8], part: NDArray[np.uint8], nucleus: bool) -> NDArray[np.uint8]:
    """The mask with one part drawn anew; `mask` itself where hardly anything is left of it."""
    if nucleus:
        part = part & (mask > 0)
    if np.count_nonzero(part) < SMALLEST_PX:
        return mask
    if nucleus:
        return np.where(part > 0, 2, np.minimum(mask, 1)).astype(np.uint8)
    return np.where(part > 0, np.maximum(mask, 1), 0).astype(np.uint8)


def _reshaped(part: NDArray[np.uint8], piece: Points, new: Points) -> NDArray[np.uint8]:
    """A part with one piece of it shaped anew; pixels that lie in both shapes or in none stay."""
    before, after = _filled(piece, part.shape[0]), _filled(new, part.shape[0])
    count, labels = cv2.connectedComponents(part, connectivity=8)
    shares = np.bincount(labels[(before > 0) & (part > 0)], minlength=count)
    own = (labels == int(shares.argmax())) & (part > 0)
    shaped = _of_one_piece(np.where(before != after, after, own).astype(np.uint8))
    return np.asarray(shaped | (part & ~own), np.uint8)


def _ringed(part: NDArray[np.uint8], stroke: Points, nucleus: bool) -> NDArray[np.uint8]:
    """What a closed stroke encloses, with the pieces of a nucleus that it does not meet."""
    ring = _of_one_piece(_filled(stroke, part.shape[0]))
    if not nucleus:
        return ring
    count, labels = cv2.connectedComponents(part, connectivity=8)
    met = np.unique(labels[ring > 0])
    kept = (part > 0) & ~np.isin(labels, met)
    return np.asarray(ring | kept, np.uint8) if count > 1 else ring


def _filled(points: Points, size_px: int) -> NDArray[np.uint8]:
    """(size_px, size_px) the pixels of which more than half lies inside a polygon."""
    fine = np.zeros((size_px * _FINE, size_px * _FINE), np.uint8)
    corners = np.round((points.astype(np.float64) * _FINE - 0.5) * 2**_SHIFT).astype(np.int32)
    cv2.fillPoly(fine, [corners], 255, shift=_SHIFT)
    small = cv2.resize(fine, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return np.asarray(small > 127, np.uint8)


def _of_one_piece(binary: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The largest piece, without holes: a stroke that crosses itself leaves crumbs and holes."""
    contours, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = np.zeros_like(binary)
    if contours:
        cv2.drawContours(whole, [max(contours, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return whole


# -- geometry ------------------------------------------------------------------------------------------------


def _distances(points: Points, others: Points) -> NDArray[np.float64]:
    """(n,) from each of (n, 2) points to the nearest of the others, px."""
    steps = points[:, None].astype(np.float64) - others[None]
    return np.asarray(np.hypot(steps[..., 0], steps[..., 1]).min(axis=1), np.float64)


def _along(ring: Points) -> NDArray[np.float64]:
    """(n + 1,) the way from a closed outline's first point to each next one, and all around."""
    steps = np.diff(np.concatenate([ring, ring[:1]]).astype(np.float64), axis=0)
    return np.concatenate([[0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))])


def _length(line: Points) -> float:
    steps = np.diff(line.astype(np.float64), axis=0)
    return float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def _is_ring(stroke: Points, pieces: list[Points]) -> bool:
    ends = stroke[[0, -1]].astype(np.float64)
    gap = float(np.hypot(*(ends[1] - ends[0])))
    off = min(float(_distances(stroke[[0, -1]], piece).min()) for piece in pieces)
    return off > _OFF_PX and gap <= _CLOSED_PX + _CLOSED_SHARE * _length(stroke)


def _with_stroke(piece: Points, stroke: Points) -> Points:
    """A closed outline with the stretch between the two ends of a stroke replaced by it."""
    stroke = _without_ends(piece, _dense(stroke))
    first, last = (int(np.hypot(*(piece - end).T).argmin()) for end in stroke[[0, -1]])
    rolled = np.roll(piece, -first, axis=0)
    cut = (last - first) % len(piece)
    # From the stroke's first end onwards to its last, and from there on back to the first.
    onwards, back = rolled[: cut + 1], np.concatenate([rolled[cut:], rolled[:1]])
    shorter, longer = (onwards, back) if _length(onwards) <= _length(back) else (back, onwards)
    replaced = longer if _runs_along(stroke, longer, piece) else shorter
    if replaced is onwards:
        return np.concatenate([stroke, back])
    return np.concatenate([stroke[::-1], onwards])


def _without_ends(piece: Points, stroke: Points) -> Points:
    """A dense stroke without what lies before it first meets the outline, and after it last does.

    Who cuts a piece off begins and ends beyond the outline; who draws a tail may begin and end within. An end
    on the outline is left alone: there the stroke may well cross it further on.
    """
    inside = np.array([cv2.pointPolygonTest(piece, (float(x), float(y)), False) >= 0 for x, y in stroke])
    crossings = np.flatnonzero(inside[1:] != inside[:-1])
    off = _distances(stroke[[0, -1]], piece) > _ON_PX
    start = int(crossings[0]) if off[0] and len(crossings) else 0
    end = int(crossings[-1]) + 2 if off[1] and len(crossings) else len(stroke)
    return stroke[start:end] if end - start > 2 else stroke


def _runs_along(stroke: Points, way: Points, piece: Points) -> bool:
    diameter = 2 * np.sqrt(abs(cv2.contourArea(piece)) / np.pi)
    beside = float(_distances(way, stroke).mean()) < _BESIDE * diameter
    return beside and _length(stroke) > 0.5 * _length(way)


def _dense(line: Points) -> Points:
    """A line with a point at least every px, whatever a fast hand left out."""
    parts = [line[:1]]
    for start, end in pairwise(line):
        n = max(1, int(np.ceil(np.hypot(*(end - start)))))
        parts.append(start + (end - start) * (np.arange(1, n + 1, dtype=np.float32) / n)[:, None])
    return np.concatenate(parts).astype(np.float32)


def _outward(ring: Points) -> NDArray[np.float64]:
    """(n, 2) unit vectors that lead out of a closed outline at its points."""
    wide = 3
    tangent = np.roll(ring, -wide, axis=0).astype(np.float64) - np.roll(ring, wide, axis=0)
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-9)[:, None]
    turned = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    return turned if cv2.contourArea(ring, oriented=True) > 0 else -turned


def _piece_at(pieces: list[Points], at: float) -> tuple[Points, float]:
    """The piece on which a place of all of them lies, and how far around it, 0 to 1."""
    lengths = [float(_along(p)[-1]) for p in pieces]
    left = (at % 1.0) * sum(lengths)
    for piece, length in zip(pieces, lengths, strict=True):
        if left < length:
            return _clockwise(piece), left / length
        left -= length
    return _clockwise(pieces[0]), 0.0


def _clockwise(ring: Points) -> Points:
    """A closed outline in the order of a clock's hand on a screen, whose y leads down."""
    return ring if cv2.contourArea(ring, oriented=True) > 0 else np.ascontiguousarray(ring[::-1])
