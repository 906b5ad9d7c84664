"""The three networks as the pipeline sees them, so that it can be tested with plain fakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Crops = NDArray[np.uint8]


class ClassifierResult(Protocol):
    """What a classifier says of a batch of n crops; K leaves, D embedding dimensions."""

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """(n, K), calibrated, rows sum to 1."""

    @property
    def embedding(self) -> NDArray[np.float32]:
        """(n, D)."""

    @property
    def uncertainty(self) -> NDArray[np.float32]:
        """(n,), 0 certain to 1."""

    @property
    def abstained(self) -> NDArray[np.bool_]:
        """(n,), the model declines to name the cell."""

    @property
    def unlike(self) -> NDArray[np.bool_]:
        """(n,), far from everything the model was trained on."""

    @property
    def disagreement(self) -> NDArray[np.float32] | None:
        """(n,) 0 to 1 between the network's views of a cell; None where it has one view."""


class CellClassifier(Protocol):
    """Names the central cell of crops."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Leaf codes of the probability columns."""

    @property
    def size_px(self) -> int:
        """Side of the input window."""

    @property
    def um_per_px(self) -> float:
        """Scale of the input window."""

    @property
    def foreign_disagreement(self) -> float:
        """Mean disagreement over a specimen from which its look counts as foreign; infinite when unknown."""

    def predict(self, crops: Crops) -> ClassifierResult:
        """Crops (n, size_px, size_px, 3) uint8 RGB."""


class CellSegmenter(Protocol):
    """Outlines the central cell of crops."""

    @property
    def size_px(self) -> int:
        """Side of the input window."""

    @property
    def um_per_px(self) -> float:
        """Scale of the input window."""

    def segment(self, crops: Crops) -> NDArray[np.uint8]:
        """Masks (n, size_px, size_px) of crops (n, size_px, size_px, 3).

        0 background, 1 cytoplasm, 2 nucleus.
        """


@dataclass(frozen=True)
class Identity:
    """Which bundle did it: "id sha256" per task, and where it ran."""

    bundles: dict[str, str]
    provider: str
    profile: str = ""
