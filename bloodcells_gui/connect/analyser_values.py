"""What an analyser found, from the results of a message or the columns of a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bloodcells_gui.domain.analyser_units import GIGA, TERA, litre_power
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.number_parsing import number_of
from bloodcells_gui.domain.taxonomy import PLATELET

WBC, RBC, PLT = "WBC", "RBC", PLATELET
#: Power of ten of cells in a litre in which a count is kept, and the largest that can be.
_KEPT = {WBC: (GIGA, 1_000.0), RBC: (TERA, 20.0), PLT: (GIGA, 10_000.0)}
FIVE = ("neutrophils", "lymphocytes", "monocytes", "eosinophils", "basophils")
# Codes of an analyser's figures: LOINC (automated, recalled, and without a method) or common abbreviations.
_COUNTS = {
    "6690-2": WBC, "26464-8": WBC, "WBC": WBC, "789-8": RBC, "26453-1": RBC, "RBC": RBC,
    "777-3": PLT, "26515-7": PLT, PLT: PLT, "PLT-I": PLT,
}  # fmt: skip
_LOINC = {
    "neutrophils": (("770-8", "26511-6"), ("751-8", "26499-4")),
    "lymphocytes": (("736-9", "26478-8"), ("731-0", "26474-7")),
    "monocytes": (("5905-5", "26485-3"), ("742-7", "26484-6")),
    "eosinophils": (("713-8", "26450-7"), ("711-2", "26449-9")),
    "basophils": (("706-2", "30180-4"), ("704-7", "26444-0")),
}
# Of analysers, not codes of classes.
_ABBREVIATIONS = {
    "neutrophils": "NEUT NEU NE", "lymphocytes": "LYMPH LYM LY", "monocytes": "MONO MON MO",
    "eosinophils": "EO EOS", "basophils": "BASO BAS BA",
}  # fmt: skip
_SHARES = {code: name for name, (codes, _) in _LOINC.items() for code in codes}
_SHARES |= {f"{short}%": name for name, shorts in _ABBREVIATIONS.items() for short in shorts.split()}
_ABSOLUTES = {code: name for name, (_, codes) in _LOINC.items() for code in codes}
_ABSOLUTES |= {f"{short}#": name for name, shorts in _ABBREVIATIONS.items() for short in shorts.split()}
_RAISED = frozenset({"A", "AA"})
_SIDES = frozenset({"L", "H", "LL", "HH", "<", ">"})
_POSITIVE = frozenset({"POS", "POSITIVE", "TRUE", "PRESENT", "YES", "+"})
_MOST_FLAGS, _LONGEST_FLAG = 20, 60
# Shares and absolute counts are printed rounded.
_SAME_PERCENT = 2.0
_HIGHEST_SUM = 105.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One result as it came: the codes that name it, words for it, value, unit, and abnormal flag."""

    codes: tuple[str, ...]
    name: str
    value: str
    unit: str = ""
    flag: str = ""


@dataclass(slots=True)
class AnalyserValues:
    """What could be taken: `counts` in 10^9/L (RBC 10^12/L), `shares` in % and `absolutes` in 10^9/L of the
    five classes, `flags` in the analyser's words."""

    counts: dict[str, float] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    absolutes: dict[str, float] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)


def analyser_values(readings: Iterable[Reading], problems: list[Reason]) -> AnalyserValues:
    """Sort what an analyser says; a unit that is not known is a problem, and its value is not taken.

    Where only absolute counts of the classes came with a white cell count, the shares are made of them.
    """
    found = AnalyserValues()
    for reading in readings:
        _take(found, reading, problems)
    _fit(found, problems)
    found.flags = list(dict.fromkeys(found.flags))[:_MOST_FLAGS]
    return found


def _take(found: AnalyserValues, reading: Reading, problems: list[Reason]) -> None:
    codes = [c.strip().upper() for c in reading.codes if c.strip()]
    count = next((_COUNTS[c] for c in codes if c in _COUNTS), "")
    share = next((_SHARES[c] for c in codes if c in _SHARES), "")
    absolute = next((_ABSOLUTES[c] for c in codes if c in _ABSOLUTES), "")
    flag = reading.flag.strip().upper()
    if not (count or share or absolute):
        if flag in _RAISED or reading.value.strip().upper() in _POSITIVE:
            found.flags.append(_words(reading))
        return
    value, name = number_of(reading.value), count or share or absolute
    if value is None or value < 0:
        return
    if share:
        taken = _share(share, value, reading.unit.strip(), problems)
        into = found.shares
    else:
        power, most = _KEPT[count or WBC]
        taken = _count(name, value, reading.unit, power, most, problems)
        into = found.counts if count else found.absolutes
    if taken is None:
        return
    into.setdefault(name, taken)
    if flag in _SIDES or flag in _RAISED:
        found.flags.append(f"{name}{' %' if share else ''} {flag}")


def _share(name: str, value: float, unit: str, problems: list[Reason]) -> float | None:
    if unit not in ("", "%"):
        problems.append(unit_problem(name, unit))
    elif value > 100:
        problems.append(_impossible(name, f"{value:g} %"))
    else:
        return value
    return None


def _count(
    name: str, value: float, unit: str, kept: int, most: float, problems: list[Reason]
) -> float | None:
    power = litre_power(unit)
    if power is None:
        problems.append(unit_problem(name, unit.strip() or "–"))
        return None
    taken = float(f"{value * 10.0 ** (power - kept):.12g}")
    if taken > most:
        problems.append(_impossible(name, f"{value:g} {unit.strip()}"[:60]))
        return None
    return taken


def _fit(found: AnalyserValues, problems: list[Reason]) -> None:
    """Make shares of absolute counts where there are none, and say where the two differ."""
    wbc = found.counts.get(WBC)
    for name, absolute in found.absolutes.items():
        if not wbc:
            continue
        share = 100 * absolute / wbc
        told = found.shares.get(name)
        if told is None and share <= 100:
            found.shares[name] = round(share, 1)
        elif told is None or abs(told - share) > _SAME_PERCENT:
            text = N_("{name}: {count} 10⁹/L is {share} % of the white cells, not {told} %")
            said = "–" if told is None else f"{told:g}"
            problems.append(
                Reason(text, (("name", name), ("count", f"{absolute:g}"), ("share", f"{share:.1f}"),
                              ("told", said)))
            )  # fmt: skip
    total = sum(found.shares.values())
    if total > _HIGHEST_SUM:
        problems.append(
            Reason(N_("the analyser's shares sum to {sum} %"), (("sum", f"{total:.1f}"),)),
        )


def _words(reading: Reading) -> str:
    """A flag as a person reads it: "Blasts/Abn Lympho?"."""
    name = " ".join((reading.name.strip() or next(iter(reading.codes), "")).replace("_", " ").split())
    return name[:_LONGEST_FLAG]


def unit_problem(name: str, unit: str) -> Reason:
    """A figure in a unit that is not known."""
    return Reason(N_("{name} is in {unit}, a unit that is not known: it is not taken"),
                  (("name", name), ("unit", unit[:30])))  # fmt: skip


def _impossible(name: str, value: str) -> Reason:
    return Reason(N_("{name} cannot be {value}: it is not taken"), (("name", name), ("value", value)))
