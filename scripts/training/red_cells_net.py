"""The network that names red cells by shape: the first eleven blocks of the leukocyte classifier, and a head of its own.

The classifier saw red cells of every laboratory around its leukocytes, and its early blocks know their stains and cameras.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scripts.training.classifier_net import ClassifierNet, FrozenConv
from scripts.training.data import LEAVES

#: Side of the window, px, and its scale, um per px: 14.4 um, the largest cell and a little around it.
SIZE, UM_PER_PX = 96, 0.15
_BLOCKS, _CHANNELS, _SIDE = 11, 112, SIZE // 16


class RedCellNet(nn.Module):
    """RGB in [0, 255], (n, 3, 96, 96), in even light -> logits (n, classes).

    The last map (6x6) is summed with weights of its own for each place and channel, at first a hill over the middle: the cell
    in the middle is asked for, and its neighbours are in the picture too.
    """

    def __init__(self, classes: int, width: int = 192, frozen_blocks: int = 5, drop: float = 0.2) -> None:
        super().__init__()
        whole = ClassifierNet(len(LEAVES))
        self.stem, self.blocks = whole.stem, whole.blocks[:_BLOCKS]
        self.top = FrozenConv(_CHANNELS, width, 1)
        self.places = nn.Conv2d(width, width, _SIDE, groups=width, bias=False)
        steps = torch.linspace(-1, 1, _SIDE)
        hill = torch.exp(-1.5 * (steps[:, None] ** 2 + steps[None] ** 2))
        with torch.no_grad():
            self.places.weight.copy_((hill / hill.sum()).expand_as(self.places.weight))
        self.drop = nn.Dropout(drop)
        self.head = nn.Linear(width, classes)
        self.frozen_blocks = frozen_blocks
        for module in (self.stem, *self.blocks[:frozen_blocks]):
            for parameter in module.parameters():
                parameter.requires_grad_(False)

    def load_classifier(self, network: Path) -> None:
        """Take the blocks of an exported classifier (`model.onnx`, with its heads beside it)."""
        whole = ClassifierNet(len(LEAVES))
        whole.load_imagenet()
        whole.load_served(network)
        self.stem.load_state_dict(whole.stem.state_dict())
        self.blocks.load_state_dict(whole.blocks[:_BLOCKS].state_dict())

    def forward(self, image: Tensor) -> Tensor:
        x = F.relu6(self.stem((image - 127.0) * (1.0 / 128.0)))
        for block in self.blocks:
            x = block(x)
        x = self.places(F.relu6(self.top(x)))
        return self.head(self.drop(x.flatten(1)))
