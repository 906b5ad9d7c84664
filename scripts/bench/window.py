"""How long the window's event loop is blocked while an analysis runs (offscreen, in a child process)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def measure(paths: Sequence[Path], mpp: float) -> dict[str, Any]:
    """Gaps between heartbeats of the event loop, ms: median, p99, largest."""
    return {"skipped": "not written yet"}
