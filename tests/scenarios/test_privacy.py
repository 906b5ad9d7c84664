"""Nothing is written or sent behind the person's back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
USE_THE_MODELS = """
from bloodcells_gui.app.engine import load_engine
import numpy as np
engine = load_engine()
side = engine.classifier.size_px
engine.classifier.predict(np.zeros((1, side, side, 3), np.uint8))
"""


def test_the_inference_library_collects_nothing(tmp_path: Path) -> None:
    """onnxruntime 1.32 keeps a device id and usage events for upload unless told not to before it loads."""
    left_out = ("XDG_", "ORT_", "BLOODCELLS_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    environment |= {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", USE_THE_MODELS], cwd=ROOT, env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == []
