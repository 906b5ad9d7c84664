"""Weights to go on training from an exported network (``python -m scripts.training.resume_exported segmenter NETWORK OUT``).

An export has every batch norm folded into the convolution before it. This puts the folded weights back into the network
and gives its batch norms the statistics of training windows, so that it answers as before and can be trained on. It reads
graphs as the exporter writes them, before `scripts.training.optimize_onnx`: segmenter-1's is in the history, at version 1.0.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from scripts.training.detector_net import DetectorNet
from scripts.training.export_fields import calibration_images
from scripts.training.segmenter_net import SegmenterNet

_OUTPUT_BIASES = ("head.bias", "heat.1.bias", "geometry.1.bias")


def unfold(
    values: dict[str, npt.NDArray[np.float32]], net: nn.Module, images: npt.NDArray[np.uint8]
) -> nn.Module:
    """Fill `net` from weights with folded batch norms.

    Parameters
    ----------
    values : dict
        Weights of the exported graph; their names are those of `net` after ``net.``.
    net : nn.Module
        The same network, its batch norms unfolded.
    images : (n, h, w, 3) uint8 RGB
        Training images, for the statistics of the batch norms.
    """
    net.load_state_dict(_with_kernels(net.state_dict(), values))
    norms = _unfolded_norms(net, values)
    sums: dict[str, list[Tensor]] = {}

    def gather(name: str) -> nn.Module:
        def hook(_: nn.Module, __: object, out: Tensor) -> None:
            sums.setdefault(name, []).append(torch.stack([out.mean((0, 2, 3)), (out**2).mean((0, 2, 3))]))

        return hook  # type: ignore[return-value]

    modules = dict(net.named_modules())
    hooks = [modules[name].register_forward_hook(gather(name)) for name in norms]  # type: ignore[arg-type]
    net.eval()
    with torch.no_grad():
        for part in np.array_split(images, max(1, len(images) // 16)):
            net(torch.from_numpy(part).permute(0, 3, 1, 2).float())
        for hook in hooks:
            hook.remove()
        for name, norm in norms.items():
            mean, square = torch.stack(sums[name]).mean(0)
            variance = (square - mean**2).clamp(min=1e-6)
            norm.running_mean.copy_(mean)  # type: ignore[union-attr,operator]
            norm.running_var.copy_(variance)  # type: ignore[union-attr,operator]
            norm.weight.copy_((variance + norm.eps).sqrt())
            norm.bias.add_(mean)
    return net


def _with_kernels(state: dict[str, Tensor], values: dict[str, npt.NDArray[np.float32]]) -> dict[str, Tensor]:
    """The state with the kernels of an export, and the biases of the outputs, which no batch norm precedes."""
    out = dict(state)
    for name, value in state.items():
        if f"net.{name}" in values and (value.ndim == 4 or name in _OUTPUT_BIASES):
            out[name] = torch.from_numpy(values[f"net.{name}"].copy())
    return out


def _unfolded_norms(net: nn.Module, values: dict[str, npt.NDArray[np.float32]]) -> dict[str, nn.BatchNorm2d]:
    """The batch norms by the name of the convolution before them; each adds that one's bias and nothing else."""
    norms: dict[str, nn.BatchNorm2d] = {}
    for name, module in net.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            before, _, at = name.rpartition(".")
            norms[f"{before}.{int(at) - 1}"] = module
            module.running_var.fill_(1 - module.eps)  # type: ignore[union-attr,operator]
            module.bias.data = torch.from_numpy(values[f"net.{before}.{int(at) - 1}.bias"].copy())
    return norms


def main() -> None:
    """Write weights for `--start`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=("detector", "segmenter"))
    parser.add_argument("network", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".train"))
    args = parser.parse_args()
    cv2.setNumThreads(1)
    net: nn.Module = DetectorNet() if args.task == "detector" else SegmenterNet()
    images = calibration_images(args.task, args.data, args.work)
    values = {t.name: numpy_helper.to_array(t) for t in onnx.load(args.network).graph.initializer}
    state = unfold(values, net, images).state_dict()
    torch.save({"net": state, "averaged": state, "step": 0}, args.out)


if __name__ == "__main__":
    main()
