"""Names of people, specimens, files and folders as bad as they come, and the search for them in a text."""

from __future__ import annotations

import base64
import re
import urllib.parse
from collections.abc import Iterator

# Each holds marks that act somewhere: direction, line ends, a terminal's title, markup, fields of a template.
PATIENT = "Erika Mustermann-Łukasz\u202etxet"
SPECIMEN = "P-4711/Ä\x1b]0;title\x07"
REVIEWER = "Dr. Żółć {reason} %s %(name)s"
LABORATORY = "Clinique Sainte-Ménehould\nline two"
FOLDER = '山田太郎 O\'Neil "7"\u200f'
FILES = ("Zwölfboeck\nnewline.png", "Wojciechowska\x1b[2J.jpg", "Kowalczyk %d {path}.tif")
PROFILE = "Hauptlabor-Quedlinburg"
NAMES = (PATIENT, SPECIMEN, REVIEWER, LABORATORY, FOLDER, *FILES, PROFILE)
HARMLESS = {"reason", "name", "path", "line", "title", "newline", "two"}


def spellings(name: str) -> Iterator[str]:
    """The parts of a name, in every way that a program may write them."""
    parts = [part for part in re.split(r"[\W_]+", name) if len(part) > 3 or not part.isascii()]
    for part in {*parts, name}:
        if part in HARMLESS:
            continue
        yield part
        yield part.lower()
        yield part.upper()
        yield urllib.parse.quote(part)
        yield repr(part)[1:-1]
        yield ascii(part)[1:-1]
        yield part.encode().hex()
        yield base64.b64encode(part.encode()).decode().rstrip("=")[:-1]
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            yield part.encode(encoding).decode("latin-1")


def assert_names_nobody(data: bytes, *more: str) -> None:
    """Fail where a name, or `more` of them, is in `data` in any spelling, or a character that acts."""
    text, raw = data.decode("utf-8", "replace"), data.decode("latin-1")
    for name in (*NAMES, *more):
        for spelling in spellings(name):
            assert spelling not in text, f"{spelling!r} of {name!r}"
            assert spelling not in raw, f"{spelling!r} of {name!r}"
    assert not any((ord(c) < 32 and c != "\n") or ord(c) == 127 for c in text)
