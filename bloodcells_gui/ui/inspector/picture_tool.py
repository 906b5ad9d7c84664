"""What a tool needs to work in the picture of a cell."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QPointF
from PySide6.QtGui import QKeyEvent, QPainter


class PictureTool(Protocol):
    """What takes the left button and the keys of a picture while it works; places are in the picture's px."""

    def press(self, spot: QPointF) -> None: ...
    def drag(self, spot: QPointF) -> None: ...
    def release(self) -> None: ...
    def key(self, event: QKeyEvent, *, act: bool) -> bool:
        """Whether the key is the tool's; `act` False only asks."""
        ...

    def paint(self, painter: QPainter, zoom: float) -> None: ...
