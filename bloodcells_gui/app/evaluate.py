"""Evaluate the models on a laboratory's own labelled crops, as JSON, CSV and PDF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui import __version__
from bloodcells_gui.adaptation.prior_shift import PriorShift
from bloodcells_gui.adaptation.reproposal import HELD_BACK, adapt_cells
from bloodcells_gui.app.calibration_profiles import apply_profile
from bloodcells_gui.app.data_folders import resources_dir
from bloodcells_gui.app.engine import Engine, LazyEngine
from bloodcells_gui.app.export import prepare_folder
from bloodcells_gui.app.labelled_folders import LabelledCells, read_labelled
from bloodcells_gui.app.specimen_adaptation import adapt_specimen, select_measurements
from bloodcells_gui.domain.analysis import Progress, SkippedFile
from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.csv_text import csv_dialect
from bloodcells_gui.domain.formatting import number, unnamed_text
from bloodcells_gui.domain.i18n import plural, tr
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.domain.run_messages import remarks_text
from bloodcells_gui.inference.label_check import check_labels
from bloodcells_gui.report import csv_out, evaluation
from bloodcells_gui.report.adaptation_text import adaptation_text
from bloodcells_gui.report.pdf_evaluation import write_evaluation_pdf

SUMMARY = plural(
    "{n} cell, roll-up {rollup}: accuracy {accuracy} % ({low} to {high}), balanced {balanced} %, ECE {ece} %",
    "{n} cells, roll-up {rollup}: accuracy {accuracy} % ({low} to {high}), balanced {balanced} %, "
    "ECE {ece} %",
)
OTHERS = plural(
    "{n} unidentified; accuracy of the others {accuracy} %",
    "{n} unidentified; accuracy of the others {accuracy} %",
)
CONTRADICTED = plural(
    "{n} label is contradicted by the other cells, look at it: {path}",
    "{n} labels are contradicted by the other cells, look at them: {path}",
)


@dataclass(frozen=True, slots=True)
class EvaluateRequest:
    """The arguments of `evaluate`."""

    directory: Path
    out: Path
    mpp: float | None = None
    bundles: tuple[Path, ...] = ()
    profile: str = ""
    threads: int | None = None
    paper: str = "a4"
    lang: str = "en"
    csv: str = "rfc4180"


def evaluate_folder(
    request: EvaluateRequest,
    *,
    token: CancelToken,
    progress: Callable[[Progress], None],
    engine: Callable[[], Engine] | None = None,
) -> list[str]:
    """Write evaluation.json, .csv and .pdf, contradicted.csv and skipped.csv; returns a few lines to print.

    Raises
    ------
    UserError
        Output not writable (5), bundle refused (4), nothing labelled (3).
    Cancelled
    """
    prepare_folder(request.out)
    loaded = (engine or LazyEngine(request.bundles))()
    profile = apply_profile(loaded, request.profile)
    token.on_cancel(loaded.terminate)
    found = read_labelled(
        request.directory, loaded, mpp=request.mpp, threads=request.threads, token=token, progress=progress
    )
    classes = loaded.classifier.classes
    cells, prior_shift = _adapted(found, loaded)
    result = evaluation.evaluate(
        [label.leaves for label in found.labels],
        _scores(cells),
        classes,
        abstained=np.asarray([c.abstained for c in cells], bool),
        sets=[label.set or request.directory.name for label in found.labels],
        label_names=[label.name for label in found.labels],
        models=loaded.identities(),
        profile=profile,
        prior_shift=prior_shift,
        app_version=__version__,
        created=utc_now(),
        skipped=len(found.skipped),
        unnamed=found.unnamed,
        scale_remarks=found.scale_remarks,
    )
    _write(request, result, found.skipped)
    return [*_summary(request, result, found, prior_shift), *_contradicted(request, found)]


def _contradicted(request: EvaluateRequest, found: LabelledCells) -> list[str]:
    """Write which labels the other cells contradict, the most strongly first; a line where there are any."""
    check = check_labels(found.embeddings, [label.name for label in found.labels], found.names)
    rows = check.rows().tolist()
    told = (
        (
            found.names[i],
            found.labels[i].name,
            check.classes[check.named[i]],
            float(check.own[i]),
            float(check.other[i]),
        )
        for i in rows
    )
    path = request.out / "contradicted.csv"
    csv_out.write_contradicted_csv(path, told, csv_dialect(request.csv, request.lang))
    return [tr(CONTRADICTED, request.lang, n=len(rows), path=path)] if rows else []


def _adapted(found: LabelledCells, engine: Engine) -> tuple[list[Cell], PriorShift | None]:
    """Adapt the cells to the folder as one specimen; return them with the prior shift used."""
    classifier, cells = engine.classifier, found.cells
    held_back = np.array([not HELD_BACK.isdisjoint(c.flags) for c in cells], np.bool_)
    measured = select_measurements(np.array([c.measurements for c in cells], np.float32))
    whole = adapt_specimen(_scores(cells), found.embeddings, measured, held_back, classifier)
    if whole is None:
        return cells, None
    prior_shift, posteriors = whole
    return adapt_cells(cells, classifier.classes, prior_shift, posteriors), prior_shift


def _write(request: EvaluateRequest, result: evaluation.Evaluation, skipped: Sequence[SkippedFile]) -> None:
    out, dialect = request.out, csv_dialect(request.csv, request.lang)
    evaluation.write_evaluation_json(out / "evaluation.json", result)
    evaluation.write_evaluation_csv(out / "evaluation.csv", result, dialect)
    write_evaluation_pdf(
        result,
        out / "evaluation.pdf",
        fonts_dir=resources_dir() / "fonts",
        paper=request.paper,
        lang=request.lang,
    )
    csv_out.write_skipped_csv(out / "skipped.csv", skipped, dialect)


def _summary(
    request: EvaluateRequest,
    result: evaluation.Evaluation,
    found: LabelledCells,
    prior_shift: PriorShift | None,
) -> list[str]:
    """The lines to print."""

    def percent(share: float) -> str:
        return number(100 * share, 2, request.lang)

    lines = [remarks_text(remarks, request.lang) for remarks in found.scale_remarks]
    if found.unnamed:
        lines.append(unnamed_text(result.n, found.unnamed, request.lang))
    accuracy = result.accuracy
    lines.append(
        tr(
            SUMMARY,
            request.lang,
            n=result.n,
            rollup=result.rollup,
            accuracy=percent(accuracy.value),
            low=percent(accuracy.low95),
            high=percent(accuracy.high95),
            balanced=percent(result.balanced_accuracy),
            ece=percent(result.ece),
        )
    )
    if prior_shift is not None:
        lines.append(adaptation_text(prior_shift, request.lang))
    lines.append(tr(OTHERS, request.lang, n=result.abstained, accuracy=percent(result.accuracy_kept.value)))
    lines.append(f"{request.out / 'evaluation.pdf'}")
    return lines


def _scores(cells: list[Cell]) -> NDArray[np.float32]:
    return np.asarray([c.scores for c in cells], np.float32)
