"""Say in words how a cell looks, from its embedding and measurements; linear heads, bound to one network.

The heads are a file of their own beside the classifier's bundle and no part of its graph: fitted by
``scripts/training/fit_attribute_words.py``, in seconds, for whatever network is in use.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.attributes import ATTRIBUTES, Description, Said
from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.inference.bundle import ModelBundle

Floats = NDArray[np.float32]

FORMAT = 1
MAX_BYTES = 4_000_000
#: Measurements that the words also use, in this order; the mean stands for what was not measured.
MEASURES = (
    "cell_area_um2", "nucleus_area_um2", "cytoplasm_area_um2", "nucleus_cell_ratio",
    "nucleus_cytoplasm_ratio", "equivalent_diameter_um", "perimeter_um", "circularity", "solidity",
    "nucleus_circularity", "nucleus_solidity", "nucleus_lobes", "granularity", "nucleus_granularity",
    "nucleus_od_red", "nucleus_od_green", "nucleus_od_blue",
    "cytoplasm_od_red", "cytoplasm_od_green", "cytoplasm_od_blue",
    "nucleus_haematoxylin", "cytoplasm_eosin", "focus", "nucleus_offset",
)  # fmt: skip
SIZES = tuple(len(a.words) for a in ATTRIBUTES)
_WORDS = sum(SIZES)
_TOLERANCE = 0.002
# Standard deviations that a measurement counts for at most.
_FARTHEST = 4.0
_COLOUR = tuple(
    k for k, name in enumerate(MEASURES) if "_od_" in name or name.endswith(("_haematoxylin", "_eosin"))
)
# Of outlines alone: products of colours fit one laboratory better, and mislead in every other.
_SHAPE = tuple(
    k for k, name in enumerate(MEASURES) if k not in _COLOUR and "granularity" not in name and name != "focus"
)
_ROWS, _COLUMNS = (np.take(_SHAPE, at) for at in np.triu_indices(len(_SHAPE)))
_MOST_CLASSES = 64


def network_of(bundle: ModelBundle) -> str:
    """What identifies the network whose embeddings the words read: the SHA-256 of its fp32 file.

    Not the card's hash: a card that tells more of the same network leaves the words valid.
    """
    return bundle.files[bundle.models["fp32"]][0]


@dataclass(frozen=True, eq=False)
class AttributeWords:
    """The heads.

    Attributes
    ----------
    network : str
        As of :func:`network_of`.
    mean, scale : (D + M,) float32
        Of an embedding, and behind it the measurements of :data:`MEASURES`.
    weights, bias : (F, W), (W,) float32
        From the features of :func:`expanded` to W words of all attributes, one after the other, before the
        temperatures.
    temperatures : (11,) float32
    classes : tuple of str
        Codes that the words can speak for.
    class_weights, class_bias : (W, C), (C,) float32
        From the probabilities of the words.
    taught_on : frozenset of str
        Leaves that the words were taught on; of others nothing is said.
    look_mean, look_inverse, look_limit : (C,), (C, C), (1,) float32
        Mean and inverse covariance of the measures of colour in the laboratory that taught, and the squared
        Mahalanobis distance within which 99 of 100 of its cells lie.
    """

    network: str
    mean: Floats
    scale: Floats
    weights: Floats
    bias: Floats
    temperatures: Floats
    classes: tuple[str, ...]
    class_weights: Floats
    class_bias: Floats
    taught_on: frozenset[str]
    look_mean: Floats
    look_inverse: Floats
    look_limit: Floats

    def looks_taught(self, measurements: Floats) -> NDArray[np.bool_]:
        """Whether stain and light of cells (n, M) are like those of the laboratory that taught the words."""
        distance = look_distance(measurements, self.look_mean, self.look_inverse)
        return np.asarray(distance <= self.look_limit[0], np.bool_)

    def probabilities(self, features: Floats) -> Floats:
        """Calibrated probabilities (n, W) from features (n, D + M); the words of an attribute sum to 1."""
        logits = expanded(features, self.mean, self.scale) @ self.weights + self.bias
        out, start = np.empty_like(logits), 0
        for size, heat in zip(SIZES, self.temperatures, strict=True):
            out[:, start : start + size] = _softmax(logits[:, start : start + size] / heat)
            start += size
        return np.asarray(out, np.float32)

    def class_probabilities(self, words: Floats) -> Floats:
        """(n, C) of the classes, from the probabilities (n, W) of the words alone."""
        return _softmax(np.asarray(words @ self.class_weights + self.class_bias, np.float32))

    def describe(self, embedding: Floats, measurements: Sequence[float]) -> Description:
        """One cell (D,) in words, with its measurements in the order of :data:`MEASURES`."""
        features = np.concatenate([np.asarray(embedding, np.float32), np.asarray(measurements, np.float32)])
        words = self.probabilities(features[None])[0]
        shares = self.class_probabilities(words[None])[0]
        best = int(shares.argmax())
        for_best = self.class_weights[:, best] - self.class_weights.mean(axis=1)
        said, every, start = [], [], 0
        for attribute, size in zip(ATTRIBUTES, SIZES, strict=True):
            part = words[start : start + size]
            k = int(part.argmax())
            said.append(
                Said(attribute, attribute.words[k], float(part[k]), float(part[k] * for_best[start + k]))
            )
            every.append(tuple(float(p) for p in part))
            start += size
        taught = bool(self.looks_taught(features[None, -len(MEASURES) :])[0])
        return Description(tuple(said), tuple(every), self.classes[best], float(shares[best]), not taught)

    def to_json(self, golden: Floats, about: Mapping[str, Any]) -> str:
        """The file: golden features (n, D + M) with what they give, and what is to be known (`about`)."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        arrays |= {"golden": golden, "golden_words": self.probabilities(golden)}
        return json.dumps(
            {
                "format": FORMAT,
                "about": dict(about),
                "network": self.network,
                "measures": list(MEASURES),
                "words": [[w.key for w in a.words] for a in ATTRIBUTES],
                "classes": list(self.classes),
                "taught_on": sorted(self.taught_on),
                "arrays": {name: pack(np.asarray(a, np.float32)) for name, a in arrays.items()},
            },
            indent=1,
        )


