"""Rewrite exported networks so that they cost less for the same outputs.

    python -m scripts.training.optimize_onnx models/segmenter-1        both networks of a bundle, its golden arrays and its card

The exporter and the quantiser write down what they were told, operator by operator. Every pass here replaces a
pattern by one that computes the same (apart from the order of rounding) and leaves a graph without it alone, so
passes can be run again:

- :func:`fuse_relu`: a ReLU between two quantisers is what an unsigned quantiser with zero point 0 does anyway.
- :func:`copy_pixels`: enlarging bytes twice is copying them, not looking each of them up.
- :func:`spread_softmax`: onnxruntime's Softmax over channels moves them to the end and back; its parts do not.
- :func:`fold_entry`: normalising the image and the segmenter's constant fourth channel become weights and one
  constant map.
- :func:`split_views`: the quantised classifier's second view becomes a second set of stem kernels.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from scripts.training.golden import PICTURE_UM, golden_pictures, write_calibrated

Array = npt.NDArray[np.generic]


class Graph:
    """An ONNX graph with the look-ups that rewriting needs; call :meth:`finish` at the end."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.nodes: list[onnx.NodeProto] = list(model.graph.node)
        self.values: dict[str, Array] = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
        self.outputs = {o.name for o in model.graph.output}

    def maker(self, name: str) -> onnx.NodeProto | None:
        """The node that makes a value."""
        return next((n for n in self.nodes if name in n.output), None)

    def users(self, name: str) -> list[onnx.NodeProto]:
        """The nodes that take a value."""
        return [n for n in self.nodes if name in n.input]

    def only_user(self, name: str, kind: str) -> onnx.NodeProto | None:
        """The one node that takes a value, if it is of a kind and the value is no output."""
        users = self.users(name)
        return users[0] if len(users) == 1 and users[0].op_type == kind and name not in self.outputs else None

    def add_value(self, name: str, value: Array) -> str:
        """A constant of the graph; returns its name."""
        self.values[name] = np.array(value)
        return name

    def replace(self, old: list[onnx.NodeProto], new: list[onnx.NodeProto]) -> None:
        """Put nodes in the place of the last of others."""
        at = max(i for i, n in enumerate(self.nodes) if any(n is o for o in old))
        self.nodes[at + 1 : at + 1] = new
        self.nodes = [n for n in self.nodes if not any(n is o for o in old)]

    def finish(self) -> onnx.ModelProto:
        """The model with what nobody needs any more taken out, checked."""
        while True:
            wanted = self.outputs | {name for n in self.nodes for name in n.input}
            kept = [n for n in self.nodes if wanted & set(n.output)]
            if len(kept) == len(self.nodes):
                break
            self.nodes = kept
        graph = self.model.graph
        del graph.node[:]
        graph.node.extend(self.nodes)
        del graph.initializer[:]
        graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in self.values.items() if k in wanted)
        del graph.value_info[:]
        onnx.checker.check_model(self.model)
        return self.model


def fuse_relu(graph: Graph) -> int:
    """Quantise once, after the ReLU, instead of before and after it; returns how often.

    ``x -> Q -> DQ -> Relu -> Q'`` becomes ``x -> Q'`` where the zero point of Q' is 0: it cuts off what is negative. With
    a nearest-neighbour Resize between Relu and Q' the quantiser moves before it, and onnxruntime enlarges bytes. Without
    a Q' the first quantiser is narrowed to what is positive.
    """
    found = 0
    for relu in [n for n in graph.nodes if n.op_type == "Relu"]:
        before = graph.maker(relu.input[0])
        first = (
            graph.maker(before.input[0])
            if before is not None and before.op_type == "DequantizeLinear"
            else None
        )
        if first is None or first.op_type != "QuantizeLinear" or len(graph.users(first.output[0])) != 1:
            continue
        if before is None or len(graph.users(before.output[0])) != 1:
            continue
        resize = graph.only_user(relu.output[0], "Resize")
        last = graph.only_user((resize or relu).output[0], "QuantizeLinear")
        if last is not None and graph.values[last.input[2]] != 0:
            continue
        if last is None:  # what follows works in float: only the part of the range above 0 is of use to it
            name = relu.output[0]
            zero_point = graph.values[first.input[2]]
            share = np.float32((255.0 - float(zero_point)) / 255.0)
            scale = graph.add_value(
                f"{name}_scale", np.asarray(graph.values[first.input[1]] * share, np.float32)
            )
            zero = graph.add_value(f"{name}_zero_point", np.zeros_like(zero_point))
        else:
            scale, zero = last.input[1], last.input[2]
        if last is not None and resize is None:
            quantise = helper.make_node("QuantizeLinear", [first.input[0], scale, zero], [last.output[0]])
            graph.replace([first, before, relu, last], [quantise])
        else:
            name = relu.output[0]
            graph.replace(
                [first, before, relu],
                [
                    helper.make_node("QuantizeLinear", [first.input[0], scale, zero], [f"{name}_bytes"]),
                    helper.make_node("DequantizeLinear", [f"{name}_bytes", scale, zero], [name]),
                ],
            )
        found += 1
    return found


