"""Orders and analyser values from ASTM E1394 (LIS2-A2) records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bloodcells_gui.connect.analyser_values import Reading, analyser_values
from bloodcells_gui.connect.astm_records import Record, parse_records
from bloodcells_gui.connect.hl7_text import components
from bloodcells_gui.connect.order_fields import day_of, made_order, moment_of
from bloodcells_gui.connect.persons import LONGEST, person_text
from bloodcells_gui.domain.differential import sex_of
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.orders import Order
from bloodcells_gui.domain.review import SpecimenData

#: O-26 of what is no order: cancelled, no order on record, no such patient.
_NO_ORDER = frozenset({"X", "Y", "Z"})
_CANCELLED = frozenset({"C"})
_MOST_COMPONENTS = 8


def astm_orders(data: bytes, source: str) -> list[Order]:
    """The orders and results of a file or of an answer; several messages may stand one behind the other.

    Raises
    ------
    InvalidValue
        When it is too large or does not begin with a header record.
    """
    return [order for group in _specimens(parse_records(data)) if (order := _of_group(group, source))]


def _specimens(records: Sequence[Record]) -> Iterator[list[Record]]:
    """The records of each specimen, those of the patient before them each time."""
    patient: list[Record] = []
    current: list[Record] = []
    for record in records:
        if record.type in ("H", "P", "L"):
            if current:
                yield [*patient, *current]
            current = []
            patient = [record] if record.type == "P" else []
        elif record.type == "O":
            same = [r.value(3) for r in current if r.type == "O"][:1] == [record.value(3)]
            if current and not same:
                yield [*patient, *current]
                current = []
            current.append(record)
        elif current:
            current.append(record)
    if current:
        yield [*patient, *current]


def _of_group(group: list[Record], source: str) -> Order | None:
    orders = [r for r in group if r.type == "O" and not _is_none(r)]
    if not orders:
        return None
    first = orders[0]
    patient = next((r for r in group if r.type == "P"), Record(("P",)))
    numbers = [n for n in (_text(first, 3), _text(first, 4)) if n]
    if not numbers:
        return None
    problems: list[Reason] = []
    family, given = _text(patient, 6), _text(patient, 6, 2)
    requester = tuple(_text(first, 17, n) for n in range(1, 8))
    if not any(requester):
        requester = tuple(_text(patient, 14, n) for n in range(1, 8))
    collected = _text(first, 8)
    fields = {
        "patient_name": ", ".join(p for p in (family, given) if p),
        "patient_id": _text(patient, 3) or _text(patient, 4),
        "birth_date": day_of(_text(patient, 8), problems),
        "sex": sex_of(SpecimenData({"sex": _text(patient, 9)})),
        "collected_at": day_of(collected, problems),
        "requester": person_text(requester),
        "clinical_information": _text(first, 14),
    }
    tests = [name for record in orders for name in _tests(record)]
    readings = [
        Reading(_codes(r), (_codes(r) or ("",))[-1], r.value(4), r.value(5), r.value(7))
        for r in group
        if r.type == "R"
    ]
    return made_order(
        numbers, "", fields, tests, analyser_values(readings, problems), problems,
        source=source, requester=components(*requester), collected=moment_of(collected),
    )  # fmt: skip


def _is_none(record: Record) -> bool:
    report = {r.strip().upper() for r in record.raw(26).split(record.repeat or "\0")}
    return bool(report & _NO_ORDER) or record.value(12).strip().upper() in _CANCELLED


def _text(record: Record, number: int, component: int = 1) -> str:
    return record.value(number, component).strip()[:LONGEST]


def _tests(record: Record) -> Iterator[str]:
    """What was asked for: the name, else the code, of each repetition of O-5."""
    for part in record.raw(5).split(record.repeat or "\0"):
        own = Record((record.fields[0], part), record.component, record.escape, "")
        named = [own.value(2, n) for n in range(1, _MOST_COMPONENTS)]
        found = [name.strip() for name in named if name.strip() and not name.strip().isdigit()]
        if found:
            yield found[-1]


def _codes(record: Record) -> tuple[str, ...]:
    """The parts of the universal test id that name the test; numbers of dilutions are none."""
    parts = (record.value(3, n).strip() for n in range(1, _MOST_COMPONENTS))
    return tuple(part for part in parts if part and not part.isdigit())
