from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.onnx_check import MalformedModel, inspect_model
from tests.support import tiny_onnx


def test_finds_operators_and_no_foreign_domain() -> None:
    found = inspect_model(tiny_onnx.classifier_model())
    assert found.operators == {"Cast", "Mul", "Transpose", "ReduceMean", "MatMul", "Add"}
    assert found.domains == set()
    assert not found.external_data


def test_finds_a_foreign_domain_in_a_node_and_in_the_imports() -> None:
    assert inspect_model(tiny_onnx.classifier_model(node_domain="evil.ops")).domains == {"evil.ops"}
    assert inspect_model(tiny_onnx.classifier_model(domains=("", "com.custom"))).domains == {"com.custom"}


def test_finds_external_data() -> None:
    place = tiny_onnx.chunk(13, tiny_onnx.chunk(1, "location") + tiny_onnx.chunk(2, "/etc/passwd"))
    assert inspect_model(tiny_onnx.classifier_model(tensor_extra=place)).external_data
    assert inspect_model(tiny_onnx.classifier_model(tensor_extra=tiny_onnx.number(14, 1))).external_data


def test_finds_a_foreign_domain_inside_a_subgraph() -> None:
    inner = tiny_onnx.chunk(1, tiny_onnx.node("Spy", ["a"], ["b"], domain="hidden"))
    attribute = tiny_onnx.chunk(1, "body") + tiny_onnx.chunk(6, inner)
    data = tiny_onnx.model([tiny_onnx.node("If", ["c"], ["d"], [attribute])], [], [], [])
    assert inspect_model(data).domains == {"hidden"}


def a_loop() -> bytes:
    """An ONNX model whose only node is a Loop."""
    graph = tiny_onnx.chunk(1, tiny_onnx.node("Add", ["a", "b"], ["c"]))
    body = tiny_onnx.chunk(1, "body") + tiny_onnx.chunk(6, graph)
    return tiny_onnx.model([tiny_onnx.node("Loop", ["m"], ["y"], (body,))], [], [], [])


def test_finds_loops_branches_and_functions() -> None:
    assert inspect_model(a_loop()).control_flow
    assert not inspect_model(tiny_onnx.classifier_model()).control_flow
    node = tiny_onnx.chunk(7, tiny_onnx.node("Add", ["a", "b"], ["c"]))
    function = tiny_onnx.chunk(25, tiny_onnx.chunk(1, "endless") + node)
    assert inspect_model(tiny_onnx.classifier_model() + function).control_flow


def test_a_bundle_with_a_loop_is_refused_in_words(tmp_path: Path) -> None:
    folder = tiny_onnx.write_bundle(tmp_path / "b", a_loop())
    with pytest.raises(BundleRefused, match="might never end"):
        load_bundle(folder)


def test_refuses_bottomless_graphs() -> None:
    inner = tiny_onnx.chunk(1, tiny_onnx.node("If", ["c"], ["d"]))
    for _ in range(20):
        attribute = tiny_onnx.chunk(1, "body") + tiny_onnx.chunk(6, inner)
        inner = tiny_onnx.chunk(1, tiny_onnx.node("If", ["c"], ["d"], [attribute]))
    with pytest.raises(MalformedModel):
        inspect_model(tiny_onnx.number(1, 8) + tiny_onnx.chunk(7, inner))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedModel):
        inspect_model(data)


@given(st.data())
def test_a_damaged_model_is_read_or_refused(draw: st.DataObject) -> None:
    data = bytearray(tiny_onnx.classifier_model())
    data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    with contextlib.suppress(MalformedModel):
        inspect_model(bytes(data[: draw.draw(st.integers(0, len(data)))]))
