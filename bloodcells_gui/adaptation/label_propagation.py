"""Label propagation: cells of one specimen with similar embeddings support each other's class.

On a slide of a laboratory that a classifier never learned from, single cells fall on the wrong side of its
decision borders, while cells of one class still have similar embeddings. So the labels are propagated over a
graph of nearest neighbours (Zhu and Ghahramani 2002, "Learning from labeled and unlabeled data with label
propagation", Carnegie Mellon University, CMU-CALD-02-107; Zhou, Bousquet, Lal, Weston and Schoelkopf 2004,
"Learning with local and global consistency", NIPS 16). The update is that of Boudiaf, Mueller, Ben Ayed and
Bertinetto 2022, "Parameter-free online test-time adaptation", CVPR (LAME), iterated to its fixed point:

    r_i  proportional to  p_i * exp(strength * sum over the neighbours j of i of a_ij * r_j)

`p` are the cell's own probabilities; the affinity `a_ij` is the cosine of two whitened embeddings around the
specimen's mean, rescaled so that `min_similarity` gives 0 and 1 gives 1. A cell that resembles no other, such
as a lone blast, keeps its own probabilities.

Two further steps are not part of that method. Neighbours share their errors. How far the cells of a specimen
had to change (D, the mean total variation distance between `p` and `r`, weighted by the affinities) measures
the domain shift: it is below 0.04 on laboratories of the training and 0.1 to 0.2 on others. So the final
logarithms are divided by

    1 + damping * D * strength * sum over j of a_ij

which leaves certain cells of a familiar laboratory as certain as they are. And `own_share` of the result is
the cell's own probability, so that a cell whose neighbours contradict it is no longer certain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: Cells of the graph; a larger specimen is represented by so many of them.
MAX_GRAPH_CELLS = 4096
_MIN_NEIGHBOURS = 5
_MAX_ITERATIONS = 20
_TOLERANCE = 1e-4
_MIN_PROBABILITY = 1e-6
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class PropagationSettings:
    """Parameters of the label propagation.

    Attributes
    ----------
    min_similarity : float
        Cosine from which two cells are connected, 0 to 1 ("near" in files).
    strength : float
        Log odds that a certain neighbour with the same embedding adds to its class ("pull" in files).
    damping : float
        How much the domain shift of the specimen weakens the result ("echo" in files).
    own_share : float
        Share of the result that stays the cell's own probability, 0 to 1 ("own" in files).
    """

    min_similarity: float
    strength: float
    damping: float
    own_share: float

    @staticmethod
    def from_card(card: Mapping[str, Any] | None) -> PropagationSettings | None:
        """Read the settings from a card's "look_alikes"; None where the card has none.

        Raises
        ------
        KeyError, TypeError, ValueError
            Where it does not hold four numbers in range.
        """
        if card is None:
            return None
        settings = PropagationSettings(*(float(card[name]) for name in ("near", "pull", "echo", "own")))
        if not settings.is_valid:
            raise ValueError("look_alikes is out of range")
        return settings

    def to_card(self) -> dict[str, float]:
        """Return the settings under the names that cards and files use."""
        return {
            "near": self.min_similarity,
            "pull": self.strength,
            "echo": self.damping,
            "own": self.own_share,
        }

    @property
    def is_valid(self) -> bool:
        """Whether all four are in range."""
        # NaN fails every comparison.
        in_range = 0 <= self.min_similarity < 1 and 0 < self.strength <= 100 and 0 <= self.damping <= 100
        return in_range and 0 <= self.own_share <= 1


@dataclass(frozen=True, slots=True, eq=False)
class CoarsePosteriors:
    """Probabilities of the coarse classes for n cells after the adaptation, as a case keeps them.

    Attributes
    ----------
    ids : (n,) int64
        Of the cells, ascending.
    probabilities : (n, R) float32
        Of the coarse rows (:func:`~bloodcells_gui.adaptation.reproposal.coarse_rows`); each row sums to 1.
    """

    ids: NDArray[np.int64]
    probabilities: Floats


class LabelPropagation:
    """The graph of n cells of a specimen, over which labels are propagated.

    The order of the cells does not matter. Fewer than three cells have no graph and keep their labels.

    Parameters
    ----------
    coordinates : (n, d) float32
        Whitened embeddings
        (:meth:`~bloodcells_gui.inference.uncertainty.UncertaintyModel.whiten`).
    settings : PropagationSettings
    centred_on : (n,) bool, optional
        Cells whose mean is the origin of the cosines; all by default. Around the mean of many objects of
        another class, such as platelets, all other cells would seem similar.
    """

    def __init__(
        self,
        coordinates: Floats,
        settings: PropagationSettings,
        centred_on: NDArray[np.bool_] | None = None,
    ) -> None:
        self._settings = settings
        n = len(coordinates)
        self._too_few = n < 3
        if self._too_few:
            return
        inner = coordinates if centred_on is None or not centred_on.any() else coordinates[centred_on]
        centred = coordinates - inner.mean(axis=0)
        length = np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
        units = np.asarray(centred / length, np.float32)
        self._members = _graph_members(centred)
        numbers = np.arange(len(self._members))
        self._between_members = _Neighbours(units[self._members], units[self._members], numbers, settings)
        self._of_all = self._between_members
        if len(self._members) < n:
            member_of = np.full(n, -1)
            member_of[self._members] = numbers
            self._of_all = _Neighbours(units, units[self._members], member_of, settings)

    def propagate(self, coarse: Floats, domain_shift: float | None = None) -> tuple[Floats, float]:
        """Propagate the labels, and measure the domain shift.

        Parameters
        ----------
        coarse : (n, R) float32
            Each cell's own probabilities of the coarse classes; rows sum to 1.
        domain_shift : float, optional
            D of the module's description, where it is known from an earlier call: cells that were corrected
            since change less, but the specimen is no nearer to the training data for it.

        Returns
        -------
        posterior : (n, R) float32
            Rows sum to 1.
        domain_shift : float
            D, as given or as measured.
        """
        if self._too_few:
            return coarse, 0.0
        members, between, of_all = self._members, self._between_members, self._of_all
        log_own = np.asarray(np.log(np.maximum(coarse, _MIN_PROBABILITY)), np.float32)
        current = coarse[members]
        for _ in range(_MAX_ITERATIONS):
            updated = _softmax(log_own[members] + between.weighted_sum(current))
            converged = float(np.abs(updated - current).max()) < _TOLERANCE
            current = updated
            if converged:
                break
        if domain_shift is None:
            change = 0.5 * np.abs(coarse[members] - current).sum(axis=1)
            domain_shift = float(change @ between.degree) / max(float(between.degree.sum()), 1e-9)
        temperature = 1 + self._settings.damping * domain_shift * of_all.degree
        propagated = _softmax((log_own + of_all.weighted_sum(current)) / temperature[:, None])
        posterior = np.clip(propagated + self._settings.own_share * (coarse - propagated), 0, 1)
        return np.asarray(posterior, np.float32), domain_shift


class _Neighbours:
    """For each of n cells the k nearest of m members of the graph, with their affinities.

    Parameters
    ----------
    units : (n, d) float32
    members : (m, d) float32
        Unit vectors.
    member_of : (n,) int
        Number of each cell among the members; -1 for a cell that is none.
    settings : PropagationSettings

    Attributes
    ----------
    degree : (n,) float32
        Sum of a cell's affinities times the strength: what its neighbours add at most, in log odds.
    """

    def __init__(
        self,
        units: Floats,
        members: Floats,
        member_of: NDArray[np.intp],
        settings: PropagationSettings,
    ) -> None:
        n, m = len(units), len(members)
        k = min(max(_MIN_NEIGHBOURS, round(math.sqrt(m))), m - 1)
        self._neighbours = np.empty((n, k), np.intp)
        self._affinity = np.empty((n, k), np.float32)
        least = settings.min_similarity
        for start in range(0, n, _BLOCK):
            part = slice(start, min(start + _BLOCK, n))
            cosine = units[part] @ members.T
            itself = np.flatnonzero(member_of[part] >= 0)
            cosine[itself, member_of[part][itself]] = -np.inf
            nearest = np.argpartition(-cosine, k - 1, axis=1)[:, :k]
            self._neighbours[part] = nearest
            similarity = np.take_along_axis(cosine, nearest, axis=1)
            self._affinity[part] = settings.strength * np.clip((similarity - least) / (1 - least), 0, 1)
        self.degree: Floats = self._affinity.sum(axis=1)

    def weighted_sum(self, coarse: Floats) -> Floats:
        """Sum the probabilities (m, R) of the members over each cell's neighbours by affinity: (n, R)."""
        out = np.empty((len(self._neighbours), coarse.shape[1]), np.float32)
        for start in range(0, len(out), _BLOCK):
            part = slice(start, start + _BLOCK)
            out[part] = np.einsum("nk,nkr->nr", self._affinity[part], coarse[self._neighbours[part]])
        return out


def _graph_members(centred: Floats) -> NDArray[np.intp]:
    """Choose the cells of the graph (m,): all, or MAX_GRAPH_CELLS spread evenly along their first axis."""
    n = len(centred)
    if n <= MAX_GRAPH_CELLS:
        return np.arange(n)
    along = np.lexsort(centred.T[:3][::-1])
    return np.asarray(along[np.linspace(0, n - 1, MAX_GRAPH_CELLS).round().astype(np.intp)])


def _softmax(logits: Floats) -> Floats:
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(p / p.sum(axis=1, keepdims=True), np.float32)
