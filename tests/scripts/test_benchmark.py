"""The guard against slowing down: on ratios of CPU seconds, in one run, on synthetic cells."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from scripts import benchmark

ROOT = Path(__file__).resolve().parents[2]


def test_what_the_program_adds_to_its_stages_is_measured(tmp_path: Path) -> None:
    target = tmp_path / "benchmark.json"
    done = subprocess.run(
        [sys.executable, "scripts/benchmark.py", "--parts", "crops", "--data", str(tmp_path / "none"),
         "--cells", "96", "--rounds", "1", "--json", str(target)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(target.read_text(encoding="utf-8"))
    assert "synthetic" in found["images"]
    stages = found["crops"]["cpu_ms_per_cell"]
    assert set(stages) == {"decode", "preprocess", "inference", "measurement", "end_to_end"}
    assert all(value > 0 for value in stages.values())
    assert found["ratios"]["ratio_bound_cpu_to_end_to_end_cpu"] < 1.2


def test_the_guard_complains() -> None:
    (name, least), *_ = benchmark.GUARD.items()
    assert benchmark.guard({name: least + 0.01}) == []
    assert benchmark.guard({name: 0.1}) == [f"{name} is 0.10; it must not fall below {least}"]
    assert benchmark.guard({}) != []
