"""A site check as JSON, its cells to name first as a table, and its sentences, alike on screen and paper."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bloodcells_gui.domain.csv_text import RFC4180, CsvDialect, Field
from bloodcells_gui.domain.formatting import number, remark_text
from bloodcells_gui.domain.i18n import N_, ngettext, plural, tr
from bloodcells_gui.domain.site_advice import ADVICE, KINDS, advice_on
from bloodcells_gui.domain.site_check import (
    ABOVE,
    AS_EXPECTED,
    BELOW,
    DRAWN,
    DRAWN_CELLS,
    ENOUGH_CELLS,
    FIRST_CELLS,
    SUSPICIOUS,
    TELLING,
    UNKNOWN,
    Found,
    Reading,
    SiteCheck,
    verdict,
)
from bloodcells_gui.domain.site_expectation import Limits
from bloodcells_gui.report.csv_out import atomic_file, write_rows

_ANSWERS = ("named", "probability", "confidence", "certainty", "kept", "change")
FIRST_HEAD = (
    "cell_id", "image", "x_px", "y_px", "predicted", "probability", "uncertainty", "status", "final", "why",
)  # fmt: skip
#: Why a cell is to be named, as a person reads it.
WHY = {
    DRAWN: N_("drawn by chance: these judge"),
    SUSPICIOUS: N_("may be a blast"),
    TELLING: N_("doubtful: these teach most"),
}
VERDICTS = {
    AS_EXPECTED: N_("as expected"),
    BELOW: N_("below what was expected"),
    ABOVE: N_("above what was expected"),
    UNKNOWN: N_("nothing was expected"),
}
FEW_CELLS = plural(
    "{n} cell with a nucleus was found; with {enough} or more the limits are narrower.",
    "{n} cells with a nucleus were found; with {enough} or more the limits are narrower.",
)
WHAT_IT_SAYS = N_(
    "The share named is that of these cells. The share right is the mean probability that the models give "
    "the named; the limits are wide enough for each laboratory that was left out when the models learned."
)
WHAT_IT_DOES_NOT = N_(
    "It counts the five kinds of the five-part differential alone, and says nothing of blasts and other rare "
    "cells, nor of other specimens than these."
)
NAMED_SINCE = plural(
    "{n} of the {total} cells to name first is named.",
    "{n} of the {total} cells to name first are named.",
)
STILL_OPEN = plural(
    "{n} of the cells drawn by chance is not named yet: what became of it is said when all are.",
    "{n} of the cells drawn by chance are not named yet: what became of it is said when all are.",
)
OF_ALL = N_("Every cell was named by a person.")
OF_DRAWN = N_("Counted are the cells drawn by chance; the doubtful ones would make it look worse than it is.")
OTHERS = plural(
    "{n} named cell is of another kind than the five and is not counted here.",
    "{n} named cells are of other kinds than the five and are not counted here.",
)
VALIDATED = N_(
    "On {laboratories} laboratories left out, also in other stain, light, focus and scale ({copies} in all, "
    "{sets} sets of cells), the true share right lay within five points of the expected one in {within} % "
    "of the sets, and within limits learned from the other laboratories in {covered} %."
)


@dataclass(frozen=True, slots=True)
class ListedCell:
    """A cell to name first as it is written down."""

    cell_id: int
    image: str
    x_px: float
    y_px: float
    predicted: str
    probability: float
    uncertainty: float
    status: str
    final: str
    why: str


@dataclass(frozen=True, slots=True)
class WrittenCheck:
    """A site check with what is printed beside it."""

    check: SiteCheck
    cells: tuple[ListedCell, ...] = field(default=())
    laboratory: str = ""
    created: str = ""
    app_version: str = ""


def sentences(check: SiteCheck, lang: str = "en") -> list[str]:
    """What is to be said of the expectation, without its figures."""
    said = [] if check.why_not is None else [check.why_not.text(lang)]
    if check.named is not None and check.answers.cells < ENOUGH_CELLS:
        said.append(tr(FEW_CELLS, lang, n=check.answers.cells, enough=ENOUGH_CELLS))
    return said


def found_sentences(check: SiteCheck, lang: str = "en") -> list[str]:
    """What is to be said of what became of it, without its figures."""
    said = [tr(NAMED_SINCE, lang, n=check.decided, total=len(check.first))]
    if check.found is None:
        return [*said, tr(STILL_OPEN, lang, n=check.drawn_open)] if check.drawn_open else said
    said.append(tr(OF_ALL if check.found.all_cells else OF_DRAWN, lang))
    if check.found.others:
        said.append(tr(OTHERS, lang, n=check.found.others))
    return said


def validation_text(check: SiteCheck, lang: str = "en") -> str:
    """How the expectation did on laboratories left out; "" where none is known."""
    if check.expectation is None:
        return ""
    v = check.expectation.validation
    return tr(
        VALIDATED, lang, laboratories=v.laboratories, copies=v.copies, sets=v.sets,
        within=number(100 * v.within.get("right", math.nan), 0, lang, "–"),
        covered=number(100 * v.covered.get("right", math.nan), 0, lang, "–"),
    )  # fmt: skip


def share_text(limits: Limits | None, lang: str = "en") -> str:
    """ "92 % (85 to 97)"; a dash for None."""
    if limits is None or math.isnan(limits.value):
        return "–"
    value, low, high = (number(100 * x, 0, lang) for x in limits)
    return tr("{value} % ({low} to {high})", lang, value=value, low=low, high=high)


def reading_text(reading: Reading, lang: str = "en") -> tuple[str, str, str]:
    """Name, value with unit, and familiar range of a reading; "" where no range is known."""
    kind = KINDS[reading.code]

    def shown(value: float) -> str:
        return number(value * kind.times, kind.decimals, lang)

    unit = f" {tr(kind.unit, lang)}" if kind.unit else ""
    span = ""
    if reading.familiar is not None:
        span = tr("{low} to {high}", lang, low=shown(reading.familiar[0]), high=shown(reading.familiar[1]))
    return tr(kind.name, lang), shown(reading.value) + unit, span


def advice_lines(check: SiteCheck, lang: str = "en") -> list[tuple[str, str]]:
    """What is wrong with light, stain and scale, and what to do about it."""
    source = "" if check.scale is None else str(check.scale.source)
    codes = advice_on(check.readings, source)
    return [(tr(ADVICE[c].wrong, lang), tr(ADVICE[c].to_do, lang)) for c in codes]


def found_rows(check: SiteCheck, lang: str = "en") -> list[tuple[str, str, str, str]]:
    """Name, expected, found and verdict of both shares; empty while nothing is found."""
    if check.found is None:
        return []
    found: Found = check.found
    rows = (
        (N_("Share named"), check.named, found.named_limits),
        (N_("Right of the named"), check.right, found.right_limits),
    )
    return [
        (tr(name, lang), share_text(e, lang), share_text(f, lang), tr(VERDICTS[verdict(e, f)], lang))
        for name, e, f in rows
    ]


def first_summary(check: SiteCheck, lang: str = "en") -> str:
    """How many cells are to be named first, by reason."""
    n = len(check.first)
    drawn = sum(f.why == DRAWN for f in check.first)
    return ngettext(
        "{n} cell to name first: {drawn} drawn by chance, which judge the expectation, and {others} that "
        "teach most, spread over the kinds.",
        "{n} cells to name first: {drawn} drawn by chance, which judge the expectation, and {others} that "
        "teach most, spread over the kinds.",
        n, lang, drawn=drawn, others=n - drawn,
    )  # fmt: skip


# ---- files


def to_json_obj(written: WrittenCheck) -> dict[str, Any]:
    """The site check as plain JSON values; shares are 0 to 1, what is not known is null."""
    c = written.check
    source = "" if c.scale is None else str(c.scale.source)
    return {
        "schema": 1,
        "app_version": written.app_version,
        "created": written.created,
        "laboratory": written.laboratory,
        "specimen": c.specimen,
        "kind": c.kind,
        "images": c.images,
        "analysed": c.analysed,
        "model": c.model,
        "profile": c.profile,
        "cells": c.answers.cells,
        "answers": {k: _json(getattr(c.answers, k)) for k in _ANSWERS},
        "proposed": dict(sorted(c.proposed.items())),
        "scale": _scale(c),
        "readings": [
            {"code": r.code, "value": _json(r.value), "familiar": r.familiar and list(r.familiar)}
            for r in c.readings
        ],
        "advice": list(advice_on(c.readings, source)),
        "remarks": [remark_text(r) for r in c.remarks],
        "expected": _expected(c),
        "why_not": None if c.why_not is None else c.why_not.text(),
        "validation": _validation(c),
        "first": [_first(cell) for cell in written.cells],
        "decided": c.decided,
        "drawn_open": c.drawn_open,
        "found": _found(c),
        "chain_head": c.chain_head,
        "signatures": [
            {"author": s.author, "time": s.time, "meaning": s.meaning, "report_sha256": s.report_sha256}
            for s in c.signatures
        ],
    }


def _scale(c: SiteCheck) -> dict[str, Any] | None:
    if c.scale is None:
        return None
    return {"mpp": _json(c.scale.mpp), "source": str(c.scale.source), "spread": _json(c.scale.spread)}


def _expected(c: SiteCheck) -> dict[str, Any] | None:
    if c.named is None or c.right is None or c.expectation is None:
        return None
    return {"named": _limits(c.named), "right": _limits(c.right), "level": c.expectation.level}


def _validation(c: SiteCheck) -> dict[str, Any] | None:
    if c.expectation is None:
        return None
    v = c.expectation.validation
    return {
        "laboratories": v.laboratories, "copies": v.copies, "sets": v.sets,
        "within_five_points": dict(v.within), "within_limits": dict(v.covered),
    }  # fmt: skip


def _found(c: SiteCheck) -> dict[str, Any] | None:
    if c.found is None:
        return None
    named, right = c.found.named_limits, c.found.right_limits
    return {
        "cells": c.found.cells, "others": c.found.others, "all_cells": c.found.all_cells,
        "named": {**_limits(named), "n": c.found.named, "verdict": verdict(c.named, named)},
        "right": {**_limits(right), "n": c.found.right, "verdict": verdict(c.right, right)},
    }  # fmt: skip


def _first(cell: ListedCell) -> dict[str, Any]:
    return {name: getattr(cell, name) for name in FIRST_HEAD}


def _json(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), 6)


def _limits(limits: Limits) -> dict[str, float | None]:
    return {"value": _json(limits.value), "low": _json(limits.low), "high": _json(limits.high)}


def json_text(written: WrittenCheck) -> str:
    """The text of `site_check.json`."""
    return json.dumps(to_json_obj(written), indent=2, ensure_ascii=False) + "\n"


def write_site_check_json(path: Path, written: WrittenCheck) -> Path:
    """Atomically; OutputNotWritable when the folder does not allow it."""
    with atomic_file(path) as stream:
        stream.write(json_text(written))
    return path


def write_first_cells_csv(path: Path, cells: Sequence[ListedCell], dialect: CsvDialect = RFC4180) -> Path:
    """The cells to name first, a row each in their order; OutputNotWritable."""
    rows: list[list[Field]] = []
    for cell in cells:
        row: Mapping[str, Any] = _first(cell)
        rows.append([row[name] for name in FIRST_HEAD])
    return write_rows(path, FIRST_HEAD, rows, dialect)


assert FIRST_CELLS > DRAWN_CELLS  # noqa: S101 - some must teach
