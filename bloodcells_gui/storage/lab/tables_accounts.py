"""Tables of the fourth migration: who may do what."""

from __future__ import annotations

ACCOUNTS: tuple[str, ...] = ()
