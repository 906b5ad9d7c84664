"""The differential count: a pure function of cells, review, specimen data and laboratory settings.

Never stored, so it cannot be stale. The types stand here first; the arithmetic follows below them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from bloodcells_gui.domain import ranges
from bloodcells_gui.domain.common_area import SameArea
from bloodcells_gui.domain.comparison import analyser_of
from bloodcells_gui.domain.ranges import ITEMS, Range, RangeItem
from bloodcells_gui.domain.review import SpecimenData
from bloodcells_gui.domain.rules import SMEAR, TriggeredRule, raised_rules
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.stats import clopper_pearson, ratio_limits
from bloodcells_gui.domain.taxonomy import (
    BY_CODE,
    COUNTED,
    INTACT_NUCLEATED,
    NRBC,
    NUCLEATED,
    OTHER,
    ROLLUPS,
    VARIANT_LYMPHOCYTE,
    WITH_LEUKOCYTES,
    Row,
)

#: Marks a field that reports of earlier versions lack.
LATER: Mapping[str, bool] = {"later": True}


@dataclass(frozen=True, slots=True)
class DifferentialRow:
    """One row of the table.

    Attributes
    ----------
    code, name : str
        Row code and English name (a translation key).
    count : int
        Cells whose final class falls in this row, hand counts included.
    counts : bool
        Inside the 100 % or outside.
    percent : float or None
        Share of the denominator in %, inside rows only.
    per_100_wbc : float or None
        Ratio to the denominator times 100, outside rows only.
    low95, high95 : float or None
        Exact 95 % limits in the unit of `percent` or `per_100_wbc`.
    absolute : float or None
        10^9/L, where a WBC count is known; never for platelets and artefacts.
    ref_low, ref_high : float or None
        Laboratory's reference range, 10^9/L.
    flag : str
        "", "L", "H" or "!" (a rule was raised).
    rgb : tuple of int
    ref_low_percent, ref_high_percent : float or None
        The laboratory's range in %, where it has one; it flags without a WBC count.
    counted, counted_mm2 : int and float or None
        Where `per_100_wbc` and its limits are of an area on which all were counted, of which `count` is what
        is shown: how many, and the area.
    """

    code: str
    name: str
    count: int
    counts: bool
    percent: float | None
    per_100_wbc: float | None
    low95: float | None
    high95: float | None
    absolute: float | None
    ref_low: float | None
    ref_high: float | None
    flag: str
    rgb: tuple[int, int, int]
    ref_low_percent: float | None = None
    ref_high_percent: float | None = None
    # Left out of a report's JSON when empty, so that what was signed before there were these fields keeps its
    # hash.
    counted: int | None = field(default=None, metadata=LATER)
    counted_mm2: float | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence under the table: an English template, its values, and how much it matters.

    `severity` is "info", "warning" or "critical"; `rule` names the rule that raised it ("" for plain
    remarks); `codes` are the leaves it speaks of, so that the screen can show their cells.
    """

    text: str
    params: tuple[tuple[str, str], ...] = ()
    severity: str = "info"
    rule: str = ""
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Differential:
    """The table and what stands beside it.

    `total` is the denominator; `unidentified` the cells still waiting, which make it preliminary.
    `wbc` is as entered, `wbc_used` after NRBC correction where that applied (10^9/L). `totals` are sums over
    several rows with a name of their own (neutrophils, immature granulocytes); their cells stand in `rows`
    too. `wbc_flag` is "L", "H" or "" for the white cell count against `wbc_low` to `wbc_high`.
    """

    rollup: str
    rows: tuple[DifferentialRow, ...]
    total: int
    unidentified: int
    excluded: int
    wbc: float | None = None
    wbc_used: float | None = None
    corrected: bool = False
    remarks: tuple[Remark, ...] = ()
    totals: tuple[DifferentialRow, ...] = ()
    wbc_flag: str = ""
    wbc_low: float | None = None
    wbc_high: float | None = None

    @property
    def preliminary(self) -> bool:
        """Whether cells still wait for a decision."""
        return self.unidentified > 0


def age_years(data: SpecimenData) -> float | None:
    """Age at collection: the field "age", else from the dates of birth and collection."""
    if (age := data.number("age")) is not None:
        return age
    try:
        born = date.fromisoformat(data.fields.get("birth_date", "").strip()[:10])
        seen = date.fromisoformat(data.fields.get("collected_at", "").strip()[:10])
    except ValueError:
        return None
    return (seen - born).days / 365.25 if seen >= born else None


def nrbc_correction(wbc: float, nrbc_per_100: float) -> float:
    """White cell count without the nucleated red cells counted among it: WBC x 100 / (100 + NRBC)."""
    return wbc * 100.0 / (100.0 + nrbc_per_100)


