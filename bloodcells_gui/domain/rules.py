"""Review rules: first-sample triggers and the criteria of a positive smear, all editable.

After the ISLH consensus group (Barnes et al., Lab Hematol 2005; 41 rules from 13,298 samples); the numbers
are recalled, not re-read, so every laboratory must check them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bloodcells_gui.domain import validation
from bloodcells_gui.domain.common_area import SameArea
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.taxonomy import BY_CODE, WITH_LEUKOCYTES

TRIGGER, SMEAR = "trigger", "smear"
_COMPARE: dict[str, Callable[[float, float], bool]] = {"<": operator.lt, ">": operator.gt, ">=": operator.ge}
UNITS = {"absolute": "10⁹/L", "percent": "%", "count": "cells", "per_100": N_("per 100 WBC")}


@dataclass(frozen=True, slots=True)
class Rule:
    """One criterion.

    Attributes
    ----------
    id : str
        Stable name, shown beside what it raised.
    name : str
        English wording of what is looked at (a translation key).
    kind : str
        "trigger" (look at the first sample) or "smear" (the smear is positive).
    leaves : tuple of str
        Classes summed; empty means the white cell count itself.
    quantity : str
        "absolute" (10^9/L, after NRBC correction), "percent" of counted leukocytes, "count" of cells,
        "per_100" WBC.
    comparison : str
        "<", ">" or ">=".
    threshold : float
    severity : str
        "warning" or "critical".
    enabled : bool
    """

    id: str = field(metadata=validation.text(60))
    name: str = field(metadata=validation.text(120))
    kind: str = field(metadata=validation.choice(TRIGGER, SMEAR))
    leaves: tuple[str, ...] = field(metadata=validation.items(validation.choice(*BY_CODE)))
    quantity: str = field(metadata=validation.choice(*UNITS))
    comparison: str = field(metadata=validation.choice(*_COMPARE))
    threshold: float = field(metadata=validation.number(0, 1e6))
    severity: str = field(default="warning", metadata=validation.choice("warning", "critical"))
    enabled: bool = field(default=True, metadata=validation.flag())

    def __post_init__(self) -> None:
        if not self.leaves and self.quantity != "absolute":
            raise ValueError(N_("a rule on the white cell count must be absolute"))


_NE = ("SNE", "BNE")
DEFAULT_RULES: tuple[Rule, ...] = (
    Rule("wbc-low", "White cell count", TRIGGER, (), "absolute", "<", 4.0),
    Rule("wbc-high", "White cell count", TRIGGER, (), "absolute", ">", 30.0),
    Rule("neutrophils-low", "Neutrophils (total)", TRIGGER, _NE, "absolute", "<", 1.0, "critical"),
    Rule("neutrophils-high", "Neutrophils (total)", TRIGGER, _NE, "absolute", ">", 20.0),
    Rule("lymphocytes-high", "Lymphocytes (total)", TRIGGER, ("LY", "VLY"), "absolute", ">", 5.0),
    Rule("monocytes-high", "Monocyte", TRIGGER, ("MO",), "absolute", ">", 1.5),
    Rule("eosinophils-high", "Eosinophil", TRIGGER, ("EO",), "absolute", ">", 2.0),
    Rule("basophils-high", "Basophil", TRIGGER, ("BA",), "absolute", ">", 0.5),
    Rule("nrbc-any", "Erythroblast (NRBC)", TRIGGER, ("ERB",), "count", ">=", 1.0),
    Rule("blasts", "Blast", SMEAR, ("BL",), "count", ">=", 1.0, "critical"),
    Rule("pro-myelocytes", "Promyelocytes and myelocytes", SMEAR, ("PMY", "MY"), "count", ">=", 1.0),
    Rule("metamyelocytes", "Metamyelocyte", SMEAR, ("MMY",), "percent", ">", 2.0),
    Rule("variant-lymphocytes", "Variant lymphocyte", SMEAR, ("VLY",), "percent", ">", 5.0),
    Rule("nrbc-smear", "Erythroblast (NRBC)", SMEAR, ("ERB",), "per_100", ">=", 1.0),
    Rule("plasma-cells", "Plasma cell", SMEAR, ("PC",), "count", ">=", 1.0),
)


@dataclass(frozen=True, slots=True)
class TriggeredRule:
    """A rule that holds, and the value that raised it, in the rule's unit."""

    rule: Rule
    value: float


def rule_value(
    rule: Rule,
    counts: Mapping[str, int],
    total: int,
    wbc: float | None,
    same_area: SameArea | None = None,
) -> float | None:
    """What the rule looks at; None where it cannot be told (no cells, no white cell count, no area)."""
    if not rule.leaves:
        return wbc
    count = sum(counts.get(leaf, 0) for leaf in rule.leaves)
    if rule.quantity == "count":
        return float(count)
    if rule.quantity == "per_100" and same_area is not None and not set(rule.leaves) <= WITH_LEUKOCYTES:
        figure, total = same_area.of(rule.leaves), same_area.leukocytes
        return None if figure is None or total == 0 else 100.0 * figure / total
    if total == 0:
        return None
    if rule.quantity == "absolute":
        return None if wbc is None else wbc * count / total
    return 100.0 * count / total


def raised_rules(
    rules: Iterable[Rule],
    counts: Mapping[str, int],
    total: int,
    wbc: float | None,
    same_area: SameArea | None = None,
) -> tuple[TriggeredRule, ...]:
    """The enabled rules that hold, in their order.

    `counts` are final leaf counts, `total` the denominator of the 100 %, `wbc` 10^9/L after correction,
    `same_area` what ratios per 100 leukocytes are of where not all was counted on one area.
    """
    result = []
    for rule in rules:
        value = rule_value(rule, counts, total, wbc, same_area) if rule.enabled else None
        if value is not None and _COMPARE[rule.comparison](value, rule.threshold):
            result.append(TriggeredRule(rule, value))
    return tuple(result)
