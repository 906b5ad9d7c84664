"""Red cells, leukocytes and platelets counted on the same well readable area: the study's "numeration"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bloodcells_gui.domain.i18n import N_, plural

COUNTED = N_(
    "{red} red cells, {white} nucleated cells and {platelets} platelets on {area} mm² of readable monolayer "
    "({ratio_red} : 1 : {ratio_platelets})"
)
WITHOUT_LEUKOCYTES = N_("{red} red cells and {platelets} platelets on {area} mm² of readable monolayer")
PER_FIELD = N_("{per_field} platelets per 100x oil field of 0.038 mm²")
SEARCHED = N_("{area} mm² searched")
UNLISTED = plural(
    "{count} platelet counted but not listed as cell",
    "{count} platelets counted but not listed as cells",
    "count",
)


def numeration(tallies: Mapping[str, float], decimal: str = ".") -> list[tuple[str, dict[str, str]]]:
    """What a run counted beside its cells, as (English template, values).

    Tallies "RBC", "WBC" and "PLT" were counted on the same "sampled_mm2"; names with "/" are bookkeeping.
    `decimal` is the decimal sign of the language.
    """

    def text(value: float, decimals: int = 2) -> str:
        return f"{value:.{decimals}f}".replace(".", decimal)

    out: list[tuple[str, dict[str, str]]] = []
    red, white, platelets = (tallies.get(k, 0.0) for k in ("RBC", "WBC", "PLT"))
    area = tallies.get("sampled_mm2", 0.0)
    if area > 0 and red > 0:
        values = {"red": f"{red:.0f}", "platelets": f"{platelets:.0f}", "area": text(area)}
        if white > 0:
            values |= {"white": f"{white:.0f}", "ratio_red": text(red / white, 0)}
            values["ratio_platelets"] = text(platelets / white, 1)
            out.append((COUNTED, values))
        else:
            out.append((WITHOUT_LEUKOCYTES, values))
    if tallies.get("PLT_per_field", 0.0) > 0:
        out.append((PER_FIELD, {"per_field": text(tallies["PLT_per_field"], 1)}))
    if tallies.get("scanned_mm2", 0.0) > 0:
        out.append((SEARCHED, {"area": text(tallies["scanned_mm2"])}))
    # Of runs of earlier versions.
    if tallies.get("PLT_unlisted", 0.0) > 0:
        out.append((UNLISTED, {"count": f"{tallies['PLT_unlisted']:.0f}"}))
    return out


def with_unlisted(counts: Mapping[str, int], tallies: Iterable[Mapping[str, float]]) -> dict[str, int]:
    """Counts by leaf with the platelets of slides that were not listed as cells.

    So the table of earlier versions counted, and the reports that were signed with them.
    """
    total = dict(counts)
    unlisted = round(sum(max(0.0, t.get("PLT_unlisted", 0.0)) for t in tallies))
    if unlisted:
        total["PLT"] = total.get("PLT", 0) + unlisted
    return total


def plain_tallies(tallies: Mapping[str, float]) -> dict[str, float]:
    """Tallies that :func:`numeration` does not tell, without bookkeeping."""
    told = {"scanned_mm2", "sampled_mm2", "RBC", "WBC", "PLT", "PLT_per_field", "PLT_unlisted", "fields"}
    told |= {"PLT_listed"}
    area = tallies.get("sampled_mm2", 0.0) > 0
    return {k: v for k, v in tallies.items() if "/" not in k and not (area and k in told)}
