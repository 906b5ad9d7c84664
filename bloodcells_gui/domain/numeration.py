"""Red cells, leukocytes and platelets counted on the same well readable area: the study's "numeration"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bloodcells_gui.domain.counted_fields import CountedField, FieldRatio, field_ratio
from bloodcells_gui.domain.flat_record import counts_by_name
from bloodcells_gui.domain.formatting import labelled, number
from bloodcells_gui.domain.i18n import N_, Reason, ngettext, plural, tr
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


@dataclass(frozen=True, slots=True)
class Numeration:
    """Cells of each kind on the same counted fields, per mm2 and as ratios, with 95 % limits.

    Limits are those of :func:`~bloodcells_gui.domain.counted_fields.field_ratio`; None where too few fields
    or no nucleated cell were counted. Ratios are per nucleated cell.
    """

    red: FieldRatio | None = None
    nucleated: FieldRatio | None = None
    platelets: FieldRatio | None = None
    red_ratio: FieldRatio | None = None
    platelet_ratio: FieldRatio | None = None


def numeration_by_field(fields: Sequence[CountedField]) -> Numeration:
    """The numeration of the study, from fields on which all three kinds were counted."""
    areas = [f.area_mm2 for f in fields]
    red, white, platelets = (
        [float(getattr(f, kind)) for f in fields] for kind in ("red_cells", "nucleated", "platelets")
    )
    if not sum(white):
        return Numeration(field_ratio(red, areas), field_ratio(white, areas), field_ratio(platelets, areas))
    return Numeration(
        field_ratio(red, areas),
        field_ratio(white, areas),
        field_ratio(platelets, areas),
        _per_nucleated(red, white),
        _per_nucleated(platelets, white),
    )


def _per_nucleated(counted: Sequence[float], white: Sequence[float]) -> FieldRatio | None:
    """Cells for each nucleated one: fields without any say as much of the ratio as others do."""
    turned = field_ratio(white, counted, sizes_counted=True)
    if turned is None or turned.value <= 0 or turned.low <= 0:
        return None
    return FieldRatio(1 / turned.value, 1 / turned.high, 1 / turned.low, turned.spread, turned.fields)


def left_out_text(fields: int, lang: str) -> str:
    """How many counted fields a person left out."""
    return ngettext("{n} field left out by a person", "{n} fields left out by a person", fields, lang)


def numeration_lines(found: Numeration, lang: str, left_out: int = 0) -> list[str]:
    """The numeration in words: a line for the densities and the fields that they are of, one for the ratios.

    `left_out` counts the fields that a person left out.
    """

    def said(name: str, ratio: FieldRatio, decimals: int) -> str:
        low, high = number(ratio.low, decimals, lang), number(ratio.high, decimals, lang)
        return f"{tr(name, lang)} {number(ratio.value, decimals, lang)} ({low} – {high})"

    densities = ((N_("red cells"), found.red, 0), (N_("nucleated cells"), found.nucleated, 1),
                 (N_("platelets"), found.platelets, 0))  # fmt: skip
    ratios = ((N_("red cells"), found.red_ratio, 0), (N_("platelets"), found.platelet_ratio, 1))
    fields = max((r.fields for _, r, _ in densities if r is not None), default=0)
    where = tr("Numeration, per mm², on {n} fields", lang, n=fields)
    if left_out:
        where += f" ({left_out_text(left_out, lang)})"
    lines = []
    for title, parts in ((where, densities), (tr("For each nucleated cell", lang), ratios)):
        texts = [said(name, ratio, decimals) for name, ratio, decimals in parts if ratio is not None]
        if texts:
            lines.append(labelled(title, ", ".join(texts), lang))
    return lines


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
