"""Calibrate the classifier to one laboratory from at most a hundred reviewed cells, in NumPy, in seconds.

The network stays as it is; its last linear layer is fitted again on the laboratory's embeddings. The fit is
the maximum a posteriori of a multinomial logistic regression whose prior is the bundle's own head (a Gaussian
around it): with no cells it is the bundle, with more it moves as far as they justify. It moves most easily in
the directions in which cells of one label differ least: the embeddings are whitened by the covariance
within labels, held towards the same in every direction, as in linear discriminant analysis. How far it
moves is chosen by cross-validation, which also gives the before and after that the person sees.
"""

from __future__ import annotations

import base64
import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.reproposal import coarse_rows, confidence
from bloodcells_gui.domain.class_names import leaves_of
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import Reason, plural

Floats = NDArray[np.float32]
Wide = NDArray[np.float64]

FORMAT = 1
MIN_CELLS = 10
FOLDS = 5
_PRIORS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
# The bundle's own head as it is, and made less sure: a head that is confidently wrong moves more easily.
_SOFTENING = (1.0, 0.4)
# Weight of an even covariance beside the one within the labels, in shares of its mean over all directions.
_EVEN = 1.0
_TEMPERATURES = np.exp(np.linspace(math.log(0.3), math.log(5.0), 40))
_STEPS = 150


