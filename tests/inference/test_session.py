from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.domain.errors import BundleRefused, Cancelled
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.session import OnnxSession
from tests.support import tiny_onnx


def test_runs_and_names_its_provider(tmp_path: Path) -> None:
    session = OnnxSession(load_bundle(tiny_onnx.write_bundle(tmp_path / "b")))
    image = np.full((3, 8, 8, 3), 255, np.uint8)
    found = session.run(image)
    w, b = tiny_onnx.weights()
    np.testing.assert_allclose(found["logits"], np.tile(w.sum(1) + b, (3, 1)), rtol=1e-5)
    assert set(session.run(image, ["embedding"])) == {"embedding"}
    assert session.provider.endswith("ExecutionProvider")


def test_a_failed_golden_test_refuses_the_bundle(tmp_path: Path) -> None:
    folder = tiny_onnx.write_bundle(tmp_path / "b")
    np.save(folder / "golden-out.npy", np.load(folder / "golden-out.npy") + 0.01)
    tiny_onnx.reseal(folder)
    with pytest.raises(BundleRefused, match="golden test failed"):
        OnnxSession(load_bundle(folder))


def test_a_bundle_without_a_golden_test_is_refused(tmp_path: Path) -> None:
    whole = json.loads((tiny_onnx.write_bundle(tmp_path / "whole") / "card.json").read_text())["golden"]
    for n, golden in enumerate(
        [
            None,
            {},
            whole | {"outputs": {"fp32": {}}},
            whole | {"outputs": {"int8": whole["outputs"]["fp32"]}},
            whole | {"tolerance": {"fp32": 1e9}},
            whole | {"tolerance": {"fp32": float("nan")}},
            whole | {"outputs": {"fp32": {"unheard": "golden-out.npy"}}},
        ]
    ):
        folder = tiny_onnx.write_bundle(tmp_path / str(n), golden=golden)
        with pytest.raises(BundleRefused, match="no golden test"):
            OnnxSession(load_bundle(folder))


def test_nan_fails_the_golden_test(tmp_path: Path) -> None:
    folder = tiny_onnx.write_bundle(tmp_path / "b")
    np.save(folder / "golden-out.npy", np.full_like(np.load(folder / "golden-out.npy"), np.nan))
    tiny_onnx.reseal(folder)
    with pytest.raises(BundleRefused):
        OnnxSession(load_bundle(folder))


def test_other_inputs_than_the_card_says_are_refused(tmp_path: Path) -> None:
    folder = tiny_onnx.write_bundle(tmp_path / "b", outputs=["logits", "embedding", "feature_map", "more"])
    with pytest.raises(BundleRefused, match="other inputs or outputs"):
        OnnxSession(load_bundle(folder))


def test_terminate_ends_a_running_call_and_spares_the_next(tmp_path: Path) -> None:
    source = {
        "name": "x",
        "axes": "nchw",
        "dtype": "float32",
        "colours": "rgb",
        "size_px": 0,
        "um_per_px": 1,
        "steps": [],
    }
    folder = tiny_onnx.write_bundle(
        tmp_path / "b", tiny_onnx.slow_model(400, 256), input=source, outputs=["y"], golden=None
    )
    session = OnnxSession(load_bundle(folder), golden=False)
    started = threading.Event()
    outcome: list[object] = []

    def work() -> None:
        started.set()
        try:
            session.run(np.ones((20_000, 256), np.float32))
            outcome.append("finished")
        except Cancelled:
            outcome.append(time.monotonic())

    thread = threading.Thread(target=work)
    thread.start()
    started.wait()
    deadline = time.monotonic() + 20
    asked = 0.0
    while not session._running and time.monotonic() < deadline:  # noqa: SLF001  # a run is under way
        time.sleep(0.005)
    time.sleep(0.05)
    asked = time.monotonic()
    session.terminate()
    thread.join(20)
    assert isinstance(outcome[0], float)
    assert outcome[0] - asked < 1.0
    assert session.run(np.ones((1, 256), np.float32))["y"].shape == (1, 256)
