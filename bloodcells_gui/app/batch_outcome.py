"""What became of each specimen of a batch run, and the summary over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.app.batch_inputs import AnalyzeRequest
from bloodcells_gui.app.batch_red_cells import told
from bloodcells_gui.app.export import all_skipped
from bloodcells_gui.app.rare_cells import result_of_case
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.analysis import RunStatus, SkippedFile
from bloodcells_gui.domain.csv_text import Field
from bloodcells_gui.domain.differential import Differential, Remark
from bloodcells_gui.domain.errors import EXIT_CANCELLED, EXIT_NOTHING_READABLE, UserError
from bloodcells_gui.domain.i18n import Reason, plural
from bloodcells_gui.domain.left_out import expected
from bloodcells_gui.domain.rare_cells import person_lines, program_lines
from bloodcells_gui.domain.run_messages import without_target
from bloodcells_gui.report import csv_out
from bloodcells_gui.report.anonymous import anonymous_skipped, anonymous_words, pseudonym
from bloodcells_gui.report.xlsx_out import write_summary_xlsx

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
    what a search for rare cells has come to, `red_cells` what their examination has, in words.
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
    red_cells: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """As the contract has it."""
        if self.error is not None:
            return self.error.exit_code
        return _EXIT_CODES.get(self.status, 0)


def outcome_of(
    session: CaseSession,
    out: Path,
    status: RunStatus,
    request: AnalyzeRequest,
    *,
    error: UserError | None = None,
    red_cells: tuple[str, ...] = (),
) -> Outcome:
    """What the case of `session`, with its results in `out`, has come to.

    `error` is why it has no result, `red_cells` why its red cells were not examined.
    """
    skipped = all_skipped(session)
    return Outcome(
        session.specimen.id,
        out,
        status,
        cells=len(session.cells),
        unidentified=session.state.unidentified,
        skipped=len(skipped),
        no_photographs=sum(expected(file.reason) for file in skipped),
        remarks=without_target(session.runs[-1].record.remarks) if session.runs else (),
        error=error,
        differential=session.differential(request.taxonomy),
        pseudonym=pseudonym(session.store.seed()) if session.settings.privacy.anonymised_export else "",
        images=tuple((i.sha256, i.name) for i in session.specimen.images if i.sha256),
        rare=_rare_lines(session, request.lang),
        red_cells=red_cells or told(session, request.lang),
    )


def _rare_lines(session: CaseSession, lang: str) -> tuple[str, ...]:
    result = result_of_case(session)
    return () if result is None else (*person_lines(result, lang), *program_lines(result, lang))


def in_two_specimens(outcomes: Sequence[Outcome]) -> list[Reason]:
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


def write_summary(
    request: AnalyzeRequest,
    outcomes: Sequence[Outcome],
    skipped_files: Sequence[SkippedFile],
    *,
    anonymous: bool,
    several: bool = True,
) -> None:
    """One row a specimen; where exports are anonymised neither it nor its folder is named.

    A shard writes a summary of its own, so that none of the others' is replaced. `skipped_files` are files of
    the inputs that belong to no specimen. Of a single specimen only the workbook is written.
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
    lang = request.names.lang
    skipped = [SkippedFile(o.specimen, words(o.error, lang)) for o in outcomes if o.error is not None]
    skipped += skipped_files
    if anonymous:
        skipped = anonymous_skipped(skipped)
    end = "" if request.shard is None else f"-{request.shard.number}-of-{request.shard.of}"
    if request.xlsx:
        write_summary_xlsx(request.out / f"summary{end}.xlsx", rows, request.names, left_out=skipped)
    if not several:
        return
    csv_out.write_summary_csv(request.out / f"summary{end}.csv", rows, request.dialect, request.names)
    csv_out.write_skipped_csv(request.out / f"skipped{end}.csv", skipped, request.dialect, request.names)
