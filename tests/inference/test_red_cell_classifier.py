"""The red-cell classifier around a tiny network: windows, calibration, golden tests, refusals."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from bloodcells_gui.app.engine import load_red_cell_classifier, select_bundles
from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.domain.red_cells import RED_CELL_CODES
from bloodcells_gui.imaging.light import even_light
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.red_cell_classifier import RedCellClassifier, doubt_of
from bloodcells_gui.inference.session import int8_allowed
from tests.support import tiny_onnx
from tests.support.tiny_onnx import FLOAT, UINT8, integer, ints, node, tensor, value

SIDE, UM, K = 64, 0.2, len(RED_CELL_CODES)
TEMPERATURE = 2.0


def network() -> bytes:
    """image uint8 (n, 64, 64, 3) -> logits (n, K): mean red for the first class, green for the second."""
    w = np.zeros((3, K), np.float32)
    w[0, 0], w[1, 1] = 8.0, 8.0
    nodes = [
        node("Cast", ["image"], ["f"], [integer("to", FLOAT)]),
        node("Mul", ["f", "scale"], ["unit"]),
        node("ReduceMean", ["unit"], ["mean"], [ints("axes", [1, 2]), integer("keepdims", 0)]),
        node("MatMul", ["mean", "w"], ["logits"]),
    ]
    return tiny_onnx.model(
        nodes, [tensor("scale", np.array([1 / 255], np.float32)), tensor("w", w)],
        [value("image", UINT8, ["n", SIDE, SIDE, 3])], [value("logits", FLOAT, ["n", K])],
    )  # fmt: skip


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True), np.float32)


def write_bundle(folder: Path, **changes: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / "network.onnx").write_bytes(network())
    windows = np.random.default_rng(3).integers(0, 256, (2, SIDE, SIDE, 3), dtype=np.uint8)
    mean = (windows / 255.0).mean((1, 2))
    logits = np.zeros((2, K), np.float32)
    logits[:, :2] = 8 * mean[:, :2]
    offset = np.zeros(K)
    offset[1] = 0.5
    for name, array in (
        ("in.npy", windows),
        ("logits.npy", logits),
        ("p.npy", softmax((logits + offset) / TEMPERATURE)),
    ):
        np.save(folder / name, array)
    card: dict[str, Any] = {
        "schema": 1, "id": "red-tiny", "version": "1", "task": "red_cells", "licence": "none",
        "classes": list(RED_CELL_CODES), "models": {"fp32": "network.onnx"}, "default_model": "fp32",
        "outputs": ["logits"],
        "input": {
            "name": "image", "axes": "nhwc", "size_px": SIDE, "um_per_px": UM, "dtype": "uint8",
            "colours": "rgb", "steps": [],
        },
        "calibration": {
            "temperature": TEMPERATURE, "offsets": {RED_CELL_CODES[1]: 0.5}, "doubtful_from": 0.4,
        },
        "golden": {
            "input": "in.npy", "outputs": {"fp32": {"logits": "logits.npy"}},
            "probabilities": {"fp32": "p.npy"},
            "tolerance": {"fp32": 0.002},
        },
    }  # fmt: skip
    card.update(changes)
    card["files"] = {
        p.name: {"sha256": hashlib.sha256(p.read_bytes()).hexdigest(), "bytes": p.stat().st_size}
        for p in sorted(folder.iterdir())
    }
    (folder / "card.json").write_text(json.dumps(card))
    return folder


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> RedCellClassifier:
    return RedCellClassifier(load_bundle(write_bundle(tmp_path_factory.mktemp("bundles") / "b")))


def field() -> np.ndarray:
    """Half red, half green, 200 px at 0.2 um/px."""
    image = np.zeros((200, 200, 3), np.uint8)
    image[:, :100, 0] = 200
    image[:, 100:, 1] = 200
    return image


def test_each_cell_is_named_by_its_own_window(classifier: RedCellClassifier) -> None:
    found = classifier.classify(field(), UM, np.array([[40, 100], [160, 100]]), light=even_light())
    assert len(found) == 2
    assert found.probabilities.argmax(1).tolist() == [0, 1]
    assert found.probabilities.sum(1) == pytest.approx(1.0)
    assert np.array_equal(found.doubt, doubt_of(found.probabilities))
    assert found.inclusion.shape == (2,)


def test_temperature_and_offsets_are_applied(classifier: RedCellClassifier) -> None:
    z = np.zeros((1, K))
    z[0, 0] = 8 * 200 / 255
    z[0, 1] = 0.5
    found = classifier.classify(field(), UM, np.array([[40, 100]]), light=even_light())
    assert found.probabilities[0] == pytest.approx(softmax(z / TEMPERATURE)[0], abs=1e-3)


def test_windows_are_cut_at_the_bundles_scale(classifier: RedCellClassifier) -> None:
    """At twice the scale a window holds half as many px: at 85 px from the left none of the green."""
    near = np.array([[85.0, 100.0]])
    wide = classifier.classify(field(), UM, near, light=even_light()).probabilities[0, 1]
    narrow = classifier.classify(field(), 2 * UM, near, light=even_light()).probabilities[0, 1]
    assert narrow < wide


def test_no_cells_and_many_cells(classifier: RedCellClassifier) -> None:
    assert classifier.classify(field(), UM, np.zeros((0, 2))).probabilities.shape == (0, K)
    many = np.tile([[40.0, 100.0]], (37, 1))
    found = classifier.classify(field(), UM, many, light=even_light()).probabilities
    assert np.array_equal(found, np.tile(found[:1], (37, 1)))


def test_a_scale_that_is_none_is_refused(classifier: RedCellClassifier) -> None:
    with pytest.raises(ValueError, match="scale"):
        classifier.classify(field(), float("nan"), np.array([[40, 100]]))


WRONG: dict[str, dict[str, Any]] = {
    "classes": {"classes": list(RED_CELL_CODES[::-1])},
    "no calibration": {"calibration": {}},
    "another temperature than the golden test's": {
        "calibration": {"temperature": 1.0, "offsets": {}, "doubtful_from": 0.4}
    },
    "an offset of no class": {
        "calibration": {"temperature": 2.0, "offsets": {"SICKLE": 1.0}, "doubtful_from": 0.4}
    },
    "a threshold of none": {"calibration": {"temperature": 2.0, "doubtful_from": 0.0}},
    "no golden test": {"golden": {}},
    "golden probabilities of another precision": {
        "golden": {
            "input": "in.npy",
            "outputs": {"fp32": {"logits": "logits.npy"}},
            "probabilities": {},
            "tolerance": {"fp32": 0.002},
        }
    },
    "outputs": {"outputs": ["heat"]},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_card_that_does_not_fit_is_refused(tmp_path: Path, wrong: str) -> None:
    folder = write_bundle(tmp_path / "b", **WRONG[wrong])
    with pytest.raises(BundleRefused):
        RedCellClassifier(load_bundle(folder))


def test_a_damaged_bundle_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b")
    data = bytearray((folder / "network.onnx").read_bytes())
    data[-3] ^= 1
    (folder / "network.onnx").write_bytes(data)
    with pytest.raises(BundleRefused, match="changed or damaged"):
        load_bundle(folder)


def test_the_engine_opens_a_bundle_for_red_cells_and_analyses_do_not(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b")
    assert load_red_cell_classifier([folder]).bundle.id == "red-tiny"
    chosen = select_bundles([folder])
    assert set(chosen) == {"classify", "segment", "detect"}


SHIPPED = Path(__file__).resolve().parents[2] / "models" / "red-cells-1"


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_the_shipped_bundle_passes_its_golden_tests(precision: str) -> None:
    allowed, _ = int8_allowed()
    if precision == "int8" and not allowed:
        pytest.skip("this processor does not compute INT8 exactly")
    assert RedCellClassifier(load_bundle(SHIPPED), precision=precision).golden_off < 0.15


def test_the_shipped_bundle_is_small_and_says_whose_cells_it_knows() -> None:
    bundle = load_bundle(SHIPPED)
    assert sum(size for _, size in bundle.files.values()) < 5_000_000
    assert "Chula" in str(bundle.card["licence"])
    assert "One laboratory" in " ".join(bundle.card["weaknesses"])


def test_the_shipped_bundle_tells_drawn_shapes_apart() -> None:
    """A disc with pallor, a dense disc, and an ellipse of twice its width, each at 0.15 um per px."""
    image = np.full((200, 420, 3), 235, np.uint8)
    colour, pale = (206, 160, 168), (228, 212, 214)
    cv2.circle(image, (80, 100), 24, colour, -1, cv2.LINE_AA)
    cv2.circle(image, (80, 100), 9, pale, -1, cv2.LINE_AA)
    cv2.circle(image, (200, 100), 18, (170, 100, 120), -1, cv2.LINE_AA)
    cv2.ellipse(image, (320, 100), (32, 14), 20, 0, 360, colour, -1, cv2.LINE_AA)
    image = cv2.GaussianBlur(image, (0, 0), 1.0)
    centres = np.array([[80, 100], [200, 100], [320, 100]])
    p = RedCellClassifier(load_bundle(SHIPPED)).classify(image, 0.15, centres).probabilities
    named = [RED_CELL_CODES[k] for k in p.argmax(1)]
    assert named[0] == "NORM"
    assert named[1] in {"SPHERO", "MICRO"}
    assert named[2] in {"OVALO", "ELLIPTO"}
