"""Read an analyser's differential from a CSV file; refuse what could be read in two ways."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from bloodcells_gui.domain.class_names import leaves_of
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.number_parsing import number_of
from bloodcells_gui.domain.taxonomy import COUNTED

MAX_ANALYSER_BYTES = 1_000_000
# Shares are printed rounded, and some analysers leave a class out; more than that is a slip.
LOWEST_SUM, HIGHEST_SUM = 95.0, 105.0
_MOST_PER_100 = 1000.0  # erythroblasts and the like, per 100 leukocytes


def read_analyser_csv(data: bytes) -> dict[str, float]:
    """Read an analyser's differential: two columns, class and %, with or without a heading.

    Separator ``,`` ``;`` or tab (Excel's ``sep=`` line counts); decimals with point or comma (the latter not
    with ``,`` as separator); a sign ``%`` after the number is allowed. A first line is a heading only when it
    names no class and holds no digit.

    Parameters
    ----------
    data : bytes
        The file: UTF-8, UTF-16 with its mark, or Latin-1; at most `MAX_ANALYSER_BYTES`.

    Returns
    -------
    dict
        Class as written in the file -> % of leukocytes.

    Raises
    ------
    UserError
        Naming the line that cannot be understood, or the sum of the shares where it is not 95 to 105 %.
    """
    if len(data) > MAX_ANALYSER_BYTES:
        raise UserError(
            "The analyser's file is too large ({size} MB).",
            "A differential takes a few hundred bytes.",
            "Choose the file of one differential.",
            size=f"{len(data) / 1e6:.1f}",
        )
    found: dict[str, float] = {}
    meant: set[tuple[str, ...]] = set()
    heading_allowed = True
    for number, line in _lines(_text(data)):
        cells = [c.strip() for c in line]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        leaves = _leaves(cells[0])
        is_heading = heading_allowed and leaves is None and not any(c.isdigit() for c in "".join(cells))
        heading_allowed = False
        if is_heading:
            continue
        value = _percent(cells[1], leaves) if leaves and len(cells) == 2 else None
        if leaves is None or value is None or leaves in meant:
            raise _refused(number, line)
        meant.add(leaves)
        found[cells[0]] = value
    if not found:
        raise _refused(1, [])
    total = leukocyte_share(found)
    if not LOWEST_SUM <= total <= HIGHEST_SUM:
        raise UserError(
            "The analyser's percentages sum to {sum} %.",
            "Those of the leukocytes must sum to {low} to {high} %. A line is wrong or missing,"
            " or the figures are absolute counts.",
            "Correct the file, or enter the differential by hand.",
            sum=f"{total:.1f}",
            low=f"{LOWEST_SUM:g}",
            high=f"{HIGHEST_SUM:g}",
        )
    return found


def leukocyte_share(shares: Mapping[str, float]) -> float:
    """Sum the % of the classes inside the 100 %; a part of another listed class (bands) counts once."""
    leaves = {label: frozenset(leaves_of(label)) for label in shares}
    inside = {label for label, codes in leaves.items() if codes <= COUNTED}
    whole = [label for label in inside if not any(leaves[label] < leaves[other] for other in inside)]
    return sum(shares[label] for label in whole)


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """Numbered lines as cells; the separator is the file's, not that of its first line."""
    first, _, rest = text.partition("\n")
    skipped = 0
    declared = first.strip().strip('"').lower()
    if declared.startswith("sep=") and len(declared) <= 5:
        text, skipped = rest, 1
    separator = next((s for s in ("\t", ";") if s in text), ",")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error:
        raise _refused(1, [first]) from None
    return [(n + skipped, row) for n, row in enumerate(rows, 1)]


def _leaves(label: str) -> tuple[str, ...] | None:
    try:
        return leaves_of(label)
    except KeyError:
        return None


def _percent(text: str, leaves: Sequence[str]) -> float | None:
    value = number_of(text.rstrip("% \u00a0\u202f"))
    highest = 100.0 if COUNTED.issuperset(leaves) else _MOST_PER_100
    return value if value is not None and 0 <= value <= highest else None


def _refused(line: int, cells: Sequence[str]) -> UserError:
    return UserError(
        "Line {line} of the analyser's file cannot be understood: {text}",
        "Each line holds a known class (code, name or group) once, and its percentage.",
        "Correct the file, or enter the differential by hand.",
        line=line,
        text=" | ".join(cells)[:120],
    )
