"""The application's appearance, set once for many windows."""

from __future__ import annotations

from PySide6.QtGui import QPalette, QStyleHints
from PySide6.QtWidgets import QApplication, QStyle


class CalmApplication:
    """Stands between a theme and the application, and passes on only what changes its appearance.

    A style sheet is worked out anew for every widget that is alive: most of the time of a test with a window.
    """

    styled = False

    def __init__(self, app: QApplication) -> None:
        self._app = app
        self._palette = app.palette()

    def styleHints(self) -> QStyleHints:
        """Return the application's own hints."""
        return self._app.styleHints()

    def setStyle(self, style: QStyle) -> None:
        """Set the style of the program, which is the same in every test, once."""
        if not CalmApplication.styled:
            CalmApplication.styled = True
            self._app.setStyle(style)

    def setPalette(self, palette: QPalette) -> None:
        """Keep the palette for the style sheet that follows."""
        self._palette = palette

    def setStyleSheet(self, sheet: str) -> None:
        """Set palette and style sheet where the sheet is not in force yet; the one goes with the other."""
        if sheet != self._app.styleSheet():
            self._app.setPalette(self._palette)
            self._app.setStyleSheet(sheet)
