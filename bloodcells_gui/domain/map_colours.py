"""Colours of an occlusion map, on the screen and on paper; they differ in lightness too."""

from __future__ import annotations

#: Where a place speaks for the class that was asked about; where it speaks for its rival.
FOR_RGB: tuple[int, int, int] = (255, 140, 0)
AGAINST_RGB: tuple[int, int, int] = (0, 72, 190)
