"""The table of what a classifier proposes, in words: for the command line, the window and the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bloodcells_gui.domain.formatting import number
from bloodcells_gui.domain.i18n import N_, ngettext, tr
from bloodcells_gui.domain.proposal_table import ClassProposal, Proposed, Recall
from bloodcells_gui.domain.taxonomy import BY_CODE, GIANT_PLATELET, ROW_NAMES

NEVER = N_("Never proposes: {names}")
NOT_MEASURED = N_("not measured")
#: Heads of the columns that :func:`cells_of_row` fills.
HEADS = (
    N_("Class"),
    N_("What the program does"),
    N_("Training cells"),
    N_("Held-out cells"),
    N_("Found on laboratories left out"),
)


def how_text(row: ClassProposal, lang: str = "en") -> str:
    """What the program does with a class; where it only rolls up, into which row."""
    if row.how is not Proposed.ROLLS_UP:
        return tr(row.how.value, lang)
    if row.code == GIANT_PLATELET:
        return tr("by measured size against the red cells; else as {row}", lang, row=_row_name(row, lang))
    return tr("only rolls up, as {row}", lang, row=_row_name(row, lang))


def _row_name(row: ClassProposal, lang: str) -> str:
    return tr(ROW_NAMES[row.rolls_up_to], lang).lower()


def training_text(row: ClassProposal, lang: str = "en") -> str:
    """Counts of what a class was learned from, "0" where there is nothing."""
    parts = [str(row.training_cells)]
    if row.partial_cells:
        parts.append(
            ngettext("{n} with a coarser label", "{n} with a coarser label", row.partial_cells, lang)
        )
    if row.made_cells:
        parts.append(ngettext("{n} made", "{n} made", row.made_cells, lang))
    return " + ".join(parts)


def recall_text(recalls: Iterable[Recall], lang: str = "en") -> str:
    """Each laboratory with the share found, its limits and the number of cells."""
    said = [
        tr(
            "{site} {percent} % ({low}–{high}, n = {n})",
            lang,
            site=r.site,
            percent=number(100 * r.value, 0, lang),
            low=number(100 * r.low, 0, lang),
            high=number(100 * r.high, 0, lang),
            n=r.cells,
        )
        for r in recalls
    ]
    return ", ".join(said) or tr(NOT_MEASURED, lang)


def cells_of_row(row: ClassProposal, lang: str = "en") -> tuple[str, ...]:
    """The texts of a row of the table, in the order of :data:`HEADS`."""
    return (
        tr(BY_CODE[row.code].name, lang),
        how_text(row, lang),
        training_text(row, lang),
        str(row.held_out_cells),
        recall_text(row.recalls, lang),
    )


def never_text(names: Sequence[str], lang: str = "en") -> str:
    """One line that names what is never proposed, from English names; "" for none."""
    if not names:
        return ""
    return tr(NEVER, lang, names=", ".join(tr(name, lang).lower() for name in names))
