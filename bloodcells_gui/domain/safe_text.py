"""Make text from files, names and settings safe to show: escape control characters."""

from __future__ import annotations

import unicodedata

# Marks that turn the direction of the text behind them, so that it reads as something else.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_HIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})


def escape_control_chars(text: str, keep: str = "") -> str:
    r"""Return `text` with whatever acts on a terminal written out: an escape character becomes ``\x1b``.

    Control characters (those of eight bits too), line separators, lone surrogates and marks of direction are
    written out; those in `keep` stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or not _acts(c) else _written(c) for c in text)


def _acts(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN or char in _TURNING


def _written(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
