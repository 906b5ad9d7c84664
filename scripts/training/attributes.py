"""Eleven attributes in words that pathologists gave PBC crops (WBCAtt, Tsutsui et al. 2023), as further goals of the training.

Their heads are linear in the embedding, learn beside the classes and are not exported.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

NAMES = (
    "cell_size", "cell_shape", "nucleus_shape", "nuclear_cytoplasmic_ratio", "chromatin_density", "cytoplasm_vacuole",
    "cytoplasm_texture", "cytoplasm_colour", "granule_type", "granule_colour", "granularity",
)  # fmt: skip
UNKNOWN = -1
FILE = "pbc_attributes.csv"


@dataclass(frozen=True)
class Attributes:
    """Values of the attributes by the crop's file name, and the words they stand for.

    Attributes
    ----------
    words : tuple of tuple of str
        Of each of NAMES.
    values : dict
        File name to one index into `words` an attribute.
    """

    words: tuple[tuple[str, ...], ...]
    values: dict[str, tuple[int, ...]]

    @classmethod
    def read(cls, file: Path) -> Attributes:
        """Read the table; one without rows where the file is missing."""
        if not file.is_file():
            return cls(((),) * len(NAMES), {})
        with file.open(newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
        words = tuple(tuple(sorted({row[name] for row in rows})) for name in NAMES)
        values = {
            row["img_name"]: tuple(words[k].index(row[name]) for k, name in enumerate(NAMES)) for row in rows
        }
        return cls(words, values)

    def of(self, path: str) -> tuple[int, ...]:
        """The values of a crop; UNKNOWN throughout where it has none."""
        return self.values.get(Path(path).name, (UNKNOWN,) * len(NAMES))


class AttributeHeads(nn.Module):
    """One linear layer for all attributes on embeddings (n, `width`)."""

    def __init__(self, sizes: Sequence[int], width: int = 320) -> None:
        super().__init__()
        self.sizes = list(sizes)
        self.layer = nn.Linear(width, sum(self.sizes))

    def loss(self, embedding: Tensor, goal: Tensor) -> Tensor:
        """Mean cross entropy over the attributes that are known.

        Parameters
        ----------
        embedding : (n, width) float
        goal : (n, len(NAMES)) int64
            UNKNOWN where a crop has no value.
        """
        known = goal[:, 0] != UNKNOWN
        if not bool(known.any()):
            return embedding.sum() * 0.0
        parts = self.layer(embedding[known].float()).split(self.sizes, dim=1)
        losses = [F.cross_entropy(part, goal[known, k]) for k, part in enumerate(parts)]
        return torch.stack(losses).mean()


def goals(attributes: Attributes, paths: Sequence[str], real: Sequence[bool]) -> np.ndarray:
    """(n, len(NAMES)) int64 of crops; made ones (`real` false) have none, for their cells were changed."""
    nothing = (UNKNOWN,) * len(NAMES)
    return np.array(
        [attributes.of(path) if own else nothing for path, own in zip(paths, real, strict=True)], np.int64
    ).reshape(-1, len(NAMES))
