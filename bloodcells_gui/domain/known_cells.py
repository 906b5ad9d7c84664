"""Readers and cells whose class is known: what a round of a reader shows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bloodcells_gui.domain.stats import clopper_pearson
from bloodcells_gui.domain.taxonomy import ORDER


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """The class of a known cell (`truth`), and what the reader called it (`said`)."""

    truth: str
    said: str


@dataclass(frozen=True, slots=True)
class KnownRound:
    """One round of one reader; `began` is a UTC time."""

    number: int
    reader: str
    began: str
    answers: tuple[KnownAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class RoundScore:
    """How many cells of a class (of all, `code` "") a reader called right, with exact 95 % limits."""

    code: str
    cells: int
    right: int
    low: float
    high: float


def scores(answers: Sequence[KnownAnswer]) -> tuple[RoundScore, ...]:
    """All cells first, then each class that is there; shares are fractions (Clopper and Pearson 1934)."""
    if not answers:
        return ()
    codes = sorted({a.truth for a in answers}, key=ORDER.__getitem__)
    groups = [("", list(answers)), *((code, [a for a in answers if a.truth == code]) for code in codes)]
    found = []
    for code, group in groups:
        right = sum(a.truth == a.said for a in group)
        found.append(RoundScore(code, len(group), right, *clopper_pearson(right, len(group))))
    return tuple(found)


def chosen_cells(codes: Mapping[int, str], most: int, salt: str) -> tuple[int, ...]:
    """At most `most` cells of the set, every class as evenly as it can be, in an order that tells nothing.

    `salt` makes the choice and the order: another reader or another day gives others.
    """

    def rank(cell: int) -> bytes:
        return hashlib.sha256(f"{salt}/{cell}".encode()).digest()

    by_class: dict[str, list[int]] = {}
    for cell in sorted(codes, key=rank):
        by_class.setdefault(codes[cell], []).append(cell)
    found: list[int] = []
    turn = 0
    while len(found) < min(most, len(codes)):
        found += [cells[turn] for cells in by_class.values() if turn < len(cells)]
        turn += 1
    return tuple(sorted(found[:most], key=rank))
