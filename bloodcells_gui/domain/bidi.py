"""Names in sentences: letters that run from right to left must not turn the words around them."""

from __future__ import annotations

import unicodedata

# First strong isolate, and the end of it (Unicode Standard Annex 9).
_BEGIN, _END = "\u2068", "\u2069"
_RIGHT_TO_LEFT = frozenset({"R", "AL", "RLE", "RLO", "RLI"})


def isolated(name: str) -> str:
    """`name` for the middle of a shown sentence; as it is where all of it runs from left to right."""
    if not any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in name):
        return name
    return f"{_BEGIN}{name}{_END}"
