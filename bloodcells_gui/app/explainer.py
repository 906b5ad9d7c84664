"""Explain a classification by a map, from the picture that the case keeps."""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.cell_views import decode_jpeg, decode_mask
from bloodcells_gui.app.describer import Describer
from bloodcells_gui.app.engine import Engine, default_threads
from bloodcells_gui.app.kept_windows import field_of, in_classifier_window
from bloodcells_gui.domain.class_names import leaves_of
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.explanation import Explanation, MapKind
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.taxonomy import BY_CODE, OTHER
from bloodcells_gui.inference.classifier import Classifier
from bloodcells_gui.inference.occlusion import occlusion_map
from bloodcells_gui.pipeline.windows import centred

# Covered crops that are asked about in one call; between calls the work can be cancelled.
_AT_ONCE = 8
# A session computes in one thread, so that cells can be named side by side; a single map has two at work.
_THREADS = 2
_KEPT_MAPS = 64
# Log-odds that have the full colour at least: less is shown paler, so that noise looks like noise.
_FULL_COLOUR = 0.6


class Explainer:
    """Explanation maps on demand; loads the models on first use. Thread-safe; keeps the last few maps.

    Parameters
    ----------
    engine : callable
        Gives the loaded models; may raise BundleRefused, after which nothing can be explained.

    Attributes
    ----------
    describer : Describer
        Describes cells in words with the same models.
    """

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine = engine
        self.describer = Describer(engine)
        self._refused = False
        self._kept: OrderedDict[tuple[object, ...], Explanation] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def available(self) -> bool:
        """Whether the models can be used; asks them to load."""
        if self._refused:
            return False
        try:
            self._engine()
        except UserError:
            self._refused = True
        return not self._refused

    def engine(self) -> Engine:
        """The loaded models; may raise BundleRefused."""
        return self._engine()

    def explain(
        self,
        thumbnail: bytes,
        mask: bytes,
        code: str,
        field_um: float = math.nan,
        kind: MapKind = MapKind.OCCLUSION,
        cancel: CancelToken | None = None,
    ) -> Explanation:
        """Explain leaf or row `code` over the thumbnail's window.

        The classifier sees its own window in the middle of the thumbnail; outside of that the map is 0.

        Parameters
        ----------
        thumbnail, mask : bytes
            The JPEG and the PNG of the same window that a case keeps.
        code : str
        field_um : float
            Side of the window, um; where it is unknown (NaN) that of the models in use.
        kind : MapKind
        cancel : CancelToken, optional
            Ends the work between two calls of the network.

        Raises
        ------
        UserError
            When the classifier knows no leaf of the class, or it cannot be loaded.
        Cancelled
        """
        engine = self._engine()
        pictures = hashlib.sha256(thumbnail + b"|" + mask).digest()
        key = (pictures, code, repr(field_um), kind, engine.classifier, engine.classifier.profile)
        with self._lock:
            known = self._kept.get(key)
        if known is None:
            known = _explained(engine, thumbnail, mask, code, field_um, kind, cancel or CancelToken())
            with self._lock:
                self._kept[key] = known
                while len(self._kept) > _KEPT_MAPS:
                    self._kept.popitem(last=False)
        return known


def _explained(
    engine: Engine,
    thumbnail: bytes,
    mask: bytes,
    code: str,
    field_um: float,
    kind: MapKind,
    cancel: CancelToken,
) -> Explanation:
    classifier = engine.classifier
    leaves = _known_leaves(code, classifier.classes)
    if not leaves or len(leaves) == len(classifier.classes):
        raise UserError(
            "There is no explanation map.",
            "The classifier does not know this class.",
            "Choose one of the classes that it proposes.",
        )
    field_um = field_of(engine, field_um)
    crop = in_classifier_window(decode_jpeg(thumbnail), classifier, field_um)
    side = round(field_um / classifier.um_per_px)

    def over_field(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(centred(values, side), np.float32)

    if kind is MapKind.GRAD_CAM:
        return Explanation(kind, over_field(classifier.explain(crop[None], leaves)[0]))
    cell = np.repeat((decode_mask(mask) > 0).astype(np.uint8)[..., None] * 255, 3, axis=2)
    found = occlusion_map(
        crop,
        in_classifier_window(cell, classifier, field_um)[..., 0] > 127,
        classifier.um_per_px,
        [classifier.classes.index(leaf) for leaf in leaves],
        lambda crops: _logits(classifier, crops, cancel),
    )
    lost, gained = max(0.0, float(found.lost.max())), max(0.0, float(-found.lost.min()))
    values = over_field(found.lost / max(lost, gained, _FULL_COLOUR))
    return Explanation(kind, values, classifier.classes[found.rival], found.log_odds, lost, gained)


def _logits(classifier: Classifier, crops: NDArray[np.uint8], cancel: CancelToken) -> NDArray[np.float32]:
    """Logits (n, K) of crops, of the profile's head where one is in use."""

    def part(start: int) -> NDArray[np.float32]:
        cancel.check()
        return classifier.predict(crops[start : start + _AT_ONCE]).logits

    with ThreadPoolExecutor(min(_THREADS, default_threads())) as threads:
        return np.concatenate(list(threads.map(part, range(0, len(crops), _AT_ONCE))))


def _known_leaves(code: str, classes: Sequence[str]) -> tuple[str, ...]:
    """Leaves of `code` that the network knows; else its coarse row's: a giant platelet is a platelet."""
    leaves = tuple(leaf for leaf in leaves_of(code) if leaf in classes)
    if leaves:
        return leaves
    rows = {BY_CODE[leaf].row for leaf in leaves_of(code)} - {OTHER}
    return tuple(leaf for leaf in classes if BY_CODE[leaf].row in rows)
