"""Reasons why files of the input are not analysed, as English templates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from bloodcells_gui.domain.analysis import SkippedFile
from bloodcells_gui.domain.i18n import LANGUAGES, N_, Reason, tr
from bloodcells_gui.domain.retold import Retold

CASE_UNREADABLE = N_("The case cannot be read.")
HIDDEN = N_("It is hidden.")
SYSTEM = N_("The operating system or another program put it there.")
MARKED = N_("Its folder is marked as holding no photographs ({marker}).")
OWN = N_("This program wrote it.")
COMPANION = N_("It belongs to the slide {slide}.")
MASK = N_("It is a mask, not a photograph.")
LINK_OUT = N_("It is a link that leads out of the chosen folder.")
LINK_INSIDE = N_("It is a link to {target}, which is read in its own place.")
LINK_DEAD = N_("It is a link that leads nowhere.")
LOOSE = N_("It lies beside the folders, and each folder is a specimen of its own.")
DUPLICATE = N_("duplicate of {name}")
SAME_SHOT = N_("duplicate of {name}, the same picture in another format")
FURTHER = N_("It is a further picture in the same file, of which only the first is analysed.")
NOT_BEGUN = N_("It was not begun: the analysis was stopped before.")
#: Of cases of earlier versions: translated as ever, said no more.
FORMER = (N_("It was not begun: the analysis was cancelled before."),)
LATER = N_("It was not there when the analysis began; analyse again without --resume.")

OWN_SOFTWARE = "bloodcells_gui"
"""What pictures of the window name as their software: they show cells, but are no photographs."""

_EXPECTED = (HIDDEN, SYSTEM, MARKED, OWN, COMPANION, MASK)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    texts = [tr(text, lang) for text in _EXPECTED for lang in LANGUAGES]
    return tuple(re.compile(re.sub(r"\\\{\w+\\\}", ".*", re.escape(text)), re.DOTALL) for text in texts)


def expected(reason: str) -> bool:
    """Whether a `reason`, in any language, names a file that nobody takes for a photograph of the specimen.

    A case keeps the reasons in the language of the run that gave them.
    """
    return any(pattern.fullmatch(reason) for pattern in _patterns())


def first_reasons(files: Sequence[SkippedFile], most: int = 3) -> Reason:
    """The first files with their reasons, as a value of a sentence in any language."""
    named = [
        Reason("{label}: {value}", (("label", file.path), ("value", Retold(file.reason))))
        for file in files[:most]
    ]
    places = [(f"file{n}", file) for n, file in enumerate(named)]
    return Reason("; ".join(f"{{{name}}}" for name, _ in places), tuple(places))


def is_duplicate(reason: str) -> bool:
    """Whether an English `reason` says that another file of the specimen shows the same picture."""
    return reason.startswith(DUPLICATE.partition("{")[0])
