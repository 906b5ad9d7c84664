"""The adaptation to a specimen in words: prior shift, measurements, label propagation."""

from __future__ import annotations

from bloodcells_gui.adaptation.prior_shift import PriorShift, largest_changes
from bloodcells_gui.domain.formatting import number
from bloodcells_gui.domain.i18n import N_, plural, tr
from bloodcells_gui.domain.taxonomy import BY_CODE

WEIGHTS = plural(
    "Prior shift: the class frequencies of this specimen were used ({cells} nucleated cell): {weights}",
    "Prior shift: the class frequencies of this specimen were used ({cells} nucleated cells): {weights}",
    "cells",
)
EVEN_WEIGHTS = plural(
    "Prior shift: the class frequencies of this specimen were used ({cells} nucleated "
    "cell); they change no class's weight by 5 % or more",
    "Prior shift: the class frequencies of this specimen were used ({cells} nucleated "
    "cells); they change no class's weight by 5 % or more",
    "cells",
)
MEASURED = plural(
    "Morphometry: size, shape, density and texture of the cells were used ({cells} cell)",
    "Morphometry: size, shape, density and texture of the cells were used ({cells} cells)",
    "cells",
)
PROPAGATED = plural(
    "Label propagation: similar cells supported each other's class ({cells} cell)",
    "Label propagation: similar cells supported each other's class ({cells} cells)",
    "cells",
)
JOINED = N_(
    "Opinion pool: the classifier's answers and the adapted ones were joined; the whole specimen changed "
    "by {change} %"
)


def adaptation_text(prior_shift: PriorShift, lang: str = "en") -> str:
    """Describe which methods adapted the cells, with the class weights that differ most from 1."""
    parts = []
    changed = largest_changes(prior_shift)
    if changed:
        weights = ", ".join(f"{tr(BY_CODE[c].name, lang)} × {number(w, 2, lang)}" for c, w in changed)
        parts.append(tr(WEIGHTS, lang, cells=prior_shift.cells, weights=weights))
    elif prior_shift.prior is not None:
        parts.append(tr(EVEN_WEIGHTS, lang, cells=prior_shift.cells))
    if prior_shift.measured_cells:
        parts.append(tr(MEASURED, lang, cells=prior_shift.measured_cells))
    if prior_shift.propagation is not None:
        parts.append(tr(PROPAGATED, lang, cells=prior_shift.propagated_cells))
    if prior_shift.pool is not None:
        parts.append(tr(JOINED, lang, change=number(100 * prior_shift.change, 1, lang)))
    return ". ".join(parts)
