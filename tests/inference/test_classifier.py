from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.adaptation.label_propagation import PropagationSettings
from bloodcells_gui.adaptation.morphometry import FEATURES, coarse_names
from bloodcells_gui.adaptation.prior_shift import ClassPrior
from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.calibration import Profile, fit_profile
from bloodcells_gui.inference.classifier import Classifier, ClassifierOutput
from bloodcells_gui.inference.detector import Detector
from bloodcells_gui.inference.segmenter import Segmenter
from bloodcells_gui.inference.session import int8_allowed
from scripts.training.golden import write_calibrated
from tests.support import tiny_onnx

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "classifier-lite0"


@pytest.fixture
def tiny(tmp_path: Path) -> Classifier:
    return Classifier(load_bundle(tiny_onnx.write_bundle(tmp_path / "b")))


def fitted(classifier: Classifier, found: ClassifierOutput) -> tuple[list[str], Profile]:
    """Labels that follow the embedding, and the profile fitted to them."""
    labels = ["LY" if r > 0.5 else "SNE" for r in found.embedding[:, 0]]
    profile = fit_profile(
        found.embedding, labels, classes=classifier.classes,
        head=(classifier.head_weights, classifier.head_bias),
        bundle_sha256=classifier.bundle.sha256, name="lab", created="",
    )  # fmt: skip
    return labels, profile


def crops(n: int = 5) -> np.ndarray:
    colours = np.random.default_rng(1).integers(0, 256, (n, 1, 1, 3))
    return np.broadcast_to(colours, (n, 8, 8, 3)).astype(np.uint8)


def test_output_is_whole(tiny: Classifier) -> None:
    found = tiny.predict(crops())
    assert found.probabilities.shape == (5, 4)
    np.testing.assert_allclose(found.probabilities.sum(1), 1, rtol=1e-5)
    assert found.feature_map is None
    assert found.uncertainty.min() >= 0
    assert found.uncertainty.max() <= 1
    assert found.abstained.dtype == found.unlike.dtype == np.bool_


def test_wrong_crops_are_an_error(tiny: Classifier) -> None:
    with pytest.raises(ValueError, match="uint8"):
        tiny.predict(np.zeros((2, 9, 9, 3), np.uint8))
    with pytest.raises(ValueError, match="uint8"):
        tiny.predict(np.zeros((2, 8, 8, 3), np.float32))


def test_kept_embeddings_give_the_same_judgement(tiny: Classifier) -> None:
    found = tiny.predict(crops())
    again = tiny.classify_embeddings(found.embedding)
    np.testing.assert_allclose(again.probabilities, found.probabilities, atol=1e-5)


def test_maps_come_only_when_asked_for_and_unknown_codes_give_none(tiny: Classifier) -> None:
    heat = tiny.explain(crops(2), ["SNE", "BNE"])
    assert heat.shape == (2, 8, 8)
    assert not tiny.explain(crops(2), ["PC"]).any()
    with pytest.raises(ValueError, match="maps"):
        tiny.activation_maps(tiny.predict(crops(2)), ["SNE"])


def test_a_profile_changes_answers_and_belongs_to_its_bundle(tiny: Classifier) -> None:
    images = crops(40)
    found = tiny.predict(images)
    labels, profile = fitted(tiny, found)
    tiny.use_profile(profile)
    changed = tiny.predict(images, maps=True)
    said = [tiny.classes[i] for i in changed.probabilities.argmax(1)]
    assert np.mean([a == b for a, b in zip(said, labels, strict=True)]) > 0.8
    own = tiny.activation_maps(changed, ["LY"], enlarged=False)
    tiny.use_profile(None)
    np.testing.assert_array_equal(tiny.predict(images).logits, found.logits)
    assert own.shape == (40, 8, 8)
    with pytest.raises(BundleRefused, match="another model"):
        tiny.use_profile(replace(profile, bundle_sha256="0" * 64))
    with pytest.raises(BundleRefused, match="damaged"):
        tiny.use_profile(replace(profile, weights=np.zeros((2, 2), np.float32)))


