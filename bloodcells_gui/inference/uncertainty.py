"""Honest doubt: confidence that fades with the distance to the training features, and abstention.

One temperature cannot be right at home and away (Guo et al. 2017 calibrate at home only). Here it grows with
the relative distance r of a cell's embedding to the nearest class of the training data:

    T(r) = T0 * (1 + slope * max(0, r - 1))        r = Mahalanobis distance / its 95th percentile at home

Augmented training makes unfamiliar stains look near, so the disagreement of the network's two views of a
cell, one with faded colours, adds to the doubt: on a laboratory left out of training it is more than twice
that at home.

The distance follows Lee et al. 2018 (class means, one shared covariance) in the leading principal directions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.prior_shift import LEAF_SHARE
from bloodcells_gui.adaptation.reproposal import sureness

Floats = NDArray[np.float32]


def softmax(logits: Floats) -> Floats:
    """Row-wise softmax of (n, K)."""
    z = logits - logits.max(axis=1, keepdims=True)
    p = np.exp(z)
    return np.asarray(p / p.sum(axis=1, keepdims=True), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class UncertaintyModel:
    """Temperature, distance and abstention of one classifier.

    Attributes
    ----------
    centre : (D,) float32
        Mean embedding of the training data.
    whitener : (D, d) float32
        Projects centred embeddings to where the pooled within-class covariance is the identity.
    means : (M, d) float32
        Whitened class means (one or more a class).
    reference : float
        Distance that 95 % of held-out home cells stay below.
    temperature, slope : float
        T0 and its growth with the relative distance.
    threshold : float
        A cell with more doubt is left unidentified.
    unlike : float
        Relative distance from which a cell counts as unlike anything in the training data.
    disagreement : float
        How much doubt the network's two views of a cell add by disagreeing; 0 when the card names none.
    leaf_share : float
        What of the doubt comes from the leaf, the rest from the coarse class.
    """

    centre: Floats
    whitener: Floats
    means: Floats
    reference: float
    temperature: float
    slope: float
    threshold: float
    unlike: float
    disagreement: float = 0.0
    leaf_share: float = LEAF_SHARE

    def coordinates(self, embedding: Floats) -> Floats:
        """(n, d) embeddings (n, D) where the pooled within-class covariance is the identity."""
        return np.asarray((embedding - self.centre) @ self.whitener, np.float32)

    def relative_distance(self, embedding: Floats) -> Floats:
        """(n,) distance of embeddings (n, D) to the nearest class mean, 1 at the home sites' 95th
        percentile."""
        white = self.coordinates(embedding)
        squares = (white**2).sum(1)[:, None] + (self.means**2).sum(1)[None] - 2 * white @ self.means.T
        nearest = np.sqrt(np.maximum(squares.min(axis=1), 0))
        return np.asarray(nearest / self.reference, np.float32)

    def probabilities(self, logits: Floats, distance: Floats) -> Floats:
        """(n, K) calibrated probabilities of logits (n, K) at relative distances (n,)."""
        heat = self.temperature * (1 + self.slope * np.maximum(0, distance - 1))
        return softmax(np.asarray(logits / heat[:, None], np.float32))

    def doubt(
        self,
        probabilities: Floats,
        distance: Floats,
        rows: NDArray[np.intp],
        disagreement: Floats | None = None,
    ) -> Floats:
        """(n,) doubt from 0 (certain) to 1.

        It comes from the coarse class and, by `leaf_share`, from the leaf: taking a band for a segmented form
        matters less than taking a monocyte for a blast.

        Parameters
        ----------
        probabilities : (n, K)
        distance : (n,)
        rows : (K,) int
            Number of the coarse row of each leaf.
        disagreement : (n,), optional
            Total variation distance (0 to 1) between the leaf probabilities of the network's two views.
        """
        near = 1 / (1 + np.exp(12 * (distance / self.unlike - 1.15)))
        doubt = 1 - sureness(probabilities, rows, self.leaf_share) * near
        if disagreement is not None:
            doubt = doubt + self.disagreement * disagreement
        return np.asarray(np.clip(doubt, 0, 1), np.float32)

    @staticmethod
    def from_card(calibration: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> UncertaintyModel:
        """From a card's "calibration" and its arrays; KeyError or ValueError when they do not fit
        together."""
        centre, whitener, means = (
            np.asarray(arrays[name], np.float32) for name in ("centre", "whitener", "means")
        )
        if whitener.ndim != 2 or centre.shape != whitener.shape[:1] or means.shape[1:] != whitener.shape[1:]:
            raise ValueError("arrays of the distance do not fit together")
        values = [float(calibration[n]) for n in ("reference", "temperature", "slope", "threshold", "unlike")]
        reference, temperature, slope, threshold, unlike = values
        views = float(calibration.get("disagreement", 0.0))
        leaf_share = float(calibration.get("leaf_share", LEAF_SHARE))
        positive = 0 <= leaf_share <= 1 and reference > 0 and temperature > 0 and slope >= 0 and unlike > 0
        # Doubt is 0 to 1: with a threshold of 1 or more no cell would ever wait for a person.
        positive = positive and 0 <= threshold < 1
        if not (np.isfinite([*values, views]).all() and positive and views >= 0):
            raise ValueError("parameters of the calibration are out of range")
        return UncertaintyModel(
            centre, whitener, means, reference, temperature, slope, threshold, unlike, views, leaf_share
        )
