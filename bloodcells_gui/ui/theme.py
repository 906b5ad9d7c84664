"""Light and dark appearance on the Fusion style: named colours, palettes, a small style sheet.

Every pair of text and ground has a contrast of at least 4.5:1 (WCAG 2.1 AA); a test computes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QApplication,
)

from bloodcells_gui.ui.resources import resource_dir
from bloodcells_gui.ui.style import HouseStyle

CHOICES = ("system", "light", "dark")


@dataclass(frozen=True, slots=True)
class Tokens:
    """Named colours, "#rrggbb". `*_ground` are backgrounds of notices, read with `text` on them."""

    name: str
    window: str
    base: str
    raised: str
    text: str
    muted: str
    border: str
    grid: str
    accent: str
    on_accent: str
    selected: str
    placeholder: str
    ok: str
    warning: str
    critical: str
    info: str
    ok_ground: str
    warning_ground: str
    critical_ground: str
    info_ground: str


LIGHT = Tokens(
    name="light", window="#f3f5f7", base="#ffffff", raised="#e9edf1", text="#1a2027", muted="#55606c",
    border="#cdd4db", grid="#e4e8ec", accent="#1d5f9e", on_accent="#ffffff", selected="#d8e8f7",
    placeholder="#6a7480", ok="#1e6f43", warning="#8a5300", critical="#b3213a", info="#1d5f9e",
    ok_ground="#e3f3ea", warning_ground="#fdf1da", critical_ground="#fbe6e9", info_ground="#e4eff9",
)  # fmt: skip
DARK = Tokens(
    name="dark", window="#171b20", base="#1e2329", raised="#2a3038", text="#e7eaee", muted="#a3adb8",
    border="#3a424c", grid="#2b3139", accent="#7ab5ee", on_accent="#0f1a26", selected="#25405c",
    placeholder="#97a1ac", ok="#6fcf97", warning="#f0b45a", critical="#ff8f9e", info="#7ab5ee",
    ok_ground="#1d3328", warning_ground="#3a2e17", critical_ground="#40222a", info_ground="#1d3045",
)  # fmt: skip


def luminance(colour: QColor) -> float:
    """Relative luminance after WCAG 2.1, 0 to 1."""

    def linear(c: float) -> float:
        return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())


def contrast(a: str | QColor, b: str | QColor) -> float:
    """Contrast ratio after WCAG 2.1, 1 to 21."""
    high, low = sorted((luminance(QColor(a)), luminance(QColor(b))), reverse=True)
    return (high + 0.05) / (low + 0.05)


def palette(t: Tokens) -> QPalette:
    """Qt's palette for the tokens `t`."""
    p = QPalette()
    role = QPalette.ColorRole
    for which, colour in (
        (role.Window, t.window), (role.WindowText, t.text), (role.Base, t.base),
        (role.AlternateBase, t.window),
        (role.Text, t.text), (role.Button, t.raised), (role.ButtonText, t.text),
        (role.BrightText, t.critical),
        (role.Highlight, t.accent), (role.HighlightedText, t.on_accent), (role.ToolTipBase, t.raised),
        (role.ToolTipText, t.text), (role.Link, t.accent), (role.LinkVisited, t.accent),
        (role.PlaceholderText, t.placeholder), (role.Accent, t.accent), (role.Mid, t.border),
        (role.Midlight, t.grid), (role.Light, t.base), (role.Dark, t.border),
    ):  # fmt: skip
        p.setColor(which, QColor(colour))
    faded = QColor(t.muted)
    faded.setAlphaF(0.6)
    for which in (role.WindowText, role.Text, role.ButtonText):
        p.setColor(QPalette.ColorGroup.Disabled, which, faded)
    p.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(t.border))
    return p


def style_sheet(t: Tokens) -> str:
    """`resources/theme/style.qss` with `@name` replaced by the colours of `t`."""
    path = resource_dir() / "theme" / "style.qss"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    for name in sorted(Tokens.__dataclass_fields__, key=len, reverse=True):
        text = text.replace(f"@{name}", getattr(t, name))
    return text


class Theme(QObject):
    """The appearance in force; follows the desktop unless the person chose one.

    Signals
    -------
    changed
        After the colours were replaced; whoever paints by hand repaints.
    """

    changed = Signal()

    def __init__(self, app: QApplication, choice: str = "system") -> None:
        super().__init__()
        self._app = app
        self._choice = choice
        self.tokens = LIGHT
        self._inks: dict[tuple[int, int, int], QColor] = {}
        self._colours: dict[str, QColor] = {}
        app.setStyle(HouseStyle("Fusion"))
        app.styleHints().colorSchemeChanged.connect(self._system_changed)
        self.choose(choice)

    @property
    def choice(self) -> str:
        """ "system", "light" or "dark"."""
        return self._choice

    @property
    def dark(self) -> bool:
        """Whether the dark colours are in force."""
        return self.tokens.name == "dark"

    def choose(self, choice: str) -> None:
        """Follow the desktop ("system") or insist on "light" or "dark"."""
        self._choice = choice if choice in CHOICES else "system"
        dark = self._choice == "dark" or (
            self._choice == "system" and self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        )
        self.tokens = DARK if dark else LIGHT
        self._inks.clear()
        self._colours.clear()
        self._app.setPalette(palette(self.tokens))
        self._app.setStyleSheet(style_sheet(self.tokens))
        self.changed.emit()

    def _system_changed(self) -> None:
        if self._choice == "system":
            self.choose("system")

    def colour(self, name: str) -> QColor:
        """A token as a QColor; not to be altered."""
        colour = self._colours.get(name)
        if colour is None:
            colour = self._colours[name] = QColor(getattr(self.tokens, name))
        return colour

    def ink(self, rgb: tuple[int, int, int]) -> QColor:
        """A class colour made strong enough to be seen on the present ground (3:1, for marks, not text)."""
        known = self._inks.get(rgb)
        if known is not None:
            return QColor(known)
        colour = QColor(*rgb)
        ground = self.colour("base")
        for _ in range(12):
            if contrast(colour, ground) >= 3.0:
                break
            colour = colour.lighter(118) if self.dark else colour.darker(112)
        self._inks[rgb] = QColor(colour)
        return colour
