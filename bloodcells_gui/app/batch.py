"""The verbs of the command line that analyse, report and verify without a window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.app.analysed_images import rebind_images
from bloodcells_gui.app.analysis import (
    AnalysisJob,
    AnalysisOptions,
    new_case,
    run_to_end,
)
from bloodcells_gui.app.batch_inputs import AnalyzeRequest, PlannedJob, plan_jobs
from bloodcells_gui.app.continuing import first_target
from bloodcells_gui.app.engine import Engine, LazyEngine
from bloodcells_gui.app.explainer import Explainer
from bloodcells_gui.app.export import ExportOptions, all_skipped, export, prepare_folder
from bloodcells_gui.app.intake import AUTO, Intake, at_scale, nothing_readable, take_in
from bloodcells_gui.app.rare_cells import result_of_case
from bloodcells_gui.app.reader_limits import check_case, check_fits, with_reader_limits
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.workspace import load_settings
from bloodcells_gui.domain import left_out
from bloodcells_gui.domain.analysis import AnalysisEvent, Progress, RunStatus, SkippedFile
from bloodcells_gui.domain.csv_text import CsvDialect, Field
from bloodcells_gui.domain.differential import Differential, Remark
from bloodcells_gui.domain.errors import (
    EXIT_CANCELLED,
    EXIT_NOTHING_READABLE,
    Cancelled,
    UserError,
)
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.domain.i18n import N_, Reason, ngettext, plural, tr
from bloodcells_gui.domain.left_out import expected
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.rare_cells import person_lines, program_lines
from bloodcells_gui.domain.rare_search import RARE_FIELD
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.domain.run_messages import without_target
from bloodcells_gui.domain.settings import CODES, LabSettings
from bloodcells_gui.domain.specimen import SPECIMEN_ID_FIELD
from bloodcells_gui.report import csv_out
from bloodcells_gui.report.anonymous import anonymous_skipped, anonymous_words, pseudonym
from bloodcells_gui.report.table_names import TableNames
from bloodcells_gui.storage import audit
from bloodcells_gui.storage.atomic_io import free_path
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.connection import CaseDamaged

__all__ = ["AnalyzeRequest", "Outcome", "analyze_all", "report_again", "verify_case"]

CASE_NAME = f"case{CASE_SUFFIX}"
COMMAND_LINE = "command line"
PROBLEM = N_("problem: {text}")
LOOSE_IMAGES = plural(
    "Not analysed: {n} image that lies beside the folders and so belongs to no specimen (skipped.csv).",
    "Not analysed: {n} images that lie beside the folders and so belong to no specimen (skipped.csv).",
)
GATHERED = N_(
    "Each taken as one specimen, although its images lie in several folders or slides (with their number): "
    "{places}. If these are several specimens, analyse each of them by itself."
)
IN_TWO_SPECIMENS = plural(
    "The same picture lies in two specimens: {first} and {second}.",
    "The same picture lies in two specimens ({n} times): {first} and {second}.",
)
# A run fails when its images are out of reach; what it found until then is kept.
_EXIT_CODES = {RunStatus.CANCELLED: EXIT_CANCELLED, RunStatus.FAILED: EXIT_NOTHING_READABLE}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one specimen; `pseudonym` stands for it where exports are anonymised.

    `skipped` files were left out, `no_photographs` of them as masks, hidden files or the program's
    own. `images` are the SHA-256 and the name of each that was read, `rare`
    what a search for rare cells has come to, in words.
    """

    specimen: str
    out: Path
    status: RunStatus
    cells: int = 0
    unidentified: int = 0
    skipped: int = 0
    no_photographs: int = 0
    remarks: tuple[Remark, ...] = ()
    error: UserError | None = None
    differential: Differential | None = None
    pseudonym: str = ""
    images: tuple[tuple[str, str], ...] = ()
    rare: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """As the contract has it."""
        if self.error is not None:
            return self.error.exit_code
        return _EXIT_CODES.get(self.status, 0)


