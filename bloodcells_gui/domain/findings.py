"""Critical findings: who must be informed before the report is signed, and what was answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bloodcells_gui.domain.rules import UNITS, TriggeredRule
from bloodcells_gui.domain.taxonomy import BY_CODE

CONFIRMED, REFUTED = "confirmed", "refuted"
VERDICTS = (CONFIRMED, REFUTED)
PREFIX = "critical/"
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Finding:
    """A class that the laboratory calls critical and that occurs, or a critical rule that holds.

    Attributes
    ----------
    id : str
        Class code, or "rule-" and the rule's id.
    name : str
        English name, a translation key.
    codes : tuple of str
        Leaf codes of the cells it is about.
    count : int
        Cells of that class, counted by hand or not; 0 for a rule.
    value, unit : str
        What raised a rule, "" for a class; `unit` is a translation key.
    """

    id: str
    name: str
    codes: tuple[str, ...]
    count: int = 0
    value: str = ""
    unit: str = ""

    @property
    def key(self) -> str:
        """The field of the case that holds the answer."""
        return PREFIX + self.id


@dataclass(frozen=True, slots=True)
class FindingAnswer:
    """What a person made of a finding.

    Attributes
    ----------
    verdict : str
        One of VERDICTS.
    told, told_at : str
        Who was told (or why nobody), and when (UTC, ISO 8601).
    note : str
    count : int
        Cells at that moment.
    value : str
        What raised the rule at that moment, "" for a class.
    by, at : str
        Who answered, and when (UTC, ISO 8601).
    """

    verdict: str
    told: str = ""
    told_at: str = ""
    note: str = ""
    count: int = 0
    by: str = ""
    at: str = ""
    value: str = ""

    def to_text(self) -> str:
        """As the case keeps it: a line each, so that the audit trail can be read."""
        pairs = (
            ("verdict", self.verdict), ("cells", str(self.count)), ("value", self.value),
            ("told", self.told), ("told at", self.told_at), ("note", self.note), ("by", self.by),
            ("at", self.at),
        )  # fmt: skip
        return "\n".join(f"{name}: {' '.join(value.split())[:_LONGEST]}" for name, value in pairs if value)


def answer_of(text: str) -> FindingAnswer | None:
    """The answer that :meth:`FindingAnswer.to_text` wrote; None for anything else."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(": ")
        found.setdefault(name, value)
    count = found.get("cells", "")
    if found.get("verdict") not in VERDICTS or not (count.isascii() and count.isdigit() and len(count) < 10):
        return None
    return FindingAnswer(
        found["verdict"],
        found.get("told", ""),
        found.get("told at", ""),
        found.get("note", ""),
        int(count),
        found.get("by", ""),
        found.get("at", ""),
        found.get("value", ""),
    )


def critical_findings(
    counts: Mapping[str, int], raised: Sequence[TriggeredRule], classes: Collection[str]
) -> tuple[Finding, ...]:
    """What of the counts is critical.

    Parameters
    ----------
    counts : mapping
        Final leaf code -> number of cells, hand counts included.
    raised : sequence of TriggeredRule
        The laboratory's rules that hold; those of severity "critical" are findings too.
    classes : collection of str
        Leaf codes that are critical by themselves.
    """
    found = [
        Finding(code, BY_CODE[code].name, (code,), counts[code])
        for code in BY_CODE
        if code in classes and counts.get(code, 0)
    ]
    for each in raised:
        rule = each.rule
        if rule.severity == "critical" and not (rule.leaves and set(rule.leaves) <= set(classes)):
            value = f"{each.value:.2f}".rstrip("0").rstrip(".")
            found.append(Finding(f"rule-{rule.id}", rule.name, rule.leaves, 0, value, UNITS[rule.quantity]))
    return tuple(found)


def is_answered(finding: Finding, fields: Mapping[str, str]) -> bool:
    """Whether the answer kept in the case still covers the finding.

    More cells than then, or another value, need a new one: nobody was told of them.
    """
    answer = answer_of(fields.get(finding.key, ""))
    if answer is None or (answer.verdict == REFUTED and finding.count):
        return False
    return finding.count <= answer.count and finding.value == answer.value