@dataclass(frozen=True, slots=True)
class Score:
    """Cross-validated agreement with the person: `right` of `cells`, and the mean recall over classes."""

    cells: int
    right: int
    balanced: float
    log_loss: float

    @property
    def accuracy(self) -> float:
        """Share of cells whose best leaf agrees."""
        return self.right / self.cells if self.cells else math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """A laboratory's own head, bound to one bundle; plain data.

    Attributes
    ----------
    name, created : str
        `created` is UTC ISO 8601.
    bundle_sha256 : str
    weights, bias : (K, D), (K,) float32
    temperature, threshold : float
    distance_scale : float
        How many times farther from the training features this laboratory's cells lie than home cells (at
        least 1).
    cells : dict
        Reviewed cells per label.
    before, after : Score
        Cross-validated, without and with the profile.
    held_out : tuple of (str, str, int)
        Label, leaf that the profile gave without having seen the cell, and number; of cells whose probability
        lets them be named. Profiles of earlier versions have none.
    """

    name: str
    created: str
    bundle_sha256: str
    weights: Floats
    bias: Floats
    temperature: float
    threshold: float
    distance_scale: float
    before: Score
    after: Score
    cells: Mapping[str, int] = field(default_factory=dict)
    held_out: tuple[tuple[str, str, int], ...] = ()

    def logits(self, embedding: Floats) -> Floats:
        """(n, K) logits of embeddings (n, D)."""
        return np.asarray(embedding @ self.weights.T + self.bias, np.float32)

    def probabilities(self, logits: Floats) -> Floats:
        """(n, K) calibrated probabilities."""
        return np.asarray(np.exp(_log_softmax(logits.astype(np.float64) / self.temperature)), np.float32)

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON file; arrays as base64 of little-endian float32."""
        return {
            "format": FORMAT,
            "name": self.name,
            "created": self.created,
            "bundle_sha256": self.bundle_sha256,
            "shape": list(self.weights.shape),
            "weights": _pack(self.weights),
            "bias": _pack(self.bias),
            "temperature": self.temperature,
            "threshold": self.threshold,
            "distance_scale": self.distance_scale,
            "cells": dict(self.cells),
            "before": _score_json(self.before),
            "after": _score_json(self.after),
            "held_out": [list(entry) for entry in self.held_out],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Profile:
        """The profile of :meth:`to_json`; UserError when it is damaged."""
        try:
            if data["format"] != FORMAT:
                raise ValueError(f"format {data['format']}")
            rows, columns = (int(v) for v in data["shape"])
            if not (0 < rows <= 64 and 0 < columns <= 4096):
                raise ValueError("shape")
            values = [float(data[n]) for n in ("temperature", "threshold", "distance_scale")]
            weights = _unpack(data["weights"], rows * columns).reshape(rows, columns)
            bias = _unpack(data["bias"], rows)
            if not (np.isfinite(values).all() and np.isfinite(weights).all() and np.isfinite(bias).all()):
                raise ValueError("not a number")
            if values[0] <= 0 or values[2] <= 0:
                raise ValueError("temperature")
            if not 0 <= values[1] <= 1:
                raise ValueError("threshold")
            return Profile(
                name=str(data["name"]),
                created=str(data["created"]),
                bundle_sha256=str(data["bundle_sha256"]),
                weights=weights,
                bias=bias,
                temperature=values[0],
                threshold=values[1],
                distance_scale=values[2],
                before=_score_of(data["before"]),
                after=_score_of(data["after"]),
                cells={str(k): int(v) for k, v in data["cells"].items()},
                held_out=tuple((str(t), str(p), int(n)) for t, p, n in data.get("held_out", [])),
            )
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise UserError(
                "The profile cannot be read.",
                "Its data is damaged: {error}.",
                "Calibrate again, or take the profile from a backup.",
                error=error,
            ) from error


def _refuse_too_few(labels: Sequence[str]) -> None:
    classes = len(set(labels))
    if len(labels) < MIN_CELLS or classes < 2:
        raise UserError(
            "There are too few reviewed cells to calibrate.",
            "Usable are {cells} of {classes}; at least {least} cells of 2 classes are needed.",
            "Review more cells, best of every class, and try again.",
            cells=Reason(plural("{n} cell", "{n} cells"), (("n", len(labels)),)),
            classes=Reason(plural("{n} class", "{n} classes"), (("n", classes),)),
            least=MIN_CELLS,
        )


def _best_settings(
    x: Wide, allowed: NDArray[np.bool_], importance: Wide, prior: tuple[Wide, Wide], folds: NDArray[np.intp]
) -> tuple[float, float, float, Wide]:
    """Strength of the prior, its softening, the temperature, and the held-out logits (n, K) of the best fit.

    Each pair is judged by the loss on folds that its fit has not seen.
    """
    tried: list[tuple[float, float, float, float, Wide]] = []
    for strength, soft in itertools.product(_PRIORS, _SOFTENING):
        base = (prior[0] * soft, prior[1] * soft)
        held = np.empty((len(x), len(prior[1])))
        for fold in range(FOLDS):
            test = folds == fold
            if not test.any():
                continue
            w, b = _fit(x[~test], allowed[~test], importance[~test], base, strength)
            held[test] = x[test] @ w.T + b
        heat, loss = _best_temperature(held, allowed)
        tried.append((loss, strength, soft, heat, held))
    _, strength, soft, heat, held = min(tried, key=lambda t: t[0])
    return strength, soft, heat, held


def fit_profile(
    embeddings: Floats,
    labels: Sequence[str],
    *,
    classes: Sequence[str],
    head: tuple[Floats, Floats],
    bundle_sha256: str,
    name: str,
    created: str,
    temperature: float = 1.0,
    threshold: float = 0.5,
    distances: Floats | None = None,
    seed: int = 0,
) -> Profile:
    """Fit a laboratory's profile from reviewed cells.

    Parameters
    ----------
    embeddings : (n, D) float32
        As the classifier gave them; at least 10 cells, a hundred are enough.
    labels : sequence of str
        The person's code for each: a leaf, or a partial label or row name (its leaves are summed). Cells
        whose label the model has no leaf for are left out.
    classes : sequence of str
        The bundle's leaves.
    head : tuple of arrays
        The bundle's own weights (K, D) and bias (K,).
    bundle_sha256, name, created : str
    temperature : float
        The bundle's temperature at home, for the "before" figures.
    threshold : float
        Uncertainty from which cells are left unidentified, kept from the bundle.
    distances : (n,) float32, optional
        Relative distances of the cells, to tell how far this laboratory lies from the training data.
    seed : int
        Of the folds.

    Raises
    ------
    UserError
        With too few usable cells, or all of one class.
    """
    allowed, kept = _targets(labels, classes)
    _refuse_too_few([labels[i] for i in kept])
    used = [labels[i] for i in kept]
    raw = np.asarray(embeddings, np.float64)[kept]
    centre = raw.mean(axis=0)
    w0 = np.asarray(head[0], np.float64)
    b0 = np.asarray(head[1], np.float64)
    # Only directions that the cells span can move (the gradient lies in them): work in those few.
    left, spread, directions = np.linalg.svd(raw - centre, full_matrices=False)
    inside = left * spread
    x, to_x, from_x = _whitened(inside, used, raw.shape[1])
    prior = (w0 @ directions.T @ from_x.T, b0 + w0 @ centre)
    importance = _importance(used)
    before_logits = x @ prior[0].T + prior[1]
    before = _score(before_logits / temperature, allowed, used)
    strength, soft, heat, held = _best_settings(x, allowed, importance, prior, _folds(used, seed))
    w, b = _fit(x, allowed, importance, (prior[0] * soft, prior[1] * soft), strength)
    weights = soft * w0 + (w - soft * prior[0]) @ to_x.T @ directions
    distance_scale = 1.0
    if distances is not None and len(distances):
        distance_scale = max(1.0, float(np.percentile(np.asarray(distances)[kept], 95)))
    return Profile(
        name=name,
        created=created,
        bundle_sha256=bundle_sha256,
        weights=np.asarray(weights, np.float32),
        bias=np.asarray(b - weights @ centre, np.float32),
        temperature=heat,
        threshold=threshold,
        distance_scale=distance_scale,
        before=before,
        after=_score(held / heat, allowed, used),
        cells={code: used.count(code) for code in dict.fromkeys(used)},
        held_out=_held_out(held / heat, used, classes, threshold),
    )


def _held_out(
    logits: Wide, labels: Sequence[str], classes: Sequence[str], threshold: float
) -> tuple[tuple[str, str, int], ...]:
    """Count held-out answers (n, K) by label and best leaf; those too uncertain to be named are left out.

    Uncertain by the probability alone: distance and view disagreement are not known of held-out answers.
    """
    probabilities = np.asarray(np.exp(_log_softmax(logits)), np.float32)
    named = 1 - confidence(probabilities, coarse_rows(classes)) <= threshold
    best = probabilities.argmax(axis=1)
    found = Counter((labels[i], classes[best[i]]) for i in np.flatnonzero(named).tolist())
    return tuple((label, code, n) for (label, code), n in sorted(found.items()))


def _whitened(inside: Wide, labels: Sequence[str], dimensions: int) -> tuple[Wide, Wide, Wide]:
    """Cells in coordinates in which those of one label spread alike in all directions.

    Parameters
    ----------
    inside : (n, R) float64
        Embeddings around their mean, in the directions that they span.
    labels : sequence of str
    dimensions : int
        Of the whole embedding.

    Returns
    -------
    tuple of arrays
        The cells (n, R), with a mean square of 1 over all `dimensions`; the matrices (R, R) to these
        coordinates (``inside @ to``) and back.
    """
    names = np.array(labels)
    within = np.empty_like(inside)
    for code in dict.fromkeys(labels):
        rows = names == code
        within[rows] = inside[rows] - inside[rows].mean(axis=0)
    values, vectors = np.linalg.eigh(within.T @ within / len(within))
    values = np.maximum(values, 0)
    # Without any spread within the labels every direction counts the same.
    floor = _EVEN * float(values.sum()) / dimensions or 1.0
    roots = np.sqrt(values + floor)
    scale = float(np.sqrt(((inside @ vectors / roots) ** 2).sum() / (len(inside) * dimensions))) or 1.0
    to_x = vectors / (roots * scale) @ vectors.T
    from_x = vectors * (roots * scale) @ vectors.T
    return np.asarray(inside @ to_x, np.float64), np.asarray(to_x), np.asarray(from_x)


def _targets(labels: Sequence[str], classes: Sequence[str]) -> tuple[NDArray[np.bool_], list[int]]:
    index = {code: i for i, code in enumerate(classes)}
    rows, kept = [], []
    for i, label in enumerate(labels):
        try:
            leaves = [index[c] for c in leaves_of(label) if c in index]
        except KeyError:
            continue
        if leaves:
            row = np.zeros(len(classes), np.bool_)
            row[leaves] = True
            rows.append(row)
            kept.append(i)
    return np.array(rows, np.bool_).reshape(len(rows), len(classes)), kept


def _importance(labels: Sequence[str]) -> Wide:
    """Inverse square root of the class size: rare classes speak up without drowning the rest."""
    raw = np.array([1 / math.sqrt(labels.count(code)) for code in labels])
    return np.asarray(raw / raw.mean(), np.float64)


def _folds(labels: Sequence[str], seed: int) -> NDArray[np.intp]:
    """Fold of each cell, every class spread evenly."""
    rng = np.random.default_rng(seed)
    folds = np.zeros(len(labels), np.intp)
    turn = 0
    for code in sorted(set(labels)):
        rows = rng.permutation([i for i, label in enumerate(labels) if label == code])
        for i in rows:
            folds[i] = turn % FOLDS
            turn += 1
    return folds


def _log_softmax(z: Wide) -> Wide:
    z = z - z.max(axis=1, keepdims=True)
    return np.asarray(z - np.log(np.exp(z).sum(axis=1, keepdims=True)), np.float64)


def _fit(
    x: Wide, allowed: NDArray[np.bool_], importance: Wide, prior: tuple[Wide, Wide], strength: float
) -> tuple[Wide, Wide]:
    """Weights and bias near the prior that explain the labels; accelerated gradient descent (Nesterov)."""
    n = len(x)
    ones = np.hstack([x, np.ones((n, 1))])
    start = np.hstack([prior[0], prior[1][:, None]])
    curvature = 0.5 * float(np.linalg.norm(ones * np.sqrt(importance)[:, None], 2)) ** 2 / n + strength
    now = start.copy()
    ahead = start.copy()
    momentum = 1.0
    for _ in range(_STEPS):
        p = np.exp(_log_softmax(ones @ ahead.T))
        hit = np.where(allowed, p, 0.0)
        hit /= np.maximum(hit.sum(axis=1, keepdims=True), 1e-12)
        gradient = ((p - hit) * importance[:, None]).T @ ones / n + strength * (ahead - start)
        following = ahead - gradient / curvature
        momentum_next = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
        ahead = following + (momentum - 1) / momentum_next * (following - now)
        now, momentum = following, momentum_next
    return now[:, :-1], now[:, -1]


def _log_loss(logits: Wide, allowed: NDArray[np.bool_]) -> float:
    p = np.where(allowed, np.exp(_log_softmax(logits)), 0.0).sum(axis=1)
    return float(-np.log(np.maximum(p, 1e-9)).mean())


def _best_temperature(logits: Wide, allowed: NDArray[np.bool_]) -> tuple[float, float]:
    losses = [_log_loss(logits / t, allowed) for t in _TEMPERATURES]
    best = int(np.argmin(losses))
    return float(_TEMPERATURES[best]), losses[best]


def _score(logits: Wide, allowed: NDArray[np.bool_], labels: Sequence[str]) -> Score:
    right = allowed[np.arange(len(logits)), logits.argmax(axis=1)]
    names = np.array(labels)
    recalls = [float(right[names == code].mean()) for code in dict.fromkeys(labels)]
    return Score(len(right), int(right.sum()), float(np.mean(recalls)), _log_loss(logits, allowed))


def _score_of(obj: Mapping[str, Any]) -> Score:
    """Inverse of :func:`_score_json`; an unknown figure may be NaN, but it is a number."""
    return Score(int(obj["cells"]), int(obj["right"]), float(obj["balanced"]), float(obj["log_loss"]))


def _score_json(score: Score) -> dict[str, float]:
    return {
        "cells": score.cells,
        "right": score.right,
        "balanced": score.balanced,
        "log_loss": score.log_loss,
    }


def _pack(array: Floats) -> str:
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode("ascii")


def _unpack(text: str, count: int) -> Floats:
    data = base64.b64decode(text, validate=True)
    if len(data) != 4 * count:
        raise ValueError("array length")
    return np.frombuffer(data, "<f4").astype(np.float32)