def copy_pixels(graph: Graph) -> int:
    """Enlarge bytes twice by writing every pixel and every line twice; returns how often.

    onnxruntime's nearest-neighbour Resize looks every value up; two concatenations copy runs of them. With pixels'
    channels last, where its quantised convolutions work, nothing has to be turned round for it.
    """
    found = 0
    shapes = {
        v.name: v.type.tensor_type.shape
        for v in onnx.shape_inference.infer_shapes(graph.model).graph.value_info
    }
    for resize in [n for n in graph.nodes if n.op_type == "Resize"]:
        how = {a.name: helper.get_attribute_value(a) for a in resize.attribute}
        before, after = graph.maker(resize.input[0]), graph.only_user(resize.output[0], "QuantizeLinear")
        shape = shapes.get(resize.input[0])
        scales = graph.values.get(resize.input[2]) if len(resize.input) > 2 else None
        if (
            before is None
            or before.op_type != "DequantizeLinear"
            or after is None
            or shape is None
            or scales is None
        ):
            continue
        same = all(
            np.array_equal(graph.values[a], graph.values[b])
            for a, b in zip(before.input[1:], after.input[1:], strict=True)
        )
        nearest = how.get("mode", b"nearest") == b"nearest" and how.get("nearest_mode") == b"floor"
        nearest = nearest and how.get("coordinate_transformation_mode") == b"asymmetric"
        _, channels, height, width = (d.dim_value for d in shape.dim)
        if not (same and nearest and list(scales) == [1, 1, 2, 2] and channels and height and width):
            continue
        name = after.output[0]
        lines = graph.add_value(f"{name}_lines", np.array([0, height, 1, 2 * width * channels], np.int64))
        pixels = graph.add_value(f"{name}_pixels", np.array([0, 2 * height, 2 * width, channels], np.int64))
        graph.replace(
            [resize, after],
            [
                helper.make_node("Transpose", [before.input[0]], [f"{name}_last"], perm=[0, 2, 3, 1]),
                helper.make_node("Concat", [f"{name}_last"] * 2, [f"{name}_wide"], axis=3),
                helper.make_node("Reshape", [f"{name}_wide", lines], [f"{name}_line"]),
                helper.make_node("Concat", [f"{name}_line"] * 2, [f"{name}_twice"], axis=2),
                helper.make_node("Reshape", [f"{name}_twice", pixels], [f"{name}_large"]),
                helper.make_node("Transpose", [f"{name}_large"], [name], perm=[0, 3, 1, 2]),
            ],
        )
        found += 1
    return found


def spread_softmax(graph: Graph) -> int:
    """Softmax over channels as Exp(x - max) over its sum; returns how often."""
    found = 0
    for softmax in [n for n in graph.nodes if n.op_type == "Softmax"]:
        axis = next((a.i for a in softmax.attribute if a.name == "axis"), -1)
        before = graph.maker(softmax.input[0])
        if axis != 1 or before is None or before.op_type not in {"Conv", "DepthToSpace"}:
            continue
        x, y = softmax.input[0], softmax.output[0]
        axes = graph.add_value(f"{y}_axes", np.array([1], np.int64))
        graph.replace(
            [softmax],
            [
                helper.make_node("ReduceMax", [x, axes], [f"{y}_max"], keepdims=1),
                helper.make_node("Sub", [x, f"{y}_max"], [f"{y}_below"]),
                helper.make_node("Exp", [f"{y}_below"], [f"{y}_exp"]),
                helper.make_node("ReduceSum", [f"{y}_exp", axes], [f"{y}_sum"], keepdims=1),
                helper.make_node("Div", [f"{y}_exp", f"{y}_sum"], [y]),
            ],
        )
        found += 1
    return found


