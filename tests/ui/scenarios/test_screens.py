"""Every screen on four sizes, in both languages and themes: nothing is cut, all is reached by keyboard."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_no_screen_cuts_a_text_or_hides_something_from_the_keyboard(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "scripts.tools.screens", str(tmp_path / "out"), "--check"]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        program, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert len(list((tmp_path / "out").glob("sheet-*-1.png"))) == 4  # every screen was walked
