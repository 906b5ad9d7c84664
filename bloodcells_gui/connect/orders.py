"""Orders and analyser values from files: HL7 (OML^O33, OML^O21, ORM^O01, ORU^R01) or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import date

from bloodcells_gui.connect.hl7_text import Message, Segment, parse_message
from bloodcells_gui.domain.differential import sex_of
from bloodcells_gui.domain.errors import InvalidValue
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.number_parsing import number_of
from bloodcells_gui.domain.orders import ORDER_FIELDS, RBC_UNITS, WBC_UNITS, Order
from bloodcells_gui.domain.review import SpecimenData

MOST_BYTES = 2 * 1024**2
_KINDS = frozenset({("OML", "O33"), ("OML", "O21"), ("ORM", "O01"), ("ORU", "R01"), ("OUL", "R22")})
_MOST_ROWS = 50_000
_LONGEST = 500
#: Code of an analyser's figure, LOINC or common abbreviation -> what it is here.
_COUNTS = {"6690-2": "wbc", "26464-8": "wbc", "WBC": "wbc", "789-8": "rbc", "26453-1": "rbc", "RBC": "rbc"}
_SHARES = {
    "770-8": "neutrophils", "26511-6": "neutrophils", "NEUT%": "neutrophils", "736-9": "lymphocytes",
    "26478-8": "lymphocytes", "LYMPH%": "lymphocytes", "5905-5": "monocytes", "26485-3": "monocytes",
    "MONO%": "monocytes", "713-8": "eosinophils", "26450-7": "eosinophils", "EO%": "eosinophils",
    "706-2": "basophils", "30180-4": "basophils", "BASO%": "basophils",
}  # fmt: skip
_COLUMNS = ("specimen", "order", *ORDER_FIELDS, "tests", "wbc", "rbc", *dict.fromkeys(_SHARES.values()))


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
        return [order for part in _messages(data) for order in _of_message(parse_message(part), source)]
    return list(_of_table(data, source))


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


def _of_message(message: Message, source: str) -> Iterator[Order]:
    kind = (message.get("MSH", 9, 1), message.get("MSH", 9, 2))
    if kind not in _KINDS:
        raise InvalidValue("a message {kind} is no order and no result", kind="^".join(kind)[:40])
    for group in _specimens(message):
        found = _of_group(group, source)
        if found is not None:
            yield found


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
    first = {s.name: s for s in reversed(group)}

    def value(name: str, number: int, component: int = 1) -> str:
        return first[name].value(number, component).strip()[:_LONGEST] if name in first else ""

    placer = value("ORC", 2) or value("OBR", 2)
    specimen = value("SPM", 2).split("&")[0] or value("SAC", 3) or value("OBR", 3) or placer
    if not specimen:
        return None
    problems: list[Reason] = []
    family, given = value("PID", 5, 1), value("PID", 5, 2)
    collected = value("SPM", 17) or value("OBR", 7)
    fields = {
        "patient_name": ", ".join(p for p in (family, given) if p),
        "patient_id": value("PID", 3),
        "birth_date": _day(value("PID", 7), problems),
        "sex": sex_of(SpecimenData({"sex": value("PID", 8)})),
        "collected_at": _day(collected, problems),
        "requester": _person(first.get("OBR"), 16) or _person(first.get("ORC"), 12),
        "clinical_information": value("OBR", 13),
    }
    tests = [s.value(4, 2) or s.value(4) for s in group if s.name == "OBR"]
    counts, shares = _figures((s for s in group if s.name == "OBX"), problems)
    return Order(
        specimen, placer, tuple((k, v) for k, v in fields.items() if v),
        tuple(t.strip()[:_LONGEST] for t in tests if t.strip()), counts.get("wbc"), counts.get("rbc"),
        tuple(shares.items()), tuple(problems), source,
    )  # fmt: skip


def _person(segment: Segment | None, number: int) -> str:
    if segment is None:
        return ""
    family, given = segment.value(number, 2).strip(), segment.value(number, 3).strip()
    return (", ".join(p for p in (family, given) if p) or segment.value(number).strip())[:_LONGEST]


def _day(text: str, problems: list[Reason]) -> str:
    """YYYY-MM-DD of an HL7 date, or of one with hyphens; what is none is a problem."""
    digits = text[:10].replace("-", "")[:8]
    if not text:
        return ""
    try:
        return date.fromisoformat(f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}").isoformat()
    except ValueError:
        problems.append(Reason(N_("{text} is no date"), (("text", text[:30]),)))
        return ""


def _figures(lines: Iterator[Segment], problems: list[Reason]) -> tuple[dict[str, float], dict[str, float]]:
    """Counts and shares of an analyser; a unit that is not known is a problem, and its value is not taken."""
    counts: dict[str, float] = {}
    shares: dict[str, float] = {}
    for line in lines:
        codes = [line.value(3, n).strip().upper() for n in (1, 4, 2)]
        count = next((_COUNTS[c] for c in codes if c in _COUNTS), "")
        share = next((_SHARES[c] for c in codes if c in _SHARES), "")
        number, unit = number_of(line.value(5)), line.value(6).strip()
        if not (count or share) or number is None or number < 0:
            continue
        if share:
            if unit in ("", "%"):
                shares[share] = number
            else:
                problems.append(_unit_problem(share, unit))
            continue
        factor = (WBC_UNITS if count == "wbc" else RBC_UNITS).get(unit.upper().replace(" ", ""))
        if factor is None:
            problems.append(_unit_problem(count.upper(), unit or "–"))
        else:
            counts[count] = number * factor
    return counts, shares


def _unit_problem(name: str, unit: str) -> Reason:
    return Reason(N_("{name} is in {unit}, a unit that is not known: it is not taken"),
                  (("name", name), ("unit", unit[:30])))  # fmt: skip


def _of_table(data: bytes, source: str) -> Iterator[Order]:
    """The orders of a table with a heading: columns `_COLUMNS`, of which `specimen` must be there."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    heading = text.split("\n", 1)[0]
    separator = max(",;\t", key=heading.count)
    try:
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
        names = {(name or "").strip().casefold(): name for name in rows.fieldnames or ()}
        if "specimen" not in names:
            raise InvalidValue("it has no column {name}", name="specimen")
        for n, row in enumerate(rows):
            if n >= _MOST_ROWS:
                raise InvalidValue("it has more than {most} rows", most=str(_MOST_ROWS))
            cells = {c: (row.get(names[c]) or "").strip()[:_LONGEST] for c in _COLUMNS if c in names}
            if cells.get("specimen"):
                yield _of_row(cells, source)
    except csv.Error as error:
        raise InvalidValue("{reason}", reason=str(error)) from error


def _of_row(cells: Mapping[str, str], source: str) -> Order:
    problems: list[Reason] = []
    fields = {name: cells.get(name, "") for name in ORDER_FIELDS}
    for name in ("birth_date", "collected_at"):
        fields[name] = _day(fields[name], problems)
    fields["sex"] = sex_of(SpecimenData(fields))
    shares = {}
    for label in dict.fromkeys(_SHARES.values()):
        share = number_of(cells.get(label, ""))
        if share is not None and 0 <= share <= 100:
            shares[label] = share
    return Order(
        cells["specimen"], cells.get("order", ""), tuple((k, v) for k, v in fields.items() if v),
        tuple(t.strip() for t in cells.get("tests", "").split("+") if t.strip()),
        number_of(cells.get("wbc", "")), number_of(cells.get("rbc", "")), tuple(shares.items()),
        tuple(problems), source,
    )  # fmt: skip
