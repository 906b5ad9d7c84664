"""The verb `site-check`: analyse a laboratory's images, or read a case, and write what is to be expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui import __version__
from bloodcells_gui.app.batch import CASE_NAME, AnalyzeRequest, analyze_all
from bloodcells_gui.app.calibration_profiles import NO_PROFILE
from bloodcells_gui.app.data_folders import resources_dir
from bloodcells_gui.app.engine import Engine
from bloodcells_gui.app.export import prepare_folder
from bloodcells_gui.app.site_check import check_case
from bloodcells_gui.app.workspace import load_settings
from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.domain.csv_text import csv_dialect
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.review_state import fold, utc_now
from bloodcells_gui.domain.run_messages import remarks_text
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.site_check import SiteCheck
from bloodcells_gui.report.site_check import (
    ListedCell,
    WrittenCheck,
    advice_lines,
    first_summary,
    found_rows,
    found_sentences,
    sentences,
    share_text,
    write_first_cells_csv,
    write_site_check_json,
)
from bloodcells_gui.storage.case import CaseStore

JSON_NAME, CSV_NAME, PDF_NAME = "site_check.json", "site_check.csv", "site_check.pdf"
EXPECTED = N_("Expected: {named} named; of the named {right} right.")
FOUND = N_("{name}: expected {expected}, found {found}: {verdict}.")


@dataclass(frozen=True, slots=True)
class SiteCheckRequest:
    """The arguments of `site-check`."""

    source: Path
    out: Path
    kind: str = "auto"
    mpp: float | None = None
    bundles: tuple[Path, ...] = ()
    one_specimen: bool = False
    threads: int | None = None
    paper: str | None = None
    lang: str = "en"
    csv: str = "rfc4180"


def site_check(
    request: SiteCheckRequest,
    *,
    token: CancelToken,
    progress: Callable[[Progress], None],
    engine: Callable[[], Engine] | None = None,
) -> list[str]:
    """Analyse a folder into `OUT/case.bcs`, or read a case; write json, csv and pdf; returns lines to print.

    Raises
    ------
    UserError
        As `analyze` does; nothing readable (3), bundle refused (4), output not writable (5).
    Cancelled
    """
    prepare_folder(request.out)
    case = request.source
    if not case.is_file() or case.suffix != Path(CASE_NAME).suffix:
        case = _analysed(request, token, progress, engine)
    check = check_case(case, pause=token.check)
    settings = load_settings()
    written = with_cells(case, check, settings)
    write_all(written, request.out, settings, lang=request.lang, paper=request.paper, csv=request.csv)
    return [*lines_of(check, request.lang), f"{request.out / PDF_NAME}"]


def _analysed(
    request: SiteCheckRequest,
    token: CancelToken,
    progress: Callable[[Progress], None],
    engine: Callable[[], Engine] | None,
) -> Path:
    """The case of the normal analysis, without a profile: that would answer another question."""
    asked = AnalyzeRequest(
        (request.source,), request.out, request.kind, request.mpp, bundles=request.bundles,
        profile=NO_PROFILE, one_specimen=request.one_specimen, threads=request.threads, paper=request.paper,
        lang=request.lang, csv=request.csv,
    )  # fmt: skip
    for outcome in analyze_all(asked, token=token, progress=progress, engine=engine):
        if outcome.error is not None:
            raise outcome.error
        if token.cancelled:
            raise Cancelled
        return outcome.out / CASE_NAME
    raise UserError("There is nothing to check.", "No specimen was found.", "Name a folder of images.")


def with_cells(case: Path, check: SiteCheck, settings: LabSettings) -> WrittenCheck:
    """The check with the cells to name first as they are written down."""
    with CaseStore.open(case, read_only=True) as store:
        cells = store.load_cells()
        with store.decoding("events"):
            state = fold(cells, store.events())
        by_id, images = {c.id: c for c in cells}, store.specimen.images
    listed = []
    for first in check.first:
        cell, decision = by_id[first.id], state.decision(first.id)
        image = images[cell.image].name if 0 <= cell.image < len(images) else ""
        listed.append(
            ListedCell(
                cell.id, image, round(cell.box_px.x, 1), round(cell.box_px.y, 1), cell.predicted,
                round(cell.probability, 4), round(cell.uncertainty, 4), str(decision.status), decision.final,
                first.why,
            )
        )  # fmt: skip
    return WrittenCheck(check, tuple(listed), settings.header.laboratory, utc_now(), __version__)


def write_all(
    written: WrittenCheck, out: Path, settings: LabSettings, *, lang: str, paper: str | None, csv: str
) -> list[Path]:
    """Write json, csv and pdf into a folder; OutputNotWritable."""
    # Late: what writes PDF takes a sixth of the window's start to load.
    from bloodcells_gui.report.pdf_site_check import write_site_check_pdf

    fonts = resources_dir() / "fonts"
    return [
        write_site_check_json(out / JSON_NAME, written),
        write_first_cells_csv(out / CSV_NAME, written.cells, csv_dialect(csv, lang)),
        write_site_check_pdf(
            written, out / PDF_NAME, fonts_dir=fonts, paper=paper or settings.paper, lang=lang
        ),
    ]


def lines_of(check: SiteCheck, lang: str) -> list[str]:
    """The result in a few lines."""
    lines = [remarks_text(check.remarks, lang)] if check.remarks else []
    lines += sentences(check, lang)
    if check.named is not None:
        named, right = (share_text(limits, lang) for limits in (check.named, check.right))
        lines.append(tr(EXPECTED, lang, named=named, right=right))
    lines += [f"{wrong} {to_do}" for wrong, to_do in advice_lines(check, lang)]
    lines.append(first_summary(check, lang))
    if check.decided:
        for name, expected, found, said in found_rows(check, lang):
            lines.append(tr(FOUND, lang, name=name, expected=expected, found=found, verdict=said))
        lines += found_sentences(check, lang)
    return lines
