"""How the specimens of a batch run are shared out: a shard of a job array, or workers of a cluster."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

MOST_SHARDS = 100_000
MOST_LOCAL_WORKERS = 64
LOCAL = "local"
_SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
_LOCAL_WORKERS = re.compile(r"local(?::([0-9]{1,3}))?")
_ADDRESS = re.compile(r"(?:tcp|tls)://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number` of `of` parts of a batch run, counted from 1, as job arrays do."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read "I/N"; ValueError for anything else."""
        found = _SHARD.fullmatch(text.strip())
        if found is None:
            raise ValueError(text)
        number, of = int(found[1]), int(found[2])
        if not 1 <= number <= of <= MOST_SHARDS:
            raise ValueError(text)
        return cls(number, of)

    def share(self, items: Sequence[T]) -> tuple[T, ...]:
        """Every `of`-th item: neighbours in a list are often alike in size, and so every part gets some."""
        return tuple(items[self.number - 1 :: self.of])


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the workers are.

    Attributes
    ----------
    address : str
        Of a scheduler that runs already, ``tcp://HOST:PORT`` or ``tls://HOST:PORT``; "" for workers that are
        started on this computer.
    workers : int or None
        How many are started here; one for each core when None.
    """

    address: str = ""
    workers: int | None = None

    @classmethod
    def parse(cls, text: str) -> Cluster:
        """Read ``local``, ``local:N`` or an address; ValueError for anything else."""
        text = text.strip()
        local = _LOCAL_WORKERS.fullmatch(text)
        if local is not None:
            count = None if local[1] is None else int(local[1])
            if count is not None and not 1 <= count <= MOST_LOCAL_WORKERS:
                raise ValueError(text)
            return cls(workers=count)
        if _ADDRESS.fullmatch(text) is None or not 1 <= int(text.rpartition(":")[2]) <= 65_535:
            raise ValueError(text)
        return cls(address=text)
