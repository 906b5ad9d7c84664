"""Agreement: two readers of one case, an analyser and the smear, both over many cases."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bloodcells_gui.domain.class_names import leaves_of
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.review import SpecimenData
from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.stats import (
    BlandAltman,
    Kappa,
    RuemkeResult,
    bland_altman,
    clopper_pearson,
    cohen_kappa,
    difference_limits,
    ruemke,
)
from bloodcells_gui.domain.taxonomy import COUNTED, ORDER, ROLLUPS


@dataclass(frozen=True, slots=True)
class ClassAgreement:
    """One class as two readers saw it.

    `first` and `second` are cells that each called so, `both` those that both did; `agreement` is
    2 both / (first + second) (positive agreement), `ruemke` compares the shares of the 100 %.
    """

    code: str
    name: str
    first: int
    second: int
    both: int
    agreement: float
    ruemke: RuemkeResult | None


@dataclass(frozen=True, slots=True)
class ReaderAgreement:
    """Two readers of the same cells; `disagreeing` cells go to adjudication."""

    n: int
    kappa: Kappa
    agreeing: int
    agreement_low: float
    agreement_high: float
    classes: tuple[ClassAgreement, ...]
    codes: tuple[str, ...]
    table: tuple[tuple[int, ...], ...]
    disagreeing: tuple[int, ...]


def compare_readers(
    first: Mapping[int, str], second: Mapping[int, str], rollup: str = "full"
) -> ReaderAgreement:
    """Agreement over the cells that both readers labelled.

    Parameters
    ----------
    first, second : mapping
        Cell id -> leaf code, or "EXCLUDED" for a cell that was taken out.
    rollup : str
        Rows in which agreement is judged.

    Returns
    -------
    ReaderAgreement
        Shares for Ruemke's comparison are of each reader's own counted leukocytes.
    """
    rows = ROLLUPS[rollup].rows
    names = {row.code: row.name for row in rows} | {EXCLUDED_LABEL: N_("Taken out")}
    order = [row.code for row in rows] + [EXCLUDED_LABEL]
    row_of = {leaf: row.code for row in rows for leaf in row.leaves} | {EXCLUDED_LABEL: EXCLUDED_LABEL}
    inside = {row.code for row in rows if row.counts}
    ids = sorted(set(first) & set(second))
    pairs = [(row_of[first[i]], row_of[second[i]]) for i in ids]
    codes = [c for c in order if any(c in pair for pair in pairs)]
    place = {c: i for i, c in enumerate(codes)}
    table = np.zeros((len(codes), len(codes)), int)
    for a, b in pairs:
        table[place[a], place[b]] += 1
    counted = [sum(c in inside for c in side) for side in zip(*pairs, strict=True)] if pairs else [0, 0]
    classes = []
    for code in codes:
        i = place[code]
        x, y, both = int(table[i].sum()), int(table[:, i].sum()), int(table[i, i])
        compared = ruemke(x, counted[0], y, counted[1]) if code in inside and all(counted) else None
        classes.append(ClassAgreement(code, names[code], x, y, both, 2 * both / (x + y), compared))
    agreeing = int(np.trace(table)) if codes else 0
    low, high = clopper_pearson(agreeing, len(ids))
    return ReaderAgreement(
        n=len(ids),
        kappa=cohen_kappa(table.astype(float)),
        agreeing=agreeing,
        agreement_low=low,
        agreement_high=high,
        classes=tuple(classes),
        codes=tuple(codes),
        table=tuple(tuple(int(v) for v in line) for line in table),
        disagreeing=tuple(i for i, (a, b) in zip(ids, pairs, strict=True) if a != b),
    )


@dataclass(frozen=True, slots=True)
class AnalyserRow:
    """One class: smear against analyser, in % of leukocytes.

    `difference` is smear minus analyser with 95 % limits; `inside` says that the analyser's share lies within
    the exact limits of the smear's count (Ruemke).
    """

    code: str
    name: str
    count: int
    smear: float
    smear_low: float
    smear_high: float
    analyser: float
    difference: float
    low: float
    high: float
    inside: bool


def compare_analyser(
    counts: Mapping[str, int], analyser: Mapping[str, float], analyser_cells: int | None = None
) -> tuple[AnalyserRow, ...]:
    """Agreement of one smear with an analyser's percentages.

    Parameters
    ----------
    counts : mapping
        Final leaf counts of the smear.
    analyser : mapping
        Class (code, group, row or name) -> % of leukocytes.
    analyser_cells : int or None
        Leukocytes that the analyser counted; then limits of the difference are Newcombe's. None takes its
        percentages as exact, which they nearly are with some ten thousand cells.

    Raises
    ------
    KeyError
        For a class that nothing is called.
    """
    total = sum(n for c, n in counts.items() if c in COUNTED)
    rows = []
    for label, share in analyser.items():
        leaves = leaves_of(label)
        count = sum(counts.get(leaf, 0) for leaf in leaves)
        low, high = clopper_pearson(count, total)
        value = count / total if total else math.nan
        difference = value - share / 100
        if analyser_cells and total:
            y = round(share / 100 * analyser_cells)
            _, lower, upper = difference_limits(count, total, min(y, analyser_cells), analyser_cells)
        else:
            lower, upper = low - share / 100, high - share / 100
        rows.append(
            AnalyserRow(
                label, _name(leaves, label), count, 100 * value, 100 * low, 100 * high, share,
                100 * difference, 100 * lower, 100 * upper, low <= share / 100 <= high,
            )
        )  # fmt: skip
    return tuple(sorted(rows, key=lambda r: ORDER[leaves_of(r.code)[0]]))


def label_name(label: str) -> str:
    """English name of the class that an analyser calls `label`, else the label itself."""
    try:
        return _name(leaves_of(label), label)
    except KeyError:
        return label


def _name(leaves: tuple[str, ...], label: str) -> str:
    """English name of exactly these leaves, else the label itself."""
    for rollup in ("full", "ten"):
        for row in ROLLUPS[rollup].rows:
            if set(row.leaves) == set(leaves):
                return row.name
    return label


def agreement_over_cases(cases: Iterable[Sequence[AnalyserRow]]) -> dict[str, BlandAltman]:
    """Bland-Altman figures per class, smear minus analyser in percentage points, over many cases."""
    smear: dict[str, list[float]] = {}
    analyser: dict[str, list[float]] = {}
    for rows in cases:
        for row in rows:
            if not math.isnan(row.smear):
                smear.setdefault(row.name, []).append(row.smear)
                analyser.setdefault(row.name, []).append(row.analyser)
    return {name: bland_altman(values, analyser[name]) for name, values in smear.items()}


ANALYSER_PREFIX = "analyser."
ANALYSER_CELLS_FIELD = "analyser_cells"


def analyser_fields(analyser: Mapping[str, float]) -> dict[str, str]:
    """An analyser's differential as fields of a case (one SET_FIELD event each)."""
    return {f"{ANALYSER_PREFIX}{label}": f"{value:g}" for label, value in analyser.items()}


def analyser_of(data: SpecimenData) -> tuple[dict[str, float], int | None]:
    """The analyser's differential kept in a case, and how many leukocytes it counted (None when not told).

    Fields that cannot be understood any more are left out.
    """
    found = {}
    for name in data.fields:
        label = name.removeprefix(ANALYSER_PREFIX)
        value = data.number(name) if label != name else None
        if value is None or value > 1000:
            continue
        try:
            leaves_of(label)
        except KeyError:
            continue
        found[label] = value
    cells = data.number(ANALYSER_CELLS_FIELD)
    return found, int(cells) if cells else None
