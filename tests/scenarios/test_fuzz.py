"""The first 200 files of the fuzz campaign; the rest by one command (scripts/tools/fuzz.py --count 10000)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.domain.errors import BundleRefused
from scripts.tools.fuzz import campaign, mutate, seeds


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
    from scripts.tools.fuzz import Worker

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


@pytest.mark.parametrize(
    "header", [b"{'descr': (\n", b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"\0"]
)
def test_an_array_with_a_damaged_header_is_refused(header: bytes) -> None:
    """Found by the campaign: NumPy raises tokenize.TokenError, which is no ValueError."""
    from bloodcells_gui.inference.bundle import _load_array

    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with pytest.raises(BundleRefused, match="no plain array"):
        _load_array(Path("bundle"), "head.npy", data)


def test_cases_settings_and_bundles_are_part_of_the_campaign(tmp_path: Path) -> None:
    for only in ("case", "settings", "bundle"):
        summary = campaign(6, seed=1, out=tmp_path, only=only, quiet=True)
        assert summary["failures"] == []
        assert sum(summary["outcomes"].values()) == 6  # type: ignore[attr-defined]


def test_mutations_are_seeded_and_start_from_good_files() -> None:
    good = seeds()
    assert len(good) >= 20
    data = good["rgb.png"]
    a = mutate(data, list(good.values()), np.random.default_rng(5))
    assert a == mutate(data, list(good.values()), np.random.default_rng(5))
    assert a != data
