"""Platelet count estimated from the smear, beside whatever the analyser says."""

from __future__ import annotations

from collections.abc import Iterable

from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.review import SpecimenData
from bloodcells_gui.domain.settings import LabSettings

PER_FIELD = "from {n_fields} platelets per oil field, factor {n_factor}"
PER_RED_CELLS = "from {platelets} platelets beside {red} red cells and a red cell count of {n_rbc} 10¹²/L"


def platelet_estimates(
    data: SpecimenData, runs: Iterable[AnalysisRun], settings: LabSettings
) -> tuple[tuple[str, str], ...]:
    """(10^9/L as text, how it was estimated in English) for every way the data allow.

    By field: platelets per 100x oil field times the laboratory's factor (15 to 20; recalled). By red cells:
    platelets / red cells x red cell count (10^12/L = 1000 x 10^9/L), from the runs' tallies "PLT" and "RBC".
    """
    found = []
    per_field = data.number("platelets_per_field")
    if per_field is not None:
        factor = settings.platelet_factor
        how = PER_FIELD.format(n_fields=f"{per_field:g}", n_factor=f"{factor:g}")
        found.append((f"{per_field * factor:.0f}", how))
    rbc = data.number("rbc")
    red = platelets = 0.0
    for run in runs:
        red += run.tallies.get("RBC", 0.0)
        platelets += run.tallies.get("PLT", 0.0)
    # Below 1000 red cells the ratio is too loose to show.
    if rbc is not None and red >= 1000:
        how = PER_RED_CELLS.format(platelets=f"{platelets:.0f}", red=f"{red:.0f}", n_rbc=f"{rbc:g}")
        found.append((f"{platelets / red * rbc * 1000:.0f}", how))
    return tuple(found)
