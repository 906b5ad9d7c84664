"""Why a cell is unidentified, in words: one answer for the screen and the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from bloodcells_gui.domain.cell import (
    FLAG_BLURRED,
    FLAG_NO_CELL,
    FLAG_PLASMA_LOOK,
    FLAG_POOR_PICTURE,
    FLAG_SCALE_CONTRADICTED,
    FLAG_SCALE_UNSURE,
    FLAG_UNLIKE_TRAINING,
    FLAG_WAITS_FOR_SCALE,
    Cell,
)
from bloodcells_gui.domain.i18n import N_, plural, tr
from bloodcells_gui.domain.taxonomy import BY_CODE, ROLLUPS

NO_SCALE = N_("no scale is known")
CONTRADICTED = N_("the scale is contradicted")
#: Every scale has limits, also one that the files state and the cells bear out.
UNSURE_SCALE = N_("its class changes within the limits of the scale")
BLURRED = N_("it is out of focus")
POOR_PICTURE = N_("its picture is too dark, too pale or too blurred")
NO_OUTLINE = N_("no cell could be outlined")
PLASMA_LOOK = N_("it has an eccentric nucleus in deep blue cytoplasm, as plasma cells do")
UNLIKE = N_("it looks unlike the training images")
COMPETE = N_("two classes compete: {first} and {second}")
BELOW = N_("its probability is below the limit")

WORD = N_("Unidentified.")
GUESS = N_("Best guess: {name}, {percent} %. It waits because {reason}.")
#: For many cells together, in the order in which they are told.
SUMMARY = {
    NO_SCALE: plural(
        "Unidentified because no scale is known: {count}.",
        "Unidentified because no scale is known: {count}.",
        "count",
    ),
    CONTRADICTED: plural(
        "Unidentified because the scale is contradicted: {count}.",
        "Unidentified because the scale is contradicted: {count}.",
        "count",
    ),
    UNSURE_SCALE: plural(
        "Unidentified because its class changes within the limits of the scale: {count}.",
        "Unidentified because their classes change within the limits of the scale: {count}.",
        "count",
    ),
    POOR_PICTURE: plural(
        "Unidentified because its picture is too dark, too pale or too blurred: {count}.",
        "Unidentified because their pictures are too dark, too pale or too blurred: {count}.",
        "count",
    ),
    BLURRED: plural(
        "Unidentified because it is out of focus: {count}.",
        "Unidentified because they are out of focus: {count}.",
        "count",
    ),
    NO_OUTLINE: plural(
        "Unidentified because no cell could be outlined: {count}.",
        "Unidentified because no cell could be outlined: {count}.",
        "count",
    ),
    PLASMA_LOOK: plural(
        "Unidentified because it looks like a plasma cell (eccentric nucleus, deep blue cytoplasm): {count}.",
        "Unidentified because they look like plasma cells (eccentric nucleus, deep blue cytoplasm): {count}.",
        "count",
    ),
    UNLIKE: plural(
        "Unidentified because it looks unlike the training images: {count}.",
        "Unidentified because they look unlike the training images: {count}.",
        "count",
    ),
    COMPETE: plural(
        "Unidentified because two classes compete: {count}.",
        "Unidentified because two classes compete: {count}.",
        "count",
    ),
    BELOW: plural(
        "Unidentified because its probability is below the limit: {count}.",
        "Unidentified because their probability is below the limit: {count}.",
        "count",
    ),
}
# Signed reports keep the sentences that they were signed with.
_FORMER_SUMMARIES = (
    N_("Unidentified because their names depend on an unsure scale: {count}."),
    plural(
        "Unidentified because its class depends on an uncertain scale: {count}.",
        "Unidentified because their class depends on an uncertain scale: {count}.",
        "count",
    ),
)
# The first that holds is the one that a person can do something about.
_OF_FLAG = (
    (FLAG_WAITS_FOR_SCALE, NO_SCALE),
    (FLAG_SCALE_CONTRADICTED, CONTRADICTED),
    (FLAG_SCALE_UNSURE, UNSURE_SCALE),
    (FLAG_POOR_PICTURE, POOR_PICTURE),
    (FLAG_BLURRED, BLURRED),
    (FLAG_NO_CELL, NO_OUTLINE),
    (FLAG_PLASMA_LOOK, PLASMA_LOOK),
    (FLAG_UNLIKE_TRAINING, UNLIKE),
)
# A second class with less than this is no rival.
_RIVAL = 0.05


def why_it_waits(cell: Cell, classes: Sequence[str]) -> str:
    """Give the reason for which a cell is not named: one of the sentences above, as a template.

    Flags come first, for they hold whatever the probabilities are. Without a flag, most of the uncertainty
    comes from the distance to the training data, or from classes that compete.

    Parameters
    ----------
    cell : Cell
        One that waits (`abstained`).
    classes : sequence of str
        Leaf codes of its scores, those of its run.
    """
    for flag, reason in _OF_FLAG:
        if flag in cell.flags:
            return reason
    scores = _scores(cell, classes)
    if differs_from_training_data(cell.uncertainty, scores):
        return UNLIKE
    return COMPETE if len(scores) > 1 and scores[1][1] >= _RIVAL else BELOW


def differs_from_training_data(uncertainty: float, scores: Sequence[tuple[str, float]]) -> bool:
    """Tell whether most of a cell's uncertainty comes from its distance to the training data.

    Its probabilities alone (`scores`: leaf and probability) would leave less than half of it.
    """
    rows: dict[str, float] = {}
    for code, probability in scores:
        row = ROLLUPS["ten"].row_of(code).code
        rows[row] = rows.get(row, 0.0) + probability
    return bool(rows) and uncertainty > 2 * max(1 - max(rows.values()), 0.0)


def reason_text(cell: Cell, classes: Sequence[str], lang: str = "en") -> str:
    """Why a cell waits, in words that follow "because"."""
    reason = why_it_waits(cell, classes)
    if reason != COMPETE:
        return tr(reason, lang)
    first, second = (_name(code, lang) for code, _ in _scores(cell, classes)[:2])
    return tr(reason, lang, first=first, second=second)


def headline(cell: Cell, classes: Sequence[str], lang: str = "en") -> str:
    """What is said of a cell that waits: that it does, the best guess and why that does not count."""
    return f"{tr(WORD, lang)} {best_guess(cell, classes, lang)}"


def best_guess(cell: Cell, classes: Sequence[str], lang: str = "en") -> str:
    """The headline of a cell that waits, without its first word."""
    return tr(
        GUESS,
        lang,
        name=_name(cell.predicted, lang),
        percent=round(100 * cell.probability),
        reason=reason_text(cell, classes, lang),
    )


def reasons_counted(
    cells: Iterable[Cell], classes_of: Callable[[Cell], Sequence[str]]
) -> list[tuple[str, int]]:
    """How many of the cells wait for which reason, as templates of `SUMMARY`."""
    found = Counter(why_it_waits(cell, classes_of(cell)) for cell in cells)
    return [(text, found[reason]) for reason, text in SUMMARY.items() if found[reason]]


def _scores(cell: Cell, classes: Sequence[str]) -> list[tuple[str, float]]:
    """Leaves with their probabilities, the best first."""
    pairs = zip(classes, (float(v) for v in cell.scores), strict=False)
    return sorted(pairs, key=lambda pair: -pair[1])


def _name(code: str, lang: str) -> str:
    name = tr(BY_CODE[code].name, lang) if code in BY_CODE else code
    return name[:1].lower() + name[1:]
