"""A result as ASTM E1394 (CLSI LIS2-A2) records, and a tolerant reader of records."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bloodcells_gui.connect.figures import Figure
from bloodcells_gui.connect.hl7_result import APPLICATION, DEBUGGING, PRODUCTION, TRAINING
from bloodcells_gui.connect.result import LabResult
from bloodcells_gui.domain.connecting import Destination
from bloodcells_gui.domain.errors import InvalidValue

_VERSION = "LIS2-A2"
MOST_BYTES = 4 * 1024**2
_CANCELLED = "X"
_ZONE = re.compile(r"[+-]\d{4}$")
_ESCAPES = {"&": "E", "|": "F", "^": "S", "\\": "R"}


def escape(text: str) -> str:
    """`text` as a value: delimiters written out, control characters as blanks."""
    parts = []
    for char in text:
        if char in _ESCAPES:
            parts.append(f"&{_ESCAPES[char]}&")
        elif ord(char) < 32 or ord(char) == 127:
            parts.append(" ")
        elif 0xD800 <= ord(char) <= 0xDFFF:
            parts.append("\N{REPLACEMENT CHARACTER}")
        else:
            parts.append(char)
    return "".join(parts)


def record(name: str, fields: dict[int, str]) -> str:
    """A record from its fields by number (the type is field 1), written as they are."""
    last = max((n for n, value in fields.items() if value), default=1)
    return "|".join([name, *(fields.get(n, "") for n in range(2, last + 1))])


def header(control: str, sender: str, receiver: str, moment: str, processing: str) -> str:
    """The header record with the delimiters of this program."""
    return record(
        "H",
        {
            2: "\\^&",
            3: control,
            5: sender,
            10: receiver,
            12: processing,
            13: _VERSION,
            14: moment,
        },
    )


def astm_message(result: LabResult, destination: Destination) -> bytes:
    """The records in UTF-8, each ended by a carriage return; the same result gives the same bytes."""
    processing = TRAINING if result.synthetic else PRODUCTION
    sender = f"{APPLICATION}^{escape(result.software)}"
    lines = [
        header(result.control_id, sender, escape(destination.application), result.written_at, processing)
    ]
    patient = result.patient
    family, _, given = (part.strip() for part in patient.name.partition(","))
    name = f"{escape(family)}^{escape(given)}".rstrip("^")
    lines.append(
        record(
            "P",
            {
                2: "1",
                3: escape(patient.number),
                6: name,
                8: patient.birth_date,
                9: patient.sex or "U",
            },
        )
    )
    panel = f"^^^{escape(result.panel.code)}^{escape(result.panel.text)}"
    lines.append(
        record(
            "O",
            {
                2: "1",
                3: escape(result.specimen),
                4: escape(result.filler),
                5: panel,
                6: "R",
                8: _ZONE.sub("", result.collected),
                16: "BLOOD",
                17: "^".join(map(escape, result.requester)).rstrip("^"),
                23: result.written_at,
                26: _status(result),
            },
        )
    )
    for n, figure in enumerate((*result.figures, *result.grades), 1):
        lines.append(_result_record(result, n, figure))
        if figure.note:
            lines.append(_comment(1, figure.note))
    # Behind the last result they would belong to it: an order's comments are results in words.
    first = len(result.figures) + len(result.grades) + 1
    for n, words in enumerate(result.words, first):
        lines.append(_result_record(result, n, Figure(result.interpretation, words, "")))
    lines.append("L|1|N")
    return ("\r".join(lines) + "\r").encode("utf-8")


def _status(result: LabResult) -> str:
    """Final, correction, or cancelled: in these records W is a warning, no withdrawal."""
    return _CANCELLED if result.withdrawn else result.status


def _result_record(result: LabResult, number: int, figure: Figure) -> str:
    code = figure.code
    return record(
        "R",
        {
            2: str(number),
            3: f"^^^{escape(code.code)}^{escape(code.text)}^{code.system}",
            4: escape(figure.value),
            5: escape(figure.unit),
            6: escape(figure.range),
            7: figure.flag or ("N" if figure.range else ""),
            9: _status(result),
            11: escape(result.signer),
            13: result.signed_at,
            14: APPLICATION,
        },
    )


def _comment(number: int, text: str) -> str:
    return record("C", {2: str(number), 3: "I", 4: escape(text), 5: "G"})


def empty_message(control: str, destination: Destination, moment: str, software: str) -> bytes:
    """A message without a result, which only shows that the way is open."""
    sender = f"{APPLICATION}^{escape(software)}"
    head = header(control, sender, escape(destination.application), moment, DEBUGGING)
    return f"{head}\rL|1|N\r".encode()


@dataclass(frozen=True, slots=True)
class Record:
    """One record; field 1 is its type."""

    fields: tuple[str, ...]
    component: str = "^"
    escape: str = "&"
    repeat: str = "\\"

    @property
    def type(self) -> str:
        """Its letter."""
        return self.fields[0][:1].upper()

    def raw(self, number: int) -> str:
        """A field as it stands; "" where it is missing."""
        return self.fields[number - 1] if 0 < number <= len(self.fields) else ""

    def value(self, number: int, component: int = 1) -> str:
        """A component (from 1) of a field in plain text; "" where it is missing."""
        text = self.raw(number)
        parts = (
            text.split(self.repeat)[0].split(self.component) if self.repeat else text.split(self.component)
        )
        found = parts[component - 1] if component <= len(parts) else ""
        if not self.escape or self.escape not in found:
            return found
        signs = {"F": "|", "S": self.component, "R": self.repeat, "E": self.escape}
        for letter, sign in signs.items():
            found = found.replace(f"{self.escape}{letter}{self.escape}", f"\0{ord(sign):06d}")
        return "".join(
            chr(int(part[:6])) + part[6:] if n else part for n, part in enumerate(found.split("\0"))
        )


def parse_records(data: bytes) -> list[Record]:
    """Read the records of one message.

    Raises
    ------
    InvalidValue
        When it is too large or does not begin with a header record.
    """
    if len(data) > MOST_BYTES:
        raise InvalidValue("the message is larger than {most} MB", most=str(MOST_BYTES // 1024**2))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    lines = [line for line in text.replace("\n", "\r").replace("\0", "").split("\r") if line.strip()]
    if not lines or lines[0][:1] != "H" or len(lines[0]) < 5:
        raise InvalidValue("it does not begin with an ASTM header")
    field, repeat, component, sign = (lines[0][i] for i in range(1, 5))
    return [Record(tuple(line.split(field)), component, sign, repeat) for line in lines]
