"""The sentences under the table: raised rules, left shift, what Other holds, when to count on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bloodcells_gui.domain.analyser_csv import HIGHEST_SUM, leukocyte_share
from bloodcells_gui.domain.common_area import SameArea
from bloodcells_gui.domain.differential import Differential, DifferentialRow, Remark
from bloodcells_gui.domain.i18n import N_, plural
from bloodcells_gui.domain.ranges import ABSOLUTE, ITEMS, PERCENT, best_matching_range
from bloodcells_gui.domain.rules import SMEAR, UNITS, Rule, TriggeredRule
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.stats import clopper_pearson
from bloodcells_gui.domain.taxonomy import (
    BAND,
    BY_CODE,
    CLASSES,
    CRITICAL,
    NOTABLE,
    NRBC,
    ORDER,
    OTHER,
    ROLLUPS,
    SEGMENTED,
)

TARGET_RULE = "target-count"
AMENDED = N_("Version {version} amends a signed report: {reason}")
AMENDED_NO_REASON = N_("Version {version} amends a signed report.")  # where exports are anonymised
SAMPLING_ONLY = N_(
    "Limits are exact 95 % limits of sampling error only; they do not cover misclassification or the choice "
    "of the area."
)


def remarks(
    table: Differential,
    counts: Mapping[str, int],
    raised: Sequence[TriggeredRule],
    settings: LabSettings,
    *,
    nrbc: float,
    correction_due: bool,
    answer: str,
    sex: str = "",
    age: float | None = None,
    analyser: Mapping[str, float] | None = None,
    outside_frame: Mapping[str, int] | None = None,
    same_area: SameArea | None = None,
) -> tuple[Remark, ...]:
    """All remarks, the gravest first.

    `nrbc` is NRBC per 100 WBC, `answer` what was said about the analyser's own correction; `sex` and `age`
    choose the ranges whose limits are decisions; `analyser` is the analyser's differential in %;
    `outside_frame` are the proposals for cells that the right or bottom edge cuts, `same_area` what the
    ratios of other items are of.
    """
    found = [
        *(_rule(r) for r in raised),
        *_unidentified(table),
        *_cut(outside_frame or {}),
        *_of_an_area(table, same_area),
        *_correction(table, settings, nrbc, correction_due, answer),
        *_left_shift(table, counts, settings),
        *_immature(table, counts),
        *_other(table, counts),
        *_target(table, settings),
        *_analyser_sum(analyser or {}),
        *_count_on(table, counts, settings, sex, age),
        *([Remark(SAMPLING_ONLY)] if table.total else []),
    ]
    weight = {"critical": 0, "warning": 1, "info": 2}
    return tuple(sorted(found, key=lambda r: weight[r.severity]))


def _rule(raised: TriggeredRule) -> Remark:
    rule = raised.rule
    decimals = 0 if rule.quantity == "count" else 1 if rule.quantity in ("percent", "per_100") else 2
    if rule.quantity == "count":
        trigger = N_("Review trigger: {name} {n_value} (rule {comparison} {n_threshold})")
        positive = N_("Positive smear: {name} {n_value} (rule {comparison} {n_threshold})")
    else:
        trigger = N_("Review trigger: {name} {n_value} {unit} (rule {comparison} {n_threshold})")
        positive = N_("Positive smear: {name} {n_value} {unit} (rule {comparison} {n_threshold})")
    text = positive if rule.kind == SMEAR else trigger
    params = (
        ("name", rule.name),
        ("n_value", f"{raised.value:.{decimals}f}"),
        ("unit", UNITS[rule.quantity]),
        ("comparison", {">=": "≥"}.get(rule.comparison, rule.comparison)),
        ("n_threshold", f"{rule.threshold:g}"),
    )
    return Remark(text, params, rule.severity, rule.id, rule.leaves)


def _unidentified(table: Differential) -> list[Remark]:
    if not table.unidentified:
        return []
    text = N_("Unidentified cells, not in the table: {count}. The result is preliminary.")
    return [Remark(text, (("count", str(table.unidentified)),), "warning", codes=("UNI",))]


# Named although it does not count: leukocytes first, the gravest first.
_NAMED_WHEN_CUT = sorted(
    NOTABLE, key=lambda code: (not BY_CODE[code].counts, -BY_CODE[code].significance, ORDER[code])
)


CUT = N_("Cut by the right or bottom edge of an image and therefore not counted: {count} (counting frame).")


def cut_cells(table: Differential) -> int:
    """How many of the excluded cells lie outside the counting frame: no person took them out."""
    return sum(int(dict(r.params)["count"]) for r in table.remarks if r.text == CUT)


def _cut(outside_frame: Mapping[str, int]) -> list[Remark]:
    """Cells that the right or bottom edge cuts, above all those that matter when there are few."""
    total = sum(outside_frame.values())
    if not total:
        return []
    found = [Remark(CUT, (("count", str(total)),))]
    grave = [code for code in _NAMED_WHEN_CUT if outside_frame.get(code)]
    if grave:
        text = N_(
            "Among the cells that an edge cuts and that are not counted, proposed: {names}. Look at them."
        )
        names = "; ".join(f"{outside_frame[code]} {BY_CODE[code].name}" for code in grave)
        severity = "critical" if CRITICAL.intersection(grave) else "warning"
        found.append(Remark(text, (("names", names),), severity, "", tuple(grave)))
    return found


def _of_an_area(table: Differential, area: SameArea | None) -> list[Remark]:
    """Which ratios to the leukocytes are of a part of the specimen, and which cannot be given."""
    if area is None:
        return []
    found: list[Remark] = []
    text = plural(
        "{names}: {n_shown} shown, {n_counted} counted in {n_area} mm² beside {n_leukocytes} leukocyte; the "
        "number per 100 leukocytes is of this area.",
        "{names}: {n_shown} shown, {n_counted} counted in {n_area} mm² beside {n_leukocytes} leukocytes; the "
        "number per 100 leukocytes is of this area.",
        "n_leukocytes",
    )
    missing: list[DifferentialRow] = []
    for row in table.rows:
        if row.counted is not None and (row.counted or row.count):
            params = (
                ("names", row.name),
                ("n_shown", str(row.count)),
                ("n_counted", str(row.counted)),
                ("n_area", f"{row.counted_mm2 or 0.0:.2f}"),
                ("n_leukocytes", str(area.leukocytes)),
            )
            leaves = next(r.leaves for r in ROLLUPS[table.rollup].rows if r.code == row.code)
            found.append(Remark(text, params, codes=leaves))
        elif not row.counts and row.count and row.per_100_wbc is None:
            missing.append(row)
    if missing:
        text = N_("{names}: not counted on the same area as leukocytes, so no number per 100 leukocytes.")
        found.append(Remark(text, (("names", "; ".join(r.name for r in missing)),)))
    return found


def _correction(
    table: Differential, settings: LabSettings, nrbc: float, due: bool, answer: str
) -> list[Remark]:
    if table.wbc is None or not due:
        return []
    params = (
        ("n_nrbc", f"{nrbc:.1f}"),
        ("n_wbc", f"{table.wbc:.2f}"),
        ("n_used", f"{table.wbc_used:.2f}"),
        ("n_threshold", f"{settings.nrbc_threshold:g}"),
    )
    if table.corrected:
        text = N_("White cell count corrected for {n_nrbc} NRBC per 100 WBC: {n_wbc} to {n_used} 10⁹/L.")
        return [Remark(text, params, codes=(NRBC,))]
    if answer == "yes":
        text = N_("{n_nrbc} NRBC per 100 WBC; the analyser has corrected the white cell count already.")
        return [Remark(text, params, codes=(NRBC,))]
    text = N_(
        "{n_nrbc} NRBC per 100 WBC, but it is unknown whether the analyser corrected the white cell count: "
        "nothing is corrected, absolute counts may be too high."
    )
    return [Remark(text, params, "warning", codes=(NRBC,))]


def _left_shift(table: Differential, counts: Mapping[str, int], settings: LabSettings) -> list[Remark]:
    bands, both = counts.get(BAND, 0), counts.get(BAND, 0) + counts.get(SEGMENTED, 0)
    if not table.total or not bands or 100.0 * bands / table.total < settings.left_shift_bands_percent:
        return []
    text = N_(
        "Left shift: {n_bands} % bands, counted with the segmented forms ({n_both} % neutrophils in all)."
    )
    params = (
        ("n_bands", f"{100.0 * bands / table.total:.1f}"),
        ("n_both", f"{100.0 * both / table.total:.1f}"),
    )
    return [Remark(text, params, "warning", "left-shift", (BAND,))]


def _immature(table: Differential, counts: Mapping[str, int]) -> list[Remark]:
    leaves = ITEMS["IG"].leaves
    count = sum(counts.get(leaf, 0) for leaf in leaves)
    if not count:
        return []
    low, high = clopper_pearson(count, table.total)
    text = N_("Immature granulocytes in all: {n_share} % ({n_low} to {n_high}), blasts not among them.")
    share = f"{100.0 * count / table.total:.1f}"
    params = (("n_share", share), ("n_low", f"{100 * low:.1f}"), ("n_high", f"{100 * high:.1f}"))
    return [Remark(text, params, codes=leaves)]


def _other(table: Differential, counts: Mapping[str, int]) -> list[Remark]:
    """Nothing disappears in OTHER: its cells are named, a blast above all."""
    result = []
    for row in ROLLUPS[table.rollup].rows:
        inside = [c for c in CLASSES if c.code in row.leaves and counts.get(c.code, 0)]
        if not row.code.startswith(OTHER) or not inside:
            continue
        text = N_("Other holds {names}.") if row.counts else N_("Other, outside the count, holds {names}.")
        names = "; ".join(f"{counts[c.code]} {c.name}" for c in inside)
        codes = tuple(c.code for c in inside)
        grave = "critical" if CRITICAL.intersection(codes) else "info"
        result.append(Remark(text, (("names", names),), grave, "", codes))
    return result


def _target(table: Differential, settings: LabSettings) -> list[Remark]:
    if not settings.target_cells or table.total >= settings.target_cells:
        return []
    text = N_("Leukocytes counted: {count}; the target is {target}.")
    params = (("count", str(table.total)), ("target", str(settings.target_cells)))
    return [Remark(text, params, "warning", TARGET_RULE)]


def _analyser_sum(analyser: Mapping[str, float]) -> list[Remark]:
    """Typed figures are taken one by one, so that only their sum shows a slip (620 for 62.0)."""
    total = leukocyte_share(analyser)
    if total <= HIGHEST_SUM:  # below it, classes may simply not be entered
        return []
    text = N_("The analyser's percentages sum to {n_sum} %: at least one of them is wrong.")
    return [Remark(text, (("n_sum", f"{total:.1f}"),), "warning", "analyser-sum")]


def _thresholds(rule: Rule, wbc: float | None) -> float | None:
    """The rule's threshold in % of leukocytes, where it can be put so."""
    if not rule.enabled or not rule.leaves or not all(BY_CODE[c].counts for c in rule.leaves):
        return None
    if rule.quantity == "percent":
        return rule.threshold
    if rule.quantity == "absolute" and wbc:
        return 100.0 * rule.threshold / wbc
    return None


