"""Which classes a classifier proposes, which it can only count in a coarser row, and which a person names.

The table stands in the card of a classifier ("proposals"). Of a card without it, it follows from the
network's classes, the counts of the training data and the evaluation that the card holds.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.taxonomy import BY_CODE, CLASSES, OTHER, PARTIAL_LABELS, WITHOUT_CLASS

#: A class that the network knows from fewer real cells than this is proposed with a warning.
FEWEST_REAL_CELLS = 100
#: A recall over fewer cells than this is not shown.
FEWEST_FOR_RECALL = 5
#: The set of the training data that holds no photographed cell.
MADE = "made"
_MOST = 10_000_000


class Proposed(StrEnum):
    """What the program does with the cells of a class."""

    BY_MODEL = N_("proposes")
    FROM_FEW = N_("proposes, from few or made cells")
    ROLLS_UP = N_("only rolls up")
    BY_HAND = N_("by hand")


@dataclass(frozen=True, slots=True)
class Recall:
    """Share of the cells of a class that were found on a laboratory kept out of the training.

    Attributes
    ----------
    site : str
        Name of the laboratory's set.
    cells : int
    value, low, high : float
        0 to 1; the limits are exact 95 % ones.
    """

    site: str
    cells: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClassProposal:
    """A class and what the program can do with it.

    Attributes
    ----------
    code : str
        Leaf code.
    how : Proposed
    training_cells : int
        Photographed cells with this label that the network was trained on.
    partial_cells : int
        Further ones whose label allows this class among others ("neutrophil").
    made_cells : int
        Cells composed for training.
    held_out_cells : int
        Labelled cells of the training laboratories that no training saw.
    recalls : tuple of Recall
        On laboratories kept out, those of the most cells first.
    """

    code: str
    how: Proposed
    training_cells: int = 0
    partial_cells: int = 0
    made_cells: int = 0
    held_out_cells: int = 0
    recalls: tuple[Recall, ...] = ()

    @property
    def rolls_up_to(self) -> str:
        """Code of the coarse row in which a cell of this class is counted unless a person names it; or ""."""
        row = BY_CODE[self.code].row
        return row if self.how is Proposed.ROLLS_UP and row != OTHER else ""


def how_proposed(code: str, classes: Iterable[str], real_cells: int | None = None) -> Proposed:
    """What a network of these `classes` can do with a class.

    Parameters
    ----------
    code : str
        Leaf code of the taxonomy.
    classes : iterable of str
        Leaf codes that the network knows.
    real_cells : int, optional
        Photographed training cells whose label allows the class; unknown is taken for enough.
    """
    known = set(classes)
    if code in known:
        few = real_cells is not None and real_cells < FEWEST_REAL_CELLS
        return Proposed.FROM_FEW if few else Proposed.BY_MODEL
    row = BY_CODE[code].row
    if row != OTHER and any(BY_CODE[c].row == row for c in known if c in BY_CODE):
        return Proposed.ROLLS_UP
    return Proposed.BY_HAND


def never_proposed(classes: Iterable[str], beside: Collection[str] = ()) -> tuple[str, ...]:
    """English names of the classes that a network of these `classes` cannot propose, in the taxonomy's order.

    With those cells for which the taxonomy has no class at all; without those that the program proposes
    `beside` the network.
    """
    known = {*classes, *beside}
    return (*(c.name for c in CLASSES if c.code not in known), *WITHOUT_CLASS)


def derived_table(card: Mapping[str, Any]) -> tuple[ClassProposal, ...]:
    """The table of a classifier's card that has none, every class of the taxonomy in its order."""
    classes = tuple(str(c) for c in card["classes"])
    said = card.get("training_data")
    training = [r for r in said if isinstance(r, Mapping)] if isinstance(said, list) else []
    real = _labels([r for r in training if r.get("set") != MADE])
    made = _labels([r for r in training if r.get("set") == MADE])
    evaluation = _mapping(card.get("evaluation"))
    own = _mapping(evaluation.get("sets"))
    held_out = [f for f in own.values() if "own site" in str(_mapping(f).get("role", ""))]
    away = {**_mapping(evaluation.get("leave_one_site_out"))}
    away |= {k: f for k, f in own.items() if _mapping(f).get("role") == "independent"}
    rows = []
    for each in CLASSES:
        code = each.code
        groups = [group for group, leaves in PARTIAL_LABELS.items() if code in leaves]
        exact, partial = real.get(code, 0), sum(real.get(group, 0) for group in groups)
        rows.append(
            ClassProposal(
                code,
                how_proposed(code, classes, exact + partial if training else None),
                exact,
                partial,
                made.get(code, 0),
                sum(_whole(_of_class(f, code).get("n")) for f in held_out),
                _recalls(away, code),
            )
        )
    return tuple(rows)


