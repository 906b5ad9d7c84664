"""Words for how a cell looks."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bloodcells_gui.app.data_folders import models_dir
from bloodcells_gui.domain.attributes import ATTRIBUTES, corrected, word_of_tag
from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.imaging.measure import MEASUREMENTS
from bloodcells_gui.inference.attribute_words import (
    MEASURES,
    SIZES,
    AttributeWords,
    expanded,
    load_words,
    network_of,
    pack,
)
from bloodcells_gui.inference.bundle import load_bundle

WIDE, COLOURS = 5 + len(MEASURES), 8
BUNDLE = SimpleNamespace(files={"model.onnx": ("ab" * 32, 10)}, models={"fp32": "model.onnx"})


def heads(seed: int = 0) -> AttributeWords:
    rng = np.random.default_rng(seed)
    mean, scale = np.zeros(WIDE, np.float32), np.ones(WIDE, np.float32)
    features = expanded(np.zeros((1, WIDE), np.float32), mean, scale).shape[1]

    def some(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    return AttributeWords(
        "ab" * 32, mean, scale, some(features, sum(SIZES)), some(sum(SIZES)), np.full(11, 1.5, np.float32),
        ("NEUTROPHIL", "EOSINOPHIL"), some(sum(SIZES), 2), some(2), frozenset({"SNE", "EO"}),
        np.zeros(COLOURS, np.float32), np.eye(COLOURS, dtype=np.float32), np.array([9.0], np.float32),
    )  # fmt: skip


GOLDEN = np.random.default_rng(3).normal(size=(4, WIDE)).astype(np.float32)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "words.json"
    path.write_text(heads().to_json(GOLDEN, {"title": "test"}), encoding="utf-8")
    return path


def test_words_come_back_from_their_file_as_they_were(file: Path) -> None:
    found = load_words(file, BUNDLE)  # type: ignore[arg-type]
    assert found is not None
    np.testing.assert_array_equal(found.probabilities(GOLDEN), heads().probabilities(GOLDEN))
    assert found.taught_on == {"SNE", "EO"}


def test_probabilities_of_an_attribute_sum_to_one_and_temperatures_soften() -> None:
    p = heads().probabilities(GOLDEN)
    parts = np.split(p, np.cumsum(SIZES)[:-1], axis=1)
    for part in parts:
        np.testing.assert_allclose(part.sum(axis=1), 1, atol=1e-5)


def test_a_cell_is_described_by_the_likeliest_words_and_the_class_they_speak_for() -> None:
    words = heads()
    found = words.describe(GOLDEN[0, :5], list(GOLDEN[0, 5:]))
    p = words.probabilities(GOLDEN[:1])[0]
    assert [s.attribute for s in found.said] == list(ATTRIBUTES)
    start = 0
    for said, size in zip(found.said, SIZES, strict=True):
        part = p[start : start + size]
        assert said.word is said.attribute.words[int(part.argmax())]
        assert said.probability == pytest.approx(float(part.max()))
        start += size
    shares = words.class_probabilities(p[None])[0]
    assert found.speaks_for == words.classes[int(shares.argmax())]
    assert found.share == pytest.approx(float(shares.max()))


def test_what_was_not_measured_counts_as_the_mean_and_its_look_is_not_the_taught_one() -> None:
    words, nothing = heads(), [float("nan")] * len(MEASURES)
    found = words.describe(GOLDEN[0, :5], nothing)
    at_mean = words.describe(GOLDEN[0, :5], [0.0] * len(MEASURES))
    assert [s.probability for s in found.said] == pytest.approx([s.probability for s in at_mean.said])
    assert found.unlike_taught
    assert not at_mean.unlike_taught
    assert words.describe(GOLDEN[0, :5], [5.0] * len(MEASURES)).unlike_taught


def test_products_of_colours_are_not_used() -> None:
    """They fit the one laboratory better and mislead in every other."""
    mean, scale = np.zeros(WIDE, np.float32), np.ones(WIDE, np.float32)
    plain, dyed = np.zeros((1, WIDE), np.float32), np.zeros((1, WIDE), np.float32)
    dyed[0, 5 + MEASURES.index("cytoplasm_od_red")] = 3
    changed = np.flatnonzero(expanded(dyed, mean, scale)[0] != expanded(plain, mean, scale)[0])
    assert changed.tolist() == [5 + MEASURES.index("cytoplasm_od_red")]


def test_words_of_another_network_are_none(file: Path, tmp_path: Path) -> None:
    other = SimpleNamespace(files={"model.onnx": ("cd" * 32, 10)}, models={"fp32": "model.onnx"})
    assert load_words(file, other) is None  # type: ignore[arg-type]
    assert load_words(tmp_path / "none.json", BUNDLE) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("damage", ["cut", "words", "shape", "number", "golden", "format", "list"])
def test_a_damaged_file_is_refused(file: Path, damage: str) -> None:
    data = json.loads(file.read_text(encoding="utf-8"))
    text = ""
    if damage == "cut":
        text = file.read_text(encoding="utf-8")[:500]
    elif damage == "list":
        text = "[]"
    elif damage == "words":
        data["words"][0] = ["huge", "tiny"]
    elif damage == "shape":
        data["arrays"]["weights"]["shape"] = [10**9, 10**9]
    elif damage == "number":
        data["arrays"]["scale"] = pack(np.full(WIDE, np.nan, np.float32))
    elif damage == "golden":
        data["arrays"]["golden"] = pack(GOLDEN + 1)
    else:
        data["format"] = 99
    file.write_text(text or json.dumps(data), encoding="utf-8")
    with pytest.raises(BundleRefused):
        load_words(file, BUNDLE)  # type: ignore[arg-type]


def test_a_word_of_a_person_takes_the_place_of_the_programs() -> None:
    found = heads().describe(GOLDEN[0, :5], list(GOLDEN[0, 5:]))
    nucleus = next(s for s in found.said if s.attribute.key == "nucleus_shape")
    other = next(w for w in nucleus.attribute.words if w is not nucleus.word)
    now = corrected(found, ("Toxic granulation", other.text))
    changed = next(s for s in now.said if s.attribute.key == "nucleus_shape")
    assert changed.word is other
    assert changed.by_person
    assert changed.sure
    assert [s for s in now.said if s is not changed] == [s for s in found.said if s is not nucleus]
    assert word_of_tag("Toxic granulation") is None


def test_every_word_is_a_tag_of_its_own() -> None:
    texts = [w.text for a in ATTRIBUTES for w in a.words]
    assert len(set(texts)) == len(texts)
    assert set(MEASURES) == set(MEASUREMENTS)


def test_the_words_that_are_shipped_belong_to_the_classifier_that_is_shipped() -> None:
    """After another classifier: python -m scripts.training.fit_attribute_words."""
    bundle = load_bundle(models_dir() / "classifier-lite0")
    found = load_words(models_dir() / "words-1" / "words.json", bundle)
    assert found is not None
    assert found.network == network_of(bundle)
