"""Hand-made ONNX files and bundles, so that tests need neither the `onnx` package nor a trained network."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from bloodcells_gui.domain.errors import BundleRefused
from scripts.training.golden import write_calibrated

CLASSES = ("SNE", "BNE", "LY", "ART")
SIDE = 8
FLOAT, UINT8, INT64 = 1, 2, 7


def _varint(value: int) -> bytes:
    out = bytearray()
    while True:
        out.append((value & 0x7F) | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


def number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def chunk(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def tensor(name: str, array: np.ndarray, extra: bytes = b"") -> bytes:
    kind = {"float32": FLOAT, "int64": INT64}[str(array.dtype)]
    dims = b"".join(number(1, d) for d in array.shape)
    return dims + number(2, kind) + chunk(8, name) + chunk(9, array.tobytes()) + extra


def ints(name: str, values: list[int]) -> bytes:
    return chunk(1, name) + b"".join(number(8, v) for v in values) + number(20, 7)


def integer(name: str, value: int) -> bytes:
    return chunk(1, name) + number(3, value) + number(20, 2)


def node(
    op: str, inputs: list[str], outputs: list[str], attributes: tuple[bytes, ...] = (), domain: str = ""
) -> bytes:
    out = b"".join(chunk(1, i) for i in inputs) + b"".join(chunk(2, o) for o in outputs)
    out += chunk(4, op) + b"".join(chunk(5, a) for a in attributes)
    return out + (chunk(7, domain) if domain else b"")


def value(name: str, kind: int, shape: list[int | str]) -> bytes:
    dims = b"".join(chunk(1, chunk(2, d) if isinstance(d, str) else number(1, d)) for d in shape)
    return chunk(1, name) + chunk(2, chunk(1, number(1, kind) + chunk(2, dims)))


def model(
    nodes: list[bytes], tensors: list[bytes], inputs: list[bytes], outputs: list[bytes],
    domains: tuple[str, ...] = ("",),
) -> bytes:  # fmt: skip
    graph = b"".join(chunk(1, n) for n in nodes) + chunk(2, "g") + b"".join(chunk(5, t) for t in tensors)
    graph += b"".join(chunk(11, i) for i in inputs) + b"".join(chunk(12, o) for o in outputs)
    opsets = b"".join(chunk(8, (chunk(1, d) if d else b"") + number(2, 13)) for d in domains)
    return number(1, 8) + chunk(7, graph) + opsets


def weights() -> tuple[np.ndarray, np.ndarray]:
    """Head (4, 3) and bias (4,) of the tiny classifier, whose embedding is the mean colour in 0..1."""
    w = np.array([[4, -4, 0], [3, -2, -1], [-4, 4, 0], [0, 0, 6]], np.float32)
    return w, np.array([0.1, 0, 0, -1], np.float32)


def classifier_model(**kwargs: Any) -> bytes:
    """image uint8 (n, 8, 8, 3) -> logits (n, 4), embedding (n, 3), feature_map (n, 3, 8, 8)."""
    w, b = weights()
    nodes = [
        node("Cast", ["image"], ["f"], [integer("to", FLOAT)]),
        node("Mul", ["f", "scale"], ["unit"]),
        node("Transpose", ["unit"], ["feature_map"], [ints("perm", [0, 3, 1, 2])]),
        node("ReduceMean", ["feature_map"], ["embedding"], [ints("axes", [2, 3]), integer("keepdims", 0)]),
        node("MatMul", ["embedding", "w"], ["z"]),
        node("Add", ["z", "b"], ["logits"], domain=kwargs.get("node_domain", "")),
    ]
    tensors = [
        tensor("scale", np.array([1 / 255], np.float32)),
        tensor("w", np.ascontiguousarray(w.T), kwargs.get("tensor_extra", b"")),
        tensor("b", b),
    ]
    outputs = [
        value("logits", FLOAT, ["n", 4]), value("embedding", FLOAT, ["n", 3]),
        value("feature_map", FLOAT, ["n", 3, SIDE, SIDE]),
    ]  # fmt: skip
    return model(
        nodes, tensors, [value("image", UINT8, ["n", SIDE, SIDE, 3])], outputs, kwargs.get("domains", ("",))
    )


def slow_model(steps: int, side: int) -> bytes:
    """x (n, side) float32 -> y: many matrix products in a row, so that a run can be stopped half-way."""
    names = ["x", *[f"h{i}" for i in range(steps - 1)], "y"]
    nodes = [node("MatMul", [a, "w"], [b]) for a, b in pairwise(names)]
    eye = np.eye(side, dtype=np.float32)
    return model(
        nodes, [tensor("w", eye)], [value("x", FLOAT, ["n", side])], [value("y", FLOAT, ["n", side])]
    )


def write_bundle(
    folder: Path, network: bytes | None = None, *, calibrated: bool = True, **changes: Any
) -> Path:
    """A whole classifier bundle around the tiny model; `changes` replace fields of its card."""
    folder.mkdir(parents=True, exist_ok=True)
    w, b = weights()
    golden = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), dtype=np.uint8)
    golden[1] = (250, 20, 60)  # far from the middle, so that distance and uncertainty count
    embedding = (golden.astype(np.float32) / 255).mean((1, 2))
    arrays = {
        "head-w.npy": w, "head-b.npy": b, "golden-in.npy": golden, "golden-out.npy": embedding @ w.T + b,
        "centre.npy": np.full(3, 0.5, np.float32), "whitener.npy": np.eye(3, dtype=np.float32) * 4,
        "means.npy": np.zeros((1, 3), np.float32),
    }  # fmt: skip
    (folder / "model.onnx").write_bytes(network if network is not None else classifier_model())
    for name, array in arrays.items():
        np.save(folder / name, array)
    card: dict[str, Any] = {
        "schema": 1, "id": "tiny", "version": "1", "task": "classify", "licence": "none",
        "classes": list(CLASSES),
        "models": {"fp32": "model.onnx"}, "default_model": "fp32",
        "outputs": ["logits", "embedding", "feature_map"],
        "input": {
            "name": "image", "axes": "nhwc", "dtype": "uint8", "colours": "rgb", "size_px": SIDE,
            "um_per_px": 0.2,
            "steps": [{"name": "crop_at_scale"}],
        },
        "head": {"weights": "head-w.npy", "bias": "head-b.npy"},
        "calibration": {
            "reference": 1.0, "temperature": 1.0, "slope": 1.0, "threshold": 0.5, "unlike": 3.0,
            "arrays": {"centre": "centre.npy", "whitener": "whitener.npy", "means": "means.npy"},
        },
        "golden": {
            "input": "golden-in.npy", "outputs": {"fp32": {"logits": "golden-out.npy"}},
            "tolerance": {"fp32": 1e-4},
        },
    }  # fmt: skip
    card.update(changes)
    card.setdefault("files", hashes(folder))
    (folder / "card.json").write_text(json.dumps(card))
    with suppress(BundleRefused, KeyError, TypeError):  # some tests want a bundle that cannot be opened
        if calibrated:
            write_calibrated(folder, golden, card["input"]["um_per_px"])
    return folder


def hashes(folder: Path) -> dict[str, dict[str, Any]]:
    """The "files" field for all files of a folder but the card."""
    return {
        p.name: {"sha256": hashlib.sha256(p.read_bytes()).hexdigest(), "bytes": p.stat().st_size}
        for p in sorted(folder.iterdir())
        if p.name != "card.json"
    }


def reseal(folder: Path) -> None:
    """Write the present hashes into the card, as someone who tampers with care would."""
    card = json.loads((folder / "card.json").read_text())
    card["files"] = hashes(folder)
    (folder / "card.json").write_text(json.dumps(card))
