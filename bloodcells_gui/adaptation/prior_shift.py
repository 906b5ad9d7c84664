"""What a specimen as a whole says of each of its cells: its mix, and the cells that look alike.

A classifier answers as if every specimen held the mix of cells that it was calibrated to. The mix of the one
at hand is estimated from its own answers by expectation maximisation (Saerens, Latinne, Decaestecker 2002,
"Adjusting the outputs of a classifier to new a priori probabilities", Neural Computation 14), held towards
the even mix by a Dirichlet prior, since a hundred cells say little about a rare kind; then the
probability of every coarse kind is weighed by it, and its leaves share it as before. A critical kind is never
made less likely by the rarity of its like.

With it go what the cells' measurements say (:mod:`bloodcells_gui.adaptation.morphometry`) and that cells that
look alike settle on a kind together (:mod:`bloodcells_gui.adaptation.label_propagation`).

What the classifier said of each cell stays as it was written. The weights are kept with the end of a run, as
numbers among its tallies, what the cells settled on beside them, and whoever reads the cells gets both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.label_propagation import PropagationSettings
from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.rules import DEFAULT_RULES, SMEAR
from bloodcells_gui.domain.taxonomy import BY_CODE

Floats = NDArray[np.float32]

PLATELETS = frozenset({"PLT", "GPLT", "PLC"})
# What is no nucleated cell says nothing of the mix, and is not weighed by it.
OUTSIDE = PLATELETS | {"ART"}
#: Leaves of which the rules call a single cell critical.
CRITICAL = frozenset(
    leaf for r in DEFAULT_RULES if r.kind == SMEAR and r.severity == "critical" for leaf in r.leaves
)

#: What of a cell's uncertainty comes from its leaf where nothing else is said.
LEAF_SHARE = 0.25

_ENOUGH = 1e-6
_MOST_ROUNDS = 200
_PREFIX = "mix/"
_WEIGHT = "mix/weight/"
_LARGEST_WEIGHT = 1000.0


@dataclass(frozen=True, slots=True)
class ClassPrior:
    """How strongly a specimen's mix is held towards the even one.

    The prior weighs as much as `strength` times the nucleated cells at hand, and as `least` cells at least.
    """

    strength: float
    least: float

    def cells(self, n: int) -> float:
        """The prior's weight beside `n` cells, in cells."""
        return max(self.strength * n, self.least)

    @staticmethod
    def from_card(card: Mapping[str, Any] | None) -> ClassPrior | None:
        """From a card's "specimen_mix"; None where there is none.

        Raises KeyError, TypeError or ValueError on what is not two numbers in range.
        """
        if card is None:
            return None
        prior = ClassPrior(float(card["strength"]), float(card["least"]))
        # NaN fails both comparisons.
        if not (0 <= prior.strength <= 10 and 1 <= prior.least <= 1e4):
            raise ValueError("specimen_mix is out of range")
        return prior


@dataclass(frozen=True, slots=True)
class PriorShift:
    """What became known of a specimen as a whole at the end of a run.

    Attributes
    ----------
    weights : dict of str to float
        Leaf -> factor on its probability; 1 changes nothing.
    cells : int
        Nucleated cells that the mix was estimated from.
    prior : ClassPrior or None
        None where the mix was not to be taken into account; all weights are 1 then.
    threshold : float
        Uncertainty above which a cell is left unidentified.
    views : bool
        Whether uncertainty also holds the disagreement of the network's views (see `reproposal.reproposed`).
    events : int
        Number of the last act of a person before it: cells judged by then keep the proposal that was judged.
    guarded : bool
        Whether the probability of a critical leaf is never lowered by the weights of the others (see
        `reproposal.weigh`); mixes of older versions only left its weight at 1 or more.
    leaf_share : float
        What of a cell's uncertainty comes from its leaf (see `reproposal.sureness`).
    likeness : PropagationSettings or None
        How cells that look alike were brought together; None where they were not.
    alike : int
        Cells that took part in that.
    measured : int
        Cells whose measurements counted; 0 where they were not to.
    """

    weights: Mapping[str, float]
    cells: int
    prior: ClassPrior | None
    threshold: float
    views: bool = False
    events: int = 0
    guarded: bool = False
    leaf_share: float = LEAF_SHARE
    likeness: PropagationSettings | None = None
    alike: int = 0
    measured: int = 0

    @property
    def settles(self) -> bool:
        """Whether cells had a say in each other's kind, so that what they settled on stands in the case."""
        return self.likeness is not None or self.measured > 0

    def vector(self, classes: Sequence[str]) -> Floats:
        """(K,) weights in the order of `classes`."""
        return np.array([self.weights.get(code, 1.0) for code in classes], np.float32)

    def to_tallies(self) -> dict[str, float]:
        """As numbers that stand among a run's tallies; names with "/" are no counts."""
        tallies = {
            **{_WEIGHT + code: float(weight) for code, weight in self.weights.items()},
            "mix/cells": float(self.cells),
            "mix/threshold": self.threshold,
            "mix/views": float(self.views),
            "mix/events": float(self.events),
            "mix/guarded": float(self.guarded),
            "mix/leaf_share": self.leaf_share,
        }
        if self.prior is not None:
            tallies |= {"mix/strength": self.prior.strength, "mix/least": self.prior.least}
        if self.likeness is not None:
            tallies |= {_PREFIX + name: float(value) for name, value in asdict(self.likeness).items()}
            tallies["mix/alike"] = float(self.alike)
        if self.measured:
            tallies["mix/measured"] = float(self.measured)
        return tallies


