"""Marks of a page (lines, boxes, texts): PDF and preview are drawn from the same calls.

All lengths in mm from the top left corner of the page; colours are 8-bit RGB.
"""

from __future__ import annotations

from dataclasses import dataclass, field

RGB = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text from `x` on the base line `y`, `width` wide; `size` in mm, `style` "", "B" or "I"."""

    x: float
    y: float
    width: float
    text: str
    size: float
    style: str
    rgb: RGB


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    rgb: RGB
    thickness: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, filled where `thickness` is 0, else its outline; `radius` of its corners."""

    x: float
    y: float
    width: float
    height: float
    rgb: RGB
    thickness: float = 0.0
    radius: float = 0.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG or PNG in a box."""

    x: float
    y: float
    width: float
    height: float
    data: bytes = field(repr=False)


Mark = Text | Line | Box | Picture


@dataclass(frozen=True, slots=True)
class Page:
    """One sheet; marks in the order they were drawn."""

    width: float
    height: float
    marks: tuple[Mark, ...] = field(repr=False, default=())

    def words(self) -> str:
        """Everything that can be read on it."""
        return "\n".join(m.text for m in self.marks if isinstance(m, Text))
