"""Small pictures of images before an analysis, decoded in the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.imaging.io.sandbox.images import open_image

Picture = NDArray[np.uint8]


def load_previews(paths: Sequence[Path], side_px: int) -> list[Picture | None]:
    """Each image with its longer side at most `side_px`, (h, w, 3) RGB; None for one that cannot be read."""
    found: list[Picture | None] = []
    for path in paths:
        try:
            with open_image(path) as reader:
                found.append(np.ascontiguousarray(reader.thumbnail(side_px)))
        except UserError:
            found.append(None)
    return found
