"""A laboratory's database of either engine, as in `tests/storage/lab`."""

from __future__ import annotations

from tests.storage.lab.conftest import connect, server

__all__ = ["connect", "server"]