def mix_in(tallies: Mapping[str, float]) -> PriorShift | None:
    """Inverse of :meth:`PriorShift.to_tallies`; None where there is none, or it is no sound one."""
    weights = {name.removeprefix(_WEIGHT): v for name, v in tallies.items() if name.startswith(_WEIGHT)}
    if not weights:
        return None
    try:
        # NaN fails every comparison.
        sound = all(code in BY_CODE and 0 < w <= _LARGEST_WEIGHT for code, w in weights.items())
        if not (sound and abs(tallies["mix/threshold"]) < math.inf):
            return None
        leaf_share = float(tallies.get("mix/leaf_share", LEAF_SHARE))
        if not 0 <= leaf_share <= 1:
            return None
        prior = likeness = None
        if "mix/strength" in tallies:
            prior = ClassPrior(tallies["mix/strength"], tallies["mix/least"])
        if "mix/near" in tallies:
            likeness = PropagationSettings(*(tallies[_PREFIX + f.name] for f in fields(PropagationSettings)))
            if not likeness.sound:
                return None
        return PriorShift(
            weights,
            int(tallies["mix/cells"]),
            prior,
            tallies["mix/threshold"],
            views=tallies["mix/views"] > 0,
            events=int(tallies["mix/events"]),
            guarded=tallies.get("mix/guarded", 0) > 0,
            leaf_share=leaf_share,
            likeness=likeness,
            alike=int(tallies.get("mix/alike", 0)),
            measured=max(int(tallies.get("mix/measured", 0)), 0),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def without_mix(tallies: Mapping[str, float]) -> dict[str, float]:
    """The tallies of a run but for its mix."""
    return {name: value for name, value in tallies.items() if not name.startswith(_PREFIX)}


def same_classifier(a: AnalysisRun, b: AnalysisRun) -> bool:
    """Whether the probabilities of two runs' cells come from the same network and profile."""
    ours, theirs = ((r.bundles.get("classify"), r.profile, r.classes) for r in (a, b))
    return ours == theirs


def _inside(classes: Sequence[str]) -> list[int]:
    return [i for i, code in enumerate(classes) if code not in OUTSIDE]


def nucleated(probabilities: Floats, classes: Sequence[str]) -> NDArray[np.bool_]:
    """(n,) whether the best of (n, K) probabilities is a nucleated cell."""
    return _best_in(probabilities, _inside(classes))


def platelets(probabilities: Floats, classes: Sequence[str]) -> NDArray[np.bool_]:
    """(n,) whether the best of (n, K) probabilities is a platelet or a clump of them."""
    return _best_in(probabilities, [i for i, code in enumerate(classes) if code in PLATELETS])


def _best_in(probabilities: Floats, columns: Sequence[int]) -> NDArray[np.bool_]:
    if not columns or not len(probabilities):
        return np.zeros(len(probabilities), np.bool_)
    return np.isin(probabilities.argmax(axis=1), columns)


def estimate(
    probabilities: Floats, classes: Sequence[str], prior: ClassPrior
) -> tuple[dict[str, float], int]:
    """Weights of the leaves for a specimen, and the nucleated cells that they come from.

    Parameters
    ----------
    probabilities : (n, K) float32
        As the classifier gave them for all cells of the specimen; their order is of no consequence.
    classes : sequence of str
        Leaf codes of the K columns.
    prior : ClassPrior

    Returns
    -------
    dict of str to float
        A weight for each leaf; all 1 where there is no nucleated cell.
    """
    weights = dict.fromkeys(classes, 1.0)
    inside = _inside(classes)
    q = probabilities[nucleated(probabilities, classes)][:, inside].astype(np.float64)
    n, k = q.shape
    if n == 0:
        return weights, 0
    q /= q.sum(axis=1, keepdims=True)
    weight = prior.cells(n)
    mix = np.full(k, 1 / k)
    for _ in range(_MOST_ROUNDS):
        # The sum over cells of q * mix / (q @ mix) by two products of a matrix and a vector.
        share = mix * (q.T @ (1 / (q @ mix)))
        after = (share + weight / k) / (n + weight)
        done = float(np.abs(after - mix).max()) < _ENOUGH
        mix = after
        if done:
            break
    for column, code_at in enumerate(inside):
        code = classes[code_at]
        found = float(mix[column] * k)
        weights[code] = max(found, 1.0) if code in CRITICAL else found
    return weights, n


def most_changed(mix: PriorShift, count: int = 6) -> list[tuple[str, float]]:
    """Leaves whose weights are farthest from 1 (as a ratio), farthest first."""
    ranked = sorted(mix.weights.items(), key=lambda item: (-abs(math.log(item[1])), item[0]))
    return [(code, weight) for code, weight in ranked if abs(weight - 1) >= 0.05][:count]
