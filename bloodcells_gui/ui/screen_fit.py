"""Size of a new window: its preferred one, never larger than the screen."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

#: A window's own frame; the system knows its size only after it has drawn one.
FRAME = QSize(12, 40)


def within(wanted: QSize, room: QSize) -> QSize:
    """Make `wanted` fit into the room that a screen has for windows, their frame included."""
    return wanted.boundedTo(room - FRAME)


def resize_within_screen(window: QWidget, width: int, height: int) -> None:
    """Give a window its first size, cut to what its screen has beside panels and docks.

    Buttons and the line at a window's foot are of no use below the edge of a small screen.

    Parameters
    ----------
    window : QWidget
        A window that is not shown yet.
    width, height : int
        The size it would like, in device-independent pixels.
    """
    window.resize(within(QSize(width, height), window.screen().availableSize()))
