"""A decoder child that misbehaves as the image's name says; for test_sandbox.py."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bloodcells_gui.imaging.io.sandbox import child
from bloodcells_gui.imaging.io.sandbox.protocol import open_window


class BadChild(child.DecoderChild):
    """Does what the name of the image asks for."""

    def handle(self, request: dict[str, Any]) -> Any:  # noqa: C901  # one branch a misdeed
        what = Path(request["path"]).stem.partition("-")[0]
        if what == "crash":
            ctypes.string_at(0)
        if what == "abort":
            os.abort()
        if what == "spin":
            while True:
                pass
        if what == "sleep":
            time.sleep(600)
        if what == "grow":
            return self._answer_of([np.empty(1 << 28, np.uint8) for _ in range(64)])
        if what == "write":
            Path(request["path"]).with_suffix(".written").write_bytes(b"x" * 100)
        if what == "lie":
            return {"shape": [1 << 20, 1 << 20, 3], "info": {}, "sha256": ""}, None
        if what == "babble":
            os.write(self._answers.fileno(), b"[1, 2]\n")
        if what == "error":
            raise KeyError("nobody foresaw this")
        if what == "pid":
            raise KeyError(f"pid {os.getpid()}")
        return super().handle(request)

    def _answer_of(self, grown: list[Any]) -> Any:
        return {"shape": [1, 1, 3], "grown": len(grown)}, None


if __name__ == "__main__":
    bad = BadChild(open_window(sys.argv[1]))
    child.limit_memory(1 << 30)
    bad.serve()
