"""The loaded models of this program, shared by the window and the command line."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from bloodcells_gui.app.bundle_trial import try_bundle
from bloodcells_gui.app.data_folders import is_bundled, models_dir
from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.inference.bundle import ModelBundle, load_bundle
from bloodcells_gui.inference.classifier import Classifier
from bloodcells_gui.inference.detector import Detector
from bloodcells_gui.inference.red_cell_classifier import TASK as RED_CELLS
from bloodcells_gui.inference.red_cell_classifier import RedCellClassifier
from bloodcells_gui.inference.segmenter import Segmenter
from bloodcells_gui.pipeline.windows import WIDEST

TASKS = ("classify", "segment", "detect")
"""What every analysis takes; a bundle for another task (red cells) is opened by those that ask for it."""
_log = logging.getLogger(__name__)


def default_threads() -> int:
    """Cores this process may use, at most 8: more gains nothing on crops."""
    try:
        n = len(os.sched_getaffinity(0))
    except AttributeError:
        n = os.cpu_count() or 1
    return max(1, min(n, 8))


def find_bundle_dirs(extra: Sequence[Path] = ()) -> list[Path]:
    """Folders that hold a card: the given ones (a bundle or a folder of bundles) before the program's own."""
    found: list[Path] = []
    for base in (*extra, models_dir()):
        if (base / "card.json").is_file():
            found.append(base)
        elif base.is_dir():
            found.extend(sorted(p.parent for p in base.glob("*/card.json")))
        elif base in extra:
            raise BundleRefused(
                "There is no model bundle at {path}.",
                "The folder does not exist or holds no card.json.",
                "Name the folder of a bundle, or leave the option out to use the program's own models.",
                path=base,
            )
    return found


@dataclass(frozen=True)
class Engine:
    """One bundle per task, verified, with sessions for batch work (single-threaded inside)."""

    classifier: Classifier
    segmenter: Segmenter
    detector: Detector | None
    bundles: dict[str, ModelBundle]

    @property
    def provider(self) -> str:
        """Execution provider of the classifier."""
        return self.classifier.provider

    def identities(self) -> dict[str, str]:
        """Task to "id sha256"."""
        return {task: f"{b.id} {b.sha256}" for task, b in self.bundles.items()}

    def terminate(self) -> None:
        """Make running inference raise Cancelled."""
        for part in (self.classifier, self.segmenter, self.detector):
            if part is not None:
                part.terminate()


def select_bundles(extra: Sequence[Path] = ()) -> dict[str, ModelBundle]:
    """The first bundle of each task, in the order of :func:`find_bundle_dirs`.

    Raises
    ------
    BundleRefused
        When a bundle is damaged or tampered with, or a needed task has none.
    """
    chosen = _first_of_each(TASKS, extra)
    for task in ("classify", "segment"):
        if task not in chosen:
            raise _no_model(task)
    return chosen


def _first_of_each(tasks: Sequence[str], extra: Sequence[Path]) -> dict[str, ModelBundle]:
    chosen: dict[str, ModelBundle] = {}
    for folder in find_bundle_dirs(extra):
        bundle = load_bundle(folder)
        if bundle.task not in tasks:
            continue
        if bundle.task not in chosen and not is_bundled(folder):
            try_bundle(folder)  # a stranger's networks, within limits first
        chosen.setdefault(bundle.task, bundle)
        if len(chosen) == len(tasks):
            break
    return chosen


def _no_model(task: str) -> BundleRefused:
    return BundleRefused(
        "There is no model for the task “{task}”.",
        "No bundle in {path} has it.",
        "Install the program again, or name a folder of bundles with --bundle.",
        task=task,
        path=models_dir(),
    )


def load_red_cell_classifier(extra: Sequence[Path] = ()) -> RedCellClassifier:
    """Verify the first bundle that names red cells and open its session (single-threaded inside).

    Raises
    ------
    BundleRefused
        When there is none, or it is damaged or tampered with.
    """
    chosen = _first_of_each((RED_CELLS,), extra)
    if not chosen:
        raise _no_model(RED_CELLS)
    return RedCellClassifier(chosen[RED_CELLS], threads=1)


def _check_windows(classifier: ModelBundle, segmenter: ModelBundle) -> None:
    """Each network has its own window around the cell; windows of quite another size do not go together."""
    ours, theirs = (b.input.size_px * b.input.um_per_px for b in (classifier, segmenter))
    if not ours or not theirs or not 1 / WIDEST < ours / theirs < WIDEST:
        raise BundleRefused(
            "The bundles {classifier} and {segmenter} do not go together.",
            "They look at windows of {ours} and {theirs} micrometres.",
            "Use a classifier and a segmenter made for each other.",
            classifier=classifier.id,
            segmenter=segmenter.id,
            ours=f"{ours:.1f}",
            theirs=f"{theirs:.1f}",
        )


def load_engine(extra: Sequence[Path] = ()) -> Engine:
    """Verify the bundles and open their sessions."""
    # Batches run side by side, one thread each; OpenCV's own pool would compete with them.
    cv2.setNumThreads(1)
    chosen = select_bundles(extra)
    detect = chosen.get("detect")
    _check_windows(chosen["classify"], chosen["segment"])
    return Engine(
        Classifier(chosen["classify"], threads=1),
        Segmenter(chosen["segment"], threads=1),
        Detector(detect, threads=1) if detect else None,
        chosen,
    )


class LazyEngine:
    """Loads the engine once, on first use, whichever thread asks first."""

    def __init__(self, extra: Sequence[Path] = ()) -> None:
        self._extra = tuple(extra)
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    def __call__(self) -> Engine:
        with self._lock:
            if self._engine is None:
                began = time.monotonic()
                self._engine = load_engine(self._extra)
                _log.info("the models are loaded after %.1f s", time.monotonic() - began)
            return self._engine
