"""Bundles from elsewhere are opened in a child process within limits before this process opens them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.app import bundle_trial, engine
from bloodcells_gui.app.bundle_trial import try_bundle
from bloodcells_gui.app.data_folders import models_dir
from bloodcells_gui.app.models import verify_models
from bloodcells_gui.domain.errors import BundleRefused
from tests.support import tiny_onnx
from tests.support.tiny_onnx import FLOAT, UINT8, integer, model, node, tensor, value


def greedy_model(elements: int) -> bytes:
    """A few bytes that ask for `elements` float32 values: image -> logits, embedding, feature_map."""
    nodes = [
        node("ConstantOfShape", ["shape"], ["much"]),
        node("ReduceMean", ["much"], ["little"], [integer("keepdims", 0)]),
        node("Cast", ["image"], ["f"], [integer("to", FLOAT)]),
        node("Add", ["f", "little"], ["logits"]),
        node("Identity", ["logits"], ["embedding"]),
        node("Identity", ["logits"], ["feature_map"]),
    ]
    shape = ["n", tiny_onnx.SIDE, tiny_onnx.SIDE, 3]
    return model(
        nodes,
        [tensor("shape", np.array([elements], np.int64))],
        [value("image", UINT8, shape)],
        [value(name, FLOAT, shape) for name in ("logits", "embedding", "feature_map")],
    )


def test_a_sound_bundle_passes_and_says_how_far_off_it_is(tmp_path: Path) -> None:
    lines = [check.line for check in try_bundle(tiny_onnx.write_bundle(tmp_path / "b"))]
    assert lines[0].startswith("ok    tiny fp32: golden test off by")
    assert "probabilities and doubt off by" in lines[0]
    assert lines[1].startswith("auto  tiny runs as fp32")


def test_a_network_that_asks_for_40_gb_is_refused_in_words(tmp_path: Path) -> None:
    folder = tiny_onnx.write_bundle(tmp_path / "b", greedy_model(10 * 1024**3), calibrated=False)
    with pytest.raises(BundleRefused) as caught:
        try_bundle(folder)
    assert str(caught.value).startswith("The model bundle")
    ok, checks = verify_models(folder)
    assert not ok
    assert checks[0].outcome == "FAIL"
    assert checks[0].line.startswith("FAIL  b:")


def test_a_network_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_trial, "SECONDS", 0.01)
    with pytest.raises(BundleRefused, match="s of time"):
        try_bundle(tiny_onnx.write_bundle(tmp_path / "b"))


def test_the_childs_reason_comes_through(tmp_path: Path) -> None:
    folder = tiny_onnx.write_bundle(tmp_path / "b", golden=None)
    with pytest.raises(BundleRefused, match="no golden test") as caught:
        try_bundle(folder)
    assert caught.value.exit_code == 4
    assert "test de référence" in caught.value.text("fr")


def test_only_bundles_from_elsewhere_are_tried_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Path] = []
    monkeypatch.setattr(engine, "try_bundle", tried.append)
    stranger = tiny_onnx.write_bundle(tmp_path / "b")
    engine.select_bundles([stranger])
    assert tried == [stranger]
    assert models_dir().is_dir()
