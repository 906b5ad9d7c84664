"""Folders of crops whose sub-folders name the class: for validation and calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.analysis import cell_work, crops_analysis
from bloodcells_gui.app.engine import Engine, default_threads
from bloodcells_gui.app.intake import take_in
from bloodcells_gui.domain.analysis import CellsFound, Done, Progress, RunStatus, Skipped, SkippedFile
from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, Cancelled, UserError
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.specimen import ImageRef
from bloodcells_gui.domain.taxonomy import leaves_of
from bloodcells_gui.pipeline.crops import CropsOptions


@dataclass(frozen=True, slots=True, eq=False)
class LabelledCells:
    """What the models said about labelled crops; n cells.

    Attributes
    ----------
    names : list of str
        Image paths relative to the folder.
    labels : list of str
        Sub-folder names as found.
    leaves : list of tuple of str
        What each label allows.
    cells : list of Cell
    embeddings : (n, D) float32
    skipped : list of SkippedFile
    """

    names: list[str]
    labels: list[str]
    leaves: list[tuple[str, ...]]
    cells: list[Cell]
    embeddings: NDArray[np.float32]
    skipped: list[SkippedFile]


def label_of(name: str) -> tuple[str, tuple[str, ...]] | None:
    """The innermost folder of a relative path that names a class, with its leaves; None when none does."""
    for part in reversed(Path(name).parts[:-1]):
        try:
            return part, leaves_of(part)
        except KeyError:
            continue
    return None


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

    Each top-level class folder may come from the same microscope, so one scale is settled for all.

    Raises
    ------
    UserError
        When no folder names a class.
    Cancelled
    """
    intake = take_in(folder, "crops", check=token.check)
    chosen: list[tuple[int, ImageRef]] = []
    found: list[tuple[str, tuple[str, ...]]] = []
    skipped = list(intake.skipped)
    for i, ref in enumerate(intake.specimen.images):
        label = label_of(ref.name)
        if label is None:
            skipped.append(SkippedFile(ref.name, "Its folder names no class."))
        else:
            chosen.append((i, ref))
            found.append(label)
    if not chosen:
        raise UserError(
            "There are no labelled crops in {path}.",
            "Crops lie in sub-folders named by class: codes (SNE), names (monocyte) or groups (ig).",
            "Sort the crops into such folders.",
            exit_code=EXIT_NOTHING_READABLE,
            path=folder,
        )
    of_image = {i: k for k, (i, _) in enumerate(chosen)}
    analysis = crops_analysis(
        engine, cell_work(engine), CropsOptions(mpp, threads or default_threads()), token
    )
    cells: list[Cell] = []
    embeddings: list[NDArray[np.float16]] = []
    for event in analysis.events(chosen):
        match event:
            case CellsFound(new, assets):
                cells.extend(new)
                embeddings.extend(a.embedding for a in assets)
            case Skipped(file):
                skipped.append(file)
            case Progress() as state:
                if progress is not None:
                    progress(state)
            case Done(status):
                if status is not RunStatus.COMPLETE:
                    raise Cancelled
            case _:
                pass
    picked: Sequence[int] = [of_image[c.image] for c in cells]
    return LabelledCells(
        [chosen[k][1].name for k in picked],
        [found[k][0] for k in picked],
        [found[k][1] for k in picked],
        cells,
        np.asarray(embeddings, np.float32).reshape(len(cells), -1),
        skipped,
    )
