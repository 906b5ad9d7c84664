"""Grad-CAM without gradients, exact for a head of global average pooling and one linear layer.

With logits z = W mean(A) + b over a map A (D, H, W), the gradient of z_k with respect to every position of
channel d is W[k, d] / (H W): the weights of Grad-CAM (Selvaraju et al. 2017) are the rows of W up to a
constant, which the
normalisation to 0..1 removes.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def mixed_weights(weights: Floats, logits: Floats, leaves: Sequence[int]) -> Floats:
    """Channel weights (D,) of a class or of a sum of classes.

    The logit of a roll-up is log(sum(exp(z_k))) over its leaves; its gradient mixes the leaves' weights by
    their softmax.

    Parameters
    ----------
    weights : (K, D) float32
        Rows of the head's linear layer.
    logits : (K,) float32
        The cell's logits; only needed to mix several leaves.
    leaves : sequence of int
        Indices of the class or of the roll-up's leaves.
    """
    rows = list(leaves)
    if len(rows) == 1:
        return np.asarray(weights[rows[0]], np.float32)
    z = np.asarray(logits, np.float64)[rows]
    share = np.exp(z - z.max())
    share /= share.sum()
    return np.asarray(share @ weights[rows], np.float32)


def grad_cam(feature_map: Floats, channel_weights: Floats) -> Floats:
    """Where a class's evidence lies.

    Parameters
    ----------
    feature_map : (D, H, W) float32
    channel_weights : (D,) float32
        From :func:`mixed_weights`.

    Returns
    -------
    (H, W) float32
        0 to 1; all zero where nothing speaks for the class.
    """
    heat = np.tensordot(channel_weights, feature_map, axes=(0, 0))
    np.maximum(heat, 0, out=heat)
    top = float(heat.max())
    if top > 0:
        heat /= top
    return np.asarray(heat, np.float32)


def enlarge(heat: Floats, size_px: int) -> Floats:
    """A map (H, W) enlarged smoothly to (size_px, size_px), still 0 to 1."""
    large = cv2.resize(heat, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(large, 0.0, 1.0), np.float32)


def share_inside(heat: Floats, mask: NDArray[np.bool_]) -> float:
    """Share (0 to 1) of a map's heat that lies inside a mask of the same shape; NaN for an empty map."""
    total = float(heat.sum())
    return float(heat[mask].sum()) / total if total > 0 else float("nan")
