"""Look here first: which cells a person should see before all others, because they may be blasts.

Showing and naming are apart. To name a cell a blast the program must be sure, for a false name is a
false leukaemia. To show it, a small probability is enough, for the person who looks decides. So a cell's
suspicion is counted from the probabilities of the critical classes alone, whatever it is named, and its limit
lies far below the one for naming.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.cell import FLAG_LOOK_FIRST, FLAG_POOR_PICTURE, Cell
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.i18n import plural
from bloodcells_gui.domain.review import Decision
from bloodcells_gui.domain.taxonomy import BY_CODE, CRITICAL, GRAVE, LEUKOCYTES

Floats = NDArray[np.float32]

#: The queue as a heading beside the class codes.
LOOK_FIRST = "LOOK_FIRST"
#: Name of the rule in the report.
RULE = "look-first"
#: Name of the rule among the parameters of a run.
PARAMETER = "look_first"
_LIMIT = "limit"
_NUMBER = r"\d+(?:\.\d+)?(?:e-?\d+)?"
_WRITTEN = re.compile(rf"(?:[A-Z0-9]{{1,8}} {_NUMBER}; )+{_LIMIT} {_NUMBER}")


@dataclass(frozen=True, slots=True)
class LookFirst:
    """How suspicion is counted, and from which on a cell is shown first.

    Attributes
    ----------
    weights : mapping of str to float
        Leaf -> weight of its probability, 0 to 1.
    limit : float
        Suspicion (0 to 1) from which on a cell carries the flag.
    """

    weights: Mapping[str, float]
    limit: float

    def __post_init__(self) -> None:
        values = [*self.weights.values(), self.limit]
        # NaN fails the comparison.
        if not self.weights or not all(0 < v <= 1 for v in values) or not set(self.weights) <= set(BY_CODE):
            raise ValueError("look_first is out of range")

    def suspicion(self, classes: Sequence[str], *answers: Floats) -> Floats:
        """Count the suspicion (n,) float32 of cells, 0 to 1.

        The largest of what several answers say, so that no adaptation to the specimen makes a cell less
        suspicious.

        Parameters
        ----------
        classes : sequence of str
            Leaf codes of the K columns.
        *answers : (n, K) float32
            Probabilities: as found, and after the adaptation.
        """
        weights = np.array([self.weights.get(code, 0.0) for code in classes], np.float32)
        return np.asarray(np.clip(np.max([a @ weights for a in answers], axis=0), 0, 1), np.float32)

    def marked(self, cells: Iterable[Cell], classes: Sequence[str]) -> tuple[Cell, ...]:
        """Return cells as they were just found, with suspicion and flag."""
        cells = tuple(cells)
        if not cells:
            return ()
        found = self.suspicion(classes, np.array([c.scores for c in cells], np.float32)).tolist()
        return tuple(
            replace(c, suspicion=s, flags=with_flag(c.flags, s >= self.limit))
            for c, s in zip(cells, found, strict=True)
        )

    def to_parameters(self) -> dict[str, str]:
        """Return what a run keeps of the rule; :func:`rule_of` reads it back."""
        weights = "".join(f"{code} {weight:g}; " for code, weight in self.weights.items())
        return {PARAMETER: f"{weights}{_LIMIT} {self.limit:g}"}

    @staticmethod
    def from_card(card: Mapping[str, Any] | None) -> LookFirst:
        """Read the rule from a card's "look_first"; the program's own where the card has none.

        Raises
        ------
        KeyError, TypeError, ValueError
            Where it does not hold weights of classes and a limit, all above 0 and up to 1.
        """
        if card is None:
            return DEFAULT
        return LookFirst(
            {str(code): float(weight) for code, weight in card["weights"].items()}, float(card[_LIMIT])
        )


# The probability of a class that may mean leukaemia by itself counts whole. A promyelocyte is worth a look
# too, but stands behind: a tenth of its probability.
#: For cards that have no rule of their own, and runs of versions before there was one.
DEFAULT = LookFirst(
    {code: 1.0 if code in CRITICAL else 0.1 for code in BY_CODE if code in GRAVE & LEUKOCYTES}, 0.005
)


def rule_of(parameters: Mapping[str, str]) -> LookFirst:
    """Return the rule of a run from its parameters; the program's own for runs that kept none.

    Raises
    ------
    ValueError
        Where it is not as this program writes it.
    """
    text = parameters.get(PARAMETER)
    if text is None:
        return DEFAULT
    if not _WRITTEN.fullmatch(text):
        raise ValueError("look_first of a run")
    *weights, (_, limit) = (part.split(" ") for part in text.split("; "))
    return LookFirst({code: float(weight) for code, weight in weights}, float(limit))


def with_flag(flags: tuple[str, ...], look_first: bool) -> tuple[str, ...]:
    """Return the flags of a cell with or without the one of the queue.

    What a network says of a nearly black or empty picture is no suspicion; such a cell waits for a person
    anyway.
    """
    others = tuple(f for f in flags if f != FLAG_LOOK_FIRST)
    return (*others, FLAG_LOOK_FIRST) if look_first and FLAG_POOR_PICTURE not in others else others


def is_flagged(cell: Cell) -> bool:
    """Whether the program asks to look at this cell before others."""
    return FLAG_LOOK_FIRST in cell.flags


class _Reviewed(Protocol):
    """What is asked of `ReviewState`."""

    def decided(self, cell_id: int) -> bool: ...
    def decision(self, cell_id: int) -> Decision: ...
    def present(self, cell_id: int) -> bool: ...


def waits_first(cell: Cell, state: _Reviewed) -> bool:
    """Whether the cell stands in the queue: it is flagged, and nobody has decided on it.

    One outside the counting frame too: whether it counts is one question, whether there is a blast another.
    """
    return is_flagged(cell) and state.present(cell.id) and not state.decided(cell.id)


def queue(cells: Iterable[Cell], state: _Reviewed) -> list[int]:
    """Ids of the cells of the queue, the most suspicious first."""
    waiting = [c for c in cells if waits_first(c, state)]
    return [c.id for c in sorted(waiting, key=lambda c: (-c.suspicion, c.id))]


FLAGGED = plural(
    "Look here first: the program showed {n_flagged} cell that may be a blast; looked at by a person: "
    "{n_seen}, named a blast: {n_blasts}. A cell that was not shown may be one too.",
    "Look here first: the program showed {n_flagged} cells that may be blasts; looked at by a person: "
    "{n_seen}, named a blast: {n_blasts}. A cell that was not shown may be one too.",
    "n_flagged",
)


def queue_remark(cells: Iterable[Cell], state: _Reviewed) -> tuple[Remark, ...]:
    """Tell how many cells were shown first, how many of them a person looked at, and how many are blasts."""
    shown = [c.id for c in cells if is_flagged(c) and state.present(c.id)]
    if not shown:
        return ()
    seen = [i for i in shown if state.decided(i)]
    blasts = sum(state.decision(i).final in CRITICAL for i in seen)
    params = (("n_flagged", str(len(shown))), ("n_seen", str(len(seen))), ("n_blasts", str(blasts)))
    return (Remark(FLAGGED, params, "info" if len(seen) == len(shown) else "warning", RULE),)
