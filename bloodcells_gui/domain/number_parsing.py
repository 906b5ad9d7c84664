"""Parse numbers as people type them, with point or comma; refuse what could mean two things."""

from __future__ import annotations

import math
import re

# No underscore, no thousands separator, no "nan" or "inf", all of which `float` would take.
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def number_of(text: str) -> float | None:
    """Return the finite number that `text` holds, or None.

    One decimal point or comma is allowed. "1,234.5", "6O", "1_000", "nan" and "1e999" are no numbers.
    """
    stripped = text.strip()
    if not _NUMBER.fullmatch(stripped):
        return None
    value = float(stripped.replace(",", "."))
    return value if math.isfinite(value) else None
