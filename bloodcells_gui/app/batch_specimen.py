"""One specimen of a batch run: its images in, its results out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from bloodcells_gui.app.analysed_images import rebind_images
from bloodcells_gui.app.analysis import AnalysisJob, AnalysisOptions, new_case, run_to_end
from bloodcells_gui.app.batch_inputs import AnalyzeRequest, PlannedJob
from bloodcells_gui.app.batch_outcome import Outcome, outcome_of
from bloodcells_gui.app.batch_red_cells import examine_red_cells, is_examined, namer_for, wanted
from bloodcells_gui.app.continuing import first_target
from bloodcells_gui.app.engine import Engine, LazyEngine
from bloodcells_gui.app.explainer import Explainer
from bloodcells_gui.app.export import ExportOptions, all_skipped, export, prepare_folder
from bloodcells_gui.app.intake import AUTO, Intake, at_scale, nothing_readable, take_in
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain import left_out
from bloodcells_gui.domain.analysis import AnalysisEvent, Progress, RunStatus, SkippedFile, is_incomplete
from bloodcells_gui.domain.analysis import left_out as all_left_out
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, Cancelled, UserError
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.rare_search import RARE_FIELD
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.specimen import SPECIMEN_ID_FIELD
from bloodcells_gui.imaging.io.refusal import out_of_reach
from bloodcells_gui.report import csv_out
from bloodcells_gui.storage.atomic_io import free_path
from bloodcells_gui.storage.case import CaseStore

CASE_NAME = f"case{CASE_SUFFIX}"
COMMAND_LINE = "command line"
_RESULTS = ("cells.csv", "differential.csv", "report.pdf", "skipped.csv")


def _intake_of(planned_job: PlannedJob, request: AnalyzeRequest, token: CancelToken) -> Intake:
    """The images of a job, its folder ready to write; a job without images leaves skipped.csv alone."""
    if planned_job.error is not None:
        raise planned_job.error
    intake = _taken_in(planned_job, request, token.check)
    prepare_folder(planned_job.out)
    if not intake.specimen.images:
        csv_out.write_skipped_csv(
            planned_job.out / "skipped.csv", intake.skipped, request.dialect, request.names
        )
        raise nothing_readable(intake)
    return intake


def _taken_in(
    planned_job: PlannedJob, request: AnalyzeRequest, check: Callable[[], None] | None = None
) -> Intake:
    intake = planned_job.intake or take_in(
        planned_job.path, request.kind, specimen_id=request.specimen_id, lang=request.lang, check=check
    )
    return at_scale(intake, request.mpp) if request.kind == AUTO else intake


def analyze_one(
    planned_job: PlannedJob,
    request: AnalyzeRequest,
    engine: Callable[[], Engine],
    settings: LabSettings,
    token: CancelToken,
    progress: Callable[[Progress], None],
) -> Outcome:
    path, out = planned_job.path, planned_job.out
    namer = namer_for(request, settings)
    intake = _intake_of(planned_job, request, token)
    case, later = _case_to_write(out, intake, token, resume=request.resume)
    options = AnalysisOptions(
        request.mpp,
        first_target(intake.specimen.kind, _target(request)),
        request.threads,
        request.profile,
        count_cut_left_top=settings.count_cut_left_top,
    )
    job = AnalysisJob(case, engine, options, (*intake.skipped, *later))
    token.on_cancel(job.cancel)

    def listen(event: AnalysisEvent) -> None:
        if isinstance(event, Progress):
            progress(event)

    status = run_to_end(job, listen)
    store = CaseStore.open(case)
    session = CaseSession(store, settings=lambda: settings, explainer=Explainer(engine), author=COMMAND_LINE)
    try:
        _set_fields(session, request)
        why_not: tuple[str, ...] = ()
        if namer is not None and status is RunStatus.COMPLETE:
            try:
                examine_red_cells(
                    session, namer, engine, token=token, progress=progress, threads=request.threads
                )
            except Cancelled:
                status = RunStatus.CANCELLED
                session.red_cells.reload()
            except UserError as error:  # the leukocytes have their results all the same
                why_not = (error.text(request.lang),)
        export(
            session,
            out,
            _export_options(request),
        )
        searched = any(run.record.counts.searched_mm2 for run in session.runs)
        nothing = not (session.cells or searched or status is RunStatus.CANCELLED)
        unreadable = nothing and bool(all_skipped(session))
        refused = _all_refused(path) if unreadable else None
        return outcome_of(session, out, status, request, error=refused, red_cells=why_not)
    finally:
        session.close()


def _target(request: AnalyzeRequest) -> int | None:
    """Leukocytes to find: all of them where the whole film is searched, unless a number is asked for."""
    return 0 if request.rare_cells and request.target_cells is None else request.target_cells


def _export_options(request: AnalyzeRequest) -> ExportOptions:
    return ExportOptions(
        request.taxonomy,
        request.paper,
        request.lang,
        request.save_masks,
        csv=request.csv,
        csv_names=request.csv_names,
        red_cells_list=request.save_red_cells,
    )


def _all_refused(path: Path) -> UserError:
    return UserError(
        "No image could be read in {path}.",
        "Every file was left out; skipped.csv names the reasons.",
        "Copy the images again from their source.",
        exit_code=EXIT_NOTHING_READABLE,
        path=path,
    )


def _case_to_write(
    out: Path, intake: Intake, token: CancelToken, *, resume: bool
) -> tuple[Path, list[SkippedFile]]:
    """The case file to analyse into, and images that came after it was begun.

    An earlier case there is never lost: it is kept under its time.
    """
    case = out / CASE_NAME
    if case.exists():
        if resume:
            with CaseStore.open(case) as store:
                rebind_images(store, intake.specimen, token.check)
                known = {ref.name for ref in store.specimen.images}
            new = [ref.name for ref in intake.specimen.images if ref.name not in known]
            return case, [SkippedFile(name, left_out.LATER) for name in new]
        keep_earlier_case(out)
    new_case(case, intake.specimen, case_id=intake.specimen.id).close()
    return case, []


def keep_earlier_case(out: Path) -> None:
    """Put the case in `out` aside under its time, where there is one."""
    case = out / CASE_NAME
    if case.exists():
        stamp = utc_now().replace(":", "").replace("-", "")
        kept = free_path(out, f"case-until-{stamp}", CASE_SUFFIX, number="-{}")
        journal = Path(f"{case}-journal")  # a write that was cut off is undone from it
        if journal.exists():
            journal.rename(f"{kept}-journal")
        case.rename(kept)


def finished_before(
    job: PlannedJob, request: AnalyzeRequest, settings: LabSettings, models: Mapping[str, str]
) -> Outcome | None:
    """What an earlier run came to, where it did all that is asked for now; None where something is missing.

    The images by name, the models, the scale and the number of leukocytes that were asked for must be the
    same. Decisions of a person since then count in what is returned; the results beside the case stay as they
    are.
    """
    case = job.out / CASE_NAME
    if job.error is not None or not all((job.out / name).is_file() for name in (CASE_NAME, *_RESULTS)):
        return None
    try:
        intake = _taken_in(job, request)
        store = CaseStore.open(case, read_only=True)
    except UserError:  # damaged, or out of reach: the run itself says so
        return None
    session = CaseSession(store, settings=lambda: settings, explainer=Explainer(LazyEngine()))
    try:
        if not _did_all(session, intake, request, models):
            return None
        if wanted(request, settings) and not is_examined(session):
            return None
        return outcome_of(session, job.out, RunStatus.COMPLETE, request)
    finally:
        session.close()


def _did_all(
    session: CaseSession, intake: Intake, request: AnalyzeRequest, models: Mapping[str, str]
) -> bool:
    runs, specimen = session.runs, session.specimen
    if not runs or is_incomplete(runs) or dict(runs[-1].bundles) != dict(models):
        return False
    if {image.name for image in specimen.images} != {image.name for image in intake.specimen.images}:
        return False
    if any(out_of_reach(file.reason) for file in all_left_out(runs, specimen)):
        return False
    target = first_target(specimen.kind, _target(request))
    wanted = {
        "mpp": "" if request.mpp is None else repr(request.mpp),
        "target_cells": "" if target is None else str(target),
    }
    return all(runs[-1].parameters.get(name, "") == value for name, value in wanted.items())


def _set_fields(session: CaseSession, request: AnalyzeRequest) -> None:
    number = request.specimen_id.strip()
    if number and number != session.specimen.id:  # a case that goes on
        session.set_field(SPECIMEN_ID_FIELD, number)
    wanted = {
        RARE_FIELD: session.settings.rare_cells.written() if request.rare_cells else "",
        "wbc": "" if request.wbc is None else f"{request.wbc:g}",
        "wbc_corrected": request.wbc_corrected if request.wbc is not None else "",
    }
    for name, value in wanted.items():
        if value and session.state.data.fields.get(name, "") != value:
            session.set_field(name, value)
