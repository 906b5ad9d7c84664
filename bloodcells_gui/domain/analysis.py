"""An analysis run: immutable provenance, and the events it streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bloodcells_gui.domain.cell import Cell, CellAssets
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, Specimen
from bloodcells_gui.domain.zones import TileScanned, ZonesRanked


class RunStatus(StrEnum):
    """How a run ended; what no later run went on to complete is stamped incomplete on every report."""

    RUNNING = N_("running")
    COMPLETE = N_("complete")
    CANCELLED = N_("cancelled")
    FAILED = N_("failed")


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file (or tile) that was not analysed, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class AnalysisRun:
    """Provenance of one run: what was used, on what, with which outcome.

    `classes` names the columns of every cell's `scores`, `measurement_names` those of `measurements`.
    `bundles` maps task ("classify", "segment", "detect") to "id sha256".
    `record` is what it left at its end, empty until then.
    """

    number: int
    started: str
    app_version: str
    classes: tuple[str, ...]
    measurement_names: tuple[str, ...]
    bundles: Mapping[str, str] = field(default_factory=dict)
    provider: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    profile: str = ""
    scale: ScaleEstimate | None = None
    status: RunStatus = RunStatus.RUNNING
    finished: str = ""
    skipped: tuple[SkippedFile, ...] = ()
    record: RunRecord = field(default_factory=RunRecord)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the analysis stands, what earlier runs did counted in; `rate` (per s) is of this run alone.

    `eta_s` is None until a rate is known.
    """

    done: int
    total: int
    unit: str
    cells: int
    rate: float
    eta_s: float | None


@dataclass(frozen=True, slots=True)
class CellsFound:
    """A batch of new cells with their assets, in the same order."""

    cells: tuple[Cell, ...]
    assets: tuple[CellAssets, ...]


@dataclass(frozen=True, slots=True)
class CellsReproposed:
    """Cells found earlier whose proposals the end of a run changed, once the specimen's mix was known."""

    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """One file was left out; the rest goes on."""

    file: SkippedFile


@dataclass(frozen=True, slots=True)
class ScaleKnown:
    """The specimen's scale was settled before the first cell."""

    scale: ScaleEstimate


@dataclass(frozen=True, slots=True)
class ImagesRead:
    """Images whose bytes were read: content hash, size and metadata scale are known now.

    `images` pairs the index within the specimen with the completed reference.
    """

    images: tuple[tuple[int, ImageRef], ...]


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a run, whatever way it ended."""

    status: RunStatus
    record: RunRecord = field(default_factory=RunRecord)


AnalysisEvent = (
    Progress
    | CellsFound
    | CellsReproposed
    | Skipped
    | ScaleKnown
    | ImagesRead
    | ZonesRanked
    | TileScanned
    | Done
)


def left_out(runs: Sequence[AnalysisRun], specimen: Specimen) -> list[SkippedFile]:
    """Files and tiles left out in any run, each once; images that a later run read are left out no more."""
    found = {file.path: file for run in runs for file in run.skipped}
    for image in specimen.images:
        if image.sha256:  # known from the moment when the image was read
            found.pop(image.name, None)
    return list(found.values())


def completed_later(runs: Sequence[AnalysisRun]) -> tuple[int, ...]:
    """Numbers of the runs that did not come to their end, but that a later run went on with to its own.

    A later run goes on with an earlier one where it covers the same zones, or the whole specimen. A run that
    is still going, or that was cut off, completes nothing.

    Parameters
    ----------
    runs : sequence of AnalysisRun
        Of one case, oldest first.
    """
    zones = [run.parameters.get("zones", "") for run in runs]
    complete = [run.status is RunStatus.COMPLETE for run in runs]
    return tuple(
        run.number
        for i, run in enumerate(runs)
        if not complete[i]
        and any(
            done and where in ("", zones[i])
            for done, where in zip(complete[i + 1 :], zones[i + 1 :], strict=True)
        )
    )


def status_word(status: RunStatus) -> str:
    """How a run ended, as a person reads it: an English word for the catalogue."""
    return N_("stopped") if status is RunStatus.CANCELLED else status.value


def is_incomplete(runs: Sequence[AnalysisRun]) -> bool:
    """Whether a run did not come to its end and no later one went on with it to the end."""
    later = completed_later(runs)
    return any(run.status is not RunStatus.COMPLETE and run.number not in later for run in runs)
