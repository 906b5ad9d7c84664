"""Remarks on a run: kept in the case in English, shown in the person's language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from bloodcells_gui.domain import scale_messages
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.image_messages import IMAGE_NOTICES, IMAGE_WARNINGS
from bloodcells_gui.domain.specimen import ASKS_FOR_SCALE, ScaleEstimate

LOST = N_("The images could not be read any more; what was found until then is kept.")
REACHED = N_("{found} leukocytes found: the target of {target} is reached.")
NOT_REACHED = N_("{found} leukocytes found: the target of {target} was not reached, so the limits are wider.")
UNFOCUSED = N_("Most of the smear is out of focus: check every cell, or scan the slide again.")
LYING_LEVELS = N_("Lower resolutions in the file show something else than the full one and were not used.")
POOR_ZONES = N_("Many of the cells lie in zones that are too thick, too thin or out of focus.")
CONTRADICTION = N_(
    "The positions in the file names contradict the images; every field was counted by itself, so cells in "
    "overlaps may count twice."
)
FOREIGN = N_(
    "The stain, light or camera is unlike what the models were trained on, so more proposals will be wrong: "
    "review every cell, and calibrate to this laboratory."
)
DRAWN = N_(
    "These cells are drawn and look unlike the photographs that the models were trained on: how well they "
    "are named here says nothing of a real smear."
)
COUNTED_ONCE = N_("{n} files show a picture that another file shows too; each picture was counted once.")
ALIKE = N_(
    "{n} images look like another image of a similar name (an overlay, a reduced copy?) and count as well: "
    "look at them."
)
NOTICES = (
    LOST, REACHED, NOT_REACHED, UNFOCUSED, LYING_LEVELS, POOR_ZONES, CONTRADICTION, FOREIGN, DRAWN,
    COUNTED_ONCE, ALIKE, *scale_messages.NOTICES, *IMAGE_NOTICES,
)  # fmt: skip
_WARNINGS = frozenset(
    {LOST, NOT_REACHED, UNFOCUSED, POOR_ZONES, CONTRADICTION, FOREIGN, ALIKE, *scale_messages.NOTICES}
    | IMAGE_WARNINGS
)
# How far a run got at its end. The table counts what persons made of it since, and has a remark of its own.
_TARGET = (REACHED, NOT_REACHED)
# A run that goes on overtakes what an earlier one said of this.
_OVERTAKEN = frozenset({LOST, REACHED, NOT_REACHED})
_RANK = {"critical": 0, "warning": 1}


def _pattern(template: str) -> re.Pattern[str]:
    """Counts are whole, numbers (n_...) may have decimals, quoted texts anything but quotes."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        kind = "[^“”]*" if name == "text" else r"\d+(?:\.\d+)?" if name.startswith("n_") else r"\d+"
        return f"(?P<{name}>{kind})"

    return re.compile(re.sub(r"\\\{(\w+)\\\}", value, re.escape(template)))


def without_names(notice: str) -> str:
    """A run's remark without what it quotes from files and of their names."""
    return re.sub("“[^“”]*”", "“…”", notice)


_PATTERN_OF = {template: _pattern(template) for template in NOTICES}
_PATTERNS = tuple(_PATTERN_OF.items())


def notice_in(text: str, lang: str) -> str:
    """A run's remark in `lang`: known sentences are translated wherever they stand, others stay."""
    if lang != "fr":
        return text
    known = tr(text, lang)
    if known != text:
        return known
    for template, pattern in _PATTERNS:
        found = pattern.search(text)
        if found is not None:
            values = {
                k: v.replace(".", ",") if k.startswith("n_") else v for k, v in found.groupdict().items()
            }
            text = text.replace(found.group(), tr(template, lang, **values))
    return text


def without_target(text: str) -> str:
    """A run's remark without what it said of its target: the table's remark has the count of the moment."""
    for template in _TARGET:
        text = _PATTERN_OF[template].sub("", text)
    return " ".join(text.split())


class HasNotice(Protocol):
    """An analysis run, in the case or in a report."""

    @property
    def notice(self) -> str: ...


class RunWithScale(HasNotice, Protocol):
    """A run with the scale that it used."""

    @property
    def scale(self) -> ScaleEstimate | None: ...


def run_remarks(runs: Sequence[HasNotice], *, with_target: bool = False) -> tuple[Remark, ...]:
    """What the runs remarked on their images as a whole, each sentence once, warnings first.

    What they said of their targets is left out, unless `with_target`: reports signed by earlier versions have
    it, and keep their words.
    """
    found: dict[tuple[str, tuple[tuple[str, str], ...]], Remark] = {}
    for run in runs:
        for remark in _sentences(run.notice if with_target else without_target(run.notice)):
            if remark.text not in _OVERTAKEN or run is runs[-1]:
                found[remark.text, remark.params] = remark
    return gravest_first(found.values())


def scale_remarks(notice: str) -> str:
    """What a run's remark says of the scale."""
    about = (r for r in _sentences(notice) if r.text in scale_messages.NOTICES)
    return " ".join(r.text.format(**dict(r.params)) for r in about)


def asks_for_scale(run: RunWithScale) -> bool:
    """Whether cells of a run wait until a person gives the scale."""
    unsure = run.scale is not None and run.scale.source in ASKS_FOR_SCALE
    return unsure or any(r.text == scale_messages.SCALE_OUTLIERS for r in run_remarks([run]))


def gravest_first(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """In order of severity, else as they came."""
    return tuple(sorted(remarks, key=lambda remark: _RANK.get(remark.severity, 2)))


def _sentences(notice: str) -> list[Remark]:
    """The known sentences of a run's remark, in its order; what is left of it, as it stands."""
    found: list[tuple[int, Remark]] = []
    rest = notice
    for template, pattern in _PATTERNS:
        match = pattern.search(notice)
        if match is not None:
            severity = "warning" if template in _WARNINGS else "info"
            found.append((match.start(), Remark(template, tuple(match.groupdict().items()), severity)))
            rest = rest.replace(match.group(), "")
    remarks = [remark for _, remark in sorted(found, key=lambda pair: pair[0])]
    rest = " ".join(rest.split())
    return [*remarks, Remark("{notice}", (("notice", rest),))] if rest else remarks
