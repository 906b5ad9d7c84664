r"""HL7 v2 as text: escapes, segments, and a tolerant reader with limits.

Written are the standard delimiters ``|^~\&`` and UTF-8, declared in MSH-18. Read are the delimiters that MSH
names, any line ends, and the character sets that MSH-18 declares.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bloodcells_gui.domain.errors import InvalidValue

CHARACTER_SET = "UNICODE UTF-8"
MOST_BYTES = 16 * 1024**2
_MOST_SEGMENTS = 20_000
_MOST_FIELDS = 400
# By table 0211, and as systems write it that do not look there.
_SETS = {"": "utf-8", "ASCII": "ascii", "UNICODE": "utf-8", "UNICODE UTF-8": "utf-8", "8859/1": "latin-1",
         "8859/15": "iso8859-15", "8859/2": "iso8859-2", "UTF-8": "utf-8", "UTF8": "utf-8",
         "UNICODE UTF8": "utf-8", "ISO-8859-1": "latin-1"}  # fmt: skip
_ESCAPES = {"\\": "E", "|": "F", "^": "S", "&": "T", "~": "R"}
_HEADERS = ("MSH", "FHS", "BHS")


def escape(text: str, *, lines: bool = False) -> str:
    r"""`text` as a value: delimiters and control characters written out.

    `lines`: line breaks become ``\.br\`` (for FT and TX); elsewhere they are a blank.
    """
    parts = []
    for char in text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n"):
        if char in _ESCAPES:
            parts.append(f"\\{_ESCAPES[char]}\\")
        elif char == "\n":
            parts.append("\\.br\\" if lines else " ")
        elif char == "\t":
            parts.append(" ")
        elif ord(char) < 32 or ord(char) == 127:
            parts.append(f"\\X{ord(char):02X}\\")
        elif 0xD800 <= ord(char) <= 0xDFFF:  # half a character, which no encoding has
            parts.append("\N{REPLACEMENT CHARACTER}")
        else:
            parts.append(char)
    return "".join(parts)


def components(*values: str) -> str:
    """Values as components of one field, empty ones at the end left out."""
    return "^".join(escape(v) for v in values).rstrip("^")


def segment(name: str, fields: dict[int, str]) -> str:
    """A segment from its fields by number, which are written as they are."""
    last = max((n for n, value in fields.items() if value), default=0)
    return "|".join([name, *(fields.get(n, "") for n in range(1, last + 1))])


@dataclass(frozen=True, slots=True)
class Delimiters:
    """Field, component, repetition, escape and subcomponent sign."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


