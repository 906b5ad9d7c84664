"""Platelets: their count, estimated from the smear independent of the analyser, and giant ones by size."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.cell import FLAG_GIANT_PLATELET
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.platelet_report import FEWEST_OIL_FIELDS, FEWEST_RED_CELLS, OIL_FIELD_MM2
from bloodcells_gui.domain.review import SpecimenData
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.taxonomy import GIANT_PLATELET, PLATELET


def named_by_size(code: str, flags: Collection[str]) -> str:
    """Leaf code of a cell that a classifier calls `code`: a platelet larger than the red cells is giant.

    No classifier here knows giant platelets. Their definition is one of size: larger than a normal red cell,
    above 7 um, where large platelets measure above 4 um (image bank of the American Society of Hematology,
    picture 60930).
    """
    return GIANT_PLATELET if code == PLATELET and FLAG_GIANT_PLATELET in flags else code


def platelet_estimates(
    data: SpecimenData, runs: Iterable[AnalysisRun], settings: LabSettings
) -> tuple[Remark, ...]:
    """One remark for every way in which the data of earlier versions allow an estimate.

    Cases with counts by field have limits as well (:mod:`.platelet_report`), and no such remark but for what
    a person counted. Parameter "n_value" is in 10^9/L.

    By field: platelets per 100x oil field times the laboratory's factor (15 to 20; recalled), as a person
    counted them, else from the runs' platelets on the sampled area, which the images' scale gives.
    By red cells: platelets / red cells x red cell count (10^12/L = 1000 x 10^9/L), as the runs
    counted them.
    """
    found = []
    per_field = data.number("platelets_per_field")
    if per_field is not None:
        factor = settings.platelet_factor
        text = N_("Platelets, estimated: {n_value} 10⁹/L, from {n_fields} per oil field times {n_factor}.")
        params: tuple[tuple[str, str], ...] = (
            ("n_value", f"{per_field * factor:.0f}"),
            ("n_fields", f"{per_field:g}"),
            ("n_factor", f"{factor:g}"),
        )
        found.append(Remark(text, params))
    runs = list(runs)
    if any(run.record.counted for run in runs):
        return tuple(found)
    rbc = data.number("rbc")
    red = platelets = area = 0.0
    for run in runs:
        counts = run.record.counts
        red += counts.red_cells or 0
        platelets += counts.platelets or 0
        area += counts.sampled_mm2 or 0.0
    if per_field is None and area >= FEWEST_OIL_FIELDS * OIL_FIELD_MM2:
        counted, factor = platelets / area * OIL_FIELD_MM2, settings.platelet_factor
        text = N_(
            "Platelets, estimated: {n_value} 10⁹/L, from {n_fields} per area of an oil field, counted by the "
            "program, times {n_factor}."
        )
        params = (
            ("n_value", f"{counted * factor:.0f}"),
            ("n_fields", f"{counted:.1f}"),
            ("n_factor", f"{factor:g}"),
        )
        found.append(Remark(text, params))
    if rbc is not None and red >= FEWEST_RED_CELLS:
        text = N_(
            "Platelets, estimated: {n_value} 10⁹/L, from {n_platelets} beside {n_red} red cells and a red "
            "cell count of {n_rbc} 10¹²/L."
        )
        params = (
            ("n_value", f"{platelets / red * rbc * 1000:.0f}"),
            ("n_platelets", f"{platelets:.0f}"),
            ("n_red", f"{red:.0f}"),
            ("n_rbc", f"{rbc:g}"),
        )
        found.append(Remark(text, params))
    return tuple(found)
