"""Export detector or segmenter as a bundle (``python -m scripts.export_fields detector|segmenter``).

Writes `OUT/network.onnx` (opset 18, dynamic batch and, for the detector, dynamic sides), golden arrays, `card.json` and
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

from scripts.detector_net import DetectorNet
from scripts.segmenter_net import SIZE, SegmenterNet

TOLERANCE = {"detector": 2e-3, "segmenter": 2e-3}
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
        shapes = {"image": {0: torch.export.Dim("n"), 1: 16 * torch.export.Dim("h16", min=1), 2: 16 * torch.export.Dim("w16", min=1)}}
    else:
        example = torch.zeros(2, SIZE, SIZE, 3, dtype=torch.uint8)
        shapes = {"image": {0: torch.export.Dim("n")}}
    program = torch.onnx.export(
        model, (example,), dynamo=True, opset_version=18, input_names=["image"],
        output_names=list(OUTPUTS[task]), dynamic_shapes=shapes, external_data=False,
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


def run_onnx(path: Path, batch: npt.NDArray[np.uint8], names: tuple[str, ...]) -> list[npt.NDArray[np.float32]]:
    """Outputs of the exported network on the processor."""
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return [np.asarray(v, np.float32) for v in session.run(list(names), {"image": batch})]


def golden_input(task: str) -> npt.NDArray[np.uint8]:
    """A drawn cell (no patient's), the same on every machine."""
    import cv2

    side = SIZE if task == "segmenter" else 96
    image = np.full((side, side, 3), (236, 222, 214), np.uint8)
    middle, unit = side // 2, side / 128 * (1 if task == "segmenter" else 0.55)
    cv2.circle(image, (middle, middle), round(32 * unit), (196, 160, 190), -1, cv2.LINE_AA)
    cv2.ellipse(image, (middle - round(6 * unit), middle), (round(17 * unit), round(12 * unit)), 30, 0, 360, (92, 40, 130), -1, cv2.LINE_AA)
    for x, y in ((0.12, 0.15), (0.85, 0.2), (0.15, 0.85), (0.9, 0.8)):
        cv2.circle(image, (round(x * side), round(y * side)), round(17 * unit), (206, 158, 158), -1, cv2.LINE_AA)
        cv2.circle(image, (round(x * side), round(y * side)), round(6 * unit), (222, 190, 184), -1, cv2.LINE_AA)
    return np.ascontiguousarray(image[None])


def write_bundle(task: str, weights: Path, out: Path, notes: dict[str, Any], readme: str) -> None:
    """Everything of a bundle; `notes` are the card's free fields."""
    out.mkdir(parents=True, exist_ok=True)
    names = OUTPUTS[task]
    model = load(task, weights)
    export(task, model, out / "network.onnx")
    batch = golden_input(task)
    with torch.no_grad():
        wanted = model(torch.from_numpy(batch))
    wanted = [v.numpy() for v in (wanted if isinstance(wanted, tuple) else (wanted,))]
    found = run_onnx(out / "network.onnx", batch, names)
    gap = max(float(np.abs(a - b).max()) for a, b in zip(wanted, found, strict=True))
    print(f"largest difference between torch and ONNX: {gap:.2e}")
    if gap > TOLERANCE[task]:
        raise SystemExit("the exported network differs from torch")
    np.save(out / "golden_input.npy", batch)
    for name, value in zip(names, found, strict=True):
        np.save(out / f"golden_{name}.npy", value)
    (out / "README.md").write_text(readme, encoding="utf-8")
    files = sorted(p for p in out.iterdir() if p.suffix in {".onnx", ".npy"})
    card = {
        "schema": 1, **notes, "outputs": list(names), "models": {"fp32": "network.onnx"}, "default_model": "fp32",
        "files": {p.name: {"sha256": hashlib.sha256(p.read_bytes()).hexdigest(), "bytes": p.stat().st_size} for p in files},
        "golden": {"input": "golden_input.npy", "outputs": {"fp32": {n: f"golden_{n}.npy" for n in names}},
                   "tolerance": {"fp32": TOLERANCE[task]}, "difference_from_torch": round(gap, 7)},
    }  # fmt: skip
    (out / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Write one bundle from weights and a notes file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=("detector", "segmenter"))
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle; its name is the bundle's id")
    parser.add_argument("--notes", type=Path, required=True, help="JSON: version, licence, classes, input, data, figures")
    parser.add_argument("--readme", type=Path, required=True)
    args = parser.parse_args()
    notes = json.loads(args.notes.read_text(encoding="utf-8"))
    notes["id"] = args.out.name
    write_bundle(args.task, args.weights, args.out, notes, args.readme.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