@dataclass(frozen=True, slots=True)
class Segment:
    """One line of a message; field 1 of MSH is the delimiter, as the standard counts."""

    name: str
    fields: tuple[str, ...]
    signs: Delimiters

    def raw(self, number: int) -> str:
        """Field `number` as it stands; "" where it is missing."""
        return self.fields[number - 1] if 0 < number <= len(self.fields) else ""

    def repetitions(self, number: int) -> list[str]:
        """The repetitions of a field, as they stand."""
        return self.raw(number).split(self.signs.repetition) if self.signs.repetition else [self.raw(number)]

    def value(self, number: int, component: int = 1, repetition: int = 0) -> str:
        """A component in plain text; "" where it is missing or the explicit null."""
        found = self.repetitions(number)
        if repetition >= len(found):
            return ""
        return self.part(found[repetition], component)

    def part(self, field: str, component: int) -> str:
        """Component `component` (from 1) of a field's text, in plain text."""
        parts = field.split(self.signs.component)
        text = parts[component - 1] if component <= len(parts) else ""
        return "" if text == '""' else unescape(text, self.signs)


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was read."""

    segments: tuple[Segment, ...]

    def all(self, name: str) -> Iterator[Segment]:
        """The segments of that name, in order."""
        return (s for s in self.segments if s.name == name)

    def first(self, name: str) -> Segment | None:
        """The first segment of that name, None where there is none."""
        return next(self.all(name), None)

    def get(self, name: str, number: int, component: int = 1) -> str:
        """A value of the first segment of that name; "" where it is missing."""
        found = self.first(name)
        return found.value(number, component) if found is not None else ""


def unescape(text: str, signs: Delimiters) -> str:
    """Plain text of a value; an escape that is not known stays as it stands."""
    if not signs.escape or signs.escape not in text:
        return text
    known = {"F": signs.field, "S": signs.component, "T": signs.subcomponent, "R": signs.repetition,
             "E": signs.escape, ".br": "\n", ".sp": "\n", "H": "", "N": ""}  # fmt: skip
    parts = text.split(signs.escape)
    result, i = [parts[0]], 1
    while i < len(parts):
        if i + 1 == len(parts):  # an escape sign without its end
            result.append(signs.escape + parts[i])
            break
        result.append(_meaning(parts[i], known, signs.escape))
        result.append(parts[i + 1])
        i += 2
    return "".join(result)


def _meaning(code: str, known: dict[str, str], sign: str) -> str:
    if code in known:
        return known[code]
    if code[:1] == "X" and len(code) % 2 == 1 and len(code) > 1:
        try:
            return bytes.fromhex(code[1:]).decode("utf-8", "replace")
        except ValueError:
            pass
    return f"{sign}{code}{sign}"


def parse_message(data: bytes) -> Message:
    """Read one message.

    Raises
    ------
    InvalidValue
        When it is too large, does not begin with MSH, or is no text of the set that it declares.
    """
    if len(data) > MOST_BYTES:
        raise InvalidValue("the message is larger than {most} MB", most=str(MOST_BYTES // 1024**2))
    data = data.lstrip(b"\x0b\r\n \t\xef\xbb\xbf")
    if data[:3].decode("latin-1") not in _HEADERS or len(data) < 8:
        raise InvalidValue("it does not begin with an HL7 header")
    lines = [line for line in _text(data).replace("\r\n", "\r").replace("\n", "\r").split("\r") if line]
    if len(lines) > _MOST_SEGMENTS:
        raise InvalidValue("it has more than {most} segments", most=str(_MOST_SEGMENTS))
    signs = _delimiters(lines[0])
    return Message(tuple(_segment(line, signs) for line in lines if line.strip("\x1c\x0b ")))


def _text(data: bytes) -> str:
    head = data[:2000].split(b"\r", 1)[0].split(b"\n", 1)[0]
    fields = head.split(data[3:4])
    declared = fields[17].split(b"~")[0].decode("latin-1").strip().upper() if len(fields) > 17 else ""
    charset = _SETS.get(declared)
    if charset is None:
        raise InvalidValue("it declares the character set {name}, which is not read", name=declared[:40])
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        if declared:
            raise InvalidValue(
                "it is no text of the character set {name}, which it declares", name=declared
            ) from None
        return data.decode("latin-1")  # older systems declare nothing


def _delimiters(line: str) -> Delimiters:
    if len(line) < 4 or line[3].isalnum():
        raise InvalidValue("it does not begin with an HL7 header")
    signs = line[4:].split(line[3], 1)[0]
    signs = signs.ljust(4, "\0") if len(signs) < 4 else signs
    component, repetition, sign, sub = (("" if s == "\0" else s) for s in signs[:4])
    return Delimiters(line[3], component or "^", repetition, sign, sub)


def _segment(line: str, signs: Delimiters) -> Segment:
    fields: Sequence[str] = line.split(signs.field, _MOST_FIELDS)
    if len(fields) > _MOST_FIELDS:
        raise InvalidValue("a segment has more than {most} fields", most=str(_MOST_FIELDS))
    name, rest = fields[0][:3], tuple(fields[1:])
    return Segment(name, (signs.field, *rest) if name in _HEADERS else rest, signs)
