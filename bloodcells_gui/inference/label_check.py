"""Find cells whose label the other cells contradict, from stored embeddings, in NumPy, in seconds.

Every cell is named by a linear discriminant of the cells of other groups: neither it nor the cells of its
case speak for its own label. Which contradictions count follows confident learning (Northcutt, Jiang and
Chuang 2021, "Confident learning: estimating uncertainty in dataset labels", JAIR 70): another class is at
least as probable as it is on average among the cells that carry its label, or clearly likelier than the
cell's own (on planted errors that finds 87 to 96 % instead of 79 to 96 %). The check accuses; a person
decides.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.class_names import leaves_of

Wide = NDArray[np.float64]
Rows = NDArray[np.intp]

FOLDS = 10
MIN_PER_CLASS = 3
"""Cells that a class needs to be judged, or to contradict others."""
CLEARLY = 4.0
"""How many times likelier than a cell's label another class is that is probable by more than a half."""
# Weight of an even covariance beside the one within the labels, as in the calibration of the head.
_EVEN = 1.0
_TEMPERATURES = np.exp(np.linspace(math.log(0.3), math.log(100.0), 60))
_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, eq=False)
class LabelCheck:
    """What the other cells say of n labelled cells.

    Attributes
    ----------
    classes : tuple of str
        The labels that are compared: those that at least `MIN_PER_CLASS` cells carry and that no other label
        divides further.
    judged : (n,) bool
        False where the cell's label has too few cells to say anything.
    own, other : (n,) float64
        Probability of the cell's label, and of the best class outside it; 0 where not judged.
    named : (n,) intp
        That class, as an index into `classes`; -1 where not judged.
    contradicted : (n,) bool
    strength : (n,) float64
        Logarithm of `other` over `own`; minus infinity where not judged.
    """

    classes: tuple[str, ...]
    judged: NDArray[np.bool_]
    own: Wide
    other: Wide
    named: Rows
    contradicted: NDArray[np.bool_]
    strength: Wide

    def rows(self) -> Rows:
        """Rows of the contradicted cells, the most strongly first."""
        found = np.flatnonzero(self.contradicted)
        return found[np.argsort(-self.strength[found], kind="stable")]


def check_labels(
    embeddings: NDArray[np.floating], labels: Sequence[str], groups: Sequence[str], *, seed: int = 0
) -> LabelCheck:
    """Name every cell by the cells of other groups, and compare with its label.

    Parameters
    ----------
    embeddings : (n, D) of any floating type
        Of one classifier.
    labels : sequence of str
        Codes, row names or partial labels; a label that others divide further (NE beside SNE and BNE) is met
        by any of them.
    groups : sequence of str
        Cells that must not speak for one another: those of a case, or of one duplicate group. Where only one
        group holds a class, its cells are held out one by one.
    seed : int
        Of the folds.
    """
    names, allowed = _targets(labels)
    if len(names) < 2:
        return _nothing(len(labels), names)
    truth = np.where(allowed.sum(axis=1) == 1, allowed.argmax(axis=1), -1)
    judged = allowed.any(axis=1)
    folds = folds_of(truth, groups, len(names), seed)
    logits, known = _held_out(np.asarray(embeddings), truth, folds, len(names))
    judged = np.asarray(judged & (known[folds] | ~allowed).all(axis=1), np.bool_)
    probabilities = _probabilities(logits, truth, judged)
    return _compare(names, probabilities, allowed, truth, judged)


def _nothing(n: int, names: tuple[str, ...]) -> LabelCheck:
    zero, no = np.zeros(n), np.zeros(n, np.bool_)
    return LabelCheck(names, no, zero, zero, np.full(n, -1, np.intp), no, np.full(n, -np.inf))


def _leaves(label: str) -> frozenset[str]:
    try:
        return frozenset(leaves_of(label))
    except KeyError:
        return frozenset((label,))


