"""Ten kills at random moments of analysis, review, signing and export (200: scripts/tools/kill_test.py)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ten_kills_lose_nothing(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("kill_test", ROOT / "scripts" / "tools" / "kill_test.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kept = module.kill_test(tmp_path, 10, seed=3)
    assert kept["cells"] > 5
    assert kept["event"] > 5
