"""Persons as messages write them (HL7 XCN) and as a form has them."""

from __future__ import annotations

from collections.abc import Sequence

from bloodcells_gui.connect.hl7_text import Delimiters, unescape

LONGEST = 500
"""Characters of a value that are kept."""
_PARTS = 7
# Words before a name that are no part of it.
_TITLES = frozenset(
    {"dr", "prof", "pr", "pd", "priv.-doz", "med", "docteur", "professeur", "doctor", "professor", "doktor"}
)


def person_text(parts: Sequence[str]) -> str:
    """A person as a form has it: "Dr. Schultz, Maria"; the number where there is no name.

    `parts` are number, family and given name, further names, suffix, title and degree, as many as there are.
    """
    number, family, given, further, suffix, title, degree = (*parts, *[""] * _PARTS)[:_PARTS]
    names = ", ".join(p for p in (family, " ".join(p for p in (given, further) if p)) if p)
    said = " ".join(p for p in (title, names, suffix, degree) if p) if names else number
    return said[:LONGEST]


def person_parts(text: str) -> tuple[str, ...]:
    """The parts of a person that a form names: titles before the name, family and given name by a comma."""
    words = text.split()
    n = 0
    while n < len(words) - 1 and words[n].rstrip(".").casefold() in _TITLES:
        n += 1
    family, _, given = (part.strip() for part in " ".join(words[n:]).partition(","))
    title = " ".join(words[:n])
    return ("", family, given, "", "", title) if family or given else ()


def kept_parts(xcn: str) -> tuple[str, ...]:
    """The parts of a person that an order named, from how a case keeps them."""
    return tuple(unescape(part, Delimiters()) for part in xcn.split("^")) if xcn else ()
