"""Theme, icons, language and keys for every panel, handed down by constructor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bloodcells_gui.app.reference_library import ReferenceLibraryController
from bloodcells_gui.ui.file_dialogs import FileDialogs
from bloodcells_gui.ui.i18n import Language
from bloodcells_gui.ui.icons import Icons
from bloodcells_gui.ui.keymap import KeyMap
from bloodcells_gui.ui.theme import Theme


@dataclass(slots=True)
class UiContext:
    """Appearance, icons, language, keys and file dialogs of the running window.

    `support` shows the report for support, `library` is the reference library, `explain` shows what the given
    keys of `ui.help.explanations` mean; None where there is no workbench. `dismissed` are the names of
    notices that a person put away and that come up by themselves otherwise: they outlive the window.
    """

    theme: Theme
    icons: Icons
    language: Language
    keymap: KeyMap
    support: Callable[[], None] | None = None
    library: ReferenceLibraryController | None = None
    explain: Callable[[Sequence[str]], None] | None = None
    files: FileDialogs = field(default_factory=FileDialogs)
    dismissed: set[str] = field(default_factory=set)
