"""Make the next event of a case from what a person asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.review import Event, EventKind
from bloodcells_gui.domain.review_state.state import ReviewState
from bloodcells_gui.domain.tags import SEPARATOR

Clock = Callable[[], str]


def utc_now() -> str:
    """Now, as UTC ISO 8601 with seconds and "Z"."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def make_event(
    state: ReviewState,
    kind: EventKind,
    author: str,
    cells: Sequence[int] = (),
    new: str = "",
    key: str = "",
    reason: str = "",
    clock: Clock = utc_now,
) -> Event:
    """The next event of a case, its old values filled in and checked against the state.

    Parameters
    ----------
    cells : sequence of int
        Named once each, in the order a person sees them.
    new : str
        For COUNT a step ("1", "-1") or the new number ("=12"); the event holds the new number.
    key : str
        Field, grade item, class code of a COUNT, pass of a second reading, sha256 of the report that a SIGN
        freezes.

    Returns
    -------
    Event
        :meth:`ReviewState.apply` takes it. Its time is never before the newest event's, whatever the clock
        says.

    Raises
    ------
    ValueError
        When the state does not allow it, or nobody's name stands behind it.
    """
    if not author.strip():
        raise ValueError(N_("an event needs an author"))
    if kind is EventKind.SIGN and state.unidentified:
        raise ValueError(f"{state.unidentified} cells are still unidentified")
    ids = tuple(dict.fromkeys(int(i) for i in cells))
    target = 0
    turned = kind
    if kind in (EventKind.UNDO, EventKind.REDO):
        act = state.turned_by(kind)
        if act is None:
            raise ValueError(f"there is nothing to {kind}")
        target, ids, turned = act.seq, act.cells, act.kind
    if kind is EventKind.COUNT:
        new = _stepped(state.hand_counts.get(key, 0), new)
    red = turned is EventKind.NAME_RED_CELLS
    old = tuple(state.red_cells.get(i, "") for i in ids) if red else _old_values(state, kind, ids, key)
    time = max(clock(), state.last_time)
    event = Event(state.last_seq + 1, kind, author.strip(), time, ids, new, old, key, reason, target)
    state.check(event)
    return event


def _old_values(state: ReviewState, kind: EventKind, ids: Sequence[int], key: str) -> tuple[str, ...]:
    """What the event replaces: one value a cell, or one of its field."""
    match kind:
        case EventKind.COUNT:
            return (str(state.hand_counts.get(key, 0)),)
        case EventKind.SET_FIELD:
            return (state.data.fields.get(key, ""),)
        case EventKind.GRADE:
            return (state.grades.get(key, ""),)
        case EventKind.SECOND_READ:
            return tuple(state.second_reads.get(key, {}).get(i, "") for i in ids)
        case EventKind.MEND_OUTLINE:
            return tuple(str(state.outlines.get(i, "")) for i in ids)
        case EventKind.TAG | EventKind.UNTAG:
            return tuple(SEPARATOR.join(state.tags.get(i, ())) for i in ids)
        case EventKind.NOTE:
            return ()
        case _:
            return tuple(state.label(i) for i in ids if i in state)


def _stepped(had: int, new: str) -> str:
    """The count after a step ("1", "-1") or an outright setting ("=12")."""
    if new.startswith("="):
        return new[1:]
    digits = new[1:] if new[:1] in ("+", "-") else new
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 9:
        raise ValueError(f"'{new}' is no step")
    total = had - int(digits) if new[0] == "-" else had + int(digits)
    if total < 0:
        raise ValueError(N_("a count cannot fall below zero"))
    return str(total)
