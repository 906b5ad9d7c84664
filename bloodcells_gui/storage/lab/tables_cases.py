"""Tables of the second migration: the index of the laboratory's cases."""

from __future__ import annotations

CASES: tuple[str, ...] = ()
