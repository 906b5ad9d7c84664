"""The site check of the open case for a window: read in the background, told in words, written on wish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.app.data_folders import resources_dir
from bloodcells_gui.app.site_check import check_case
from bloodcells_gui.app.site_check_files import with_cells
from bloodcells_gui.app.site_check_store import expectation_for
from bloodcells_gui.domain.csv_text import csv_dialect
from bloodcells_gui.domain.formatting import number
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_messages import remarks_text
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.site_expectation import Expectation
from bloodcells_gui.report.site_check import (
    WHAT_IT_DOES_NOT,
    WHAT_IT_SAYS,
    WrittenCheck,
    advice_lines,
    first_summary,
    found_rows,
    found_sentences,
    reading_text,
    sentences,
    share_text,
    validation_text,
    write_first_cells_csv,
)


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """A figure of light, stain or scale in words; `odd` where it is unlike known laboratories."""

    name: str
    value: str
    familiar: str
    odd: bool = False


@dataclass(frozen=True, slots=True)
class SiteCheckView:
    """A site check in the words of one language.

    Attributes
    ----------
    named, right : str
        Expected shares with limits; a dash where nothing is expected.
    warnings : tuple of str
        Why nothing is expected, or why the limits are wide.
    notes : tuple of str
        What the figures say and do not say.
    readings : tuple of ReadingLine
    advice : tuple of str
        What looks wrong and what to do about it.
    remarks : str
        What the analysis itself said.
    first : str
        Which cells to name first.
    first_ids : tuple of int
    found : tuple of (str, str, str, str)
        Share, expected, found, verdict; empty until the drawn cells are named.
    found_notes : tuple of str
    written : WrittenCheck
        For the files.
    """

    named: str
    right: str
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    readings: tuple[ReadingLine, ...]
    advice: tuple[str, ...]
    remarks: str
    first: str
    first_ids: tuple[int, ...]
    found: tuple[tuple[str, str, str, str], ...]
    found_notes: tuple[str, ...]
    written: WrittenCheck


class SiteChecks:
    """Checks one case; everything here may run in a worker thread.

    Parameters
    ----------
    case : Path
    settings : callable
        The laboratory's settings of the moment.
    expectation : callable
        Gives the expectation for a classifier's SHA-256.
    """

    def __init__(
        self,
        case: Path,
        settings: Callable[[], LabSettings],
        expectation: Callable[[str], Expectation | None] = expectation_for,
    ) -> None:
        self._case = case
        self._settings = settings
        self._expectation = expectation

    def read(self, lang: str, token: CancelToken) -> SiteCheckView:
        """Read the case as it is now; UserError, Cancelled."""
        check = check_case(self._case, expectation=self._expectation, pause=token.check)
        return view_of(with_cells(self._case, check, self._settings()), lang)

    def write_csv(self, view: SiteCheckView, target: Path, lang: str) -> None:
        """The cells to name first as a table; OutputNotWritable."""
        write_first_cells_csv(target, view.written.cells, csv_dialect(self._settings().csv, lang))

    def write_pdf(self, view: SiteCheckView, target: Path, lang: str) -> None:
        """The page to sign; OutputNotWritable."""
        # Late: what writes PDF takes a sixth of the window's start to load.
        from bloodcells_gui.report.pdf_site_check import write_site_check_pdf

        fonts, paper = resources_dir() / "fonts", self._settings().paper
        write_site_check_pdf(view.written, target, fonts_dir=fonts, paper=paper, lang=lang)


def view_of(written: WrittenCheck, lang: str) -> SiteCheckView:
    """A site check in words."""
    check = written.check
    readings = [ReadingLine(*reading_text(r, lang), odd=r.odd != 0) for r in check.readings]
    if check.scale is not None and check.scale.mpp:
        mpp = f"{number(check.scale.mpp, 3, lang)} µm/px"
        source = tr(str(check.scale.source), lang)
        readings.insert(0, ReadingLine(tr(N_("Scale"), lang), f"{mpp} ({source})", ""))
    notes = (tr(WHAT_IT_SAYS, lang), tr(WHAT_IT_DOES_NOT, lang), validation_text(check, lang))
    return SiteCheckView(
        share_text(check.named, lang),
        share_text(check.right, lang),
        tuple(sentences(check, lang)),
        tuple(note for note in notes if note),
        tuple(readings),
        tuple(f"{wrong} {to_do}" for wrong, to_do in advice_lines(check, lang)),
        remarks_text(check.remarks, lang) if check.remarks else "",
        first_summary(check, lang),
        tuple(f.id for f in check.first),
        tuple(found_rows(check, lang)),
        tuple(found_sentences(check, lang)) if check.decided else (),
        written,
    )
