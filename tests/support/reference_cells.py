"""A reference library of drawn cells, some of them filed under a wrong class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bloodcells_gui.domain.cell import CellAssets
from bloodcells_gui.storage.reference_library import Library
from tests.support.workbench_window import MODEL, encoded_cell

KINDS = ("SNE", "LY", "MO", "EO")


def planted_library(
    path: Path, n: int = 60, wrong: dict[int, str] | None = None, *, model: str = MODEL, cases: int = 6
) -> Path:
    """A library of `n` cells of four kinds from several cases; cell i is filed as `wrong[i]` where given.

    Entry i + 1 is cell i, and its true kind is ``KINDS[i % 4]``.
    """
    rng = np.random.default_rng(3)
    centres = {code: rng.normal(0, 1, 24) for code in KINDS}
    with Library(path) as library:
        for i in range(n):
            kind = KINDS[i % len(KINDS)]
            picture, mask = encoded_cell(i, kind)
            vector = (centres[kind] + rng.normal(0, 0.3, 24)).astype(np.float16)
            library.add(
                (wrong or {}).get(i, kind),
                CellAssets(picture, mask, (0.0, 0.0, 192.0), vector),
                author="A. Technician",
                model=model,
                note=f"note {i}",
                mpp=0.105,
                source_case=f"case-{i % cases}",
                source_cell=i,
            )
    return path
