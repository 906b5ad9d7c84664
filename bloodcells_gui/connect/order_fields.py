"""What orders of every form have in common: dates, and the record that is made of what was read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from bloodcells_gui.connect.analyser_values import PLT, RBC, WBC, AnalyserValues
from bloodcells_gui.connect.persons import LONGEST
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.orders import Order

_MOST_TESTS = 100
_MOMENT = re.compile(r"(\d{8}(?:\d{4}(?:\d{2})?)?)(?:\.\d+)?([+-]\d{4})?", re.ASCII)


def day_of(text: str, problems: list[Reason]) -> str:
    """YYYY-MM-DD of an HL7 or ASTM date, or of one with hyphens; what is none is a problem."""
    digits = text[:10].replace("-", "")[:8]
    if not text:
        return ""
    try:
        return date.fromisoformat(f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}").isoformat()
    except ValueError:
        problems.append(Reason(N_("{text} is no date"), (("text", text[:30]),)))
        return ""


def moment_of(text: str) -> str:
    """YYYYMMDD[HHMM[SS]][+ZZZZ] of a time as messages write it; "" for what is none, or has no hour."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None or len(found[1]) == 8 or int(found[1][8:10]) > 23 or int(found[1][10:12]) > 59:
        return ""
    return found[1] + (found[2] or "")


def made_order(
    numbers: Sequence[str],
    placer: str,
    fields: Mapping[str, str],
    tests: Iterable[str],
    values: AnalyserValues,
    problems: Iterable[Reason],
    *,
    source: str,
    requester: str = "",
    collected: str = "",
    authority: str = "",
) -> Order:
    """The order of what was read; the first of `numbers` is the specimen's."""
    asked = dict.fromkeys(t.strip()[:LONGEST] for t in tests if t.strip())
    return Order(
        numbers[0],
        placer,
        tuple((k, v) for k, v in fields.items() if v),
        tuple(asked)[:_MOST_TESTS],
        values.counts.get(WBC),
        values.counts.get(RBC),
        tuple(values.shares.items()),
        values.counts.get(PLT),
        tuple(values.absolutes.items()),
        tuple(values.flags),
        requester,
        collected,
        tuple(dict.fromkeys(n for n in numbers[1:] if n != numbers[0])),
        tuple(problems),
        source,
        authority=authority,
    )
