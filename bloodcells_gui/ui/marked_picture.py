"""Pictures of the window, marked so that the program never takes them for photographs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QFile, QIODevice
from PySide6.QtGui import QImage, QImageWriter

from bloodcells_gui.domain.left_out import OWN_SOFTWARE


def save_png(image: QImage, path: Path) -> bool:
    """Write `image` as PNG; False where it cannot be written."""
    file = QFile(str(path))
    if not file.open(QIODevice.OpenModeFlag.WriteOnly):
        return False
    writer = QImageWriter(file, b"png")
    writer.setText("Software", OWN_SOFTWARE)
    written = writer.write(image)
    file.close()
    return written
