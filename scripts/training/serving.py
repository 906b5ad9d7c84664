"""What a classifier stored of the cells of a laboratory that it never saw, served as the program would serve it.

The program's own functions do the work (``bloodcells_gui/app/specimen_adaptation.py``): a :class:`Serving` says which of the
steps after the network are used, and :func:`serve` gives what a reader of the case would see. Nothing here asks a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from bloodcells_gui.adaptation.joint import AdaptationMethods
from bloodcells_gui.adaptation.label_propagation import PropagationSettings
from bloodcells_gui.adaptation.morphometry import COLUMNS, MorphometryModel
from bloodcells_gui.adaptation.opinion_pool import OpinionPool
from bloodcells_gui.adaptation.prior_shift import ClassPrior
from bloodcells_gui.adaptation.reproposal import adapt_proposals, coarse_rows
from bloodcells_gui.app.specimen_adaptation import adapt_specimen
from bloodcells_gui.inference.classifier import logit_shift
from bloodcells_gui.inference.uncertainty import UncertaintyModel
from scripts.training.data import FIVE, LEAVES
from scripts.training.metrics import roll, true_rows
from scripts.training.uncertainty_fit import CLASS_PRIOR, LEAF_SHARE, LOGIT_SHIFT

ROWS = coarse_rows(LEAVES)
_NOWHERE = 1e9  # no cell is so far from the training data


@dataclass(frozen=True, eq=False)
class Answers:
    """Of n cells of one laboratory, what a network said that never saw it.

    Attributes
    ----------
    name : str
        Of the laboratory.
    logits : (n, K) float32
        Without the logit adjustment.
    allowed : (n, K) bool
        Leaves that each label allows.
    coordinates : (n, d) float32
        Whitened embeddings.
    measurements : (n, M) float32
        NaN where nothing was measured.
    distance, disagreement : (n,) float32
        Relative distance from the training data; disagreement of the two views.
    morphometry : MorphometryModel or None
        Fitted without this laboratory.
    """

    name: str
    logits: np.ndarray
    allowed: np.ndarray
    coordinates: np.ndarray
    measurements: np.ndarray
    distance: np.ndarray
    disagreement: np.ndarray
    morphometry: MorphometryModel | None = None

    @staticmethod
    def load(path: Path, name: str, morphometry: MorphometryModel | None = None) -> Answers:
        """Read what ``scripts.training.leave_one_out`` keeps of a left-out laboratory."""
        data = np.load(path, allow_pickle=False)
        n = len(data["logits"])
        measured = (
            data["measurements"] if "measurements" in data else np.full((n, len(COLUMNS)), np.nan, np.float32)
        )
        parts = (data["logits"], data["coordinates"], measured, data["distance"], data["disagreement"])
        logits, coordinates, measurements, distance, disagreement = (np.asarray(p, np.float32) for p in parts)
        return Answers(
            name, logits, data["allowed"], coordinates, measurements, distance, disagreement, morphometry
        )

    def __len__(self) -> int:
        return len(self.logits)

    @property
    def five(self) -> np.ndarray:
        """(n,) five-part row of each label; -1 outside the five."""
        return true_rows([[LEAVES[k] for k in np.flatnonzero(row)] for row in self.allowed], FIVE)

    def of(self, leaf: str) -> np.ndarray:
        """(n,) bool: whose label allows this leaf alone."""
        return np.asarray(self.allowed[:, LEAVES.index(leaf)] & (self.allowed.sum(axis=1) == 1))

    def subset(self, cells: np.ndarray) -> Answers:
        """Some of the cells."""
        names = ("logits", "allowed", "coordinates", "measurements", "distance", "disagreement")
        return replace(self, **{name: getattr(self, name)[cells] for name in names})

    def joined(self, other: Answers) -> Answers:
        """These cells and those of `other`, for a specimen with cells set into it."""
        names = ("logits", "allowed", "coordinates", "measurements", "distance", "disagreement")
        return replace(self, **{n: np.concatenate([getattr(self, n), getattr(other, n)]) for n in names})


@dataclass(frozen=True)
class Serving:
    """Which steps follow the network, with their numbers.

    Attributes
    ----------
    shift : mapping of str to float
        The logit adjustment; empty for none.
    temperature : float
    prior, propagation : mapping or None
        As a card has them; None for a step that is not used.
    measured : bool
        Whether measurements count, where the laboratory's answers have a model for them.
    threshold : float
        Uncertainty above which a cell is left unidentified.
    pool : mapping or None
        The opinion pool, as a card has it.
    disagreement : float
        Factor on the disagreement of the network's two views, which adds to the uncertainty.
    unlike : float
        Relative distance from which a cell counts as unlike the training data, and is held back.
    """

    shift: Mapping[str, float] = field(default_factory=lambda: LOGIT_SHIFT)
    temperature: float = 0.9
    prior: Mapping[str, float] | None = field(default_factory=lambda: CLASS_PRIOR)
    propagation: Mapping[str, float] | None = None
    measured: bool = True
    threshold: float = 0.0709
    pool: Mapping[str, float] | None = None
    disagreement: float = 0.0
    unlike: float = _NOWHERE

    def methods(self, morphometry: MorphometryModel | None) -> AdaptationMethods:
        """Return the adaptation methods of the steps in use."""
        return AdaptationMethods(
            ClassPrior.from_card(self.prior),
            PropagationSettings.from_card(self.propagation),
            morphometry if self.measured else None,
            OpinionPool.from_card(self.pool),
        )


@dataclass(frozen=True, eq=False)
class Served:
    """What a reader sees of n cells.

    Attributes
    ----------
    probabilities : (n, K) float32
    uncertainty : (n,) float32
    unidentified : (n,) bool
    """

    probabilities: np.ndarray
    uncertainty: np.ndarray
    unidentified: np.ndarray

    @property
    def five(self) -> np.ndarray:
        """(n,) five-part row that a cell is taken for, len(FIVE) for any other."""
        return np.asarray(roll(self.probabilities, FIVE).argmax(axis=1))

    @property
    def leaf(self) -> np.ndarray:
        """(n,) number of the most probable leaf."""
        return np.asarray(self.probabilities.argmax(axis=1))


class SpecimenCard:
    """The numbers of a card, as :func:`adapt_specimen` asks a classifier for them."""

    def __init__(self, serving: Serving, morphometry: MorphometryModel | None) -> None:
        self.classes = LEAVES
        self.threshold = serving.threshold
        self.leaf_share = LEAF_SHARE
        self.uses_view_disagreement = serving.disagreement > 0
        self.adaptation_methods = serving.methods(morphometry)

    def whiten(self, embedding: np.ndarray) -> np.ndarray:
        """Stored coordinates are white already."""
        return np.array(embedding, np.float32)


def serving_of(card: Mapping) -> Serving:
    """The steps after the network as a card has them."""
    c = card["calibration"]
    return Serving(
        shift=c["logit_adjustment"], temperature=c["temperature"], prior=c["specimen_mix"],
        threshold=c["threshold"], pool=c["pool"], measured="measured" in c,
        disagreement=c.get("disagreement", 0.0), unlike=c["unlike"],
    )  # fmt: skip


def answered(answers: Answers, serving: Serving) -> Served:
    """What the classifier says cell by cell, before the specimen is adapted."""
    model = _uncertainty(answers, serving)
    logits = np.asarray(answers.logits + logit_shift(serving.shift, LEAVES), np.float32)
    p = model.probabilities(logits, answers.distance)
    uncertainty = model.uncertainty(p, answers.distance, ROWS, answers.disagreement)
    return Served(p, uncertainty, uncertainty > serving.threshold)


def serve(answers: Answers, serving: Serving) -> Served:
    """What the program makes of the cells as one specimen."""
    before = answered(answers, serving)
    card = SpecimenCard(serving, answers.morphometry)
    nobody = answers.distance > serving.unlike
    whole = adapt_specimen(before.probabilities, answers.coordinates, answers.measurements, nobody, card)
    if whole is None:
        return before
    prior_shift, posteriors = whole
    new = adapt_proposals(
        prior_shift, LEAVES, before.probabilities, before.uncertainty, before.unidentified, nobody, posteriors
    )
    return Served(new.scores, new.uncertainty, new.abstained)


def _uncertainty(answers: Answers, serving: Serving) -> UncertaintyModel:
    width = answers.coordinates.shape[1]
    nothing = np.zeros((width, width), np.float32)
    return UncertaintyModel(
        nothing[0], nothing, nothing[:1], 1.0, serving.temperature, 0.0, serving.threshold, serving.unlike,
        serving.disagreement, LEAF_SHARE,
    )  # fmt: skip
