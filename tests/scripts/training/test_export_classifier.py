"""The exported network equals the one that was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from bloodcells_gui.inference.onnx_check import inspect_model  # noqa: E402
from bloodcells_gui.inference.session import int8_is_exact  # noqa: E402
from scripts.training.classifier_net import ClassifierNet  # noqa: E402
from scripts.training.export_classifier import (  # noqa: E402
    OUTPUTS,
    TOLERANCE,
    Served,
    export_onnx,
    golden_views,
    quantise,
    run_onnx,
)
from scripts.training.optimize_onnx import lean  # noqa: E402


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_onnx_equals_torch_and_int8_keeps_the_standard(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = ClassifierNet(14).eval()
    net.load_imagenet()
    torch.nn.init.normal_(net.head.weight, std=0.5)
    views = golden_views()
    with torch.no_grad():
        wanted = [t.numpy() for t in Served(net)(torch.from_numpy(views))]
    path = tmp_path / "model.onnx"
    export_onnx(net, path)
    outputs = list(OUTPUTS)
    for a, b in zip(wanted, run_onnx(path, views, outputs), strict=True):
        np.testing.assert_allclose(b, a, atol=TOLERANCE["fp32"])
    contents = inspect_model(path.read_bytes())
    assert "Pad" not in contents.operators
    assert contents.domains <= {"ai.onnx"}
    # Fading leaves grey crops alone, so there the two views only mirror each other.
    grey = np.repeat(views.mean(3, keepdims=True).astype(np.uint8), 3, axis=3)
    as_is = run_onnx(path, grey, outputs)
    mirrored = run_onnx(path, np.ascontiguousarray(grey[:, :, ::-1]), outputs)
    np.testing.assert_allclose(mirrored[0], as_is[0], atol=TOLERANCE["fp32"])
    np.testing.assert_allclose(mirrored[2][..., ::-1], as_is[2], atol=TOLERANCE["fp32"])
    assert as_is[3].shape == (len(views),)
    assert (as_is[3] >= 0).all()
    assert (as_is[3] <= 1).all()
    one = run_onnx(path, views[:1], outputs)
    np.testing.assert_allclose(one[0], wanted[0][:1], atol=TOLERANCE["fp32"])
    quantise(path, tmp_path / "int8.onnx", np.repeat(views, 6, axis=0))
    assert inspect_model((tmp_path / "int8.onnx").read_bytes()).domains <= {"ai.onnx"}
    if not int8_is_exact():
        pytest.skip(
            "INT8 products overflow on this processor: what an INT8 network answers says nothing here"
        )
    rough = run_onnx(tmp_path / "int8.onnx", views, ["embedding"])[0]
    assert np.corrcoef(rough.ravel(), wanted[1].ravel())[0, 1] > 0.98
    assert lean(tmp_path / "int8.onnx", path)["split_views"] == 1
    assert inspect_model((tmp_path / "int8.onnx").read_bytes()).domains <= {"ai.onnx"}
    lighter = run_onnx(tmp_path / "int8.onnx", views, ["embedding"])[0]
    off, was_off = (np.abs(embedding - wanted[1]).mean() for embedding in (lighter, rough))
    assert off < 1.1 * was_off
