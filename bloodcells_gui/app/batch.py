"""The verbs of the command line that analyse, report and verify without a window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from bloodcells_gui.app.batch_inputs import AnalyzeRequest, Plan, PlannedJob, plan_jobs
from bloodcells_gui.app.batch_outcome import Outcome, in_two_specimens, write_summary
from bloodcells_gui.app.batch_red_cells import namer_for
from bloodcells_gui.app.batch_specimen import CASE_NAME, analyze_one, finished_before
from bloodcells_gui.app.cluster import analyze_on_cluster
from bloodcells_gui.app.engine import Engine, LazyEngine
from bloodcells_gui.app.explainer import Explainer
from bloodcells_gui.app.export import ExportOptions, export, prepare_folder
from bloodcells_gui.app.lab_heads import seen_by_stations
from bloodcells_gui.app.reader_limits import check_case, check_fits, with_reader_limits
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.workspace import load_settings
from bloodcells_gui.domain import left_out
from bloodcells_gui.domain.analysis import Progress, RunStatus, SkippedFile
from bloodcells_gui.domain.errors import (
    Cancelled,
    UserError,
)
from bloodcells_gui.domain.i18n import N_, Reason, ngettext, plural, tr
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.settings import CODES, LabSettings
from bloodcells_gui.storage import audit
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.connection import CaseDamaged

__all__ = ["CASE_NAME", "AnalyzeRequest", "Outcome", "analyze_all", "report_again", "verify_case"]

PROBLEM = N_("problem: {text}")
LOOSE_IMAGES = plural(
    "Not analysed: {n} image that lies beside the folders and so belongs to no specimen (skipped.csv).",
    "Not analysed: {n} images that lie beside the folders and so belong to no specimen (skipped.csv).",
)
GATHERED = N_(
    "Each taken as one specimen, although its images lie in several folders or slides (with their number): "
    "{places}. If these are several specimens, analyse each of them by itself."
)


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
    namer_for(request, settings)
    models = engine().identities()
    ended = _finished_before(plan, request, settings, models)
    open_jobs = {n: job for n, job in enumerate(plan.jobs) if n not in ended}
    if request.cluster is None:
        ended |= _one_after_another(open_jobs, request, engine, settings, token, progress)
    elif open_jobs:
        ended |= analyze_on_cluster(open_jobs, request, models, settings, token=token, progress=progress)
    outcomes = [ended[number] for number in sorted(ended)]
    not_begun = [
        SkippedFile(job.path.absolute().name, tr(left_out.NOT_BEGUN, request.lang))
        for number, job in open_jobs.items()
        if number not in ended
    ]
    if plan.gathered:
        remark(Reason(GATHERED, (("places", "; ".join(plan.gathered)),)))
    for told in in_two_specimens(outcomes):
        remark(told)
    if plan.loose:
        remark(Reason(LOOSE_IMAGES, (("n", plan.loose),)))
    if plan.several or request.xlsx:
        skipped = (*not_begun, *plan.skipped) if plan.several else ()
        anonymous = settings.privacy.anonymised_export
        write_summary(request, outcomes, skipped, anonymous=anonymous, several=plan.several)
    return outcomes


def _finished_before(
    plan: Plan, request: AnalyzeRequest, settings: LabSettings, models: Mapping[str, str]
) -> dict[int, Outcome]:
    """What earlier runs did of several specimens, by its number in the plan: it is not done again."""
    if not (request.resume and plan.several):
        return {}
    found = {n: finished_before(job, request, settings, models) for n, job in enumerate(plan.jobs)}
    return {n: outcome for n, outcome in found.items() if outcome is not None}


def _one_after_another(
    jobs: Mapping[int, PlannedJob],
    request: AnalyzeRequest,
    engine: Callable[[], Engine],
    settings: LabSettings,
    token: CancelToken,
    progress: Callable[[Progress], None],
) -> dict[int, Outcome]:
    """Analyse in this process; what was not begun before `token` was cancelled is missing in the result."""
    outcomes: dict[int, Outcome] = {}
    for number, job in jobs.items():
        if token.cancelled:
            break
        name = job.path.absolute().name
        try:
            outcomes[number] = analyze_one(job, request, engine, settings, token, progress)
        except UserError as e:
            outcomes[number] = Outcome(name, job.out, RunStatus.FAILED, error=e)
        except Cancelled:
            outcomes[number] = Outcome(name, job.out, RunStatus.CANCELLED)
    return outcomes


def _settings(request: AnalyzeRequest, engine: Callable[[], Engine]) -> LabSettings:
    """Those of the laboratory, with what the command asks for; UserError where that does not fit."""
    if not request.reader_limits:
        return load_settings()
    settings = with_reader_limits(load_settings(), request.reader_limits, engine)
    check_fits(settings, engine(), request.profile)
    return settings


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
    found = audit.verify(case, head=head, by_stations=seen_by_stations)
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
