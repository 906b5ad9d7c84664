"""Folders of crops whose sub-folders name the class: for validation and calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.analysis_wiring import cell_analyzer, crops_analysis
from bloodcells_gui.app.engine import Engine, default_threads
from bloodcells_gui.app.intake import Intake, take_in
from bloodcells_gui.domain.analysis import CellsFound, Done, Progress, RunStatus, Skipped, SkippedFile
from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.class_names import leaves_of
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, Cancelled, UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_messages import scale_remarks
from bloodcells_gui.domain.specimen import ImageRef
from bloodcells_gui.imaging.io.sandbox.images import brightness_of
from bloodcells_gui.pipeline.crops import CropsOptions


@dataclass(frozen=True, slots=True)
class LabelPath:
    """Where a crop's class stands in its path: the data set before it, the folder's name, its leaves."""

    set: str
    name: str
    leaves: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledCells:
    """What the models said about labelled crops; n cells.

    Attributes
    ----------
    names : list of str
        Image paths relative to the folder.
    labels : list of LabelPath
    cells : list of Cell
    embeddings : (n, D) float32
    skipped : list of SkippedFile
    unnamed : dict
        Folder -> number of its images, for folders whose name is no class; they are among `skipped`.
    scale_remarks : tuple of tuple of Remark
        What is to be said of the scale, in English, each once.
    """

    names: list[str]
    labels: list[LabelPath]
    cells: list[Cell]
    embeddings: NDArray[np.float32]
    skipped: list[SkippedFile]
    unnamed: dict[str, int]
    scale_remarks: tuple[tuple[Remark, ...], ...] = ()


def label_of(name: str) -> LabelPath | None:
    """The innermost folder of a relative path that names a class; None when none does."""
    folders = PurePosixPath(name).parts[:-1]
    for k in range(len(folders) - 1, -1, -1):
        try:
            return LabelPath("/".join(folders[:k]), folders[k], leaves_of(folders[k]))
        except KeyError:
            continue
    return None


@dataclass(frozen=True, slots=True)
class _SortedCrops:
    """Crops by data set and label; `sets` holds their numbers among `images`."""

    images: tuple[ImageRef, ...]
    sets: Mapping[str, list[tuple[int, ImageRef]]]
    labels: Mapping[int, LabelPath]
    skipped: list[SkippedFile]
    unnamed: dict[str, int]


def _sort_crops(intake: Intake, folder: Path) -> _SortedCrops:
    sets: dict[str, list[tuple[int, ImageRef]]] = {}
    labels: dict[int, LabelPath] = {}
    skipped = list(intake.skipped)
    unnamed = Counter[str]()
    for i, ref in enumerate(intake.specimen.images):
        label = label_of(ref.name)
        if label is None:
            skipped.append(SkippedFile(ref.name, N_("Its folder names no class.")))
            unnamed[str(PurePosixPath(ref.name).parent)] += 1
        else:
            labels[i] = label
            sets.setdefault(label.set, []).append((i, ref))
    if not labels:
        raise UserError(
            "There are no labelled crops in {path}.",
            "Crops lie in sub-folders named by class: codes (SNE), names (monocyte) or groups (ig)."
            " Found were: {folders}.",
            "Sort the crops into such folders.",
            folders=", ".join(sorted(unnamed)[:8]) or "–",
            exit_code=EXIT_NOTHING_READABLE,
            path=folder,
        )
    return _SortedCrops(intake.specimen.images, sets, labels, skipped, dict(unnamed))


def read_labelled(
    folder: Path,
    engine: Engine,
    *,
    mpp: float | None,
    threads: int | None,
    token: CancelToken,
    progress: Callable[[Progress], None] | None = None,
) -> LabelledCells:
    """Analyse every crop whose folder names a class.

    Folders above the class folders name data sets; each set has one scale of its own.

    Raises
    ------
    UserError
        When no folder names a class.
    Cancelled
    """
    sorted_crops = _sort_crops(take_in(folder, "crops", check=token.check), folder)
    labels, skipped = sorted_crops.labels, sorted_crops.skipped
    cells: list[Cell] = []
    embeddings: list[NDArray[np.float16]] = []
    remarks: dict[tuple[Remark, ...], None] = {}
    before = 0
    for images in sorted_crops.sets.values():
        brightness = brightness_of([ref.path for _, ref in images], check=token.check)
        options = CropsOptions(mpp, threads or default_threads())
        crops = crops_analysis(engine, cell_analyzer(engine), options, token, brightness)
        for event in crops.events(images, earlier=None):
            match event:
                case CellsFound(new, assets):
                    cells.extend(new)
                    embeddings.extend(a.embedding for a in assets)
                case Skipped(file):
                    skipped.append(file)
                case Progress() as state:
                    if progress is not None:
                        progress(replace(state, done=before + state.done, total=len(labels)))
                case Done(status, record):
                    if status is not RunStatus.COMPLETE:
                        raise Cancelled
                    if said := scale_remarks(record.remarks):
                        remarks[said] = None
                case _:
                    pass
        before += len(images)
    found = [labels[c.image] for c in cells]
    return LabelledCells(
        [sorted_crops.images[c.image].name for c in cells],
        found,
        cells,
        np.asarray(embeddings, np.float32).reshape(len(cells), -1),
        skipped,
        sorted_crops.unnamed,
        tuple(remarks),
    )
