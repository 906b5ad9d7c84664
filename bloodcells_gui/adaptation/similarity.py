"""Which cells look alike: cosine similarity of the classifier's embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def unit_rows(embeddings: NDArray[Any]) -> NDArray[np.float32]:
    """Rows scaled to length 1, shape (N, D) float32; a row of zeros stays one."""
    rows = np.asarray(embeddings, np.float32)
    length = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    return np.asarray(rows / np.maximum(length, 1e-12)[:, None], np.float32)


def most_similar(
    units: NDArray[np.float32], query: NDArray[Any], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `k` rows nearest to `query`, best first.

    Parameters
    ----------
    units : ndarray of float32, shape (N, D)
        From :func:`unit_rows`.
    query : ndarray, shape (D,) or (Q, D)
        One cell, or several whose mean direction is asked for.
    k : int

    Returns
    -------
    rows : ndarray of int64, shape (min(k, N),)
    similarity : ndarray of float32, same shape
        Cosine, -1 to 1. Ties stand in order of their rows.
    """
    queries = unit_rows(np.atleast_2d(query))
    if queries.shape[1] != units.shape[1]:
        raise ValueError(f"embeddings of {units.shape[1]} and {queries.shape[1]} values cannot be compared")
    mean = unit_rows(queries.mean(axis=0, keepdims=True))[0]
    cosine = units @ mean
    k = max(0, min(k, len(cosine)))
    near = np.argpartition(-cosine, k - 1)[:k] if 0 < k < len(cosine) else np.arange(len(cosine))[:k]
    near = near[np.lexsort((near, -cosine[near]))]
    return near.astype(np.int64), cosine[near]
