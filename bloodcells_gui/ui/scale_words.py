"""Sentences about the scale as the window says them: cases keep them with the option of the command line."""

from __future__ import annotations

import re

from bloodcells_gui.ui.i18n import tr

# In every language: a pair of brackets around the option.
_OPTION = re.compile(r"\([^()]*--mpp[^()]*\)")


def as_in_the_window(text: str) -> str:
    """The sentence with the window's own command in place of ``--mpp``."""
    return _OPTION.sub(f"({tr('File, Analyse again with another scale')})", text)
