"""Cells by similarity of their embeddings: the most similar ones, and a map on a plane (t-SNE)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.similarity import most_similar

Floats = NDArray[np.float32]
Wide = NDArray[np.float64]
Stored = NDArray[np.floating[Any]]

_TSNE_LIMIT = 1200
_CHUNK = 4096
_PERPLEXITY = 25.0
_STEPS = 300
_EARLY = 80


def _unit_chunks(embeddings: Stored) -> Iterator[tuple[int, Wide]]:
    """Yield rows centred and scaled to length 1, a few thousand at a time with the first one's number.

    A case of 100,000 cells has 64 MB of embeddings in half precision; whole copies in double precision would
    be a multiple of the program's memory. A zero row stays zero.
    """
    mean = np.zeros(embeddings.shape[1])
    for first in range(0, len(embeddings), _CHUNK):
        mean += embeddings[first : first + _CHUNK].sum(axis=0, dtype=np.float64)
    mean /= max(1, len(embeddings))
    for first in range(0, len(embeddings), _CHUNK):
        x = embeddings[first : first + _CHUNK].astype(np.float64) - mean
        norm = np.linalg.norm(x, axis=1, keepdims=True)
        yield first, x / np.where(norm > 1e-9, norm, 1)


def similar_cells(embeddings: Stored, row: int, count: int) -> list[int]:
    """Find the rows of embeddings (n, D) most similar to one of them, best first, itself among them."""
    rows, _ = most_similar(embeddings, embeddings[row], count)
    return [int(i) for i in rows]


def map_on_plane(embeddings: Stored, seed: int = 0) -> Floats:
    """Place cells on a plane so that similar cells lie together: (n, 2) float32, about -1 to 1.

    Up to 1,200 cells by exact t-SNE (van der Maaten and Hinton, J Mach Learn Res 2008;9:2579-605) started
    from the principal components, which stand alone for more cells. Deterministic for a given seed.
    """
    n = len(embeddings)
    if n == 0:
        return np.zeros((0, 2), np.float32)
    if n < 4:
        return np.stack([np.linspace(-0.5, 0.5, n), np.zeros(n)], axis=1).astype(np.float32)
    components = _principal(embeddings, min(30, n - 1, embeddings.shape[1]) if n <= _TSNE_LIMIT else 2)
    start = components[:, :2] if components.shape[1] > 1 else np.c_[components, np.zeros(n)]
    if n <= _TSNE_LIMIT:
        start = _tsne(components, start, np.random.default_rng(seed))
    return _to_unit(start)


def _principal(embeddings: Stored, count: int) -> Wide:
    """Compute the first principal components (n, count) of the unit rows."""
    size = embeddings.shape[1]
    total, products = np.zeros(size), np.zeros((size, size))
    for _, x in _unit_chunks(embeddings):
        total += x.sum(axis=0)
        products += x.T @ x
    mean = total / len(embeddings)
    values, vectors = np.linalg.eigh(products - len(embeddings) * np.outer(mean, mean))
    axes = vectors[:, np.argsort(values)[::-1][:count]]
    # An eigenvector's sign is arbitrary; the largest component is made positive so that maps repeat.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return np.concatenate([(x - mean) @ axes for _, x in _unit_chunks(embeddings)])


def _to_unit(y: Wide) -> Floats:
    y = y - np.median(y, axis=0)
    reach = np.percentile(np.abs(y), 99) or 1.0
    return np.asarray(y / reach, np.float32)


def _squared_distances(x: Wide) -> Wide:
    norms = (x**2).sum(axis=1)
    return np.asarray(np.maximum(norms[:, None] + norms[None] - 2 * x @ x.T, 0.0))


def _affinities(x: Wide, perplexity: float) -> Wide:
    """Compute symmetric joint probabilities; each row's bandwidth is found by bisection, all rows at once."""
    d = _squared_distances(x)
    np.fill_diagonal(d, np.inf)
    d -= d.min(axis=1, keepdims=True)
    target = np.log(min(perplexity, (len(x) - 1) / 3))
    low, high = np.zeros(len(x)), np.full(len(x), np.inf)
    beta = np.ones(len(x)) / np.maximum(np.median(np.where(np.isfinite(d), d, 0), axis=1), 1e-12)
    p = np.zeros_like(d)
    for _ in range(40):
        p = np.exp(-d * beta[:, None])
        total = p.sum(axis=1)
        entropy = np.log(total) + beta * (np.where(np.isfinite(d), d, 0) * p).sum(axis=1) / total
        wide = entropy > target
        low, high = np.where(wide, beta, low), np.where(wide, high, beta)
        beta = np.where(np.isfinite(high), (low + high) / 2, beta * 2)
    p /= p.sum(axis=1, keepdims=True)
    joint = (p + p.T) / (2 * len(x))
    return np.asarray(np.maximum(joint, 1e-12))


def _tsne(x: Wide, start: Wide, rng: np.random.Generator) -> Wide:
    p = _affinities(x, _PERPLEXITY)
    y = start / (np.std(start[:, 0]) or 1.0) * 1e-2 + rng.normal(0, 1e-5, start.shape)
    step, gains = np.zeros_like(y), np.ones_like(y)
    rate = max(len(x) / 12.0, 20.0)
    for i in range(_STEPS):
        q = 1.0 / (1.0 + _squared_distances(y))
        np.fill_diagonal(q, 0.0)
        weight = ((12.0 if i < _EARLY else 1.0) * p - q / q.sum()) * q
        gradient = 4.0 * (weight.sum(axis=1)[:, None] * y - weight @ y)
        gains = np.where(np.sign(gradient) != np.sign(step), gains + 0.2, gains * 0.8).clip(0.01)
        step = (0.5 if i < _EARLY else 0.8) * step - rate * gains * gradient
        y = y + step
        y -= y.mean(axis=0)
    return np.asarray(y)