def _decisions(
    settings: LabSettings, wbc: float | None, sex: str, age: float | None
) -> Iterable[tuple[str, tuple[str, ...], float]]:
    """(name, leaves, threshold in %) of every decision that a share can fall on either side of."""
    for rule in settings.rules:
        if (threshold := _thresholds(rule, wbc)) is not None:
            yield rule.name, rule.leaves, threshold
    for item in ITEMS.values():
        if not item.leaves or item.code == NRBC:
            continue
        for unit in (ABSOLUTE, PERCENT):
            found = best_matching_range(settings.ranges, item.code, unit, sex, age)
            for limit in (found.low, found.high) if found else ():
                if limit and (unit == PERCENT or wbc):
                    yield item.name, item.leaves, limit if unit == PERCENT else 100.0 * limit / (wbc or 1.0)


def _count_on(
    table: Differential, counts: Mapping[str, int], settings: LabSettings, sex: str, age: float | None
) -> list[Remark]:
    """Count on when limits contain a decision threshold and a larger count would part them."""
    following = next((t for t in sorted(settings.target_counts) if t > table.total), None)
    if following is None or table.total < 50:
        return []
    names: list[str] = []
    codes: list[str] = []
    for name, leaves, threshold in _decisions(settings, table.wbc_used, sex, age):
        count = sum(counts.get(leaf, 0) for leaf in leaves)
        low, high = clopper_pearson(count, table.total)
        # An absent class has an upper limit of some percent at any count: that alone is no reason.
        if count and 100 * low < threshold < 100 * high and name not in names:
            names.append(name)
            codes += leaves
    if not names:
        return []
    text = N_("Count on to {target} cells: the limits of {names} contain a decision threshold.")
    return [
        Remark(
            text, (("target", str(following)), ("names", "; ".join(names))), "info", "count-on", tuple(codes)
        )
    ]
