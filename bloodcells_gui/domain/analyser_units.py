"""Units of an analyser's counts: converted where they mean one thing, else not taken."""

from __future__ import annotations

import re

#: 10^9/L of white cells and platelets and 10^12/L of red cells, as a power of ten of cells in a litre.
GIGA, TERA = 9, 12
# A litre has ten to the power of so many of these.
_VOLUMES = {"L": 0, "UL": 6, "MM*3": 6, "MM3": 6, "CUMM": 6, "CMM": 6, "NL": 9, "PL": 12}
_SUPERSCRIPTS = {ord(sign): f"*{n}" for n, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")} | {ord("¹"): "¹"}
_POWERS = {"G": 9, "GPT": 9, "GIGA": 9, "T": 12, "TPT": 12, "TERA": 12, "K": 3, "THOU": 3, "MIO": 6}
# No analyser counts blood in less than cells in a microlitre or in more than some millions there: who wrote
# another unit made a slip.
_LEAST, _MOST = 6, 13
_POWER = re.compile(r"[X×]?10(?:\*\*|[*^E])(\d{1,2})(?:CELLS)?/(.+)")
_WORD = re.compile(r"[X×]?([A-Z]*)/(.+)")


def litre_power(unit: str) -> int | None:
    """The power of ten of cells in a litre that `unit` counts in: 9 of "10*9/L", "G/L" and "10*3/uL".

    None where the unit is missing, could mean something else, or is none in which blood is counted.
    """
    text = unit.strip().replace("10¹²", "10*12").translate(_SUPERSCRIPTS).upper()
    text = "".join(text.split()).replace("\N{GREEK CAPITAL LETTER MU}", "U").replace("MCL", "UL")
    power = _power(text)
    return power if power is not None and _LEAST <= power <= _MOST else None


def _power(text: str) -> int | None:
    found = _POWER.fullmatch(text)
    if found is not None:
        volume = _volume(found[2])
        return None if volume is None else int(found[1]) + volume
    found = _WORD.fullmatch(text)
    if found is None:
        return None
    word, volume = found[1], _volume(found[2])
    if volume is None or word in ("", "CELLS"):
        return volume
    if word == "M":  # a million to some, a thousand to others; in a microlitre only a million is meant
        return 6 + volume if volume == _VOLUMES["UL"] else None
    return _POWERS[word] + volume if word in _POWERS else None


def _volume(text: str) -> int | None:
    return _VOLUMES.get(text.replace("^", "*"))
