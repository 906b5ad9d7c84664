"""Orders and analyser values: from files in HL7, ASTM or CSV, and from HL7 messages that answer a query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bloodcells_gui.connect.analyser_values import AnalyserValues, Reading, analyser_values
from bloodcells_gui.connect.astm_orders import astm_orders
from bloodcells_gui.connect.hl7_text import Message, Segment, components, parse_message, unescape
from bloodcells_gui.connect.order_fields import day_of, made_order, moment_of
from bloodcells_gui.connect.order_table import table_orders
from bloodcells_gui.connect.persons import LONGEST, person_text
from bloodcells_gui.domain.differential import sex_of
from bloodcells_gui.domain.errors import InvalidValue
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.orders import Order
from bloodcells_gui.domain.review import SpecimenData

MOST_BYTES = 2 * 1024**2
_KINDS = frozenset({("OML", "O33"), ("OML", "O21"), ("ORM", "O01"), ("ORU", "R01"), ("OUL", "R22")})
#: ORC-1 of an order that is not, or not any more: cancelled, discontinued, and "not known" in IHE LAW.
_NO_ORDER = frozenset({"CA", "DC", "OC", "OD", "CR", "DR", "UC", "UD"})


def orders_in(data: bytes, source: str = "") -> list[Order]:
    """The orders of a file.

    Raises
    ------
    InvalidValue
        When it is too large or cannot be understood.
    """
    if len(data) > MOST_BYTES:
        raise InvalidValue("the file is larger than {most} MB", most=str(MOST_BYTES // 1024**2))
    if data.lstrip(b"\x0b\r\n \t\xef\xbb\xbf")[:3] in (b"MSH", b"FHS", b"BHS"):
        return [order for part in _messages(data) for order in message_orders(parse_message(part), source)]
    if data.lstrip(b"\x02\r\n \t\xef\xbb\xbf")[:2] == b"H|":
        return astm_orders(data, source)
    return list(table_orders(data, source))


def _messages(data: bytes) -> Iterator[bytes]:
    """The messages of a file, which may be a batch or hold frames."""
    text = data.replace(b"\x1c", b"\r").replace(b"\x0b", b"\r").replace(b"\r\n", b"\r").replace(b"\n", b"\r")
    current: list[bytes] = []
    for line in text.split(b"\r"):
        if line.startswith(b"MSH") and current:
            yield b"\r".join(current)
            current = []
        if line.startswith(b"MSH") or current:
            current.append(line)
    if current:
        yield b"\r".join(current)


def message_orders(message: Message, source: str) -> list[Order]:
    """The orders of one HL7 message; InvalidValue where it is of a kind that holds none."""
    kind = (message.get("MSH", 9, 1), message.get("MSH", 9, 2))
    if kind not in _KINDS:
        raise InvalidValue("a message {kind} is no order and no result", kind="^".join(kind)[:40])
    return answered_orders(message, source)


def answered_orders(message: Message, source: str) -> list[Order]:
    """The orders that stand in a message, whatever it is called; cancelled ones are none."""
    found = (_of_group(group, source) for group in _specimens(message))
    return [order for order in found if order is not None]


def _specimens(message: Message) -> Iterator[list[Segment]]:
    """The segments of each specimen, those of the patient before them each time."""
    patient: list[Segment] = []
    current: list[Segment] = []
    for segment in message.segments[1:]:
        if segment.name == "PID":
            if current:
                yield [*patient, *current]
            patient, current = [segment], []
        elif segment.name == "SPM" and any(s.name == "SPM" for s in current):
            yield [*patient, *current]
            current = [segment]
        elif segment.name == "PV1" and not current:
            patient.append(segment)
        else:
            current.append(segment)
    if current or patient:
        yield [*patient, *current]


def _of_group(group: list[Segment], source: str) -> Order | None:
    group = list(_in_force(group))
    first = {s.name: s for s in reversed(group)}

    def value(name: str, number: int, component: int = 1) -> str:
        return first[name].value(number, component).strip()[:LONGEST] if name in first else ""

    placer = value("ORC", 2) or value("OBR", 2)
    numbers = [value("SPM", 2).split("&")[0], value("SPM", 2, 2).split("&")[0], value("SAC", 3)]
    numbers = [n for n in numbers if n] or [n for n in (value("OBR", 3) or placer,) if n]
    if not numbers or not ({"OBR", "ORC", "OBX"} & first.keys()):
        return None
    problems: list[Reason] = []
    family, given = value("PID", 5, 1), value("PID", 5, 2)
    collected = value("SPM", 17) or value("OBR", 7)
    requester = _requester(first)
    fields = {
        "patient_name": ", ".join(p for p in (family, given) if p),
        "patient_id": value("PID", 3),
        "birth_date": day_of(value("PID", 7), problems),
        "sex": sex_of(SpecimenData({"sex": value("PID", 8)})),
        "collected_at": day_of(collected, problems),
        "requester": person_text(requester),
        "clinical_information": value("OBR", 13),
    }
    tests = [s.value(4, 2) or s.value(4) for s in group if s.name == "OBR"]
    return made_order(
        numbers, placer, fields, tests, _values((s for s in group if s.name == "OBX"), problems), problems,
        source=source, requester=components(*requester), collected=moment_of(collected),
        authority=components(*_authority(first)),
    )  # fmt: skip


def _in_force(group: list[Segment]) -> Iterator[Segment]:
    """The segments without those of orders that are cancelled."""
    cancelled = False
    for segment in group:
        if segment.name == "ORC":
            cancelled = segment.value(1).strip().upper() in _NO_ORDER
        elif segment.name in ("SPM", "PID"):
            cancelled = False
        if not cancelled:
            yield segment


def _requester(first: dict[str, Segment]) -> tuple[str, ...]:
    """Components of who asked: number, family and given name, further names, suffix, title, degree."""
    for name, number in (("OBR", 16), ("ORC", 12)):
        segment = first.get(name)
        if segment is not None and segment.raw(number):
            return tuple(segment.value(number, n).strip()[:LONGEST] for n in range(1, 8))
    return ()


def _authority(first: dict[str, Segment]) -> tuple[str, ...]:
    """Who gave out the number of the patient: name, universal id and its kind (HD)."""
    pid = first.get("PID")
    if pid is None or not pid.value(3):
        return ()
    parts = pid.repetitions(3)[0].split(pid.signs.component)
    authority = parts[3].split(pid.signs.subcomponent) if len(parts) > 3 else []
    return tuple(unescape(part, pid.signs).strip()[:LONGEST] for part in authority[:3])


def _values(lines: Iterable[Segment], problems: list[Reason]) -> AnalyserValues:
    readings = (
        Reading(
            (line.value(3, 1), line.value(3, 4), line.value(3, 2)),
            line.value(3, 2) or line.value(3, 5) or line.value(3, 1),
            line.value(5, 1),
            line.value(6, 1),
            line.value(8),
        )
        for line in lines
    )
    return analyser_values(readings, problems)
