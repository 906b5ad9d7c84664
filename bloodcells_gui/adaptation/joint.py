"""What the cells of a specimen come to together: with its mix, their measurements and their look-alikes.

Arithmetic alone. The measurements' evidence (:mod:`bloodcells_gui.adaptation.morphometry`) needs to know
where the kinds of this specimen lie, which follows from what its cells are so far; so the three are gone
through in turns, from what the network says of each cell to what they settle on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.label_propagation import LabelPropagation, PropagationSettings
from bloodcells_gui.adaptation.morphometry import MorphometryModel
from bloodcells_gui.adaptation.prior_shift import ClassPrior, estimate, nucleated, platelets
from bloodcells_gui.adaptation.reproposal import coarse_rows, critical_leaves, in_rows, weigh, with_settled

Floats = NDArray[np.float32]

_TURNS = 2


@dataclass(frozen=True, slots=True)
class AdaptationMethods:
    """How a specimen's cells are brought together; None for a way that is not gone.

    Attributes
    ----------
    prior : ClassPrior or None
        Of its mix of kinds.
    likeness : PropagationSettings or None
        Of cells that look alike.
    measured : MorphometryModel or None
        What measurements say.
    """

    prior: ClassPrior | None
    likeness: PropagationSettings | None
    measured: MorphometryModel | None = None

    def under_profile(self) -> AdaptationMethods:
        """The same under a laboratory's profile: its measurements alone.

        A profile's head was fitted to the laboratory's own mix, which would count twice, and leaves too
        little for look-alikes to gain.
        """
        return AdaptationMethods(None, None, self.measured)

    def __bool__(self) -> bool:
        return not (self.prior is None and self.likeness is None and self.measured is None)


@dataclass(frozen=True, slots=True, eq=False)
class Adaptation:
    """What n cells came to.

    Attributes
    ----------
    weights : dict of str to float
        Of the leaves, from the mix; all 1 where it was not to be taken into account.
    kinds : (n, R) float32 or None
        Probabilities of the coarse rows; rows of NaN for cells that had no part in it. None where only the
        mix counts.
    alike : int
        Cells that look-alikes had a say in.
    measured : int
        Cells whose measurements counted.
    """

    weights: dict[str, float]
    kinds: Floats | None
    alike: int = 0
    measured: int = 0


def adapt(
    scores: Floats,
    coordinates: Floats,
    measurements: NDArray[np.floating],
    classes: Sequence[str],
    ways: AdaptationMethods,
) -> Adaptation:
    """What a specimen's n cells come to.

    Platelets have no part in what cells say of each other: beside a hundred of them all leukocytes look
    alike.

    Parameters
    ----------
    scores : (n, K) float32
        Probabilities as they were found.
    coordinates : (n, d) float32
        See :class:`~bloodcells_gui.adaptation.label_propagation.LabelPropagation`; rows of NaN for cells
        without part in it.
    measurements : (n, M) float
        In the order of :data:`~bloodcells_gui.adaptation.morphometry.COLUMNS`; NaN where there is none.
    classes : sequence of str
        Leaf codes of the K columns.
    ways : AdaptationMethods
    """
    rows, guarded = coarse_rows(classes), critical_leaves(classes)

    def mix_of(probabilities: Floats) -> dict[str, float]:
        if ways.prior is None:
            return dict.fromkeys(classes, 1.0)
        return estimate(probabilities, classes, ways.prior)[0]

    weights = mix_of(scores)
    if ways.likeness is None and ways.measured is None:
        return Adaptation(weights, None)
    part = np.isfinite(coordinates).all(axis=1) & ~platelets(scores, classes)
    alike = None
    if ways.likeness is not None:
        middle = nucleated(scores[part], classes)
        alike = LabelPropagation(coordinates[part], ways.likeness, middle)
    own = scores[part]

    def settled(
        probabilities: Floats, weights: dict[str, float], foreign: float | None
    ) -> tuple[Floats, float]:
        vector = np.array([weights[c] for c in classes], np.float32)
        kinds = in_rows(weigh(probabilities, vector, rows, guarded), rows)
        return (kinds, 0.0) if alike is None else alike.settle(kinds, foreign)

    kinds, foreign = settled(own, weights, None)
    measured = ways.measured
    known: NDArray[np.bool_] = np.zeros(len(own), np.bool_)
    if measured is not None and len(own):
        x = measured.coordinates(measurements[part])
        known = np.asarray(np.isfinite(x).all(axis=1), np.bool_)
        alone = in_rows(own, rows)
        now = np.array(scores)
        for _ in range(_TURNS if known.any() else 0):
            after = np.array(alone)
            evidence = measured.evidence(x[known], kinds[known])
            after[known] = measured.weigh(alone[known], evidence)
            now[part] = with_settled(own, after, rows)
            weights = mix_of(now)
            kinds, _ = settled(now[part], weights, foreign)
    out = np.full((len(scores), int(rows.max()) + 1), np.nan, np.float32)
    out[part] = kinds
    return Adaptation(weights, out, 0 if alike is None else int(part.sum()), int(known.sum()))