def _labels(sets: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Cells by label over several sets of the training data."""
    found: dict[str, int] = {}
    for each in sets:
        for label, n in _mapping(each.get("labels")).items():
            found[label] = found.get(label, 0) + _whole(n)
    return found


def _whole(value: object) -> int:
    """A count of an evaluation or a list of data, which nothing has checked; 0 for anything else."""
    try:
        return _count(value)
    except ValueError:
        return 0


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _of_class(figures: object, code: str) -> Mapping[str, Any]:
    fine = _mapping(_mapping(figures).get("fine"))
    return _mapping(_mapping(fine.get("per_class")).get(code))


def _recalls(away: Mapping[str, Any], code: str) -> tuple[Recall, ...]:
    found = []
    for site, figures in away.items():
        row = _of_class(figures, code)
        entry = {
            "site": site,
            "cells": row.get("n"),
            "value": row.get("recall"),
            "limits95": row.get("recall95"),
        }
        try:
            recall = _recall(entry)
        except ValueError:
            continue
        if recall.cells >= FEWEST_FOR_RECALL:
            found.append(recall)
    return tuple(sorted(found, key=lambda r: -r.cells))


def to_card(table: Iterable[ClassProposal]) -> list[dict[str, Any]]:
    """The table as the card keeps it."""
    return [
        {
            "code": row.code,
            "how": row.how.value,
            "training_cells": row.training_cells,
            "partial_cells": row.partial_cells,
            "made_cells": row.made_cells,
            "held_out_cells": row.held_out_cells,
            "recall_left_out": [
                {"site": r.site, "cells": r.cells, "value": r.value, "limits95": [r.low, r.high]}
                for r in row.recalls
            ],
        }
        for row in table
    ]


def table_of(card: Mapping[str, Any]) -> tuple[ClassProposal, ...]:
    """The table of a classifier's card: as it stands there, or derived.

    Raises
    ------
    ValueError
        When the card's table is damaged, leaves a class out or contradicts the network's classes.
    """
    kept = card.get("proposals")
    if kept is None:
        return derived_table(card)
    if not isinstance(kept, list) or len(kept) > 10 * len(CLASSES):
        raise ValueError("proposals")
    table = tuple(_row(entry) for entry in kept)
    codes = [row.code for row in table]
    if len(set(codes)) != len(codes):
        raise ValueError("proposals: a class stands there twice")
    known = {str(c) for c in card["classes"]}
    if not known <= set(codes):
        raise ValueError("proposals: a class of the network is missing")
    by_model = {row.code for row in table if row.how in (Proposed.BY_MODEL, Proposed.FROM_FEW)}
    if by_model != known:
        raise ValueError("proposals: they contradict the network's classes")
    return table


def _row(entry: object) -> ClassProposal:
    source = _mapping(entry)
    code = source.get("code")
    if not isinstance(code, str) or code not in BY_CODE:
        raise ValueError("proposals: an unknown class")
    recalls = source.get("recall_left_out", [])
    if not isinstance(recalls, list) or len(recalls) > 100:
        raise ValueError("proposals: recall_left_out")
    return ClassProposal(
        code,
        Proposed(str(source.get("how"))),
        _count(source.get("training_cells")),
        _count(source.get("partial_cells")),
        _count(source.get("made_cells")),
        _count(source.get("held_out_cells")),
        tuple(_recall(r) for r in recalls),
    )


def _recall(entry: object) -> Recall:
    source = _mapping(entry)
    limits = source.get("limits95")
    if not isinstance(limits, list) or len(limits) != 2:
        raise ValueError("proposals: limits95")
    site = source.get("site")
    if not isinstance(site, str) or not 0 < len(site) <= 60:
        raise ValueError("proposals: site")
    return Recall(site, _count(source.get("cells")), *(_share(v) for v in (source.get("value"), *limits)))


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
        raise ValueError("proposals: a count")
    return value


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("proposals: a share")
    if not 0 <= value <= 1:
        raise ValueError("proposals: a share")
    return float(value)