@pytest.mark.parametrize("key", ["logit_adjustment", "prior_shift"])
def test_the_logit_adjustment_of_the_card_moves_every_answer_alike(key: str, tmp_path: Path) -> None:
    """Cards before 3.0 call it the prior shift."""
    plain = Classifier(load_bundle(tiny_onnx.write_bundle(tmp_path / "a")))
    folder = tiny_onnx.write_bundle(tmp_path / "b")
    card = json.loads((folder / "card.json").read_text())
    card["calibration"][key] = {"LY": 1.5, "ART": -1}
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(BundleRefused, match="golden test failed"):  # the answers are not those of the card
        Classifier(load_bundle(folder))
    write_calibrated(folder, np.load(folder / "golden-pixels.npy"), 0.2)
    shifted = Classifier(load_bundle(folder))
    a, b = plain.predict(crops()), shifted.predict(crops())
    np.testing.assert_allclose(b.logits - a.logits, np.tile([0, 0, 1.5, -1], (5, 1)), atol=1e-5)
    np.testing.assert_allclose(
        shifted.classify_embeddings(b.embedding).probabilities, b.probabilities, atol=1e-5
    )
    card = json.loads((folder / "card.json").read_text())
    card["calibration"][key] = {"UNICORN": 1}
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(BundleRefused, match="logit adjustment"):
        Classifier(load_bundle(folder))


@pytest.mark.parametrize("what", ["head-b.npy", "temperature", "reference", "slope"])
def test_head_temperature_and_doubt_are_part_of_the_golden_test(tmp_path: Path, what: str) -> None:
    folder = tiny_onnx.write_bundle(tmp_path / "b")
    Classifier(load_bundle(folder))
    if what.endswith(".npy"):
        np.save(folder / what, np.load(folder / what) + np.array([0, 1, 0, 0], np.float32))
    else:
        card = json.loads((folder / "card.json").read_text())
        card["calibration"][what] = 0.25
        (folder / "card.json").write_text(json.dumps(card))
    tiny_onnx.reseal(folder)
    with pytest.raises(BundleRefused, match="probabilities, doubt is off"):
        Classifier(load_bundle(folder))


def test_a_bundle_without_the_golden_test_of_its_probabilities_is_refused(tmp_path: Path) -> None:
    folder = tiny_onnx.write_bundle(tmp_path / "b")
    card = json.loads((folder / "card.json").read_text())
    del card["golden"]["calibrated"]
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(BundleRefused, match="no golden test of its calibrated probabilities"):
        Classifier(load_bundle(folder))


def test_a_card_may_ask_for_the_mix_of_the_specimen(tiny: Classifier, tmp_path: Path) -> None:
    assert tiny.adaptation_methods.prior is None
    folder = tiny_onnx.write_bundle(tmp_path / "mix")
    card = json.loads((folder / "card.json").read_text())
    card["calibration"]["specimen_mix"] = {"strength": 0.1, "least": 15}
    (folder / "card.json").write_text(json.dumps(card))
    mixing = Classifier(load_bundle(folder))
    assert mixing.adaptation_methods.prior == ClassPrior(0.1, 15)
    assert (mixing.threshold, mixing.uses_view_disagreement) == (0.5, False)
    np.testing.assert_array_equal(mixing.predict(crops()).probabilities, tiny.predict(crops()).probabilities)
    mixing.use_profile(fitted(mixing, mixing.predict(crops(40)))[1])
    assert mixing.adaptation_methods.prior is None  # the head knows the laboratory's class frequencies
    for wrong in ({"strength": -1, "least": 15}, {"strength": 0.1}, {"strength": 0.1, "least": 0}, [], "a"):
        card["calibration"]["specimen_mix"] = wrong
        (folder / "card.json").write_text(json.dumps(card))
        with pytest.raises(BundleRefused, match="cannot be used"):
            Classifier(load_bundle(folder))


def test_a_card_may_ask_for_look_alikes(tiny: Classifier, tmp_path: Path) -> None:
    assert tiny.adaptation_methods.propagation is None
    folder = tiny_onnx.write_bundle(tmp_path / "alike")
    card = json.loads((folder / "card.json").read_text())
    card["calibration"]["look_alikes"] = {"near": 0.5, "pull": 1, "echo": 0.3, "own": 0.1}
    (folder / "card.json").write_text(json.dumps(card))
    asking = Classifier(load_bundle(folder))
    found = asking.predict(crops(40))
    model = asking.uncertainty_model
    expected = (found.embedding - model.centre) @ model.whitener
    np.testing.assert_allclose(asking.whiten(found.embedding), expected, atol=1e-4)
    assert asking.dimensions == found.embedding.shape[1]
    assert asking.adaptation_methods.propagation == PropagationSettings(0.5, 1, 0.3, 0.1)
    asking.use_profile(fitted(asking, found)[1])
    assert asking.adaptation_methods.propagation is None
    card["calibration"]["look_alikes"] = {"near": 1.5, "pull": 1, "echo": 0.3, "own": 0.1}
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(BundleRefused, match="look_alikes"):
        Classifier(load_bundle(folder))


