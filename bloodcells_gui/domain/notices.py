"""Remarks on a run: kept in the case in English, shown in the person's language."""

from __future__ import annotations

import re

from bloodcells_gui.domain.i18n import french, tr

LOST = "The images could not be read any more; what was found until then is kept."
REACHED = "{found} leukocytes found: the target of {target} is reached."
NOT_REACHED = "{found} leukocytes found: the target of {target} was not reached, so the limits are wider."
UNFOCUSED = "Most of the smear is out of focus: check every cell, or scan the slide again."
LYING_LEVELS = "Lower resolutions in the file show something else than the full one and were not used."
POOR_ZONES = "Many of the cells lie in zones that are too thick, too thin or out of focus."
CONTRADICTION = (
    "The positions in the file names contradict the images; every field was counted by itself, so cells in "
    "overlaps may count twice."
)
FOREIGN = (
    "The stain, light or camera is unlike what the models were trained on, so more proposals will be wrong: "
    "review every cell, and calibrate to this laboratory."
)
NOTICES = (LOST, REACHED, NOT_REACHED, UNFOCUSED, LYING_LEVELS, POOR_ZONES, CONTRADICTION, FOREIGN)


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>\\d+)", re.escape(template)))


_PATTERNS = tuple((template, _pattern(template)) for template in NOTICES)


def notice_in(text: str, lang: str) -> str:
    """A run's remark in `lang`: known sentences are translated wherever they stand, others stay."""
    if lang != "fr":
        return text
    if text in french():
        return tr(text, lang)
    for template, pattern in _PATTERNS:
        found = pattern.search(text)
        if found is not None:
            text = text.replace(found.group(), tr(template, lang, **found.groupdict()))
    return text