def fold_entry(graph: Graph) -> int:
    """Conv(Concat((x - mean) / spread, constant channels)) as Conv(x) + map; returns how often.

    The map (1, C, h, w) holds what the constants give, borders included: zero padding stands for the mean.
    """
    found = 0
    for conv in [n for n in graph.nodes if n.op_type == "Conv"]:
        concat = graph.maker(conv.input[0])
        if concat is None or concat.op_type != "Concat" or len(concat.input) != 2:
            continue
        div, expand = (graph.maker(name) for name in concat.input)
        sub = graph.maker(div.input[0]) if div is not None and div.op_type == "Div" else None
        if sub is None or div is None or expand is None or (sub.op_type, expand.op_type) != ("Sub", "Expand"):
            continue
        import torch
        import torch.nn.functional as F

        attributes = {a.name: helper.get_attribute_value(a) for a in conv.attribute}
        top, left, bottom, right = attributes["pads"]
        if (top, left) != (bottom, right):
            continue
        weight = graph.values[conv.input[1]].astype(np.float64)
        bias = graph.values[conv.input[2]].astype(np.float64)
        mean, spread = float(graph.values[sub.input[1]]), float(graph.values[div.input[1]])
        middle = graph.values[expand.input[0]].astype(np.float64)
        colours = weight.shape[1] - middle.shape[1]
        constant = np.concatenate([np.full((1, colours, *middle.shape[2:]), -mean / spread), middle], 1)
        field = F.conv2d(
            torch.from_numpy(constant), torch.from_numpy(weight), torch.from_numpy(bias),
            stride=attributes["strides"], padding=(top, left),
        ).numpy()  # fmt: skip
        name = conv.output[0]
        folded = graph.add_value(f"{name}_weight", (weight[:, :colours] / spread).astype(np.float32))
        at = graph.add_value(f"{name}_field", field.astype(np.float32))
        convolve = helper.make_node("Conv", [sub.input[0], folded], [f"{name}_image"])
        convolve.attribute.extend(conv.attribute)
        add = helper.make_node("Add", [f"{name}_image", at], [name])
        graph.replace([conv], [convolve, add])
        found += 1
    return found


def quantised_stem(kernel: Array, bias: Array, scale: float) -> dict[str, Array]:
    """Weights and bias of a convolution that reads bytes of `scale`, in INT8 and INT32 with their steps.

    Parameters
    ----------
    kernel : (out, in, h, w) float64
    bias : (out,) float64
    """
    # A dead channel's steps must not make its bias overflow.
    steps = np.maximum(np.abs(kernel).reshape(len(kernel), -1).max(1) / 127, np.abs(bias) / scale / 2**30)
    steps[steps == 0] = 1
    products = steps * scale
    return {
        "weight": np.round(kernel / steps[:, None, None, None]).astype(np.int8),
        "weight_scale": steps.astype(np.float32),
        "weight_zero_point": np.zeros(len(steps), np.int8),
        "bias": np.round(bias / products).astype(np.int32),
        "bias_scale": products.astype(np.float32),
        "bias_zero_point": np.zeros(len(steps), np.int32),
    }


def stem_nodes(
    graph: Graph,
    name: str,
    constants: dict[str, np.ndarray],
    bytes_of: Sequence[str],
    around: Sequence[int],
    quantised_by: Sequence[str],
) -> list[Any]:
    """A quantised stem that reads the bytes of "channels" and writes `name`_bytes.

    Parameters
    ----------
    bytes_of : scale and zero point of the image's bytes
    around : padding, as ONNX orders it
    quantised_by : scale and zero point of the output
    """
    names = {key: graph.add_value(f"{name}_{key}", value) for key, value in constants.items()}
    parts = [[names[f"{part}{end}"] for end in ("", "_scale", "_zero_point")] for part in ("weight", "bias")]
    return [
        helper.make_node("DequantizeLinear", ["channels", *bytes_of], [f"{name}_in"]),
        helper.make_node("DequantizeLinear", parts[0], [f"{name}_kernel"], axis=0),
        helper.make_node("DequantizeLinear", parts[1], [f"{name}_shift"], axis=0),
        helper.make_node(
            "Conv", [f"{name}_in", f"{name}_kernel", f"{name}_shift"], [f"{name}_out"],
            kernel_shape=[3, 3], pads=around, strides=[2, 2],
        ),
        helper.make_node("QuantizeLinear", [f"{name}_out", *quantised_by], [f"{name}_bytes"]),
    ]  # fmt: skip


