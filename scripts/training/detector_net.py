"""The detector network: a small residual U-shape with centre heat maps (after CenterNet, Zhou et al. 2019,
arXiv:1904.07850). Fully convolutional; batch statistics are folded into the weights on export, so a cell's answer does
not depend on the tile it lies in."""

from __future__ import annotations

import torch
from torch import Tensor, nn

STRIDE = 4
#: Image sides are padded to a multiple of this.
MULTIPLE = 16


def conv_bn(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(True),
    )


class Residual(nn.Module):
    """Two 3x3 convolutions around an identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv_bn(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(self.first(x)))


class DetectorNet(nn.Module):
    """RGB in [0, 255] -> heat (n, 3, h/4, w/4) in [0, 1], geometry (n, 4, h/4, w/4).

    The geometry channels are the offset of the centre within its output pixel (x, y in [0, 1]) and the natural logarithm of
    width and height in input px.
    """

    def __init__(self, widths: tuple[int, int, int, int] = (16, 32, 64, 96)) -> None:
        super().__init__()
        a, b, c, d = widths
        self.stem = nn.Sequential(conv_bn(3, a, 3, 2), conv_bn(a, b, 3, 2))
        self.quarter = nn.Sequential(Residual(b), Residual(b))
        self.eighth = nn.Sequential(conv_bn(b, c, 3, 2), Residual(c), Residual(c))
        self.sixteenth = nn.Sequential(conv_bn(c, d, 3, 2), Residual(d), Residual(d))
        self.side8, self.side4 = conv_bn(d, c, 1), conv_bn(c, b, 1)
        self.merge8, self.merge4 = conv_bn(c, c), conv_bn(b, b)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.heat = nn.Sequential(conv_bn(b, b), nn.Conv2d(b, 3, 1))
        self.geometry = nn.Sequential(conv_bn(b, b), nn.Conv2d(b, 4, 1))
        nn.init.constant_(self.heat[1].bias, -3.5)
        with torch.no_grad():
            self.geometry[1].bias.copy_(torch.tensor([0.5, 0.5, 3.0, 3.0]))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        x = (image - 127.5) / 64.0
        x4 = self.quarter(self.stem(x))
        x8 = self.eighth(x4)
        x16 = self.sixteenth(x8)
        x8 = self.merge8(x8 + self.up(self.side8(x16)))
        x4 = self.merge4(x4 + self.up(self.side4(x8)))
        return torch.sigmoid(self.heat(x4)), self.geometry(x4)