@dataclass(frozen=True, slots=True)
class _RowContext:
    """What every row is computed from."""

    counts: Mapping[str, int]
    total: int
    wbc: float | None
    ranges: tuple[Range, ...]
    sex: str
    age: float | None
    area: SameArea | None = None

    def count(self, leaves: Iterable[str]) -> int:
        return sum(self.counts.get(leaf, 0) for leaf in leaves)

    def range(self, item: str, unit: str) -> Range | None:
        return ranges.best_matching_range(self.ranges, item, unit, self.sex, self.age)


def _make_row(basis: _RowContext, row: Row) -> DifferentialRow:
    """One row without its flag and range."""
    count, n = basis.count(row.leaves), basis.total
    figure: int | None = count
    of_area = basis.area if not (row.counts or set(row.leaves) <= WITH_LEUKOCYTES) else None
    if of_area is not None:
        figure, n = of_area.of(row.leaves), of_area.leukocytes
    share, low, high = None, None, None
    if n and figure is not None:
        share = 100.0 * figure / n
        low, high = (clopper_pearson if row.counts else ratio_limits)(figure, n)
    return DifferentialRow(
        code=row.code,
        name=row.name,
        count=count,
        counts=row.counts,
        percent=share if row.counts else None,
        per_100_wbc=None if row.counts else share,
        low95=None if low is None else 100.0 * low,
        high95=None if high is None else 100.0 * high,
        counted=figure if share is not None and of_area is not None else None,
        counted_mm2=of_area.area_mm2 if share is not None and of_area is not None else None,
        absolute=basis.wbc * count / n
        if basis.wbc is not None and n and set(row.leaves) <= NUCLEATED
        else None,
        ref_low=None,
        ref_high=None,
        flag="",
        rgb=row.rgb,
    )


def _range_item(basis: _RowContext, leaves: tuple[str, ...]) -> RangeItem | None:
    """The item whose range is this row's: same leaves, or the same figure because the others are empty.

    So lymphocytes keep their range in the full table until a variant lymphocyte turns up; from then on the
    range stands at the total.
    """
    if not set(leaves) <= INTACT_NUCLEATED:
        return None
    exact = next((i for i in ITEMS.values() if set(i.leaves) == set(leaves)), None)
    if exact is not None:
        return exact
    for item in ITEMS.values():
        if item.leaves and item.leaves[0] == leaves[0] and set(leaves) <= set(item.leaves):
            rest = set(item.leaves) - set(leaves)
            return None if basis.count(rest) or item.code == "IG" else item
    return None


def _with_range(basis: _RowContext, row: DifferentialRow, item: RangeItem | None) -> DifferentialRow:
    if item is None or not basis.total:
        return row
    absolute = basis.range(item.code, ranges.ABSOLUTE) if row.absolute is not None else None
    share = basis.range(item.code, ranges.PERCENT)
    flag = absolute.side(row.absolute) if absolute and row.absolute is not None else ""
    value = row.percent if row.percent is not None else row.per_100_wbc
    if not flag and share and value is not None:
        flag = share.side(value)
    return replace(
        row,
        flag=flag,
        ref_low=absolute.low if absolute else None,
        ref_high=absolute.high if absolute else None,
        ref_low_percent=share.low if share else None,
        ref_high_percent=share.high if share else None,
    )


def _rule_flag(
    row: DifferentialRow, leaves: Iterable[str], raised: Iterable[TriggeredRule]
) -> DifferentialRow:
    """ "!" for a positive smear, and for a trigger where no range speaks."""
    mine = [r for r in raised if row.count and set(r.rule.leaves) & set(leaves)]
    if any(r.rule.kind == SMEAR for r in mine) or (mine and not row.flag):
        return replace(row, flag="!")
    return row


def _totals(basis: _RowContext, shown: Iterable[DifferentialRow]) -> tuple[DifferentialRow, ...]:
    """Neutrophils, lymphocytes and immature granulocytes where the table shows them in several rows."""
    codes = {row.code for row in shown}
    result = []
    for code in ("NEUTROPHIL", "LYMPHOCYTE", "IG"):
        item = ITEMS[code]
        parts = [leaf for leaf in item.leaves if leaf in codes]
        if len(parts) < 2 or (code == "LYMPHOCYTE" and not basis.count((VARIANT_LYMPHOCYTE,))):
            continue
        row = _make_row(basis, Row(code, item.name, item.leaves, True, BY_CODE[item.leaves[0]].rgb))
        result.append(_with_range(basis, row, item))
    return tuple(result)