def analyze_all(
    request: AnalyzeRequest,
    *,
    token: CancelToken,
    progress: Callable[[Progress], None],
    engine: Callable[[], Engine] | None = None,
    remark: Callable[[Reason], None] = lambda _: None,
) -> list[Outcome]:
    """Analyse every input; a failing one does not stop the others. Several get a folder each and summary.csv.

    `engine` gives the loaded models; those of the request's bundles when None. `remark` is told what a person
    should know of the inputs as a whole.

    Raises
    ------
    UserError
        Before any work: output not writable (5), bundle refused (4).
    """
    prepare_folder(request.out)
    plan = plan_jobs(request, token)
    engine = engine or LazyEngine(request.bundles)
    engine()  # a refused bundle is told before any work
    settings = _settings(request, engine)
    outcomes: list[Outcome] = []
    not_begun: list[SkippedFile] = []
    for job in plan.jobs:
        name = job.path.absolute().name
        if token.cancelled:
            not_begun.append(SkippedFile(name, tr(left_out.NOT_BEGUN, request.lang)))
            continue
        try:
            outcomes.append(_analyze_one(job, request, engine, settings, token, progress))
        except UserError as e:
            outcomes.append(Outcome(name, job.out, RunStatus.FAILED, error=e))
        except Cancelled:
            outcomes.append(Outcome(name, job.out, RunStatus.CANCELLED))
    if plan.gathered:
        remark(Reason(GATHERED, (("places", "; ".join(plan.gathered)),)))
    for told in _in_two_specimens(outcomes):
        remark(told)
    if plan.loose:
        remark(Reason(LOOSE_IMAGES, (("n", plan.loose),)))
    if plan.several:
        _write_summary(
            request.out,
            outcomes,
            (*not_begun, *plan.skipped),
            request.dialect,
            request.names,
            anonymous=settings.privacy.anonymised_export,
        )
    return outcomes


def _settings(request: AnalyzeRequest, engine: Callable[[], Engine]) -> LabSettings:
    """Those of the laboratory, with what the command asks for; UserError where that does not fit."""
    if not request.reader_limits:
        return load_settings()
    settings = with_reader_limits(load_settings(), request.reader_limits, engine)
    check_fits(settings, engine(), request.profile)
    return settings


def _in_two_specimens(outcomes: Sequence[Outcome]) -> list[Reason]:
    """What to remark where files of two specimens are the same: one of them may be in the wrong folder."""
    first: dict[str, tuple[int, str]] = {}
    twice: list[tuple[str, str]] = []
    for i, outcome in enumerate(outcomes):
        for sha256, name in outcome.images:
            where = f"{outcome.out.name}/{name}"
            known = first.setdefault(sha256, (i, where))
            if known[0] != i:
                twice.append((known[1], where))
    if not twice:
        return []
    return [Reason(IN_TWO_SPECIMENS, (("n", len(twice)), ("first", twice[0][0]), ("second", twice[0][1])))]


def _intake_of(planned_job: PlannedJob, request: AnalyzeRequest, token: CancelToken) -> Intake:
    """The images of a job, its folder ready to write; a job without images leaves skipped.csv alone."""
    if planned_job.error is not None:
        raise planned_job.error
    intake = planned_job.intake or take_in(
        planned_job.path, request.kind, specimen_id=request.specimen_id, lang=request.lang, check=token.check
    )
    if request.kind == AUTO:
        intake = at_scale(intake, request.mpp)
    prepare_folder(planned_job.out)
    if not intake.specimen.images:
        csv_out.write_skipped_csv(
            planned_job.out / "skipped.csv", intake.skipped, request.dialect, request.names
        )
        raise nothing_readable(intake)
    return intake


def _analyze_one(
    planned_job: PlannedJob,
    request: AnalyzeRequest,
    engine: Callable[[], Engine],
    settings: LabSettings,
    token: CancelToken,
    progress: Callable[[Progress], None],
) -> Outcome:
    path, out = planned_job.path, planned_job.out
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
        export(
            session,
            out,
            _export_options(request),
        )
        skipped = all_skipped(session)
        searched = any(run.record.counts.searched_mm2 for run in session.runs)
        unreadable = bool(skipped) and not (session.cells or searched or status is RunStatus.CANCELLED)
        return Outcome(
            session.specimen.id,
            out,
            status,
            cells=len(session.cells),
            unidentified=session.state.unidentified,
            skipped=len(skipped),
            no_photographs=sum(expected(file.reason) for file in skipped),
            remarks=without_target(session.runs[-1].record.remarks) if session.runs else (),
            error=_all_refused(path) if unreadable else None,
            differential=session.differential(request.taxonomy),
            pseudonym=pseudonym(store.seed()) if settings.privacy.anonymised_export else "",
            images=tuple((i.sha256, i.name) for i in session.specimen.images if i.sha256),
            rare=_rare_lines(session, request.lang),
        )
    finally:
        session.close()


