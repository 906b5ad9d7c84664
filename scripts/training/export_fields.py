"""Export detector or segmenter as a bundle (``python -m scripts.training.export_fields detector|segmenter``).

Writes `OUT/network.onnx` and its INT8 twin (opset 18, dynamic batch and, for the detector, dynamic sides), golden arrays, `card.json` and
`README.md`, and checks that the exported network equals torch within the card's tolerance.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import torch
from torch import Tensor, nn

from scripts.training.data import load_items
from scripts.training.detector_net import DetectorNet
from scripts.training.export_classifier import standard_domains
from scripts.training.fields_data import MosaicMaker, load_txl
from scripts.training.masks_data import WindowMaker, load_negatives, load_raabin
from scripts.training.more_fields import in_even_light, load_more
from scripts.training.optimize_onnx import lean
from scripts.training.segmenter_net import SIZE, SegmenterNet
from scripts.training.train_detector import MPP, stored

# INT8 kernels of different processors round differently; a wrong network is off by far more.
TOLERANCE = {"detector": {"fp32": 2e-3, "int8": 0.25}, "segmenter": {"fp32": 2e-3, "int8": 0.35}}
# Fields whose mosaics the ranges of the INT8 detector are read from.
_CALIBRATED_ON = 300
OUTPUTS = {"detector": ("heat", "geometry"), "segmenter": ("probabilities",)}


class Served(nn.Module):
    """The network behind the program's input: uint8 RGB (n, h, w, 3)."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor) -> Any:
        return self.net(image.permute(0, 3, 1, 2).float())


def fold_batch_norm(module: nn.Module) -> nn.Module:
    """Fold every batch norm into the convolution before it, in place."""
    for child in module.children():
        fold_batch_norm(child)
    if isinstance(module, nn.Sequential):
        for i in range(len(module) - 1):
            if isinstance(module[i], nn.Conv2d) and isinstance(module[i + 1], nn.BatchNorm2d):
                module[i] = torch.nn.utils.fuse_conv_bn_eval(module[i], module[i + 1])
                module[i + 1] = nn.Identity()
    return module


def load(task: str, weights: Path) -> nn.Module:
    """The averaged weights of a training run, ready to export."""
    net: nn.Module = DetectorNet() if task == "detector" else SegmenterNet()
    net.load_state_dict(torch.load(weights, weights_only=True)["averaged"])
    return Served(fold_batch_norm(net.eval())).eval()


def export(task: str, model: nn.Module, path: Path) -> None:
    """Write the ONNX file, without external data and without the exporter's notes on this machine."""
    if task == "detector":
        example = torch.zeros(2, 96, 128, 3, dtype=torch.uint8)
        # Sides are multiples of 16, as the program pads them.
        shapes = {
            "image": {
                0: torch.export.Dim("n"),
                1: 16 * torch.export.Dim("h16", min=1),
                2: 16 * torch.export.Dim("w16", min=1),
            }
        }
    else:
        example = torch.zeros(2, SIZE, SIZE, 3, dtype=torch.uint8)
        shapes = {"image": {0: torch.export.Dim("n")}}
    write_onnx(model, example, shapes, OUTPUTS[task], path)


def write_onnx(
    model: nn.Module, example: Tensor, shapes: dict[str, Any], names: tuple[str, ...], path: Path
) -> None:
    """Write a network whose input is "image", as :func:`export` does."""
    program = torch.onnx.export(
        model, (example,), dynamo=True, opset_version=18, input_names=["image"],
        output_names=list(names), dynamic_shapes=shapes, external_data=False,
    )  # fmt: skip
    assert program is not None
    proto = program.model_proto
    for node in proto.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*proto.graph.value_info, *proto.graph.input, *proto.graph.output, *proto.graph.initializer):
        del value.metadata_props[:]
        value.doc_string = ""
    del proto.graph.metadata_props[:]
    del proto.metadata_props[:]
    del proto.functions[:]
    onnx.checker.check_model(proto)
    path.write_bytes(proto.SerializeToString())


def run_onnx(
    path: Path, batch: npt.NDArray[np.uint8], names: tuple[str, ...]
) -> list[npt.NDArray[np.float32]]:
    """Outputs of the exported network on the processor."""
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return [np.asarray(v, np.float32) for v in session.run(list(names), {"image": batch})]


def calibration_images(task: str, data: Path, work: Path, seed: int = 5) -> npt.NDArray[np.uint8]:
    """Training images with all their jitter, from every site: the ranges that INT8 must hold."""
    rng = np.random.default_rng(seed)
    items = load_items(data, work)
    if task == "segmenter":
        crops = [m for m in load_raabin(data, items) + load_negatives(data, items) if m.split == "train"]
        windows = WindowMaker(crops, [1.0] * len(crops))
        return np.stack([windows.draw(rng)[0] for _ in range(128)])
    every = [stored(f) for f in (*load_txl(data, items), *load_more(data, items)) if f.split == "train"]
    fields = [in_even_light(every[i]) for i in rng.permutation(len(every))[:_CALIBRATED_ON]]
    mosaics = MosaicMaker(fields, MPP, [1.0] * len(fields), 256)
    return np.stack([mosaics.draw(rng).image for _ in range(48)])


