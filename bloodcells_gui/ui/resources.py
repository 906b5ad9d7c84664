"""Icons, fonts and translations of the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QFontDatabase

from bloodcells_gui.app.data_folders import resources_dir


def resource_dir() -> Path:
    """The folder that holds `icons`, `fonts`, `theme` and `translations`."""
    return resources_dir()


def load_fonts(preferred: str = "Open Sans") -> str:
    """Make the shipped fonts known to Qt; returns the family to use, "" when none is shipped.

    The offscreen platform and bare machines may have no font at all, so text would be boxes without this.
    """
    families: list[str] = []
    for path in sorted((resource_dir() / "fonts").glob("*.ttf")):
        number = QFontDatabase.addApplicationFont(str(path))
        if number >= 0:
            families.extend(QFontDatabase.applicationFontFamilies(number))
    return preferred if preferred in families else families[0] if families else ""