def _target(request: AnalyzeRequest) -> int | None:
    """Leukocytes to find: all of them where the whole film is searched, unless a number is asked for."""
    return 0 if request.rare_cells and request.target_cells is None else request.target_cells


def _rare_lines(session: CaseSession, lang: str) -> tuple[str, ...]:
    result = result_of_case(session)
    return () if result is None else (*person_lines(result, lang), *program_lines(result, lang))


def _export_options(request: AnalyzeRequest) -> ExportOptions:
    return ExportOptions(
        request.taxonomy,
        request.paper,
        request.lang,
        request.save_masks,
        csv=request.csv,
        csv_names=request.csv_names,
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
        stamp = utc_now().replace(":", "").replace("-", "")
        case.rename(free_path(out, f"case-until-{stamp}", CASE_SUFFIX, number="-{}"))
    new_case(case, intake.specimen, case_id=intake.specimen.id).close()
    return case, []


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


def _write_summary(
    out: Path,
    outcomes: Sequence[Outcome],
    skipped_files: Sequence[SkippedFile],
    dialect: CsvDialect,
    names: TableNames,
    *,
    anonymous: bool,
) -> None:
    """One row a specimen; where exports are anonymised neither it nor its folder is named.

    `skipped_files` are files of the inputs that belong to no specimen.
    """
    rows = []
    for o in outcomes:
        if o.differential is not None:
            extras: dict[str, Field] = {
                "status": str(o.status), "cells": o.cells, "skipped_files": o.skipped,
            }  # fmt: skip
            if not anonymous:
                extras["folder"] = o.out.name
            rows.append((o.pseudonym if anonymous else o.specimen, o.differential, extras))
    words = anonymous_words if anonymous else UserError.text
    skipped = [SkippedFile(o.specimen, words(o.error, names.lang)) for o in outcomes if o.error is not None]
    skipped += skipped_files
    if anonymous:
        skipped = anonymous_skipped(skipped)
    csv_out.write_summary_csv(out / "summary.csv", rows, dialect, names)
    csv_out.write_skipped_csv(out / "skipped.csv", skipped, dialect, names)


def report_again(
    case: Path,
    out: Path,
    *,
    taxonomy: str,
    paper: str | None,
    lang: str,
    save_masks: bool,
    csv: str = "rfc4180",
    csv_names: str = CODES,
    reader_limits: str = "",
) -> list[Path]:
    """The reports of a saved case, its review included; the case itself is only read."""
    prepare_folder(out)
    settings = with_reader_limits(load_settings(), reader_limits, LazyEngine())
    store = CaseStore.open(case, read_only=True)
    session = CaseSession(store, settings=lambda: settings, explainer=Explainer(LazyEngine()))
    try:
        if reader_limits:
            check_case(session)
        options = ExportOptions(taxonomy, paper, lang, save_masks, csv=csv, csv_names=csv_names)
        return export(session, out, options)
    finally:
        session.close()


def verify_case(
    case: Path, *, trail: Path | None = None, head: str | None = None, lang: str = "en"
) -> tuple[bool, list[str]]:
    """Whether chain, hashes and signatures of a case hold, with one line a finding.

    `head`, when given, is the chain's hash as a report has it printed; it must be in the chain.
    """
    found = audit.verify(case, head=head)
    checked = tr(
        "{entries}, {events}, {cells}, {signatures}, {images} checked",
        lang,
        entries=ngettext("{n} entry", "{n} entries", found.entries, lang),
        events=ngettext("{n} event", "{n} events", found.events, lang),
        cells=ngettext("{n} cell", "{n} cells", found.cells, lang),
        signatures=ngettext("{n} signature", "{n} signatures", found.signatures, lang),
        images=ngettext("{n} image", "{n} images", found.images, lang),
    )
    lines = [
        tr("ok: {checked}" if found.ok else "NOT OK: {checked}", lang, checked=checked),
        tr("chain head {head}", lang, head=found.head),
    ]
    lines += [tr(PROBLEM, lang, text=p.text(lang)) for p in found.problems]
    lines += [tr("remark: {text}", lang, text=p.text(lang)) for p in found.remarks]
    if trail is not None:
        try:
            written = audit.export_trail(case, trail)
            lines.append(
                ngettext(
                    "audit trail: {n} entry in {path}",
                    "audit trail: {n} entries in {path}",
                    written,
                    lang,
                    path=trail,
                )
            )
        except CaseDamaged as error:  # what was found is told all the same
            lines.append(tr(PROBLEM, lang, text=error.text(lang)))
    return found.ok, lines
