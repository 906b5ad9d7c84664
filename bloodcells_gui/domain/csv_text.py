"""Write CSV: two dialects, and no field that a spreadsheet would run as a formula."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass

Field = str | int | float | None

CSV_DIALECTS = ("rfc4180", "excel")
# What spreadsheets take for the start of a formula, full-width forms included (OWASP, CSV injection).
_FORMULA = frozenset("=+-@＝＋－＠")
# A spreadsheet of another country may split a field at its own separator, quotes or not.
_INNER_FORMULA = re.compile(r"([,;|]\s*|(?<!^)\t\s*)(?=[=+\-@＝＋－＠])")
# Languages whose spreadsheets separate fields with a semicolon, because the comma is their decimal sign.
_COMMA_LANGUAGES = frozenset({"fr"})


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """Separator, decimal sign, and whether the file begins with a byte order mark.

    Lines end in CR LF, the text is UTF-8, quotes are doubled (RFC 4180) in every dialect.
    """

    separator: str = ","
    decimal: str = "."
    mark: bool = False

    @property
    def encoding(self) -> str:
        """Python's name of the encoding."""
        return "utf-8-sig" if self.mark else "utf-8"

    def field(self, value: Field) -> str:
        """Return a value as text; NaN and None are empty, numbers stay numbers (a minus sign included)."""
        if value is None:
            return ""
        if isinstance(value, str):
            return safe_text(value)
        if isinstance(value, float):
            if math.isnan(value):
                return ""
            if math.isinf(value):
                return "inf" if value > 0 else "-inf"
            return f"{value:.10g}".replace(".", self.decimal)
        return str(value)


RFC4180 = CsvDialect()


def csv_dialect(name: str, lang: str) -> CsvDialect:
    """Return the dialect called `name` for readers of language `lang`.

    "rfc4180" is the same everywhere. "excel" opens in a spreadsheet by a double click: a byte order mark, and
    semicolon and decimal comma where the language has them.

    Raises
    ------
    ValueError
        For a name not in `CSV_DIALECTS`.
    """
    if name not in CSV_DIALECTS:
        raise ValueError(name)
    if name == "rfc4180":
        return RFC4180
    return CsvDialect(";", ",", True) if lang in _COMMA_LANGUAGES else CsvDialect(",", ".", True)


def safe_text(text: str) -> str:
    """Return `text` such that no spreadsheet runs it: an apostrophe before what could start a formula.

    Blank and control characters before the sign are looked through, and a sign after a separator of any
    dialect counts as a start. NUL and lone surrogates, which no CSV can carry, become replacement characters.
    """
    if text.isascii() and text.isidentifier():
        return text  # the usual case, a hundred thousand times
    clean = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode() if text else ""
    clean = _INNER_FORMULA.sub(r"\1'", clean)
    head = next((c for c in clean if not _blank(c)), "")
    if head in _FORMULA or clean[:1] in ("\t", "\r", "\n"):
        return "'" + clean
    return clean


def _blank(char: str) -> bool:
    """Space of any kind, control or invisible format character (byte order mark, zero width space)."""
    return char.isspace() or unicodedata.category(char) in ("Cc", "Cf")
