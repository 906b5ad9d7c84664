"""What this program costs together with its decoder children (Linux; elsewhere itself alone)."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bloodcells_gui.imaging.io.sandbox import images


def cpu_now() -> float:
    """CPU seconds of this process and of the decoder children that run now; only differences mean something."""
    return time.process_time() + sum(_cpu_s(pid) for pid in images.decoders().pids)


def _cpu_s(pid: int) -> float:
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")
