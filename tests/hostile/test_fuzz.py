"""The first 200 files of the fuzz campaign; the rest by one command (scripts/fuzz.py --count 10000)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scripts.fuzz import campaign, mutate, seeds


def test_two_hundred_mutated_files(tmp_path: Path) -> None:
    summary = campaign(200, seed=1, out=tmp_path, quiet=True)
    assert summary["failures"] == []
    outcomes = summary["outcomes"]
    assert isinstance(outcomes, dict)
    assert sum(outcomes.values()) == 200
    # Mutations that never hurt, or always kill, would test nothing.
    assert outcomes["read"] > 20
    assert outcomes["refused"] > 60


def test_a_crash_a_hang_and_an_error_are_seen(tmp_path: Path) -> None:
    """The campaign itself must be able to fail: its worker is replaced by one that misbehaves."""
    from scripts.fuzz import Worker

    worker = Worker.start()
    worker.process.kill()
    assert worker.read(tmp_path / "any")["outcome"] == "crashed"
    worker.stop()
    worker = Worker.start()
    try:
        assert worker.wait(0.05)["outcome"] == "hung"
        assert worker.process.poll() is not None
    finally:
        worker.stop()


def test_mutations_are_seeded_and_start_from_good_files() -> None:
    good = seeds()
    assert len(good) >= 20
    data = good["rgb.png"]
    a = mutate(data, list(good.values()), np.random.default_rng(5))
    assert a == mutate(data, list(good.values()), np.random.default_rng(5))
    assert a != data
