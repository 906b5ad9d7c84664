"""The examination of red cells on the command line, after the leukocytes of a specimen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bloodcells_gui import __version__
from bloodcells_gui.app.engine import Engine, load_red_cell_classifier
from bloodcells_gui.app.red_cell_examiner import red_cell_examiner
from bloodcells_gui.app.red_cells import examine
from bloodcells_gui.domain.analysis import Progress, RunStatus
from bloodcells_gui.domain.i18n import N_, ngettext
from bloodcells_gui.domain.progress import CancelToken, RateMeter
from bloodcells_gui.domain.run_messages import remarks_text
from bloodcells_gui.domain.specimen import SpecimenKind

if TYPE_CHECKING:
    from bloodcells_gui.app.batch_inputs import AnalyzeRequest
    from bloodcells_gui.app.session import CaseSession
    from bloodcells_gui.domain.settings import LabSettings
    from bloodcells_gui.inference.red_cell_classifier import RedCellClassifier

_UNIT = N_("red cells")


def wanted(request: AnalyzeRequest, settings: LabSettings) -> bool:
    """Whether red cells are to be examined: the command's word, else the laboratory's setting."""
    if request.save_red_cells:
        return True
    return settings.red_cells if request.red_cells is None else request.red_cells


def namer_for(request: AnalyzeRequest, settings: LabSettings) -> RedCellClassifier | None:
    """The model that names red cells; None where they are not to be examined.

    Raises
    ------
    BundleRefused
        When there is none, or it is damaged.
    """
    return load_red_cell_classifier(request.bundles) if wanted(request, settings) else None


def examine_red_cells(
    session: CaseSession,
    namer: RedCellClassifier,
    engine: Callable[[], Engine],
    *,
    token: CancelToken,
    progress: Callable[[Progress], None],
    threads: int | None = None,
) -> None:
    """Examine the red cells of an analysed case; an examination that was interrupted goes on.

    Raises
    ------
    Cancelled
        When the token asks for it; what is whole is in the case.
    UserError
        Where they cannot be examined (crops, no sure scale, no monolayer), or nothing can be written.
    """
    aim = session.settings.red_cell_count if session.specimen.kind is SpecimenKind.SLIDE else 0
    examiner = red_cell_examiner(session.store, engine(), namer, token=token, aim=aim, threads=threads)
    total = aim or len(examiner.places)
    meter: RateMeter | None = None
    for event in examine(session.store, examiner, app_version=__version__, token=token):
        done = min(event.total, aim) if aim else event.fields
        meter = meter or RateMeter(begun=done)
        rate = meter.update(done)
        left = meter.eta_s(done, total, rate)
        progress(Progress(done, total, _UNIT if aim else "fields", event.total, rate, left))
    session.red_cells.reload()


def told(session: CaseSession, lang: str) -> tuple[str, ...]:
    """What the examination that counts has come to, a line each; empty where there is none."""
    red = session.red_cells
    if red.examination is None:
        return ()
    fields = ngettext("{n} field", "{n} fields", len(red.fields), lang)
    found = ngettext(
        "{n} red cell examined on {fields} (red_cells.csv).",
        "{n} red cells examined on {fields} (red_cells.csv).",
        len(red),
        lang,
        fields=fields,
    )
    said = remarks_text(red.examination.remarks, lang)
    return (found, said) if said else (found,)


def is_examined(session: CaseSession) -> bool:
    """Whether an examination of the case came to its end, or the case shows no field of red cells."""
    if session.specimen.kind not in (SpecimenKind.FIELDS, SpecimenKind.SLIDE):
        return True
    return any(e.status is RunStatus.COMPLETE for e in session.red_cells.examinations)
