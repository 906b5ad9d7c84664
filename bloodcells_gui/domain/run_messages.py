"""Remarks on a run: English templates with their values, kept in the case, shown in the person's language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from string import Formatter
from typing import Protocol

from bloodcells_gui.domain import scale_messages
from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.domain.i18n import N_, plural
from bloodcells_gui.domain.image_messages import IMAGE_NOTICES, IMAGE_WARNINGS
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.specimen import ASKS_FOR_SCALE, ScaleEstimate, ScaleSource

LOST = N_("The images could not be read any more; what was found until then is kept.")
REACHED = plural(
    "{found} leukocyte found: the target of {target} is reached.",
    "{found} leukocytes found: the target of {target} is reached.",
    "found",
)
NOT_REACHED = plural(
    "{found} leukocyte found: the target of {target} was not reached, so the limits are wider.",
    "{found} leukocytes found: the target of {target} was not reached, so the limits are wider.",
    "found",
)
UNFOCUSED = N_("Most of the smear is out of focus: check every cell, or scan the slide again.")
LYING_LEVELS = N_("Lower resolutions in the file show something else than the full one and were not used.")
#: Where nothing is known of the reason; of earlier versions for every reason at once.
POOR_ZONES = N_("Many of the cells lie in zones that are too thick, too thin or out of focus.")
POOR_ZONES_BY = N_("Many of the cells lie in zones that are hard to read; most often: {reason}.")
CONTRADICTION = N_(
    "The positions in the file names contradict the images; every field was counted by itself, so cells in "
    "overlaps may count twice."
)
FOREIGN = N_(
    "The stain, light or camera is unlike what the models were trained on, so more proposals will be wrong: "
    "review every cell, and calibrate to this laboratory."
)
UNFAMILIAR = N_(
    "The specimen looks unlike the laboratories that the models learned from: review every cell, and "
    "calibrate to this laboratory with 100 cells. Taken together, its cells changed their proposals by "
    "{n_change} % (in familiar ones by {n_limit} % at most): more are wrong, and fewer cells are named."
)
DRAWN = N_(
    "These cells are drawn and look unlike the photographs that the models were trained on: how well they "
    "are named here says nothing of a real smear."
)
TOO_FEW = plural(
    "Only {n} cell with a nucleus was judged: too few to tell whether the specimen looks like those that "
    "the models learned from ({least} are needed). Look at every cell.",
    "Only {n} cells with a nucleus were judged: too few to tell whether the specimen looks like those that "
    "the models learned from ({least} are needed). Look at every cell.",
)
COUNTED_ONCE = plural(
    "{n} file shows a picture that another file shows too; each picture was counted once.",
    "{n} files show a picture that another file shows too; each picture was counted once.",
)
ALIKE = plural(
    "{n} image looks like another image of a similar name (an overlay, a reduced copy?) and counts as well: "
    "look at it.",
    "{n} images look like another image of a similar name (an overlay, a reduced copy?) and count as well: "
    "look at them.",
)
RECOVERED = N_("recovered from a damaged file")
PROVENANCE_LOST = N_("its provenance could not be recovered")
#: Words that no template has, as cases of earlier versions may hold them.
VERBATIM = "{notice}"
NOTICES = (
    LOST, REACHED, NOT_REACHED, UNFOCUSED, LYING_LEVELS, POOR_ZONES, POOR_ZONES_BY, CONTRADICTION, FOREIGN,
    UNFAMILIAR, TOO_FEW, DRAWN, COUNTED_ONCE, ALIKE, *scale_messages.NOTICES, *IMAGE_NOTICES,
)  # fmt: skip
_ON_IMAGES = frozenset({COUNTED_ONCE, *IMAGE_NOTICES})
_WARNINGS = frozenset(
    {
        LOST,
        NOT_REACHED,
        UNFOCUSED,
        POOR_ZONES,
        POOR_ZONES_BY,
        CONTRADICTION,
        FOREIGN,
        UNFAMILIAR,
        ALIKE,
        *scale_messages.NOTICES,
    }
    | IMAGE_WARNINGS
)
# How far a run got at its end. The table counts what persons made of it since, and has a remark of its own.
_TARGET = (REACHED, NOT_REACHED)
# A run that goes on overtakes what an earlier one said of this.
_OVERTAKEN = frozenset({LOST, REACHED, NOT_REACHED, TOO_FEW})
_RANK = {"critical": 0, "warning": 1}


def templates() -> tuple[str, ...]:
    """Every template of a remark that a run can leave, words without a template (VERBATIM) aside."""
    return (*NOTICES, RECOVERED, PROVENANCE_LOST)


def names_in(template: str) -> tuple[str, ...]:
    """The names of a template's values, in its order.

    Raises
    ------
    ValueError
        When it holds anything but plain names in braces.
    """
    found: dict[str, None] = {}
    for _, name, form, conversion in Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            raise ValueError("no template of a remark")
        found[name] = None
    return tuple(found)


def remark(template: str, /, **values: object) -> Remark:
    """A remark with its severity; KeyError where a value is missing."""
    severity = "warning" if template in _WARNINGS else "info"
    return Remark(template, tuple((name, str(values[name])) for name in names_in(template)), severity)


def counted(said: Iterable[str]) -> list[Remark]:
    """What was said of single images: one remark for each kind, with the number of images, in fixed order."""
    times = Counter(said)
    return [remark(template, count=times[template]) for template in IMAGE_NOTICES if times[template]]


def unremarked(runs: Sequence[AnalysisRun]) -> list[AnalysisRun]:
    """The newest runs that were cut off and left no remark on images: what they had to say is lost.

    A run remarks on images when it ends, and a later run on those of an earlier one that was cut off: so the
    first one from behind that has such a remark, or is complete, has told of all before it. Where a run that
    was stopped had nothing to say, there is nothing to say of its images.
    """
    found: list[AnalysisRun] = []
    for run in reversed(runs):
        if run.status is RunStatus.COMPLETE or any(r.text in _ON_IMAGES for r in run.record.remarks):
            break
        found.append(run)
    return found


def english(found: Remark) -> str:
    """A remark in the words in which earlier versions kept it: English, decimal points, the form of many."""
    return found.text.format_map(dict(found.params)) if found.params else found.text


def remarks_text(remarks: Iterable[Remark], lang: str) -> str:
    """Remarks on a run in `lang`, one behind the other."""
    return " ".join(remark_text(r, lang) for r in remarks)


def without_names(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """Remarks without what they quote from files and of their names."""
    return tuple(
        replace(r, params=tuple((name, _unquoted(name, value)) for name, value in r.params)) for r in remarks
    )


def _unquoted(name: str, value: str) -> str:
    return "…" if name == "text" else re.sub("“[^“”]*”", "“…”", value)


def without_target(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """Remarks but for what a run said of its target: the table's remark has the count of the moment."""
    return tuple(r for r in remarks if r.text not in _TARGET)


