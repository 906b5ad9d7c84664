"""Tables of the third migration: what the stations keep together beside the cases."""

from __future__ import annotations

SHARED: tuple[str, ...] = ()
