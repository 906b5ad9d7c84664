"""What the tags of a case say together: how many cells of which class carry each, and what contradicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.i18n import plural
from bloodcells_gui.domain.review import Decision, Status
from bloodcells_gui.domain.tags import AUER_ROD, DEFAULT_TAGS
from bloodcells_gui.domain.taxonomy import BLAST, ORDER, PROMYELOCYTE

# Auer rods are fused primary granules of myeloid blasts and of the promyelocytes of APL.
_WITH_AUER_RODS = frozenset({BLAST, PROMYELOCYTE})
AUER_ELSEWHERE = plural(
    "An Auer rod was remarked in {n} cell that counts neither as a blast nor as a promyelocyte: look at its "
    "class again.",
    "Auer rods were remarked in {n} cells that count neither as blasts nor as promyelocytes: look at their "
    "classes again.",
)
RULE = "auer-rods"


class Tagged(Protocol):
    """What is asked of `ReviewState`."""

    tags: dict[int, tuple[str, ...]]

    def decision(self, cell_id: int) -> Decision: ...
    def present(self, cell_id: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class TagCount:
    """How many cells carry a tag, in all and by class (code, number), as they count now; and which."""

    tag: str
    count: int
    classes: tuple[tuple[str, int], ...]
    cells: tuple[int, ...]


def tag_counts(state: Tagged, offered: Iterable[str] = DEFAULT_TAGS) -> tuple[TagCount, ...]:
    """Count the tags of a case, in the order in which they are `offered`, others behind.

    Cells that were taken out or wait unidentified count nowhere, so their tags do not either.
    """
    by_tag: dict[str, list[int]] = {}
    for cell_id, tags in sorted(_counting(state).items()):
        for tag in tags:
            by_tag.setdefault(tag, []).append(cell_id)
    rank = {tag: i for i, tag in enumerate(offered)}
    ordered = sorted(by_tag, key=lambda tag: (rank.get(tag, len(rank)), tag))
    return tuple(
        TagCount(
            tag,
            len(by_tag[tag]),
            _in_order(Counter(state.decision(i).final for i in by_tag[tag])),
            tuple(by_tag[tag]),
        )
        for tag in ordered
    )


def tag_remarks(state: Tagged) -> tuple[Remark, ...]:
    """What the tags say that contradicts the classes of their cells."""
    odd = [
        i
        for i, tags in _counting(state).items()
        if AUER_ROD in tags and state.decision(i).final not in _WITH_AUER_RODS
    ]
    if not odd:
        return ()
    codes = {state.decision(i).final for i in odd}
    ordered = tuple(sorted(codes, key=lambda code: ORDER.get(code, len(ORDER))))
    return (Remark(AUER_ELSEWHERE, (("n", str(len(odd))),), "warning", RULE, ordered),)


def _counting(state: Tagged) -> Mapping[int, tuple[str, ...]]:
    return {
        i: tags
        for i, tags in state.tags.items()
        if state.present(i) and state.decision(i).status not in (Status.EXCLUDED, Status.UNIDENTIFIED)
    }


def _in_order(classes: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(classes.items(), key=lambda pair: ORDER.get(pair[0], len(ORDER))))