def quantise(source: Path, target: Path, images: npt.NDArray[np.uint8]) -> None:
    """Static INT8: QDQ, per channel, activations U8, weights S8 in seven bits (eight overflow on processors without
    VNNI). The first convolution and those that make the outputs stay in float."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(np.array_split(images, max(1, len(images) // 8)))

        def get_next(self) -> dict[str, npt.NDArray[np.uint8]] | None:
            batch = next(self.left, None)
            return None if batch is None else {"image": batch}

    prepared = target.with_suffix(".pre.onnx")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    nodes = onnx.load(prepared).graph.node
    fed = {name for node in nodes if node.op_type == "Conv" for name in node.input}
    fed |= {name for node in nodes if node.op_type in {"Relu", "Add", "Resize"} for name in node.input}
    convolutions = [n for n in nodes if n.op_type == "Conv"]
    last = [n.name for n in convolutions if not fed & set(n.output)]
    quantize_static(
        str(prepared), str(target), Reader(), quant_format=QuantFormat.QDQ, per_channel=True, reduce_range=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax,
        nodes_to_exclude=[convolutions[0].name, *last], op_types_to_quantize=["Conv", "Add", "Resize"],
        extra_options={"ActivationSymmetric": False, "WeightSymmetric": True, "CalibMovingAverage": True},
    )  # fmt: skip
    prepared.unlink()
    standard_domains(target)


def golden_input(task: str) -> npt.NDArray[np.uint8]:
    """A drawn cell (no patient's), the same on every machine."""
    import cv2

    side = SIZE if task == "segmenter" else 96
    image = np.full((side, side, 3), (236, 222, 214), np.uint8)
    middle, unit = side // 2, side / 128 * (1 if task == "segmenter" else 0.55)
    cv2.circle(image, (middle, middle), round(32 * unit), (196, 160, 190), -1, cv2.LINE_AA)
    cv2.ellipse(
        image,
        (middle - round(6 * unit), middle),
        (round(17 * unit), round(12 * unit)),
        30,
        0,
        360,
        (92, 40, 130),
        -1,
        cv2.LINE_AA,
    )
    for x, y in ((0.12, 0.15), (0.85, 0.2), (0.15, 0.85), (0.9, 0.8)):
        cv2.circle(
            image, (round(x * side), round(y * side)), round(17 * unit), (206, 158, 158), -1, cv2.LINE_AA
        )
        cv2.circle(
            image, (round(x * side), round(y * side)), round(6 * unit), (222, 190, 184), -1, cv2.LINE_AA
        )
    return np.ascontiguousarray(image[None])


def write_bundle(
    task: str, weights: Path, out: Path, notes: dict[str, Any], readme: str, data: Path, work: Path
) -> None:
    """Everything of a bundle; `notes` are the card's free fields."""
    out.mkdir(parents=True, exist_ok=True)
    for old in out.iterdir():
        old.unlink()
    names = OUTPUTS[task]
    models = {"fp32": "network.onnx", "int8": "network.int8.onnx"}
    served = load(task, weights)
    export(task, served, out / models["fp32"])
    quantise(out / models["fp32"], out / models["int8"], calibration_images(task, data, work))
    for model in models.values():
        lean(out / model)
    batch = golden_input(task)
    with torch.no_grad():
        wanted = served(torch.from_numpy(batch))
    wanted = [v.numpy() for v in (wanted if isinstance(wanted, tuple) else (wanted,))]
    found = run_onnx(out / models["fp32"], batch, names)
    gap = max(float(np.abs(a - b).max()) for a, b in zip(wanted, found, strict=True))
    print(f"largest difference between torch and ONNX: {gap:.2e}")
    if gap > TOLERANCE[task]["fp32"]:
        raise SystemExit("the exported network differs from torch")
    np.save(out / "golden-input.npy", batch)
    golden: dict[str, dict[str, str]] = {}
    for precision, model in models.items():
        golden[precision] = {}
        for name, value in zip(names, run_onnx(out / model, batch, names), strict=True):
            golden[precision][name] = f"golden-{precision}-{name}.npy"
            np.save(out / golden[precision][name], value)
    (out / "README.md").write_text(readme, encoding="utf-8")
    files = sorted(p for p in out.iterdir() if p.suffix in {".onnx", ".npy"})
    card = {
        "schema": 1, **notes, "outputs": list(names), "models": models, "default_model": "int8",
        "files": {p.name: {"sha256": hashlib.sha256(p.read_bytes()).hexdigest(), "bytes": p.stat().st_size} for p in files},
        "golden": {"input": "golden-input.npy", "outputs": golden, "tolerance": TOLERANCE[task]},
        "export": {"onnx_against_torch_max_difference": round(gap, 7), "opset": 18},
    }  # fmt: skip
    (out / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Write one bundle from weights and a notes file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=("detector", "segmenter"))
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the bundle; its name is the bundle's id"
    )
    parser.add_argument(
        "--notes", type=Path, required=True, help="JSON: version, licence, classes, input, data, figures"
    )
    parser.add_argument("--readme", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".train"))
    args = parser.parse_args()
    notes = json.loads(args.notes.read_text(encoding="utf-8"))
    notes["id"] = args.out.name
    readme = args.readme.read_text(encoding="utf-8")
    write_bundle(args.task, args.weights, args.out, notes, readme, args.data, args.work)


if __name__ == "__main__":
    main()
