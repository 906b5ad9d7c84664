"""Describe a cell in words, from the picture and the measurements that the case keeps."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bloodcells_gui.app.cell_views import decode_jpeg
from bloodcells_gui.app.data_folders import models_dir
from bloodcells_gui.app.engine import Engine
from bloodcells_gui.app.kept_windows import field_of, in_classifier_window
from bloodcells_gui.domain.attributes import Description
from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.inference.attribute_words import MEASURES, AttributeWords, load_words

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession

_log = logging.getLogger(__name__)
#: Beside a classifier's card, and in the program's own models.
FILE, FOLDER = "words.json", "words-1"


def describe_cell(session: CaseSession, cell_id: int) -> Description | None:
    """A cell of a case in words; None where there are none for its class or the classifier. Thread-safe."""
    cell, assets = session.cell(cell_id), session.assets(cell_id)
    known = {name: value for name, value, _ in session.measurements(cell_id)}
    code = session.decision(cell_id).final or cell.predicted
    return session.explainer.describer.describe(code, assets.thumbnail, known, cell.mpp * assets.crop_px[2])


class Describer:
    """Words on demand; loads them on first use. Thread-safe.

    Parameters
    ----------
    engine : callable
        Gives the loaded models; may raise BundleRefused.
    """

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._read_for = ""
        self._words: AttributeWords | None = None

    def describe(
        self, code: str, thumbnail: bytes, measurements: Mapping[str, float], field_um: float = math.nan
    ) -> Description | None:
        """Describe a cell of class `code`; None where there are no words for the class or the classifier.

        Parameters
        ----------
        code : str
            A leaf; the words were taught on some of them alone.
        thumbnail : bytes
            The JPEG that a case keeps.
        measurements : mapping
            By name; what is missing counts as the mean.
        field_um : float
            As in :meth:`~app.explainer.Explainer.explain`.
        """
        engine = self._engine()
        words = self._words_of(engine)
        if words is None or code not in words.taught_on:
            return None
        crop = in_classifier_window(decode_jpeg(thumbnail), engine.classifier, field_of(engine, field_um))
        embedding = engine.classifier.predict(crop[None]).embedding[0]
        return words.describe(embedding, [measurements.get(name, math.nan) for name in MEASURES])

    def _words_of(self, engine: Engine) -> AttributeWords | None:
        bundle = engine.classifier.bundle
        with self._lock:
            if self._read_for != bundle.sha256:
                self._words = None
                for path in (bundle.folder / FILE, models_dir() / FOLDER / FILE):
                    try:
                        self._words = self._words or load_words(path, bundle)
                    except BundleRefused as error:
                        _log.warning("the words of the attributes are refused", exc_info=error)
                self._read_for = bundle.sha256
            return self._words
