"""The cell classifier as the rest of the program sees it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.joint import AdaptationMethods
from bloodcells_gui.adaptation.label_propagation import PropagationSettings
from bloodcells_gui.adaptation.morphometry import MorphometryModel
from bloodcells_gui.adaptation.opinion_pool import OpinionPool
from bloodcells_gui.adaptation.prior_shift import ClassPrior
from bloodcells_gui.adaptation.reproposal import CERTAIN_ARTEFACT, coarse_rows
from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.domain.suspicion import LookFirst
from bloodcells_gui.domain.taxonomy import ARTEFACT
from bloodcells_gui.inference.bundle import ModelBundle
from bloodcells_gui.inference.calibration import Profile
from bloodcells_gui.inference.explain import enlarge, grad_cam, mixed_weights
from bloodcells_gui.inference.golden import GoldenMissing, calibrated_golden, difference
from bloodcells_gui.inference.preprocess import crop_at_scale
from bloodcells_gui.inference.session import OnnxSession
from bloodcells_gui.inference.uncertainty import UncertaintyModel

# So few that the layers of a batch stay in the processor's cache.
_BATCH = 8
_AT_ONCE = 4096

Crops = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class ClassifierOutput:
    """Output for n crops; K leaves, D embedding dimensions.

    Attributes
    ----------
    probabilities : (n, K) float32
        Calibrated; rows sum to 1.
    logits : (n, K) float32
        Before the temperature, with the card's shift of the logits (of the profile's head when a profile is
        in use).
    embedding : (n, D) float32
    distance : (n,) float32
        Relative Mahalanobis distance to the training features; 95 % of cells of the training's laboratories
        lie below 1.
    uncertainty : (n,) float32
        From 0 (certain) to 1.
    abstained, unlike : (n,) bool
        Left unidentified; unlike anything in the training data.
    feature_map : (n, D, H, W) float32 or None
        The last feature maps, where asked for.
    disagreement : (n,) float32 or None
        Total variation distance between the probabilities of the network's two views of a cell, 0 to 1; None
        for a network with one view.
    """

    probabilities: Floats
    logits: Floats
    embedding: Floats
    distance: Floats
    uncertainty: Floats
    abstained: NDArray[np.bool_]
    unlike: NDArray[np.bool_]
    feature_map: Floats | None = None
    disagreement: Floats | None = None


class Classifier:
    """Names the central cell of crops; thread-safe.

    Parameters
    ----------
    bundle : ModelBundle
        A bundle with the task "classify".
    threads : int
        Threads inside one call.
    profile : Profile, optional
        This laboratory's calibration; it must belong to the bundle.
    precision : str
        "auto", "fp32" or "int8".
    golden : bool
        False only for whoever writes the golden data.

    Attributes
    ----------
    golden_off : float
        Largest difference found in the card's golden test of probabilities and uncertainty.
    look_first : LookFirst
        Which cells are shown first.

    Raises
    ------
    BundleRefused
        When the bundle is no classifier, is incomplete or fails a golden test, or the profile belongs to
        another bundle.
    """

    def __init__(
        self,
        bundle: ModelBundle,
        threads: int = 1,
        profile: Profile | None = None,
        precision: str = "auto",
        *,
        golden: bool = True,
    ) -> None:
        if bundle.task != "classify":
            raise BundleRefused(
                "The model bundle {id} is no classifier.",
                "Its task is {task}.",
                id=bundle.id,
                task=bundle.task,
            )
        self.bundle = bundle
        self.classes = bundle.classes
        self.size_px = bundle.input.size_px
        self.um_per_px = bundle.input.um_per_px
        try:
            self._read_card(bundle)
        except (KeyError, TypeError, ValueError) as error:
            raise BundleRefused(
                "The model bundle {id} cannot be used.",
                "Its card is incomplete: {error}.",
                id=bundle.id,
                error=error,
            ) from error
        self._rows = coarse_rows(self.classes)
        self._views_output = ["disagreement"] if "disagreement" in bundle.outputs else []
        self.profile: Profile | None = None
        self.golden_off = math.nan
        self._session = OnnxSession(bundle, threads=threads, precision=precision, golden=golden)
        if golden:
            try:
                self.golden_off = self._check_golden()
            except BundleRefused:
                safest = str(bundle.card["default_model"])
                if precision != "auto" or self._session.precision == safest:
                    raise
                self._session = OnnxSession(bundle, threads=threads, precision=safest)
                self.golden_off = self._check_golden()
        self.use_profile(profile)

    def _read_card(self, bundle: ModelBundle) -> None:
        """Take head, calibration and adaptation from the card; KeyError, TypeError or ValueError without."""
        self.head_weights = np.asarray(bundle.array(bundle.card["head"]["weights"]), np.float32)
        self.head_bias = np.asarray(bundle.array(bundle.card["head"]["bias"]), np.float32)
        calibration = bundle.card["calibration"]
        arrays = {n: bundle.array(calibration["arrays"][n]) for n in ("centre", "whitener", "means")}
        adjustment = calibration.get("logit_adjustment", calibration.get("prior_shift"))
        self._logit_shift = logit_shift(adjustment, self.classes)
        self._foreign = float(calibration.get("foreign_disagreement", math.inf))
        self.look_first = LookFirst.from_card(calibration.get("look_first"))
        measured = calibration.get("measured")
        files = {} if measured is None else {n: bundle.array(f) for n, f in measured["arrays"].items()}
        self._adaptation_methods = AdaptationMethods(
            ClassPrior.from_card(calibration.get("specimen_mix")),
            PropagationSettings.from_card(calibration.get("look_alikes")),
            MorphometryModel.from_card(measured, files, self.classes),
            OpinionPool.from_card(calibration.get("pool")),
        )
        self.uncertainty_model = UncertaintyModel.from_card(calibration, arrays)
        if self.size_px <= 0:
            raise ValueError("a window without a size")
        if self.head_weights.shape != (len(self.classes), len(self.uncertainty_model.centre)):
            raise ValueError("head and embedding do not fit together")
        self.head_bias = self.head_bias + self._logit_shift

    def _check_golden(self) -> float:
        """Go from pixels to calibrated probabilities and uncertainty, and compare with the card."""
        try:
            golden = calibrated_golden(self.bundle, self._session.precision)
        except GoldenMissing as error:
            raise self._refused("It has no golden test of its calibrated probabilities.") from error
        found = self.classify_pictures(golden.pixels, golden.um_per_px)
        offs = (
            difference(found.probabilities, golden.probabilities),
            difference(found.uncertainty, golden.uncertainty),
            # the card's head, which explains and calibrates, is that of the network
            difference(self.classify_embeddings(found.embedding).probabilities, golden.probabilities),
        )
        off = float(np.max(offs))  # keeps NaN, which no tolerance allows
        if not off <= golden.tolerance:
            raise self._refused(
                "Its golden test failed: {name} is off by {off} (allowed: {allowed}).",
                name="probabilities, doubt",
                off=f"{off:.2g}",
                allowed=f"{golden.tolerance:.2g}",
            )
        return off

    def _refused(self, why: str, **params: object) -> BundleRefused:
        return BundleRefused(
            "The model bundle {id} cannot be used on this machine.",
            why,
            "Install the program again, or take the bundle from its source once more.",
            id=self.bundle.id,
            **params,
        )

    def classify_pictures(self, pictures: NDArray[np.uint8], um_per_px: float) -> ClassifierOutput:
        """Classify the cells in the centre of pictures (n, h, w, 3) uint8 RGB at `um_per_px`."""
        height, width = pictures.shape[1:3]
        crops = [
            crop_at_scale(picture, (width / 2, height / 2), um_per_px, self.size_px, self.um_per_px)
            for picture in pictures
        ]
        return self.predict(np.stack(crops))

    @property
    def precision(self) -> str:
        """Which network of the bundle runs: "fp32" or "int8"."""
        return self._session.precision

    @property
    def provider(self) -> str:
        """Execution provider and precision, e.g. "CPUExecutionProvider int8"."""
        return f"{self._session.provider} {self._session.precision}"

    @property
    def precision_reason(self) -> str:
        """Why this network of the bundle was taken."""
        return str(self._session.why)

    @property
    def foreign_disagreement(self) -> float:
        """Mean disagreement over a specimen's cells from which its stain counts as foreign.

        Infinite where the card gives none, and under a profile, which was fitted to the stain.
        """
        return self._foreign if self.profile is None else math.inf

    @property
    def adaptation_methods(self) -> AdaptationMethods:
        """Which methods adapt the cells of a specimen, as card and profile ask for."""
        return self._adaptation_methods if self.profile is None else self._adaptation_methods.under_profile()

    @property
    def threshold(self) -> float:
        """Uncertainty above which a cell is left unidentified."""
        return self.uncertainty_model.threshold if self.profile is None else self.profile.threshold

    @property
    def uses_view_disagreement(self) -> bool:
        """Whether the disagreement of the network's two views adds to the uncertainty."""
        return bool(self._views_output) and self.uncertainty_model.disagreement > 0

    def use_profile(self, profile: Profile | None) -> None:
        """Change to this laboratory's profile, or back to the bundle's own head (None)."""
        if profile is not None and profile.bundle_sha256 != self.bundle.sha256:
            raise BundleRefused(
                "The profile {name} belongs to another model.",
                "It was fitted with the bundle {theirs}; this is {ours}.",
                "Calibrate again with this model, or switch the profile off.",
                name=profile.name,
                theirs=profile.bundle_sha256[:12],
                ours=self.bundle.sha256[:12],
            )
        if profile is not None and profile.weights.shape != self.head_weights.shape:
            raise BundleRefused(
                "The profile {name} is damaged.", "Its head has another shape.", name=profile.name
            )
        self.profile = profile

    def terminate(self) -> None:
        """Make running calls raise Cancelled."""
        self._session.terminate()

    def predict(self, crops: Crops, *, maps: bool = False) -> ClassifierOutput:
        """Classify crops (n, size_px, size_px, 3) uint8 RGB at `um_per_px`; with their feature maps if asked.

        Raises
        ------
        ValueError
            On crops of another shape or type.
        Cancelled
            When :meth:`terminate` was called meanwhile.
        """
        if crops.dtype != np.uint8 or crops.shape[1:] != (self.size_px, self.size_px, 3):
            raise ValueError(f"crops must be uint8 (n, {self.size_px}, {self.size_px}, 3), not {crops.shape}")
        outputs = ["logits", "embedding", *self._views_output, *(["feature_map"] if maps else [])]
        parts = [
            self._session.run(np.ascontiguousarray(crops[i : i + _BATCH]), outputs)
            for i in range(0, max(1, len(crops)), _BATCH)
        ]
        found = {name: np.concatenate([part[name] for part in parts]) for name in outputs}
        logits = np.asarray(found["logits"] + self._logit_shift, np.float32)
        return self.classify_logits(
            logits, found["embedding"], found.get("feature_map"), found.get("disagreement")
        )

    def classify_logits(
        self,
        logits: Floats,
        embedding: Floats,
        feature_map: Floats | None = None,
        disagreement: Floats | None = None,
    ) -> ClassifierOutput:
        """Compute probabilities, uncertainty and abstention from logits and embeddings, without the network.

        Parameters
        ----------
        logits : (n, K) float32
            With the card's shift of the logits.
        embedding : (n, D) float32
        feature_map : (n, D, H, W) float32, optional
            Passed on.
        disagreement : (n,) float32, optional
            Of the network's views, where it is known.
        """
        model = self.uncertainty_model
        distance = model.relative_distance(embedding)
        if self.profile is None:
            probabilities = model.probabilities(logits, distance)
        else:
            distance = np.asarray(distance / self.profile.distance_scale, np.float32)
            logits = self.profile.logits(embedding)
            probabilities = self.profile.probabilities(logits)
        uncertainty = model.uncertainty(probabilities, distance, self._rows, disagreement)
        unlike = distance > model.unlike
        abstained = (uncertainty > self.threshold) & ~self._certain_artefacts(probabilities)
        return ClassifierOutput(
            probabilities,
            logits,
            embedding,
            distance,
            uncertainty,
            abstained,
            unlike,
            feature_map,
            disagreement,
        )

    def classify_embeddings(self, embedding: Floats) -> ClassifierOutput:
        """Classify embeddings (n, D) alone: the logits are linear in them."""
        wide = np.asarray(embedding, np.float32)
        return self.classify_logits(np.asarray(wide @ self.head_weights.T + self.head_bias, np.float32), wide)

    @property
    def leaf_share(self) -> float:
        """Share of the uncertainty that comes from the leaf; the rest comes from the coarse class."""
        return self.uncertainty_model.leaf_share

    @property
    def dimensions(self) -> int:
        """Length of an embedding."""
        return int(self.head_weights.shape[1])

    def whiten(self, embedding: NDArray[np.floating]) -> Floats:
        """Whiten embeddings (n, D) to (n, d), see :meth:`UncertaintyModel.whiten`."""
        # Never all of a hundred thousand in single precision at once.
        parts = [embedding[i : i + _AT_ONCE] for i in range(0, max(1, len(embedding)), _AT_ONCE)]
        return np.concatenate([self.uncertainty_model.whiten(np.asarray(p, np.float32)) for p in parts])

    def _certain_artefacts(self, probabilities: Floats) -> NDArray[np.bool_]:
        """Find cells that are certainly artefacts (n,), so that nobody needs to name them."""
        if ARTEFACT not in self.classes:
            return np.zeros(len(probabilities), np.bool_)
        return np.asarray(probabilities[:, self.classes.index(ARTEFACT)] > CERTAIN_ARTEFACT, np.bool_)

    def explain(self, crops: Crops, codes: Sequence[str], *, enlarged: bool = True) -> Floats:
        """Compute Grad-CAM of a class or roll-up (its leaf `codes`) for each crop.

        Returns (n, size_px, size_px) float32 in 0..1, or (n, H, W) when not `enlarged`. Under a profile it
        explains the profile's head. Codes the model does not know give an empty map.
        """
        found = self.predict(crops, maps=True)
        return self.activation_maps(found, codes, enlarged=enlarged)

    def activation_maps(
        self, found: ClassifierOutput, codes: Sequence[str], *, enlarged: bool = True
    ) -> Floats:
        """Compute Grad-CAM as :meth:`explain` does, from an output with feature maps: no inference."""
        if found.feature_map is None:
            raise ValueError("predict was not asked for maps")
        n, _, height, width = found.feature_map.shape
        leaves = [self.classes.index(c) for c in codes if c in self.classes]
        side = self.size_px if enlarged else 0
        out = np.zeros((n, side or height, side or width), np.float32)
        if not leaves:
            return out
        weights = self.profile.weights if self.profile is not None else self.head_weights
        for i in range(n):
            heat = grad_cam(found.feature_map[i], mixed_weights(weights, found.logits[i], leaves))
            out[i] = enlarge(heat, side) if side else heat
        return out


def logit_shift(card: Mapping[str, float] | None, classes: Sequence[str]) -> Floats:
    """Read what a card's "logit_adjustment" adds to the logits (K,); cards before 3.0 call it "prior_shift".

    Adding the logarithm of a ratio of class frequencies to the logits is the logit adjustment of Menon et al.
    2021, "Long-tail learning via logit adjustment", ICLR; here the values are fitted
    (``scripts/training/prior_shift.py``). 0 for leaves that the card does not name.

    Raises
    ------
    ValueError
        On a leaf that the model does not know, or a shift that is no small number.
    """
    out = np.zeros(len(classes), np.float32)
    for code, value in (card or {}).items():
        if code not in classes or not abs(float(value)) <= 10:
            raise ValueError(f"logit adjustment of {code}")
        out[classes.index(code)] = float(value)
    return out
