"""Rewritten graphs compute what they computed before, with fewer operators."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("torch")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from bloodcells_gui.inference.onnx_check import inspect_model  # noqa: E402
from bloodcells_gui.inference.session import int8_is_exact  # noqa: E402
from scripts.training.optimize_onnx import (  # noqa: E402
    Graph,
    copy_pixels,
    fold_entry,
    fuse_relu,
    lean,
    lean_bundle,
    split_views,
    spread_softmax,
)

rng = np.random.default_rng(7)
node = helper.make_node


def model(nodes: list, values: dict[str, np.ndarray], shape: list, kind: int, out: list) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes, "small",
        [helper.make_tensor_value_info("image", kind, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, out)],
        [numpy_helper.from_array(np.array(v), k) for k, v in values.items()],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def run(proto: onnx.ModelProto, image: np.ndarray) -> np.ndarray:
    import onnxruntime as ort

    session = ort.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["y"], {"image": image})[0]


def operators(proto: onnx.ModelProto) -> Counter:
    return Counter(n.op_type for n in proto.graph.node)


def copy(proto: onnx.ModelProto) -> onnx.ModelProto:
    return onnx.load_from_string(proto.SerializeToString())


def quantised(name: str, source: str, scale: str, zero: str) -> list:
    return [
        node("QuantizeLinear", [source, scale, zero], [f"{name}_q"]),
        node("DequantizeLinear", [f"{name}_q", scale, zero], [name]),
    ]


QUANTISERS = {
    "s0": np.float32(0.04), "z0": np.uint8(128), "s1": np.float32(0.02), "z1": np.uint8(0), "z9": np.uint8(9),
    "twice": np.array([1, 1, 2, 2], np.float32),
}  # fmt: skip


@pytest.mark.parametrize("enlarge", [False, True])
def test_a_relu_between_two_quantisers_is_the_second_one(enlarge: bool) -> None:
    nodes = [*quantised("a", "image", "s0", "z0"), node("Relu", ["a"], ["b"])]
    if enlarge:
        nodes.append(node("Resize", ["b", "", "twice"], ["c"], mode="nearest"))
    nodes += quantised("y", "c" if enlarge else "b", "s1", "z1")
    side = 8 if enlarge else 4
    before = model(nodes, QUANTISERS, [1, 3, 4, 4], TensorProto.FLOAT, [1, 3, side, side])
    graph = Graph(copy(before))
    assert fuse_relu(graph) == 1
    after = graph.finish()
    assert "Relu" not in operators(after)
    image = rng.uniform(-3, 5, (1, 3, 4, 4)).astype(np.float32)
    exact = np.clip(image, 0, 255 * 0.02)
    exact = exact.repeat(2, 2).repeat(2, 3) if enlarge else exact
    assert np.abs(run(after, image) - exact).max() <= 0.0101
    # Two quantisers one after the other are off by more.
    assert np.abs(run(before, image) - exact).max() <= 0.0301
    assert fuse_relu(Graph(after)) == 0


def test_a_quantiser_that_does_not_cut_at_zero_keeps_its_relu() -> None:
    nodes = [*quantised("a", "image", "s0", "z0"), node("Relu", ["a"], ["b"])]
    nodes += quantised("y", "b", "s1", "z9")
    graph = Graph(model(nodes, QUANTISERS, [1, 3, 4, 4], TensorProto.FLOAT, [1, 3, 4, 4]))
    assert fuse_relu(graph) == 0


def test_before_an_operator_in_float_the_range_is_narrowed_to_what_is_positive() -> None:
    nodes = [*quantised("a", "image", "s0", "z0"), node("Relu", ["a"], ["b"]), node("Exp", ["b"], ["y"])]
    before = model(nodes, QUANTISERS, [1, 3, 4, 4], TensorProto.FLOAT, [1, 3, 4, 4])
    graph = Graph(copy(before))
    assert fuse_relu(graph) == 1
    after = graph.finish()
    image = rng.uniform(-3, 5, (1, 3, 4, 4)).astype(np.float32)
    exact = np.clip(image, 0, 127 * 0.04)
    assert np.abs(np.log(run(after, image)) - exact).max() <= 0.0101
    assert np.abs(np.log(run(before, image)) - exact).max() > 0.0101


@pytest.mark.parametrize("n", [1, 3])
def test_bytes_are_enlarged_by_copying_them(n: int) -> None:
    scale = node(
        "Resize", ["a", "", "twice"], ["b"], mode="nearest", nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )  # fmt: skip
    nodes = [*quantised("a", "image", "s0", "z0"), scale, *quantised("y", "b", "s0", "z0")]
    before = model(nodes, QUANTISERS, ["n", 5, 3, 4], TensorProto.FLOAT, ["n", 5, 6, 8])
    graph = Graph(copy(before))
    assert copy_pixels(graph) == 1
    after = graph.finish()
    assert "Resize" not in operators(after)
    image = rng.uniform(-5, 5, (n, 5, 3, 4)).astype(np.float32)
    np.testing.assert_array_equal(run(after, image), run(before, image))


def test_other_enlarging_stays() -> None:
    asymmetric = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    linear = node("Resize", ["a", "", "twice"], ["b"], mode="linear", **asymmetric)
    rounded = node("Resize", ["a", "", "twice"], ["b"], mode="nearest")
    nearest = node("Resize", ["a", "", "twice"], ["b"], mode="nearest", **asymmetric)
    for resize, zero, side in (
        (linear, "z0", 3),
        (rounded, "z0", 3),
        (nearest, "z1", 3),
        (nearest, "z0", "h"),
    ):
        nodes = [*quantised("a", "image", "s0", "z0"), resize, *quantised("y", "b", "s0", zero)]
        shape = ["n", 5, side, 4]
        assert copy_pixels(Graph(model(nodes, QUANTISERS, shape, TensorProto.FLOAT, ["n", 5, "H", 8]))) == 0


def test_softmax_over_channels_in_its_parts() -> None:
    values = {"w": rng.normal(0, 5, (3, 3, 1, 1)).astype(np.float32)}
    nodes = [node("Conv", ["image", "w"], ["a"]), node("Softmax", ["a"], ["y"], axis=1)]
    before = model(nodes, values, [2, 3, 6, 6], TensorProto.FLOAT, [2, 3, 6, 6])
    graph = Graph(copy(before))
    assert spread_softmax(graph) == 1
    after = graph.finish()
    image = rng.normal(0, 20, (2, 3, 6, 6)).astype(np.float32)
    np.testing.assert_allclose(run(after, image), run(before, image), atol=1e-6)
    assert "Softmax" not in operators(after)


def test_normalising_and_the_constant_channel_become_weights_and_a_map_borders_included() -> None:
    values = {
        "mean": np.float32(127.5), "spread": np.float32(64), "n": np.array([2, 1, 1, 1]),
        "middle": rng.normal(0, 1, (1, 1, 8, 8)).astype(np.float32),
        "w": rng.normal(0, 1, (5, 4, 3, 3)).astype(np.float32), "b": rng.normal(0, 1, 5).astype(np.float32),
    }  # fmt: skip
    nodes = [
        node("Cast", ["image"], ["x"], to=TensorProto.FLOAT),
        node("Sub", ["x", "mean"], ["below"]),
        node("Div", ["below", "spread"], ["normal"]),
        node("Expand", ["middle", "n"], ["wide"]),
        node("Concat", ["normal", "wide"], ["four"], axis=1),
        node("Conv", ["four", "w", "b"], ["y"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]),
    ]
    before = model(nodes, values, [2, 3, 8, 8], TensorProto.UINT8, [2, 5, 4, 4])
    graph = Graph(copy(before))
    assert fold_entry(graph) == 1
    after = graph.finish()
    assert not {"Sub", "Div", "Concat", "Expand"} & set(operators(after))
    image = rng.integers(0, 256, (2, 3, 8, 8)).astype(np.uint8)
    np.testing.assert_allclose(run(after, image), run(before, image), atol=2e-5)


def views(quantise: bool) -> onnx.ModelProto:
    """An image and its mirrored, paler twin through one convolution, as the classifier's export writes it."""
    rng = np.random.default_rng(3)
    weight = rng.normal(0, 0.5, (6, 3, 3, 3)).astype(np.float32)
    weight[5] = 0  # a dead channel, with a bias
    step = np.maximum(np.abs(weight).reshape(6, -1).max(1) / 127, 1e-12).astype(np.float32)
    bias = rng.normal(1, 0.3, 6).astype(np.float32)
    share = (0.4 * np.eye(3) + 0.2 * np.ones((3, 3))).astype(np.float32).reshape(3, 3, 1, 1)
    values = {
        "mean": np.float32(127), "spread": np.float32(1 / 128), "fade": share,
        "weight": weight, "shift": bias, "step": step, "none": np.zeros(6, np.int8),
        "bytes": np.round(weight / step[:, None, None, None]).astype(np.int8),
        "-1": np.array([-1]), "end": np.array([-(2**62)]), "3": np.array([3]),
        "in_scale": np.float32(2 / 255), "in_zero": np.uint8(127),
        "out_scale": np.float32(0.02), "out_zero": np.uint8(0),
    }  # fmt: skip
    nodes = [
        node("Transpose", ["image"], ["x0"], perm=[0, 3, 1, 2]),
        node("Cast", ["x0"], ["x"], to=TensorProto.FLOAT),
        node("Slice", ["x", "-1", "end", "3", "-1"], ["mirrored"]),
        node("Conv", ["mirrored", "fade"], ["pale"]),
        node("Concat", ["x", "pale"], ["both"], axis=0),
        node("Sub", ["both", "mean"], ["below"]),
        node("Mul", ["below", "spread"], ["normal"]),
    ]
    how = {"kernel_shape": [3, 3], "pads": [0, 0, 1, 1], "strides": [2, 2]}
    if quantise:
        nodes += [
            *quantised("in", "normal", "in_scale", "in_zero"),
            node("DequantizeLinear", ["bytes", "step", "none"], ["kernel"], axis=0),
            node("Conv", ["in", "kernel", "shift"], ["stem"], **how),
            *quantised("y", "stem", "out_scale", "out_zero"),
        ]
    else:
        nodes += [node("Conv", ["normal", "weight", "shift"], ["stem"], **how), node("Relu", ["stem"], ["y"])]
    return model(nodes, values, ["n", 16, 16, 3], TensorProto.UINT8, ["m", 6, 8, 8])


