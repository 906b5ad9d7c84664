"""What was used of a specimen as a whole, in words: its mix of cells, their measurements, cells alike."""

from __future__ import annotations

from bloodcells_gui.adaptation.prior_shift import PriorShift, most_changed
from bloodcells_gui.domain.formatting import number
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.taxonomy import BY_CODE

MIX = N_("Prior shift: the class frequencies of this specimen were used ({cells} nucleated cells): {weights}")
EVEN_MIX = N_(
    "Prior shift: the class frequencies of this specimen were used ({cells} nucleated "
    "cells); they change no class's weight by 5 % or more"
)
MEASURED = N_("Morphometry: size, shape, density and texture of the cells were used ({cells} cells)")
ALIKE = N_("Label propagation: similar cells supported each other's class ({cells} cells)")


def adaptation_text(mix: PriorShift, lang: str = "en") -> str:
    """What of a specimen as a whole was used: its mix of cells, with the weights that differ most from 1,
    their measurements, and the cells that look alike."""
    said = []
    changed = most_changed(mix)
    if changed:
        weights = ", ".join(f"{tr(BY_CODE[c].name, lang)} × {number(w, 2, lang)}" for c, w in changed)
        said.append(tr(MIX, lang, cells=mix.cells, weights=weights))
    elif mix.prior is not None:
        said.append(tr(EVEN_MIX, lang, cells=mix.cells))
    if mix.measured:
        said.append(tr(MEASURED, lang, cells=mix.measured))
    if mix.likeness is not None:
        said.append(tr(ALIKE, lang, cells=mix.alike))
    return ". ".join(said)
