"""Red cells, leukocytes and platelets counted on the same well readable area: the study's "numeration"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bloodcells_gui.domain.flat_record import counts_by_name
from bloodcells_gui.domain.i18n import N_, Reason, plural
from bloodcells_gui.domain.run_record import RunCounts

COUNTED = N_(
    "{red}, {white} and {platelets} on {area} mm² of readable monolayer ({ratio_red} : 1 : {ratio_platelets})"
)
WITHOUT_LEUKOCYTES = N_("{red} and {platelets} on {area} mm² of readable monolayer")
RED_CELLS = plural("{n} red cell", "{n} red cells")
NUCLEATED = plural("{n} nucleated cell", "{n} nucleated cells")
PLATELETS = plural("{n} platelet", "{n} platelets")
PER_FIELD = N_("{per_field} platelets per 100x oil field of 0.038 mm²")
SEARCHED = N_("{area} mm² searched")
UNLISTED = plural(
    "{count} platelet counted but not listed as cell",
    "{count} platelets counted but not listed as cells",
    "count",
)


def numeration(counts: RunCounts, decimal: str = ".") -> list[tuple[str, dict[str, object]]]:
    """What a run counted beside its cells, as (English template, values).

    `decimal` is the decimal sign of the language.
    """

    def text(value: float, decimals: int = 2) -> str:
        return f"{value:.{decimals}f}".replace(".", decimal)

    out: list[tuple[str, dict[str, object]]] = []
    red, white, platelets = counts.red_cells or 0, counts.nucleated or 0, counts.platelets or 0
    area = counts.sampled_mm2 or 0.0
    if area > 0 and red > 0:
        values: dict[str, object] = {
            "red": Reason(RED_CELLS, (("n", red),)),
            "platelets": Reason(PLATELETS, (("n", platelets),)),
            "area": text(area),
        }
        if white > 0:
            values |= {"white": Reason(NUCLEATED, (("n", white),)), "ratio_red": text(red / white, 0)}
            values["ratio_platelets"] = text(platelets / white, 1)
            out.append((COUNTED, values))
        else:
            out.append((WITHOUT_LEUKOCYTES, values))
    if counts.platelets_per_field:
        out.append((PER_FIELD, {"per_field": text(counts.platelets_per_field, 1)}))
    if counts.searched_mm2:
        out.append((SEARCHED, {"area": text(counts.searched_mm2)}))
    if counts.unlisted_platelets:
        out.append((UNLISTED, {"count": str(counts.unlisted_platelets)}))
    return out


def with_unlisted(counts: Mapping[str, int], runs: Iterable[RunCounts]) -> dict[str, int]:
    """Counts by leaf with the platelets of slides that were not listed as cells.

    So the table of earlier versions counted, and the reports that were signed with them.
    """
    total = dict(counts)
    unlisted = sum(run.unlisted_platelets or 0 for run in runs)
    if unlisted:
        total["PLT"] = total.get("PLT", 0) + unlisted
    return total


def other_counts(counts: RunCounts) -> dict[str, float]:
    """What :func:`numeration` does not tell of a run without a sampled area, by name."""
    return {} if counts.sampled_mm2 else counts_by_name(counts)