def expanded(features: Floats, mean: Floats, scale: Floats) -> Floats:
    """Features (n, D + M) around their mean, and the products of every two measures of shape: (n, F)."""
    known = np.where(np.isfinite(features), features, mean)
    scaled = np.asarray((known - mean) / scale, np.float32)
    measured = np.clip(scaled[:, -len(MEASURES) :], -_FARTHEST, _FARTHEST)
    products = measured[:, _ROWS] * measured[:, _COLUMNS]
    return np.concatenate([scaled[:, : -len(MEASURES)], measured, products], axis=1)


_ARRAYS = (
    "mean", "scale", "weights", "bias", "temperatures", "class_weights", "class_bias",
    "look_mean", "look_inverse", "look_limit",
)  # fmt: skip


def look_distance(measurements: Floats, mean: Floats, inverse: Floats) -> Floats:
    """Squared Mahalanobis distance (n,) of the measures of colour; infinite where one was not measured."""
    off = np.asarray(measurements, np.float32)[:, _COLOUR] - mean
    known = np.isfinite(off).all(axis=1)
    distance = np.einsum("ij,jk,ik->i", np.nan_to_num(off), inverse, np.nan_to_num(off))
    return np.asarray(np.where(known, distance, np.inf), np.float32)


def colours_of(measurements: Floats) -> Floats:
    """The measures of colour (n, C) among measurements (n, M)."""
    return np.asarray(measurements[:, _COLOUR], np.float32)


def load_words(path: Path, bundle: ModelBundle) -> AttributeWords | None:
    """Read the heads and try them; None where there are none, or they belong to another network.

    Raises
    ------
    BundleRefused
        When the file is damaged, or does not give what its golden test says.
    """
    try:
        if not path.is_file():
            return None
        if path.is_symlink() or path.stat().st_size > MAX_BYTES:
            raise ValueError("too large, or a link")
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["network"] != network_of(bundle):
            return None
        found, golden, wanted = _words_of(data)
    except (OSError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BundleRefused(
            "The words of the attributes cannot be read.",
            "Their file is damaged: {error}.",
            "Install the program again.",
            error=error,
        ) from error
    if not np.abs(found.probabilities(golden) - wanted).max() <= _TOLERANCE:
        raise BundleRefused(
            "The words of the attributes cannot be used on this machine.",
            "Their golden test failed.",
            "Install the program again.",
        )
    return found


def _words_of(data: Mapping[str, Any]) -> tuple[AttributeWords, Floats, Floats]:
    if data["format"] != FORMAT or tuple(data["measures"]) != MEASURES:
        raise ValueError("format")
    if data["words"] != [[w.key for w in a.words] for a in ATTRIBUTES]:
        raise ValueError("other words")
    arrays = {name: _unpack(data["arrays"][name]) for name in (*_ARRAYS, "golden", "golden_words")}
    classes = tuple(str(c) for c in data["classes"])
    wide = len(arrays["mean"])
    if wide <= len(MEASURES):
        raise ValueError("shape")
    shapes = {
        "mean": (wide,), "scale": (wide,), "weights": (wide + len(_ROWS), _WORDS), "bias": (_WORDS,),
        "temperatures": (len(ATTRIBUTES),), "class_weights": (_WORDS, len(classes)),
        "class_bias": (len(classes),), "golden": (len(arrays["golden"]), wide),
        "golden_words": (len(arrays["golden"]), _WORDS), "look_mean": (len(_COLOUR),),
        "look_inverse": (len(_COLOUR), len(_COLOUR)), "look_limit": (1,),
    }  # fmt: skip
    if any(arrays[name].shape != shape for name, shape in shapes.items()):
        raise ValueError("shape")
    positive = (arrays["scale"] > 0).all() and (arrays["temperatures"] > 0).all()
    if not 0 < len(classes) <= _MOST_CLASSES or not positive:
        raise ValueError("values")
    heads = {name: arrays[name] for name in _ARRAYS}
    taught = frozenset(str(c) for c in data["taught_on"])
    return (
        AttributeWords(network=str(data["network"]), classes=classes, taught_on=taught, **heads),
        arrays["golden"],
        arrays["golden_words"],
    )


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


def pack(values: Floats) -> dict[str, Any]:
    """An array as plain data: its shape, and little-endian float32 in base64."""
    return {
        "shape": list(values.shape),
        "base64": base64.b64encode(values.astype("<f4").tobytes()).decode("ascii"),
    }


def _unpack(data: Mapping[str, Any]) -> Floats:
    shape = tuple(int(n) for n in data["shape"])
    if not 0 < len(shape) <= 2 or not all(0 < n <= 10_000 for n in shape):
        raise ValueError("shape")
    raw = base64.b64decode(data["base64"], validate=True)
    if len(raw) != 4 * math.prod(shape):
        raise ValueError("length")
    values = np.frombuffer(raw, "<f4").astype(np.float32).reshape(shape)
    if not np.isfinite(values).all():
        raise ValueError("not a number")
    return values