@dataclass(frozen=True, slots=True)
class _Correction:
    """The white cell count before and after the correction for nucleated red cells (10^9/L).

    `nrbc` is per 100 leukocytes; `due` says that the count needs the correction unless the analyser made it,
    `answer` whether it did ("yes", "no", else unknown), `made` that it was corrected here.
    """

    wbc: float | None
    used: float | None
    nrbc: float
    due: bool
    answer: str
    made: bool


def _nrbc_correction(
    counts: Mapping[str, int], total: int, data: SpecimenData, settings: LabSettings
) -> _Correction:
    wbc = data.number("wbc")
    answer = data.fields.get("wbc_corrected", "").strip().lower()
    nrbc = 100.0 * counts.get(NRBC, 0) / total if total else 0.0
    due = wbc is not None and nrbc > 0 and nrbc >= settings.nrbc_threshold
    made = due and answer == "no"
    used = nrbc_correction(wbc, nrbc) if made and wbc is not None else wbc
    return _Correction(wbc, used, nrbc, due, answer, made)


def _flagged_row(basis: _RowContext, row: Row, raised: Sequence[TriggeredRule]) -> DifferentialRow:
    item = None if row.code.startswith(OTHER) else _range_item(basis, row.leaves)
    return _rule_flag(_with_range(basis, _make_row(basis, row), item), row.leaves, raised)


def differential(
    counts: Mapping[str, int],
    unidentified: int,
    excluded: int,
    data: SpecimenData,
    settings: LabSettings,
    taxonomy: str | None = None,
    target: int | None = None,
    *,
    outside_frame: Mapping[str, int] | None = None,
    same_area: SameArea | None = None,
) -> Differential:
    """The table with limits, absolute counts, flags and remarks.

    Parameters
    ----------
    counts : mapping
        Final leaf code -> number of cells, hand counts included.
    unidentified, excluded : int
        Cells outside every row.
    data : SpecimenData
        Uses wbc (10^9/L), wbc_corrected ("yes", "no", else unknown), sex, age or birth_date.
    settings : LabSettings
        Ranges, rules, thresholds.
    taxonomy : str or None
        Roll-up id; None takes the laboratory's.
    outside_frame : mapping, optional
        Proposed leaf code -> number of cells that the right or bottom edge of a field or slide cuts, among
        the excluded: remarks name them.
    same_area : SameArea, optional
        Where not all was counted on one area: platelets and the like per 100 leukocytes are then of this one.
    target : int or None
        Leukocytes to count (:func:`~bloodcells_gui.domain.counting_target.counting_target`), 0 for none;
        None takes the laboratory's.

    Raises
    ------
    KeyError
        For an unknown leaf or roll-up.
    """
    from bloodcells_gui.domain import remarks  # it needs the types above

    if target is not None:
        settings = replace(settings, target_cells=target)
    rollup = ROLLUPS[settings.rollup if taxonomy is None else taxonomy]
    for code in counts:
        BY_CODE[code]
    total = sum(n for code, n in counts.items() if code in COUNTED)
    correction = _nrbc_correction(counts, total, data, settings)
    wbc_used = correction.used

    basis = _RowContext(counts, total, wbc_used, settings.ranges, sex_of(data), age_years(data), same_area)
    raised = raised_rules(settings.rules, counts, total, wbc_used, same_area)
    rows = [_flagged_row(basis, row, raised) for row in rollup.rows]
    totals = _totals(basis, rows)
    wbc_range = basis.range(ranges.WBC, ranges.ABSOLUTE)
    table = Differential(
        rollup=rollup.id,
        rows=tuple(rows),
        total=total,
        unidentified=unidentified,
        excluded=excluded,
        wbc=correction.wbc,
        wbc_used=wbc_used,
        corrected=correction.made,
        totals=totals,
        wbc_flag=wbc_range.side(wbc_used) if wbc_range and wbc_used is not None else "",
        wbc_low=wbc_range.low if wbc_range else None,
        wbc_high=wbc_range.high if wbc_range else None,
    )
    return replace(
        table,
        remarks=remarks.remarks(
            table,
            counts,
            raised,
            settings,
            nrbc=correction.nrbc,
            correction_due=correction.due,
            answer=correction.answer,
            sex=basis.sex,
            age=basis.age,
            analyser=analyser_of(data)[0],
            outside_frame=outside_frame or {},
            same_area=same_area,
        ),
    )


def sex_of(data: SpecimenData) -> str:
    """ "F", "M" or "" from however the field was filled in."""
    text = data.fields.get("sex", "").strip().upper()
    return {"F": "F", "W": "F", "FEMALE": "F", "FEMME": "F", "M": "M", "H": "M", "MALE": "M",
            "HOMME": "M"}.get(text, "")  # fmt: skip
