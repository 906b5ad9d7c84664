"""Decide which specimens the inputs of the command line are, before any work."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bloodcells_gui.app.export import safe_folder_name
from bloodcells_gui.app.intake import Intake, nothing_readable, parts_of, several_places, take_in
from bloodcells_gui.domain import left_out
from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.csv_text import CsvDialect, csv_dialect
from bloodcells_gui.domain.distribution import Cluster, Shard
from bloodcells_gui.domain.errors import EXIT_USAGE, UserError
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.settings import CODES
from bloodcells_gui.report.table_names import TableNames, table_names

# Files that stand in DIR beside the folders of several specimens.
_RESERVED = ("summary.csv", "summary.xlsx", "skipped.csv")


@dataclass(frozen=True, slots=True)
class AnalyzeRequest:
    """The arguments of `analyze`; with a `shard` it is about that part of the specimens alone.

    `red_cells` says whether they are examined; None leaves it to the laboratory's setting.
    """

    inputs: tuple[Path, ...]
    out: Path
    kind: str = "auto"
    mpp: float | None = None
    target_cells: int | None = None
    taxonomy: str = "full"
    wbc: float | None = None
    wbc_corrected: str = "unknown"
    specimen_id: str = ""
    bundles: tuple[Path, ...] = ()
    profile: str = ""
    save_masks: bool = False
    resume: bool = False
    one_specimen: bool = False
    each_folder: bool = False
    threads: int | None = None
    paper: str | None = None
    lang: str = "en"
    csv: str = "rfc4180"
    csv_names: str = CODES
    xlsx: bool = False
    reader_limits: str = ""
    rare_cells: bool = False
    red_cells: bool | None = None
    save_red_cells: bool = False
    shard: Shard | None = None
    cluster: Cluster | None = None

    @property
    def names(self) -> TableNames:
        """How its tables name columns and classes."""
        return table_names(self.csv_names, self.lang)

    @property
    def dialect(self) -> CsvDialect:
        """How its tables are written."""
        return csv_dialect(self.csv, self.lang)


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """One specimen to analyse: where its images are and where its results go.

    `intake` is None where the folder is looked at when its turn comes; `error` is why it cannot be analysed.
    """

    path: Path
    out: Path
    intake: Intake | None = None
    error: UserError | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The specimens of a request.

    Attributes
    ----------
    jobs : tuple of PlannedJob
    several : bool
        Each has a folder of its own in DIR, beside a summary of all.
    skipped : tuple of SkippedFile
        Files of the inputs that belong to no specimen.
    loose : int
        How many of them are images.
    gathered : tuple of str
        First folders whose images lie in several places, as in :class:`~bloodcells_gui.app.intake.Parts`.
    """

    jobs: tuple[PlannedJob, ...]
    several: bool
    skipped: tuple[SkippedFile, ...] = ()
    loose: int = 0
    gathered: tuple[str, ...] = ()


def plan_jobs(request: AnalyzeRequest, token: CancelToken) -> Plan:
    """What is to be analysed into which folder.

    Raises
    ------
    UserError
        With the exit code of wrong usage: an input named twice or inside another, images in several places
        of which nobody said whether they are one specimen, or details of one specimen given for several.
    """
    _refuse_overlaps(request.inputs)
    several = len(request.inputs) > 1
    jobs: list[PlannedJob] = []
    skipped: list[SkippedFile] = []
    gathered: list[str] = []
    taken: list[str] = list(_RESERVED)
    ours = _inputs_of_the_shard(request)
    for number, path in enumerate(request.inputs):
        out = request.out
        if several:
            taken.append(_folder_name(path, taken))
            out = request.out / taken[-1]
        if number not in ours:
            continue
        try:
            intake = take_in(
                path, request.kind, specimen_id=request.specimen_id, lang=request.lang, check=token.check
            )
        except UserError as error:
            jobs.append(PlannedJob(path, out, error=error))
            continue
        if not request.each_folder or not path.is_dir() or _is_one_place(intake):
            if intake.in_question and not request.one_specimen:
                raise several_places(intake)
            jobs.append(PlannedJob(path, out, intake))
            continue
        within = _each_folder(intake, path, out, request.lang)
        prefix = f"{taken[-1]}/" if several else ""
        jobs += within.jobs
        skipped += [SkippedFile(prefix + file.path, file.reason) for file in within.skipped]
        gathered += [prefix + name for name in within.gathered]
    if len(jobs) > 1 or several:
        _reject_patient_options_for_many(request, max(len(jobs), len(request.inputs)))
    loose = tr(left_out.LOOSE, request.lang)
    images = sum(file.reason == loose for file in skipped)
    several = several or request.each_folder
    plan = Plan(tuple(jobs), several, tuple(skipped), images, tuple(gathered))
    return _shard_of(plan, request.shard) if request.shard is not None and request.each_folder else plan


def _shard_of(plan: Plan, shard: Shard) -> Plan:
    """The part of `plan` that is `shard`; what belongs to no specimen is said by the first one."""
    if shard.number == 1:
        return replace(plan, jobs=shard.share(plan.jobs))
    return Plan(shard.share(plan.jobs), plan.several)


def _inputs_of_the_shard(request: AnalyzeRequest) -> frozenset[int]:
    """Numbers of the inputs to look at: where each is one specimen, the other shards' are left alone."""
    numbers = range(len(request.inputs))
    if request.shard is None or request.each_folder:
        return frozenset(numbers)
    return frozenset(request.shard.share(numbers))


def _each_folder(intake: Intake, path: Path, out: Path, lang: str) -> Plan:
    """The specimens of one input that holds a specimen in each of its first folders."""
    parts = parts_of(intake, lang)
    jobs = [] if parts.paths else [PlannedJob(path, out, error=nothing_readable(intake))]
    names: list[str] = list(_RESERVED)
    for part in parts.paths:
        names.append(_folder_name(part, names))
        jobs.append(PlannedJob(part, out / names[-1]))
    return Plan(tuple(jobs), True, parts.skipped, gathered=parts.gathered)


def _is_one_place(intake: Intake) -> bool:
    """Whether all images lie directly in the input, so that there are no folders to tell apart."""
    return [place.name for place in intake.places] == ["."]


def _folder_name(path: Path, taken: Sequence[str]) -> str:
    # Some file systems hold one name in two spellings for the same.
    return safe_folder_name(unicodedata.normalize("NFC", path.absolute().name), taken)


def _refuse_overlaps(inputs: Sequence[Path]) -> None:
    """An input that is named twice, or lies in another, would be counted twice."""
    real = [Path(os.path.realpath(path)) for path in inputs]
    for i, first in enumerate(real):
        for j in range(i + 1, len(real)):
            if first.is_relative_to(real[j]) or real[j].is_relative_to(first):
                raise UserError(
                    "{first} and {second} hold the same images.",
                    "They would be counted twice.",
                    "Name every folder or file once.",
                    exit_code=EXIT_USAGE,
                    first=inputs[i],
                    second=inputs[j],
                )


def _reject_patient_options_for_many(request: AnalyzeRequest, count: int) -> None:
    """A specimen number or a white cell count belongs to one person."""
    given = {"--specimen-id": bool(request.specimen_id.strip()), "--wbc": request.wbc is not None}
    for option in (name for name, is_given in given.items() if is_given):
        raise UserError(
            "{option} describes one specimen, and there are {n}.",
            "",
            "Leave it out, or analyse the specimens one by one.",
            exit_code=EXIT_USAGE,
            option=option,
            n=count,
        )