@pytest.mark.skipif(not int8_is_exact(), reason="INT8 products overflow on this processor")
def test_the_second_view_becomes_a_second_stem_that_reads_bytes() -> None:
    exact, before = views(quantise=False), views(quantise=True)
    graph = Graph(copy(before))
    assert split_views(graph, Graph(exact)) == 1
    after = graph.finish()
    assert not {"Cast", "Sub", "Mul"} & set(operators(after))
    image = np.random.default_rng(4).integers(0, 256, (3, 16, 16, 3)).astype(np.uint8)
    wanted = np.clip(run(exact, image), 0, 255 * 0.02)
    off, was_off = (np.abs(run(proto, image) - wanted) for proto in (after, before))
    assert off.max() < 0.035
    assert off.mean() <= was_off.mean()
    assert split_views(Graph(after), Graph(exact)) == 0


def test_a_rewritten_file_keeps_to_what_bundles_may_hold(tmp_path: Path) -> None:
    fp32, int8 = tmp_path / "a.onnx", tmp_path / "b.onnx"
    onnx.save(views(quantise=False), fp32)
    onnx.save(views(quantise=True), int8)
    assert lean(int8, fp32)["split_views"] == 1
    assert inspect_model(int8.read_bytes()).domains <= {"ai.onnx"}
    as_it_was = fp32.read_bytes()
    assert not any(lean(fp32).values())
    assert fp32.read_bytes() == as_it_was