def split_views(graph: Graph, twin: Graph) -> int:
    """Let the quantised classifier read the image's bytes; returns how often (0 or 1).

    The classifier sees an image and its mirrored, paler twin. Written down, the twin is made in float, both are
    normalised and quantised again, and then go through the stem. Mirroring and fading are linear, and so is the stem: it is
    laid out twice, once with its kernels mirrored and faded, both reading the bytes as they are (scale and zero
    point are the normalisation, so nothing is rounded), and the second one's output is mirrored back.

    Parameters
    ----------
    twin : Graph
        The fp32 network, for the stem's weights.
    """
    fade = next(
        (n for n in graph.nodes if n.op_type == "Conv" and len(n.input) == 2 and n.input[1] in graph.values),
        None,
    )
    if fade is None or graph.values[fade.input[1]].shape != (3, 3, 1, 1):
        return 0
    chain = [fade]
    for kind in ("Concat", "Sub", "Mul", "QuantizeLinear", "DequantizeLinear", "Conv", "QuantizeLinear"):
        user = graph.only_user(chain[-1].output[0], kind)
        if user is None:
            return 0
        chain.append(user)
    _, _, sub, mul, _, _, stem, last = chain
    mirror = graph.maker(fade.input[0])
    plain = next(
        n for n in twin.nodes if n.op_type == "Conv" and len(n.input) > 2 and n.input[2] == stem.input[2]
    )
    weight, bias = (twin.values[name].astype(np.float64) for name in plain.input[1:])
    faded = np.einsum("ochw,cd->odhw", weight, graph.values[fade.input[1]][:, :, 0, 0].astype(np.float64))
    mean, scale = float(graph.values[sub.input[1]]), float(graph.values[mul.input[1]])
    pads = next(helper.get_attribute_value(a) for a in stem.attribute if a.name == "pads")
    if mirror is None or mirror.op_type != "Slice" or mean % 1 or pads != [0, 0, 1, 1]:
        return 0
    one = graph.add_value("byte_scale", np.float32(scale))
    zero = graph.add_value("byte_zero_point", np.uint8(mean))
    nodes = [
        helper.make_node("Transpose", [graph.model.graph.input[0].name], ["channels"], perm=[0, 3, 1, 2])
    ]
    views = {"plain": (weight, [0, 0, 1, 1]), "pale": (faded[:, :, :, ::-1], [0, 1, 1, 0])}
    for name, (kernel, around) in views.items():
        nodes += stem_nodes(
            graph, name, quantised_stem(kernel, bias, scale), (one, zero), around, last.input[1:]
        )
    nodes += [
        helper.make_node("Slice", ["pale_bytes", *mirror.input[1:]], ["pale_mirrored"]),
        helper.make_node("Concat", ["plain_bytes", "pale_mirrored"], [last.output[0]], axis=0),
    ]
    graph.replace([stem, last], nodes)
    return 1


PASSES = (fuse_relu, copy_pixels, spread_softmax, fold_entry)


def lean(path: Path, twin: Path | None = None) -> dict[str, int]:
    """Run every pass over a network file, in place; returns what was found how often.

    `twin` is the fp32 network of a quantised one.
    """
    graph = Graph(onnx.load(path))
    found = {step.__name__: step(graph) for step in PASSES}
    if twin is not None:
        found["split_views"] = split_views(graph, Graph(onnx.load(twin)))
    if any(found.values()):
        path.write_bytes(graph.finish().SerializeToString())
    return found


def lean_bundle(folder: Path, version: str) -> None:
    """Rewrite the networks of a bundle; its golden outputs and its card follow.

    Raises
    ------
    SystemExit
        When an output moves by more than the card's tolerance and not towards the fp32 network's; nothing is written then.
    """
    import onnxruntime as ort

    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    golden = card["golden"]
    batch = np.load(folder / golden["input"], allow_pickle=False)
    written: dict[Path, bytes] = {}
    for precision, name in card["models"].items():
        scratch = folder / f"{name}.lean"
        scratch.write_bytes((folder / name).read_bytes())
        try:
            found = lean(scratch, None if precision == "fp32" else folder / card["models"]["fp32"])
            session = ort.InferenceSession(str(scratch), providers=["CPUExecutionProvider"])
            written[folder / name] = scratch.read_bytes()
        finally:
            scratch.unlink()
        names = golden["outputs"][precision]
        worst, nearer = 0.0, precision != "fp32"
        for (output, file), value in zip(
            names.items(), session.run(list(names), {"image": batch}), strict=True
        ):
            before = np.load(folder / file, allow_pickle=False)
            exact = np.load(folder / golden["outputs"]["fp32"][output], allow_pickle=False)
            worst = max(worst, float(np.abs(value - before).max()))
            nearer &= bool(np.abs(value - exact).mean() <= np.abs(before - exact).mean())
            buffer = io.BytesIO()
            np.save(buffer, value, allow_pickle=False)
            written[folder / file] = buffer.getvalue()
        print(f"{name}: {found}; golden outputs move by {worst:.2g}{', towards fp32' if nearer else ''}")
        if worst > golden["tolerance"][precision] and not nearer:
            raise SystemExit("that is more than the card allows; nothing was written")
    for path, data in written.items():
        path.write_bytes(data)
        card["files"][path.name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    if version:
        card["version"] = version
    (folder / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if card.get("task") == "classify":
        write_calibrated(folder, golden_pictures(), PICTURE_UM)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--version", default="", help="of the rewritten bundle; as before when left out")
    args = parser.parse_args()
    lean_bundle(args.bundle, args.version)


if __name__ == "__main__":
    main()
