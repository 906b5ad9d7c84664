"""Uncertainty of a classification: temperature scaling, Mahalanobis distance and abstention.

Temperature scaling (Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks", ICML)
divides the logits by one number, fitted on the laboratories of the training. No single number is right on
others too, so here the temperature grows with the relative distance r of a cell's embedding to the nearest
class of the training data:

    T(r) = T0 * (1 + slope * max(0, r - 1))

    r = Mahalanobis distance / its 95th percentile on held-out cells of the training's laboratories

The Mahalanobis distance is that of Lee, Lee, Lee and Shin 2018 ("A simple unified framework for detecting
out-of-distribution samples and adversarial attacks", NeurIPS): class means with one shared covariance, here
in the leading principal directions.

Augmented training moves unfamiliar stains near to the training data. There the disagreement between the
network's two views of a cell, one of them with faded colours, is more than twice as large as at home. It
adds to the uncertainty with the weight that the card gives (``scripts/training/doubt_fit.py`` fits it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.prior_shift import LEAF_SHARE
from bloodcells_gui.adaptation.reproposal import confidence

Floats = NDArray[np.float32]


def softmax(logits: Floats) -> Floats:
    """Apply the softmax to each row of logits (n, K)."""
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
        Maps centred embeddings to d dimensions in which the pooled within-class covariance is the identity.
    means : (M, d) float32
        Whitened class means, one for each class and site.
    reference : float
        Mahalanobis distance that 95 % of held-out cells of the training's laboratories stay below.
    temperature, slope : float
        T0 and its growth with the relative distance.
    threshold : float
        A cell with a larger uncertainty (0 to 1) is left unidentified.
    unlike : float
        Relative distance from which a cell counts as unlike anything in the training data.
    disagreement : float
        Factor on the disagreement between the network's two views of a cell, which adds to the uncertainty;
        0 where the card gives none.
    leaf_share : float
        Share of the uncertainty that comes from the leaf class, 0 to 1; the rest comes from the coarse class.
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

    def whiten(self, embedding: Floats) -> Floats:
        """Whiten embeddings (n, D) to (n, d): the pooled within-class covariance becomes the identity."""
        return np.asarray((embedding - self.centre) @ self.whitener, np.float32)

    def relative_distance(self, embedding: Floats) -> Floats:
        """Compute the Mahalanobis distance (n,) of embeddings (n, D) to the nearest class mean.

        In units of `reference`: 1 is the 95th percentile of the training's laboratories.
        """
        white = self.whiten(embedding)
        squares = (white**2).sum(1)[:, None] + (self.means**2).sum(1)[None] - 2 * white @ self.means.T
        nearest = np.sqrt(np.maximum(squares.min(axis=1), 0))
        return np.asarray(nearest / self.reference, np.float32)

    def probabilities(self, logits: Floats, distance: Floats) -> Floats:
        """Calibrate logits (n, K) at relative distances (n,): probabilities (n, K)."""
        temperature = self.temperature * (1 + self.slope * np.maximum(0, distance - 1))
        return softmax(np.asarray(logits / temperature[:, None], np.float32))

    def uncertainty(
        self,
        probabilities: Floats,
        distance: Floats,
        rows: NDArray[np.intp],
        disagreement: Floats | None = None,
    ) -> Floats:
        """Compute the uncertainty (n,) float32 of cells, from 0 (certain) to 1.

        It is one minus the confidence in the coarse class and, by `leaf_share`, in the leaf: taking a band
        for a segmented form matters less than taking a monocyte for a blast. The confidence falls to 0, on a
        logistic curve, for cells that are farther from the training data than `unlike`.

        Parameters
        ----------
        probabilities : (n, K) float32
            Calibrated; rows sum to 1.
        distance : (n,) float32
            Relative distances, see :meth:`relative_distance`.
        rows : (K,) int
            Number of the coarse row of each leaf
            (:func:`~bloodcells_gui.adaptation.reproposal.coarse_rows`).
        disagreement : (n,) float32, optional
            Total variation distance (0 to 1) between the leaf probabilities of the network's two views.
        """
        near = 1 / (1 + np.exp(12 * (distance / self.unlike - 1.15)))
        uncertainty = 1 - confidence(probabilities, rows, self.leaf_share) * near
        if disagreement is not None:
            uncertainty = uncertainty + self.disagreement * disagreement
        return np.asarray(np.clip(uncertainty, 0, 1), np.float32)

    @staticmethod
    def from_card(calibration: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> UncertaintyModel:
        """Read the model from a card's "calibration" and its arrays.

        Raises
        ------
        KeyError, TypeError, ValueError
            Where a number or an array is missing, out of range, or does not fit the others.
        """
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
        # Uncertainty is 0 to 1: with a threshold of 1 or more no cell would ever wait for a person.
        positive = positive and 0 <= threshold < 1
        if not (np.isfinite([*values, views]).all() and positive and views >= 0):
            raise ValueError("parameters of the calibration are out of range")
        return UncertaintyModel(
            centre, whitener, means, reference, temperature, slope, threshold, unlike, views, leaf_share
        )