class HasRecord(Protocol):
    """An analysis run, in the case or in a report, or its end."""

    @property
    def record(self) -> RunRecord: ...


class RunWithScale(HasRecord, Protocol):
    """A run with the scale that it used."""

    @property
    def scale(self) -> ScaleEstimate | None: ...


def run_remarks(runs: Sequence[HasRecord], *, with_target: bool = False) -> tuple[Remark, ...]:
    """What the runs remarked on their images as a whole, each remark once, warnings first.

    What they said of their targets is left out, unless `with_target`: reports signed by earlier versions have
    it, and keep their words.
    """
    found: dict[tuple[str, tuple[tuple[str, str], ...]], Remark] = {}
    for run in runs:
        remarks = run.record.remarks
        for r in remarks if with_target else without_target(remarks):
            if r.text not in _OVERTAKEN or run is runs[-1]:
                found[r.text, r.params] = r
    return by_severity(found.values())


def unfamiliar_remark(runs: Iterable[HasRecord]) -> Remark | None:
    """What the latest of the runs that found the specimen unfamiliar said of it; None where none did."""
    found = [r for run in runs for r in run.record.remarks if r.text in (FOREIGN, UNFAMILIAR)]
    return found[-1] if found else None


def scale_remarks(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """Those of a run's remarks that are about the scale."""
    return tuple(r for r in remarks if r.text in scale_messages.NOTICES)


def asks_for_scale(run: RunWithScale) -> bool:
    """Whether cells of a run wait until a person gives the scale."""
    unsure = run.scale is not None and run.scale.source in ASKS_FOR_SCALE
    asking = {scale_messages.SCALE_OUTLIERS, *scale_messages.UNSURE_SCALES.values()}
    return unsure or any(r.text in asking for r in run.record.remarks)


def needs_scale(run: RunWithScale) -> bool:
    """Whether a run named no cell, or none of some images, for want of a scale that can be believed."""
    source = None if run.scale is None else run.scale.source
    unbelieved = any(r.text == scale_messages.SCALE_OUTLIERS for r in run.record.remarks)
    return unbelieved or source in (ScaleSource.CONTRADICTED, ScaleSource.UNKNOWN)


def by_severity(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """In order of severity, else as they came."""
    return tuple(sorted(remarks, key=lambda remark: _RANK.get(remark.severity, 2)))
