"""Colours from certain to uncertain."""

from __future__ import annotations

from PySide6.QtGui import QColor


def uncertainty_colour(uncertainty: float) -> QColor:
    """Blue (certain) over grey to orange (doubtful): distinguishable without red-green vision."""
    t = max(0.0, min(1.0, uncertainty))
    low, middle, high = (58, 110, 190), (170, 170, 170), (230, 126, 34)
    a, b, s = (low, middle, 2 * t) if t < 0.5 else (middle, high, 2 * t - 1)
    return QColor(*(round(p + (q - p) * s) for p, q in zip(a, b, strict=True)))
