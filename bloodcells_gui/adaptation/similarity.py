"""Cells like a given one: cosine similarity of the classifier's embeddings.

One measure serves the cells of a case and those of the reference library. It is the plain cosine, not centred
on the cells at hand: the similarity of two cells then does not depend on what else a case or library holds.
Both find the same cells: of the ten most similar to each of 520 labelled crops of PBC, 80.2 % (plain) and
80.3 % (centred) had the same leaf label, and all of them for 200 crops of Raabin (shipped classifier).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_CHUNK = 4096


def _unit_rows(embeddings: NDArray[Any]) -> NDArray[np.float32]:
    """Scale rows (n, D) to length 1; a row of zeros stays one."""
    rows = np.asarray(embeddings, np.float32)
    length = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    return np.asarray(rows / np.maximum(length, 1e-12)[:, None], np.float32)


def most_similar(
    embeddings: NDArray[Any], query: NDArray[Any], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the `k` rows most similar to `query`, best first.

    Parameters
    ----------
    embeddings : ndarray, shape (N, D)
        Of any floating type; scaled a few thousand at a time, since a case of 100,000 cells in single
        precision would be a multiple of the program's memory.
    query : ndarray, shape (D,) or (Q, D)
        Embedding of one cell, or of several whose mean direction is asked for.
    k : int

    Returns
    -------
    rows : ndarray of int64, shape (min(k, N),)
    similarity : ndarray of float32, same shape
        Cosine, -1 to 1. Equal ones are in order of their rows.

    Raises
    ------
    ValueError
        Where embeddings and query have different lengths.
    """
    queries = _unit_rows(np.atleast_2d(query))
    if queries.shape[1] != embeddings.shape[1]:
        raise ValueError(
            f"embeddings of {embeddings.shape[1]} and {queries.shape[1]} values cannot be compared"
        )
    direction = _unit_rows(queries.mean(axis=0, keepdims=True))[0]
    cosine = np.empty(len(embeddings), np.float32)
    for first in range(0, len(embeddings), _CHUNK):
        part = slice(first, first + _CHUNK)
        cosine[part] = _unit_rows(embeddings[part]) @ direction
    k = max(0, min(k, len(cosine)))
    near = np.argpartition(-cosine, k - 1)[:k] if 0 < k < len(cosine) else np.arange(len(cosine))[:k]
    near = near[np.lexsort((near, -cosine[near]))]
    return near.astype(np.int64), cosine[near]