def test_a_rewrite_may_move_far_only_towards_the_exact_network(tmp_path: Path) -> None:
    values = {name: np.full((1, 2), v, np.float32) for name, v in (("exact", 0.0), ("before", 1.0))}
    golden = {"fp32": {"y": "fp32.npy"}, "int8": {"y": "int8.npy"}}
    files = {"fp32.npy": values["exact"], "int8.npy": values["before"], "input.npy": values["exact"]}
    for name, value in files.items():
        np.save(tmp_path / name, value)
    card = {
        "models": {"fp32": "a.onnx", "int8": "b.onnx"}, "files": {},
        "golden": {"input": "input.npy", "outputs": golden, "tolerance": {"fp32": 1e-3, "int8": 0.2}},
    }  # fmt: skip
    (tmp_path / "card.json").write_text(json.dumps(card))

    def write(name: str, shift: float) -> None:
        onnx.save(
            model(
                [node("Add", ["image", "shift"], ["y"])], {"shift": np.float32(shift)}, [1, 2],
                TensorProto.FLOAT, [1, 2],
            ),
            tmp_path / name,
        )  # fmt: skip

    write("a.onnx", 0.0)
    write("b.onnx", 1.5)  # farther from fp32 than the 1.0 of before
    with pytest.raises(SystemExit, match="nothing was written"):
        lean_bundle(tmp_path, "")
    np.testing.assert_array_equal(np.load(tmp_path / "int8.npy"), values["before"])
    write("b.onnx", 0.4)
    lean_bundle(tmp_path, "1.1")
    np.testing.assert_allclose(np.load(tmp_path / "int8.npy"), 0.4)
    assert json.loads((tmp_path / "card.json").read_text())["version"] == "1.1"
