"""Stand-ins for the networks: quick, deterministic, and right about plainly drawn cells."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.joint import AdaptationMethods
from bloodcells_gui.adaptation.label_propagation import PropagationSettings
from bloodcells_gui.adaptation.morphometry import MorphometryModel
from bloodcells_gui.adaptation.opinion_pool import OpinionPool
from bloodcells_gui.adaptation.prior_shift import ClassPrior
from bloodcells_gui.domain.suspicion import DEFAULT as LOOK_FIRST

CLASSES = ("SNE", "LY", "EO", "PLT", "ART")
SIZE_PX, UM_PER_PX = 128, 0.215
_DRAWN = itertools.count()


@dataclass(frozen=True)
class PlainResult:
    probabilities: NDArray[np.float32]
    embedding: NDArray[np.float32]
    uncertainty: NDArray[np.float32]
    abstained: NDArray[np.bool_]
    unlike: NDArray[np.bool_]
    disagreement: NDArray[np.float32] | None = None

    @property
    def logits(self) -> NDArray[np.float32]:
        return np.log(self.probabilities + np.float32(1e-9))


class PlainSegmenter:
    """Dark means cell, darker means nucleus; the blob nearest the middle wins."""

    def __init__(self, size_px: int = SIZE_PX, um_per_px: float = UM_PER_PX) -> None:
        self.size_px, self.um_per_px = size_px, um_per_px

    def segment(self, crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
        assert crops.shape[1:] == (self.size_px, self.size_px, 3)
        masks = np.zeros(crops.shape[:3], np.uint8)
        for i, crop in enumerate(crops):
            grey = crop.min(axis=2)
            n, labels, stats, centres = cv2.connectedComponentsWithStats((grey < 190).astype(np.uint8))
            large = [k for k in range(1, n) if stats[k, cv2.CC_STAT_AREA] > 20]
            if large:
                best = min(large, key=lambda k: float(np.hypot(*(centres[k] - self.size_px / 2))))
                masks[i][labels == best] = 1
                masks[i][(labels == best) & (grey < 110)] = 2
        return masks

    def terminate(self) -> None:
        pass


class PlainClassifier:
    """The colour of the middle names the class: blue LY, purple SNE, orange EO, pale PLT; grey is ART."""

    classes, provider, look_first = CLASSES, "CPUExecutionProvider", LOOK_FIRST
    profile = None
    colours = np.array(
        [(120, 60, 160), (60, 60, 200), (230, 120, 60), (200, 150, 200), (128, 128, 128)], float
    )

    def __init__(
        self, abstain_below: float = 0.5, size_px: int = SIZE_PX, um_per_px: float = UM_PER_PX
    ) -> None:
        self.size_px, self.um_per_px = size_px, um_per_px
        self.abstain_below = abstain_below
        self.foreign_disagreement, self.apart = 0.1, 0.0
        self.prior: ClassPrior | None = None
        self.propagation: PropagationSettings | None = None
        self.morphometry: MorphometryModel | None = None
        self.pool: OpinionPool | None = None
        self.leaf_share = 0.25
        self.dimensions = 3 + len(CLASSES)
        self.threshold, self.uses_view_disagreement = 1 - abstain_below, False
        self.calls = 0
        self.gate = threading.Event()
        self.gate.set()

    def predict(self, crops: NDArray[np.uint8]) -> PlainResult:
        self.calls += 1
        self.gate.wait(10)
        s = self.size_px
        assert crops.shape[1:] == (s, s, 3)
        middle = crops[:, s // 2 - 6 : s // 2 + 6, s // 2 - 6 : s // 2 + 6].reshape(len(crops), -1, 3).mean(1)
        distance = np.linalg.norm(middle[:, None] - self.colours[None], axis=2)
        logits = -distance / 12.0
        p = np.exp(logits - logits.max(1, keepdims=True))
        p = (p / p.sum(1, keepdims=True)).astype(np.float32)
        best = p.max(1)
        return PlainResult(
            p, np.concatenate([middle / 255, p], axis=1).astype(np.float32), (1 - best).astype(np.float32),
            best < self.abstain_below, np.zeros(len(p), bool), np.full(len(p), self.apart, np.float32),
        )  # fmt: skip

    @property
    def adaptation_methods(self) -> AdaptationMethods:
        return AdaptationMethods(self.prior, self.propagation, self.morphometry, self.pool)

    def whiten(self, embedding: NDArray[np.floating]) -> NDArray[np.float32]:
        """Whether the middle is rather blue or rather red: all of one class have similar embeddings."""
        return np.asarray(np.tanh(10 * (embedding[:, 2:3] - embedding[:, :1])), np.float32)

    def explain(self, crops: NDArray[np.uint8], codes: tuple[str, ...]) -> NDArray[np.float32]:
        return (1 - crops.mean(axis=3) / 255).astype(np.float32)

    def use_profile(self, profile: object) -> None:
        pass

    def terminate(self) -> None:
        pass


@dataclass
class PlainEngine:
    """What `app.engine.Engine` is to the application."""

    classifier: PlainClassifier
    segmenter: PlainSegmenter
    detector: None = None
    provider: str = "CPUExecutionProvider"
    bundles: dict[str, SimpleNamespace] = field(
        default_factory=lambda: {"classify": SimpleNamespace(sha256="0" * 64)}
    )

    def identities(self) -> dict[str, str]:
        return {"classify": "plain-classifier " + "0" * 64, "segment": "plain-segmenter " + "1" * 64}

    def terminate(self) -> None:
        pass


def plain_engine() -> PlainEngine:
    return PlainEngine(PlainClassifier(), PlainSegmenter())


COLOUR_OF = {"SNE": (120, 60, 160), "LY": (60, 60, 200), "EO": (230, 120, 60), "PLT": (200, 150, 200)}


def draw_cell(
    code: str,
    size: int = 256,
    mpp: float = 0.107,
    centre: tuple[float, float] | None = None,
    diameter_um: float = 12.0,
) -> NDArray[np.uint8]:
    """A disc of the class's colour on a pale field, RGB; no two are equal, for copies count once."""
    image = np.full((size, size, 3), (242, 238, 235), np.uint8)
    x, y = centre or (size / 2, size / 2)
    radius = diameter_um / mpp / 2
    cv2.circle(image, (round(x), round(y)), round(radius), (170, 150, 190), -1, cv2.LINE_AA)
    cv2.circle(image, (round(x), round(y)), round(radius * 0.7), COLOUR_OF[code], -1, cv2.LINE_AA)
    n = next(_DRAWN)
    image[0, 0] = [255 - n // 48**k % 48 for k in range(3)]
    return image