def _targets(labels: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
    """Classes, and which of them (n, K) each label allows: none where it is too rare."""
    leaves = {label: _leaves(label) for label in dict.fromkeys(labels)}
    counts = Counter(leaves[label] for label in labels)
    frequent = [s for s, n in counts.items() if n >= MIN_PER_CLASS]
    finest = [s for s in frequent if not any(other < s for other in frequent)]
    name_of = {s: label for label, s in reversed(leaves.items())}
    finest.sort(key=lambda s: name_of[s])
    rows = {label: np.array([s == own or s < own for s in finest], np.bool_) for label, own in leaves.items()}
    matrix = np.array([rows[label] for label in labels], np.bool_).reshape(len(labels), len(finest))
    return tuple(name_of[s] for s in finest), matrix


def folds_of(truth: Rows, groups: Sequence[str], classes: int, seed: int) -> Rows:
    """Fold of each cell: groups stay together, and every class is spread as evenly as they allow."""
    holders: dict[int, set[str]] = {}
    for k, group in zip(truth.tolist(), groups, strict=True):
        holders.setdefault(k, set()).add(group)
    members: dict[tuple[str, int], list[int]] = {}
    for i, (k, group) in enumerate(zip(truth.tolist(), groups, strict=True)):
        alone = k >= 0 and len(holders[k]) == 1
        members.setdefault((group, i) if alone else (group, -1), []).append(i)
    rng = np.random.default_rng(seed)
    parts = list(members.values())
    order = sorted(rng.permutation(len(parts)).tolist(), key=lambda p: -len(parts[p]))
    totals = np.maximum(np.bincount(truth[truth >= 0], minlength=classes), 1).astype(float)
    share = np.zeros((FOLDS, classes))
    size = np.zeros(FOLDS)
    folds = np.zeros(len(truth), np.intp)
    for p in order:
        inside = [truth[i] for i in parts[p] if truth[i] >= 0]
        # The fold that holds least of these classes; among equals the smallest.
        cost = share[:, inside].sum(axis=1) if inside else size
        fold = int(np.lexsort((size, np.round(cost, 9)))[0])
        folds[parts[p]] = fold
        size[fold] += len(parts[p])
        for k in inside:
            share[fold, k] += 1 / totals[k]
    return folds


def _held_out(
    embeddings: NDArray[np.floating], truth: Rows, folds: Rows, classes: int
) -> tuple[Wide, NDArray[np.bool_]]:
    """Logits (n, K) of every cell by the discriminant of the other folds.

    Also which classes (FOLDS, K) those folds know: the logits of the others are minus infinity.
    """
    n, size = embeddings.shape
    centre = np.zeros(size)
    for first in range(0, n, _AT_ONCE):
        centre += embeddings[first : first + _AT_ONCE].astype(np.float64).sum(axis=0) / n
    counts = np.zeros((FOLDS, classes))
    sums = np.zeros((FOLDS, classes, size))
    squares = np.zeros((FOLDS, size, size))
    for rows in _chunks(folds):
        teaching = rows[truth[rows] >= 0]
        x, fold = _centred(embeddings, teaching, centre), int(folds[rows[0]])
        squares[fold] += x.T @ x
        one_hot = np.zeros((len(teaching), classes))
        one_hot[np.arange(len(teaching)), truth[teaching]] = 1
        sums[fold] += one_hot.T @ x
        counts[fold] += one_hot.sum(axis=0)
    logits = np.full((n, classes), -np.inf)
    known = np.zeros((FOLDS, classes), np.bool_)
    for fold in range(FOLDS):
        held = np.arange(FOLDS) != fold
        known[fold] = counts[held].sum(axis=0) >= MIN_PER_CLASS - 1
        weights, bias = _discriminant(
            counts[held].sum(axis=0), sums[held].sum(axis=0), squares[held].sum(axis=0)
        )
        for rows in _chunks(folds, fold):
            found = _centred(embeddings, rows, centre) @ weights.T + bias
            logits[rows] = np.where(known[fold], found, -np.inf)
    return logits, known


def _chunks(folds: Rows, only: int | None = None) -> list[Rows]:
    """Rows of one fold at a time, so few that a hundred thousand cells are never held in double precision."""
    out = []
    for fold in range(FOLDS) if only is None else (only,):
        rows = np.flatnonzero(folds == fold)
        out += [rows[k : k + _AT_ONCE] for k in range(0, len(rows), _AT_ONCE)]
    return out


def _centred(embeddings: NDArray[np.floating], rows: Rows, centre: Wide) -> Wide:
    return np.asarray(embeddings[rows].astype(np.float64) - centre, np.float64)


def _discriminant(counts: Wide, sums: Wide, squares: Wide) -> tuple[Wide, Wide]:
    """Weights (K, D) and bias (K,) of Fisher's linear discriminant.

    The covariance within classes is held towards the same in every direction; all classes count as frequent.
    """
    means = sums / np.maximum(counts, 1)[:, None]
    within = (squares - (means * counts[:, None]).T @ means) / max(float(counts.sum()), 1.0)
    floor = _EVEN * float(np.trace(within)) / len(within) or 1.0
    weights = np.linalg.solve(within + floor * np.eye(len(within)), means.T).T
    return np.asarray(weights, np.float64), np.asarray(-0.5 * (weights * means).sum(axis=1), np.float64)


def _probabilities(logits: Wide, truth: Rows, judged: NDArray[np.bool_]) -> Wide:
    """Probabilities (n, K) at the temperature that fits the labels best, every class counting the same."""
    rows = np.flatnonzero(judged & (truth >= 0))
    if not len(rows):
        return np.zeros_like(logits)
    weight = 1 / np.bincount(truth[rows])[truth[rows]]
    losses = [
        -float((weight * _log_softmax(logits[rows] / heat)[np.arange(len(rows)), truth[rows]]).sum())
        for heat in _TEMPERATURES
    ]
    return np.asarray(np.exp(_log_softmax(logits / _TEMPERATURES[int(np.argmin(losses))])), np.float64)


def _log_softmax(z: Wide) -> Wide:
    z = z - z.max(axis=1, keepdims=True)
    return np.asarray(z - np.log(np.exp(z).sum(axis=1, keepdims=True)), np.float64)


def _compare(
    names: tuple[str, ...], p: Wide, allowed: NDArray[np.bool_], truth: Rows, judged: NDArray[np.bool_]
) -> LabelCheck:
    """Which labels the probabilities contradict."""
    own = np.where(allowed, p, 0.0).sum(axis=1)
    outside = np.where(allowed, -1.0, p)
    named = outside.argmax(axis=1)
    other = outside[np.arange(len(p)), named]
    usual = np.full(len(names), np.inf)
    for k in range(len(names)):
        rows = judged & (truth == k)
        if rows.any():
            usual[k] = float(p[rows, k].mean())
    clearly = (other > 0.5) & (other > CLEARLY * own)
    contradicted = judged & (other > own) & ((other >= usual[named]) | clearly)
    strength = np.log(np.maximum(other, 1e-300)) - np.log(np.maximum(own, 1e-300))
    return LabelCheck(
        names,
        judged,
        np.where(judged, own, 0.0),
        np.where(judged, other, 0.0),
        np.where(judged, named, -1).astype(np.intp),
        contradicted,
        np.where(judged, strength, -np.inf),
    )
