"""What every panel needs to look and speak alike, handed down by constructor."""

from __future__ import annotations

from dataclasses import dataclass

from bloodcells_gui.ui.i18n import Language
from bloodcells_gui.ui.icons import Icons
from bloodcells_gui.ui.keymap import KeyMap
from bloodcells_gui.ui.theme import Theme


@dataclass(slots=True)
class UiContext:
    """Appearance, icons, language and keys of the running window."""

    theme: Theme
    icons: Icons
    language: Language
    keymap: KeyMap
