"""Cells of one specimen that look alike support each other's kind.

Slides of a laboratory that a classifier never learned from look foreign as a whole: single cells fall on the
wrong side of its borders, while cells of one kind still look like each other. So every cell's probabilities
are weighed by those of the cells that look most like it, until they agree (label propagation on a graph of
nearest neighbours; the update is that of Boudiaf, Mueller, Ben Ayed and Bertinetto 2022, "Parameter-free
online test-time adaptation", CVPR):

    r_i ~ p_i * exp(pull * sum over the neighbours j of i of a_ij * r_j)

`p` are the cell's own probabilities, `a_ij` is how alike two cells look: the cosine of their whitened
embeddings around the specimen's mean, from 0 at `near` to 1. A cell that looks like no other, as a lone blast
does, keeps its own.

Neighbours err together where they err. How far a specimen's cells had to give way to their neighbours (D, the
mean total variation distance between `p` and `r`, by pull) tells how foreign it is to the classifier: at home
it is below 0.04, on laboratories never learned from 0.1 to 0.2. So the logarithms above are divided by
``1 + echo * D * pull * sum_j a_ij`` in the end, which leaves what is sure at home as sure as it is; and `own`
of the probability stays the cell's own, so that a cell whose neighbours contradict it is no longer sure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: Cells between which likeness is looked for; of more, so many stand for all.
MOST = 4096
_LEAST_NEIGHBOURS = 5
_ROUNDS = 20
_ENOUGH = 1e-4
_LEAST_PROBABILITY = 1e-6
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class PropagationSettings:
    """How much cells that look alike say of each other.

    Attributes
    ----------
    near : float
        Cosine from which two cells look alike at all.
    pull : float
        Log odds that a neighbour adds to its kind when it looks the same and is certain.
    echo : float
        How much of what neighbours say in a foreign specimen repeats what others said (see above).
    own : float
        Share of the probability that stays the cell's own.
    """

    near: float
    pull: float
    echo: float
    own: float

    @staticmethod
    def from_card(card: Mapping[str, Any] | None) -> PropagationSettings | None:
        """From a card's "look_alikes"; None where there is none.

        Raises KeyError, TypeError or ValueError on what is not four numbers in range.
        """
        if card is None:
            return None
        likeness = PropagationSettings(*(float(card[name]) for name in ("near", "pull", "echo", "own")))
        if not likeness.sound:
            raise ValueError("look_alikes is out of range")
        return likeness

    @property
    def sound(self) -> bool:
        """Whether all four are in range."""
        # NaN fails every comparison.
        in_range = 0 <= self.near < 1 and 0 < self.pull <= 100 and 0 <= self.echo <= 100
        return in_range and 0 <= self.own <= 1


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """What n cells of a specimen came to with their look-alikes.

    Attributes
    ----------
    ids : (n,) int64
        Of the cells, ascending.
    kinds : (n, R) float32
        Probabilities of the coarse rows; each row sums to 1.
    """

    ids: NDArray[np.int64]
    kinds: Floats


class LabelPropagation:
    """Which of n cells of a specimen look alike, to be asked what they settle on.

    The order of the cells is of no consequence.

    Parameters
    ----------
    coordinates : (n, d) float32
        Embeddings where the classes of the training data spread alike in all directions.
    likeness : PropagationSettings
    middle : (n,) bool, optional
        Cells whose mean is the middle of the specimen; all by default. Seen from among many things of another
        kind, all others look alike.
    """

    def __init__(
        self, coordinates: Floats, likeness: PropagationSettings, middle: NDArray[np.bool_] | None = None
    ) -> None:
        self._likeness = likeness
        n = len(coordinates)
        self._alone = n < 3
        if self._alone:
            return
        inner = coordinates if middle is None or not middle.any() else coordinates[middle]
        around = coordinates - inner.mean(axis=0)
        x = np.asarray(around / np.maximum(np.linalg.norm(around, axis=1, keepdims=True), 1e-9), np.float32)
        self._members = _standing_for_all(around)
        among = np.arange(len(self._members))
        self._of_members = _Neighbours(x[self._members], x[self._members], among, likeness)
        self._of_all = self._of_members
        if len(self._members) < n:
            place = np.full(n, -1)
            place[self._members] = among
            self._of_all = _Neighbours(x, x[self._members], place, likeness)

    def settle(self, kinds: Floats, foreign: float | None = None) -> tuple[Floats, float]:
        """Probabilities of the cells' kinds after their look-alikes, and how foreign the specimen is.

        Parameters
        ----------
        kinds : (n, R) float32
            Each cell's own probabilities; rows sum to 1.
        foreign : float, optional
            D above where it is known: what else was learned of the cells since makes them give way less, but
            the specimen no less foreign.

        Returns
        -------
        (n, R) float32, float
            Rows sum to 1; D.
        """
        if self._alone:
            return kinds, 0.0
        members, among, of_all = self._members, self._of_members, self._of_all
        own = np.asarray(np.log(np.maximum(kinds, _LEAST_PROBABILITY)), np.float32)
        now = kinds[members]
        for _ in range(_ROUNDS):
            after = _normalised(own[members] + among.say(now))
            done = float(np.abs(after - now).max()) < _ENOUGH
            now = after
            if done:
                break
        if foreign is None:
            gave_way = 0.5 * np.abs(kinds[members] - now).sum(axis=1)
            foreign = float(gave_way @ among.pull) / max(float(among.pull.sum()), 1e-9)
        heat = 1 + self._likeness.echo * foreign * of_all.pull
        together = _normalised((own + of_all.say(now)) / heat[:, None])
        mixed = np.clip(together + self._likeness.own * (kinds - together), 0, 1)
        return np.asarray(mixed, np.float32), foreign


class _Neighbours:
    """For each of n cells the k of m others that look most like it.

    Parameters
    ----------
    x : (n, d) float32
    others : (m, d) float32
        Unit vectors.
    place : (n,) int
        Where each cell stands among the others; -1 for one that does not.
    likeness : PropagationSettings

    Attributes
    ----------
    pull : (n,) float32
        What a cell's neighbours say at most, in log odds.
    """

    def __init__(
        self, x: Floats, others: Floats, place: NDArray[np.intp], likeness: PropagationSettings
    ) -> None:
        n, m = len(x), len(others)
        k = min(max(_LEAST_NEIGHBOURS, round(math.sqrt(m))), m - 1)
        self._which = np.empty((n, k), np.intp)
        self._weight = np.empty((n, k), np.float32)
        for start in range(0, n, _BLOCK):
            part = slice(start, min(start + _BLOCK, n))
            cosine = x[part] @ others.T
            itself = np.flatnonzero(place[part] >= 0)
            cosine[itself, place[part][itself]] = -np.inf
            nearest = np.argpartition(-cosine, k - 1, axis=1)[:, :k]
            self._which[part] = nearest
            alike = np.take_along_axis(cosine, nearest, axis=1)
            self._weight[part] = likeness.pull * np.clip((alike - likeness.near) / (1 - likeness.near), 0, 1)
        self.pull: Floats = self._weight.sum(axis=1)

    def say(self, kinds: Floats) -> Floats:
        """(n, R) sums of the neighbours' probabilities (m, R), each by how alike it looks."""
        out = np.empty((len(self._which), kinds.shape[1]), np.float32)
        for start in range(0, len(out), _BLOCK):
            part = slice(start, start + _BLOCK)
            out[part] = np.einsum("nk,nkr->nr", self._weight[part], kinds[self._which[part]])
        return out


def _standing_for_all(around: Floats) -> NDArray[np.intp]:
    """(m,) places of the cells that stand for all n: all, or MOST along their first axis."""
    n = len(around)
    if n <= MOST:
        return np.arange(n)
    along = np.lexsort(around.T[:3][::-1])
    return np.asarray(along[np.linspace(0, n - 1, MOST).round().astype(np.intp)])


def _normalised(logits: Floats) -> Floats:
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(p / p.sum(axis=1, keepdims=True), np.float32)