def test_a_card_may_say_what_measurements_say(tiny: Classifier, tmp_path: Path) -> None:
    assert not tiny.adaptation_methods
    folder = tiny_onnx.write_bundle(tmp_path / "measured")
    names = coarse_names(tiny.classes)[:2]
    size = len(FEATURES)
    arrays = {
        "means": np.zeros((2, size)), "scale": np.ones((2, size)),
        "covariances": np.stack([np.eye(size)] * 3),
    }  # fmt: skip
    card = json.loads((folder / "card.json").read_text())
    measured = {
        "features": list(FEATURES), "kinds": names, "sites": [2, 1], "tails": 5, "trust": 0.3, "most": 4,
        "arrays": {n: f"measured-{n}.npy" for n in arrays},
    }  # fmt: skip
    for name, values in arrays.items():
        np.save(folder / f"measured-{name}.npy", values.astype(np.float32))
        content = (folder / f"measured-{name}.npy").read_bytes()
        card["files"][f"measured-{name}.npy"] = {
            "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content),
        }  # fmt: skip
    card["calibration"]["measured"] = measured
    (folder / "card.json").write_text(json.dumps(card))
    asking = Classifier(load_bundle(folder))
    assert asking.adaptation_methods.morphometry is not None
    asking.use_profile(fitted(asking, asking.predict(crops(40)))[1])
    assert asking.adaptation_methods.morphometry is not None  # a profile's head does not look at measurements
    for wrong in ({"kinds": ["UNICORN"]}, {"sites": [1]}, {"arrays": {}}, {"features": []}, {"tails": -1}):
        card["calibration"]["measured"] = measured | wrong
        (folder / "card.json").write_text(json.dumps(card))
        with pytest.raises(BundleRefused, match="cannot be used"):
            Classifier(load_bundle(folder))


@pytest.mark.parametrize("change", [{"head": {}}, {"calibration": {"arrays": {}}}, {"calibration": None}])
def test_an_incomplete_card_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    bundle = load_bundle(tiny_onnx.write_bundle(tmp_path / "b", **change))
    with pytest.raises(BundleRefused, match="incomplete"):
        Classifier(bundle)


def test_a_bundle_for_another_task_is_refused(tmp_path: Path) -> None:
    bundle = load_bundle(tiny_onnx.write_bundle(tmp_path / "b", task="segment"))
    with pytest.raises(BundleRefused, match="no classifier"):
        Classifier(bundle)
    for other in (Segmenter, Detector):  # a classifier's network under another task's name
        with pytest.raises(BundleRefused, match="outputs"):
            other(bundle)


@pytest.fixture(scope="module")
def shipped() -> Classifier:
    return Classifier(load_bundle(SHIPPED))


@pytest.mark.skipif(not SHIPPED.is_dir(), reason="the bundle is not built")
class TestShipped:
    def test_golden_in_both_precisions(self) -> None:
        bundle = load_bundle(SHIPPED)
        for precision in bundle.models:
            if precision == "int8" and not int8_allowed()[0]:
                continue  # overflows here; tests/inference/test_session_precision.py covers it
            Classifier(bundle, precision=precision)

    def test_what_is_no_cell_is_refused(self, shipped: Classifier) -> None:
        rng = np.random.default_rng(2)
        size = shipped.size_px
        views = np.stack(
            [
                rng.integers(0, 256, (size, size, 3), dtype=np.uint8),
                np.full((size, size, 3), 240, np.uint8),
                np.zeros((size, size, 3), np.uint8),
                np.broadcast_to((np.arange(size) % 16 < 8)[:, None, None] * 255, (size, size, 3)).astype(
                    np.uint8
                ),
            ]
        )
        found = shipped.predict(views)
        refused = found.abstained | (found.probabilities.argmax(1) == shipped.classes.index("ART"))
        assert refused.all()

    def test_the_map_is_exact(self, shipped: Classifier) -> None:
        rng = np.random.default_rng(2)
        views = rng.integers(0, 256, (2, shipped.size_px, shipped.size_px, 3), dtype=np.uint8)
        found = shipped.predict(views, maps=True)
        assert found.feature_map is not None
        assert min(found.feature_map.shape[2:]) >= 8
        np.testing.assert_allclose(found.feature_map.mean((2, 3)), found.embedding, atol=1e-4)
        logits = found.embedding @ shipped.head_weights.T + shipped.head_bias
        np.testing.assert_allclose(logits, found.logits, atol=1e-3)
