"""What neighbours show of a tile that cannot be read."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bloodcells_gui.domain.analysis import Progress, RunStatus, Skipped
from tests.support.slide_scan import LEUKOCYTES, matched, run
from tests.support.smears import MemoryReader, Smear, empty, fill


@pytest.fixture(scope="module")
def smear() -> Smear:
    """One layer of red cells with many leukocytes, three tiles wide and high."""
    s = empty(2600, 2200)
    fill(s, (150, 150, 2300, 1900), np.random.default_rng(5), pitch_um=12, leukocytes=260)
    return s


def test_cells_in_the_overlap_with_a_bad_tile_come_from_its_neighbour(smear: Smear) -> None:
    reader = MemoryReader(smear.rgb, smear.mpp, (1, 4))
    reader.bad = [(1250, 1050, 10, 10)]
    cells, done, events = run(reader)
    bad = [e.file for e in events if isinstance(e, Skipped)]
    assert len(bad) == 1
    x, y, w, h = (int(n) for n in re.findall(r"\d+", bad[0].path.removeprefix("slide.tif")))

    def depth(place: tuple[float, float]) -> float:
        """How far inside the bad tile's core, um; negative outside."""
        px, py = place
        return min(px - x, x + w - px, py - y, y + h - py) * smear.mpp

    white = [c for c in cells if c.predicted in LEUKOCYTES]
    # Neighbours reach 28 um into the core, and a cell of 12 um must lie whole in there.
    seen = [p for p in smear.of(*LEUKOCYTES) if depth(p) < 20]
    beyond = [p for p in smear.of(*LEUKOCYTES) if depth(p) > 28]
    assert sum(depth(p) > 0 for p in seen) >= 5
    assert beyond
    assert matched(white, seen, 8)[0] == len(seen)
    assert matched(white, beyond, 8)[0] == 0
    assert matched(white, smear.of(*LEUKOCYTES), 8)[1] == 0
    progress = [e for e in events if isinstance(e, Progress)][-1]
    assert progress.done == progress.total
    assert done.status is RunStatus.COMPLETE
