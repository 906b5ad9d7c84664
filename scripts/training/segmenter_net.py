"""The segmenter network: a small residual U-shape for the cell in the middle of a square window."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from scripts.training.detector_net import Residual, conv_bn

SIZE = 128


class SegmenterNet(nn.Module):
    """RGB in [0, 255] (n, 3, 128, 128) -> probabilities (n, 3, 128, 128) of background, cytoplasm, nucleus.

    A constant fourth input tells every pixel how far it lies from the middle, because only the central cell
    is wanted. The head works at half resolution and unfolds its channels to full resolution.
    """

    middle: Tensor

    def __init__(self, widths: tuple[int, int, int, int] = (16, 40, 72, 112)) -> None:
        super().__init__()
        a, b, c, d = widths
        line = torch.linspace(-1, 1, SIZE)
        radius = torch.sqrt(line[None] ** 2 + line[:, None] ** 2)
        self.register_buffer("middle", (1 - radius)[None, None])
        self.entry = nn.Sequential(conv_bn(4, a, 3, 2), conv_bn(a, a))
        self.quarter = nn.Sequential(conv_bn(a, b, 3, 2), Residual(b))
        self.eighth = nn.Sequential(conv_bn(b, c, 3, 2), Residual(c), Residual(c))
        self.sixteenth = nn.Sequential(conv_bn(c, d, 3, 2), Residual(d), Residual(d))
        self.side8, self.side4, self.side2 = conv_bn(d, c, 1), conv_bn(c, b, 1), conv_bn(b, a, 1)
        self.merge8, self.merge4, self.merge2 = conv_bn(c, c), conv_bn(b, b), conv_bn(a, a)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.head = nn.Conv2d(a, 12, 3, 1, 1)
        self.unfold = nn.PixelShuffle(2)

    def logits(self, image: Tensor) -> Tensor:
        """Logits (n, 3, 128, 128)."""
        x = (image - 127.5) / 64.0
        x = torch.cat([x, self.middle.expand(x.shape[0], -1, -1, -1)], 1)
        x2 = self.entry(x)
        x4 = self.quarter(x2)
        x8 = self.eighth(x4)
        x16 = self.sixteenth(x8)
        x8 = self.merge8(x8 + self.up(self.side8(x16)))
        x4 = self.merge4(x4 + self.up(self.side4(x8)))
        x2 = self.merge2(x2 + self.up(self.side2(x4)))
        out: Tensor = self.unfold(self.head(x2))
        return out

    def forward(self, image: Tensor) -> Tensor:
        return torch.softmax(self.logits(image), 1)
